//! Cross-entropy with its options.

use super::Reduction;
use autograd::{DType, Mistake, Var};

/// Cross-entropy with options: Lᵢ = −(1 − ε)·w\[yᵢ\]·ln p\[i, yᵢ\] − ε/classes·Σ w\[c\]·ln p\[i, c\] with p = softmax(logits).
///
/// The mean divides by Σ w\[yᵢ\], where a row that is ignored does not count; it is NaN where all are. Source: Szegedy et al.,
/// *Rethinking the Inception Architecture for Computer Vision*, 2016, section 7, for ε; the rest is as in PyTorch.
///
/// It is a composition, as [`cross_entropy`](super::cross_entropy) is: its passes are those of the logarithm of the softmax.
///
/// ```
/// use nn::loss::{CrossEntropy, Reduction};
/// let tape = autograd::Tape::new();
/// let logits = tape.var([[0.0, 0.0], [1000.0, 0.0], [5.0, 5.0]]);
/// let labels = tape.constant(&[1i64, 0, -1]);
/// let loss = CrossEntropy { ignored: Some(-1), reduction: Reduction::None, ..CrossEntropy::default() };
/// assert_eq!(loss.of(logits, labels).to_vec::<f64>(), [2f64.ln(), 0.0, 0.0]);
/// let loss = CrossEntropy { reduction: Reduction::Mean, ..loss };
/// assert_eq!(loss.of(logits, labels).item(), 0.5 * 2f64.ln());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct CrossEntropy<'t> {
    /// The label of rows that do not count.
    pub ignored: Option<i64>,
    /// ε, the share of a label that goes to all classes: 0 ≤ ε ≤ 1.
    pub smoothing: f64,
    /// w, a number for each class; `None` for 1.
    pub weights: Option<Var<'t>>,
    /// What is given: a number for each row, their sum or their mean.
    pub reduction: Reduction,
}

impl<'t> CrossEntropy<'t> {
    /// The loss of logits of \[n, classes, …\] and labels of \[n, …\], integers (`I64`) counted from 0.
    ///
    /// # Panics
    /// If shapes or dtypes do not fit, or a label that is not ignored is outside of 0..classes ([`Fault`](autograd::Fault)).
    #[track_caller]
    pub fn of(&self, logits: Var<'t>, labels: Var<'t>) -> Var<'t> {
        fits("cross_entropy", logits, labels);
        self.of_logs(logits.log_softmax(1), labels)
    }

    /// As [`of`](CrossEntropy::of), for ln p of \[n, classes, …\] instead of logits: the negative log-likelihood.
    ///
    /// # Panics
    /// As [`of`](CrossEntropy::of).
    ///
    /// ```
    /// use nn::loss::CrossEntropy;
    /// let tape = autograd::Tape::new();
    /// let logs = tape.var([[-1.0, -2.0], [-4.0, -8.0]]);
    /// assert_eq!(CrossEntropy::default().of_logs(logs, tape.constant(&[1i64, 0])).item(), 3.0);
    /// ```
    #[track_caller]
    pub fn of_logs(&self, logs: Var<'t>, labels: Var<'t>) -> Var<'t> {
        fits("nll", logs, labels);
        self.check(logs);
        let (classes, places) = (logs.shape()[1], labels.shape());
        // A row for each label.
        let rows = places.elements();
        let flat = if logs.rank() == 2 { logs } else { logs.move_axis(1, -1).reshape([rows, classes]) };
        let labels = labels.reshape([rows]);
        let kept = self.ignored.map(|label| labels.ne(labels.full_like(label as f64)));
        let known = kept.map_or(labels, |kept| kept.select(labels, labels.full_like(0.0)));
        let picked = -flat.pick_labels("cross_entropy", known);
        let of_label = self.weights.map(|weights| weights.take(0, known));
        let mut losses = of_label.map_or(picked, |w| w * picked);
        if self.smoothing != 0.0 {
            let all = self.weights.map_or(flat, |w| flat * w).sum_over(-1);
            losses = losses * (1.0 - self.smoothing) - all * (self.smoothing / classes as f64);
        }
        if let Some(kept) = kept {
            losses = kept.select(losses, 0.0);
        }
        match self.reduction {
            Reduction::None => losses.reshape(places),
            Reduction::Sum => losses.sum(),
            Reduction::Mean => {
                let counted = match (of_label, kept) {
                    (None, None) => return losses.mean(),
                    (None, Some(kept)) => kept.cast(losses.dtype()),
                    (Some(w), None) => w,
                    (Some(w), Some(kept)) => kept.select(w, 0.0),
                };
                losses.sum() / counted.sum()
            }
        }
    }

    /// The loss for targets that are probabilities, of the shape of the logits, \[n, classes, …\]: −Σ w\[c\]·t\[i, c\]·ln p\[i, c\]
    /// with t = (1 − ε)·target + ε/classes. The mean divides by the number of rows; no row is ignored.
    ///
    /// # Panics
    /// If shapes or dtypes do not fit.
    ///
    /// ```
    /// use nn::loss::CrossEntropy;
    /// let tape = autograd::Tape::new();
    /// let logits = tape.var([[0.0, 0.0]]);
    /// let loss = CrossEntropy::default().of_probabilities(logits, tape.constant([[0.25, 0.75]]));
    /// assert_eq!(loss.item(), 2f64.ln());
    /// ```
    #[track_caller]
    pub fn of_probabilities(&self, logits: Var<'t>, targets: Var<'t>) -> Var<'t> {
        super::same_shape("cross_entropy", logits, targets);
        let shape = logits.shape();
        let Some(&classes) = shape.get(1) else { bad_shape("cross_entropy", logits, targets) };
        self.check(logits);
        let mut shares = targets;
        if self.smoothing != 0.0 {
            shares = shares * (1.0 - self.smoothing) + self.smoothing / classes as f64;
        }
        if let Some(weights) = self.weights {
            let mut per_class = vec![1; shape.len()];
            per_class[1] = classes;
            shares *= weights.reshape(&per_class[..]);
        }
        // A share of 0 takes nothing of a logarithm that is −∞.
        let losses = -shares.strong_mul(logits.log_softmax(1)).sum_over(1);
        self.reduction.of(losses)
    }

    #[track_caller]
    fn check(&self, logits: Var<'t>) {
        let classes = logits.shape()[1];
        if !(0.0..=1.0).contains(&self.smoothing) {
            Mistake::new(format!("cross_entropy: the smoothing is {}", self.smoothing))
                .rule("it is a share, at least 0 and at most 1")
                .raise();
        }
        if let Some(weights) = self.weights.filter(|weights| weights.shape()[..] != [classes]) {
            Mistake::new(format!("cross_entropy: weights {} for {classes} classes", weights.shape()))
                .line("weights", weights.describe())
                .rule("there is a weight for each class")
                .raise();
        }
    }
}

/// Refuses labels that do not belong to logits of \[n, classes, …\].
#[track_caller]
fn fits(loss: &str, logits: Var<'_>, labels: Var<'_>) {
    let (scores, classes) = (logits.shape(), labels.shape());
    let [n, _, places @ ..] = &scores[..] else { bad_shape(loss, logits, labels) };
    if labels.dtype() != DType::I64 || classes[..] != [&[*n], places].concat()[..] {
        bad_shape(loss, logits, labels);
    }
}

#[cold]
#[track_caller]
fn bad_shape(loss: &str, logits: Var<'_>, labels: Var<'_>) -> ! {
    let (scores, classes) = (logits.shape(), labels.shape());
    Mistake::new(format!(
        "{loss}: logits {scores} {} and labels {classes} {} do not fit",
        logits.dtype(),
        labels.dtype()
    ))
    .line("logits", logits.describe())
    .line("labels", labels.describe())
    .rule("logits are [n, classes, …], labels are I64 of [n, …], counted from 0")
    .hint("`of_probabilities` takes a probability for each class")
    .raise()
}
