//! What can go wrong between ranks.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

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
