//! Samples with their labels.

use crate::error::{Error, reserve, zeros};
use ndarray::{Array1, Array2};

/// Samples in the rows of a matrix, and a class label for each.
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
pub struct Dataset {
    /// The samples, `[n_samples, n_features]`.
    pub x: Array2<f64>,
    /// The labels, `[n_samples]`.
    pub y: Array1<i64>,
}

impl Dataset {
    /// Joins samples `x` of shape `[n, features]` and labels `y` of shape `[n]`.
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`] if `y` does not have one label for each row of `x`.
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
    pub fn new(x: Array2<f64>, y: Array1<i64>) -> Result<Self, Error> {
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

    /// The fields are public, so they can come to disagree after construction.
    fn check(&self) -> Result<(), Error> {
        let (len, rows) = (self.y.len(), self.x.nrows());
        if len != rows {
            let expected = format!("one label for each of the {rows} rows of x");
            return Err(Error::LengthMismatch { argument: "y", len, expected });
        }
        Ok(())
    }
}
