//! Why a step is refused.

use crate::program::ProgramError;
use std::borrow::Cow;
use std::error::Error;
use std::fmt;

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
