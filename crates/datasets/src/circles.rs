//! A circle within a circle.

use crate::curves::{Curves, PairSizes};
use crate::dataset::Dataset;
use crate::error::Error;
use std::f64::consts::TAU;

/// Starts a data set of a large circle with a smaller one in it, one per class.
///
/// `n_samples` is the total number, half of it (rounded down) on the outer circle, or a pair: the numbers on the outer and on
/// the inner one. [`Circles`] describes the data and the options.
///
/// # Examples
///
/// ```
/// let data = datasets::make_circles(100).noise(0.05).factor(0.5).random_state(42).generate()?;
/// assert_eq!(data.x.dim(), (100, 2));
/// assert_eq!(data.y.sum(), 50);
/// # Ok::<(), datasets::Error>(())
/// ```
pub fn make_circles(n_samples: impl Into<PairSizes>) -> Circles {
    Circles { curves: Curves::new(n_samples.into()), factor: 0.8 }
}

/// The options of [`make_circles`].
///
/// With `t` evenly spaced over `[0, 2 pi)`, the outer circle (label 0) consists of the points `(cos t, sin t)` and the inner one
/// (label 1) of `factor (cos t, sin t)`. The samples are shuffled, then Gaussian noise is added to every coordinate. The draws
/// and their order are those of scikit-learn 1.9's `make_circles`; coordinates agree to the last bits of the platform's sine and
/// cosine.
///
/// # Examples
///
/// ```
/// let circles = datasets::make_circles((4, 1)).shuffle(false).generate()?;
/// assert_eq!(circles.x.row(0).to_vec(), [1.0, 0.0]);
/// assert_eq!(circles.x.row(4).to_vec(), [0.8, 0.0]);
/// # Ok::<(), datasets::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "options do nothing until `generate` is called"]
pub struct Circles {
    curves: Curves,
    factor: f64,
}

impl Circles {
    /// Sets the radius of the inner circle, at least 0 and less than 1, the radius of the outer one. Default: 0.8.
    ///
    /// # Examples
    ///
    /// ```
    /// let circles = datasets::make_circles((0, 1)).factor(0.25).generate()?;
    /// assert_eq!(circles.x.row(0).to_vec(), [0.25, 0.0]);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn factor(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }

    /// Says whether to shuffle the samples; otherwise all of class 0 come first. Default: true.
    ///
    /// # Examples
    ///
    /// ```
    /// let circles = datasets::make_circles(4).shuffle(false).generate()?;
    /// assert_eq!(circles.y.to_vec(), [0, 0, 1, 1]);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn shuffle(mut self, shuffle: bool) -> Self {
        self.curves.shuffle = shuffle;
        self
    }

    /// Sets the standard deviation of the noise added to every coordinate. Default: no noise.
    ///
    /// # Examples
    ///
    /// ```
    /// let exact = datasets::make_circles(4).generate()?;
    /// let noisy = datasets::make_circles(4).noise(0.1).generate()?;
    /// assert_ne!(exact.x, noisy.x);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn noise(mut self, std: f64) -> Self {
        self.curves.noise = Some(std);
        self
    }

    /// Sets the seed of the shuffling and of the noise. Default: 0.
    ///
    /// # Examples
    ///
    /// ```
    /// let circles = datasets::make_circles(50).noise(0.1);
    /// let (a, b) = (circles.clone().random_state(1), circles.random_state(2));
    /// assert_ne!(a.generate()?, b.generate()?);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn random_state(mut self, seed: u32) -> Self {
        self.curves.random_state = seed;
        self
    }

    /// Draws the data: `x` of shape `[n_samples, 2]` and labels 0 and 1 of shape `[n_samples]`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if the total number of samples is given as 0, the factor is not in `[0, 1)` or the noise is
    /// negative or not finite; [`Error::TooLarge`] if the samples do not fit in memory.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(datasets::make_circles(50).generate()?.len(), 50);
    /// let error = datasets::make_circles(50).factor(1.5).generate().unwrap_err();
    /// assert_eq!(error.to_string(), "factor = 1.5, expected a number of at least 0 and less than 1");
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn generate(&self) -> Result<Dataset, Error> {
        if !(0.0..1.0).contains(&self.factor) {
            return Err(Error::invalid("factor", self.factor, "a number of at least 0 and less than 1"));
        }
        self.curves.draw(|class, i, n| {
            let t = i as f64 * (TAU / n as f64);
            let radius = if class == 0 { 1.0 } else { self.factor };
            [radius * t.cos(), radius * t.sin()]
        })
    }
}
