//! Pinv: the pseudo-inverse P = A⁺ of each matrix, by its singular values.
//!
//! While the rank stays the same, Ṗ = −P·Ȧ·P + P·Pᵀ·Ȧᵀ·(1 − A·P) + (1 − P·A)·Ȧᵀ·Pᵀ·P, and
//! Ā = −Pᵀ·P̄·Pᵀ + (1 − A·P)·P̄ᵀ·P·Pᵀ + Pᵀ·P·P̄ᵀ·(1 − P·A): products of matrices alone, right at any order.
//! Source: G. H. Golub, V. Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems whose
//! variables separate", 1973, equation 4.12.

use super::factors::{doubles, transposed, write};
use super::prelude::*;
use super::rotations::{Singular, singular};
use crate::ir::Pinv;

impl<'t> Var<'t> {
    /// The pseudo-inverse A⁺ of each matrix of \[…, m, n\], of \[…, n, m\]: V·diag(1/s)·Uᵀ for A = U·diag(s)·Vᵀ, where singular
    /// values up to max(m, n)·ε times the largest one count as 0, with the ε of the dtype. A NaN or an infinity makes all
    /// NaN.
    ///
    /// The derivative is that of matrices of the same rank. Where the rank changes, A⁺ jumps.
    ///
    /// # Panics
    /// If there are fewer than two axes.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let a = tape.var([[3.0, 4.0]]);
    /// assert!((a.pinv() - tape.constant([[0.12], [0.16]])).abs().max().item() < 1e-15);
    /// let singular = tape.var([[2.0, 0.0], [0.0, 0.0]]);
    /// assert_eq!(singular.pinv().to_vec::<f64>(), [0.5, 0.0, 0.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn pinv(self) -> Var<'t> {
        record(Pinv, &[self])
    }
}

impl Rule for Pinv {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_float(x)?;
        match x[0].shape.split_last_chunk() {
            Some((lead, &[m, n])) => Ok(Meta::new(Shape::from([lead, &[n, m]].concat()), dtype)),
            None => Err(Mismatch::new("the operand holds matrices, of two axes or more")),
        }
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(Pinv)
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        let (a, p, g) = (at.x(), at.y, g.t());
        let left = g.matmul(p).matmul(p.t());
        let right = p.t().matmul(p).matmul(g);
        let direct = p.t().matmul(g.t()).matmul(p.t());
        let left = left - a.matmul(p.matmul(left));
        let right = right - right.matmul(p).matmul(a);
        only(left + right - direct)
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let (a, p, t) = (at.x(), at.y, t[0]?);
        let left = p.matmul(p.t()).matmul(t.t());
        let right = t.t().matmul(p.t()).matmul(p);
        let left = left - left.matmul(a).matmul(p);
        let right = right - p.matmul(a.matmul(right));
        Some(left + right - p.matmul(t).matmul(p))
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let &[.., m, n] = &x[0].meta.shape[..] else { unreachable!("the shape rule demands matrices") };
        let epsilon = if y.dtype() == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
        let mut values = Vec::with_capacity(y.shape.elements());
        for a in doubles(&x[0]).chunks((m * n).max(1)) {
            let cut = m.max(n) as f64 * epsilon;
            if m >= n {
                let s = singular(&transposed(a, m, n), m, n);
                values.extend(inverse(&s.right, &s.left, &s.values, cut, n, m));
            } else {
                let Singular { left, values: s, right } = singular(a, n, m);
                values.extend(inverse(&left, &right, &s, cut, n, m));
            }
        }
        write(y, &values);
        Ok(())
    }
}

/// Σ xₖ·yₖᵀ/sₖ for the rows of x, of n elements, and those of y, of m elements. Small values are left out.
fn inverse(x: &[f64], y: &[f64], s: &[f64], cut: f64, n: usize, m: usize) -> Vec<f64> {
    let mut sum = vec![0.0; n * m];
    for (k, &value) in s.iter().enumerate() {
        if value <= cut * s[0] {
            continue;
        }
        for (row, x) in sum.chunks_mut(m).zip(&x[k * n..][..n]) {
            row.iter_mut().zip(&y[k * m..][..m]).for_each(|(sum, y)| *sum += x * y / value);
        }
    }
    sum
}

#[cfg(test)]
impl Tested for Pinv {
    fn rows() -> Vec<Row> {
        /// Of full rank, whatever x is.
        fn full<'t>(x: Var<'t>) -> Var<'t> {
            let shape = x.shape();
            let &[.., m, n] = &shape[..] else { unreachable!("matrices") };
            let k = m.min(n);
            x.sin() + x.identity(k).pad(-2, 0, m - k).pad(-1, 0, n - k) * (1.5 * m.max(n) as f64 + 1.0)
        }
        let shapes: &[&[usize]] = &[
            &[2, 2],
            &[3, 2],
            &[2, 3],
            &[1, 1],
            &[3, 1, 1],
            &[0, 0],
            &[2, 0],
            &[0, 2],
            &[2, 3, 2],
            &[0, 2, 2],
        ];
        let mut all = rows("pinv", shapes, |x| full(x).pinv());
        all.extend(rows("pinv of a transpose", &[&[3, 2]], |x| full(x).t().pinv().sin()));
        all.extend(large("pinv", &[&[20, 20, 10]], |x| full(x).pinv()));
        super::factors::rounded(all)
    }
}
