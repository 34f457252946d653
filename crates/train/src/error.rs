//! Why training stopped before its end.

use crate::metrics::MetricError;
use autograd::{HyperparameterError, NonFinite, ProgramError, StateError, StepError};
use std::error::Error as StdError;
use std::fmt;

/// Why training stopped before its end. What was trained until the last checkpoint is in its folder.
#[non_exhaustive]
pub enum Error {
    /// A step was refused, and has changed nothing.
    Step {
        /// How many steps were made before.
        step: u64,
        /// Why it was refused.
        error: Box<StepError>,
        /// Where the NaN or the infinity was born, if it was that and the search found it.
        origin: Option<Box<NonFinite>>,
    },
    /// A checkpoint or a log.
    File(files::Error),
    /// A checkpoint of another optimiser.
    State(StateError),
    /// Data that a metric cannot be computed of, or the metrics that validation gives.
    Metric(MetricError),
    /// What a closure of the user's says.
    Other(Box<dyn StdError + Send + Sync>),
}

impl Error {
    /// An error of one's own.
    ///
    /// ```
    /// let error = train::Error::other("the data set is gone");
    /// assert_eq!((error.to_string(), format!("{error:?}")), ("the data set is gone".into(), "the data set is gone".into()));
    /// ```
    pub fn other(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Error {
        Error::Other(error.into())
    }

    /// Where the NaN or the infinity was born that stopped a step.
    pub fn origin(&self) -> Option<&NonFinite> {
        match self {
            Error::Step { origin, .. } => origin.as_deref(),
            _ => None,
        }
    }

    pub(crate) fn in_step(mut self, number: u64) -> Error {
        if let Error::Step { step, .. } = &mut self {
            *step = number;
        }
        self
    }
}

/// The text of `Display`: it is what `main` prints that gives an error, and `unwrap`.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Step { step, error, origin } => {
                write!(f, "after {step} steps: {error}")?;
                origin.as_ref().map_or(Ok(()), |origin| write!(f, "\n{origin}"))
            }
            Error::File(error) => error.fmt(f),
            Error::State(error) => error.fmt(f),
            Error::Metric(error) => error.fmt(f),
            Error::Other(error) => error.fmt(f),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Error::Step { error, .. } => error.source(),
            Error::File(error) => error.source(),
            Error::State(error) => error.source(),
            Error::Metric(error) => error.source(),
            Error::Other(error) => error.source(),
        }
    }
}

impl From<StepError> for Error {
    fn from(error: StepError) -> Error {
        Error::Step { step: 0, error: Box::new(error), origin: None }
    }
}

impl From<ProgramError> for Error {
    fn from(error: ProgramError) -> Error {
        StepError::from(error).into()
    }
}

impl From<HyperparameterError> for Error {
    fn from(error: HyperparameterError) -> Error {
        StepError::from(error).into()
    }
}

impl From<files::Error> for Error {
    fn from(error: files::Error) -> Error {
        Error::File(error)
    }
}

impl From<StateError> for Error {
    fn from(error: StateError) -> Error {
        Error::State(error)
    }
}

impl From<MetricError> for Error {
    fn from(error: MetricError) -> Error {
        Error::Metric(error)
    }
}
