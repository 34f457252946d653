//! What is wrong with a file.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a file cannot be read, written or used. It names the file, and everything that is wrong with it at once.
///
/// ```
/// let error = files::safetensors::decode(b"not a file").unwrap_err();
/// let files::Error::Content { faults, .. } = &error else { panic!("{error}") };
/// assert_eq!(faults[0].field, "header");
/// ```
#[non_exhaustive]
pub enum Error {
    /// The system refused.
    Io {
        /// The file.
        file: PathBuf,
        /// What was tried, such as `read`.
        action: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// The file is there, but it does not hold what it should.
    Content {
        /// The file; `(bytes)` where bytes were given.
        file: PathBuf,
        /// All that is wrong.
        faults: Vec<Fault>,
    },
}

/// One thing that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The part of the file, such as the name of a tensor.
    pub field: String,
    /// What stands there.
    pub found: String,
    /// What should stand there.
    pub expected: String,
}

impl Error {
    /// The file that the error is about.
    pub fn file(&self) -> &Path {
        match self {
            Error::Io { file, .. } | Error::Content { file, .. } => file,
        }
    }

    /// All that is wrong with the content; nothing where the system refused.
    pub fn faults(&self) -> &[Fault] {
        match self {
            Error::Io { .. } => &[],
            Error::Content { faults, .. } => faults,
        }
    }

    /// The same error, about a file.
    pub(crate) fn in_file(mut self, path: &Path) -> Error {
        match &mut self {
            Error::Io { file, .. } | Error::Content { file, .. } => *file = path.to_owned(),
        }
        self
    }
}

impl Fault {
    pub(crate) fn new(
        field: impl fmt::Display,
        found: impl fmt::Display,
        expected: impl fmt::Display,
    ) -> Fault {
        let [field, found, expected] =
            [field.to_string(), found.to_string(), expected.to_string()].map(short);
        Fault { field, found, expected }
    }
}

/// A file may hold names and texts of any length; a message does not.
fn short(text: String) -> String {
    const MOST: usize = 300;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Error {
        Error::from(vec![fault])
    }
}

impl From<Vec<Fault>> for Error {
    fn from(faults: Vec<Fault>) -> Error {
        Error::Content { file: "(bytes)".into(), faults }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { field, found, expected } = self;
        write!(f, "{field}: {found}; expected {expected}")
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
            Error::Io { file, action, source } => write!(f, "{}: cannot {action}: {source}", file.display()),
            Error::Content { file, faults } => match &faults[..] {
                [fault] => write!(f, "{}: {fault}", file.display()),
                faults => {
                    write!(f, "{}: {} faults", file.display(), faults.len())?;
                    faults.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
                }
            },
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Io { source, .. } => Some(source),
            Error::Content { .. } => None,
        }
    }
}
