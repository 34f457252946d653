//! Offsets-sum: Sᵢ = Σⱼ wᵢⱼ·(aᵢ − bⱼ) for the rows of matrices. No difference is stored, and none loses digits.
//!
//! Linear in w, and in a and b together: Ṡᵢ = Σⱼ ẇᵢⱼ·(aᵢ − bⱼ) + ȧᵢ·Σⱼ wᵢⱼ − Σⱼ wᵢⱼ·ḃⱼ;  w̄ᵢⱼ = S̄ᵢ·(aᵢ − bⱼ), āᵢ = S̄ᵢ·Σⱼ wᵢⱼ,
//! b̄ = −wᵀ·S̄.

use super::distances::{infer_pairs, needs, sizes};
use super::lines::contiguous;
use super::prelude::*;
use crate::Keep;
use crate::ir::{OffsetsDot, OffsetsSum};

impl Rule for OffsetsSum {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        require_float(x)?;
        if infer_pairs(x[1], x[2])?.shape != x[0].shape {
            return Err(Mismatch::new("each pair of points has an element of w"));
        }
        Ok(x[1].clone())
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(OffsetsSum)
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, wanted: Wanted<'_>) -> Cotangents<'t> {
        let [w, a, b] = [0, 1, 2].map(|i| at.x[i]);
        wanted.each(|i| {
            Some(match i {
                0 => record(OffsetsDot, &[g, a, b]),
                1 => g * w.sum_over(Keep(-1)),
                _ => -w.t().matmul(g),
            })
        })
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let w = at.x[0];
        let by_w = t[0].map(|t| record(OffsetsSum, &[t, at.x[1], at.x[2]]));
        total([by_w, t[1].map(|t| t * w.sum_over(Keep(-1))), t[2].map(|t| -w.matmul(t))])
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let [batches, m, n, d] = sizes(&x[1].meta.shape, &x[2].meta.shape);
        with_float!(y.dtype(), T => {
            let [w, a, b] = [0, 1, 2].map(|i| x[i].slice::<T>());
            let sums = indices(&[batches, m, d]).map(|p| {
                let (row, k) = (p[0] * m + p[1], p[2]);
                let term = |j: usize| {
                    let difference = a[row * d + k].to_f64() - b[(p[0] * n + j) * d + k].to_f64();
                    w[row * n + j].to_f64() * difference
                };
                T::from_f64((0..n).fold(0.0, |sum, j| sum + term(j)))
            });
            y.write(sums);
        });
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        let sizes = sizes(x[1].shape, x[2].shape);
        with_float!(y.dtype(), T => {
            let [w, a, b] = [0, 1, 2].map(|i| contiguous::<T>(&x[i]));
            kernels::pairs::weighted([&w, &a, &b], sizes, y.slice(), room.workers);
        });
        Ok(())
    }

    fn needs(&self, x: &[&Meta], _y: &Meta) -> Needs {
        needs(x[1], x[2])
    }
}

#[cfg(test)]
impl Tested for OffsetsSum {
    fn rows() -> Vec<Row> {
        let adjoint = |name: &str, shapes: [&[usize]; 3]| {
            row(name, &shapes, |x| record(OffsetsSum, &[x[0].sin(), x[1], x[2].cos()]).square())
        };
        let all = vec![
            adjoint("offsets_sum", [&[3, 4], &[3, 2], &[4, 2]]),
            adjoint("offsets_sum", [&[1, 1], &[1, 1], &[1, 1]]),
            adjoint("offsets_sum of batches", [&[2, 2, 1], &[2, 2, 35], &[2, 1, 35]]),
            adjoint("offsets_sum of nothing", [&[2, 0], &[2, 3], &[0, 3]]),
            adjoint("offsets_sum", [&[150, 140], &[150, 60], &[140, 60]]).large(),
        ];
        super::factors::rounded(all)
    }
}
