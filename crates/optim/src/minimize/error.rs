//! Why a minimiser refuses to begin.

use autograd::{HyperparameterError, ProgramError, Shape};
use std::error::Error;
use std::fmt;

/// Why a function cannot be minimised, or a curve not be fitted. The parameters of a model have not changed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum MinimizeError {
    /// A setting is outside of its range.
    Setting(HyperparameterError),
    /// The function cannot be made a program, or the program fails.
    Program(ProgramError),
    /// The function or its gradient is not finite where the search begins.
    NonFiniteStart {
        /// The value there.
        value: f64,
    },
    /// A number that was given is outside of its range.
    Number {
        /// What it belongs to, such as `y`.
        what: &'static str,
        /// Its place, in row-major order.
        element: usize,
        /// Its value.
        value: f64,
        /// The range.
        expected: &'static str,
    },
    /// An array that was given has a shape that does not fit.
    Shape {
        /// What it is, such as `sigma`.
        what: &'static str,
        /// Its shape.
        given: Shape,
        /// What would fit.
        expected: String,
    },
}

impl fmt::Display for MinimizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MinimizeError::Setting(error) => write!(f, "{error}"),
            MinimizeError::Program(error) => write!(f, "{error}"),
            MinimizeError::NonFiniteStart { value } => write!(
                f,
                "the function or its gradient is not finite at the start (its value is {value}): begin where both are"
            ),
            MinimizeError::Number { what, element, value, expected } => {
                write!(f, "{what}: element {element} is {value}: expected {expected}")
            }
            MinimizeError::Shape { what, given, expected } => {
                write!(f, "{what} has shape {given}: expected {expected}")
            }
        }
    }
}

impl Error for MinimizeError {}

impl From<ProgramError> for MinimizeError {
    fn from(error: ProgramError) -> Self {
        MinimizeError::Program(error)
    }
}

/// Refuses a setting that is outside of its range.
pub(crate) fn check(
    name: &'static str,
    value: f64,
    is_right: bool,
    expected: &'static str,
) -> Result<(), MinimizeError> {
    match is_right {
        true => Ok(()),
        false => Err(MinimizeError::Setting(HyperparameterError { name: name.into(), value, expected })),
    }
}

/// Refuses infinities and NaN.
pub(crate) fn check_finite(what: &'static str, values: &[f64]) -> Result<(), MinimizeError> {
    match values.iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(element) => {
            let (value, expected) = (values[element], "a finite number");
            Err(MinimizeError::Number { what, element, value, expected })
        }
    }
}
