//! Gaussian clusters on the vertices of a hypercube: the check of the options, and the draws in their order.

use crate::classification::Classification;
use crate::dataset::Dataset;
use crate::error::{Error, filled, reserve, zeros};
use crate::hypercube::{DISTINCT_DIMENSIONS, vertices};
use crate::random_state::RandomState;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};

impl Classification {
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
        draw(self)
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

/// Draws the data of options that have been checked.
fn draw(options: &Classification) -> Result<Dataset, Error> {
    let n_classes = options.n_classes;
    let n_clusters = n_classes * options.n_clusters_per_class;
    let n_informative = options.n_informative;
    let mut rng = RandomState::new(options.random_state);
    let vertices = vertices(n_clusters, n_informative, &mut rng)?;
    let mut x = zeros("n_samples", options.n_samples, options.n_features)?;
    let mut y = filled("n_samples", options.n_samples, 0)?;

    let mut normal = zeros("n_samples", options.n_samples, n_informative)?;
    normal.iter_mut().for_each(|z| *z = rng.standard_normal());
    let sizes = ClusterSizes::new(options, n_clusters);
    let mut start = 0;
    for (cluster, vertex) in vertices.chunks_exact(n_informative).enumerate() {
        // Weights whose sum rounds to above 1 can ask for more samples than there are.
        let stop = start + sizes.of(cluster).min(options.n_samples - start);
        y[start..stop].fill((cluster % n_classes) as i64);
        let mut samples = x.slice_mut(s![start..stop, ..n_informative]);
        mix(normal.slice(s![start..stop, ..]), samples.view_mut(), &mut rng)?;
        for (mut feature, &bit) in samples.columns_mut().into_iter().zip(vertex) {
            feature += if bit { options.class_sep } else { -options.class_sep };
        }
        start = stop;
    }
    add_dependent_features(options, &mut x, &mut rng)?;
    flip_labels(options, &mut y, &mut rng)?;
    let data = Dataset { x, y: y.into() };
    if options.shuffle { shuffled(&data, &mut rng) } else { Ok(data) }
}

/// How the samples are shared out among the clusters.
struct ClusterSizes<'a> {
    options: &'a Classification,
    /// The share of the last class if its weight was left out.
    rest: f64,
    /// Samples for every cluster on top of its share, because shares are rounded down.
    extra: usize,
    /// The first clusters get one sample more.
    one_more: usize,
}

impl<'a> ClusterSizes<'a> {
    fn new(options: &'a Classification, n_clusters: usize) -> Self {
        let given: f64 = options.weights.iter().flatten().sum();
        let mut sizes = Self { options, rest: 1.0 - given, extra: 0, one_more: 0 };
        let shared = (0..n_clusters).fold(0, |sum: usize, k| sum.saturating_add(sizes.of(k)));
        let left = options.n_samples.saturating_sub(shared);
        sizes.extra = left / n_clusters;
        sizes.one_more = left % n_clusters;
        sizes
    }

    fn of(&self, cluster: usize) -> usize {
        let Classification { n_samples, n_classes, n_clusters_per_class, .. } = *self.options;
        let weight = match &self.options.weights {
            Some(weights) => *weights.get(cluster % n_classes).unwrap_or(&self.rest),
            None => 1.0 / n_classes as f64,
        };
        let share = (n_samples as f64 * weight / n_clusters_per_class as f64) as usize;
        share.saturating_add(self.extra + usize::from(cluster < self.one_more))
    }
}

/// Adds `source M` to `target`, with `M` uniform in `[-1, 1)`.
///
/// The fused product rounds once per term, as do the BLAS kernels of processors that have it.
fn mix(
    source: ArrayView2<'_, f64>,
    mut target: ArrayViewMut2<'_, f64>,
    rng: &mut RandomState,
) -> Result<(), Error> {
    if target.ncols() == 1 {
        return mix_into_one(source, target, rng);
    }
    // One row of M at a time, so that it need not fit in memory.
    let mut row = filled("n_features", target.ncols(), 0.0)?;
    for feature in source.columns() {
        row.iter_mut().for_each(|m| *m = 2.0 * rng.random_sample() - 1.0);
        for (mut sample, &z) in target.outer_iter_mut().zip(feature) {
            for (value, &m) in sample.iter_mut().zip(&row) {
                *value = z.mul_add(m, *value);
            }
        }
    }
    Ok(())
}

/// As [`mix`] for a single column. There BLAS takes the features in pairs and adds the second of a
/// pair first, which shows in the last bits.
fn mix_into_one(
    source: ArrayView2<'_, f64>,
    mut target: ArrayViewMut2<'_, f64>,
    rng: &mut RandomState,
) -> Result<(), Error> {
    let mut column = filled("n_informative", source.ncols(), 0.0)?;
    column.iter_mut().for_each(|m| *m = 2.0 * rng.random_sample() - 1.0);
    for pair in (0..source.ncols()).step_by(2) {
        for feature in (pair..source.ncols().min(pair + 2)).rev() {
            for (value, &z) in target.iter_mut().zip(source.column(feature)) {
                *value = z.mul_add(column[feature], *value);
            }
        }
    }
    Ok(())
}

/// Fills the columns behind the informative features: redundant, repeated, noise.
fn add_dependent_features(
    options: &Classification,
    x: &mut Array2<f64>,
    rng: &mut RandomState,
) -> Result<(), Error> {
    let useful = options.n_informative + options.n_redundant;
    if options.n_redundant > 0 {
        let (source, rest) = x.view_mut().split_at(Axis(1), options.n_informative);
        let (redundant, _) = rest.split_at(Axis(1), options.n_redundant);
        mix(source.view(), redundant, rng)?;
    }
    let (source, mut rest) = x.view_mut().split_at(Axis(1), useful);
    for mut copy in rest.columns_mut().into_iter().take(options.n_repeated) {
        let index = ((useful - 1) as f64 * rng.random_sample() + 0.5) as usize;
        copy.assign(&source.column(index));
    }
    let mut noise = rest.slice_mut(s![.., options.n_repeated..]);
    noise.iter_mut().for_each(|value| *value = rng.standard_normal());
    Ok(())
}

/// Replaces random labels; which ones is drawn for all before any new label is.
fn flip_labels(options: &Classification, y: &mut [i64], rng: &mut RandomState) -> Result<(), Error> {
    let mut flipped = reserve("n_samples", y.len())?;
    flipped.extend(y.iter().map(|_| rng.random_sample() < options.flip_y));
    for (label, _) in y.iter_mut().zip(flipped).filter(|&(_, flipped)| flipped) {
        *label = rng.randint(0, options.n_classes as i64)?;
    }
    Ok(())
}

/// The same data with its rows, then its columns, in random order.
fn shuffled(data: &Dataset, rng: &mut RandomState) -> Result<Dataset, Error> {
    let rows = rng.permutation(data.x.nrows())?;
    let columns = rng.permutation(data.x.ncols())?;
    let mut shuffled = data.select(&rows)?;
    for (mut target, &row) in shuffled.x.outer_iter_mut().zip(&rows) {
        for (value, &column) in target.iter_mut().zip(&columns) {
            *value = data.x[[row, column]];
        }
    }
    Ok(shuffled)
}
