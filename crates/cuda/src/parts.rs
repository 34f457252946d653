//! What a training has on a machine, and what its steps run.

use crate::Error;
use crate::control;
use crate::dag::{Access, Kind};
use crate::data::DataSet;
use crate::error::at_step;
use crate::loaded::Loaded;
use crate::machine::{Machine, Memory, Work};
use crate::numbers::size;
use crate::task::{Step, Task};
use crate::tasks::Kernels;
use crate::update::{Given, Update};
use autograd::{Params, Program, StepError};
use optim::ByFormula;
use std::rc::Rc;

/// What a step reads, writes and runs.
#[derive(Debug)]
pub(crate) struct Parts<'p> {
    pub(crate) loaded: Loaded<'p>,
    pub(crate) update: Update,
    /// What stores state.
    writes: (String, Vec<Task>),
}

impl<'p> Parts<'p> {
    pub(crate) fn new<O: ByFormula>(
        machine: &Rc<dyn Machine>,
        form: Kernels,
        program: &'p Program,
        params: &Params,
        optimizer: &O,
    ) -> Result<Parts<'p>, Error> {
        let gradients = program.zero_gradients().expect("it trains");
        let loaded = Loaded::new(machine, program, params, form)?;
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
        let update = Update::new(machine, optimizer, parts, params, &given, form)?;
        let writes = writes(&loaded, update.control.at());
        Ok(Parts { loaded, update, writes })
    }

    /// A step, which reads a data set or not.
    pub(crate) fn step<'a>(&'a self, data: Option<&'a DataSet>) -> Step<'a> {
        let Update { begin, look, update, .. } = &self.update;
        let takes = data.map_or(&[][..], |data| &data.tasks);
        let tasks = [takes, begin, &self.loaded.tasks, look, update, &self.writes.1];
        let mut text = format!("{}{}{}", self.loaded.text, self.update.text, self.writes.0);
        let mut memories: Vec<&Memory> = self.loaded.memories().chain(self.update.memories()).collect();
        if let Some(data) = data {
            text += &data.text;
            memories.extend(data.memories());
        }
        Step { tasks: tasks.into_iter().flatten().collect(), text, memories }
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
        tasks.push(Task::new(work, accesses));
    }
    (text, tasks)
}
