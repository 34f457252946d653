//! How well clusters agree with each other, or with the points.

use super::error::{MetricError, all_finite, ratio, same_rows};
use std::collections::BTreeMap;

/// Two clusterings of the same rows, such as classes and what was found. Labels are any numbers; only which are equal matters.
///
/// ```
/// use train::metrics::Clusterings;
/// let same = Clusterings::of(&[0, 0, 1, 1], &[5, 5, 3, 3])?;
/// assert_eq!(same.adjusted_rand(), 1.0);
/// assert!((same.normalized_mutual_info() - 1.0).abs() < 1e-15);
/// let split = Clusterings::of(&[0, 0, 0, 0], &[0, 0, 1, 1])?;
/// assert_eq!((split.adjusted_rand(), split.homogeneity(), split.completeness()), (0.0, 1.0, 0.0));
/// # Ok::<(), train::metrics::MetricError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Clusterings {
    rows: f64,
    a: Vec<f64>,
    b: Vec<f64>,
    /// The pairs of clusters that share rows, with how many.
    both: Vec<(usize, usize, f64)>,
}

impl Clusterings {
    /// Of two labels for each row.
    ///
    /// # Errors
    /// If there is no row.
    ///
    /// # Panics
    /// If there are not as many of both.
    #[track_caller]
    pub fn of(a: &[i64], b: &[i64]) -> Result<Clusterings, MetricError> {
        same_rows("clusterings", ["a", "b"], [a.len(), b.len()]);
        if a.is_empty() {
            return Err(MetricError::whole("labels", "none", "at least one row"));
        }
        let (a, b) = (numbered(a), numbered(b));
        let mut pairs = BTreeMap::new();
        a.iter().zip(&b).for_each(|(&i, &j)| *pairs.entry((i, j)).or_insert(0.0) += 1.0);
        let both = pairs.into_iter().map(|((i, j), n)| (i, j, n)).collect();
        Ok(Clusterings { rows: a.len() as f64, a: sizes(&a), b: sizes(&b), both })
    }

    /// The share of pairs of rows that both treat alike, corrected for chance: 1 is agreement, 0 is chance (Hubert & Arabie 1985).
    pub fn adjusted_rand(&self) -> f64 {
        let pairs = |n: f64| n * (n - 1.0) / 2.0;
        let of = |sizes: &[f64]| sizes.iter().map(|&n| pairs(n)).sum::<f64>();
        let together: f64 = self.both.iter().map(|&(.., n)| pairs(n)).sum();
        let (in_a, in_b) = (of(&self.a), of(&self.b));
        let (chance, most) = (ratio(in_a * in_b, pairs(self.rows)), (in_a + in_b) / 2.0);
        // Each row alone in both, or all in one: they agree.
        if most == chance { 1.0 } else { (together - chance) / (most - chance) }
    }

    /// The mutual information Σ pᵢⱼ·ln(pᵢⱼ / (pᵢ·pⱼ)), in nats.
    pub fn mutual_info(&self) -> f64 {
        let term = |&(i, j, n): &(usize, usize, f64)| {
            n / self.rows * (n.ln() + self.rows.ln() - self.a[i].ln() - self.b[j].ln())
        };
        self.both.iter().map(term).sum::<f64>().max(0.0)
    }

    /// The mutual information over the mean of both entropies, from 0 to 1; also called V-measure. It is 1 if both have one cluster.
    pub fn normalized_mutual_info(&self) -> f64 {
        self.part((self.entropy(&self.a) + self.entropy(&self.b)) / 2.0)
    }

    /// The mutual information over the entropy of the first: 1 if each cluster of the second lies within one of the first
    /// (Rosenberg & Hirschberg 2007).
    pub fn homogeneity(&self) -> f64 {
        self.part(self.entropy(&self.a))
    }

    /// The mutual information over the entropy of the second.
    pub fn completeness(&self) -> f64 {
        self.part(self.entropy(&self.b))
    }

    fn part(&self, entropy: f64) -> f64 {
        if entropy == 0.0 { 1.0 } else { self.mutual_info() / entropy }
    }

    fn entropy(&self, sizes: &[f64]) -> f64 {
        if sizes.len() == 1 {
            return 0.0;
        }
        -sizes.iter().map(|n| n / self.rows * (n.ln() - self.rows.ln())).sum::<f64>()
    }
}

/// The mean over all points of (b − a)/max(a, b), where a is the mean distance to the other points of its own cluster and b the least
/// mean distance to those of another one; 0 for a point alone in its cluster (Rousseeuw 1987). Euclidean distances.
///
/// The points are row-major, as many numbers to a point as each label leaves.
///
/// ```
/// use train::metrics::silhouette;
/// let points = [0.0, 0.0, /**/ 0.0, 1.0, /**/ 10.0, 0.0, /**/ 10.0, 1.0];
/// assert!(silhouette(&points, &[0, 0, 1, 1])? > 0.89);
/// assert!(silhouette(&points, &[0, 1, 0, 1])? < 0.0);
/// # Ok::<(), train::metrics::MetricError>(())
/// ```
///
/// # Errors
/// If there are fewer than 2 clusters, or as many as points; if a number is not finite.
///
/// # Panics
/// If there are not as many numbers to each point.
#[track_caller]
pub fn silhouette(points: &[f64], labels: &[i64]) -> Result<f64, MetricError> {
    let rows = labels.len();
    assert!(
        rows == 0 || points.len().is_multiple_of(rows),
        "silhouette: {} numbers make no {rows} points",
        points.len()
    );
    let labels = numbered(labels);
    let sizes = sizes(&labels);
    if sizes.len() < 2 || sizes.len() == rows {
        let found = format!("{} clusters of {rows} points", sizes.len());
        return Err(MetricError::whole("labels", &found, "at least 2 clusters, fewer than points"));
    }
    let axes = points.len() / rows;
    all_finite("point", points)
        .map_err(|error| MetricError { row: error.row.map(|at| at / axes), ..error })?;
    let point = |row: usize| &points[row * axes..(row + 1) * axes];
    let distance =
        |a: usize, b: usize| point(a).iter().zip(point(b)).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt();
    let width = |row: usize| {
        let own = labels[row];
        if sizes[own] == 1.0 {
            return 0.0;
        }
        let mut sums = vec![0.0; sizes.len()];
        (0..rows).for_each(|other| sums[labels[other]] += distance(row, other));
        let within = sums[own] / (sizes[own] - 1.0);
        let others = (0..sizes.len()).filter(|&c| c != own).map(|c| sums[c] / sizes[c]);
        let nearest = others.fold(f64::INFINITY, f64::min);
        ratio(nearest - within, within.max(nearest))
    };
    Ok((0..rows).map(width).sum::<f64>() / rows as f64)
}

/// Labels as numbers from 0 on, without gaps.
fn numbered(labels: &[i64]) -> Vec<usize> {
    let mut known: Vec<i64> = labels.to_vec();
    known.sort_unstable();
    known.dedup();
    labels.iter().map(|label| known.binary_search(label).expect("it is among them")).collect()
}

fn sizes(labels: &[usize]) -> Vec<f64> {
    let mut sizes = vec![0.0; labels.iter().max().map_or(0, |most| most + 1)];
    labels.iter().for_each(|&label| sizes[label] += 1.0);
    sizes
}
