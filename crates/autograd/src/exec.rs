//! Running plans. This module knows memory views and kernels, never the tape.

mod machine;
mod operands;
mod repeat;
mod scalars;
mod small;
mod spell;
mod steps;
mod stream;

pub use machine::Addresses;
pub(crate) use machine::{Failed, Machine, Ran};
pub(crate) use repeat::Repeated;
pub(crate) use small::Small;
pub use stream::Streams;
