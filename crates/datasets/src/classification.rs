//! Gaussian clusters on the vertices of a hypercube: the options.

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
}
