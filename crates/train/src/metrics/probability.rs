//! What depends on the probabilities of all classes.

use super::error::{MetricError, all_finite, class, ratio, weighted_mean, weights_of};
use super::ranking::{one_class, roc_auc};
use autograd::Mistake;

/// For each row the class that it is of, and a probability of each class.
///
/// ```
/// use train::metrics::Probabilities;
/// let rows = [0.5, 0.25, 0.25, /**/ 0.125, 0.75, 0.125];
/// let probabilities = Probabilities::of(&[0, 2], &rows)?;
/// assert_eq!(probabilities.predicted(), [0, 1]);
/// assert_eq!((probabilities.top_k_accuracy(1), probabilities.top_k_accuracy(2)), (0.5, 1.0));
/// assert_eq!(probabilities.log_loss(), (2f64.ln() + 8f64.ln()) / 2.0);
/// # Ok::<(), train::metrics::MetricError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Probabilities<'a> {
    rows: Vec<&'a [f64]>,
    truth: Vec<usize>,
    weights: Vec<f64>,
}

impl<'a> Probabilities<'a> {
    /// The class of each row, and row-major probabilities, as many to a row as there are classes.
    ///
    /// ```
    /// use train::metrics::Probabilities;
    /// let error = Probabilities::of(&[1, 0], &[0.5, 0.5, 2.0, -1.5]).unwrap_err();
    /// assert_eq!(error.to_string(), "probabilities of row 1: found the sum 0.5, expected 1 ± 1e-5: scores go through a softmax first");
    /// ```
    ///
    /// # Errors
    /// If there is no row, a number is not finite, a label is no class, or the probabilities of a row do not add up to 1 ± 10⁻⁵, which
    /// those of a softmax in F32 do. scikit-learn warns then, or refuses: `roc_auc_score` by the same 10⁻⁵.
    ///
    /// # Panics
    /// If there are not as many numbers to each row.
    #[track_caller]
    pub fn of(truth: &[i64], probabilities: &'a [f64]) -> Result<Probabilities<'a>, MetricError> {
        Probabilities::weighted(truth, probabilities, None)
    }

    /// The same, where each row counts as often as its weight says. Weights matter to [`log_loss`](Probabilities::log_loss),
    /// [`top_k_accuracy`](Probabilities::top_k_accuracy) and areas of one class against the rest.
    ///
    /// # Errors
    /// As [`of`](Probabilities::of), and if a weight is below 0 or not finite.
    ///
    /// # Panics
    /// As [`of`](Probabilities::of).
    #[track_caller]
    pub fn weighted(
        truth: &[i64],
        probabilities: &'a [f64],
        weights: Option<&[f64]>,
    ) -> Result<Probabilities<'a>, MetricError> {
        if truth.is_empty() {
            return Err(MetricError::whole("labels", "none", "at least one row"));
        }
        let classes = probabilities.len() / truth.len();
        if classes == 0 || !probabilities.len().is_multiple_of(truth.len()) {
            Mistake::new(format!("probabilities: {} numbers, {} rows", probabilities.len(), truth.len()))
                .rule("each row has as many numbers as there are classes")
                .raise();
        }
        let rows: Vec<&[f64]> = probabilities.chunks_exact(classes).collect();
        for (row, p) in rows.iter().enumerate() {
            all_finite("probability", p).map_err(|error| MetricError { row: Some(row), ..error })?;
            let sum: f64 = p.iter().sum();
            if (sum - 1.0).abs() > TOLERANCE {
                let (found, expected) =
                    (format!("the sum {sum}"), "1 ± 1e-5: scores go through a softmax first");
                return Err(MetricError::at("probabilities", row, found, expected));
            }
        }
        let weights = weights_of("probabilities", truth.len(), weights)?;
        let truth = truth.iter().enumerate().map(|(row, &label)| class(row, label, classes));
        Ok(Probabilities { rows, truth: truth.collect::<Result<_, _>>()?, weights })
    }

    fn classes(&self) -> usize {
        self.rows[0].len()
    }

    /// The class of the largest number of each row; the first of equal ones.
    pub fn predicted(&self) -> Vec<i64> {
        self.rows.iter().map(|p| largest(p) as i64).collect()
    }

    /// The mean of −log p of the right class, p limited to [ε, 1 − ε] with the ε of `f64`.
    pub fn log_loss(&self) -> f64 {
        let limit = |p: f64| p.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
        let rows = self.rows.iter().zip(&self.truth).zip(&self.weights);
        weighted_mean(rows.map(|((p, &truth), &weight)| (-limit(p[truth]).ln(), weight)))
    }

    /// The share of rows whose class is among the k largest numbers. Of equal numbers, that of the later class counts as larger.
    pub fn top_k_accuracy(&self, k: usize) -> f64 {
        let rows = self.rows.iter().zip(&self.truth).zip(&self.weights);
        weighted_mean(rows.map(|((p, &truth), &weight)| {
            let above =
                p.iter().enumerate().filter(|&(j, &x)| x > p[truth] || (x == p[truth] && j > truth)).count();
            (f64::from(above < k), weight)
        }))
    }

    /// The mean of Σₖ (pₖ − yₖ)² over the rows, y = 1 for the right class and 0 for others (Brier 1950). It is twice
    /// [`brier`](super::brier) for two classes.
    ///
    /// ```
    /// use train::metrics::Probabilities;
    /// assert_eq!(Probabilities::of(&[0, 1], &[0.5, 0.5, 0.0, 1.0])?.brier(), 0.25);
    /// # Ok::<(), train::metrics::MetricError>(())
    /// ```
    pub fn brier(&self) -> f64 {
        let rows = self.rows.iter().zip(&self.truth).zip(&self.weights);
        weighted_mean(rows.map(|((p, &truth), &weight)| {
            let each = p.iter().enumerate().map(|(k, p)| (p - f64::from(k == truth)).powi(2));
            (each.sum(), weight)
        }))
    }

    /// For each class the area under its ROC curve against all others, by the numbers of that class. Their mean is the figure
    /// of many classes; or their mean by [`shares`](Probabilities::shares).
    ///
    /// ```
    /// use train::metrics::Probabilities;
    /// let rows = [0.5, 0.25, 0.25, /**/ 0.125, 0.75, 0.125, /**/ 0.25, 0.5, 0.25];
    /// let areas = Probabilities::of(&[0, 1, 2], &rows)?.one_versus_rest()?;
    /// assert_eq!(areas, [1.0, 1.0, 0.75]);
    /// # Ok::<(), train::metrics::MetricError>(())
    /// ```
    ///
    /// # Errors
    /// If a class does not occur, or nothing else does.
    pub fn one_versus_rest(&self) -> Result<Vec<f64>, MetricError> {
        let area = |class: usize| {
            let truth: Vec<bool> = self.truth.iter().map(|&t| t == class).collect();
            let scores: Vec<f64> = self.rows.iter().map(|p| p[class]).collect();
            roc_auc(&truth, &scores, Some(&self.weights))
        };
        (0..self.classes()).map(area).collect()
    }

    /// For each pair of classes (a, b), a < b, the mean of two areas: of a against b by the numbers of a, and of b against a by
    /// those of b; with the share of rows that are of either class (Hand & Till 2001). Without weights of rows.
    ///
    /// ```
    /// use train::metrics::Probabilities;
    /// let rows = [0.5, 0.25, 0.25, /**/ 0.125, 0.75, 0.125, /**/ 0.25, 0.5, 0.25];
    /// let areas = Probabilities::of(&[0, 1, 2], &rows)?.one_versus_one()?;
    /// assert_eq!(areas.iter().map(|(area, _)| *area).collect::<Vec<_>>(), [1.0, 0.75, 1.0]);
    /// # Ok::<(), train::metrics::MetricError>(())
    /// ```
    ///
    /// # Errors
    /// If a class does not occur.
    pub fn one_versus_one(&self) -> Result<Vec<(f64, f64)>, MetricError> {
        let mut areas = vec![];
        for a in 0..self.classes() {
            for b in a + 1..self.classes() {
                let among = || self.rows.iter().zip(&self.truth).filter(|(_, t)| [a, b].contains(t));
                let area = |class: usize| {
                    let truth: Vec<bool> = among().map(|(_, &t)| t == class).collect();
                    let scores: Vec<f64> = among().map(|(p, _)| p[class]).collect();
                    roc_auc(&truth, &scores, None)
                };
                let share = among().count() as f64 / self.rows.len() as f64;
                areas.push(((area(a)? + area(b)?) / 2.0, share));
            }
        }
        if areas.is_empty() { Err(one_class()) } else { Ok(areas) }
    }

    /// The share of each class among the rows, by weight.
    pub fn shares(&self) -> Vec<f64> {
        let of =
            |class| self.truth.iter().map(move |&t| f64::from(t == class)).zip(self.weights.iter().copied());
        (0..self.classes()).map(|class| weighted_mean(of(class))).collect()
    }

    /// How far confidence and accuracy lie apart, in bins of equal width of the largest probability, (i/n, (i + 1)/n].
    ///
    /// # Panics
    /// If there are no bins.
    #[track_caller]
    pub fn calibration(&self, bins: usize) -> Calibration {
        assert!(bins > 0, "calibration: 0 bins");
        // Number of rows, sums of confidence and of hits.
        let mut sums = vec![(0.0, 0.0, 0.0); bins];
        // The inner limits as `numpy.linspace` has them.
        let limits: Vec<f64> = (1..bins).map(|i| i as f64 * (1.0 / bins as f64)).collect();
        for (p, &truth) in self.rows.iter().zip(&self.truth) {
            let predicted = largest(p);
            let bin = limits.partition_point(|limit| *limit < p[predicted]);
            let (rows, confidence, hits) = &mut sums[bin];
            *rows += 1.0;
            *confidence += p[predicted];
            *hits += f64::from(predicted == truth);
        }
        let gaps = sums.into_iter().map(|(rows, confidence, hits)| {
            (rows / self.rows.len() as f64, ratio((hits - confidence).abs(), rows))
        });
        Calibration { bins: gaps.collect() }
    }
}

/// The gap between confidence and accuracy in each bin of confidence (Guo et al., *On calibration of modern neural networks*, 2017).
///
/// ```
/// use train::metrics::Probabilities;
/// let sure = Probabilities::of(&[0, 0, 1, 0], &[0.75, 0.25, 0.75, 0.25, 0.0, 1.0, 0.0, 1.0])?.calibration(4);
/// assert_eq!((sure.expected(), sure.largest()), (0.375, 0.5));
/// # Ok::<(), train::metrics::MetricError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// Of each bin the share of rows, and |accuracy − confidence|.
    pub bins: Vec<(f64, f64)>,
}

impl Calibration {
    /// The expected calibration error: the mean gap by the share of rows.
    pub fn expected(&self) -> f64 {
        self.bins.iter().map(|(share, gap)| share * gap).sum()
    }

    /// The maximum calibration error: the largest gap.
    pub fn largest(&self) -> f64 {
        self.bins.iter().fold(0.0, |most, (_, gap)| gap.max(most))
    }
}

/// How far the probabilities of a row may add up to another number than 1.
const TOLERANCE: f64 = 1e-5;

/// The place of the largest number, the first of equal ones.
fn largest(p: &[f64]) -> usize {
    (1..p.len()).fold(0, |best, j| if p[j] > p[best] { j } else { best })
}
