//! Training on a machine: a step is one graph, and what is refused stops all that follows.

use crate::control::{self, Why};
use crate::cpu::no_gradients;
use crate::dag::{Access, Kind};
use crate::data::{DataSet, missing};
use crate::error::at_step;
use crate::loaded::{Loaded, fault};
use crate::machine::{Graph, Machine, Module, Work};
use crate::numbers::size;
use crate::tasks::{MOST, Task, download, nodes};
use crate::update::{Given, Update};
use crate::{Error, Numerics, Train};
use autograd::{Data, Element, Gradients, Inputs, Params, Program, StepError};
use optim::ByFormula;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The most steps of one graph.
const STEPS: usize = 32;

/// A training on a device: made by [`Device::train`](crate::Device::train). It borrows the parameters until it is finished,
/// so that nobody reads what is out of date.
#[must_use = "`finish` brings the parameters back"]
#[derive(Debug)]
pub struct Training<'a, O> {
    /// By the number of steps, and whether they read the data set. They go first: what is under way ends before its memory does.
    graphs: BTreeMap<(usize, bool), Box<dyn Graph>>,
    params: &'a mut Params,
    optimizer: &'a mut O,
    loaded: Loaded<'a>,
    update: Update,
    /// What the tasks that store state run.
    writes: (String, Vec<Task>),
    module: Box<dyn Module>,
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
        numerics: Numerics,
        program: &'a Program,
        params: &'a mut Params,
        optimizer: &'a mut O,
    ) -> Result<Self, Error> {
        let Some(gradients) = program.zero_gradients() else { no_gradients() };
        let loaded = Loaded::new(machine, program, params, numerics)?;
        let at_start = |error: StepError| at_step(1, error);
        gradients.check_for(params).map_err(at_start)?;
        let parts = optimizer.parts(params, &gradients).map_err(at_start)?;
        let loss = &program.plan().outputs[0];
        let given = Given {
            parameters: loaded.parameters().at(),
            gradients: loaded.place_of_gradients(),
            loss: loaded.place(loss),
            faults: loaded.faults.at(),
            fault_count: program.kernels(),
        };
        let update = Update::new(machine, optimizer, parts, params, &given)?;
        let writes = writes(&loaded, update.control.at());
        let module = machine.load(&format!("{}{}{}", loaded.text, update.text, writes.0))?;
        let graphs = BTreeMap::new();
        let (data, failed) = (None, None);
        let (launched, laid_out) = (0, 0);
        Ok(Training {
            params,
            optimizer,
            loaded,
            update,
            writes,
            module,
            data,
            graphs,
            launched,
            laid_out,
            failed,
        })
    }

    /// The tasks of a step.
    pub(crate) fn tasks(&self, from_data: bool) -> Vec<&Task> {
        let Update { begin, look, update, .. } = &self.update;
        let takes = self.data.as_ref().filter(|_| from_data).map_or(&[][..], |data| &data.tasks);
        let step = [takes, begin, &self.loaded.tasks, look, update, &self.writes.1];
        step.into_iter().flatten().collect()
    }

    fn graph(&self, steps: usize, from_data: bool) -> Result<Box<dyn Graph>, Error> {
        let nodes = nodes(&self.tasks(from_data).repeat(steps));
        match &self.data {
            Some(data) if from_data => data.module.graph(&nodes),
            _ => self.module.graph(&nodes),
        }
    }

    fn launch(&mut self, steps: usize, from_data: bool) -> Result<(), Error> {
        if self.launched + steps as u64 > self.laid_out {
            self.update.lay_out(self.optimizer, self.launched)?;
            self.laid_out = self.launched + control::ROWS as u64;
        }
        let key = (steps, from_data);
        if !self.graphs.contains_key(&key) {
            self.graphs.insert(key, self.graph(steps, from_data)?);
        }
        self.graphs[&key].launch()?;
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
        self.update.control.download(0, &mut raw)?;
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
        match download(self.loaded.parameters(), 0, dtype, n)? {
            Data::F32(values) => self.params.slab_mut().copy_from_slice(&values),
            values => self.params.slab_mut().copy_from_slice(values.slice::<f64>()),
        }
        for (buffer, _) in self.loaded.program.written() {
            let Some(memory) = self.loaded.state(buffer) else { continue };
            let (dtype, n) = (self.params.buffer_dtype(buffer), self.params.buffer_shape(buffer).elements());
            let shape = self.params.buffer_shape(buffer).to_vec();
            let values = download(memory, 0, dtype, n)?;
            set_state(self.params, buffer, &shape, values);
        }
        if done > 0 {
            let state = self.update.state(self.optimizer.state(self.params), self.params, done)?;
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
        let kept = download(&self.update.kept, 0, self.update.dtype, control::TERMS + 1)?;
        let step = done + 1;
        let of = |error: StepError| Ok(at_step(step, error));
        let loss = match &kept {
            Data::F32(kept) => f64::from(kept[control::TERMS]),
            kept => kept.slice::<f64>()[control::TERMS],
        };
        match Why::of(words[control::WHY]) {
            Some(Why::Index) => return Ok(fault(self.loaded.program, words[control::PART] as usize)),
            Some(Why::Loss) => return of(StepError::NonFiniteLoss { value: loss }),
            _ => {}
        }
        let part = &self.update.parts[words[control::PART] as usize].range;
        let start = part.start + words[control::BLOCK] as usize * control::TERMS;
        let block = start..part.end.min(start + control::TERMS);
        let mut grads = self.loaded.program.zero_gradients().expect("it trains");
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
            it.loaded.give(&inputs)?;
            it.launch(1, false)
        })
    }

    fn data(&mut self, inputs: impl Inputs) -> Result<usize, Error> {
        self.try_to(|it| {
            let text = format!("{}{}{}", it.loaded.text, it.update.text, it.writes.0);
            let data = DataSet::new(&it.loaded, &it.update.control, &text, &inputs)?;
            data.start(&it.update.control, it.launched)?;
            it.graphs.retain(|(_, from_data), _| !from_data);
            Ok(it.data.insert(data).batches)
        })
    }

    fn order(&mut self, rows: &[usize]) -> Result<(), Error> {
        self.try_to(|it| {
            let Some(data) = &it.data else { missing("order") };
            data.order(rows)?;
            data.start(&it.update.control, it.launched)
        })
    }

    fn steps(&mut self, count: usize) -> Result<(), Error> {
        self.try_to(|it| {
            if it.data.is_none() {
                missing("steps")
            }
            let most = (MOST / it.tasks(true).len()).clamp(1, STEPS);
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
            let loss = it.loaded.result(&it.loaded.program.plan().outputs[0])?;
            Ok(match loss {
                Data::F32(x) => f64::from(x[0]),
                x => x.slice::<f64>()[0],
            })
        })
    }

    #[track_caller]
    fn output<T: Element>(&mut self, output: usize) -> Result<Vec<T>, Error> {
        let count = self.loaded.program.outputs().count();
        assert!(output < count, "output {output} does not exist: the program has {count}");
        self.try_to(|it| {
            it.check()?;
            let data = it.loaded.result(&it.loaded.program.plan().outputs[output])?;
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

/// The tasks that store what a step writes to state, and their kernels.
fn writes(loaded: &Loaded<'_>, stop: u64) -> (String, Vec<Task>) {
    let (mut text, mut tasks) = (String::new(), vec![]);
    for (buffer, output) in loaded.program.written() {
        let Some(to) = loaded.state(buffer) else { continue };
        let y = &loaded.program.plan().outputs[output];
        let (n, from) = (y.shape.elements(), loaded.place(y));
        let (name, kernel) = control::keep(y.dtype, n);
        if !text.contains(&kernel) {
            text += &kernel;
        }
        let (blocks, threads) = (n.div_ceil(256).max(1), 256);
        let work = Work::Kernel { name, arguments: vec![from, to.at(), stop], blocks, threads };
        let bytes = n * size(y.dtype);
        let accesses = vec![
            Access::new(Kind::Read, from, bytes),
            Access::new(Kind::Write, to.at(), bytes),
            Access::new(Kind::Read, stop, 8),
        ];
        tasks.push(Task { work, accesses });
    }
    (text, tasks)
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
