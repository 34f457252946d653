//! A program that runs on a machine.

use crate::loaded::Loaded;
use crate::machine::{Graph, Machine};
use crate::task::Task;
use crate::tasks::{Kernels, nodes};
use crate::{Error, Numerics, Runner};
use autograd::{Element, Inputs, Params, Program};
use std::rc::Rc;

/// A program on a device: made by [`Device::load`](crate::Device::load). It has the parameters as they were then.
#[derive(Debug)]
pub struct Running<'a> {
    /// It goes first: what is under way ends before its memory does.
    graph: Box<dyn Graph>,
    loaded: Loaded<'a>,
    failed: Option<Error>,
}

impl<'a> Running<'a> {
    pub(crate) fn new(
        machine: &Rc<dyn Machine>,
        numerics: Numerics,
        program: &'a Program,
        params: &Params,
    ) -> Result<Running<'a>, Error> {
        let loaded = Loaded::new(machine, program, params, Kernels::Apart(numerics))?;
        let module = machine.load(&loaded.text)?;
        let tasks: Vec<&Task> = loaded.tasks.iter().collect();
        let graph = module.graph(&nodes(&tasks))?;
        Ok(Running { loaded, graph, failed: None })
    }

    fn try_to<R>(&mut self, f: impl FnOnce(&Self) -> Result<R, Error>) -> Result<R, Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let result = f(self);
        if let Err(error @ Error::Device { .. }) = &result {
            self.failed = Some(error.clone());
        }
        result
    }

    /// Waits until it has run.
    ///
    /// # Errors
    /// If the run met an index that does not exist, or the device failed.
    pub fn wait(&mut self) -> Result<(), Error> {
        self.try_to(|it| it.loaded.check_faults())
    }

    /// Waits, and gives the gradients of the first output, laid out as the slab of the parameters; empty if the program computes none.
    ///
    /// # Errors
    /// As [`output`](Runner::output).
    pub fn gradients<T: Element>(&mut self) -> Result<Vec<T>, Error> {
        self.try_to(|it| {
            it.loaded.check_faults()?;
            Ok(it.loaded.gradients()?.slice::<T>().to_vec())
        })
    }
}

impl Runner for Running<'_> {
    fn run(&mut self, inputs: impl Inputs) -> Result<(), Error> {
        self.try_to(|it| {
            it.loaded.give(&inputs)?;
            it.loaded.clear_faults()?;
            it.graph.launch()
        })
    }

    #[track_caller]
    fn output<T: Element>(&mut self, output: usize) -> Result<Vec<T>, Error> {
        let count = self.loaded.program.outputs().count();
        assert!(output < count, "output {output} does not exist: the program has {count}");
        self.try_to(|it| {
            it.loaded.check_faults()?;
            let data = it.loaded.result(&it.loaded.program.plan().outputs[output])?;
            Ok(data.slice::<T>().to_vec())
        })
    }
}
