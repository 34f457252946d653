//! Poisson's distribution of counts.

use super::{Distribution, drawn};
use autograd::{DType, Var};
use std::f64::consts::{E, TAU};

/// Poisson's distribution of counts, p(k) = λᵏ·e^(−λ)/k! for k = 0, 1, 2, … A sample is a count, which has no derivative:
/// see [`score`](super::score).
///
/// ```
/// use nn::distributions::{Distribution, Poisson};
/// let tape = autograd::Tape::new();
/// let p = Poisson::new(tape.var([3.0]));
/// assert!((p.log_prob(tape.constant([2.0])).item() - (4.5f64.ln() - 3.0)).abs() < 1e-14);
/// assert_eq!(p.log_prob(tape.constant([0.5])).item(), f64::NEG_INFINITY);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Poisson<'t> {
    rate: Var<'t>,
}

impl<'t> Poisson<'t> {
    /// With the rate λ ≥ 0, which is mean and variance. Below 0 there is no such distribution: samples and probabilities are NaN.
    pub fn new(rate: Var<'t>) -> Poisson<'t> {
        Poisson { rate }
    }

    /// ln p(k), for whole k.
    fn log_of(&self, k: Var<'t>) -> Var<'t> {
        k.xlogy(self.rate) - self.rate - (k + 1.0).ln_gamma()
    }
}

/// How far the first guess of a count may be too high, and too low.
const DOWN: usize = 12;
const UP: usize = 3;

/// From this rate on it is not corrected: the distribution function costs √λ operations.
const SURE: f64 = 1e6;

/// From this rate on the entropy is that of its expansion; below it, a sum of so many terms.
const LARGE: f64 = 100.0;
const TERMS: usize = 256;

impl<'t> Distribution<'t> for Poisson<'t> {
    /// Counts, of the dtype of the rate: the least k with P(K ≤ k) ≥ u, for a uniform number u. The search begins at the expansion of
    /// Cornish and Fisher, λ + z·√λ + (z² − 1)/6 with the normal quantile z of u, and goes a fixed number of steps, each of which
    /// corrects k by one if it has to. That always suffices: a test compares it with the definition. From λ = 10⁶ on the beginning
    /// counts, which is off by one at most. Source: Cornish & Fisher, *Moments and cumulants in the specification of distributions*,
    /// 1938.
    fn sample(&self, key: Var<'t>, shape: &[usize]) -> Var<'t> {
        let shape = drawn(shape, self.rate);
        let rate = self.rate.detach().cast(DType::F64).maximum(f64::MIN_POSITIVE).broadcast_to(&shape[..]);
        let count = quantile(rate, key.uniform_of(DType::F64, &shape[..]));
        self.rate.detach().ge(0.0).select(count.cast(self.rate.dtype()), f64::NAN)
    }

    /// Counts may be integers.
    fn log_prob(&self, k: Var<'t>) -> Var<'t> {
        let k = if k.dtype() == DType::I64 { k.cast(self.rate.dtype()) } else { k };
        let count = k.maximum(0.0).floor();
        let log = k.eq(count).select(self.log_of(count), f64::NEG_INFINITY);
        self.rate.ge(0.0).select(log, f64::NAN)
    }

    /// Below λ = 100 the sum over the counts to 255, beyond it the expansion in 1/λ: to about 10⁻¹². Source of the expansion: Evans &
    /// Boersma, *The entropy of a Poisson distribution*, 1988.
    fn entropy(&self) -> Var<'t> {
        let (rate, large) = (self.rate, self.rate.ge(LARGE));
        let r = large.select(rate, LARGE).recip();
        let series = [1.0 / 12.0, 1.0 / 24.0, 19.0 / 360.0, 9.0 / 80.0, 863.0 / 2520.0];
        let sum = series.iter().rev().fold(r.full_like(0.0), |sum, &c| r * (sum + c));
        let expansion = 0.5 * (TAU * E / r).ln() - sum;
        let counts: Vec<f64> = (0..TERMS).map(|k| k as f64).collect();
        let p = Poisson { rate: large.select(LARGE, rate).unsqueeze(-1) };
        let log = p.log_of(rate.tape().constant(&counts[..]).cast(rate.dtype()));
        large.select(expansion, -log.exp().strong_mul(log).sum_over(-1))
    }

    fn moments(&self) -> (Var<'t>, Var<'t>) {
        (self.rate, self.rate)
    }

    /// λ·ln(λ/λ′) − λ + λ′.
    fn kl(&self, other: &Self) -> Var<'t> {
        self.rate * (self.rate / other.rate).ln() - self.rate + other.rate
    }
}

/// The least count k with P(K ≤ k) ≥ u.
fn quantile<'t>(rate: Var<'t>, u: Var<'t>) -> Var<'t> {
    let z = u.maximum(f64::EPSILON * 0.25).normal_quantile();
    let guess = |rate: Var<'t>| (rate + z * rate.sqrt() + (z.square() - 1.0) / 6.0).floor().maximum(0.0);
    let (sure, rough) = (rate.ge(SURE), guess(rate));
    let rate = rate.minimum(SURE);
    let mut k = guess(rate);
    // p(k) and P(K ≤ k).
    let mut p = Poisson { rate }.log_of(k).exp();
    let mut below = rate.gamma_q(k + 1.0);
    for _ in 0..DOWN {
        let lower = below - p;
        let too_high = k.gt(0.0).select(lower, -1.0).ge(u);
        let next = p * k / rate;
        (k, below) = (too_high.select(k - 1.0, k), too_high.select(lower, below));
        p = too_high.select(next, p);
    }
    for _ in 0..UP {
        let next = p * rate / (k + 1.0);
        let too_low = below.lt(u);
        (k, below) = (too_low.select(k + 1.0, k), too_low.select(below + next, below));
        p = too_low.select(next, p);
    }
    sure.select(rough, k)
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::{Key, Tape};

    #[test]
    fn a_rate_below_0_gives_nothing_that_looks_like_a_count() {
        let tape = Tape::new();
        let p = Poisson::new(tape.var([-3.0, 2.0]));
        let log = p.log_prob(tape.constant([0i64, 0])).to_vec::<f64>();
        assert!(log[0].is_nan() && log[1] == -2.0, "{log:?}");
        let samples = p.sample(tape.constant(Key::new(1)), &[2]).to_vec::<f64>();
        assert!(samples[0].is_nan() && samples[1] >= 0.0, "{samples:?}");
    }

    /// For rates and probabilities up to the extremes: P(K ≤ k) ≥ u and P(K < k) < u, up to rounding.
    #[test]
    fn the_count_is_the_quantile() {
        let tape = Tape::new();
        let mut pairs = vec![];
        for rate in [1e-300, 1e-9, 1e-3, 0.1, 0.5, 0.9, 1.0, 2.0, 3.3, 7.0, 12.5, 40.0, 333.0, 1e4, 9e5] {
            let far = (1..=53).flat_map(|n| [0.5f64.powi(n), 1.0 - 0.5f64.powi(n)]);
            pairs.extend(far.chain((0..200).map(|i| f64::from(i) / 200.0)).map(|u| (rate, u)));
        }
        let (rates, us): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
        let (rate, u) = (tape.constant(&rates[..]), tape.constant(&us[..]));
        let k = quantile(rate, u);
        let (upto, below) = (rate.gamma_q(k + 1.0), k.gt(0.0).select(rate.gamma_q(k.maximum(1.0)), 0.0));
        let all = [k, upto, below].map(|of| of.to_vec::<f64>());
        for (i, &(rate, u)) in pairs.iter().enumerate() {
            let [k, upto, below] = [0, 1, 2].map(|j| all[j][i]);
            assert!(upto >= u - 1e-13 && below <= u + 1e-13, "λ = {rate}, u = {u}: {below} to {upto} at {k}");
        }
    }
}
