//! Scores of two classes: curves over all thresholds, and areas under them.

use super::error::{MetricError, all_finite, ratio, same_rows, weighted_mean, weights_of};

/// The ROC curve: at each threshold, from high to low, the share of the negatives and of the positives whose score is at least
/// that (Fawcett, *An introduction to ROC analysis*, 2006). It begins at (0, 0) with the threshold ∞.
///
/// ```
/// use train::metrics::Roc;
/// let roc = Roc::of(&[false, false, true, true], &[0.1, 0.4, 0.35, 0.8], None)?;
/// assert_eq!(roc.false_positive_rate, [0.0, 0.0, 0.5, 0.5, 1.0]);
/// assert_eq!(roc.true_positive_rate, [0.0, 0.5, 0.5, 1.0, 1.0]);
/// assert_eq!(roc.thresholds, [f64::INFINITY, 0.8, 0.4, 0.35, 0.1]);
/// assert_eq!(roc.area(), 0.75);
/// # Ok::<(), train::metrics::MetricError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Roc {
    /// The thresholds: infinity, and each score once.
    pub thresholds: Vec<f64>,
    /// The share of the negatives at or above each threshold.
    pub false_positive_rate: Vec<f64>,
    /// The share of the positives at or above each threshold.
    pub true_positive_rate: Vec<f64>,
}

impl Roc {
    /// The curve of the rows that are positive, a score for each row, and perhaps weights.
    ///
    /// # Errors
    /// If all rows are positive or none is, by weight; if a score is not finite; if a weight is below 0 or not finite.
    ///
    /// # Panics
    /// If labels, scores and weights are not as many.
    #[track_caller]
    pub fn of(positive: &[bool], scores: &[f64], weights: Option<&[f64]>) -> Result<Roc, MetricError> {
        let steps = Steps::of("roc", positive, scores, weights)?;
        let (positives, negatives) = (steps.positives(), steps.negatives());
        if positives == 0.0 || negatives == 0.0 {
            return Err(one_class());
        }
        let from_zero = |rates: &mut dyn Iterator<Item = f64>| std::iter::once(0.0).chain(rates).collect();
        Ok(Roc {
            thresholds: std::iter::once(f64::INFINITY).chain(steps.thresholds).collect(),
            false_positive_rate: from_zero(&mut steps.negative.iter().map(|n| n / negatives)),
            true_positive_rate: from_zero(&mut steps.positive.iter().map(|p| p / positives)),
        })
    }

    /// The area under the curve by trapezoids: the probability that a positive has a higher score than a negative, where
    /// equal ones count half.
    pub fn area(&self) -> f64 {
        let (x, y) = (&self.false_positive_rate, &self.true_positive_rate);
        (1..x.len()).map(|i| (x[i] - x[i - 1]) * (y[i] + y[i - 1]) / 2.0).sum()
    }
}

/// The area under the ROC curve: [`Roc`] has formula and example.
///
/// # Errors
/// As [`Roc::of`].
///
/// # Panics
/// As [`Roc::of`].
#[track_caller]
pub fn roc_auc(positive: &[bool], scores: &[f64], weights: Option<&[f64]>) -> Result<f64, MetricError> {
    Roc::of(positive, scores, weights).map(|roc| roc.area())
}

/// Precision and recall of what has at least a score, at each threshold from low to high. The last point is (1, 0), without a
/// threshold.
///
/// ```
/// use train::metrics::PrecisionRecall;
/// let curve = PrecisionRecall::of(&[false, false, true, true], &[0.1, 0.4, 0.35, 0.8], None)?;
/// assert_eq!(curve.precision, [0.5, 2.0 / 3.0, 0.5, 1.0, 1.0]);
/// assert_eq!(curve.recall, [1.0, 1.0, 0.5, 0.5, 0.0]);
/// assert_eq!(curve.thresholds, [0.1, 0.35, 0.4, 0.8]);
/// assert_eq!(curve.average(), 0.5 * (2.0 / 3.0) + 0.5);
/// # Ok::<(), train::metrics::MetricError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PrecisionRecall {
    /// Each score once, from low to high.
    pub thresholds: Vec<f64>,
    /// The share of positives among the rows at or above each threshold, and 1.
    pub precision: Vec<f64>,
    /// The share of the positives that is at or above each threshold, and 0.
    pub recall: Vec<f64>,
}

impl PrecisionRecall {
    /// The curve of the rows that are positive, a score for each row, and perhaps weights.
    ///
    /// # Errors
    /// As [`Roc::of`], but negatives need not be.
    ///
    /// # Panics
    /// As [`Roc::of`].
    #[track_caller]
    pub fn of(
        positive: &[bool],
        scores: &[f64],
        weights: Option<&[f64]>,
    ) -> Result<PrecisionRecall, MetricError> {
        let steps = Steps::of("precision_recall", positive, scores, weights)?;
        let positives = steps.positives();
        if positives == 0.0 {
            return Err(one_class());
        }
        let precision = steps.positive.iter().zip(&steps.negative).rev().map(|(p, n)| ratio(*p, p + n));
        let recall = steps.positive.iter().rev().map(|p| p / positives);
        Ok(PrecisionRecall {
            precision: precision.chain([1.0]).collect(),
            recall: recall.chain([0.0]).collect(),
            thresholds: steps.thresholds.into_iter().rev().collect(),
        })
    }

    /// The average precision, Σ (Rₙ − Rₙ₋₁)·Pₙ: the area under the curve as stairs.
    pub fn average(&self) -> f64 {
        (1..self.recall.len()).map(|i| (self.recall[i - 1] - self.recall[i]) * self.precision[i - 1]).sum()
    }
}

/// The average precision: [`PrecisionRecall`] has formula and example.
///
/// # Errors
/// As [`PrecisionRecall::of`].
///
/// # Panics
/// As [`PrecisionRecall::of`].
#[track_caller]
pub fn average_precision(
    positive: &[bool],
    scores: &[f64],
    weights: Option<&[f64]>,
) -> Result<f64, MetricError> {
    PrecisionRecall::of(positive, scores, weights).map(|curve| curve.average())
}

/// The mean of (p − y)², y = 1 for positives and 0 for others (Brier 1950).
///
/// ```
/// assert_eq!(train::metrics::brier(&[true, false], &[0.5, 0.0], None)?, 0.125);
/// # Ok::<(), train::metrics::MetricError>(())
/// ```
///
/// # Errors
/// If there is no row, a probability is outside of 0 to 1, or a weight is below 0 or not finite.
///
/// # Panics
/// If labels, probabilities and weights are not as many.
#[track_caller]
pub fn brier(positive: &[bool], probabilities: &[f64], weights: Option<&[f64]>) -> Result<f64, MetricError> {
    same_rows("brier", ["labels", "probabilities"], [positive.len(), probabilities.len()]);
    let weights = weights_of("brier", positive.len(), weights)?;
    if positive.is_empty() {
        return Err(MetricError::whole("labels", "none", "at least one row"));
    }
    if let Some(row) = probabilities.iter().position(|p| !(0.0..=1.0).contains(p)) {
        return Err(MetricError::at("probability", row, probabilities[row], "a number from 0 to 1"));
    }
    let rows = positive.iter().zip(probabilities).zip(weights);
    Ok(weighted_mean(rows.map(|((&y, p), w)| ((p - f64::from(y)).powi(2), w))))
}

/// The error of labels of one class alone.
pub(super) fn one_class() -> MetricError {
    MetricError::whole("labels", "one class alone", "rows of both classes")
}

/// The weights of positives and negatives at or above each threshold, from high to low.
struct Steps {
    thresholds: Vec<f64>,
    positive: Vec<f64>,
    negative: Vec<f64>,
}

impl Steps {
    #[track_caller]
    fn of(
        metric: &str,
        positive: &[bool],
        scores: &[f64],
        weights: Option<&[f64]>,
    ) -> Result<Steps, MetricError> {
        same_rows(metric, ["labels", "scores"], [positive.len(), scores.len()]);
        let weights = weights_of(metric, positive.len(), weights)?;
        all_finite("score", scores)?;
        let mut order: Vec<usize> = (0..scores.len()).filter(|&row| weights[row] > 0.0).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        let mut steps = Steps { thresholds: vec![], positive: vec![], negative: vec![] };
        let (mut positives, mut negatives) = (0.0, 0.0);
        for (k, &row) in order.iter().enumerate() {
            *(if positive[row] { &mut positives } else { &mut negatives }) += weights[row];
            if order.get(k + 1).is_none_or(|&next| scores[next] != scores[row]) {
                steps.thresholds.push(scores[row]);
                steps.positive.push(positives);
                steps.negative.push(negatives);
            }
        }
        Ok(steps)
    }

    fn positives(&self) -> f64 {
        self.positive.last().copied().unwrap_or(0.0)
    }

    fn negatives(&self) -> f64 {
        self.negative.last().copied().unwrap_or(0.0)
    }
}
