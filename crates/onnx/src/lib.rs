//! Traced computations as ONNX files, which other programs run.

mod attended;
mod error;
mod export;
mod file;
mod functions;
mod indexed;
mod loops;
mod model;
mod ops;
mod sliding;
mod term;
mod trace;
mod wire;
mod writer;

pub use error::Error;
pub use export::Export;
