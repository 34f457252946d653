//! Losses of targets of two kinds: 0 and 1, or −1 and 1.

use super::{positive, within};
use crate::loss::same_shape;
use autograd::Var;

/// Binary cross-entropy of probabilities, L = −t·ln p − (1 − t)·ln(1 − p). No logarithm counts below −100: there L has no slope.
///
/// [`bce_with_logits`] loses no digits near p = 0 and p = 1. Source: Goodfellow et al., *Deep Learning*, 2016, section 5.5.
///
/// # Panics
/// If prediction and target differ in shape, or p is not in 0..=1 (in a program L is NaN there).
///
/// ```
/// let tape = autograd::Tape::new();
/// let loss = nn::loss::each::bce(tape.var([0.5, 0.0]), tape.constant([1.0, 1.0]));
/// assert_eq!(loss.to_vec::<f64>(), [2f64.ln(), 100.0]);
/// ```
#[track_caller]
pub fn bce<'t>(probability: Var<'t>, target: Var<'t>) -> Var<'t> {
    same_shape("bce", probability, target);
    within("bce", "probability", probability, (0.0, 1.0), "`bce_with_logits` takes scores");
    const LOWEST: f64 = -100.0;
    // A logarithm is not taken where it is −∞: its slope would be.
    let (some, rest) = (probability.ne(0.0), probability.ne(1.0));
    let log = some.select(some.select(probability, 1.0).ln(), LOWEST);
    let log_rest = rest.select((-rest.select(probability, 0.0)).ln_1p(), LOWEST);
    -(target * log.hardtanh(LOWEST, 0.0) + (1.0 - target) * log_rest.hardtanh(LOWEST, 0.0))
}

/// Binary cross-entropy of logits, L = −t·ln σ(x) − (1 − t)·ln σ(−x), without overflow and with all digits.
///
/// Source: Goodfellow et al., *Deep Learning*, 2016, section 6.2.2.2.
///
/// # Panics
/// If logits and target differ in shape.
///
/// ```
/// let tape = autograd::Tape::new();
/// let loss = nn::loss::each::bce_with_logits(tape.var([0.0, 1000.0]), tape.constant([1.0, 0.0]));
/// assert_eq!(loss.to_vec::<f64>(), [2f64.ln(), 1000.0]);
/// ```
#[track_caller]
pub fn bce_with_logits<'t>(logits: Var<'t>, target: Var<'t>) -> Var<'t> {
    same_shape("bce_with_logits", logits, target);
    // A share of 0 takes nothing of what is infinite.
    target.strong_mul((-logits).softplus()) + (1.0 - target).strong_mul(logits.softplus())
}

/// As [`bce_with_logits`] with a weight w of positive targets, L = −w·t·ln σ(x) − (1 − t)·ln σ(−x). w is broadcast.
///
/// # Panics
/// If logits and target differ in shape, or the weights cannot be broadcast to it.
///
/// ```
/// let tape = autograd::Tape::new();
/// let (x, t) = (tape.var([[0.0, 0.0]]), tape.constant([[1.0, 0.0]]));
/// let loss = nn::loss::each::weighted_bce_with_logits(x, t, tape.constant([3.0, 3.0]));
/// assert_eq!(loss.to_vec::<f64>(), [3.0 * 2f64.ln(), 2f64.ln()]);
/// ```
#[track_caller]
pub fn weighted_bce_with_logits<'t>(logits: Var<'t>, target: Var<'t>, positive: Var<'t>) -> Var<'t> {
    same_shape("weighted_bce_with_logits", logits, target);
    (positive * target).strong_mul((-logits).softplus()) + (1.0 - target).strong_mul(logits.softplus())
}

/// Focal loss of logits, L = (1 − p)^γ·(−ln p), with p = σ(x) for the target 1 and σ(−x) for 0. It is binary cross-entropy for
/// γ = 0. A share α of the positive class is a factor: [`balance`].
///
/// Source: Lin et al., *Focal Loss for Dense Object Detection*, 2017, equation 4.
///
/// # Panics
/// If logits and target differ in shape, or γ is negative.
///
/// ```
/// let tape = autograd::Tape::new();
/// let loss = nn::loss::each::focal(tape.var([0.0]), tape.constant([1.0]), 2.0);
/// assert_eq!(loss.item(), 0.25 * 2f64.ln());
/// ```
#[track_caller]
pub fn focal<'t>(logits: Var<'t>, target: Var<'t>, gamma: f64) -> Var<'t> {
    let entropy = bce_with_logits(logits, target);
    if gamma == 0.0 {
        return entropy;
    }
    positive("focal", "γ", gamma);
    // 1 − p, without cancellation.
    let missing = target * (-logits).sigmoid() + (1.0 - target) * logits.sigmoid();
    missing.powf(gamma) * entropy
}

/// The weight α for targets of 1, and 1 − α for 0: α·t + (1 − α)·(1 − t).
///
/// ```
/// let tape = autograd::Tape::new();
/// assert_eq!(nn::loss::each::balance(tape.constant([1.0, 0.0]), 0.25).to_vec::<f64>(), [0.25, 0.75]);
/// ```
#[track_caller]
pub fn balance(target: Var<'_>, alpha: f64) -> Var<'_> {
    target * alpha + (1.0 - target) * (1.0 - alpha)
}

/// Hinge loss, L = max(0, 1 − t·x) for targets −1 and 1, with the derivative 0 at the margin. Its square is the squared hinge
/// loss.
///
/// Source: Cortes & Vapnik, *Support-Vector Networks*, 1995.
///
/// # Panics
/// If prediction and target differ in shape.
///
/// ```
/// let tape = autograd::Tape::new();
/// let loss = nn::loss::each::hinge(tape.var([0.5, 2.0]), tape.constant([-1.0, 1.0]));
/// assert_eq!((loss.to_vec::<f64>(), loss.square().sum().item()), (vec![1.5, 0.0], 2.25));
/// ```
#[track_caller]
pub fn hinge<'t>(prediction: Var<'t>, target: Var<'t>) -> Var<'t> {
    same_shape("hinge", prediction, target);
    (1.0 - target * prediction).relu()
}

/// Logistic loss, L = ln(1 + e^(−t·x)) for targets −1 and 1, without overflow.
///
/// # Panics
/// If prediction and target differ in shape.
///
/// ```
/// let tape = autograd::Tape::new();
/// let loss = nn::loss::each::soft_margin(tape.var([0.0, 1000.0]), tape.constant([1.0, -1.0]));
/// assert_eq!(loss.to_vec::<f64>(), [2f64.ln(), 1000.0]);
/// ```
#[track_caller]
pub fn soft_margin<'t>(prediction: Var<'t>, target: Var<'t>) -> Var<'t> {
    same_shape("soft_margin", prediction, target);
    (-(target * prediction)).softplus()
}

/// Loss of distances, L = x for the target 1, and max(0, margin − x) for −1.
///
/// # Panics
/// If prediction and target differ in shape.
///
/// ```
/// let tape = autograd::Tape::new();
/// let loss = nn::loss::each::hinge_embedding(tape.var([0.25, 0.25]), tape.constant([1.0, -1.0]), 1.0);
/// assert_eq!(loss.to_vec::<f64>(), [0.25, 0.75]);
/// ```
#[track_caller]
pub fn hinge_embedding<'t>(distance: Var<'t>, target: Var<'t>, margin: f64) -> Var<'t> {
    same_shape("hinge_embedding", distance, target);
    target.gt(0.0).select(distance, (margin - distance).relu())
}

/// Loss of a pair of scores, L = max(0, margin − t·(a − b)): a is to be the larger one for the target 1, b for −1.
///
/// # Panics
/// If shapes differ.
///
/// ```
/// let tape = autograd::Tape::new();
/// let (a, b) = (tape.var([1.0]), tape.var([2.0]));
/// assert_eq!(nn::loss::each::margin_ranking(a, b, tape.constant([1.0]), 0.5).item(), 1.5);
/// ```
#[track_caller]
pub fn margin_ranking<'t>(a: Var<'t>, b: Var<'t>, target: Var<'t>, margin: f64) -> Var<'t> {
    same_shape("margin_ranking", a, b);
    same_shape("margin_ranking", a, target);
    (margin - target * (a - b)).relu()
}
