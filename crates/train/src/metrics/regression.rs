//! Predictions of numbers.

use super::error::{MetricError, all_finite, ratio, same_rows, weighted_mean, weights_of};

/// Numbers y and their predictions p: all figures of regression.
///
/// ```
/// use train::metrics::Regression;
/// let fit = Regression::of(&[3.0, -0.5, 2.0, 7.0], &[2.5, 0.0, 2.0, 8.0])?;
/// assert_eq!(fit.mean_squared_error(), 0.375);
/// assert_eq!((fit.mean_absolute_error(), fit.median_absolute_error(), fit.max_error()), (0.5, 0.5, 1.0));
/// assert!((fit.r2() - 0.9486081370449679).abs() < 1e-15);
/// # Ok::<(), train::metrics::MetricError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Regression {
    target: Vec<f64>,
    prediction: Vec<f64>,
    weights: Vec<f64>,
}

impl Regression {
    /// Of numbers and their predictions.
    ///
    /// # Errors
    /// If there is none, or one is not finite.
    ///
    /// # Panics
    /// If there are not as many of both.
    #[track_caller]
    pub fn of(target: &[f64], prediction: &[f64]) -> Result<Regression, MetricError> {
        Regression::weighted(target, prediction, None)
    }

    /// The same, where each number counts as often as its weight says. Medians, largest errors and correlations take none.
    ///
    /// # Errors
    /// As [`of`](Regression::of), and if a weight is below 0 or not finite.
    ///
    /// # Panics
    /// As [`of`](Regression::of).
    #[track_caller]
    pub fn weighted(
        target: &[f64],
        prediction: &[f64],
        weights: Option<&[f64]>,
    ) -> Result<Regression, MetricError> {
        same_rows("regression", ["targets", "predictions"], [target.len(), prediction.len()]);
        let weights = weights_of("regression", target.len(), weights)?;
        if target.is_empty() {
            return Err(MetricError::whole("targets", "none", "at least one number"));
        }
        all_finite("target", target)?;
        all_finite("prediction", prediction)?;
        Ok(Regression { target: target.to_vec(), prediction: prediction.to_vec(), weights })
    }

    /// One for each column of row-major numbers, where a row has several. A figure of all columns is a mean of theirs.
    ///
    /// ```
    /// use train::metrics::Regression;
    /// let columns = Regression::columns(&[1.0, 10.0, 2.0, 20.0], &[1.0, 10.0, 2.0, 10.0], 2, None)?;
    /// assert_eq!([columns[0].r2(), columns[1].r2()], [1.0, -1.0]);
    /// assert!((Regression::r2_by_variance(&columns) + 24.75 / 25.25).abs() < 1e-15);
    /// # Ok::<(), train::metrics::MetricError>(())
    /// ```
    ///
    /// # Errors
    /// As [`weighted`](Regression::weighted).
    ///
    /// # Panics
    /// If there are not as many of both, or no whole rows.
    #[track_caller]
    pub fn columns(
        target: &[f64],
        prediction: &[f64],
        columns: usize,
        weights: Option<&[f64]>,
    ) -> Result<Vec<Regression>, MetricError> {
        same_rows("columns", ["targets", "predictions"], [target.len(), prediction.len()]);
        assert!(
            columns > 0 && target.len().is_multiple_of(columns),
            "columns: {} numbers make no rows of {columns}",
            target.len()
        );
        let column = |of: &[f64], j: usize| of.iter().skip(j).step_by(columns).copied().collect::<Vec<_>>();
        (0..columns)
            .map(|j| Regression::weighted(&column(target, j), &column(prediction, j), weights))
            .collect()
    }

    /// Σ wᵢ·f(yᵢ, pᵢ) / Σ wᵢ.
    fn mean(&self, f: impl Fn(f64, f64) -> f64) -> f64 {
        let rows = self.target.iter().zip(&self.prediction).zip(&self.weights);
        weighted_mean(rows.map(|((&y, &p), &w)| (f(y, p), w)))
    }

    /// The mean of (y − p)².
    pub fn mean_squared_error(&self) -> f64 {
        self.mean(|y, p| (y - p).powi(2))
    }

    /// The root of the mean of (y − p)².
    pub fn root_mean_squared_error(&self) -> f64 {
        self.mean_squared_error().sqrt()
    }

    /// The mean of (ln(1 + y) − ln(1 + p))²; NaN where a number is below −1.
    ///
    /// ```
    /// use train::metrics::Regression;
    /// assert_eq!(Regression::of(&[0.0], &[1f64.exp_m1()])?.mean_squared_log_error(), 1.0);
    /// # Ok::<(), train::metrics::MetricError>(())
    /// ```
    pub fn mean_squared_log_error(&self) -> f64 {
        self.mean(|y, p| (y.ln_1p() - p.ln_1p()).powi(2))
    }

    /// The mean of |y − p|.
    pub fn mean_absolute_error(&self) -> f64 {
        self.mean(|y, p| (y - p).abs())
    }

    /// The mean of |y − p| / max(|y|, ε), a fraction and no percentage, with the ε of `f64`.
    ///
    /// ```
    /// use train::metrics::Regression;
    /// assert_eq!(Regression::of(&[2.0, -4.0], &[1.0, -4.0])?.mean_absolute_percentage_error(), 0.25);
    /// # Ok::<(), train::metrics::MetricError>(())
    /// ```
    pub fn mean_absolute_percentage_error(&self) -> f64 {
        self.mean(|y, p| (y - p).abs() / y.abs().max(f64::EPSILON))
    }

    /// The mean pinball loss: α·(y − p) where y is above p, and (1 − α)·(p − y) below (Koenker & Bassett 1978). The α-quantile
    /// makes it least.
    ///
    /// ```
    /// use train::metrics::Regression;
    /// assert_eq!(Regression::of(&[1.0, 2.0], &[0.0, 4.0])?.pinball(0.25), (0.25 + 1.5) / 2.0);
    /// # Ok::<(), train::metrics::MetricError>(())
    /// ```
    pub fn pinball(&self, alpha: f64) -> f64 {
        self.mean(|y, p| if y >= p { alpha * (y - p) } else { (1.0 - alpha) * (p - y) })
    }

    /// The median of |y − p|, without weights.
    pub fn median_absolute_error(&self) -> f64 {
        let mut errors: Vec<f64> = self.errors().collect();
        errors.sort_by(f64::total_cmp);
        let middle = errors.len() / 2;
        if errors.len() % 2 == 1 { errors[middle] } else { (errors[middle - 1] + errors[middle]) / 2.0 }
    }

    /// The largest |y − p|.
    pub fn max_error(&self) -> f64 {
        self.errors().fold(0.0, f64::max)
    }

    fn errors(&self) -> impl Iterator<Item = f64> {
        self.target.iter().zip(&self.prediction).map(|(y, p)| (y - p).abs())
    }

    /// R² = 1 − Σ(y − p)² / Σ(y − ȳ)². Of constant targets it is 0, and 1 where all predictions are right, as in scikit-learn; of a
    /// single number it is NaN.
    pub fn r2(&self) -> f64 {
        if self.target.len() < 2 {
            return f64::NAN;
        }
        explained(self.mean_squared_error(), self.variance())
    }

    /// 1 − var(y − p) / var(y): R² but for a constant error.
    ///
    /// ```
    /// use train::metrics::Regression;
    /// assert_eq!(Regression::of(&[1.0, 2.0, 3.0], &[2.0, 3.0, 4.0])?.explained_variance(), 1.0);
    /// # Ok::<(), train::metrics::MetricError>(())
    /// ```
    pub fn explained_variance(&self) -> f64 {
        let shift = self.mean(|y, p| y - p);
        explained(self.mean(|y, p| (y - p - shift).powi(2)), self.variance())
    }

    /// The variance of the targets, by weight: the mean of (y − ȳ)².
    pub fn variance(&self) -> f64 {
        let mean = self.mean(|y, _| y);
        self.mean(|y, _| (y - mean).powi(2))
    }

    /// The R² of several columns, each by its variance; where all are constant, their plain mean.
    pub fn r2_by_variance(columns: &[Regression]) -> f64 {
        let constant = columns.iter().all(|column| column.variance() == 0.0);
        weighted_mean(columns.iter().map(|c| (c.r2(), if constant { 1.0 } else { c.variance() })))
    }

    /// Pearson's correlation of targets and predictions, without weights; 0 where one of them is constant.
    ///
    /// ```
    /// use train::metrics::Regression;
    /// assert!((Regression::of(&[1.0, 2.0, 3.0], &[30.0, 20.0, 10.0])?.pearson() + 1.0).abs() < 1e-15);
    /// # Ok::<(), train::metrics::MetricError>(())
    /// ```
    pub fn pearson(&self) -> f64 {
        correlation(&self.target, &self.prediction)
    }

    /// Spearman's correlation: that of the ranks, where equal numbers share their mean rank.
    ///
    /// ```
    /// use train::metrics::Regression;
    /// assert!((Regression::of(&[1.0, 2.0, 3.0], &[1.0, 10.0, 1000.0])?.spearman() - 1.0).abs() < 1e-15);
    /// # Ok::<(), train::metrics::MetricError>(())
    /// ```
    pub fn spearman(&self) -> f64 {
        correlation(&ranks(&self.target), &ranks(&self.prediction))
    }
}

/// 1 − a/b; of b = 0, 1 where a is 0 too and else 0.
fn explained(a: f64, b: f64) -> f64 {
    match (a == 0.0, b == 0.0) {
        (true, true) => 1.0,
        (false, true) => 0.0,
        _ => 1.0 - a / b,
    }
}

fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let (x_mean, y_mean) = (mean(x), mean(y));
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in x.iter().map(|x| x - x_mean).zip(y.iter().map(|y| y - y_mean)) {
        (xx, yy, xy) = (xx + x * x, yy + y * y, xy + x * y);
    }
    ratio(xy, xx.sqrt() * yy.sqrt()).clamp(-1.0, 1.0)
}

/// The rank of each number, from 1; equal ones share the mean of theirs.
fn ranks(x: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..x.len()).collect();
    order.sort_by(|&a, &b| x[a].total_cmp(&x[b]));
    let mut ranks = vec![0.0; x.len()];
    let mut first = 0;
    for equal in order.chunk_by(|&a, &b| x[a] == x[b]) {
        equal.iter().for_each(|&i| ranks[i] = first as f64 + (equal.len() as f64 + 1.0) / 2.0);
        first += equal.len();
    }
    ranks
}
