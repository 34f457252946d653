//! Training on several ranks that gives the same weights, to the last bit, for any number of them.

mod error;
mod threads;
mod world;

pub use error::{Departure, WorldError};
pub use threads::Threads;
pub use world::{Alone, Counted, Numbers, World};
