//! The normal distribution and its kin.

use super::{Distribution, Reparameterised, drawn, together};
use autograd::{Mistake, Operand, Triangle, Var};
use std::f64::consts::{E, PI, TAU};

/// The normal distribution, p(x) = exp(−(x − μ)²/(2σ²))/√(2πσ²).
///
/// ```
/// use nn::distributions::{Distribution, Normal};
/// let tape = autograd::Tape::new();
/// let p = Normal::new(tape.var([1.0]), 2.0);
/// let want = -0.125 - 2f64.ln() - 0.5 * std::f64::consts::TAU.ln();
/// assert!((p.log_prob(tape.constant([2.0])).item() - want).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Normal<'t> {
    mean: Var<'t>,
    deviation: Var<'t>,
}

impl<'t> Normal<'t> {
    /// With mean μ and standard deviation σ > 0, which are broadcast against each other.
    ///
    /// # Panics
    /// If shapes or dtypes do not fit.
    #[track_caller]
    pub fn new(mean: Var<'t>, deviation: impl Operand<'t>) -> Normal<'t> {
        let (mean, deviation) = together(mean, deviation);
        Normal { mean, deviation }
    }
}

impl<'t> Distribution<'t> for Normal<'t> {
    fn sample(&self, key: Var<'t>, shape: &[usize]) -> Var<'t> {
        self.rsample(key, shape).detach()
    }

    fn log_prob(&self, x: Var<'t>) -> Var<'t> {
        let z = (x - self.mean) / self.deviation;
        z.square() * -0.5 - self.deviation.ln() - 0.5 * TAU.ln()
    }

    fn entropy(&self) -> Var<'t> {
        self.deviation.ln() + 0.5 * (TAU * E).ln()
    }

    fn moments(&self) -> (Var<'t>, Var<'t>) {
        (self.mean, self.deviation.square())
    }

    /// ln(σ′/σ) + (σ² + (μ − μ′)²)/(2σ′²) − ½.
    fn kl(&self, other: &Self) -> Var<'t> {
        let ratio = self.deviation / other.deviation;
        let distance = (self.mean - other.mean) / other.deviation;
        (ratio.square() + distance.square() - 1.0) * 0.5 - ratio.ln()
    }
}

impl<'t> Reparameterised<'t> for Normal<'t> {
    fn rsample(&self, key: Var<'t>, shape: &[usize]) -> Var<'t> {
        let noise = key.normal_of(self.mean.dtype(), drawn(shape, self.mean));
        self.mean + self.deviation * noise
    }
}

/// The distribution of eˣ for normal x, p(y) = N(ln y)/y for y > 0.
///
/// ```
/// use nn::distributions::{Distribution, LogNormal};
/// let tape = autograd::Tape::new();
/// let p = LogNormal::new(tape.var([0.0]), 1.0);
/// assert_eq!(p.log_prob(tape.constant([-1.0])).item(), f64::NEG_INFINITY);
/// assert!((p.moments().0.item() - 0.5f64.exp()).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct LogNormal<'t> {
    log: Normal<'t>,
}

impl<'t> LogNormal<'t> {
    /// With mean μ and standard deviation σ > 0 of the logarithm, which are broadcast against each other.
    ///
    /// # Panics
    /// If shapes or dtypes do not fit.
    #[track_caller]
    pub fn new(mean: Var<'t>, deviation: impl Operand<'t>) -> LogNormal<'t> {
        LogNormal { log: Normal::new(mean, deviation) }
    }
}

impl<'t> Distribution<'t> for LogNormal<'t> {
    fn sample(&self, key: Var<'t>, shape: &[usize]) -> Var<'t> {
        self.rsample(key, shape).detach()
    }

    fn log_prob(&self, x: Var<'t>) -> Var<'t> {
        let within = x.gt(0.0);
        let log = within.select(x, 1.0).ln();
        within.select(self.log.log_prob(log) - log, f64::NEG_INFINITY)
    }

    fn entropy(&self) -> Var<'t> {
        self.log.entropy() + self.log.mean
    }

    fn moments(&self) -> (Var<'t>, Var<'t>) {
        let (mean, variance) = self.log.moments();
        let of = (mean + variance * 0.5).exp();
        (of, of.square() * variance.exp_m1())
    }

    /// That of the logarithms.
    fn kl(&self, other: &Self) -> Var<'t> {
        self.log.kl(&other.log)
    }
}

impl<'t> Reparameterised<'t> for LogNormal<'t> {
    fn rsample(&self, key: Var<'t>, shape: &[usize]) -> Var<'t> {
        self.log.rsample(key, shape).exp()
    }
}

/// The normal distribution of vectors, p(x) = exp(−½·|L⁻¹·(x − μ)|²)/√((2π)ⁿ·det Σ) with the covariance Σ = L·Lᵀ.
///
/// ```
/// use nn::distributions::{Distribution, MultivariateNormal};
/// let tape = autograd::Tape::new();
/// let p = MultivariateNormal::new(tape.var([1.0, 2.0]), tape.var([[2.0, 0.0], [1.0, 1.0]]));
/// let want = -2f64.ln() - std::f64::consts::TAU.ln();
/// assert!((p.log_prob(tape.constant([1.0, 2.0])).item() - want).abs() < 1e-15);
/// assert_eq!(p.moments().1.to_vec::<f64>(), [4.0, 2.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct MultivariateNormal<'t> {
    mean: Var<'t>,
    factor: Var<'t>,
}

impl<'t> MultivariateNormal<'t> {
    /// With mean μ of \[…, n\] and the lower triangle L of \[…, n, n\] with a positive diagonal, whose product L·Lᵀ is the
    /// covariance. Leading axes are broadcast. [`cholesky`](Var::cholesky) gives L for a covariance.
    ///
    /// # Panics
    /// If shapes or dtypes do not fit.
    #[track_caller]
    pub fn new(mean: Var<'t>, factor: Var<'t>) -> MultivariateNormal<'t> {
        let (of, matrix) = (mean.shape(), factor.shape());
        let n = of.last().copied();
        if matrix.len() < 2 || n.is_none() || matrix.iter().rev().take(2).any(|&side| Some(side) != n) {
            Mistake::new(format!("MultivariateNormal: mean {of} and factor {matrix} do not fit"))
                .line("mean", mean.describe())
                .line("factor", factor.describe())
                .rule("the mean is […, n] and the factor of the covariance […, n, n]")
                .hint("`covariance.cholesky()` gives the factor")
                .raise();
        }
        // A row of means is as long as a row of the factor.
        let (rows, factor) = together(mean.unsqueeze(-2), factor.tril(0));
        MultivariateNormal { mean: rows.index(-2, 0), factor }
    }

    /// L⁻¹·(x − μ), a column.
    #[track_caller]
    fn whitened(&self, x: Var<'t>) -> Var<'t> {
        let (column, factor) = ((x - self.mean).unsqueeze(-1), self.factor);
        let lead = (column.index(-1, 0).sum_over(-1) + factor.index(-1, 0).sum_over(-1)).shape();
        let n = factor.shape()[factor.rank() - 1];
        let factor = factor.broadcast_to(&[&lead[..], &[n, n]].concat()[..]);
        let column = column.broadcast_to(&[&lead[..], &[n, 1]].concat()[..]);
        factor.solve_triangular(column, Triangle::LOWER)
    }

    /// ½·ln det Σ.
    fn half_log_det(&self) -> Var<'t> {
        self.factor.diagonal(0).ln().sum_over(-1)
    }

    fn width(&self) -> f64 {
        self.mean.shape()[self.mean.rank() - 1] as f64
    }
}

impl<'t> Distribution<'t> for MultivariateNormal<'t> {
    fn sample(&self, key: Var<'t>, shape: &[usize]) -> Var<'t> {
        self.rsample(key, shape).detach()
    }

    fn log_prob(&self, x: Var<'t>) -> Var<'t> {
        let z = self.whitened(x);
        z.square().sum_over([-1, -2]) * -0.5 - self.half_log_det() - 0.5 * self.width() * TAU.ln()
    }

    fn entropy(&self) -> Var<'t> {
        self.half_log_det() + 0.5 * self.width() * (2.0 * PI * E).ln()
    }

    fn moments(&self) -> (Var<'t>, Var<'t>) {
        (self.mean, self.factor.square().sum_over(-1))
    }

    /// ½·(tr(Σ′⁻¹·Σ) + |L′⁻¹·(μ − μ′)|² − n) + ½·ln det Σ′ − ½·ln det Σ.
    fn kl(&self, other: &Self) -> Var<'t> {
        let (ours, theirs) = together(self.factor, other.factor);
        let trace = theirs.solve_triangular(ours, Triangle::LOWER).square().sum_over([-1, -2]);
        let distance = other.whitened(self.mean).square().sum_over([-1, -2]);
        (trace + distance - self.width()) * 0.5 + other.half_log_det() - self.half_log_det()
    }
}

impl<'t> Reparameterised<'t> for MultivariateNormal<'t> {
    fn rsample(&self, key: Var<'t>, shape: &[usize]) -> Var<'t> {
        let noise = key.normal_of(self.mean.dtype(), drawn(shape, self.mean));
        self.mean + self.factor.matmul(noise.unsqueeze(-1)).index(-1, 0)
    }
}
