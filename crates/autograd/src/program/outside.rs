//! Runs by an executor of another crate, on the memories of a state.

use super::run::Pieces;
use super::{Inputs, Program, ProgramError, Run, State};
use crate::error::StepError;
use crate::exec::{Addresses, Ran};
use crate::optimizer::{Optimizer, Supply};
use crate::params::Params;

impl Program {
    /// Runs the program as [`run`](Program::run) does, by kernels of somebody else: `executor` computes what the plan says, in
    /// the memories that it is given, and tells whether it could. Where it could not, the engine runs, and names what is wrong.
    ///
    /// # Errors
    /// As [`run`](Program::run).
    #[doc(hidden)]
    pub fn run_by<'s>(
        &'s self,
        state: &'s mut State,
        params: &Params,
        inputs: impl Inputs,
        executor: impl FnOnce(Addresses<'_>) -> bool,
    ) -> Result<Run<'s>, ProgramError> {
        match self.outside(state, params, &inputs, executor)? {
            Some(_) => Ok(Run::of(self, state)),
            None => self.run(state, params, inputs),
        }
    }

    /// Makes a step as [`step_outputs`](Program::step_outputs) does, by kernels of somebody else.
    ///
    /// # Errors
    /// As [`step`](Program::step).
    ///
    /// # Panics
    /// As [`step`](Program::step).
    #[doc(hidden)]
    #[track_caller]
    pub fn step_by<'s>(
        &'s self,
        state: &'s mut State,
        params: &mut Params,
        optimizer: &mut (impl Optimizer + ?Sized),
        inputs: impl Inputs,
        executor: impl FnOnce(Addresses<'_>) -> bool,
    ) -> Result<Run<'s>, StepError> {
        self.check_gradients();
        match self.outside(state, params, &inputs, executor)? {
            Some(ran) => {
                let (grads, workers) = ran.all_gradients();
                let supply = Supply { workers: Some(workers), ..Supply::default() };
                optimizer.step_from(params, grads, supply)?;
                Ok(Run::of(self, state))
            }
            None => self.step_outputs(state, params, optimizer, inputs),
        }
    }

    #[inline]
    fn outside<'a>(
        &'a self,
        state: &'a mut State,
        params: &Params,
        inputs: &'a impl Inputs,
        executor: impl FnOnce(Addresses<'_>) -> bool,
    ) -> Result<Option<Ran<'a, 'a>>, ProgramError> {
        if !state.machine.is_of(&self.plan) {
            return Err(ProgramError::ForeignState);
        }
        self.check_params(params)?;
        let mut pieces = Pieces::new();
        self.bind(state, params, inputs, &mut pieces)?;
        let mut ran = state.machine.run_by(&self.plan, params.slab(), &pieces, executor);
        if let Some(ran) = &mut ran
            && self.gradients.is_some()
        {
            ran.carry_loss();
            ran.carry_writes(&self.writes);
        }
        Ok(ran)
    }
}
