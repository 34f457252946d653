//! The gamma distribution, from which those of shares and of heavy tails are made.

use super::{Distribution, Reparameterised, drawn, together};
use autograd::{DType, Operand, Var};

/// The gamma distribution, p(x) = βᵃ·x^(a − 1)·e^(−βx)/Γ(a) for x ≥ 0.
///
/// ```
/// use autograd::Key;
/// use nn::distributions::{Distribution, Gamma, Reparameterised};
/// let tape = autograd::Tape::new();
/// let (a, rate) = (tape.var([2.0]), tape.var([3.0]));
/// let p = Gamma::new(a, rate);
/// assert!((p.log_prob(tape.constant([1.0])).item() - (9f64.ln() - 3.0)).abs() < 1e-14);
/// // E x = a/β, and samples have the derivative of that on average.
/// let x = p.rsample(tape.constant(Key::new(1)), &[4000]).mean();
/// assert!((x.item() - 2.0 / 3.0).abs() < 0.03 && (x.grad([a])[0].item() - 1.0 / 3.0).abs() < 0.03);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Gamma<'t> {
    shape: Var<'t>,
    rate: Var<'t>,
}

impl<'t> Gamma<'t> {
    /// With the shape a > 0 and the rate β > 0, the inverse of a scale, which are broadcast against each other.
    ///
    /// # Panics
    /// If shapes or dtypes do not fit.
    #[track_caller]
    pub fn new(shape: Var<'t>, rate: impl Operand<'t>) -> Gamma<'t> {
        let (shape, rate) = together(shape, rate);
        Gamma { shape, rate }
    }
}

impl<'t> Distribution<'t> for Gamma<'t> {
    /// From normal z and uniform u comes the proposal d·v with d = a − 1/3 and v = (1 + z/√(9d))³, which is taken if v > 0 and
    /// ln u < z²/2 + d − d·v + d·ln v. A program has no loop until one is taken: eight are drawn, and the first good one is selected. One
    /// sample of 3·10¹⁰ at most refuses all of them, and is d. For a < 1 it is a sample for a + 1, times u^(1/a). What is smaller than the
    /// smallest positive normal number counts as that. Source: Marsaglia & Tsang, *A simple method for generating gamma variables*,
    /// 2000, sections 3 and 6.
    fn sample(&self, key: Var<'t>, shape: &[usize]) -> Var<'t> {
        standard(self.shape, key, shape) / self.rate.detach()
    }

    fn log_prob(&self, x: Var<'t>) -> Var<'t> {
        let within = x.ge(0.0);
        let x = within.select(x, 1.0);
        let log = self.shape * self.rate.ln() + (self.shape - 1.0).xlogy(x) - self.rate * x;
        within.select(log - self.shape.ln_gamma(), f64::NEG_INFINITY)
    }

    fn entropy(&self) -> Var<'t> {
        let a = self.shape;
        a - self.rate.ln() + a.ln_gamma() + (1.0 - a) * a.digamma()
    }

    fn moments(&self) -> (Var<'t>, Var<'t>) {
        let mean = self.shape / self.rate;
        (mean, mean / self.rate)
    }

    /// (a − a′)·ψ(a) − ln Γ(a) + ln Γ(a′) + a′·ln(β/β′) + a·(β′/β − 1).
    fn kl(&self, other: &Self) -> Var<'t> {
        let (a, b, ratio) = (self.shape, other.shape, other.rate / self.rate);
        (a - b) * a.digamma() - a.ln_gamma() + b.ln_gamma() - b * ratio.ln() + a * (ratio - 1.0)
    }
}

impl<'t> Reparameterised<'t> for Gamma<'t> {
    /// The distribution function P keeps its value at a sample, P(a, x(a)) = u, which makes ∂x/∂a = −(∂P/∂a)/p. Derivatives are right up
    /// to the third order. Source: Figurnov, Mohamed & Mnih, *Implicit Reparameterization Gradients*, 2018, equation 6.
    fn rsample(&self, key: Var<'t>, shape: &[usize]) -> Var<'t> {
        implicit(self.shape, key, shape) / self.rate
    }
}

/// A sample of rate 1 with its derivative by a: two of Newton's steps that solve P(a, x) = u for x, from a constant that is the solution
/// already, have the derivatives of the solution up to the third order, because each step doubles the order of what is left.
#[track_caller]
pub(super) fn implicit<'t>(a: Var<'t>, key: Var<'t>, shape: &[usize]) -> Var<'t> {
    let start = standard(a, key, shape);
    let a = a.broadcast_to(start.shape());
    let u = start.gamma_p(a.detach()).detach();
    let newton = |x: Var<'t>| x - (x.gamma_p(a) - u) * (x + a.ln_gamma() - (a - 1.0) * x.ln()).exp();
    newton(newton(start))
}

/// How many proposals there are for each sample. They are taken with a probability of 0.951 where a = 1, and of more elsewhere.
const ROUNDS: usize = 8;

/// A constant sample of rate 1, as [`Gamma::sample`] says.
#[track_caller]
fn standard<'t>(a: Var<'t>, key: Var<'t>, shape: &[usize]) -> Var<'t> {
    let (shape, dtype) = (drawn(shape, a), a.dtype());
    let all = [&[ROUNDS], &shape[..]].concat();
    let a = a.detach().broadcast_to(&shape[..]);
    let small = a.lt(1.0);
    let d = small.select(a + 1.0, a) - 1.0 / 3.0;
    let z = key.fold_in(0).normal_of(dtype, &all[..]);
    let u = key.fold_in(1).uniform_of(dtype, &all[..]);
    let root = 1.0 + z / (d * 9.0).sqrt();
    let v = root * root.square();
    let log = root.maximum(f64::from(f32::MIN_POSITIVE)).ln() * 3.0;
    let bound = root.gt(0.0).select(z.square() * 0.5 + d * (1.0 - v + log), f64::NEG_INFINITY);
    let good = u.ln().lt(bound);
    let first = (0..ROUNDS as isize)
        .rev()
        .fold(d.full_like(1.0), |later, i| good.index(0, i).select(v.index(0, i), later));
    let power = (-key.fold_in(2).exponential_of(dtype, &shape[..]) / a).exp();
    let least = if dtype == DType::F32 { f64::from(f32::MIN_POSITIVE) } else { f64::MIN_POSITIVE };
    (d * first * small.select(power, 1.0)).maximum(least)
}
