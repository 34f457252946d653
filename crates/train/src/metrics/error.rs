//! What is wrong with data, and the checks that find it.

use autograd::Mistake;
use std::fmt;

/// Data that a metric cannot be computed of.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct MetricError {
    /// Which data: `label`, `weight`, `score` and so on.
    pub what: &'static str,
    /// The first row at fault, or `None` if it is the whole.
    pub row: Option<usize>,
    /// What stands there.
    pub found: String,
    /// What is expected there.
    pub expected: String,
}

impl MetricError {
    pub(super) fn at(
        what: &'static str,
        row: usize,
        found: impl fmt::Display,
        expected: impl Into<String>,
    ) -> Self {
        MetricError { what, row: Some(row), found: found.to_string(), expected: expected.into() }
    }

    pub(crate) fn whole(what: &'static str, found: &str, expected: &str) -> Self {
        MetricError { what, row: None, found: found.to_owned(), expected: expected.to_owned() }
    }
}

impl fmt::Display for MetricError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MetricError { what, found, expected, .. } = self;
        match self.row {
            Some(row) => write!(f, "{what} of row {row}: found {found}, expected {expected}"),
            None => write!(f, "{what}: found {found}, expected {expected}"),
        }
    }
}

impl std::error::Error for MetricError {}

/// Slices of one row each are as long as each other.
#[track_caller]
pub(super) fn same_rows(metric: &str, names: [&str; 2], lengths: [usize; 2]) {
    if lengths[0] != lengths[1] {
        Mistake::new(format!("{metric}: {} rows and {} rows", lengths[0], lengths[1]))
            .line(names[0], lengths[0])
            .line(names[1], lengths[1])
            .rule("each row has one of both")
            .raise();
    }
}

/// Every number is finite.
pub(super) fn all_finite(what: &'static str, values: &[f64]) -> Result<(), MetricError> {
    match values.iter().position(|x| !x.is_finite()) {
        Some(row) => Err(MetricError::at(what, row, values[row], "a finite number")),
        None => Ok(()),
    }
}

/// The weight of each row: the given ones, checked, or 1 each.
#[track_caller]
pub(super) fn weights_of(
    metric: &str,
    rows: usize,
    weights: Option<&[f64]>,
) -> Result<Vec<f64>, MetricError> {
    let Some(weights) = weights else { return Ok(vec![1.0; rows]) };
    same_rows(metric, ["rows", "weights"], [rows, weights.len()]);
    match weights.iter().position(|w| !(w.is_finite() && *w >= 0.0)) {
        Some(row) => Err(MetricError::at("weight", row, weights[row], "a finite number, at least 0")),
        None => Ok(weights.to_vec()),
    }
}

/// A label as a number of a class.
pub(super) fn class(row: usize, label: i64, classes: usize) -> Result<usize, MetricError> {
    let class = usize::try_from(label).ok().filter(|class| *class < classes);
    class.ok_or_else(|| MetricError::at("label", row, label, format!("a class, 0 to {}", classes as i64 - 1)))
}

/// a/b, and 0 for 0/0.
pub(super) fn ratio(a: f64, b: f64) -> f64 {
    if b == 0.0 { 0.0 } else { a / b }
}

/// Σ w·x of pairs, over Σ w.
pub(super) fn weighted_mean(values: impl IntoIterator<Item = (f64, f64)>) -> f64 {
    let (sum, weight) = values.into_iter().fold((0.0, 0.0), |(sum, total), (x, w)| (sum + w * x, total + w));
    ratio(sum, weight)
}
