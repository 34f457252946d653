//! The error of writing a report.

use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// Why a report could not be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A file or its folder could not be written.
    #[error("cannot write {}", path.display())]
    Io {
        /// The file or the folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}
