//! IncompleteGamma: P(a, x) = 1/Γ(a)·∫ t^(a − 1)·e⁻ᵗ dt over 0 ≤ t ≤ x, or Q = 1 − P, and their derivatives by a.
//!
//! ∂P/∂x is the density p(a, x) = x^(a − 1)·e⁻ˣ/Γ(a); of a derivative by a of order m, it is the derivative of p of that order:
//! pₘ₊₁ = Σ C(m, j)·pₘ₋ⱼ·uⱼ with u₀ = ln x − ψ(a) and uⱼ = −ψ⁽ʲ⁾(a). So all are right at any order.

use super::elementwise::{binary_of, same_shapes};
use super::prelude::*;
use super::special::TASK;
use crate::ir::IncompleteGamma;
use crate::math::special::incomplete_gamma;

impl<'t> Var<'t> {
    /// The lower regularised incomplete gamma function of x = `self` with the parameter a, P(a, x) = 1/Γ(a)·∫ t^(a − 1)·e⁻ᵗ dt
    /// over 0 ≤ t ≤ x: the distribution function of the gamma distribution. Shapes are broadcast. NaN where a ≤ 0 or x < 0.
    /// Derivatives by both have any order; those by a have absolute accuracy. Source: NIST Digital Library of Mathematical
    /// Functions, 8.2.4.
    ///
    /// # Panics
    /// If shapes clash or dtypes differ.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let (a, x) = (tape.var(2.0), tape.var(1.5));
    /// let y = x.gamma_p(a);
    /// assert!((y.item() - 0.442174599628925).abs() < 1e-14);
    /// let [da, dx] = y.grad([a, x]);
    /// assert!((dx.item() - 1.5 * (-1.5f64).exp()).abs() < 1e-14);
    /// assert!((da.item() + 0.313488637825079).abs() < 1e-13);
    /// ```
    #[track_caller]
    pub fn gamma_p(self, a: impl Operand<'t>) -> Var<'t> {
        binary_of(IncompleteGamma { order: 0, upper: false }, a.like(self), self)
    }

    /// The upper regularised incomplete gamma function of x = `self` with the parameter a, Q(a, x) = 1 − P(a, x), accurate also
    /// where it is tiny: see [`gamma_p`](Var::gamma_p).
    ///
    /// # Panics
    /// If shapes clash or dtypes differ.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let y = tape.var(50.0).gamma_q(1.0).item();
    /// assert!((y / (-50f64).exp() - 1.0).abs() < 1e-13);
    /// ```
    #[track_caller]
    pub fn gamma_q(self, a: impl Operand<'t>) -> Var<'t> {
        binary_of(IncompleteGamma { order: 0, upper: true }, a.like(self), self)
    }
}

impl IncompleteGamma {
    /// The derivative by a.
    fn by_parameter<'t>(&self, x: &[Var<'t>]) -> Var<'t> {
        record(IncompleteGamma { order: self.order + 1, upper: self.upper }, x)
    }

    /// The derivative by x.
    fn density<'t>(&self, x: &[Var<'t>]) -> Var<'t> {
        let (a, x) = (x[0], x[1]);
        let sign = if self.upper { -1.0 } else { 1.0 };
        let mut all = vec![sign * ((a - 1.0).xlogy(x) - x - a.ln_gamma()).exp()];
        if self.order > 0 {
            let u: Vec<Var<'t>> = (0..self.order)
                .map(|j| if j == 0 { x.ln() - a.digamma() } else { -a.polygamma(j) })
                .collect();
            for m in 0..self.order as usize {
                let (mut sum, mut choose) = (all[m] * u[0], 1.0);
                for j in 1..=m {
                    choose *= (m + 1 - j) as f64 / j as f64;
                    sum += choose * (all[m - j] * u[j]);
                }
                all.push(sum);
            }
        }
        all[self.order as usize]
    }
}

impl Rule for IncompleteGamma {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        require_float(x)?;
        same_shapes(x)?;
        Ok(x[0].clone())
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(self.clone())
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, wanted: Wanted<'_>) -> Cotangents<'t> {
        wanted.each(|i| Some(g.strong_mul(if i == 0 { self.by_parameter(at.x) } else { self.density(at.x) })))
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let by_a = t[0].map(|t| t.strong_mul(self.by_parameter(at.x)));
        total([by_a, t[1].map(|t| t.strong_mul(self.density(at.x)))])
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        with_float!(y.dtype(), T => {
            let pairs = x[0].slice::<T>().iter().zip(x[1].slice::<T>());
            y.write(pairs.map(|(a, x)| T::from_f64(incomplete_gamma(self.order, self.upper, a.to_f64(), x.to_f64()))));
        });
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        let &IncompleteGamma { order, upper } = self;
        with_float!(y.dtype(), T => {
            let [a, x] = [&x[0], &x[1]].map(super::lines::contiguous::<T>);
            room.workers.each_chunk(y.slice::<T>(), TASK, |task, out| {
                for (k, y) in out.iter_mut().enumerate() {
                    let i = task * TASK + k;
                    *y = T::from_f64(incomplete_gamma(order, upper, a[i].to_f64(), x[i].to_f64()));
                }
            });
        });
        Ok(())
    }

    fn needs(&self, _x: &[&Meta], y: &Meta) -> Needs {
        Needs { shared: y.shape.elements() >= 2 * TASK, ..Needs::default() }
    }
}

#[cfg(test)]
impl Tested for IncompleteGamma {
    fn rows() -> Vec<Row> {
        let shapes: &[[&[usize]; 2]] = &[[&[2, 3]; 2], [&[], &[]], [&[0], &[0]], [&[3, 1], &[4]]];
        let mut all = vec![];
        for s in shapes {
            all.push(row("gamma_p", s, |x| x[1].gamma_p(x[0])).within(&(0.6..4.0)));
            all.push(row("gamma_q", s, |x| x[1].gamma_q(x[0])).within(&(0.6..4.0)));
        }
        all.push(row("gamma_p of a transpose", &[&[3, 4]], |x| x[0].t().gamma_p(2.5)).within(&(0.6..4.0)));
        all.extend(large("gamma_p", &[&[3000]], |x| (x.square() + 0.1).gamma_p(1.5)));
        all
    }
}
