//! Logs of training runs: CSV, JSON lines, and TensorBoard's event files.
//!
//! A log that goes on after a restart has no row twice: [`Log::begin`] cuts it back to the step of the checkpoint.
//!
//! ```
//! use train::log::{Csv, Log};
//! let path = std::env::temp_dir().join(format!("wengert-log-{}.csv", std::process::id()));
//! let mut log = Csv::new(&path);
//! log.begin(0, Some(4))?;
//! for step in 1..=3 {
//!     log.scalars(step, &[("loss", 1.0 / step as f64)])?;
//! }
//! // Killed here. The checkpoint was that of step 2.
//! let mut log = Csv::new(&path);
//! log.begin(2, Some(4))?;
//! log.scalars(3, &[("loss", 0.25)])?;
//! log.keep()?;
//! assert_eq!(std::fs::read_to_string(&path)?, "step,name,value\n1,loss,1.0\n2,loss,0.5\n3,loss,0.25\n");
//! # std::fs::remove_file(&path)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod appended;
mod csv;
#[cfg(feature = "dashboard")]
mod dashboard;
mod json;
#[cfg(feature = "progress")]
mod progress;
pub mod tensorboard;

pub use csv::Csv;
#[cfg(feature = "dashboard")]
pub use dashboard::Dashboard;
pub use files::Error;
pub use json::JsonLines;
#[cfg(feature = "progress")]
pub use progress::Progress;
pub use tensorboard::TensorBoard;

/// What is told of a training run while it goes on. A [`Trainer`](crate::Trainer) calls it; so can any loop.
///
/// A log of your own:
///
/// ```
/// use train::log::{Error, Log};
/// #[derive(Default)]
/// struct Memory(Vec<(u64, f64)>);
/// impl Log for Memory {
///     fn begin(&mut self, step: u64, _: Option<u64>) -> Result<(), Error> {
///         self.0.retain(|(logged, _)| *logged <= step);
///         Ok(())
///     }
///     fn scalars(&mut self, step: u64, values: &[(&str, f64)]) -> Result<(), Error> {
///         self.0.extend(values.iter().map(|(_, value)| (step, *value)));
///         Ok(())
///     }
/// }
/// let mut memory = Memory::default();
/// memory.scalars(1, &[("loss", 0.5)])?;
/// assert_eq!(memory.0, [(1, 0.5)]);
/// # Ok::<(), Error>(())
/// ```
pub trait Log {
    /// Training begins, after `step` steps that were made before; it ends after `steps`, if that is known. What was logged of later
    /// steps is forgotten; after 0 steps, everything is.
    ///
    /// # Errors
    /// If the file is no such log, or the system refuses.
    fn begin(&mut self, step: u64, steps: Option<u64>) -> Result<(), Error>;

    /// Logs numbers with their names, after so many steps. Steps do not fall.
    ///
    /// # Errors
    /// If the system refuses.
    fn scalars(&mut self, step: u64, values: &[(&str, f64)]) -> Result<(), Error>;

    /// Another step was made, whether something is logged of it or not.
    ///
    /// # Errors
    /// If the system refuses.
    fn tick(&mut self, step: u64) -> Result<(), Error> {
        let _ = step;
        Ok(())
    }

    /// Everything that was logged is to be on the disk: a checkpoint is about to be written.
    ///
    /// # Errors
    /// If the system refuses.
    fn keep(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

impl<L: Log + ?Sized> Log for Box<L> {
    fn begin(&mut self, step: u64, steps: Option<u64>) -> Result<(), Error> {
        (**self).begin(step, steps)
    }
    fn scalars(&mut self, step: u64, values: &[(&str, f64)]) -> Result<(), Error> {
        (**self).scalars(step, values)
    }
    fn tick(&mut self, step: u64) -> Result<(), Error> {
        (**self).tick(step)
    }
    fn keep(&mut self) -> Result<(), Error> {
        (**self).keep()
    }
}
