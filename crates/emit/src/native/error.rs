//! What can go wrong before a program runs as machine code.

use crate::Refused;
use std::fmt;
use std::path::PathBuf;

/// Why a program is not compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NativeError {
    /// The compiler could not be started.
    NoCompiler {
        /// Its command.
        command: String,
        /// What the system says.
        why: String,
    },
    /// The compiler failed.
    Failed {
        /// Its command.
        command: String,
        /// What it says first.
        line: String,
    },
    /// An op has no text.
    Refused(Refused),
    /// The folder of the cache cannot be made or written.
    Cache {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        why: String,
    },
    /// What was just compiled cannot be loaded.
    Load {
        /// The file.
        file: PathBuf,
        /// What the system says.
        why: String,
    },
}

impl fmt::Display for NativeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NativeError::NoCompiler { command, why } => {
                write!(
                    f,
                    "the C compiler `{command}` cannot be started: {why}\n  hint: install one, or name it by the variable CC"
                )
            }
            NativeError::Failed { command, line } => write!(f, "the C compiler `{command}` failed: {line}"),
            NativeError::Refused(refused) => refused.fmt(f),
            NativeError::Cache { folder, why } => {
                write!(
                    f,
                    "the cache {} cannot be written: {why}\n  hint: name another by the variable XDG_CACHE_HOME",
                    folder.display()
                )
            }
            NativeError::Load { file, why } => {
                write!(f, "what was compiled cannot be loaded from {}: {why}", file.display())
            }
        }
    }
}

impl std::error::Error for NativeError {}
