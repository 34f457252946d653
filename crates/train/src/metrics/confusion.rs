//! The confusion matrix, and all figures that follow from it.

use super::error::{MetricError, class, ratio, same_rows, weights_of};

/// How often rows of each class were predicted as each class: `c[i][j]` rows of class i were predicted as j.
///
/// It can be filled row by row, batch by batch. Everything that depends on classes alone follows from it.
///
/// ```
/// use train::metrics::Confusion;
/// let truth = [0, 0, 1, 1, 1];
/// let confusion = Confusion::of(&truth, &[0, 1, 1, 1, 0], 2)?;
/// assert_eq!([confusion.count(0, 0), confusion.count(1, 0), confusion.count(1, 1)], [1.0, 1.0, 2.0]);
/// assert_eq!(confusion.accuracy(), 0.6);
/// assert_eq!(confusion.precision().class(1), 2.0 / 3.0);
/// assert_eq!(confusion.f1().macro_mean(), (0.5 + 2.0 / 3.0) / 2.0);
/// # Ok::<(), train::metrics::MetricError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Confusion {
    classes: usize,
    counts: Vec<f64>,
    zero_division: f64,
}

impl Confusion {
    /// One without rows.
    pub fn new(classes: usize) -> Confusion {
        Confusion { classes, counts: vec![0.0; classes * classes], zero_division: 0.0 }
    }

    /// That of labels and predictions, which are numbers of classes from 0 on.
    ///
    /// # Errors
    /// If a label or a prediction is no class.
    ///
    /// # Panics
    /// If there are more labels than predictions, or fewer.
    #[track_caller]
    pub fn of(truth: &[i64], predicted: &[i64], classes: usize) -> Result<Confusion, MetricError> {
        Confusion::weighted(truth, predicted, classes, None)
    }

    /// The same, where each row counts as often as its weight says.
    ///
    /// ```
    /// use train::metrics::Confusion;
    /// let confusion = Confusion::weighted(&[0, 1], &[0, 0], 2, Some(&[3.0, 1.0]))?;
    /// assert_eq!(confusion.accuracy(), 0.75);
    /// # Ok::<(), train::metrics::MetricError>(())
    /// ```
    ///
    /// # Errors
    /// As [`of`](Confusion::of), and if a weight is below 0 or not finite.
    ///
    /// # Panics
    /// As [`of`](Confusion::of).
    #[track_caller]
    pub fn weighted(
        truth: &[i64],
        predicted: &[i64],
        classes: usize,
        weights: Option<&[f64]>,
    ) -> Result<Confusion, MetricError> {
        same_rows("confusion", ["labels", "predictions"], [truth.len(), predicted.len()]);
        let weights = weights_of("confusion", truth.len(), weights)?;
        let mut confusion = Confusion::new(classes);
        for (row, ((&truth, &predicted), &weight)) in truth.iter().zip(predicted).zip(&weights).enumerate() {
            let (i, j) = (class(row, truth, classes)?, class(row, predicted, classes)?);
            confusion.counts[i * classes + j] += weight;
        }
        Ok(confusion)
    }

    /// Adds the rows of another one, of the next batch perhaps.
    ///
    /// # Panics
    /// If it has another number of classes.
    #[track_caller]
    pub fn add(&mut self, other: &Confusion) {
        assert!(self.classes == other.classes, "add: {} classes and {} classes", self.classes, other.classes);
        self.counts.iter_mut().zip(&other.counts).for_each(|(a, b)| *a += b);
    }

    /// What a ratio 0/0 counts as: 0 by default, perhaps 1; NaN leaves it out of means.
    ///
    /// ```
    /// use train::metrics::Confusion;
    /// let never_predicted = Confusion::of(&[0, 1], &[0, 0], 2)?;
    /// assert_eq!(never_predicted.precision().macro_mean(), 0.25);
    /// assert_eq!(never_predicted.zero_division(f64::NAN).precision().macro_mean(), 0.5);
    /// # Ok::<(), train::metrics::MetricError>(())
    /// ```
    pub fn zero_division(self, value: f64) -> Confusion {
        Confusion { zero_division: value, ..self }
    }

    /// How many classes there are.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// How many rows of a class, by weight, were predicted as a class.
    ///
    /// # Panics
    /// If there is no such class.
    #[track_caller]
    pub fn count(&self, truth: usize, predicted: usize) -> f64 {
        assert!(
            truth.max(predicted) < self.classes,
            "count: class {} of {}",
            truth.max(predicted),
            self.classes
        );
        self.counts[truth * self.classes + predicted]
    }

    /// How many rows there are of each class.
    pub fn support(&self) -> Vec<f64> {
        (0..self.classes).map(|i| (0..self.classes).map(|j| self.count(i, j)).sum()).collect()
    }

    fn predicted(&self) -> Vec<f64> {
        (0..self.classes).map(|j| (0..self.classes).map(|i| self.count(i, j)).sum()).collect()
    }

    fn hits(&self) -> Vec<f64> {
        (0..self.classes).map(|i| self.count(i, i)).collect()
    }

    fn rows(&self) -> f64 {
        self.counts.iter().sum()
    }

    /// The share of rows that were predicted right: Σᵢ `c[i][i]` / Σᵢⱼ `c[i][j]`.
    pub fn accuracy(&self) -> f64 {
        ratio(self.hits().iter().sum(), self.rows())
    }

    /// The mean recall of the classes that occur.
    ///
    /// ```
    /// use train::metrics::Confusion;
    /// assert_eq!(Confusion::of(&[0, 0, 0, 1], &[0, 0, 0, 0], 3)?.balanced_accuracy(), 0.5);
    /// # Ok::<(), train::metrics::MetricError>(())
    /// ```
    pub fn balanced_accuracy(&self) -> f64 {
        let known = Confusion { zero_division: f64::NAN, ..self.clone() };
        let mean = known.recall().macro_mean();
        if mean.is_nan() { 0.0 } else { mean }
    }

    /// Cohen's κ = 1 − Σ `c[i][j]` / Σ `e[i][j]` over i ≠ j, where e is what chance gives, rowᵢ·columnⱼ / rows (Cohen 1960).
    ///
    /// ```
    /// use train::metrics::Confusion;
    /// assert_eq!(Confusion::of(&[0, 0, 1, 1], &[0, 0, 1, 0], 2)?.cohen_kappa(), 0.5);
    /// # Ok::<(), train::metrics::MetricError>(())
    /// ```
    pub fn cohen_kappa(&self) -> f64 {
        self.weighted_kappa(0)
    }

    /// Cohen's κ where a confusion of i and j counts |i − j|ᵖ: p = 1 is linear, p = 2 quadratic; with 0, all count 1 (Cohen 1968).
    ///
    /// ```
    /// use train::metrics::Confusion;
    /// let near = Confusion::of(&[0, 1, 2, 2], &[0, 1, 2, 1], 3)?;
    /// assert!(near.weighted_kappa(2) > near.weighted_kappa(1) && near.weighted_kappa(1) > near.cohen_kappa());
    /// # Ok::<(), train::metrics::MetricError>(())
    /// ```
    pub fn weighted_kappa(&self, power: i32) -> f64 {
        let (support, predicted, rows) = (self.support(), self.predicted(), self.rows());
        let (mut found, mut chance) = (0.0, 0.0);
        for (i, of_class) in support.iter().enumerate() {
            for (j, as_class) in predicted.iter().enumerate().filter(|&(j, _)| j != i) {
                let weight = (i.abs_diff(j) as f64).powi(power);
                found += weight * self.count(i, j);
                chance += weight * ratio(of_class * as_class, rows);
            }
        }
        if chance == 0.0 { 0.0 } else { 1.0 - found / chance }
    }

    /// Matthews' correlation, the correlation of truth and prediction as indicator vectors (Gorodkin 2004).
    ///
    /// ```
    /// use train::metrics::Confusion;
    /// assert_eq!(Confusion::of(&[0, 0, 1, 1], &[1, 1, 0, 0], 2)?.matthews(), -1.0);
    /// # Ok::<(), train::metrics::MetricError>(())
    /// ```
    pub fn matthews(&self) -> f64 {
        let (support, predicted, rows) = (self.support(), self.predicted(), self.rows());
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let covariance = self.hits().iter().sum::<f64>() * rows - dot(&support, &predicted);
        let spread = (rows * rows - dot(&support, &support)) * (rows * rows - dot(&predicted, &predicted));
        ratio(covariance, spread.sqrt())
    }

    /// Of the rows that were predicted as a class, the share that is of it: tp / (tp + fp).
    pub fn precision(&self) -> Ratios {
        self.ratios(self.hits(), self.predicted())
    }

    /// Of the rows of a class, the share that was predicted so: tp / (tp + fn).
    pub fn recall(&self) -> Ratios {
        self.ratios(self.hits(), self.support())
    }

    /// The harmonic mean of precision and recall: 2·tp / (2·tp + fp + fn).
    pub fn f1(&self) -> Ratios {
        self.f_beta(1.0)
    }

    /// The same where recall counts β times as much (van Rijsbergen 1979): (1 + β²)·tp / ((1 + β²)·tp + β²·fn + fp).
    ///
    /// ```
    /// use train::metrics::Confusion;
    /// let confusion = Confusion::of(&[1, 1, 0, 1], &[1, 0, 0, 0], 2)?;
    /// assert_eq!(confusion.f_beta(2.0).class(1), 5.0 / 13.0);
    /// # Ok::<(), train::metrics::MetricError>(())
    /// ```
    pub fn f_beta(&self, beta: f64) -> Ratios {
        let square = beta * beta;
        let above = self.hits().iter().map(|tp| (1.0 + square) * tp).collect();
        let below = self.support().iter().zip(&self.predicted()).map(|(s, p)| square * s + p).collect();
        self.ratios(above, below)
    }

    /// Intersection over union: tp / (tp + fp + fn).
    ///
    /// ```
    /// use train::metrics::Confusion;
    /// let confusion = Confusion::of(&[1, 1, 0, 1], &[1, 0, 1, 1], 2)?;
    /// assert_eq!(confusion.jaccard().class(1), 0.5);
    /// # Ok::<(), train::metrics::MetricError>(())
    /// ```
    pub fn jaccard(&self) -> Ratios {
        let (hits, support, predicted) = (self.hits(), self.support(), self.predicted());
        let below = (0..self.classes).map(|i| support[i] + predicted[i] - hits[i]).collect();
        self.ratios(hits, below)
    }

    fn ratios(&self, above: Vec<f64>, below: Vec<f64>) -> Ratios {
        Ratios { above, below, support: self.support(), zero_division: self.zero_division }
    }
}

/// A ratio for each class, and its means.
///
/// ```
/// use train::metrics::Confusion;
/// let recall = Confusion::of(&[0, 0, 0, 1], &[0, 0, 1, 1], 2)?.recall();
/// assert_eq!(recall.per_class(), [2.0 / 3.0, 1.0]);
/// assert_eq!((recall.macro_mean(), recall.micro()), ((2.0 / 3.0 + 1.0) / 2.0, 0.75));
/// assert_eq!(recall.weighted_mean(), 0.75); // each class by its rows
/// # Ok::<(), train::metrics::MetricError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Ratios {
    above: Vec<f64>,
    below: Vec<f64>,
    support: Vec<f64>,
    zero_division: f64,
}

impl Ratios {
    fn divided(&self, above: f64, below: f64) -> f64 {
        if below == 0.0 { self.zero_division } else { above / below }
    }

    /// The ratio of each class.
    pub fn per_class(&self) -> Vec<f64> {
        self.above.iter().zip(&self.below).map(|(&a, &b)| self.divided(a, b)).collect()
    }

    /// The ratio of one class, such as 1 of two.
    ///
    /// # Panics
    /// If there is no such class.
    #[track_caller]
    pub fn class(&self, class: usize) -> f64 {
        assert!(class < self.above.len(), "class: {class} of {}", self.above.len());
        self.divided(self.above[class], self.below[class])
    }

    /// The mean over all classes, whether they occur or not.
    pub fn macro_mean(&self) -> f64 {
        self.mean(&vec![1.0; self.above.len()])
    }

    /// The mean over all classes by the number of their rows.
    pub fn weighted_mean(&self) -> f64 {
        if self.support.iter().all(|s| *s == 0.0) { self.macro_mean() } else { self.mean(&self.support) }
    }

    /// The ratio of the sums over all classes.
    pub fn micro(&self) -> f64 {
        self.divided(self.above.iter().sum(), self.below.iter().sum())
    }

    /// NaN is left out; the mean of nothing else is NaN.
    fn mean(&self, weights: &[f64]) -> f64 {
        let known = || self.per_class().into_iter().zip(weights).filter(|(x, _)| !x.is_nan());
        let total: f64 = known().map(|(_, w)| w).sum();
        if total > 0.0 { known().map(|(x, w)| x * w).sum::<f64>() / total } else { f64::NAN }
    }
}
