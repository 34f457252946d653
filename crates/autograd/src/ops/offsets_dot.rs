//! Offsets-dot: Pᵢⱼ = uᵢ·(aᵢ − bⱼ) for the rows of matrices. No difference is stored, and none loses digits.
//!
//! Linear in u, and in a and b together: Ṗᵢⱼ = u̇ᵢ·(aᵢ − bⱼ) + uᵢ·ȧᵢ − uᵢ·ḃⱼ;  ūᵢ = Σⱼ P̄ᵢⱼ·(aᵢ − bⱼ), āᵢ = uᵢ·Σⱼ P̄ᵢⱼ, b̄ = −P̄ᵀ·u.

use super::distances::{infer_pairs, needs, sizes};
use super::lines::contiguous;
use super::prelude::*;
use crate::Keep;
use crate::ir::{OffsetsDot, OffsetsSum};

#[inline(always)]
fn product(u: f64, difference: f64) -> f64 {
    u * difference
}

impl Rule for OffsetsDot {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        require_float(x)?;
        if x[0].shape != x[1].shape {
            return Err(Mismatch::new("each point of a has a vector of u"));
        }
        infer_pairs(x[1], x[2])
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(OffsetsDot)
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, wanted: Wanted<'_>) -> Cotangents<'t> {
        let [u, a, b] = [0, 1, 2].map(|i| at.x[i]);
        wanted.each(|i| {
            Some(match i {
                0 => record(OffsetsSum, &[g, a, b]),
                1 => u * g.sum_over(Keep(-1)),
                _ => -g.t().matmul(u),
            })
        })
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let u = at.x[0];
        let by_a = t[1].map(|t| (u * t).sum_over(Keep(-1)).broadcast_to(at.y.shape()));
        let by_b = t[2].map(|t| -u.matmul(t.t()));
        total([t[0].map(|t| record(OffsetsDot, &[t, at.x[1], at.x[2]])), by_a, by_b])
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let [batches, m, n, d] = sizes(&x[1].meta.shape, &x[2].meta.shape);
        with_float!(y.dtype(), T => {
            let [u, a, b] = [0, 1, 2].map(|i| x[i].slice::<T>());
            let pairs = indices(&[batches, m, n]).map(|p| {
                let (own, other) = ((p[0] * m + p[1]) * d, (p[0] * n + p[2]) * d);
                let terms = (0..d).map(|k| u[own + k].to_f64() * (a[own + k].to_f64() - b[other + k].to_f64()));
                T::from_f64(terms.fold(0.0, |sum, term| sum + term))
            });
            y.write(pairs);
        });
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        let sizes = sizes(x[1].shape, x[2].shape);
        with_float!(y.dtype(), T => {
            let [u, a, b] = [0, 1, 2].map(|i| contiguous::<T>(&x[i]));
            let functions = (product, #[inline(always)] |sum| sum);
            let care = (#[inline(always)] |_: f64| false, |sum: f64, _: &[T], _: &[T]| T::from_f64(sum));
            kernels::pairs::each_pair([&u, &a, &b], sizes, y.slice(), room.workers, functions, care);
        });
        Ok(())
    }

    fn needs(&self, x: &[&Meta], _y: &Meta) -> Needs {
        needs(x[1], x[2])
    }
}

#[cfg(test)]
impl Tested for OffsetsDot {
    fn rows() -> Vec<Row> {
        let tangent = |name: &str, shapes: [&[usize]; 3]| {
            row(name, &shapes, |x| record(OffsetsDot, &[x[0].sin(), x[1], x[2].cos()]).square())
        };
        let all = vec![
            tangent("offsets_dot", [&[3, 2], &[3, 2], &[4, 2]]),
            tangent("offsets_dot", [&[1, 1], &[1, 1], &[1, 1]]),
            tangent("offsets_dot of batches", [&[2, 2, 3], &[2, 2, 3], &[2, 1, 3]]),
            tangent("offsets_dot of nothing", [&[2, 0], &[2, 0], &[3, 0]]),
            tangent("offsets_dot", [&[150, 60], &[150, 60], &[140, 60]]).large(),
        ];
        super::factors::rounded(all)
    }
}
