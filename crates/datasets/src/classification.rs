//! Gaussian clusters on the vertices of a hypercube: the options.

use crate::clusters;
use crate::dataset::Dataset;
use crate::error::Error;
use crate::hypercube::DISTINCT_DIMENSIONS;

/// Starts a data set of Gaussian clusters with useful, redundant and useless features.
///
/// `n_samples` is the total number of samples. [`Classification`] describes the data, the
/// options and their defaults.
///
/// # Examples
///
/// ```
/// let data = datasets::make_classification(100)
///     .n_features(6)
///     .n_informative(3)
///     .n_classes(3)
///     .n_clusters_per_class(1)
///     .random_state(42)
///     .generate()?;
/// assert_eq!(data.x.dim(), (100, 6));
/// assert!(data.y.iter().all(|label| (0..3).contains(label)));
/// # Ok::<(), datasets::Error>(())
/// ```
pub fn make_classification(n_samples: usize) -> Classification {
    Classification {
        n_samples,
        n_features: 20,
        n_informative: 2,
        n_redundant: 2,
        n_repeated: 0,
        n_classes: 2,
        n_clusters_per_class: 2,
        weights: None,
        flip_y: 0.01,
        class_sep: 1.0,
        shuffle: true,
        random_state: 0,
    }
}

/// The options of [`make_classification`].
///
/// The `n_classes * n_clusters_per_class` clusters sit on different vertices of the hypercube
/// with coordinates `-class_sep` and `class_sep` in `n_informative` dimensions; cluster `k` belongs
/// to class `k mod n_classes`. Its samples are `x = z A + vertex`, with `z` standard normal and
/// each `A` uniform in `[-1, 1)`. To these features come `n_redundant` linear combinations of
/// them, `n_repeated` copies of features so far, and standard normal noise up to `n_features`.
/// A share `flip_y` of the labels is replaced by random ones; at last, samples and features are
/// shuffled.
///
/// The method is that of I. Guyon, "Design of experiments for the NIPS 2003 variable selection
/// benchmark" (2003), in the form of scikit-learn 1.9's `make_classification` with its
/// `hypercube`, `shift` and `scale` left alone. Labels and orders are equal to those for the same
/// seed; the samples agree to rounding, because a matrix product rounds differently from one
/// processor to the next.
///
/// # Examples
///
/// ```
/// let data = datasets::make_classification(60).random_state(5).generate()?;
/// assert_eq!(data.x.dim(), (60, 20));
/// # Ok::<(), datasets::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "options do nothing until `generate` is called"]
pub struct Classification {
    pub(crate) n_samples: usize,
    pub(crate) n_features: usize,
    pub(crate) n_informative: usize,
    pub(crate) n_redundant: usize,
    pub(crate) n_repeated: usize,
    pub(crate) n_classes: usize,
    pub(crate) n_clusters_per_class: usize,
    pub(crate) weights: Option<Vec<f64>>,
    pub(crate) flip_y: f64,
    pub(crate) class_sep: f64,
    pub(crate) shuffle: bool,
    pub(crate) random_state: u32,
}

impl Classification {
    /// Sets the number of features of all kinds. Default: 20.
    ///
    /// # Examples
    ///
    /// ```
    /// let data = datasets::make_classification(9).n_features(5).generate()?;
    /// assert_eq!(data.x.ncols(), 5);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn n_features(mut self, n: usize) -> Self {
        self.n_features = n;
        self
    }

    /// Sets the number of features that tell the clusters apart. Default: 2.
    ///
    /// # Examples
    ///
    /// ```
    /// // Eight clusters need the vertices of a cube, not of a square.
    /// let eight = datasets::make_classification(80).n_classes(4);
    /// assert!(eight.clone().n_informative(2).generate().is_err());
    /// assert!(eight.n_informative(3).generate().is_ok());
    /// ```
    pub fn n_informative(mut self, n: usize) -> Self {
        self.n_informative = n;
        self
    }

    /// Sets the number of random linear combinations of the informative features. Default: 2.
    ///
    /// # Examples
    ///
    /// ```
    /// let plane = datasets::make_classification(9).n_features(2).n_redundant(0);
    /// assert_eq!(plane.generate()?.x.ncols(), 2);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn n_redundant(mut self, n: usize) -> Self {
        self.n_redundant = n;
        self
    }

    /// Sets the number of copies of informative or redundant features. Default: 0.
    ///
    /// # Examples
    ///
    /// ```
    /// let doubled = datasets::make_classification(9).n_features(5).n_repeated(1);
    /// let x = doubled.shuffle(false).generate()?.x;
    /// assert!((0..4).any(|j| x.column(j) == x.column(4)));
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn n_repeated(mut self, n: usize) -> Self {
        self.n_repeated = n;
        self
    }

    /// Sets the number of classes. Default: 2.
    ///
    /// # Examples
    ///
    /// ```
    /// let data = datasets::make_classification(90).n_informative(3).n_classes(3).generate()?;
    /// assert_eq!(data.y.iter().max(), Some(&2));
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn n_classes(mut self, n: usize) -> Self {
        self.n_classes = n;
        self
    }

    /// Sets the number of clusters of each class. Default: 2.
    ///
    /// # Examples
    ///
    /// ```
    /// let single = datasets::make_classification(9).n_clusters_per_class(1);
    /// assert_eq!(single.n_informative(1).generate()?.len(), 9);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn n_clusters_per_class(mut self, n: usize) -> Self {
        self.n_clusters_per_class = n;
        self
    }

    /// Sets the shares of the classes: one for each, or for each but the last, which gets the rest.
    ///
    /// Shares that add up to less than 1 leave samples over; they are dealt out to the clusters
    /// in turn. Default: equal shares.
    ///
    /// # Examples
    ///
    /// ```
    /// let rare = datasets::make_classification(100).weights(&[0.75]).flip_y(0.0);
    /// assert_eq!(rare.generate()?.y.sum(), 25);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn weights(mut self, shares: &[f64]) -> Self {
        self.weights = Some(shares.to_vec());
        self
    }

    /// Sets the probability that a label is replaced by a random one. Default: 0.01.
    ///
    /// # Examples
    ///
    /// ```
    /// let pure = datasets::make_classification(100).flip_y(0.0).generate()?;
    /// assert_eq!(pure.y.sum(), 50);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn flip_y(mut self, probability: f64) -> Self {
        self.flip_y = probability;
        self
    }

    /// Sets half the side of the hypercube: the larger, the easier the problem. Default: 1.
    ///
    /// # Examples
    ///
    /// ```
    /// let far = datasets::make_classification(9).class_sep(1e6).n_redundant(0);
    /// let x = far.shuffle(false).generate()?.x;
    /// assert!(x.column(0).iter().all(|value| value.abs() > 1e5));
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn class_sep(mut self, half_side: f64) -> Self {
        self.class_sep = half_side;
        self
    }

    /// Says whether to shuffle samples and features. Default: true.
    ///
    /// Otherwise the samples come cluster by cluster and the features in the order informative,
    /// redundant, repeated, noise.
    ///
    /// # Examples
    ///
    /// ```
    /// let ordered = datasets::make_classification(4).shuffle(false).flip_y(0.0);
    /// assert_eq!(ordered.generate()?.y.to_vec(), [0, 1, 0, 1]);
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
    /// let options = datasets::make_classification(9).random_state(7);
    /// assert_eq!(options.generate()?, options.generate()?);
    /// assert_ne!(options.generate()?, options.clone().random_state(8).generate()?);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn random_state(mut self, seed: u32) -> Self {
        self.random_state = seed;
        self
    }

    /// Draws the data: `x` of shape `[n_samples, n_features]`, labels of shape `[n_samples]`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if
    /// - `n_samples`, `n_features`, `n_informative`, `n_classes` or `n_clusters_per_class` is 0;
    /// - the informative, redundant and repeated features are more than `n_features`;
    /// - there are more clusters than vertices, or more than 2^30;
    /// - `flip_y` is not in `[0, 1]`, or `class_sep` is not positive and finite;
    /// - a weight is negative or not finite, or their sum exceeds 1.
    ///
    /// [`Error::LengthMismatch`] unless there are `n_classes` or `n_classes - 1` weights;
    /// [`Error::TooLarge`] if the samples or the vertices do not fit in memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use datasets::{Error, make_classification};
    ///
    /// assert_eq!(make_classification(30).generate()?.len(), 30);
    /// let error = make_classification(30).weights(&[0.2, 0.3, 0.5]).generate().unwrap_err();
    /// assert_eq!(error.to_string(), "weights has length 3, expected n_classes = 2, or one less");
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn generate(&self) -> Result<Dataset, Error> {
        self.check_counts()?;
        self.check_features()?;
        self.check_clusters()?;
        self.check_numbers()?;
        clusters::draw(self)
    }

    fn check_counts(&self) -> Result<(), Error> {
        let counts = [
            ("n_samples", self.n_samples),
            ("n_features", self.n_features),
            ("n_informative", self.n_informative),
            ("n_classes", self.n_classes),
            ("n_clusters_per_class", self.n_clusters_per_class),
        ];
        match counts.into_iter().find(|&(_, n)| n == 0) {
            Some((argument, n)) => Err(Error::invalid(argument, n, "at least 1")),
            None => Ok(()),
        }
    }

    fn check_features(&self) -> Result<(), Error> {
        let kinds = [self.n_informative, self.n_redundant, self.n_repeated];
        let needed: u128 = kinds.iter().map(|&n| n as u128).sum();
        if needed > self.n_features as u128 {
            let expected = format!("at least n_informative + n_redundant + n_repeated = {needed}");
            return Err(Error::invalid("n_features", self.n_features, expected));
        }
        Ok(())
    }

    fn check_clusters(&self) -> Result<(), Error> {
        let clusters = self.n_classes as u128 * self.n_clusters_per_class as u128;
        let most = 1 << DISTINCT_DIMENSIONS;
        if clusters > most {
            let expected = format!("at most {most} clusters");
            return Err(Error::invalid("n_classes * n_clusters_per_class", clusters, expected));
        }
        let needed = clusters.next_power_of_two().ilog2() as usize;
        if self.n_informative < needed {
            let expected = format!("at least {needed}: {clusters} clusters on as many vertices");
            return Err(Error::invalid("n_informative", self.n_informative, expected));
        }
        Ok(())
    }

    fn check_numbers(&self) -> Result<(), Error> {
        if !(0.0..=1.0).contains(&self.flip_y) {
            return Err(Error::invalid("flip_y", self.flip_y, "a number from 0 to 1"));
        }
        if !(self.class_sep.is_finite() && self.class_sep > 0.0) {
            let expected = "a finite number above 0";
            return Err(Error::invalid("class_sep", self.class_sep, expected));
        }
        self.weights.as_deref().map_or(Ok(()), |weights| self.check_weights(weights))
    }

    fn check_weights(&self, weights: &[f64]) -> Result<(), Error> {
        let len = weights.len();
        if len != self.n_classes && len != self.n_classes - 1 {
            let expected = format!("n_classes = {}, or one less", self.n_classes);
            return Err(Error::LengthMismatch { argument: "weights", len, expected });
        }
        if let Some(weight) = weights.iter().find(|w| !(w.is_finite() && **w >= 0.0)) {
            return Err(Error::invalid("weights", weight, "finite numbers of at least 0"));
        }
        // Shares such as 0.7, 0.2, 0.1 need not add up to 1 in binary.
        let sum: f64 = weights.iter().sum();
        if sum > 1.0 + 1e-9 {
            return Err(Error::invalid("weights", format!("{weights:?}"), "a sum of at most 1"));
        }
        Ok(())
    }
}
