//! Distributions on the line that are functions of one uniform number.

use super::{Distribution, Reparameterised, drawn, together};
use autograd::{Operand, Var};

/// The uniform distribution, p(x) = 1/(b − a) for a ≤ x < b.
///
/// ```
/// use nn::distributions::{Distribution, Uniform};
/// let tape = autograd::Tape::new();
/// let p = Uniform::new(tape.var([1.0]), 3.0);
/// let x = tape.constant([0.0, 1.0, 3.0]);
/// assert_eq!(p.log_prob(x).to_vec::<f64>(), [f64::NEG_INFINITY, -2f64.ln(), f64::NEG_INFINITY]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Uniform<'t> {
    low: Var<'t>,
    high: Var<'t>,
}

impl<'t> Uniform<'t> {
    /// From a up to b > a, which are broadcast against each other.
    ///
    /// # Panics
    /// If shapes or dtypes do not fit.
    #[track_caller]
    pub fn new(low: Var<'t>, high: impl Operand<'t>) -> Uniform<'t> {
        let (low, high) = together(low, high);
        Uniform { low, high }
    }

    fn length(&self) -> Var<'t> {
        self.high - self.low
    }
}

impl<'t> Distribution<'t> for Uniform<'t> {
    fn sample(&self, key: Var<'t>, shape: &[usize]) -> Var<'t> {
        self.rsample(key, shape).detach()
    }

    fn log_prob(&self, x: Var<'t>) -> Var<'t> {
        let below = x.lt(self.high).select(-self.length().ln(), f64::NEG_INFINITY);
        x.ge(self.low).select(below, f64::NEG_INFINITY)
    }

    fn entropy(&self) -> Var<'t> {
        self.length().ln()
    }

    fn moments(&self) -> (Var<'t>, Var<'t>) {
        ((self.low + self.high) * 0.5, self.length().square() / 12.0)
    }

    /// ln((b′ − a′)/(b − a)), and ∞ where the other support does not hold this one.
    fn kl(&self, other: &Self) -> Var<'t> {
        let log = (other.length() / self.length()).ln();
        let below = self.high.le(other.high).select(log, f64::INFINITY);
        self.low.ge(other.low).select(below, f64::INFINITY)
    }
}

impl<'t> Reparameterised<'t> for Uniform<'t> {
    fn rsample(&self, key: Var<'t>, shape: &[usize]) -> Var<'t> {
        self.low + self.length() * key.uniform_of(self.low.dtype(), drawn(shape, self.low))
    }
}

/// The exponential distribution, p(x) = λ·e^(−λx) for x ≥ 0.
///
/// ```
/// use nn::distributions::{Distribution, Exponential};
/// let tape = autograd::Tape::new();
/// let p = Exponential::new(tape.var([2.0]));
/// assert_eq!(p.log_prob(tape.constant([1.0])).item(), 2f64.ln() - 2.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Exponential<'t> {
    rate: Var<'t>,
}

impl<'t> Exponential<'t> {
    /// With the rate λ > 0, the inverse of the mean.
    pub fn new(rate: Var<'t>) -> Exponential<'t> {
        Exponential { rate }
    }
}

impl<'t> Distribution<'t> for Exponential<'t> {
    fn sample(&self, key: Var<'t>, shape: &[usize]) -> Var<'t> {
        self.rsample(key, shape).detach()
    }

    fn log_prob(&self, x: Var<'t>) -> Var<'t> {
        x.ge(0.0).select(self.rate.ln() - self.rate * x, f64::NEG_INFINITY)
    }

    fn entropy(&self) -> Var<'t> {
        1.0 - self.rate.ln()
    }

    fn moments(&self) -> (Var<'t>, Var<'t>) {
        let mean = self.rate.recip();
        (mean, mean.square())
    }

    /// ln(λ/λ′) + λ′/λ − 1.
    fn kl(&self, other: &Self) -> Var<'t> {
        let ratio = other.rate / self.rate;
        ratio - 1.0 - ratio.ln()
    }
}

impl<'t> Reparameterised<'t> for Exponential<'t> {
    fn rsample(&self, key: Var<'t>, shape: &[usize]) -> Var<'t> {
        key.exponential_of(self.rate.dtype(), drawn(shape, self.rate)) / self.rate
    }
}

/// Laplace's distribution, p(x) = e^(−|x − μ|/b)/(2b).
///
/// ```
/// use nn::distributions::{Distribution, Laplace};
/// let tape = autograd::Tape::new();
/// let p = Laplace::new(tape.var([1.0]), 2.0);
/// assert_eq!(p.log_prob(tape.constant([3.0])).item(), -1.0 - 4f64.ln());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Laplace<'t> {
    mean: Var<'t>,
    scale: Var<'t>,
}

impl<'t> Laplace<'t> {
    /// With mean μ and scale b > 0, which are broadcast against each other.
    ///
    /// # Panics
    /// If shapes or dtypes do not fit.
    #[track_caller]
    pub fn new(mean: Var<'t>, scale: impl Operand<'t>) -> Laplace<'t> {
        let (mean, scale) = together(mean, scale);
        Laplace { mean, scale }
    }
}

impl<'t> Distribution<'t> for Laplace<'t> {
    fn sample(&self, key: Var<'t>, shape: &[usize]) -> Var<'t> {
        self.rsample(key, shape).detach()
    }

    fn log_prob(&self, x: Var<'t>) -> Var<'t> {
        -(x - self.mean).abs() / self.scale - (self.scale * 2.0).ln()
    }

    fn entropy(&self) -> Var<'t> {
        (self.scale * 2.0).ln() + 1.0
    }

    fn moments(&self) -> (Var<'t>, Var<'t>) {
        (self.mean, self.scale.square() * 2.0)
    }

    /// ln(b′/b) + (|μ − μ′| + b·e^(−|μ − μ′|/b))/b′ − 1.
    fn kl(&self, other: &Self) -> Var<'t> {
        let distance = (self.mean - other.mean).abs();
        let within = self.scale * (-distance / self.scale).exp();
        (other.scale / self.scale).ln() + (distance + within) / other.scale - 1.0
    }
}

impl<'t> Reparameterised<'t> for Laplace<'t> {
    /// Two exponential numbers, of which one counts negative.
    fn rsample(&self, key: Var<'t>, shape: &[usize]) -> Var<'t> {
        let pairs = key.exponential_of(self.mean.dtype(), [&[2], &drawn(shape, self.mean)[..]].concat());
        self.mean + self.scale * (pairs.index(0, 0) - pairs.index(0, 1))
    }
}
