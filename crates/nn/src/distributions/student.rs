//! Student's distribution.

use super::gamma::implicit;
use super::{Distribution, Reparameterised, drawn, together};
use autograd::{DType, Operand, Var};
use std::f64::consts::{FRAC_PI_2, PI};

/// Student's distribution, p(x) = Γ((ν + 1)/2)/(Γ(ν/2)·√(νπ)·σ)·(1 + z²/ν)^(−(ν + 1)/2) with z = (x − μ)/σ.
///
/// ```
/// use nn::distributions::{Distribution, StudentT};
/// let tape = autograd::Tape::new();
/// // With ν = 1 it is Cauchy's distribution, 1/(π·(1 + x²)).
/// let p = StudentT::new(tape.var([1.0]), 0.0, 1.0);
/// assert!((p.log_prob(tape.constant([1.0])).item() + (2.0 * std::f64::consts::PI).ln()).abs() < 1e-14);
/// assert!(p.moments().0.item().is_nan());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct StudentT<'t> {
    freedom: Var<'t>,
    place: Var<'t>,
    scale: Var<'t>,
}

impl<'t> StudentT<'t> {
    /// With ν > 0 degrees of freedom, place μ and scale σ > 0, which are broadcast against each other.
    ///
    /// # Panics
    /// If shapes or dtypes do not fit.
    #[track_caller]
    pub fn new(freedom: Var<'t>, place: impl Operand<'t>, scale: impl Operand<'t>) -> StudentT<'t> {
        let (freedom, place) = together(freedom, place);
        let (freedom, scale) = together(freedom, scale);
        StudentT { freedom, place: together(place, scale).0, scale }
    }

    /// ln(Γ((ν + 1)/2)/(Γ(ν/2)·√(νπ))).
    fn log_height(&self) -> Var<'t> {
        (self.freedom * 0.5).ln_gamma_ratio(0.5) - (self.freedom * PI).ln() * 0.5
    }

    /// With one more axis, and in `F64`: the farthest places have squares beyond the numbers of `F32`.
    fn with_axis(&self) -> StudentT<'t> {
        let all = [self.freedom, self.place, self.scale];
        let [freedom, place, scale] = all.map(|of| of.cast(DType::F64).unsqueeze(-1));
        StudentT { freedom, place, scale }
    }
}

/// The places of an integral over the whole line, and their spacing before they are stretched.
const PLACES: i32 = 200;
const SPACING: f64 = 1.0 / 48.0;

impl<'t> Distribution<'t> for StudentT<'t> {
    fn sample(&self, key: Var<'t>, shape: &[usize]) -> Var<'t> {
        self.rsample(key, shape).detach()
    }

    fn log_prob(&self, x: Var<'t>) -> Var<'t> {
        let z = (x - self.place) / self.scale;
        let tail = (z.square() / self.freedom).ln_1p() * (self.freedom + 1.0) * 0.5;
        self.log_height() - self.scale.ln() - tail
    }

    fn entropy(&self) -> Var<'t> {
        let half = self.freedom * 0.5;
        let slope = (half + 0.5).digamma() - half.digamma();
        (half + 0.5) * slope - self.log_height() + self.scale.ln()
    }

    /// The mean is NaN for ν ≤ 1, the variance ∞ for ν ≤ 2 and NaN for ν ≤ 1.
    fn moments(&self) -> (Var<'t>, Var<'t>) {
        let (has_mean, has_variance) = (self.freedom.gt(1.0), self.freedom.gt(2.0));
        let freedom = has_variance.select(self.freedom, 3.0);
        let variance = has_variance.select(self.scale.square() * freedom / (freedom - 2.0), f64::INFINITY);
        (has_mean.select(self.place, f64::NAN), has_mean.select(variance, f64::NAN))
    }

    /// An integral, which has no closed form, by 401 places x = μ + σ·sinh(π/2·sinh w): to about 10⁻⁹ if places and scales are of
    /// one order. Source: Takahasi & Mori, *Double exponential formulas for numerical integration*, 1974.
    fn kl(&self, other: &Self) -> Var<'t> {
        let w = (-PLACES..=PLACES).map(|i| f64::from(i) * SPACING);
        let stretched = w.map(|w| {
            let inner = FRAC_PI_2 * w.sinh();
            (inner.sinh(), SPACING * FRAC_PI_2 * w.cosh() * inner.cosh())
        });
        let (z, weight): (Vec<f64>, Vec<f64>) = stretched.unzip();
        let [z, weight] = [z, weight].map(|all| self.freedom.tape().constant(&all[..]));
        let (p, q) = (self.with_axis(), other.with_axis());
        let x = p.place + p.scale * z;
        let log = p.log_prob(x);
        let sum = ((log.exp() * p.scale * weight) * (log - q.log_prob(x))).sum_over(-1);
        sum.cast(self.freedom.dtype())
    }
}

impl<'t> Reparameterised<'t> for StudentT<'t> {
    /// A normal number divided by the root of a sample of a gamma distribution of mean 1.
    fn rsample(&self, key: Var<'t>, shape: &[usize]) -> Var<'t> {
        let half = self.freedom * 0.5;
        let z = key.fold_in(0).normal_of(half.dtype(), drawn(shape, half));
        self.place + self.scale * z * (half / implicit(half, key.fold_in(1), shape)).sqrt()
    }
}
