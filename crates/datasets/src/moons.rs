//! Two interleaving half circles.

use crate::dataset::Dataset;
use crate::error::{Error, filled, reserve, zeros};
use crate::random_state::RandomState;
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
pub fn make_moons(n_samples: impl Into<MoonSizes>) -> Moons {
    Moons { n_samples: n_samples.into(), shuffle: true, noise: None, random_state: 0 }
}

/// The number of samples of [`make_moons`]: one total, or one number for each moon.
///
/// # Examples
///
/// ```
/// use datasets::MoonSizes;
///
/// assert_eq!(MoonSizes::from(9), MoonSizes::Total(9));
/// assert_eq!(MoonSizes::from((5, 8)), MoonSizes::Pair { outer: 5, inner: 8 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoonSizes {
    /// Samples in all, at least 1: `n / 2` on the outer moon, the rest on the inner one.
    Total(usize),
    /// Samples on each moon; either may be 0.
    Pair {
        /// Samples on the outer moon, label 0.
        outer: usize,
        /// Samples on the inner moon, label 1.
        inner: usize,
    },
}

impl From<usize> for MoonSizes {
    fn from(total: usize) -> Self {
        Self::Total(total)
    }
}

impl From<(usize, usize)> for MoonSizes {
    fn from((outer, inner): (usize, usize)) -> Self {
        Self::Pair { outer, inner }
    }
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
    n_samples: MoonSizes,
    shuffle: bool,
    noise: Option<f64>,
    random_state: u32,
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
        self.shuffle = shuffle;
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
        self.noise = Some(std);
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
        self.random_state = seed;
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
        let (outer, inner) = self.check()?;
        let elements = outer as u128 + inner as u128;
        let n = usize::try_from(elements).map_err(|_| Error::TooLarge { argument: "n_samples", elements })?;
        let mut x = zeros("n_samples", n, 2)?;
        let mut y = filled("n_samples", n, 0)?;
        let mut rng = RandomState::new(self.random_state);

        let mut order = reserve("n_samples", n)?;
        order.extend(0..n);
        if self.shuffle {
            rng.shuffle(&mut order);
        }
        for ((mut row, label), &i) in x.outer_iter_mut().zip(&mut y).zip(&order) {
            let t = if i < outer { angle(i, outer) } else { angle(i - outer, inner) };
            if i < outer {
                (row[0], row[1]) = (t.cos(), t.sin());
            } else {
                (row[0], row[1]) = (1.0 - t.cos(), 1.0 - t.sin() - 0.5);
                *label = 1;
            }
        }
        if let Some(std) = self.noise {
            x.iter_mut().for_each(|value| *value += rng.normal(0.0, std));
        }
        Ok(Dataset { x, y: y.into() })
    }

    /// Refuses impossible options; returns the numbers of samples on the outer and inner moon.
    fn check(&self) -> Result<(usize, usize), Error> {
        if let Some(std) = self.noise
            && !(std.is_finite() && std >= 0.0)
        {
            return Err(Error::invalid("noise", std, "a finite number of at least 0"));
        }
        match self.n_samples {
            MoonSizes::Total(0) => Err(Error::invalid("n_samples", 0, "at least 1")),
            MoonSizes::Total(n) => Ok((n / 2, n - n / 2)),
            MoonSizes::Pair { outer, inner } => Ok((outer, inner)),
        }
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
