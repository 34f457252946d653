//! The error of files of arrays and pictures.

use std::path::Path;
use std::{fmt, io};

/// Says which file or folder was refused, the value of which of its fields, and what was expected instead.
///
/// # Examples
///
/// ```
/// use datasets::FileError;
///
/// let [field, value, expected] = ["element type", "0x07", "0x08 or 0x0d"].map(String::from);
/// let error = FileError::Field { file: "labels.idx".into(), field, value, expected };
/// assert_eq!(error.to_string(), "labels.idx: element type 0x07, expected 0x08 or 0x0d");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum FileError {
    /// The file or folder cannot be opened, read or written.
    Io {
        /// Name of the file.
        file: String,
        /// The error of the operating system or of the given reader.
        error: io::Error,
    },
    /// The file begins as gzip but is cut off or damaged.
    Gzip {
        /// Name of the file.
        file: String,
        /// The error of the decoder.
        error: io::Error,
    },
    /// The file, or what it decompresses to, is longer than the limit.
    TooLong {
        /// Name of the file.
        file: String,
        /// The limit, in bytes.
        limit: u64,
    },
    /// The file holds something else than it should.
    Field {
        /// Name of the file.
        file: String,
        /// Which part of it.
        field: String,
        /// What was found.
        value: String,
        /// What would have been accepted.
        expected: String,
    },
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileError::Io { file, error } => write!(f, "{file}: {error}, expected one that can be used"),
            FileError::Gzip { file, error } => write!(f, "{file}: {error}, expected a whole gzip file"),
            FileError::TooLong { file, limit } => {
                write!(f, "{file}: longer than {limit} bytes, expected at most as many")
            }
            FileError::Field { file, field, value, expected } => {
                write!(f, "{file}: {field} {value}, expected {expected}")
            }
        }
    }
}

impl std::error::Error for FileError {}

impl FileError {
    pub(crate) fn field(
        file: &str,
        field: impl Into<String>,
        value: impl ToString,
        expected: impl Into<String>,
    ) -> Self {
        let (file, value) = (file.to_owned(), value.to_string());
        FileError::Field { file, field: field.into(), value, expected: expected.into() }
    }

    /// Names the path in an error of the operating system.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |error| FileError::Io { file: path.display().to_string(), error }
    }
}
