//! Losses of rows of scores, one for each class.

use super::misfit;
use crate::loss::{each, same_shape};
use autograd::{DType, Mistake, Var};

/// Refuses anything but scores of \[n, classes\] and labels of \[n\].
#[track_caller]
fn labelled(loss: &str, scores: Var<'_>, labels: Var<'_>) {
    let (a, y) = (scores.shape(), labels.shape());
    if labels.dtype() != DType::I64 || a.len() != 2 || y[..] != a[..1] {
        misfit(loss, scores, labels, "scores are [n×classes], labels are I64 of [n], counted from 0");
    }
}

/// Focal loss of logits of \[n, classes\] and n labels, L = (1 − p)^γ·(−ln p) with p = softmax(logits)\[i, labelᵢ\].
///
/// Source: Lin et al., *Focal Loss for Dense Object Detection*, 2017, equation 4.
///
/// # Panics
/// If the labels are not `I64` of shape \[n\], or one is outside of 0..classes.
///
/// ```
/// let tape = autograd::Tape::new();
/// let loss = nn::loss::row::focal(tape.var([[0.0, 0.0]]), tape.constant(&[1i64]), 2.0);
/// assert!((loss.item() - 0.25 * 2f64.ln()).abs() < 1e-15);
/// ```
#[track_caller]
pub fn focal<'t>(logits: Var<'t>, labels: Var<'t>, gamma: f64) -> Var<'t> {
    labelled("focal", logits, labels);
    let log = logits.log_softmax(-1).pick_labels("focal", labels);
    if gamma == 0.0 {
        return -log;
    }
    each::positive("focal", "γ", gamma);
    (-log.exp_m1()).powf(gamma) * -log
}

/// Margin loss of scores of \[n, classes\] and n labels y, L = Σ max(0, margin − x\[y\] + x\[c\])ᵖ over the other classes c, divided by
/// the number of classes. A weight for each class is that of the label.
///
/// Source: Crammer & Singer, *On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines*, 2001, for p = 1.
///
/// # Panics
/// If the labels are not `I64` of shape \[n\], one is outside of 0..classes, p is neither 1 nor 2, or a weight is missing.
///
/// ```
/// let tape = autograd::Tape::new();
/// let (x, y) = (tape.var([[1.0, 0.5]]), tape.constant(&[0i64]));
/// assert_eq!(nn::loss::row::multi_margin(x, y, 1, 1.0, None).item(), 0.25);
/// assert_eq!(nn::loss::row::multi_margin(x, y, 2, 1.0, Some(tape.constant([4.0, 1.0]))).item(), 0.5);
/// ```
#[track_caller]
pub fn multi_margin<'t>(
    scores: Var<'t>,
    labels: Var<'t>,
    p: u32,
    margin: f64,
    weights: Option<Var<'t>>,
) -> Var<'t> {
    labelled("multi_margin", scores, labels);
    if p != 1 && p != 2 {
        Mistake::new(format!("multi_margin: p = {p}")).rule("p is 1 or 2").raise();
    }
    let classes = scores.shape()[1];
    let own = scores.pick_labels("multi_margin", labels).unsqueeze(-1);
    let hinges = (scores - own + margin).relu();
    let powers = if p == 1 { hinges } else { hinges.square() };
    let others = 1.0 - labels.one_hot(classes, scores.dtype());
    let losses = (powers * others).sum_over(-1) / classes as f64;
    let Some(weights) = weights else { return losses };
    if weights.shape()[..] != [classes] {
        misfit("multi_margin", scores, weights, "there is a weight for each class");
    }
    losses * weights.take(0, labels)
}

/// Margin loss of scores x of \[n, classes\] and several labels a row: L = Σ max(0, 1 − (x\[t\] − x\[o\])) over labels t and classes o that
/// are no label of the row, divided by the number of classes.
///
/// The labels are `I64` of \[n, classes\]; those of a row end with −1, and what stands behind it does not count.
///
/// # Panics
/// If labels and scores differ in shape, the labels are not `I64`, or one that counts is outside of 0..classes.
///
/// ```
/// let tape = autograd::Tape::new();
/// let (x, y) = (tape.var([[1.0, 0.5, 0.0]]), tape.constant([[0i64, -1, 1]]));
/// assert_eq!(nn::loss::row::multilabel_margin(x, y).item(), (0.5 + 0.0) / 3.0);
/// ```
#[track_caller]
pub fn multilabel_margin<'t>(scores: Var<'t>, labels: Var<'t>) -> Var<'t> {
    let shape = scores.shape();
    let (&[_, classes], true) = (&shape[..], labels.shape() == shape && labels.dtype() == DType::I64) else {
        let rule = "scores and labels are [n×classes], labels are I64, and −1 ends those of a row";
        misfit("multilabel_margin", scores, labels, rule);
    };
    let ended = labels.lt(0.0).cast(scores.dtype()).cumsum(-1);
    let counts = ended.eq(0.0);
    let known = counts.select(labels, labels.full_like(0.0));
    let counts = counts.cast(scores.dtype());
    // [n, classes]: 1 for the classes that are no label.
    let named = (known.one_hot(classes, scores.dtype()) * counts.unsqueeze(-1)).sum_over(-2);
    let others = named.eq(0.0).cast(scores.dtype());
    let differences = scores.gather(-1, known).unsqueeze(-1) - scores.unsqueeze(-2);
    let pairs = counts.unsqueeze(-1) * others.unsqueeze(-2);
    ((1.0 - differences).relu() * pairs).sum_over([-1, -2]) / classes as f64
}

/// Binary cross-entropy of each class, L = mean of w·(−t·ln σ(x) − (1 − t)·ln σ(−x)) over the last axis. Weights w are those of the
/// classes, or 1.
///
/// # Panics
/// If logits and target differ in shape, or the weights cannot be broadcast to it.
///
/// ```
/// let tape = autograd::Tape::new();
/// let (x, t) = (tape.var([[0.0, 0.0]]), tape.constant([[1.0, 0.0]]));
/// assert_eq!(nn::loss::row::multilabel_soft_margin(x, t, None).to_vec::<f64>(), [2f64.ln()]);
/// ```
#[track_caller]
pub fn multilabel_soft_margin<'t>(logits: Var<'t>, target: Var<'t>, weights: Option<Var<'t>>) -> Var<'t> {
    same_shape("multilabel_soft_margin", logits, target);
    let losses = each::bce_with_logits(logits, target);
    weights.map_or(losses, |w| w * losses).mean_over(-1)
}
