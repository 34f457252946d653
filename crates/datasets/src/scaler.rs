//! Scales features, and undoes it.

use crate::error::Error;
use ndarray::{Array1, Array2, ArrayRef2, ArrayView1};

/// Starts a scaling of each feature to mean 0 and variance 1.
///
/// [`StandardScaler`] describes the options.
///
/// # Examples
///
/// ```
/// let x = ndarray::array![[1.0, 5.0], [3.0, 5.0]];
/// let scaler = datasets::standard_scaler().fit(&x)?;
/// let z = scaler.transform(&x)?;
/// assert_eq!(z, ndarray::array![[-1.0, 0.0], [1.0, 0.0]]);
/// assert_eq!(scaler.inverse(&z)?, x);
/// # Ok::<(), datasets::Error>(())
/// ```
pub fn standard_scaler() -> StandardScaler {
    StandardScaler { with_mean: true, with_std: true, ddof: 0 }
}

/// Starts a scaling of each feature to an interval.
///
/// [`MinMaxScaler`] describes the options.
///
/// # Examples
///
/// ```
/// let x = ndarray::array![[1.0, 5.0], [3.0, 5.0]];
/// let z = datasets::min_max_scaler().fit(&x)?.transform(&x)?;
/// assert_eq!(z, ndarray::array![[0.0, 0.0], [1.0, 0.0]]);
/// # Ok::<(), datasets::Error>(())
/// ```
pub fn min_max_scaler() -> MinMaxScaler {
    MinMaxScaler { low: 0.0, high: 1.0, clip: false }
}

/// The options of [`standard_scaler`].
///
/// `z = (x - mean) / std`, feature by feature. A constant feature is centred and not divided. What is fitted on training samples
/// also transforms the others: fitting on all of them would tell of the test samples. NaN stands for a missing value: it is left
/// out of mean and deviation, and stays NaN. These are the rules of scikit-learn 1.9's `StandardScaler`.
///
/// # Examples
///
/// ```
/// let x = ndarray::array![[0.0], [f64::NAN], [4.0]];
/// assert_eq!(datasets::standard_scaler().fit(&x)?.transform(&x)?[[2, 0]], 1.0);
/// # Ok::<(), datasets::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "options do nothing until `fit` is called"]
pub struct StandardScaler {
    with_mean: bool,
    with_std: bool,
    ddof: usize,
}

impl StandardScaler {
    /// Says whether to subtract the mean. Default: true.
    ///
    /// # Examples
    ///
    /// ```
    /// let x = ndarray::array![[1.0], [3.0]];
    /// let z = datasets::standard_scaler().with_mean(false).fit(&x)?.transform(&x)?;
    /// assert_eq!(z, x);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn with_mean(mut self, yes: bool) -> Self {
        self.with_mean = yes;
        self
    }

    /// Says whether to divide by the standard deviation. Default: true.
    ///
    /// # Examples
    ///
    /// ```
    /// let x = ndarray::array![[0.0], [4.0]];
    /// let z = datasets::standard_scaler().with_std(false).fit(&x)?.transform(&x)?;
    /// assert_eq!(z, ndarray::array![[-2.0], [2.0]]);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn with_std(mut self, yes: bool) -> Self {
        self.with_std = yes;
        self
    }

    /// Sets what is subtracted from the number of samples where the variance divides by it: 0, or 1 for the unbiased estimate.
    /// Default: 0, as in scikit-learn, which has no such option.
    ///
    /// # Examples
    ///
    /// ```
    /// let x = ndarray::array![[1.0], [2.0], [3.0]];
    /// assert_eq!(datasets::standard_scaler().ddof(1).fit(&x)?.scales()[0], 1.0);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn ddof(mut self, ddof: usize) -> Self {
        self.ddof = ddof;
        self
    }

    /// Takes mean and standard deviation from `x` of shape `[n_samples, n_features]`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for an infinite number, a feature with fewer than `ddof + 1` numbers, or one whose variance
    /// overflows.
    ///
    /// # Examples
    ///
    /// ```
    /// let x = ndarray::array![[1.0, 5.0], [3.0, f64::INFINITY]];
    /// let error = datasets::standard_scaler().fit(&x).unwrap_err();
    /// assert_eq!(error.to_string(), "x = inf at [1, 1], expected a finite number, or NaN for a missing one");
    /// ```
    pub fn fit(&self, x: &ArrayRef2<f64>) -> Result<Scaler, Error> {
        Scaler::of(x, self.ddof.saturating_add(1), None, |numbers| {
            let (mean, variance) = moments(numbers, self.ddof);
            // The rounding of the mean makes constant numbers seem to vary.
            let n = numbers.len() as f64;
            let noise = n * f64::EPSILON * variance + (n * mean * f64::EPSILON).powi(2);
            let constant = variance.is_finite() && variance <= noise || !self.with_std;
            let scale = if constant { 1.0 } else { variance.sqrt() };
            (if self.with_mean { mean } else { 0.0 }, scale, 0.0)
        })
    }
}

/// Mean and variance, in two passes; the second corrects the first (T. F. Chan, G. H. Golub and R. J. LeVeque, *Algorithms for
/// computing the sample variance*, 1983).
fn moments(numbers: &[f64], ddof: usize) -> (f64, f64) {
    let n = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / n;
    let (sum, squares) =
        numbers.iter().map(|x| x - mean).fold((0.0, 0.0), |(sum, squares), d| (sum + d, squares + d * d));
    (mean, (squares - sum * sum / n) / (n - ddof as f64))
}

/// The options of [`min_max_scaler`].
///
/// `z = low + (x - min) (high - low) / (max - min)`, feature by feature. A constant feature becomes `low`. NaN stays NaN. These are
/// the rules of scikit-learn 1.9's `MinMaxScaler`.
///
/// # Examples
///
/// ```
/// let x = ndarray::array![[0.0], [1.0], [4.0]];
/// assert_eq!(datasets::min_max_scaler().fit(&x)?.transform(&x)?[[1, 0]], 0.25);
/// # Ok::<(), datasets::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "options do nothing until `fit` is called"]
pub struct MinMaxScaler {
    low: f64,
    high: f64,
    clip: bool,
}

impl MinMaxScaler {
    /// Sets the interval. Default: from 0 to 1.
    ///
    /// # Examples
    ///
    /// ```
    /// let x = ndarray::array![[0.0], [1.0], [4.0]];
    /// let z = datasets::min_max_scaler().range(-1.0, 1.0).fit(&x)?.transform(&x)?;
    /// assert_eq!(z, ndarray::array![[-1.0], [-0.5], [1.0]]);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn range(mut self, low: f64, high: f64) -> Self {
        (self.low, self.high) = (low, high);
        self
    }

    /// Says whether samples beyond those that were fitted are cut to the interval. Default: false.
    ///
    /// # Examples
    ///
    /// ```
    /// let scaler = datasets::min_max_scaler().clip(true).fit(&ndarray::array![[0.0], [2.0]])?;
    /// assert_eq!(scaler.transform(&ndarray::array![[3.0]])?[[0, 0]], 1.0);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn clip(mut self, yes: bool) -> Self {
        self.clip = yes;
        self
    }

    /// Takes the smallest and the largest numbers from `x` of shape `[n_samples, n_features]`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for an interval that is none, an infinite number, a feature without numbers, or one whose range
    /// overflows.
    ///
    /// # Examples
    ///
    /// ```
    /// let x = ndarray::array![[0.0], [1.0]];
    /// let error = datasets::min_max_scaler().range(1.0, 1.0).fit(&x).unwrap_err();
    /// assert_eq!(error.to_string(), "range = 1..1, expected two finite numbers, the smaller one first");
    /// ```
    pub fn fit(&self, x: &ArrayRef2<f64>) -> Result<Scaler, Error> {
        let (low, high) = (self.low, self.high);
        if !(low < high && (high - low).is_finite()) {
            let expected = "two finite numbers, the smaller one first";
            return Err(Error::invalid("range", format!("{low}..{high}"), expected));
        }
        Scaler::of(x, 1, self.clip.then_some((low, high)), |numbers| {
            let min = numbers.iter().copied().fold(f64::INFINITY, f64::min);
            let max = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let constant = max - min < 10.0 * f64::EPSILON;
            (min, if constant { 1.0 } else { max - min } / (high - low), low)
        })
    }
}

/// A scaling that was fitted: `z = (x - center) / scale + low`, feature by feature.
///
/// # Examples
///
/// ```
/// let scaler = datasets::standard_scaler().fit(&ndarray::array![[1.0], [3.0]])?;
/// assert_eq!((scaler.centers()[0], scaler.scales()[0]), (2.0, 1.0));
/// # Ok::<(), datasets::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Scaler {
    centers: Array1<f64>,
    scales: Array1<f64>,
    low: f64,
    clip: Option<(f64, f64)>,
}

impl Scaler {
    /// Fits each column; `of` gives centre, scale and low end for the numbers of one, of which there have to be `least`.
    fn of(
        x: &ArrayRef2<f64>,
        least: usize,
        clip: Option<(f64, f64)>,
        of: impl Fn(&[f64]) -> (f64, f64, f64),
    ) -> Result<Self, Error> {
        let mut scaler =
            Scaler { centers: Array1::zeros(x.ncols()), scales: Array1::ones(x.ncols()), low: 0.0, clip };
        for (j, column) in x.columns().into_iter().enumerate() {
            let numbers = numbers(column, j)?;
            if numbers.len() < least {
                let found = format!("{} numbers in column {j}", numbers.len());
                return Err(Error::invalid("x", found, format!("at least {least}")));
            }
            let (center, scale, low) = of(&numbers);
            if !(center.is_finite() && scale.is_finite()) {
                let spread = format!("a spread of {scale:e} in column {j}");
                return Err(Error::invalid("x", spread, "numbers that are closer together"));
            }
            (scaler.centers[j], scaler.scales[j], scaler.low) = (center, scale, low);
        }
        Ok(scaler)
    }

    /// Scales `x` of shape `[n_samples, n_features]`.
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`] unless `x` has as many features as were fitted.
    ///
    /// # Examples
    ///
    /// ```
    /// let (train, test) = (ndarray::array![[1.0], [3.0]], ndarray::array![[5.0]]);
    /// assert_eq!(datasets::standard_scaler().fit(&train)?.transform(&test)?[[0, 0]], 3.0);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn transform(&self, x: &ArrayRef2<f64>) -> Result<Array2<f64>, Error> {
        self.check(x)?;
        let z = (&x.view() - &self.centers) / &self.scales + self.low;
        Ok(match self.clip {
            Some((low, high)) => z.mapv_into(|z| z.clamp(low, high)),
            None => z,
        })
    }

    /// Gives the samples back from what [`transform`](Self::transform) gave, up to rounding and what was clipped.
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`] unless `z` has as many features as were fitted.
    ///
    /// # Examples
    ///
    /// ```
    /// let x = ndarray::array![[2.0], [6.0]];
    /// let scaler = datasets::min_max_scaler().fit(&x)?;
    /// assert_eq!(scaler.inverse(&ndarray::array![[0.5]])?[[0, 0]], 4.0);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn inverse(&self, z: &ArrayRef2<f64>) -> Result<Array2<f64>, Error> {
        self.check(z)?;
        Ok((&z.view() - self.low) * &self.scales + &self.centers)
    }

    /// What is subtracted from each feature, `[n_features]`.
    ///
    /// # Examples
    ///
    /// ```
    /// let scaler = datasets::min_max_scaler().fit(&ndarray::array![[2.0], [6.0]])?;
    /// assert_eq!(scaler.centers().to_vec(), [2.0]);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    #[must_use]
    pub fn centers(&self) -> &Array1<f64> {
        &self.centers
    }

    /// What each feature is divided by, `[n_features]`.
    ///
    /// # Examples
    ///
    /// ```
    /// let scaler = datasets::min_max_scaler().fit(&ndarray::array![[2.0], [6.0]])?;
    /// assert_eq!(scaler.scales().to_vec(), [4.0]);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    #[must_use]
    pub fn scales(&self) -> &Array1<f64> {
        &self.scales
    }

    fn check(&self, x: &ArrayRef2<f64>) -> Result<(), Error> {
        let (len, features) = (x.ncols(), self.scales.len());
        if len == features {
            return Ok(());
        }
        let expected = format!("{features}, as the samples that were fitted");
        Err(Error::LengthMismatch { argument: "a row of x", len, expected })
    }
}

/// The numbers of column `j` that are not missing.
fn numbers(column: ArrayView1<'_, f64>, j: usize) -> Result<Vec<f64>, Error> {
    if let Some(i) = column.iter().position(|x| x.is_infinite()) {
        let expected = "a finite number, or NaN for a missing one";
        return Err(Error::invalid("x", format!("{} at [{i}, {j}]", column[i]), expected));
    }
    Ok(column.iter().copied().filter(|x| !x.is_nan()).collect())
}
