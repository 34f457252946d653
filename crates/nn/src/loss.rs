//! Losses: one number for predictions and targets.
//!
//! Those of [`each`] give a number for each element, those of [`row`] one for each row: `.mean()` or `.sum()` makes one of them,
//! and [`Reduction::of`] whichever is asked for.

mod contrast;
mod cross_entropy;
mod ctc;
pub mod each;
mod reduction;
pub mod row;

pub use contrast::{clip, info_nce, nt_xent};
pub use cross_entropy::CrossEntropy;
pub use ctc::Ctc;
pub use reduction::{Reduction, UnknownReduction};

use autograd::{DType, Mistake, Var};

/// Mean squared error, L = mean (a − y)² over all elements.
///
/// # Panics
/// If prediction and target differ in shape. They are not broadcast, because that would hide mistakes.
///
/// ```
/// let tape = autograd::Tape::new();
/// let a = tape.var([1.0, 4.0]);
/// let loss = nn::loss::mse(a, tape.constant([1.0, 2.0]));
/// assert_eq!(loss.item(), 2.0);
/// assert_eq!(loss.grad([a])[0].to_vec::<f64>(), [0.0, 2.0]);
/// ```
#[track_caller]
pub fn mse<'t>(prediction: Var<'t>, target: Var<'t>) -> Var<'t> {
    same_shape("mse", prediction, target);
    (prediction - target).square().mean()
}

/// Half the mean squared error, L = ½·mean (a − y)², whose gradient is (a − y)/n.
///
/// # Panics
/// If prediction and target differ in shape.
///
/// ```
/// let tape = autograd::Tape::new();
/// let a = tape.var([1.0, 4.0]);
/// let loss = nn::loss::half_mse(a, tape.constant([1.0, 2.0]));
/// assert_eq!(loss.item(), 1.0);
/// assert_eq!(loss.grad([a])[0].to_vec::<f64>(), [0.0, 1.0]);
/// ```
#[track_caller]
pub fn half_mse<'t>(prediction: Var<'t>, target: Var<'t>) -> Var<'t> {
    same_shape("half_mse", prediction, target);
    0.5 * (prediction - target).square().mean()
}

/// Cross-entropy of logits of \[n, classes\] and n labels, L = −mean ln softmax(logits)\[i, labelᵢ\].
///
/// The labels are integers (`I64`) counted from 0. [`CrossEntropy`] has weights, smoothing and other options. Source: Goodfellow et al., *Deep Learning*, 2016, section 6.2.2.3.
///
/// # Panics
/// If the labels are not `I64` of shape \[n\], or one is outside of 0..classes.
///
/// ```
/// let tape = autograd::Tape::new();
/// let logits = tape.var([[0.0, 0.0], [1000.0, 0.0]]);
/// let loss = nn::loss::cross_entropy(logits, tape.constant(&[1i64, 0]));
/// assert_eq!(loss.item(), 0.5 * 2f64.ln());
/// assert_eq!(loss.grad([logits])[0].to_vec::<f64>(), [0.25, -0.25, 0.0, 0.0]);
/// ```
#[track_caller]
pub fn cross_entropy<'t>(logits: Var<'t>, labels: Var<'t>) -> Var<'t> {
    let (scores, classes) = (logits.shape(), labels.shape());
    if labels.dtype() != DType::I64 || scores.len() != 2 || classes[..] != scores[..1] {
        bad_labels(logits, labels);
    }
    -logits.log_softmax(-1).pick_labels("cross_entropy", labels).mean()
}

#[cold]
#[track_caller]
fn bad_labels(logits: Var<'_>, labels: Var<'_>) -> ! {
    let (scores, classes) = (logits.shape(), labels.shape());
    let hint = if labels.dtype() != DType::I64 {
        "labels are integers: record them as `i64`, such as `&[2i64, 0]`, or convert with `.cast(DType::I64)`"
    } else if classes.len() == 2 && classes[1] == 1 && scores.first() == Some(&classes[0]) {
        "`labels.reshape([n])` leaves the column's axis out"
    } else if classes == scores {
        "`labels.argmax(1)` makes class numbers of one-hot rows"
    } else {
        "each row of the logits has one label"
    };
    let (of_scores, of_labels) = (logits.dtype(), labels.dtype());
    Mistake::new(format!(
        "cross_entropy: logits {scores} {of_scores} and labels {classes} {of_labels} do not fit"
    ))
    .line("logits", logits.describe())
    .line("labels", labels.describe())
    .rule("logits are [n×classes], labels are I64 of [n], counted from 0")
    .hint(hint)
    .raise()
}

#[track_caller]
fn same_shape(loss: &str, prediction: Var<'_>, target: Var<'_>) {
    if prediction.shape() != target.shape() {
        misfit(loss, prediction, target);
    }
}

#[cold]
#[track_caller]
fn misfit(loss: &str, prediction: Var<'_>, target: Var<'_>) -> ! {
    let (a, y) = (prediction.shape(), target.shape());
    let hint = match (&a[..], &y[..]) {
        (&[n, 1], &[m]) if n == m => {
            format!("`target.reshape([{n}, 1])`: a column and a list would broadcast to [{n}×{n}]")
        }
        (&[n], &[m, 1]) if n == m => {
            format!("`target.reshape([{n}])`: a list and a column would broadcast to [{n}×{n}]")
        }
        _ => "`target.reshape(prediction.shape())` where only axes of length 1 differ".to_owned(),
    };
    Mistake::new(format!("{loss}: prediction {a} and target {y} do not fit"))
        .line("prediction", prediction.describe())
        .line("target", target.describe())
        .rule("they have the same shape")
        .hint(hint)
        .raise()
}
