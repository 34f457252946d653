//! Gaussian clusters on the vertices of a hypercube: the draws, in their order.

use crate::classification::Classification;
use crate::dataset::Dataset;
use crate::error::{Error, filled, reserve, zeros};
use crate::hypercube::vertices;
use crate::random_state::RandomState;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};

/// Draws the data of options that have been checked.
pub(crate) fn draw(options: &Classification) -> Result<Dataset, Error> {
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
    /// The first clusters get one more.
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
