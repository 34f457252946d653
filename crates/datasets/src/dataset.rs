//! Samples with their labels or targets.

use crate::error::{Error, reserve, zeros};
use ndarray::{Array1, Array2};

/// Samples in the rows of a matrix, and for each the label of its class, or a number: the target of a regression.
///
/// A `Dataset` has labels, a `Dataset<f64>` targets.
///
/// # Examples
///
/// ```
/// let data = datasets::make_moons(30).generate()?;
/// assert_eq!(data.x.dim(), (30, 2));
/// assert_eq!(data.y.len(), 30);
/// # Ok::<(), datasets::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset<T: Target = i64> {
    /// The samples, `[n_samples, n_features]`.
    pub x: Array2<f64>,
    /// The labels or targets, `[n_samples]`.
    pub y: Array1<T>,
}

/// What a [`Dataset`] knows of a sample: a label, `i64`, or a target, `f64`.
///
/// # Examples
///
/// ```
/// use datasets::{Dataset, Target};
///
/// fn last<T: Target>(data: &Dataset<T>) -> Option<T> {
///     data.y.last().copied()
/// }
/// assert_eq!(last(&datasets::make_moons(4).shuffle(false).generate()?), Some(1));
/// # Ok::<(), datasets::Error>(())
/// ```
pub trait Target: Copy + sealed::Sealed {}

impl Target for i64 {}
impl Target for f64 {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for i64 {}
    impl Sealed for f64 {}
}

impl<T: Target> Dataset<T> {
    /// Joins samples `x` of shape `[n, features]` and labels or targets `y` of shape `[n]`.
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`] if `y` does not have one entry for each row of `x`.
    ///
    /// # Examples
    ///
    /// ```
    /// use datasets::Dataset;
    /// use ndarray::array;
    ///
    /// let data = Dataset::new(array![[0.5, 1.5], [2.5, 3.5]], array![0, 1])?;
    /// assert_eq!(data.len(), 2);
    /// assert!(Dataset::new(array![[0.5, 1.5]], array![0, 1]).is_err());
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn new(x: Array2<f64>, y: Array1<T>) -> Result<Self, Error> {
        let data = Self { x, y };
        data.check()?;
        Ok(data)
    }

    /// Counts the samples.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(datasets::make_moons((3, 4)).generate()?.len(), 7);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.x.nrows()
    }

    /// Says whether there are no samples.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(datasets::make_moons((0, 0)).generate()?.is_empty());
    /// # Ok::<(), datasets::Error>(())
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Copies the samples at `indices`, in that order; an index may occur more than once.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for an index outside `0..n_samples`, [`Error::LengthMismatch`]
    /// if `x` and `y` differ in length, [`Error::TooLarge`] if the copy does not fit in memory.
    ///
    /// # Examples
    ///
    /// ```
    /// let data = datasets::make_moons(6).shuffle(false).generate()?;
    /// let ends = data.select(&[5, 0])?;
    /// assert_eq!(ends.x.row(1), data.x.row(0));
    /// assert_eq!(ends.y.to_vec(), [1, 0]);
    /// assert!(data.select(&[6]).is_err());
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn select(&self, indices: &[usize]) -> Result<Self, Error> {
        self.check()?;
        if let Some(&index) = indices.iter().find(|&&index| index >= self.len()) {
            let expected = format!("less than the number of samples, {}", self.len());
            return Err(Error::invalid("index", index, expected));
        }
        let mut x = zeros("indices", indices.len(), self.x.ncols())?;
        for (mut row, &index) in x.outer_iter_mut().zip(indices) {
            row.assign(&self.x.row(index));
        }
        let mut y = reserve("indices", indices.len())?;
        y.extend(indices.iter().map(|&index| self.y[index]));
        Ok(Self { x, y: y.into() })
    }

    /// Rounds the samples to `f32`, the numbers of most networks.
    ///
    /// # Examples
    ///
    /// ```
    /// let data = datasets::make_moons(4).generate()?;
    /// assert_eq!(data.x_f32()[[2, 1]], data.x[[2, 1]] as f32);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    #[must_use]
    pub fn x_f32(&self) -> Array2<f32> {
        self.x.mapv(|x| x as f32)
    }

    /// The fields are public, so they can come to disagree after construction.
    fn check(&self) -> Result<(), Error> {
        let (len, rows) = (self.y.len(), self.x.nrows());
        if len != rows {
            let expected = format!("one entry for each of the {rows} rows of x");
            return Err(Error::LengthMismatch { argument: "y", len, expected });
        }
        Ok(())
    }
}

impl Dataset<f64> {
    /// Rounds the targets to `f32`.
    ///
    /// # Examples
    ///
    /// ```
    /// let data = datasets::make_regression(4).generate()?;
    /// assert_eq!(data.y_f32()[2], data.y[2] as f32);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    #[must_use]
    pub fn y_f32(&self) -> Array1<f32> {
        self.y.mapv(|y| y as f32)
    }
}
