//! The errors of optimisers.

use std::fmt;

/// A hyper-parameter outside of its range.
#[derive(Clone, Debug, PartialEq)]
pub struct HyperparameterError {
    /// The hyper-parameter.
    pub name: &'static str,
    /// The given value.
    pub value: f64,
    /// The range.
    pub expected: &'static str,
}

impl fmt::Display for HyperparameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}: expected {}", self.name, self.value, self.expected)
    }
}

impl std::error::Error for HyperparameterError {}

/// Why a step was refused. Parameters and optimiser have not changed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum StepError {
    /// A gradient is infinite or not a number.
    NonFiniteGradient {
        /// The full name of the parameter, or `point`.
        parameter: String,
        /// Which element, in row-major order.
        element: usize,
        /// Its value.
        value: f64,
    },
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
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StepError::NonFiniteGradient { parameter, element, value } => write!(
                f,
                "the gradient of `{parameter}` is {value} at element {element}: nothing was changed; \
                 `loss.find_nonfinite()` or `program.find_nonfinite(…)` tells where it came from"
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
        }
    }
}

impl std::error::Error for StepError {}

/// Accepts a value that lies in its range.
pub(crate) fn check(
    name: &'static str,
    value: f64,
    expected: &'static str,
    within: impl Fn(f64) -> bool,
) -> Result<f64, HyperparameterError> {
    if within(value) { Ok(value) } else { Err(HyperparameterError { name, value, expected }) }
}

/// A learning rate: finite and not negative.
pub(crate) fn learning_rate(value: f64) -> Result<f64, HyperparameterError> {
    check("learning_rate", value, "a finite number, at least 0", |x| x.is_finite() && x >= 0.0)
}

/// A decay such as μ or β: in [0, 1).
pub(crate) fn decay(name: &'static str, value: f64) -> Result<f64, HyperparameterError> {
    check(name, value, "a number in [0, 1)", |x| (0.0..1.0).contains(&x))
}
