//! How good predictions are, equal to scikit-learn's figures.
//!
//! Slices go in, numbers come out. Data that has no such figure (a label of no class, a weight below 0, labels of one class
//! alone) gives a [`MetricError`] that names the row; slices of different lengths are a mistake of the caller and panic.
//! A ratio 0/0 counts as 0 unless it is told otherwise.
//!
//! ```
//! use train::metrics::{Confusion, Regression, roc_auc};
//! let confusion = Confusion::of(&[0, 1, 2, 2], &[0, 2, 2, 2], 3)?;
//! assert_eq!((confusion.accuracy(), confusion.recall().class(1)), (0.75, 0.0));
//! let fit = Regression::of(&[1.0, 2.0, 3.0], &[1.0, 2.0, 4.0])?;
//! assert_eq!((fit.mean_squared_error(), fit.r2()), (1.0 / 3.0, 0.5));
//! assert_eq!(roc_auc(&[false, true, true], &[0.1, 0.9, 0.5], None)?, 1.0);
//! # Ok::<(), train::metrics::MetricError>(())
//! ```

mod clustering;
mod confusion;
mod error;
mod mean;
mod probability;
mod ranking;
mod regression;

pub use clustering::{Clusterings, silhouette};
pub use confusion::{Confusion, Ratios};
pub use error::MetricError;
pub use mean::Mean;
pub use probability::{Calibration, Probabilities};
pub use ranking::{PrecisionRecall, Roc, average_precision, brier, roc_auc};
pub use regression::Regression;
