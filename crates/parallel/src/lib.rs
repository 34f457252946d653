//! Training on several ranks that gives the same weights, to the last bit, for any number of them.

mod engine;
mod error;
mod header;
mod inputs;
mod print;
mod shards;
mod slice;
mod step;
mod sums;
mod threads;
#[cfg(feature = "train")]
mod train;
mod tree;
mod world;

pub use error::{Departure, Error, WorldError};
pub use shards::{Part, Shards};
pub use step::ShardedStep;
pub use threads::Threads;
pub use world::{Alone, Counted, Numbers, World};
