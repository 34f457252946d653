//! A linear model with noise.

use crate::dataset::Dataset;
use crate::error::{Error, check_scale, filled, order, reserve, zeros};
use crate::random_state::RandomState;
use ndarray::Array1;

/// Starts a data set whose targets are a linear function of some of the features, plus noise.
///
/// [`Regression`] describes the data and the options.
///
/// # Examples
///
/// ```
/// let data = datasets::make_regression(50).n_features(5).n_informative(2).noise(0.1).random_state(1).generate()?;
/// assert_eq!((data.x.dim(), data.y.len()), ((50, 5), 50));
/// # Ok::<(), datasets::Error>(())
/// ```
pub fn make_regression(n_samples: usize) -> Regression {
    Regression {
        n_samples,
        n_features: 100,
        n_informative: 10,
        bias: 0.0,
        noise: 0.0,
        shuffle: true,
        random_state: 0,
    }
}

/// The options of [`make_regression`].
///
/// `y = X w + bias + noise z`, with `X` and `z` standard normal, `w` uniform in `[0, 100)` for the informative features and 0 for
/// the others. At last, samples and features are shuffled. The draws and their order are those of scikit-learn 1.9's
/// `make_regression` for one target and no `effective_rank`; targets agree up to the rounding of the matrix product.
///
/// # Examples
///
/// ```
/// let (data, w) = datasets::make_regression(20).n_features(3).bias(2.0).generate_with_coefficients()?;
/// let error = &data.x.dot(&w) + 2.0 - &data.y;
/// assert!(error.iter().all(|e| e.abs() < 1e-9));
/// # Ok::<(), datasets::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "options do nothing until `generate` is called"]
pub struct Regression {
    n_samples: usize,
    n_features: usize,
    n_informative: usize,
    bias: f64,
    noise: f64,
    shuffle: bool,
    random_state: u32,
}

impl Regression {
    /// Sets the number of features. Default: 100.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(datasets::make_regression(9).n_features(4).generate()?.x.ncols(), 4);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn n_features(mut self, n: usize) -> Self {
        self.n_features = n;
        self
    }

    /// Sets how many features the targets depend on, at most all of them. Default: 10.
    ///
    /// # Examples
    ///
    /// ```
    /// let model = datasets::make_regression(9).n_features(4).n_informative(1);
    /// let (_, w) = model.generate_with_coefficients()?;
    /// assert_eq!(w.iter().filter(|&&w| w != 0.0).count(), 1);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn n_informative(mut self, n: usize) -> Self {
        self.n_informative = n;
        self
    }

    /// Sets what is added to all targets. Default: 0.
    ///
    /// # Examples
    ///
    /// ```
    /// let data = datasets::make_regression(9).n_informative(0).bias(3.0).generate()?;
    /// assert_eq!(data.y.to_vec(), [3.0; 9]);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn bias(mut self, bias: f64) -> Self {
        self.bias = bias;
        self
    }

    /// Sets the standard deviation of the noise on the targets. Default: 0.
    ///
    /// # Examples
    ///
    /// ```
    /// let exact = datasets::make_regression(9);
    /// assert_ne!(exact.generate()?.y, exact.clone().noise(1.0).generate()?.y);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn noise(mut self, std: f64) -> Self {
        self.noise = std;
        self
    }

    /// Says whether to shuffle samples and features; otherwise the informative features come first. Default: true.
    ///
    /// # Examples
    ///
    /// ```
    /// let model = datasets::make_regression(9).n_features(3).n_informative(1).shuffle(false);
    /// assert!(model.generate_with_coefficients()?.1[0] != 0.0);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn shuffle(mut self, shuffle: bool) -> Self {
        self.shuffle = shuffle;
        self
    }

    /// Sets the seed of everything that is drawn. Default: 0.
    ///
    /// # Examples
    ///
    /// ```
    /// let model = datasets::make_regression(9).random_state(7);
    /// assert_eq!(model.generate()?, model.generate()?);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn random_state(mut self, seed: u32) -> Self {
        self.random_state = seed;
        self
    }

    /// Draws the data: `x` of shape `[n_samples, n_features]` and targets of shape `[n_samples]`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] without samples or features, for a noise that is negative or not finite and a bias that is not
    /// finite; [`Error::TooLarge`] if the samples do not fit in memory.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(datasets::make_regression(20).generate()?.x.dim(), (20, 100));
    /// assert!(datasets::make_regression(20).noise(-1.0).generate().is_err());
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn generate(&self) -> Result<Dataset<f64>, Error> {
        Ok(self.generate_with_coefficients()?.0)
    }

    /// Draws the data, and gives the coefficients `w` of the features with it, of shape `[n_features]`.
    ///
    /// # Errors
    ///
    /// Those of [`generate`](Self::generate).
    ///
    /// # Examples
    ///
    /// ```
    /// let (data, w) = datasets::make_regression(20).n_features(4).generate_with_coefficients()?;
    /// assert_eq!(data.x.ncols(), w.len());
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn generate_with_coefficients(&self) -> Result<(Dataset<f64>, Array1<f64>), Error> {
        self.check()?;
        let (n, features) = (self.n_samples, self.n_features);
        let mut rng = RandomState::new(self.random_state);
        let mut x = zeros("n_samples", n, features)?;
        x.iter_mut().for_each(|value| *value = rng.standard_normal());
        let mut w = filled("n_features", features, 0.0)?;
        w.iter_mut().take(self.n_informative).for_each(|w| *w = 100.0 * rng.random_sample());

        let mut y: Vec<f64> = reserve("n_samples", n)?;
        let product = |row: ndarray::ArrayView1<'_, f64>| row.iter().zip(&w).map(|(x, w)| x * w).sum::<f64>();
        y.extend(x.outer_iter().map(|row| product(row) + self.bias));
        if self.noise > 0.0 {
            y.iter_mut().for_each(|y| *y += rng.normal(0.0, self.noise));
        }
        let mut data = Dataset { x, y: y.into() };
        if self.shuffle {
            let mut samples = order("n_samples", n)?;
            rng.shuffle(&mut samples);
            data = data.select(&samples)?;
            let mut columns = order("n_features", features)?;
            rng.shuffle(&mut columns);
            for mut row in data.x.outer_iter_mut() {
                let old = row.to_vec();
                row.iter_mut().zip(&columns).for_each(|(value, &j)| *value = old[j]);
            }
            w = columns.iter().map(|&j| w[j]).collect();
        }
        Ok((data, w.into()))
    }

    fn check(&self) -> Result<(), Error> {
        for (argument, n) in [("n_samples", self.n_samples), ("n_features", self.n_features)] {
            if n == 0 {
                return Err(Error::invalid(argument, 0, "at least 1"));
            }
        }
        if !self.bias.is_finite() {
            return Err(Error::invalid("bias", self.bias, "a finite number"));
        }
        check_scale("noise", self.noise)
    }
}
