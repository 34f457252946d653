//! Losses of a batch whose rows are told from each other: one number, the mean over the rows.

use super::{cross_entropy, same_shape};
use autograd::{Mistake, Var};

/// Contrastive loss of queries q and keys k of \[n, width\]: the cross-entropy of q·kᵀ/T, where kᵢ is right for qᵢ and all other keys
/// are wrong. Rows are divided by their norm first.
///
/// Source: van den Oord, Li & Vinyals, *Representation Learning with Contrastive Predictive Coding*, 2018, equation 4.
///
/// # Panics
/// If shapes differ, or are not \[n, width\].
///
/// ```
/// let tape = autograd::Tape::new();
/// let q = tape.var([[1.0, 0.0], [0.0, 2.0]]);
/// let loss = nn::loss::info_nce(q, q, 0.5);
/// assert!((loss.item() - (-2f64).exp().ln_1p()).abs() < 1e-15);
/// ```
#[track_caller]
pub fn info_nce<'t>(q: Var<'t>, k: Var<'t>, temperature: f64) -> Var<'t> {
    let scores = cosines("info_nce", q, k) / temperature;
    cross_entropy(scores, own(scores, 0))
}

/// As [`info_nce`] in both directions, with the scores e^scale·a·bᵀ: the mean of the two. Source: Radford et al., *Learning
/// Transferable Visual Models From Natural Language Supervision*, 2021, figure 3.
///
/// # Panics
/// If shapes differ, or are not \[n, width\], or the scale is no single number.
///
/// ```
/// let tape = autograd::Tape::new();
/// let a = tape.var([[1.0, 0.0], [0.0, 2.0]]);
/// let loss = nn::loss::clip(a, a, tape.var(0.0));
/// assert!((loss.item() - (-1f64).exp().ln_1p()).abs() < 1e-15);
/// ```
#[track_caller]
pub fn clip<'t>(a: Var<'t>, b: Var<'t>, log_scale: Var<'t>) -> Var<'t> {
    let scores = cosines("clip", a, b) * log_scale.exp();
    let own = own(scores, 0);
    (cross_entropy(scores, own) + cross_entropy(scores.t(), own)) * 0.5
}

/// Contrastive loss of z of \[2·n, width\], whose rows i and i + n are a pair: as [`info_nce`], where each row is told from all other
/// ones. Source: Chen et al., *A Simple Framework for Contrastive Learning of Visual Representations*, 2020, equation 1.
///
/// # Panics
/// If z has not two axes, or an odd number of rows.
///
/// ```
/// let tape = autograd::Tape::new();
/// let z = tape.var([[1.0, 0.0], [0.0, 2.0], [1.0, 0.0], [0.0, 1.0]]);
/// let loss = nn::loss::nt_xent(z, 1.0);
/// assert!((loss.item() - (1.0 + 2.0 * (-1f64).exp()).ln()).abs() < 1e-15);
/// ```
#[track_caller]
pub fn nt_xent(z: Var<'_>, temperature: f64) -> Var<'_> {
    let scores = cosines("nt_xent", z, z) / temperature;
    let n = scores.shape()[0];
    if !n.is_multiple_of(2) {
        Mistake::new(format!("nt_xent: {n} rows"))
            .line("z", z.describe())
            .rule("rows i and i + n are a pair")
            .raise();
    }
    // No row is its own partner.
    let itself = z.tape().eye(n, z.dtype()).eq(1.0);
    cross_entropy(itself.select(f64::NEG_INFINITY, scores), own(scores, n / 2))
}

/// The cosines of all pairs of rows.
#[track_caller]
fn cosines<'t>(loss: &str, a: Var<'t>, b: Var<'t>) -> Var<'t> {
    same_shape(loss, a, b);
    if a.rank() != 2 {
        Mistake::new(format!("{loss}: rows of {}", a.shape()))
            .line("rows", a.describe())
            .rule("they are [n×width]")
            .raise();
    }
    let unit = |x: Var<'t>| x / x.norm_over(2.0, -1).unsqueeze(-1);
    unit(a).matmul(unit(b).t())
}

/// The number of each row, moved on by `shift` around the end.
fn own<'t>(scores: Var<'t>, shift: usize) -> Var<'t> {
    let n = scores.shape()[0];
    let numbers: Vec<i64> = (0..n).map(|i| ((i + shift) % n.max(1)) as i64).collect();
    scores.tape().constant(&numbers[..])
}
