//! Running plans. This module knows memory views and kernels, never the tape.

mod machine;
mod operands;
mod stream;

pub(crate) use machine::{Failed, Machine, Ran};
pub use stream::Streams;
