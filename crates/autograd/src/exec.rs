//! Execution of plans. It sees operands, never the tape.

mod machine;
mod stream;

pub(crate) use machine::{Failed, Machine};
pub use stream::Streams;
