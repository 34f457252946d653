//! What stands around a training loop: metrics, batches, logs, checkpoints, and the loop itself.

mod batches;
mod error;
#[cfg(feature = "interrupt")]
mod interrupt;
mod loader;
pub mod log;
pub mod metrics;
mod place;
mod session;
mod trainer;

pub use batches::{Batches, Rows};
pub use error::Error;
pub use files::{Better, Position};
pub use loader::Loader;
pub use session::Session;
pub use trainer::{End, Report, Trainer};
