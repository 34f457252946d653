//! What stands around a training loop: metrics, batches, logs, checkpoints, and the loop itself.

mod batches;
mod loader;
pub mod log;
pub mod metrics;

pub use batches::{Batches, Rows};
pub use loader::{Loader, Position};
