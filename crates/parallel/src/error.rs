//! What can go wrong between ranks.

use autograd::{ProgramError, StateError, StepError};
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

/// Why a step was not made. **All ranks get the same error**, and no parameter has changed on any of them.
///
/// What one rank finds wrong, the others learn from the header that is gathered before numbers are exchanged.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// A rank is gone.
    Left {
        /// Which.
        rank: usize,
        /// How many steps were made before.
        step: u64,
        /// How it left.
        how: Departure,
    },
    /// A rank does something else than rank 0.
    Diverged {
        /// The first that does.
        rank: usize,
        /// How many steps rank 0 has made.
        step: u64,
        /// In what they differ: `call`, `step`, `program`, `optimiser`, `parameters`, `state`.
        what: &'static str,
        /// What the rank says; of more than a number, a hash.
        found: String,
        /// What rank 0 says.
        expected: String,
    },
    /// A gradient that is not finite, in a sum of shards of one rank.
    NonFinite {
        /// The first such rank.
        rank: usize,
        /// How many steps were made before.
        step: u64,
        /// The name of the parameter, of a buffer, or of an output.
        what: String,
        /// Its element.
        element: usize,
        /// The number.
        value: f64,
    },
    /// A rank could not compute its part.
    Refused {
        /// The first such rank.
        rank: usize,
        /// How many steps were made before.
        step: u64,
        /// What its program or its optimiser says.
        reason: String,
    },
    /// The optimiser refuses the gradients, on all ranks for the same reason.
    Optimizer {
        /// How many steps were made before.
        step: u64,
        /// What it says.
        error: Box<StepError>,
    },
    /// Another number of shards than that of a checkpoint: it belongs to what is trained, because it decides the bits.
    Shards {
        /// That of the checkpoint.
        found: usize,
        /// That of this training.
        expected: usize,
    },
    /// More ranks than shards: some would have nothing to do.
    TooManyRanks {
        /// How many ranks there are.
        ranks: usize,
        /// How many shards.
        shards: usize,
    },
    /// The program cannot be planned.
    Program(Box<ProgramError>),
    /// The state of an optimiser that does not fit.
    State(StateError),
    /// The ranks could not speak with each other.
    World {
        /// How many steps were made before.
        step: u64,
        /// Why.
        error: WorldError,
    },
}

impl Error {
    /// What a world says during a step.
    pub(crate) fn in_step(error: WorldError, step: u64) -> Error {
        match error {
            WorldError::Left { rank, how } => Error::Left { rank, step, how },
            error => Error::World { step, error },
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Left { rank, step, how } => write!(f, "after {step} steps: rank {rank} is gone: {how}"),
            Error::Diverged { rank, step, what, found, expected } => write!(
                f,
                "after {step} steps: rank {rank} has another {what} than rank 0: {found}; expected {expected}"
            ),
            Error::NonFinite { rank, step, what, element, value } => {
                write!(
                    f,
                    "after {step} steps: rank {rank}: the gradient or value of `{what}` is {value} at element {element}"
                )
            }
            Error::Refused { rank, step, reason } => write!(f, "after {step} steps: rank {rank}: {reason}"),
            Error::Optimizer { step, error } => write!(f, "after {step} steps: {error}"),
            Error::Shards { found, expected } => write!(
                f,
                "the checkpoint is of a training with {found} shards, this one has {expected}: another number gives other bits"
            ),
            Error::TooManyRanks { ranks, shards } => {
                write!(f, "{ranks} ranks for {shards} shards: a rank has one shard at least")
            }
            Error::Program(error) => error.fmt(f),
            Error::State(error) => error.fmt(f),
            Error::World { step, error } => write!(f, "after {step} steps: {error}"),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Error::Optimizer { error, .. } => error.source(),
            _ => None,
        }
    }
}

impl From<ProgramError> for Error {
    fn from(error: ProgramError) -> Error {
        Error::Program(Box::new(error))
    }
}

impl From<StateError> for Error {
    fn from(error: StateError) -> Error {
        Error::State(error)
    }
}

/// Why ranks could not exchange numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WorldError {
    /// A rank is gone, and takes part in nothing any more: the first that was missed.
    Left {
        /// Which.
        rank: usize,
        /// How.
        how: Departure,
    },
    /// A rank does something else than this one: another call, or numbers of another length.
    Mismatch {
        /// Which.
        rank: usize,
        /// What it does.
        found: String,
        /// What this rank does.
        expected: String,
    },
    /// The system that carries the numbers refuses.
    System {
        /// What was called.
        call: &'static str,
        /// What it says.
        reason: String,
    },
}

/// How a rank left.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Departure {
    /// Its function returned.
    Returned,
    /// It panicked, with this message.
    Panicked(String),
    /// It met an error of another rank, and says this of it.
    Failed(String),
    /// It said nothing for so long.
    Silent(Duration),
}

impl fmt::Display for Departure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Departure::Returned => f.write_str("its function returned"),
            Departure::Panicked(message) => write!(f, "it panicked: {message}"),
            Departure::Failed(error) => write!(f, "it could not go on: {error}"),
            Departure::Silent(patience) => write!(f, "it said nothing for {patience:?}"),
        }
    }
}

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WorldError::Left { rank, how } => write!(f, "rank {rank} is gone: {how}"),
            WorldError::Mismatch { rank, found, expected } => {
                write!(f, "rank {rank}: {found}; expected {expected}, as this rank does")
            }
            WorldError::System { call, reason } => write!(f, "{call}: {reason}"),
        }
    }
}

impl StdError for WorldError {}
