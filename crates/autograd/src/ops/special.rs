//! Special: elementwise functions by series, in double precision also for `F32`; most of them one number at a time.
//!
//! They come in families ([`Family`]), whose derivatives are members again, or formulas of the table: so they are right at any
//! order. A product with a slope that may be infinite has a strong zero on the side of the cotangent.

use super::prelude::*;
use crate::ir::{Family, Special};
use crate::kernels::gamma;
use crate::math::special as math;
use std::f64::consts::{FRAC_2_SQRT_PI, PI};

impl Special {
    /// The function of its order and of a number.
    fn function(&self) -> fn(u32, f64) -> f64 {
        match self.family {
            Family::LnGamma => match self.order {
                0 => |_, x| math::ln_gamma(x),
                1 => |_, x| math::digamma(x),
                _ => |order, x| math::polygamma(order - 1, x),
            },
            Family::Gamma => |_, x| math::gamma(x),
            Family::Erfc => |_, x| math::erfc(x),
            Family::Erfcx => math::erfcx,
            Family::Erfinv => |_, x| math::erfinv(x),
            Family::NormalQuantile => |_, x| math::normal_quantile(x),
            Family::BesselJ => math::bessel_j,
            Family::BesselI => math::bessel_i,
            Family::I0e => math::bessel_i0e,
            Family::I1e => math::bessel_i1e,
            Family::Sinc => math::sinc,
            Family::Sinhc => math::sinhc,
            Family::Phi1 => math::phi1,
            Family::TanhShrink => |_, x| math::tanhshrink(x),
            Family::Entropy => |_, x| math::entropy(x),
        }
    }

    /// The elements of a task: more of those that vectors compute.
    fn task(&self) -> usize {
        if self.family == Family::LnGamma && self.order < 2 { 16 * TASK } else { TASK }
    }

    /// f′(x), given y = f(x).
    fn slope<'t>(&self, x: Var<'t>, y: Var<'t>) -> Var<'t> {
        let &Special { family, order } = self;
        let member = |order| record(Special { family, order }, &[x]);
        match family {
            Family::Gamma => y * record(Special { family: Family::LnGamma, order: 1 }, &[x]),
            Family::Erfc => -FRAC_2_SQRT_PI * (-x.square()).exp(),
            Family::Erfinv => (1.0 / FRAC_2_SQRT_PI) * y.square().exp(),
            Family::NormalQuantile => (2.0 * PI).sqrt() * (0.5 * y.square()).exp(),
            Family::BesselJ if order == 0 => -member(1),
            Family::BesselJ => 0.5 * (member(order - 1) - member(order + 1)),
            Family::BesselI if order == 0 => member(1),
            Family::BesselI => 0.5 * (member(order - 1) + member(order + 1)),
            Family::Sinhc => x * member(order + 1),
            Family::TanhShrink => x.tanh().square(),
            Family::Entropy => -(x.ln() + 1.0),
            // The closed families.
            _ => member(order + 1),
        }
    }
}

/// The highest order of a family.
const HIGHEST: u32 = 1000;

impl Rule for Special {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        if self.order > HIGHEST {
            return Err(Mismatch::new(format!("the order is at most {HIGHEST}; this one is {}", self.order))
                .hint(
                    "the work grows with the order, and the values are 0 or beyond the range long before",
                ));
        }
        require_float(x)?;
        Ok(x[0].clone())
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(self.clone())
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        only(g.strong_mul(self.slope(at.x(), at.y)))
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        t[0].map(|t| t.strong_mul(self.slope(at.x(), at.y)))
    }

    fn formula(&self, at: &Sketch<'_>) -> Option<Expr> {
        let Special { family, order } = self;
        let name = if *order == 0 { family.to_string() } else { format!("{family}[{order}]") };
        Some(Expr::Op(name, at.x.to_vec()))
    }

    fn formula_vjp(&self, at: &Sketch<'_>, _operand: usize, g: &Expr) -> Option<Expr> {
        let &Special { family, order } = self;
        let next = Special { family, order: order + 1 };
        if family.is_closed() { Some(symbol::product([g.clone(), next.formula(at)?])) } else { None }
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let f = self.function();
        with_float!(y.dtype(), T => {
            y.write(x[0].slice::<T>().iter().map(|x| T::from_f64(f(self.order, x.to_f64()))));
        });
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        let (f, order, each) = (self.function(), self.order, self.task());
        with_float!(y.dtype(), T => {
            let x = super::lines::contiguous::<T>(&x[0]);
            room.workers.each_chunk(y.slice::<T>(), each, |task, out| {
                let x = &x[task * each..][..out.len()];
                match (self.family, order) {
                    (Family::LnGamma, 0) => gamma::ln_gamma(x, out),
                    (Family::LnGamma, 1) => gamma::digamma(x, out),
                    _ => out.iter_mut().zip(x).for_each(|(y, x)| *y = T::from_f64(f(order, x.to_f64()))),
                }
            });
        });
        Ok(())
    }

    fn needs(&self, _x: &[&Meta], y: &Meta) -> Needs {
        Needs { shared: y.shape.elements() >= 2 * self.task(), ..Needs::default() }
    }
}

/// The elements of a task: some tens of microseconds.
pub(super) const TASK: usize = 1 << 10;

#[cfg(test)]
impl Tested for Special {
    fn rows() -> Vec<Row> {
        let shapes: &[&[usize]] = &[&[3]];
        let mut all = vec![];
        let mut add = |name: &str, domain: std::ops::Range<f64>, f: for<'t> fn(Var<'t>) -> Var<'t>| {
            all.extend(rows(name, shapes, f).into_iter().map(|row| row.within(&domain)));
        };
        add("ln_gamma", 0.3..3.0, |x| x.ln_gamma());
        add("ln_gamma below 0", -2.9..-2.1, |x| x.ln_gamma());
        add("digamma", 0.3..3.0, |x| x.digamma());
        add("polygamma", 0.5..3.0, |x| x.polygamma(2));
        add("polygamma below 0", -0.8..-0.2, |x| x.polygamma(1) * 0.01);
        add("gamma", 0.5..3.0, |x| x.gamma());
        add("erfc", -2.0..2.0, |x| x.erfc());
        add("erfcx", -1.0..3.0, |x| x.erfcx());
        add("erfinv", -0.8..0.8, |x| x.erfinv());
        add("normal_quantile", 0.1..0.9, |x| x.normal_quantile());
        add("ln_normal_cdf", -3.0..3.0, |x| x.ln_normal_cdf());
        add("bessel_j", -6.0..6.0, |x| x.bessel_j(0) + x.bessel_j(3));
        add("bessel_i", -3.0..3.0, |x| x.bessel_i(0) + x.bessel_i(2));
        add("bessel_i0e", 0.2..4.0, |x| x.bessel_i0e() - x.bessel_i1e());
        add("sinc", -3.0..3.0, |x| x.sinc());
        add("phi1", -3.0..3.0, |x| x.phi1() * x.bernoulli_function());
        add("langevin", -3.0..3.0, |x| x.langevin());
        add("tanhshrink", -3.0..3.0, |x| x.tanhshrink());
        add("entr", 0.1..3.0, |x| x.entr());
        all.extend(rows("sinhc", &[&[], &[0], &[1, 0, 2], &[2, 3]], |x| x.sinhc()));
        all.extend(rows("digamma of a transpose", &[&[3, 5]], |x| (x.t().square() + 0.5).digamma()));
        all.extend(rows("erfc of a broadcast", &[&[1, 5]], |x| x.broadcast_to([3, 5]).erfc()));
        all.extend(large("special", &[&[9000]], |x| x.erfc() + x.sinhc()));
        all
    }
}
