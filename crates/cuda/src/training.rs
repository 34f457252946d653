//! Training on a machine: steps are launched and not waited for, and what is refused stops all that follows.

use crate::control::{self, Why};
use crate::cpu::no_gradients;
use crate::data::{DataSet, missing};
use crate::error::at_step;
use crate::loaded::fault;
use crate::machine::Machine;
use crate::parts::Parts;
use crate::tasks::download;
use crate::way::{Chosen, choose};
use crate::{Error, Form, Numerics, Train};
use autograd::{Data, Element, Gradients, Inputs, Params, Program, StepError};
use optim::ByFormula;
use std::rc::Rc;

/// A training on a device: made by [`Device::train`](crate::Device::train). It borrows the parameters until it is finished,
/// so that nobody reads what is out of date.
#[must_use = "`finish` brings the parameters back"]
#[derive(Debug)]
pub struct Training<'a, O> {
    /// It goes first: what is under way ends before its memory does.
    chosen: Chosen,
    params: &'a mut Params,
    optimizer: &'a mut O,
    parts: Parts<'a>,
    data: Option<DataSet>,
    /// How many steps were launched.
    launched: u64,
    /// For how many steps there are coefficients.
    laid_out: u64,
    /// Why nothing can be launched any more.
    failed: Option<Error>,
}

impl<'a, O: ByFormula> Training<'a, O> {
    #[track_caller]
    pub(crate) fn new(
        machine: &Rc<dyn Machine>,
        (numerics, form): (Numerics, Option<Form>),
        program: &'a Program,
        params: &'a mut Params,
        optimizer: &'a mut O,
    ) -> Result<Self, Error> {
        if !program.gives_gradients() {
            no_gradients();
        }
        let made = |form| Parts::new(machine, form, program, params, optimizer);
        let (parts, chosen) = choose(machine, numerics, form, program, made)?;
        let (data, failed) = (None, None);
        Ok(Training { chosen, params, optimizer, parts, data, launched: 0, laid_out: 0, failed })
    }

    /// How its steps are launched: as a graph or as one kernel.
    pub fn form(&self) -> Form {
        self.chosen.form
    }

    /// How its steps are launched and why: what they should take in this form and in others, or what stands against one kernel.
    pub fn explain(&self) -> &str {
        &self.chosen.why
    }

    fn launch(&mut self, steps: usize, from_data: bool) -> Result<(), Error> {
        if self.launched + steps as u64 > self.laid_out {
            self.parts.update.lay_out(self.optimizer, self.launched)?;
            self.laid_out = self.launched + control::ROWS as u64;
        }
        let tasks = self.parts.step(self.data.as_ref().filter(|_| from_data)).tasks;
        self.chosen.way.launch(&tasks, steps, from_data)?;
        self.launched += steps as u64;
        Ok(())
    }

    /// Remembers why nothing can go on.
    fn try_to<R>(&mut self, f: impl FnOnce(&mut Self) -> Result<R, Error>) -> Result<R, Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let result = f(self);
        if let Err(error @ (Error::Device { .. } | Error::Step { .. } | Error::Index { .. })) = &result {
            self.failed = Some(error.clone());
        }
        result
    }

    /// The words that steer, once all steps are done.
    fn words(&self) -> Result<[i64; control::WORDS], Error> {
        let mut raw = [0u8; 8 * control::WORDS];
        self.parts.update.control.download(0, &mut raw)?;
        Ok(std::array::from_fn(|i| i64::from_ne_bytes(raw[8 * i..][..8].try_into().expect("eight bytes"))))
    }

    /// Refuses what the device has refused.
    fn check(&mut self) -> Result<(), Error> {
        let words = self.words()?;
        if words[control::STOP] == 0 { Ok(()) } else { Err(self.refusal(&words)?) }
    }

    /// Brings parameters, state and the optimiser's memory back.
    fn bring_back(&mut self, done: u64) -> Result<(), Error> {
        let (dtype, n) = (self.params.dtype(), self.params.elements());
        match download(self.parts.loaded.parameters(), 0, dtype, n)? {
            Data::F32(values) => self.params.slab_mut().copy_from_slice(&values),
            values => self.params.slab_mut().copy_from_slice(values.slice::<f64>()),
        }
        for (buffer, _) in self.parts.loaded.program.written() {
            let Some(memory) = self.parts.loaded.state(buffer) else { continue };
            let (dtype, n) = (self.params.buffer_dtype(buffer), self.params.buffer_shape(buffer).elements());
            let shape = self.params.buffer_shape(buffer).to_vec();
            let values = download(memory, 0, dtype, n)?;
            set_state(self.params, buffer, &shape, values);
        }
        if done > 0 {
            let state = self.parts.update.state(self.optimizer.state(self.params), self.params, done)?;
            let taken = self.optimizer.set_state(self.params, &state);
            taken.map_err(|error| Error::Refused {
                what: "the optimiser".to_owned(),
                why: error.to_string(),
            })?;
        }
        Ok(())
    }

    /// What was refused, in the words of the CPU: the optimiser is asked on the host, with the gradients that were kept.
    fn refusal(&mut self, words: &[i64; control::WORDS]) -> Result<Error, Error> {
        let done = words[control::DONE] as u64;
        self.bring_back(done)?;
        let kept = download(&self.parts.update.kept, 0, self.parts.update.dtype, control::TERMS + 1)?;
        let step = done + 1;
        let of = |error: StepError| Ok(at_step(step, error));
        let loss = match &kept {
            Data::F32(kept) => f64::from(kept[control::TERMS]),
            kept => kept.slice::<f64>()[control::TERMS],
        };
        match Why::of(words[control::WHY]) {
            Some(Why::Index) => return Ok(fault(self.parts.loaded.program, words[control::PART] as usize)),
            Some(Why::Loss) => return of(StepError::NonFiniteLoss { value: loss }),
            _ => {}
        }
        let part = &self.parts.update.parts[words[control::PART] as usize].range;
        let start = part.start + words[control::BLOCK] as usize * control::TERMS;
        let block = start..part.end.min(start + control::TERMS);
        let mut grads = self.parts.loaded.program.zero_gradients().expect("it trains");
        match kept {
            Data::F32(kept) => fill(&mut grads, self.params, block, &kept),
            kept => fill(&mut grads, self.params, block, kept.slice::<f64>()),
        }
        let before = self.optimizer.state(self.params);
        match self.optimizer.step(&mut self.params.clone(), &grads) {
            Err(error) => of(error),
            Ok(()) => {
                let _ = self.optimizer.set_state(self.params, &before);
                of(StepError::Refused("the device found a number that is not finite".to_owned()))
            }
        }
    }
}

impl<O: ByFormula> Train for Training<'_, O> {
    fn step(&mut self, inputs: impl Inputs) -> Result<(), Error> {
        self.try_to(|it| {
            it.parts.loaded.give(&inputs)?;
            it.launch(1, false)
        })
    }

    fn data(&mut self, inputs: impl Inputs) -> Result<usize, Error> {
        self.try_to(|it| {
            let Parts { loaded, update, .. } = &it.parts;
            let data = DataSet::new(loaded, &update.control, &inputs)?;
            data.start(&update.control, it.launched)?;
            it.chosen.way.prepare(&loaded.machine, &it.parts.step(Some(&data)), true)?;
            Ok(it.data.insert(data).batches)
        })
    }

    fn order(&mut self, rows: &[usize]) -> Result<(), Error> {
        self.try_to(|it| {
            let Some(data) = &it.data else { missing("order") };
            data.order(rows)?;
            data.start(&it.parts.update.control, it.launched)
        })
    }

    fn steps(&mut self, count: usize) -> Result<(), Error> {
        self.try_to(|it| {
            if it.data.is_none() {
                missing("steps")
            }
            let most = it.chosen.way.most(it.parts.step(it.data.as_ref()).tasks.len());
            for _ in 0..count / most {
                it.launch(most, true)?;
            }
            match count % most {
                0 => Ok(()),
                rest => it.launch(rest, true),
            }
        })
    }

    fn loss(&mut self) -> Result<f64, Error> {
        self.try_to(|it| {
            it.check()?;
            let loss = it.parts.loaded.result(&it.parts.loaded.program.plan().outputs[0])?;
            Ok(match loss {
                Data::F32(x) => f64::from(x[0]),
                x => x.slice::<f64>()[0],
            })
        })
    }

    #[track_caller]
    fn output<T: Element>(&mut self, output: usize) -> Result<Vec<T>, Error> {
        let count = self.parts.loaded.program.outputs().count();
        assert!(output < count, "output {output} does not exist: the program has {count}");
        self.try_to(|it| {
            it.check()?;
            let data = it.parts.loaded.result(&it.parts.loaded.program.plan().outputs[output])?;
            Ok(data.slice::<T>().to_vec())
        })
    }

    fn set_hyperparameter(&mut self, name: &str, value: f64) -> Result<(), Error> {
        self.try_to(|it| {
            let set = it.optimizer.set_hyperparameter(name, value);
            let step = it.launched + 1;
            set.map_err(|error| at_step(step, error))?;
            it.laid_out = it.launched;
            Ok(())
        })
    }

    fn finish(mut self) -> Result<(), Error> {
        self.try_to(|it| {
            it.check()?;
            it.bring_back(it.launched)
        })
    }
}

/// Stores the gradients of a block of the slab.
fn fill<T: autograd::Float>(
    grads: &mut Gradients,
    params: &Params,
    block: std::ops::Range<usize>,
    kept: &[T],
) {
    for p in params.iter() {
        let range = params.range(p);
        let common = range.start.max(block.start)..range.end.min(block.end);
        if !common.is_empty()
            && let Some(gradient) = grads.get_mut::<T>(p)
        {
            gradient[common.start - range.start..common.end - range.start]
                .copy_from_slice(&kept[common.start - block.start..common.end - block.start]);
        }
    }
}

fn set_state(params: &mut Params, buffer: autograd::Buffer, shape: &[usize], values: Data) {
    use autograd::ndarray::{ArrayD, IxDyn};
    fn array<T>(shape: &[usize], values: Vec<T>) -> ArrayD<T> {
        ArrayD::from_shape_vec(IxDyn(shape), values).expect("as many as the shape has")
    }
    match values {
        Data::F32(x) => params.set_buffer(buffer, array(shape, x)),
        Data::F64(x) => params.set_buffer(buffer, array(shape, x)),
        Data::I64(x) => params.set_buffer(buffer, array(shape, x)),
        Data::Bool(x) => params.set_buffer(buffer, array(shape, x)),
    }
}
