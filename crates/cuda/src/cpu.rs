//! Training on the processor.

use crate::data::{check_order, measured, missing};
use crate::error::at_step;
use crate::loaded::listed;
use crate::{Cpu, Device, Error, Runner, Train};
use autograd::{
    AnyTensor, DType, Data, Element, Inputs, Mistake, Params, Program, ProgramError, Run, State, StepError,
};
use optim::ByFormula;

impl Device for Cpu {
    type Training<'a, O: ByFormula + 'a> = CpuTraining<'a, O>;
    type Runner<'a> = CpuRunner<'a>;

    #[track_caller]
    fn train<'a, O: ByFormula>(
        &self,
        program: &'a Program,
        params: &'a mut Params,
        optimizer: &'a mut O,
    ) -> Result<CpuTraining<'a, O>, Error> {
        program.check(params)?;
        if !program.gives_gradients() {
            no_gradients();
        }
        let state = program.state();
        let (data, results, steps, failed) = (None, vec![], 0, None);
        Ok(CpuTraining { program, params, optimizer, state, data, results, steps, failed })
    }

    fn load<'a>(&self, program: &'a Program, params: &'a Params) -> Result<CpuRunner<'a>, Error> {
        program.check(params)?;
        Ok(CpuRunner { program, params, state: program.state(), results: vec![] })
    }
}

/// Says that a program cannot be trained.
#[track_caller]
pub(crate) fn no_gradients() -> ! {
    Mistake::new("train: the program computes no gradients")
        .rule("a training follows the gradients of the first output")
        .hint("trace it `.with_gradients()`")
        .raise()
}

/// A training on the processor: made by [`Cpu`].
#[derive(Debug)]
pub struct CpuTraining<'a, O> {
    program: &'a Program,
    params: &'a mut Params,
    optimizer: &'a mut O,
    state: State,
    data: Option<Rows>,
    /// The outputs of the last step.
    results: Vec<Data>,
    steps: u64,
    failed: Option<Error>,
}

impl<O: ByFormula> CpuTraining<'_, O> {
    fn try_step(&mut self, inputs: impl Inputs) -> Result<(), Error> {
        self.check()?;
        let ran = self.program.step_outputs(&mut self.state, self.params, self.optimizer, inputs);
        match ran {
            Ok(run) => {
                self.results = results(self.program, &run);
                self.steps += 1;
                Ok(())
            }
            Err(StepError::Program(error @ ProgramError::Fault { .. })) => {
                self.failed = Some(error.into());
                Ok(())
            }
            Err(StepError::Program(error)) => Err(error.into()),
            // It is told where a device would tell it.
            Err(error) => {
                self.failed = Some(at_step(self.steps + 1, error));
                Ok(())
            }
        }
    }

    fn check(&self) -> Result<(), Error> {
        self.failed.clone().map_or(Ok(()), Err)
    }
}

impl<O: ByFormula> Train for CpuTraining<'_, O> {
    fn step(&mut self, inputs: impl Inputs) -> Result<(), Error> {
        self.try_step(inputs)
    }

    fn data(&mut self, inputs: impl Inputs) -> Result<usize, Error> {
        let given = listed(self.program, &inputs)?;
        let [batch, rows] = measured(self.program, &given)?;
        let tensors = given.into_iter().map(copied).collect();
        let order = (0..rows).collect();
        self.data = Some(Rows { batch, rows, order, tensors, next: 0 });
        Ok(rows / batch)
    }

    #[track_caller]
    fn order(&mut self, rows: &[usize]) -> Result<(), Error> {
        let Some(data) = &mut self.data else { missing("order") };
        check_order(rows, data.rows)?;
        (data.order, data.next) = (rows.to_vec(), 0);
        Ok(())
    }

    #[track_caller]
    fn steps(&mut self, count: usize) -> Result<(), Error> {
        for _ in 0..count {
            let Some(data) = &mut self.data else { missing("steps") };
            let batch = data.take();
            let batch: Vec<&dyn AnyTensor> = batch.iter().map(|x| &**x).collect();
            self.try_step(&batch[..])?;
        }
        Ok(())
    }

    fn loss(&mut self) -> Result<f64, Error> {
        self.check()?;
        Ok(match self.results.first() {
            Some(Data::F32(loss)) => f64::from(loss[0]),
            Some(loss) => loss.slice::<f64>()[0],
            None => 0.0,
        })
    }

    #[track_caller]
    fn output<T: Element>(&mut self, output: usize) -> Result<Vec<T>, Error> {
        self.check()?;
        Ok(of(&self.results, output))
    }

    fn set_hyperparameter(&mut self, name: &str, value: f64) -> Result<(), Error> {
        let set = self.optimizer.set_hyperparameter(name, value);
        let step = self.steps + 1;
        set.map_err(|error| at_step(step, error))
    }

    fn finish(self) -> Result<(), Error> {
        self.check()
    }
}

/// A program on the processor: made by [`Cpu`].
#[derive(Debug)]
pub struct CpuRunner<'a> {
    program: &'a Program,
    params: &'a Params,
    state: State,
    results: Vec<Data>,
}

impl Runner for CpuRunner<'_> {
    fn run(&mut self, inputs: impl Inputs) -> Result<(), Error> {
        let run = self.program.run(&mut self.state, self.params, inputs)?;
        self.results = results(self.program, &run);
        Ok(())
    }

    #[track_caller]
    fn output<T: Element>(&mut self, output: usize) -> Result<Vec<T>, Error> {
        Ok(of(&self.results, output))
    }
}

#[track_caller]
fn of<T: Element>(results: &[Data], output: usize) -> Vec<T> {
    let count = results.len();
    let data = results.get(output);
    let data = data.unwrap_or_else(|| panic!("output {output} does not exist: {count} were computed"));
    data.slice::<T>().to_vec()
}

/// Copies of all outputs.
fn results(program: &Program, run: &Run<'_>) -> Vec<Data> {
    let copy = |(i, (_, _, dtype))| match dtype {
        DType::F32 => Data::F32(run.slice(i).to_vec()),
        DType::F64 => Data::F64(run.slice(i).to_vec()),
        DType::I64 => Data::I64(run.slice(i).to_vec()),
        _ => Data::Bool(run.slice(i).to_vec()),
    };
    program.outputs().enumerate().map(copy).collect()
}

fn copied(x: &dyn AnyTensor) -> Data {
    let mut copy = match x.dtype() {
        DType::F32 => Data::F32(vec![]),
        DType::F64 => Data::F64(vec![]),
        DType::I64 => Data::I64(vec![]),
        _ => Data::Bool(vec![]),
    };
    x.copy_to(&mut copy);
    copy
}

/// A data set.
#[derive(Debug)]
struct Rows {
    batch: usize,
    rows: usize,
    order: Vec<usize>,
    tensors: Vec<Data>,
    next: usize,
}

impl Rows {
    /// The next batch, each tensor of it in row-major order.
    fn take(&mut self) -> Vec<Box<dyn AnyTensor>> {
        let order = &self.order[self.next * self.batch..][..self.batch];
        self.next = (self.next + 1) % (self.rows / self.batch);
        fn rows<T: Element>(x: &[T], rows: usize, order: &[usize]) -> Box<dyn AnyTensor> {
            let width = x.len() / rows;
            let each = order.iter().flat_map(|&row| &x[row * width..][..width]);
            Box::new(each.copied().collect::<Vec<T>>())
        }
        let batch = |data: &Data| match data {
            Data::F32(x) => rows(x, self.rows, order),
            Data::F64(x) => rows(x, self.rows, order),
            Data::I64(x) => rows(x, self.rows, order),
            Data::Bool(x) => rows(x, self.rows, order),
        };
        self.tensors.iter().map(batch).collect()
    }
}
