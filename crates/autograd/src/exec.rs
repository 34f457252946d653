//! Running plans. This module knows memory views and kernels, never the tape.

mod machine;
mod operands;
mod repeat;
mod scalars;
mod stream;

pub(crate) use machine::{Failed, Machine, Ran};
pub(crate) use repeat::{Repeated, Steps};
pub use stream::Streams;
