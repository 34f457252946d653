//! Losses of shares that overlap, for segmentation: all axes behind the first become one number.

use crate::loss::same_shape;
use autograd::Var;

/// Dice's loss, L = 1 − (2·Σ x·t + s)/(Σ x + Σ t + s), with a number s that keeps empty rows from 0/0. Source: Milletari, Navab &
/// Ahmadi, *V-Net*, 2016, section 3.
///
/// # Panics
/// If shares and target differ in shape, or have no axis.
///
/// ```
/// let tape = autograd::Tape::new();
/// let loss = nn::loss::row::dice(tape.var([[1.0, 0.0]]), tape.constant([[1.0, 1.0]]), 1.0);
/// assert_eq!(loss.to_vec::<f64>(), [1.0 - 3.0 / 4.0]);
/// ```
#[track_caller]
pub fn dice<'t>(shares: Var<'t>, target: Var<'t>, smooth: f64) -> Var<'t> {
    let [both, x, t] = sums("dice", shares, target);
    1.0 - (both * 2.0 + smooth) / (x + t + smooth)
}

/// Jaccard's loss, L = 1 − (Σ x·t + s)/(Σ x + Σ t − Σ x·t + s): one minus intersection over union.
///
/// # Panics
/// If shares and target differ in shape, or have no axis.
///
/// ```
/// let tape = autograd::Tape::new();
/// let loss = nn::loss::row::jaccard(tape.var([[1.0, 0.0]]), tape.constant([[1.0, 1.0]]), 1.0);
/// assert_eq!(loss.to_vec::<f64>(), [1.0 - 2.0 / 3.0]);
/// ```
#[track_caller]
pub fn jaccard<'t>(shares: Var<'t>, target: Var<'t>, smooth: f64) -> Var<'t> {
    tversky(shares, target, (1.0, 1.0), smooth)
}

/// Tversky's loss, L = 1 − (I + s)/(I + α·Σ x·(1 − t) + β·Σ (1 − x)·t + s) with I = Σ x·t. It is Jaccard's for α = β = 1. Source: Salehi,
/// Erdogmus & Gholipour, *Tversky loss function for image segmentation*, 2017, equation 3.
///
/// # Panics
/// If shares and target differ in shape, or have no axis.
///
/// ```
/// let tape = autograd::Tape::new();
/// let loss = nn::loss::row::tversky(tape.var([[1.0, 0.0]]), tape.constant([[1.0, 1.0]]), (0.25, 0.5), 1.0);
/// assert_eq!(loss.to_vec::<f64>(), [1.0 - 2.0 / 2.5]);
/// ```
#[track_caller]
pub fn tversky<'t>(shares: Var<'t>, target: Var<'t>, (alpha, beta): (f64, f64), smooth: f64) -> Var<'t> {
    let [both, x, t] = sums("tversky", shares, target);
    1.0 - (both + smooth) / (both + (x - both) * alpha + (t - both) * beta + smooth)
}

/// Σ x·t, Σ x and Σ t of each row.
#[track_caller]
fn sums<'t>(loss: &str, shares: Var<'t>, target: Var<'t>) -> [Var<'t>; 3] {
    same_shape(loss, shares, target);
    let axes: Vec<isize> = (1..shares.rank() as isize).collect();
    [shares * target, shares, target].map(|x| x.sum_over(&axes[..]))
}
