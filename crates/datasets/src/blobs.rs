//! Round clusters, one per class.

use crate::dataset::Dataset;
use crate::error::{Error, check_scale, filled, order, reserve, zeros};
use crate::random_state::RandomState;
use ndarray::Array2;
use std::ops::Range;

/// Starts a data set of round Gaussian clusters, one per class.
///
/// `n_samples` is the total number, shared out evenly, or a list: the number of each cluster. [`Blobs`] describes the data and
/// the options.
///
/// # Examples
///
/// ```
/// use datasets::make_blobs;
///
/// let data = make_blobs(60).centers(3).random_state(42).generate()?;
/// assert_eq!(data.x.dim(), (60, 2));
/// let uneven = make_blobs([5, 9, 2]).shuffle(false).generate()?;
/// assert_eq!((uneven.len(), uneven.y[4], uneven.y[5]), (16, 0, 1));
/// # Ok::<(), datasets::Error>(())
/// ```
pub fn make_blobs(n_samples: impl Into<BlobSizes>) -> Blobs {
    Blobs {
        n_samples: n_samples.into(),
        centers: None,
        n_features: 2,
        cluster_std: vec![1.0],
        center_box: -10.0..10.0,
        shuffle: true,
        random_state: 0,
    }
}

/// The number of samples of [`make_blobs`]: one total, or one number for each cluster.
///
/// # Examples
///
/// ```
/// use datasets::BlobSizes;
///
/// assert_eq!(BlobSizes::from(60), BlobSizes::Total(60));
/// assert_eq!(BlobSizes::from([5, 9]), BlobSizes::Each(vec![5, 9]));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlobSizes {
    /// Samples in all, at least 1; the first clusters have one more where they do not divide evenly.
    Total(usize),
    /// Samples of each cluster.
    Each(Vec<usize>),
}

impl From<usize> for BlobSizes {
    fn from(total: usize) -> Self {
        Self::Total(total)
    }
}

impl From<Vec<usize>> for BlobSizes {
    fn from(each: Vec<usize>) -> Self {
        Self::Each(each)
    }
}

impl<const N: usize> From<[usize; N]> for BlobSizes {
    fn from(each: [usize; N]) -> Self {
        Self::Each(each.to_vec())
    }
}

/// The centres of [`make_blobs`]: how many to draw, or where they are.
///
/// # Examples
///
/// ```
/// use datasets::BlobCenters;
/// use ndarray::array;
///
/// assert_eq!(BlobCenters::from(4), BlobCenters::Count(4));
/// assert_eq!(BlobCenters::from(array![[0.0, 1.0]]), BlobCenters::At(array![[0.0, 1.0]]));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum BlobCenters {
    /// So many, each coordinate uniform in the box.
    Count(usize),
    /// These, one in each row.
    At(Array2<f64>),
}

impl From<usize> for BlobCenters {
    fn from(count: usize) -> Self {
        Self::Count(count)
    }
}

impl From<Array2<f64>> for BlobCenters {
    fn from(centers: Array2<f64>) -> Self {
        Self::At(centers)
    }
}

/// The options of [`make_blobs`].
///
/// The samples of cluster `k`, which is class `k`, are `c_k + s_k z` with the centre `c_k`, the standard deviation `s_k` and `z`
/// standard normal. Then the samples are shuffled. The draws and their order are those of scikit-learn 1.9's `make_blobs`.
///
/// # Examples
///
/// ```
/// let blobs = datasets::make_blobs(4).centers(2).cluster_std(0.0).shuffle(false).generate()?;
/// assert_eq!(blobs.x.row(0), blobs.x.row(1));
/// assert_eq!(blobs.y.to_vec(), [0, 0, 1, 1]);
/// # Ok::<(), datasets::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "options do nothing until `generate` is called"]
pub struct Blobs {
    n_samples: BlobSizes,
    centers: Option<BlobCenters>,
    n_features: usize,
    /// One for all clusters, or one for each.
    cluster_std: Vec<f64>,
    center_box: Range<f64>,
    shuffle: bool,
    random_state: u32,
}

impl Blobs {
    /// Sets how many centres to draw, or where they are: a matrix `[centers, features]`. Default: as many as there are numbers of
    /// samples, and 3 for a total.
    ///
    /// # Examples
    ///
    /// ```
    /// let centers = ndarray::array![[0.0, 0.0, 8.0], [9.0, 0.0, 0.0]];
    /// let blobs = datasets::make_blobs(10).centers(centers).generate()?;
    /// assert_eq!((blobs.x.ncols(), blobs.y.sum()), (3, 5));
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn centers(mut self, centers: impl Into<BlobCenters>) -> Self {
        self.centers = Some(centers.into());
        self
    }

    /// Sets the number of features, if the centres are drawn. Default: 2.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(datasets::make_blobs(10).n_features(5).generate()?.x.ncols(), 5);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn n_features(mut self, n: usize) -> Self {
        self.n_features = n;
        self
    }

    /// Sets the standard deviation of all clusters. Default: 1.
    ///
    /// # Examples
    ///
    /// ```
    /// let far = datasets::make_blobs(9).cluster_std(100.0).generate()?;
    /// assert!(far.x.iter().any(|x| x.abs() > 20.0));
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn cluster_std(self, std: f64) -> Self {
        self.cluster_stds([std])
    }

    /// Sets the standard deviation of each cluster.
    ///
    /// # Examples
    ///
    /// ```
    /// let blobs = datasets::make_blobs([2, 2]).cluster_stds([0.0, 1.0]).shuffle(false).generate()?;
    /// assert_eq!(blobs.x.row(0), blobs.x.row(1));
    /// assert_ne!(blobs.x.row(2), blobs.x.row(3));
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn cluster_stds(mut self, stds: impl Into<Vec<f64>>) -> Self {
        self.cluster_std = stds.into();
        self
    }

    /// Sets the interval from which each coordinate of a centre is drawn. Default: `-10.0..10.0`.
    ///
    /// # Examples
    ///
    /// ```
    /// let blobs = datasets::make_blobs(9).center_box(5.0..6.0).cluster_std(0.0).generate()?;
    /// assert!(blobs.x.iter().all(|x| (5.0..6.0).contains(x)));
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn center_box(mut self, interval: Range<f64>) -> Self {
        self.center_box = interval;
        self
    }

    /// Says whether to shuffle the samples; otherwise they come cluster by cluster. Default: true.
    ///
    /// # Examples
    ///
    /// ```
    /// let blobs = datasets::make_blobs([1, 2]).shuffle(false).generate()?;
    /// assert_eq!(blobs.y.to_vec(), [0, 1, 1]);
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
    /// let blobs = datasets::make_blobs(9).random_state(7);
    /// assert_eq!(blobs.generate()?, blobs.generate()?);
    /// assert_ne!(blobs.generate()?, blobs.clone().random_state(8).generate()?);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn random_state(mut self, seed: u32) -> Self {
        self.random_state = seed;
        self
    }

    /// Draws the data: `x` of shape `[n_samples, n_features]` and labels of shape `[n_samples]`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] without samples, clusters or features, for a standard deviation that is negative or not finite
    /// and for a box without ends or with its ends in the wrong order; [`Error::LengthMismatch`] unless there is a size and a
    /// standard deviation for each centre; [`Error::TooLarge`] if the samples do not fit in memory.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(datasets::make_blobs(10).generate()?.len(), 10);
    /// let error = datasets::make_blobs([5, 5]).centers(3).generate().unwrap_err();
    /// assert_eq!(error.to_string(), "n_samples has length 2, expected 3, one for each centre");
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn generate(&self) -> Result<Dataset, Error> {
        let mut rng = RandomState::new(self.random_state);
        let centers = self.place(&mut rng)?;
        let sizes = self.sizes(centers.nrows())?;
        let elements = sizes.iter().map(|&n| n as u128).sum();
        let n = usize::try_from(elements).map_err(|_| Error::TooLarge { argument: "n_samples", elements })?;

        let mut x = zeros("n_samples", n, centers.ncols())?;
        let mut y = filled("n_samples", n, 0)?;
        let mut rows = x.outer_iter_mut().zip(&mut y);
        for (k, (center, size)) in centers.outer_iter().zip(sizes).enumerate() {
            let std = self.cluster_std[k.min(self.cluster_std.len() - 1)];
            for (mut row, label) in rows.by_ref().take(size) {
                *label = k as i64;
                row.iter_mut().zip(center).for_each(|(value, &mean)| *value = rng.normal(mean, std));
            }
        }
        drop(rows);
        let data = Dataset { x, y: y.into() };
        if !self.shuffle {
            return Ok(data);
        }
        let mut order = order("n_samples", n)?;
        rng.shuffle(&mut order);
        data.select(&order)
    }

    /// The centres, drawn unless they are given. Nothing else is drawn before them.
    fn place(&self, rng: &mut RandomState) -> Result<Array2<f64>, Error> {
        let count = match (&self.centers, &self.n_samples) {
            (Some(BlobCenters::At(centers)), _) => {
                if let Some(value) = centers.iter().find(|value| !value.is_finite()) {
                    return Err(Error::invalid("centers", value, "finite numbers"));
                }
                return some_features(centers.nrows(), centers.ncols()).map(|()| centers.clone());
            }
            (Some(BlobCenters::Count(count)), _) => *count,
            (None, BlobSizes::Each(sizes)) => sizes.len(),
            (None, BlobSizes::Total(_)) => 3,
        };
        some_features(count, self.n_features)?;
        let Range { start, end } = self.center_box;
        if !(start <= end && (end - start).is_finite()) {
            let expected = "two finite numbers, the smaller one first";
            return Err(Error::invalid("center_box", format!("{start}..{end}"), expected));
        }
        let mut centers = zeros("centers", count, self.n_features)?;
        centers.iter_mut().for_each(|value| *value = rng.uniform(start, end));
        Ok(centers)
    }

    /// The number of samples of each cluster.
    fn sizes(&self, centers: usize) -> Result<Vec<usize>, Error> {
        let expected = || format!("{centers}, one for each centre");
        let stds = self.cluster_std.len();
        if stds != 1 && stds != centers {
            return Err(Error::LengthMismatch { argument: "cluster_std", len: stds, expected: expected() });
        }
        self.cluster_std.iter().try_for_each(|&std| check_scale("cluster_std", std))?;
        match &self.n_samples {
            BlobSizes::Total(0) => Err(Error::invalid("n_samples", 0, "at least 1")),
            BlobSizes::Total(n) => {
                let mut sizes = reserve("centers", centers)?;
                sizes.extend((0..centers).map(|k| n / centers + usize::from(k < n % centers)));
                Ok(sizes)
            }
            BlobSizes::Each(sizes) if sizes.len() == centers => Ok(sizes.clone()),
            BlobSizes::Each(sizes) => {
                Err(Error::LengthMismatch { argument: "n_samples", len: sizes.len(), expected: expected() })
            }
        }
    }
}

fn some_features(centers: usize, features: usize) -> Result<(), Error> {
    match (centers, features) {
        (0, _) => Err(Error::invalid("centers", 0, "at least 1")),
        (_, 0) => Err(Error::invalid("n_features", 0, "at least 1")),
        _ => Ok(()),
    }
}
