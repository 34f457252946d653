//! Execution of plans. It sees operands, never the tape.

mod machine;
mod operands;
mod stream;

pub(crate) use machine::{Failed, Machine, Ran};
pub use stream::Streams;
