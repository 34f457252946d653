//! What executors of other crates ask of a program, and runs by them on the memories of a state.

use super::run::Pieces;
use super::{Inputs, Program, ProgramError, Run, State};
use crate::error::StepError;
use crate::exec::{Addresses, Ran};
use crate::optimizer::{Optimizer, Supply};
use crate::params::{Buffer, Gradients, Param, Params};
use crate::plan::{Graph, Plan, RecordedInput, Verified};
use std::ops::Range;

impl Program {
    /// The plan, as data, for crates that run or print it in another way.
    #[doc(hidden)]
    pub fn plan(&self) -> &Verified<Plan> {
        &self.plan
    }

    /// What was traced, before any pass. The first results are the outputs of the trace.
    #[doc(hidden)]
    pub fn recorded(&self) -> &Graph {
        &self.recorded
    }

    /// What the input of a number reads, in the recorded list.
    #[doc(hidden)]
    pub fn recorded_input(&self, number: u32) -> RecordedInput<'_> {
        (&self.plan.inputs[number as usize]).into()
    }

    /// The state that a run changes, each with the number of the result, among those of the plan, that becomes its values.
    #[doc(hidden)]
    pub fn written(&self) -> impl Iterator<Item = (Buffer, usize)> {
        self.writes.iter().enumerate().map(|(i, &buffer)| (buffer, self.outputs + i))
    }

    /// Gradients of 0 for the parameters that a run computes gradients of; none if it was traced without.
    #[doc(hidden)]
    pub fn zero_gradients(&self) -> Option<Gradients> {
        self.gradients.as_ref().map(|_| self.empty_gradients())
    }

    /// Whether a run gives gradients.
    #[doc(hidden)]
    pub fn gives_gradients(&self) -> bool {
        self.gradients.is_some()
    }

    /// Whether the parameters are those that it was traced for.
    ///
    /// # Errors
    /// As [`run`](Program::run), which asks the same first.
    #[doc(hidden)]
    pub fn check(&self, params: &Params) -> Result<(), ProgramError> {
        self.check_params(params)
    }

    /// The parameters that a step with these parameters changes, and their parts of the slab. None if the program has no gradients.
    #[doc(hidden)]
    pub fn trained(&self, params: &Params) -> Option<Vec<(Param, Range<usize>)>> {
        let all = self.gradients.as_ref()?.iter();
        Some(all.filter(|(param, _)| !params.is_frozen(*param)).cloned().collect())
    }

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
            Some(_) => Ok(Run::of(self, state, false)),
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
                Ok(Run::of(self, state, false))
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
