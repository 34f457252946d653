//! What stands around a training loop: metrics, batches, logs, checkpoints, and the loop itself.

pub mod metrics;
