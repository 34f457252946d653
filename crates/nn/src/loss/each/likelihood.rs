//! Negative log-likelihoods, and divergences from a distribution.

use super::{positive, within};
use crate::loss::same_shape;
use autograd::Var;
use std::f64::consts::TAU;

/// The terms of the divergence of Kullback and Leibler for ln q and the target p: p·(ln p − ln q), and 0 where p = 0.
///
/// The divergence of rows is their sum over the last axis. Source: Kullback & Leibler, *On information and sufficiency*, 1951.
///
/// # Panics
/// If logarithms and target differ in shape.
///
/// ```
/// let tape = autograd::Tape::new();
/// let logs = tape.var([0.5f64.ln(), 0.5f64.ln()]);
/// let loss = nn::loss::each::kl_div(logs, tape.constant([0.0, 1.0]));
/// assert_eq!(loss.to_vec::<f64>(), [0.0, 2f64.ln()]);
/// ```
#[track_caller]
pub fn kl_div<'t>(logs: Var<'t>, target: Var<'t>) -> Var<'t> {
    same_shape("kl_div", logs, target);
    target.xlogy(target) - target.strong_mul(logs)
}

/// As [`kl_div`] for the logarithm of the target, ln p.
///
/// # Panics
/// If the shapes differ.
///
/// ```
/// let tape = autograd::Tape::new();
/// let loss = nn::loss::each::kl_div_of_logs(tape.var([-1.0]), tape.constant([0.0]));
/// assert_eq!(loss.item(), 1.0);
/// ```
#[track_caller]
pub fn kl_div_of_logs<'t>(logs: Var<'t>, target: Var<'t>) -> Var<'t> {
    same_shape("kl_div_of_logs", logs, target);
    target.exp().strong_mul(target - logs)
}

/// Negative log-likelihood of counts t for the logarithm x of a rate, L = eˣ − t·x, without the part that depends on t alone:
/// [`stirling`].
///
/// # Panics
/// If prediction and target differ in shape.
///
/// ```
/// let tape = autograd::Tape::new();
/// let loss = nn::loss::each::poisson_nll(tape.var([0.0, 1.0]), tape.constant([2.0, 1.0]));
/// assert!((loss - tape.constant([1.0, 1f64.exp() - 1.0])).abs().max().item() < 1e-15);
/// ```
#[track_caller]
pub fn poisson_nll<'t>(log_rate: Var<'t>, target: Var<'t>) -> Var<'t> {
    same_shape("poisson_nll", log_rate, target);
    log_rate.exp() - target * log_rate
}

/// As [`poisson_nll`] for a rate λ itself, L = λ − t·ln(λ + ε).
///
/// # Panics
/// If prediction and target differ in shape.
///
/// ```
/// let tape = autograd::Tape::new();
/// let loss = nn::loss::each::poisson_nll_of_rate(tape.var([1.0, 0.0]), tape.constant([2.0, 0.0]), 1e-8);
/// assert!((loss - tape.constant([1.0, 0.0])).abs().max().item() < 1e-7);
/// ```
#[track_caller]
pub fn poisson_nll_of_rate<'t>(rate: Var<'t>, target: Var<'t>, epsilon: f64) -> Var<'t> {
    same_shape("poisson_nll_of_rate", rate, target);
    rate - target * (rate + epsilon).ln()
}

/// Stirling's estimate of ln t!, t·ln t − t + ½·ln(2π·t), for t > 1, and else 0.
///
/// ```
/// let tape = autograd::Tape::new();
/// let estimate = nn::loss::each::stirling(tape.constant([1.0, 10.0])).to_vec::<f64>();
/// assert!(estimate[0] == 0.0 && (estimate[1] - 3628800f64.ln()).abs() < 0.01);
/// ```
#[track_caller]
pub fn stirling(target: Var<'_>) -> Var<'_> {
    let many = target.gt(1.0);
    let t = many.select(target, 1.0);
    many.select(t * t.ln() - t + (t * TAU).ln() * 0.5, 0.0)
}

/// Negative log-likelihood of a normal distribution, L = ½·(ln v + (a − y)²/v) with v = max(variance, ε), without the constant
/// ½·ln 2π. Source: Nix & Weigend, *Estimating the mean and variance of the target probability distribution*, 1994.
///
/// # Panics
/// If shapes differ, ε is not positive, or a variance is negative (in a program it counts as ε).
///
/// ```
/// let tape = autograd::Tape::new();
/// let (mean, target, variance) = (tape.var([1.0]), tape.constant([3.0]), tape.var([2.0]));
/// let loss = nn::loss::each::gaussian_nll(mean, target, variance, 1e-6);
/// assert_eq!(loss.item(), 0.5 * (2f64.ln() + 2.0));
/// ```
#[track_caller]
pub fn gaussian_nll<'t>(mean: Var<'t>, target: Var<'t>, variance: Var<'t>, epsilon: f64) -> Var<'t> {
    same_shape("gaussian_nll", mean, target);
    same_shape("gaussian_nll", mean, variance);
    positive("gaussian_nll", "ε", epsilon);
    within("gaussian_nll", "variance", variance, (0.0, f64::INFINITY), "`log_variance.exp()` is a variance");
    let variance = variance.maximum(epsilon);
    (variance.ln() + (mean - target).square() / variance) * 0.5
}
