//! An optimiser whose memory and update are on a device.

use crate::control::{self, ROWS};
use crate::error::refused;
use crate::machine::{Graph, Shards};
use crate::task::Task;
use crate::tasks::{Kernels, nodes};
use crate::update::{Given, Update};
use crate::{Error, Numerics};
use autograd::{Gradients, HyperparameterError, Optimizer, OptimizerState, Params, StateError, StepError};
use optim::{ByFormula, Part};
use std::rc::Rc;

/// An optimiser by a formula whose memory lies on a GPU, and whose update runs there: the same bits. Made by
/// `parallel::OnDevice::optimizer`. It may stand at the end of a [`Pipeline`](optim::Pipeline), whose stages are the processor's.
///
/// Each step takes the gradients to the GPU and the new parameters back. What it remembers comes back when it is asked for.
///
/// # Panics
/// [`state`](Optimizer::state), if the GPU has failed: what it remembered is lost.
#[derive(Debug)]
pub struct Moved<'p, O> {
    optimizer: O,
    shards: Rc<Shards<'p>>,
    update: Option<Ready>,
}

/// An update that is ready for these parts of the slab.
#[derive(Debug)]
struct Ready {
    graph: Box<dyn Graph>,
    update: Update,
    /// The parts as they were asked for.
    parts: Vec<Part>,
    /// How many steps were made, and for how many there are coefficients.
    done: u64,
    laid_out: u64,
}

impl<'p, O: ByFormula> Moved<'p, O> {
    #[doc(hidden)]
    pub fn new(optimizer: O, shards: Rc<Shards<'p>>) -> Moved<'p, O> {
        Moved { optimizer, shards, update: None }
    }

    /// Lets the optimiser itself remember what the device does.
    fn bring_back(&mut self, params: &Params) -> Result<(), Error> {
        let state = self.remembered(params)?;
        let taken = self.optimizer.set_state(params, &state);
        taken.map_err(|error| refused("the optimiser", error.to_string()))
    }

    fn remembered(&self, params: &Params) -> Result<OptimizerState, Error> {
        let before = self.optimizer.state(params);
        match &self.update {
            Some(ready) if ready.done > 0 => ready.update.state(before, params, ready.done),
            _ => Ok(before),
        }
    }

    /// Makes a step; says whether the device accepted it.
    fn step_there(
        &mut self,
        params: &mut Params,
        grads: &Gradients,
        parts: Vec<Part>,
    ) -> Result<bool, Error> {
        self.shards.give_parameters(params)?;
        self.shards.give_gradients(grads)?;
        if self.update.as_ref().is_none_or(|ready| ready.parts != parts) {
            self.bring_back(params)?;
            self.update = None; // before there is memory for another one
        }
        let ready = match &mut self.update {
            Some(ready) => ready,
            none => none.insert(Ready::new(&self.shards, &self.optimizer, params, parts)?),
        };
        if ready.done >= ready.laid_out {
            ready.update.lay_out(&self.optimizer, ready.done)?;
            ready.laid_out = ready.done + ROWS as u64;
        }
        let accepted = ready.launch()?;
        if accepted {
            self.shards.take_parameters(params)?;
        }
        Ok(accepted)
    }

    /// What the device refused, in the words of the processor.
    fn refusal(&mut self, params: &Params, grads: &Gradients) -> Result<StepError, Error> {
        self.bring_back(params)?;
        let before = self.optimizer.state(params);
        Ok(match self.optimizer.update(&mut params.clone(), grads) {
            Err(error) => error,
            Ok(()) => {
                let _ = self.optimizer.set_state(params, &before);
                StepError::Refused("the device found a number that is not finite".to_owned())
            }
        })
    }
}

impl Ready {
    fn new(
        shards: &Shards<'_>,
        optimizer: &impl ByFormula,
        params: &Params,
        parts: Vec<Part>,
    ) -> Result<Ready, Error> {
        let loaded = &shards.loaded;
        let given = Given {
            parameters: loaded.parameters().at(),
            gradients: loaded.place_of_gradients(),
            loss: loaded.place(&loaded.program.plan().outputs[0]),
            faults: loaded.faults.at(),
            fault_count: loaded.program.kernels(),
        };
        let update = Update::new(
            &loaded.machine,
            optimizer,
            parts.clone(),
            params,
            &given,
            Kernels::Apart(Numerics::Exact),
        )?;
        let module = loaded.machine.load(&update.text)?;
        let Update { begin, look, update: last, .. } = &update;
        let tasks: Vec<&Task> = [begin, look, last].into_iter().flatten().collect();
        let graph = module.graph(&nodes(&tasks))?;
        Ok(Ready { graph, update, parts, done: 0, laid_out: 0 })
    }

    /// Makes the step, waits, and says whether it was accepted.
    fn launch(&mut self) -> Result<bool, Error> {
        self.graph.launch()?;
        let mut stop = [0u8; 8];
        let at = 8 * control::STOP;
        self.update.control.download(at, &mut stop)?;
        if stop == [0; 8] {
            self.done += 1;
            return Ok(true);
        }
        self.update.control.upload_at(at, &[0; 8])?;
        Ok(false)
    }
}

/// A failure of the device, as an optimiser tells it.
fn told(error: Error) -> StepError {
    StepError::Refused(error.to_string())
}

impl<O: ByFormula> Optimizer for Moved<'_, O> {
    fn update(&mut self, params: &mut Params, grads: &Gradients) -> Result<(), StepError> {
        self.shards.loaded.program.check(params)?;
        let parts = self.optimizer.parts(params, grads)?;
        match self.step_there(params, grads, parts).map_err(told)? {
            true => Ok(()),
            false => Err(self.refusal(params, grads).map_err(told)?),
        }
    }

    fn hyperparameters(&self) -> Vec<(String, f64)> {
        self.optimizer.hyperparameters()
    }

    fn set_hyperparameter(&mut self, name: &str, value: f64) -> Result<(), HyperparameterError> {
        self.optimizer.set_hyperparameter(name, value)?;
        if let Some(ready) = &mut self.update {
            ready.laid_out = ready.done; // the coefficients are of the old value
        }
        Ok(())
    }

    fn state(&self, params: &Params) -> OptimizerState {
        let state = self.remembered(params);
        state.unwrap_or_else(|error| panic!("what the optimiser remembered on the GPU is lost: {error}"))
    }

    fn set_state(&mut self, params: &Params, state: &OptimizerState) -> Result<(), StateError> {
        self.optimizer.set_state(params, state)?;
        self.update = None;
        Ok(())
    }
}
