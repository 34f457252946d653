//! Why a computation cannot be exported.

use crate::model::MOST_BYTES;
use autograd::ProgramError;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a computation cannot be exported.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// An op that ONNX cannot say at this opset.
    Unsupported {
        /// The op.
        op: String,
        /// Its number in the trace.
        node: u32,
        /// The line that recorded it, and the scope where there is one.
        site: String,
        /// What is missing, and what to do instead.
        hint: &'static str,
    },
    /// Parameters of another model than the program was traced for.
    Params(ProgramError),
    /// A name that stands for two things, or that is empty.
    Name {
        /// The name.
        name: String,
        /// What has it: inputs, outputs, parameters.
        of: &'static str,
    },
    /// More bytes than a file of protocol buffers may have.
    TooLarge {
        /// How many.
        bytes: usize,
    },
    /// The file cannot be written.
    Io {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Unsupported { op, node, site, hint } => {
                write!(f, "ONNX export: `{op}`, node {node}, recorded at {site}: {hint}")
            }
            Error::Params(error) => write!(f, "ONNX export: {error}"),
            Error::Name { name, of } if name.is_empty() => {
                write!(f, "ONNX export: {of} without a name: ONNX takes an empty name for a missing one")
            }
            Error::Name { name, of } => write!(
                f,
                "ONNX export: the {of} `{name}` has a name that an input, an output, a parameter or a buffer has \
                 too: give each a name of its own, outputs by `with_names`"
            ),
            Error::TooLarge { bytes } => write!(
                f,
                "ONNX export: the file would have {bytes} bytes, and protocol buffers have at most {}: export parts",
                MOST_BYTES
            ),
            Error::Io { path, source } => write!(f, "ONNX export: {}: {source}", path.display()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Params(error) => Some(error),
            Error::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
