//! The error of wrong arguments, and allocations that report it instead of aborting.

use ndarray::Array2;
use std::fmt;

/// Says which argument was refused, the value it had and what was expected instead.
///
/// # Examples
///
/// ```
/// use datasets::{Error, make_moons};
///
/// let error = make_moons(10).noise(-0.5).generate().unwrap_err();
/// assert!(matches!(error, Error::InvalidArgument { argument: "noise", .. }));
/// assert_eq!(error.to_string(), "noise = -0.5, expected a finite number of at least 0");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// An argument, alone or together with the others, asks for something that does not exist.
    InvalidArgument {
        /// Name of the argument.
        argument: &'static str,
        /// The value it had.
        value: String,
        /// The values that would have been accepted.
        expected: String,
    },
    /// A list has a length that does not fit the other arguments.
    LengthMismatch {
        /// Name of the list.
        argument: &'static str,
        /// The length it had.
        len: usize,
        /// The lengths that would have been accepted.
        expected: String,
    },
    /// A class has too few samples to appear both among the train and among the test samples.
    ClassTooSmall {
        /// The label of the class.
        label: i64,
        /// How many samples carry the label.
        count: usize,
    },
    /// The result, or the work space for it, does not fit in memory.
    TooLarge {
        /// Name of the argument that sets the size.
        argument: &'static str,
        /// How many elements were to be stored.
        elements: u128,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::InvalidArgument { argument, value, expected } => {
                write!(f, "{argument} = {value}, expected {expected}")
            }
            Error::LengthMismatch { argument, len, expected } => {
                write!(f, "{argument} has length {len}, expected {expected}")
            }
            Error::ClassTooSmall { label, count } => {
                write!(f, "stratify has {count} sample of class {label}, expected at least 2")
            }
            Error::TooLarge { argument, elements } => write!(
                f,
                "{argument} needs room for {elements} elements, expected fewer: memory is exhausted"
            ),
        }
    }
}

impl std::error::Error for Error {}

impl Error {
    pub(crate) fn invalid(argument: &'static str, value: impl ToString, expected: impl Into<String>) -> Self {
        Self::InvalidArgument { argument, value: value.to_string(), expected: expected.into() }
    }
}

/// An empty vector with room for `len` elements; refuses sizes that `Vec` would abort on.
pub(crate) fn reserve<T>(argument: &'static str, len: usize) -> Result<Vec<T>, Error> {
    let mut vec = Vec::new();
    vec.try_reserve_exact(len).map_err(|_| Error::TooLarge { argument, elements: len as u128 })?;
    Ok(vec)
}

/// `len` copies of `value`.
pub(crate) fn filled<T: Clone>(argument: &'static str, len: usize, value: T) -> Result<Vec<T>, Error> {
    let mut vec = reserve(argument, len)?;
    vec.resize(len, value);
    Ok(vec)
}

/// A `rows x cols` matrix of zeros.
pub(crate) fn zeros(argument: &'static str, rows: usize, cols: usize) -> Result<Array2<f64>, Error> {
    let too_large = || Error::TooLarge { argument, elements: rows as u128 * cols as u128 };
    let len = rows.checked_mul(cols).ok_or_else(too_large)?;
    Array2::from_shape_vec((rows, cols), filled(argument, len, 0.0)?).map_err(|_| too_large())
}

/// The numbers from 0 to `len` - 1.
pub(crate) fn order(argument: &'static str, len: usize) -> Result<Vec<usize>, Error> {
    let mut order = reserve(argument, len)?;
    order.extend(0..len);
    Ok(order)
}

/// Refuses what is no standard deviation.
pub(crate) fn check_scale(argument: &'static str, std: f64) -> Result<(), Error> {
    if std.is_finite() && std >= 0.0 {
        return Ok(());
    }
    Err(Error::invalid(argument, std, "a finite number of at least 0"))
}
