//! The errors of programs and of steps.

use crate::call::Fault;
use crate::dtype::DType;
use crate::shape::Shape;
use crate::text::scaled;
use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// Why a program cannot be made or run.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ProgramError {
    /// More or fewer inputs than the program has.
    InputCount {
        /// How many it has.
        expected: usize,
        /// How many were given.
        given: usize,
        /// Their names.
        names: String,
    },
    /// An input of another shape.
    InputShape {
        /// Which input.
        name: String,
        /// What it was traced for.
        expected: Shape,
        /// What was given.
        given: Shape,
    },
    /// An input of another dtype.
    InputDType {
        /// Which input.
        name: String,
        /// What it was traced for.
        expected: DType,
        /// What was given.
        given: DType,
    },
    /// Parameters of another model, or that have grown since.
    ForeignParams {
        /// Numbers in the slab that it was traced for.
        expected: usize,
        /// Numbers in the slab that was given.
        given: usize,
    },
    /// A parameter that was frozen when the program was traced, and is not any more.
    Thawed {
        /// The full name of the parameter.
        parameter: String,
    },
    /// A state of another program.
    ForeignState,
    /// The values of its operands make an op impossible, for example an index out of range.
    Fault {
        /// The op.
        op: &'static str,
        /// The source line that recorded it, and the scope where there is one.
        site: String,
        /// What is wrong with the values.
        fault: Fault,
    },
    /// The plan needs more memory than can be addressed.
    Memory {
        /// How many bytes its buffers take.
        bytes: u128,
    },
    /// The buffers do not fit the memory that [`Outputs::within_memory`](crate::Outputs::within_memory) allows.
    Budget {
        /// How many bytes they may take.
        budget: usize,
        /// The least that was found.
        least: usize,
    },
    /// A closure that was traced for too many shapes.
    TooManyPlans {
        /// The limit.
        limit: usize,
    },
}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProgramError::InputCount { expected, given, names } => {
                write!(f, "inputs: {given} given, the program takes {expected} ({names}), in this order")
            }
            ProgramError::InputShape { name, expected, given } => write!(
                f,
                "input `{name}` has shape {given}, the program was traced for {expected}: give it \
                 that, or trace again for each shape by a `Jit`"
            ),
            ProgramError::InputDType { name, expected, given } => write!(
                f,
                "input `{name}` is {given}, the program was traced for {expected}: convert the \
                 values, or name the input with `t.input_of(…)` and its dtype"
            ),
            ProgramError::ForeignParams { expected, given } => write!(
                f,
                "the program was traced for another `Params` ({expected} numbers) than this one \
                 ({given} numbers): run it on that one or a clone of it, and trace again where \
                 parameters have been added"
            ),
            ProgramError::Thawed { parameter } => write!(
                f,
                "`{parameter}` was frozen when the program was traced, so that it has no gradient: trace again after \
                 parameters have been thawed, or let a `Jit` do it"
            ),
            ProgramError::ForeignState => {
                write!(f, "the state belongs to another program: make one with `program.state()`")
            }
            ProgramError::Fault { op, site, fault } => write!(f, "{op} at {site}: {fault}"),
            ProgramError::Memory { bytes } => {
                let bytes = scaled(*bytes as f64, "B");
                write!(f, "the buffers of the program take {bytes}, more than can be addressed")
            }
            ProgramError::Budget { budget, least } => {
                let [budget, least] = [budget, least].map(|bytes| scaled(*bytes as f64, "B"));
                write!(
                    f,
                    "the buffers of the program may take {budget}, and the least that was found is {least}: allow that, \
                     take smaller batches, or set checkpoints by hand (`Tape::checkpoint`)"
                )
            }
            ProgramError::TooManyPlans { limit } => write!(
                f,
                "the closure was traced for {limit} combinations of input shapes already, its limit: \
                 pad the inputs to fewer shapes, or raise it"
            ),
        }
    }
}

impl Error for ProgramError {}

/// A hyper-parameter outside of its range.
#[derive(Clone, Debug, PartialEq)]
pub struct HyperparameterError {
    /// The hyper-parameter.
    pub name: Cow<'static, str>,
    /// The given value, rounded to the type that it is used in.
    pub value: f64,
    /// The range.
    pub expected: &'static str,
}

impl fmt::Display for HyperparameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}: expected {}", self.name, self.value, self.expected)
    }
}

impl Error for HyperparameterError {}

/// Why a step was refused: the run of a program, or the update. Parameters, state and optimiser have not changed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum StepError {
    /// The run failed.
    Program(ProgramError),
    /// The loss is infinite or not a number.
    NonFiniteLoss {
        /// Its value.
        value: f64,
    },
    /// A gradient is infinite or not a number.
    NonFiniteGradient {
        /// The full name of the parameter, or `point`.
        parameter: String,
        /// Which element, in row-major order.
        element: usize,
        /// Its value.
        value: f64,
    },
    /// A number that the step would have stored is infinite or not a number.
    NonFiniteResult {
        /// The full name of the parameter, or `point`.
        parameter: String,
        /// What would be stored: `the parameter`, or the name of the optimiser's state.
        what: String,
        /// Which element, in row-major order.
        element: usize,
        /// Its value.
        value: f64,
        /// The gradient of the element.
        gradient: f64,
    },
    /// No parameter that is trained has a gradient.
    NothingTrained,
    /// The gradients are those of another model.
    ForeignGradients,
    /// The optimiser's memory belongs to another model, point or element type.
    ForeignMemory {
        /// What the memory belongs to.
        used: String,
        /// What the step was asked for.
        given: String,
    },
    /// A point and its gradient have different lengths.
    LengthMismatch {
        /// Elements of the point.
        point: usize,
        /// Elements of the gradient.
        gradient: usize,
    },
    /// A hyper-parameter that is out of range in the type of the parameters.
    Hyperparameter(HyperparameterError),
    /// The pattern of a group that no parameter matches.
    EmptyGroup {
        /// The pattern.
        pattern: String,
        /// The parameters there are.
        parameters: String,
    },
    /// What an optimiser of the user's says.
    Refused(String),
}

impl From<ProgramError> for StepError {
    fn from(error: ProgramError) -> Self {
        StepError::Program(error)
    }
}

impl From<HyperparameterError> for StepError {
    fn from(error: HyperparameterError) -> Self {
        StepError::Hyperparameter(error)
    }
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StepError::Program(error) => error.fmt(f),
            StepError::NonFiniteLoss { value } => write!(
                f,
                "the loss is {value}: nothing was changed; the mean of an empty batch is NaN, and \
                 `loss.find_nonfinite()` or `program.find_nonfinite(…)` tells where another one came from"
            ),
            StepError::NonFiniteGradient { parameter, element, value } => write!(
                f,
                "the gradient of `{parameter}` is {value} at element {element}: nothing was changed; \
                 `loss.find_nonfinite()` or `program.find_nonfinite(…)` tells where it came from"
            ),
            StepError::NonFiniteResult { parameter, what, element, value, gradient } => write!(
                f,
                "{what} of `{parameter}` would become {value} at element {element}, where the gradient is {gradient:e}: \
                 nothing was changed; lower the learning rate, or clip the gradients"
            ),
            StepError::NothingTrained => write!(
                f,
                "no parameter that is trained has a gradient: nothing was changed; the loss depends on none, or all that it \
                 depends on are frozen. Where that is meant, say so by `Gradients::or_none`"
            ),
            StepError::ForeignGradients => {
                write!(f, "the gradients belong to another model than the parameters: nothing was changed")
            }
            StepError::ForeignMemory { used, given } => write!(
                f,
                "the optimiser was used with {used} before and is now given {given}: make one for \
                 each"
            ),
            StepError::LengthMismatch { point, gradient } => {
                write!(f, "the point has {point} elements, its gradient {gradient}")
            }
            StepError::Hyperparameter(error) => write!(f, "{error}: nothing was changed"),
            StepError::EmptyGroup { pattern, parameters } => write!(
                f,
                "no parameter matches the pattern `{pattern}` of a group: nothing was changed; there are {parameters}"
            ),
            StepError::Refused(why) => f.write_str(why),
        }
    }
}

impl Error for StepError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            StepError::Program(error) => Some(error),
            StepError::Hyperparameter(error) => Some(error),
            _ => None,
        }
    }
}
