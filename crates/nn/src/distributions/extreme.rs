//! Distributions of extremes, and the normal distribution between bounds.

use super::{Distribution, Normal, Reparameterised, drawn, together};
use autograd::{Operand, Var};
use std::f64::consts::{E, PI, TAU};

/// γ, Euler's constant.
const EULER: f64 = 0.577_215_664_901_532_9;

/// Gumbel's distribution of largest values, p(x) = e^(−z − e^(−z))/β with z = (x − μ)/β.
///
/// ```
/// use nn::distributions::{Distribution, Gumbel};
/// let tape = autograd::Tape::new();
/// let p = Gumbel::new(tape.var([1.0]), 2.0);
/// assert_eq!(p.log_prob(tape.constant([1.0])).item(), -1.0 - 2f64.ln());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Gumbel<'t> {
    place: Var<'t>,
    scale: Var<'t>,
}

impl<'t> Gumbel<'t> {
    /// With the place μ of the largest density and scale β > 0, which are broadcast against each other.
    ///
    /// # Panics
    /// If shapes or dtypes do not fit.
    #[track_caller]
    pub fn new(place: Var<'t>, scale: impl Operand<'t>) -> Gumbel<'t> {
        let (place, scale) = together(place, scale);
        Gumbel { place, scale }
    }
}

impl<'t> Distribution<'t> for Gumbel<'t> {
    fn sample(&self, key: Var<'t>, shape: &[usize]) -> Var<'t> {
        self.rsample(key, shape).detach()
    }

    fn log_prob(&self, x: Var<'t>) -> Var<'t> {
        let z = (x - self.place) / self.scale;
        -z - (-z).exp() - self.scale.ln()
    }

    fn entropy(&self) -> Var<'t> {
        self.scale.ln() + (EULER + 1.0)
    }

    fn moments(&self) -> (Var<'t>, Var<'t>) {
        (self.place + self.scale * EULER, self.scale.square() * (PI * PI / 6.0))
    }

    /// ln(β′/β) + (μ + γ·β − μ′)/β′ + e^((μ′ − μ)/β′)·Γ(1 + β/β′) − γ − 1.
    fn kl(&self, other: &Self) -> Var<'t> {
        let ratio = self.scale / other.scale;
        let distance = (self.place - other.place) / other.scale;
        let tail = ((ratio + 1.0).ln_gamma() - distance).exp();
        distance + ratio * EULER + tail - ratio.ln() - (EULER + 1.0)
    }
}

impl<'t> Reparameterised<'t> for Gumbel<'t> {
    fn rsample(&self, key: Var<'t>, shape: &[usize]) -> Var<'t> {
        self.place + self.scale * key.gumbel_of(self.place.dtype(), drawn(shape, self.place))
    }
}

/// The normal distribution cut to a ≤ x ≤ b, p(x) = N(x)/(Φ(β) − Φ(α)) with α = (a − μ)/σ and β = (b − μ)/σ. The bounds are finite.
///
/// ```
/// use nn::distributions::{Distribution, TruncatedNormal};
/// let tape = autograd::Tape::new();
/// let p = TruncatedNormal::new(tape.var([0.0]), 1.0, -2.0, 2.0);
/// assert_eq!(p.log_prob(tape.constant([3.0])).item(), f64::NEG_INFINITY);
/// assert!((p.moments().1.item().sqrt() - 0.8796256610342398).abs() < 1e-14);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TruncatedNormal<'t> {
    whole: Normal<'t>,
    low: Var<'t>,
    high: Var<'t>,
}

impl<'t> TruncatedNormal<'t> {
    /// With mean μ and standard deviation σ > 0 before the cut, and bounds a < b. All are broadcast against the mean.
    ///
    /// # Panics
    /// If shapes or dtypes do not fit.
    #[track_caller]
    pub fn new(
        mean: Var<'t>,
        deviation: impl Operand<'t>,
        low: impl Operand<'t>,
        high: impl Operand<'t>,
    ) -> TruncatedNormal<'t> {
        TruncatedNormal { whole: Normal::new(mean, deviation), low: low.like(mean), high: high.like(mean) }
    }

    /// μ and σ.
    fn uncut(&self) -> (Var<'t>, Var<'t>) {
        let (mean, variance) = self.whole.moments();
        (mean, variance.sqrt())
    }

    /// α and β.
    fn bounds(&self) -> [Var<'t>; 2] {
        let (mean, deviation) = self.uncut();
        [self.low, self.high].map(|bound| (bound - mean) / deviation)
    }

    /// Φ(β) − Φ(α).
    fn share(&self) -> Var<'t> {
        let [a, b] = self.bounds();
        b.normal_cdf() - a.normal_cdf()
    }

    /// (φ(α) − φ(β))/share and (α·φ(α) − β·φ(β))/share.
    fn slopes(&self) -> [Var<'t>; 2] {
        let (bounds, share) = (self.bounds(), self.share());
        let [of_a, of_b] = bounds.map(|z| (z.square() * -0.5).exp() * (1.0 / TAU.sqrt()));
        [(of_a - of_b) / share, (bounds[0] * of_a - bounds[1] * of_b) / share]
    }
}

impl<'t> Distribution<'t> for TruncatedNormal<'t> {
    fn sample(&self, key: Var<'t>, shape: &[usize]) -> Var<'t> {
        self.rsample(key, shape).detach()
    }

    fn log_prob(&self, x: Var<'t>) -> Var<'t> {
        let within = self.whole.log_prob(x) - self.share().ln();
        let below = x.le(self.high).select(within, f64::NEG_INFINITY);
        x.ge(self.low).select(below, f64::NEG_INFINITY)
    }

    fn entropy(&self) -> Var<'t> {
        let (_, deviation) = self.uncut();
        (deviation * self.share()).ln() + 0.5 * (TAU * E).ln() + self.slopes()[1] * 0.5
    }

    fn moments(&self) -> (Var<'t>, Var<'t>) {
        let ((mean, deviation), [first, second]) = (self.uncut(), self.slopes());
        (mean + deviation * first, deviation.square() * (second + 1.0 - first.square()))
    }

    /// E ln p − E ln q by the moments, and ∞ where the other bounds do not hold these.
    fn kl(&self, other: &Self) -> Var<'t> {
        let (mean, variance) = self.moments();
        let (centre, deviation) = other.uncut();
        let square = (variance + (mean - centre).square()) / deviation.square();
        let cross = (square + TAU.ln()) * 0.5 + (deviation * other.share()).ln();
        let below = self.high.le(other.high).select(cross - self.entropy(), f64::INFINITY);
        self.low.ge(other.low).select(below, f64::INFINITY)
    }
}

impl<'t> Reparameterised<'t> for TruncatedNormal<'t> {
    /// The quantile of a uniform number of the share between the bounds.
    fn rsample(&self, key: Var<'t>, shape: &[usize]) -> Var<'t> {
        let ((mean, deviation), [a, _]) = (self.uncut(), self.bounds());
        let u = key.uniform_of(mean.dtype(), drawn(shape, a));
        mean + deviation * (a.normal_cdf() + u * self.share()).normal_quantile()
    }
}
