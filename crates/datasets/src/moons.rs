//! Two interleaving half circles.

use crate::curves::{Curves, PairSizes};
use crate::dataset::Dataset;
use crate::error::Error;
use std::f64::consts::PI;

/// Starts a data set of two interleaving half circles, one per class.
///
/// `n_samples` is the total number, half of it (rounded down) on the outer moon, or a pair: the
/// numbers on the outer and on the inner one. [`Moons`] describes the data and the options.
///
/// # Examples
///
/// ```
/// use datasets::make_moons;
///
/// let data = make_moons(200).noise(0.1).random_state(42).generate()?;
/// assert_eq!(data.x.dim(), (200, 2));
/// assert_eq!(data.y.sum(), 100);
///
/// let uneven = make_moons((5, 8)).generate()?;
/// assert_eq!(uneven.y.sum(), 8);
/// # Ok::<(), datasets::Error>(())
/// ```
pub fn make_moons(n_samples: impl Into<PairSizes>) -> Moons {
    Moons { curves: Curves::new(n_samples.into()) }
}

/// The options of [`make_moons`].
///
/// With `t` evenly spaced over `[0, pi]`, the outer moon (label 0) consists of the points
/// `(cos t, sin t)` and the inner one (label 1) of `(1 - cos t, 1/2 - sin t)`. The samples are
/// shuffled, then Gaussian noise is added to every coordinate. The draws and their order are
/// those of scikit-learn 1.9's `make_moons`; coordinates agree to the last bits of the platform's
/// sine and cosine.
///
/// # Examples
///
/// ```
/// let moons = datasets::make_moons(4).shuffle(false).generate()?;
/// let end = moons.x.row(1);
/// assert_eq!((end[0], end[1].abs() < 1e-15), (-1.0, true));
/// assert_eq!(moons.y.to_vec(), [0, 0, 1, 1]);
/// # Ok::<(), datasets::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "options do nothing until `generate` is called"]
pub struct Moons {
    curves: Curves,
}

impl Moons {
    /// Says whether to shuffle the samples; otherwise all of class 0 come first. Default: true.
    ///
    /// # Examples
    ///
    /// ```
    /// let moons = datasets::make_moons(4).shuffle(false).generate()?;
    /// assert_eq!(moons.y.to_vec(), [0, 0, 1, 1]);
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
    /// let exact = datasets::make_moons(4).generate()?;
    /// let noisy = datasets::make_moons(4).noise(0.1).generate()?;
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
    /// let moons = datasets::make_moons(50).noise(0.1);
    /// let (a, b) = (moons.clone().random_state(1), moons.random_state(2));
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
    /// [`Error::InvalidArgument`] if the total number of samples is given as 0 or the noise is
    /// negative or not finite; [`Error::TooLarge`] if the samples do not fit in memory.
    ///
    /// # Examples
    ///
    /// ```
    /// let data = datasets::make_moons(50).noise(0.3).generate()?;
    /// assert_eq!(data.len(), 50);
    /// assert!(datasets::make_moons(0).generate().is_err());
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn generate(&self) -> Result<Dataset, Error> {
        self.curves.draw(|class, i, n| {
            let t = angle(i, n);
            if class == 0 { [t.cos(), t.sin()] } else { [1.0 - t.cos(), 1.0 - t.sin() - 0.5] }
        })
    }
}

/// Element `i` of NumPy's `linspace(0, pi, n)`, which sets the last one to `pi` exactly.
fn angle(i: usize, n: usize) -> f64 {
    match i {
        0 => 0.0,
        i if i + 1 == n => PI,
        i => i as f64 * (PI / (n - 1) as f64),
    }
}
