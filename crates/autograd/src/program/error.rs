//! What can be wrong with a run.

use crate::call::Fault;
use crate::dtype::DType;
use crate::shape::Shape;

/// Why a program cannot be made or run.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// More or fewer inputs than the program has.
    #[error("inputs: {given} given, the program takes {expected} ({names}), in this order")]
    InputCount {
        /// How many it has.
        expected: usize,
        /// How many were given.
        given: usize,
        /// Their names.
        names: String,
    },
    /// An input of another shape.
    #[error(
        "input `{name}` has shape {given}, the program was traced for {expected}: give it that, or trace again for each shape by a `Jit`"
    )]
    InputShape {
        /// Which input.
        name: String,
        /// What it was traced for.
        expected: Shape,
        /// What was given.
        given: Shape,
    },
    /// An input of another dtype.
    #[error(
        "input `{name}` is {given}, the program was traced for {expected}: convert the values, or name the input with `t.input_of(…)` and its dtype"
    )]
    InputDType {
        /// Which input.
        name: String,
        /// What it was traced for.
        expected: DType,
        /// What was given.
        given: DType,
    },
    /// Parameters of another model, or that have grown since.
    #[error(
        "the program was traced for another `Params` ({expected} numbers) than this one ({given} numbers): run it on that one or a clone of it, and trace again where parameters have been added"
    )]
    ForeignParams {
        /// Numbers in the slab that it was traced for.
        expected: usize,
        /// Numbers in the slab that was given.
        given: usize,
    },
    /// A state of another program.
    #[error("the state belongs to another program: make one with `program.state()`")]
    ForeignState,
    /// The values of its operands make an op impossible, as an index outside of its range does.
    #[error("{op} at {site}: {fault}")]
    Fault {
        /// The op.
        op: &'static str,
        /// The source line that recorded it, and the scope where there is one.
        site: String,
        /// What is wrong with the values.
        fault: Fault,
    },
    /// A closure that was traced for too many shapes.
    #[error(
        "the closure was traced for {limit} combinations of input shapes already, its limit: pad the inputs to fewer shapes, or raise it"
    )]
    TooManyPlans {
        /// The limit.
        limit: usize,
    },
}

/// Why a step could not be made: the run, or the update.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StepError<E> {
    /// The run failed; nothing was changed.
    #[error(transparent)]
    Program(ProgramError),
    /// The update was refused; nothing was changed.
    #[error(transparent)]
    Update(E),
}

impl<E> From<ProgramError> for StepError<E> {
    fn from(error: ProgramError) -> Self {
        StepError::Program(error)
    }
}
