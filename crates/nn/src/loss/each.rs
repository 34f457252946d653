//! Losses of each element, of the shape of the prediction: `.mean()` or `.sum()` makes one number of them, and weights are
//! factors before that.
//!
//! ```
//! use nn::loss::each;
//! let tape = autograd::Tape::new();
//! let (a, y) = (tape.var([0.5, 4.0]), tape.constant([1.0, 1.0]));
//! let weights = tape.constant([2.0, 1.0]);
//! assert_eq!((weights * each::huber(a, y, 1.0)).sum().item(), 2.0 * 0.125 + 2.5);
//! ```

mod binary;
mod likelihood;

pub use binary::{
    balance, bce, bce_with_logits, focal, hinge, hinge_embedding, margin_ranking, soft_margin,
    weighted_bce_with_logits,
};
pub use likelihood::{gaussian_nll, kl_div, kl_div_of_logs, poisson_nll, poisson_nll_of_rate, stirling};

use super::same_shape;
use autograd::{DType, Mistake, Var};

/// Absolute error, L = |a − y|, with the derivative 0 where they are equal.
///
/// # Panics
/// If prediction and target differ in shape.
///
/// ```
/// let tape = autograd::Tape::new();
/// let loss = nn::loss::each::l1(tape.var([1.0, -2.0]), tape.constant([3.0, -2.0]));
/// assert_eq!(loss.to_vec::<f64>(), [2.0, 0.0]);
/// ```
#[track_caller]
pub fn l1<'t>(prediction: Var<'t>, target: Var<'t>) -> Var<'t> {
    same_shape("l1", prediction, target);
    (prediction - target).abs()
}

/// Squared error, L = (a − y)².
///
/// # Panics
/// If prediction and target differ in shape.
///
/// ```
/// let tape = autograd::Tape::new();
/// let loss = nn::loss::each::squared(tape.var([1.0, 5.0]), tape.constant([3.0, 4.0]));
/// assert_eq!(loss.to_vec::<f64>(), [4.0, 1.0]);
/// ```
#[track_caller]
pub fn squared<'t>(prediction: Var<'t>, target: Var<'t>) -> Var<'t> {
    same_shape("squared", prediction, target);
    (prediction - target).square()
}

/// Huber's loss of e = a − y: ½·e² where |e| ≤ δ, else δ·(|e| − δ/2). Source: Huber, *Robust estimation of a location parameter*,
/// 1964.
///
/// # Panics
/// If prediction and target differ in shape, or δ is not positive.
///
/// ```
/// let tape = autograd::Tape::new();
/// let loss = nn::loss::each::huber(tape.var([1.0, 5.0]), tape.constant([0.0, 0.0]), 2.0);
/// assert_eq!(loss.to_vec::<f64>(), [0.5, 8.0]);
/// ```
#[track_caller]
pub fn huber<'t>(prediction: Var<'t>, target: Var<'t>, delta: f64) -> Var<'t> {
    same_shape("huber", prediction, target);
    positive("huber", "δ", delta);
    let e = prediction - target;
    // One formula on both sides: the bounded error times what it lacks.
    let near = e.hardtanh(-delta, delta);
    near * (e - near * 0.5)
}

/// The absolute error made smooth at 0, of e = a − y: ½·e²/β where |e| ≤ β, else |e| − β/2. It is Huber's loss divided by β,
/// and the absolute error for β = 0. Source: Girshick, *Fast R-CNN*, 2015, equation 3.
///
/// # Panics
/// If prediction and target differ in shape, or β is negative.
///
/// ```
/// let tape = autograd::Tape::new();
/// let loss = nn::loss::each::smooth_l1(tape.var([1.0, 5.0]), tape.constant([0.0, 0.0]), 2.0);
/// assert_eq!(loss.to_vec::<f64>(), [0.25, 4.0]);
/// ```
#[track_caller]
pub fn smooth_l1<'t>(prediction: Var<'t>, target: Var<'t>, beta: f64) -> Var<'t> {
    if beta == 0.0 {
        return l1(prediction, target);
    }
    same_shape("smooth_l1", prediction, target);
    positive("smooth_l1", "β", beta);
    huber(prediction, target, beta) / beta
}

/// The logarithm of the hyperbolic cosine of the error, L = ln cosh(a − y), without overflow.
///
/// # Panics
/// If prediction and target differ in shape.
///
/// ```
/// let tape = autograd::Tape::new();
/// let loss = nn::loss::each::log_cosh(tape.var([0.0, 800.0]), tape.constant([0.0, 0.0]));
/// assert_eq!(loss.to_vec::<f64>(), [0.0, 800.0 - 2f64.ln()]);
/// ```
#[track_caller]
pub fn log_cosh<'t>(prediction: Var<'t>, target: Var<'t>) -> Var<'t> {
    same_shape("log_cosh", prediction, target);
    (prediction - target).log_cosh()
}

/// Charbonnier's loss, L = √((a − y)² + ε²). Source: Charbonnier et al., *Two deterministic half-quadratic regularization
/// algorithms*, 1994.
///
/// # Panics
/// If prediction and target differ in shape, or ε is not positive.
///
/// ```
/// let tape = autograd::Tape::new();
/// let loss = nn::loss::each::charbonnier(tape.var([4.0]), tape.constant([0.0]), 3.0);
/// assert_eq!(loss.item(), 5.0);
/// ```
#[track_caller]
pub fn charbonnier<'t>(prediction: Var<'t>, target: Var<'t>, epsilon: f64) -> Var<'t> {
    same_shape("charbonnier", prediction, target);
    positive("charbonnier", "ε", epsilon);
    (prediction - target).hypot(epsilon)
}

/// The pinball loss of a q-quantile, L = max(q·e, (q − 1)·e) with e = y − a. Source: Koenker & Bassett, *Regression quantiles*, 1978.
///
/// # Panics
/// If prediction and target differ in shape, or q is no share.
///
/// ```
/// let tape = autograd::Tape::new();
/// let loss = nn::loss::each::quantile(tape.var([1.0, 3.0]), tape.constant([2.0, 2.0]), 0.25);
/// assert_eq!(loss.to_vec::<f64>(), [0.25, 0.75]);
/// ```
#[track_caller]
pub fn quantile<'t>(prediction: Var<'t>, target: Var<'t>, q: f64) -> Var<'t> {
    same_shape("quantile", prediction, target);
    if !(0.0..=1.0).contains(&q) {
        Mistake::new(format!("quantile: q = {q}")).rule("q is a share, at least 0 and at most 1").raise();
    }
    let e = target - prediction;
    (e * q).maximum(e * (q - 1.0))
}

/// Squared error of logarithms, L = (ln(1 + a) − ln(1 + y))², for what is above −1.
///
/// # Panics
/// If prediction and target differ in shape.
///
/// ```
/// let tape = autograd::Tape::new();
/// let loss = nn::loss::each::squared_log(tape.var([1.0]), tape.constant([3.0]));
/// assert_eq!(loss.item(), 2f64.ln().powi(2));
/// ```
#[track_caller]
pub fn squared_log<'t>(prediction: Var<'t>, target: Var<'t>) -> Var<'t> {
    same_shape("squared_log", prediction, target);
    (prediction.ln_1p() - target.ln_1p()).square()
}

#[track_caller]
pub(super) fn positive(loss: &str, name: &str, value: f64) {
    if value.is_nan() || value <= 0.0 {
        Mistake::new(format!("{loss}: {name} = {value}")).rule(format!("{name} is positive")).raise();
    }
}

/// Refuses values that no number of the kind can have, where there are values: a program has none while it is traced.
#[track_caller]
fn within(loss: &str, name: &str, x: Var<'_>, (low, high): (f64, f64), hint: &str) {
    if !x.has_value() {
        return;
    }
    let values = match x.dtype() {
        DType::F32 => x.to_vec::<f32>().into_iter().map(f64::from).collect(),
        _ => x.to_vec::<f64>(),
    };
    if let Some(at) = values.iter().position(|&value| value < low || value > high) {
        Mistake::new(format!("{loss}: element {at} of the {name} is {}", values[at]))
            .line(name, x.describe())
            .rule(format!("a {name} is in {low}..={high}"))
            .hint(hint)
            .raise();
    }
}
