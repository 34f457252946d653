//! What can go wrong.

use autograd::{ProgramError, StepError};
use std::fmt;

/// Why a program cannot run on a device.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// No driver of NVIDIA's is installed.
    NoDriver,
    /// There is no device of this number.
    NoDevice {
        /// The number.
        number: usize,
        /// How many there are.
        count: usize,
    },
    /// A library is missing.
    NoLibrary {
        /// Its name.
        name: &'static str,
        /// What brings it.
        hint: &'static str,
    },
    /// Something is older than what is needed.
    TooOld {
        /// What.
        what: &'static str,
        /// What was found.
        found: String,
        /// What is needed.
        needed: String,
    },
    /// The device has too little memory left.
    OutOfMemory {
        /// How many bytes were asked for.
        bytes: usize,
    },
    /// An op has no kernel for devices, or an optimiser or an input does not suit them. Nothing has run.
    Refused {
        /// Which one.
        what: String,
        /// The reason.
        why: String,
    },
    /// The text of a kernel did not compile: a fault of this crate's or of an old compiler.
    Compile {
        /// What the compiler says.
        log: String,
    },
    /// The device, its driver or a library failed. What was made by this handle is of no use any more: make a new one.
    Device {
        /// The call that failed.
        call: &'static str,
        /// What the driver says.
        message: String,
    },
    /// A compiled kernel cannot be kept or read.
    Cache {
        /// The file.
        file: String,
        /// What the system says.
        message: String,
    },
    /// Inputs or parameters that do not belong to the program.
    Program(ProgramError),
    /// An index that does not exist, or a matrix that has no factors. A step that meets one changes nothing, and neither do those
    /// after it.
    Index {
        /// The ops of the kernel that met it.
        op: String,
        /// The line that recorded them.
        site: String,
    },
    /// A step was refused: that one and all later ones changed nothing.
    Step {
        /// Its number in this training, from 1.
        step: u64,
        /// Why.
        error: Box<StepError>,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NoDriver => f.write_str(
                "no CUDA driver: the library libcuda was not found; install the driver of an NVIDIA GPU, or train on `Cpu`",
            ),
            Error::NoDevice { number, count } => {
                write!(f, "there is no device {number}: the driver knows {count}, counted from 0")
            }
            Error::NoLibrary { name, hint } => write!(f, "{name} was not found: {hint}"),
            Error::TooOld { what, found, needed } => {
                write!(f, "{what} is too old: {found} was found, and {needed} is needed")
            }
            Error::OutOfMemory { bytes } => write!(
                f,
                "the device has no {bytes} bytes left: take smaller batches, or trace with `within_memory(…)`"
            ),
            Error::Refused { what, why } => write!(f, "{what} does not run on the device: {why}"),
            Error::Compile { log } => write!(f, "a kernel did not compile: {log}"),
            Error::Device { call, message } => {
                write!(f, "{call} failed: {message}; make a new handle, what this one made is lost")
            }
            Error::Cache { file, message } => write!(f, "the cache file {file}: {message}"),
            Error::Program(error) => error.fmt(f),
            Error::Index { op, site } => write!(
                f,
                "{op} at {site}: an index does not exist, or a matrix has no factors; `Cpu` or `program.run(…)` tells which one"
            ),
            Error::Step { step, error } => {
                write!(f, "step {step} of this training: {error}; it and all later steps changed nothing")
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Program(error) => Some(error),
            Error::Step { error, .. } => Some(&**error),
            _ => None,
        }
    }
}

impl From<ProgramError> for Error {
    fn from(error: ProgramError) -> Error {
        Error::Program(error)
    }
}

impl From<emit::Refused> for Error {
    fn from(emit::Refused { what, why }: emit::Refused) -> Error {
        Error::Refused { what, why }
    }
}

/// What does not run on a device, and why.
pub(crate) fn refused(what: impl Into<String>, why: impl Into<String>) -> Error {
    Error::Refused { what: what.into(), why: why.into() }
}

/// A step that was refused.
pub(crate) fn at_step(step: u64, error: impl Into<StepError>) -> Error {
    Error::Step { step, error: Box::new(error.into()) }
}
