//! Losses of each row: the axes behind the first one, or the last one where that is said, become one number. `.mean()` or `.sum()`
//! makes one number of all.
//!
//! ```
//! use nn::loss::row;
//! let tape = autograd::Tape::new();
//! let (a, near, far) = (tape.var([[0.0, 0.0]]), tape.constant([[0.0, 1.0]]), tape.constant([[3.0, 4.0]]));
//! assert!(row::triplet(a, near, far, row::Triplet { margin: 5.0, ..row::Triplet::default() }).item() < 1.0 + 1e-5);
//! ```

mod classes;
mod overlap;

pub use classes::{focal, multi_margin, multilabel_margin, multilabel_soft_margin};
pub use overlap::{dice, jaccard, tversky};

use super::same_shape;
use autograd::{Mistake, Var};

/// The cosine of the angle between rows, a·b/√((|a|² + ε)·(|b|² + ε)) over the last axis, with ε = 10⁻¹²: that with a zero vector
/// is 0.
///
/// # Panics
/// If the shapes differ.
///
/// ```
/// let tape = autograd::Tape::new();
/// let (a, b) = (tape.var([[3.0, 0.0], [0.0, 0.0]]), tape.constant([[1.0, 1.0], [1.0, 0.0]]));
/// let cosines = nn::loss::row::cosine(a, b).to_vec::<f64>();
/// assert!((cosines[0] - 0.5f64.sqrt()).abs() < 1e-12 && cosines[1] == 0.0);
/// ```
#[track_caller]
pub fn cosine<'t>(a: Var<'t>, b: Var<'t>) -> Var<'t> {
    same_shape("cosine", a, b);
    let square = |x: Var<'t>| x.square().sum_over(-1) + 1e-12;
    (a * b).sum_over(-1) / (square(a) * square(b)).sqrt()
}

/// Loss of pairs of rows, L = 1 − cos for the target 1, and max(0, cos − margin) for −1.
///
/// a and b are \[…, width\], the targets \[…\], and so is L.
///
/// # Panics
/// If shapes do not fit.
///
/// ```
/// let tape = autograd::Tape::new();
/// let (a, b) = (tape.var([[1.0, 0.0]]), tape.constant([[0.0, 1.0]]));
/// assert_eq!(nn::loss::row::cosine_embedding(a, b, tape.constant([1.0]), 0.0).item(), 1.0);
/// ```
#[track_caller]
pub fn cosine_embedding<'t>(a: Var<'t>, b: Var<'t>, target: Var<'t>, margin: f64) -> Var<'t> {
    let cosine = cosine(a, b);
    same_shape("cosine_embedding", cosine, target);
    target.gt(0.0).select(1.0 - cosine, (cosine - margin).relu())
}

/// Loss of pairs of rows at a distance d, L = ½·d² for the target 1, and ½·max(0, margin − d)² for others.
///
/// a and b are \[…, width\], the targets \[…\], and so is L. Source: Hadsell, Chopra & LeCun, *Dimensionality Reduction by Learning
/// an Invariant Mapping*, 2006, equation 4.
///
/// # Panics
/// If shapes do not fit.
///
/// ```
/// let tape = autograd::Tape::new();
/// let (a, b) = (tape.var([[3.0, 0.0]]), tape.constant([[0.0, 4.0]]));
/// assert_eq!(nn::loss::row::contrastive(a, b, tape.constant([1.0]), 1.0).item(), 12.5);
/// assert_eq!(nn::loss::row::contrastive(a, b, tape.constant([0.0]), 6.0).item(), 0.5);
/// ```
#[track_caller]
pub fn contrastive<'t>(a: Var<'t>, b: Var<'t>, target: Var<'t>, margin: f64) -> Var<'t> {
    same_shape("contrastive", a, b);
    let d = (a - b).norm_over(2.0, -1);
    same_shape("contrastive", d, target);
    target.gt(0.0).select(d.square(), (margin - d).relu().square()) * 0.5
}

/// Options of the [`triplet`] loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Triplet {
    /// How much farther the negative is to be.
    pub margin: f64,
    /// The exponent of the norm.
    pub p: f64,
    /// Added to each difference, so that the distance of equal points has a derivative.
    pub epsilon: f64,
    /// Whether the negative's distance from the positive counts where it is smaller. Source: Balntas et al., *Learning local
    /// feature descriptors with triplets and shallow convolutional neural networks*, 2016.
    pub swap: bool,
}

impl Default for Triplet {
    fn default() -> Triplet {
        Triplet { margin: 1.0, p: 2.0, epsilon: 1e-6, swap: false }
    }
}

/// Loss of an anchor, a positive and a negative, L = max(0, d(a, p) − d(a, n) + margin) with the distance d(x, y) = ‖x − y + ε‖ₚ
/// over the last axis. Source: Schroff, Kalenichenko & Philbin, *FaceNet*, 2015, equation 1.
///
/// All are \[…, width\], and L is \[…\].
///
/// # Panics
/// If shapes differ.
///
/// ```
/// use nn::loss::row::{Triplet, triplet};
/// let tape = autograd::Tape::new();
/// let (a, p, n) = (tape.var([[0.0]]), tape.constant([[1.0]]), tape.constant([[3.0]]));
/// let exact = Triplet { margin: 2.5, epsilon: 0.0, ..Triplet::default() };
/// assert_eq!(triplet(a, p, n, exact).item(), 0.5);
/// assert_eq!(triplet(a, p, n, Triplet { swap: true, ..exact }).item(), 1.5);
/// ```
#[track_caller]
pub fn triplet<'t>(anchor: Var<'t>, positive: Var<'t>, negative: Var<'t>, of: Triplet) -> Var<'t> {
    same_shape("triplet", anchor, positive);
    same_shape("triplet", anchor, negative);
    let distance = |x: Var<'t>, y: Var<'t>| (x - y + of.epsilon).norm_over(of.p, -1);
    let mut far = distance(anchor, negative);
    if of.swap {
        far = far.minimum(distance(positive, negative));
    }
    (distance(anchor, positive) - far + of.margin).relu()
}

/// The divergence of Kullback and Leibler from N(μ, e^v) to N(0, 1), L = ½·Σ (e^v + μ² − 1 − v) over the last axis: that of a
/// variational autoencoder. Source: Kingma & Welling, *Auto-Encoding Variational Bayes*, 2014, appendix B.
///
/// # Panics
/// If the shapes differ.
///
/// ```
/// let tape = autograd::Tape::new();
/// let loss = nn::loss::row::kl_normal(tape.var([[2.0, 0.0]]), tape.var([[0.0, 0.0]]));
/// assert_eq!(loss.to_vec::<f64>(), [2.0]);
/// ```
#[track_caller]
pub fn kl_normal<'t>(mean: Var<'t>, log_variance: Var<'t>) -> Var<'t> {
    same_shape("kl_normal", mean, log_variance);
    (log_variance.exp_m1() + mean.square() - log_variance).sum_over(-1) * 0.5
}

/// The divergence of Jensen and Shannon of ln p and ln q, L = ½·KL(p, m) + ½·KL(q, m) over the last axis, with m = ½·(p + q).
///
/// Source: Lin, *Divergence measures based on the Shannon entropy*, 1991.
///
/// # Panics
/// If the shapes differ.
///
/// ```
/// let tape = autograd::Tape::new();
/// let none = f64::NEG_INFINITY;
/// let loss = nn::loss::row::js_divergence(tape.var([[0.0, none]]), tape.var([[none, 0.0]]));
/// assert!((loss.item() - 2f64.ln()).abs() < 1e-15);
/// ```
#[track_caller]
pub fn js_divergence<'t>(p: Var<'t>, q: Var<'t>) -> Var<'t> {
    same_shape("js_divergence", p, q);
    let middle = p.logaddexp(q) - std::f64::consts::LN_2;
    let half = |logs: Var<'t>| logs.exp().strong_mul(logs - middle);
    (half(p) + half(q)).sum_over(-1) * 0.5
}

/// Refuses labels that are not one for each row of \[n, classes\].
#[cold]
#[track_caller]
fn misfit(loss: &str, scores: Var<'_>, labels: Var<'_>, rule: &str) -> ! {
    let (a, y) = (scores.shape(), labels.shape());
    let (of_scores, of_labels) = (scores.dtype(), labels.dtype());
    Mistake::new(format!("{loss}: scores {a} {of_scores} and labels {y} {of_labels} do not fit"))
        .line("scores", scores.describe())
        .line("labels", labels.describe())
        .rule(rule)
        .hint("labels are integers: record them as `i64`, such as `&[2i64, 0]`, or convert with `.cast(DType::I64)`")
        .raise()
}
