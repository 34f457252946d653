//! The text through the C compiler against the interpreter, bit for bit.
//!
//! All programs of a test become one source file and one process, so that a compiler is started once.

mod attended;
mod draw;
mod functions;
mod host;
mod kernels;
mod models;
#[cfg(feature = "native")]
mod native;
mod trained;
mod windows;
