//! Data generators and splits that reproduce scikit-learn's for the same `random_state`.
//!
//! Builders of one shape: name the size, set options, call `generate`.
//!
//! | builder | gives |
//! |---|---|
//! | [`make_moons`] | two interleaving half circles |
//! | [`make_circles`] | a circle within a circle |
//! | [`make_blobs`] | round clusters, one per class |
//! | [`make_classification`] | Gaussian clusters on the vertices of a hypercube |
//! | [`make_regression`] | targets that are a linear function of some features |
//! | [`train_test_split`] | the indices of a random, or stratified, split in two |
//! | [`k_fold`] | the splits of a cross-validation, stratified or not |
//!
//! [`standard_scaler`] and [`min_max_scaler`] have options likewise, and then `fit`: what was fitted transforms samples, and back.
//!
//! The generators draw from [`RandomState`], NumPy's legacy generator, in the order in which scikit-learn
//! 1.9 does. So a seed gives the same labels, indices and orders as there, and the same
//! coordinates up to the rounding of the platform's `ln`, `sin`, `cos` and matrix product. Where
//! scikit-learn takes fresh randomness if no `random_state` is given, the seed here is 0:
//! the same program gives the same data.
//!
//! Arguments that cannot be met are refused with an [`Error`] that names them.
//!
//! Real data stands behind features, all of them off by default:
//!
//! | feature | gives |
//! |---|---|
//! | `csv` | `csv`: tables from files, plain or gzip; `digits()`, `iris()` and `breast_cancer()`, embedded in the crate |
//! | `idx` | `idx`: arrays from and into IDX files; MNIST from a folder |
//! | `images` | `images`: PNG and JPEG pictures from a folder for each class |
//! | `text` | `text`: sonnets by Shakespeare, embedded in the crate |
//!
//! # Examples
//!
//! ```
//! use datasets::{make_moons, train_test_split};
//!
//! let data = make_moons(200).noise(0.1).random_state(42).generate()?;
//! let split = train_test_split(data.len()).test_size(0.2).stratify(&data.y).random_state(42);
//! let (train, test) = split.generate()?.apply(&data)?;
//!
//! assert_eq!((train.len(), test.len()), (160, 40));
//! assert_eq!(test.y.sum(), 20);
//! # Ok::<(), datasets::Error>(())
//! ```

mod blobs;
#[cfg(any(feature = "csv", feature = "idx"))]
mod bytes;
mod circles;
mod classification;
mod clusters;
#[cfg(feature = "csv")]
pub mod csv;
mod curves;
mod dataset;
#[cfg(feature = "csv")]
mod embedded;
mod error;
#[cfg(any(feature = "idx", feature = "images"))]
mod file_error;
mod folds;
mod hypercube;
#[cfg(feature = "idx")]
pub mod idx;
#[cfg(feature = "images")]
pub mod images;
mod moons;
#[cfg(any(feature = "idx", feature = "images"))]
mod pictures;
mod random_state;
mod regression;
mod scaler;
mod split;
#[cfg(feature = "text")]
pub mod text;

pub use blobs::{BlobCenters, BlobSizes, Blobs, make_blobs};
pub use circles::{Circles, make_circles};
pub use classification::{Classification, make_classification};
pub use curves::PairSizes;
pub use dataset::{Dataset, Target};
#[cfg(feature = "csv")]
pub use embedded::{BREAST_CANCER_FEATURES, breast_cancer, digits, iris};
pub use error::Error;
#[cfg(any(feature = "idx", feature = "images"))]
pub use file_error::FileError;
pub use folds::{Folds, KFold, k_fold};
pub use moons::{Moons, make_moons};
#[cfg(any(feature = "idx", feature = "images"))]
pub use pictures::Images;
pub use random_state::RandomState;
pub use regression::{Regression, make_regression};
pub use scaler::{MinMaxScaler, Scaler, StandardScaler, min_max_scaler, standard_scaler};
pub use split::{Split, TestSize, TrainTestSplit, train_test_split};
