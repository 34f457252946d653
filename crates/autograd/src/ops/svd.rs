//! Svd: singular values and vectors of matrices with at least as many rows as columns, A = U·diag(s)·Vᵀ. The rows of U, the row s and the
//! rows of V stand one below the other in one result.
//!
//! With P = Uᵀ·Ȧ·V, S = diag s and Fᵢⱼ = 1/(sⱼ² − sᵢ²), 0 on the diagonal: ṡ = diag P, V̇ = V·(F∘(S·P + Pᵀ·S)) and
//! U̇ = U·(F∘(P·S + S·Pᵀ)) + (1 − U·Uᵀ)·Ȧ·V·S⁻¹. The adjoint is
//! Ā = U·(diag s̄ + (F∘(Uᵀ·Ū − Ūᵀ·U))·S + S·(F∘(Vᵀ·V̄ − V̄ᵀ·V)))·Vᵀ + (1 − U·Uᵀ)·Ū·S⁻¹·Vᵀ.
//! Source: J. Townsend, "Differentiating the singular value decomposition", 2016.

use super::eigh::inverse_gaps;
use super::factors::{doubles, transposed, write};
use super::prelude::*;
use super::rotations::{Singular, singular};
use crate::ir::Svd;

impl<'t> Var<'t> {
    /// The singular value decomposition A = U·diag(s)·Vᵀ of each matrix of \[…, m, n\]: U of \[…, m, k\], s of \[…, k\], descending, and V
    /// of \[…, n, k\], for the smaller k of m and n. The columns of U and of V are orthonormal; the largest element of each
    /// left vector (of each right one if m < n) is positive.
    ///
    /// Where singular values are equal or 0, their vectors are not unique. The first derivative then is right for functions of the
    /// singular values alone that treat equal ones alike; no other derivative is. A NaN or an infinity makes all NaN.
    ///
    /// # Panics
    /// If there are fewer than two axes.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let a = tape.var([[3.0, 0.0], [4.0, 0.0], [0.0, 2.0]]);
    /// let (u, s, v) = a.svd();
    /// assert!((s - tape.constant([5.0, 2.0])).abs().max().item() < 1e-15);
    /// assert!((u.matmul(s.diag(0)).matmul(v.t()) - a).abs().max().item() < 1e-15);
    /// let [slope] = s.index(0, 0).grad([a]);
    /// assert!((slope.index(1, 0) - tape.constant([0.6, 0.8, 0.0])).abs().max().item() < 1e-15);
    /// ```
    #[track_caller]
    pub fn svd(self) -> (Var<'t>, Var<'t>, Var<'t>) {
        if let [.., m, n] = self.shape()[..]
            && m < n
        {
            let (u, s, v) = self.t().svd();
            return (v, s, u);
        }
        parts(record(Svd, &[self]))
    }

    /// The singular values of each matrix of \[…, m, n\], descending. Their sum is the nuclear norm, their largest the spectral
    /// norm, and the quotient of the largest by the smallest the condition number.
    ///
    /// # Panics
    /// As [`svd`](Var::svd).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let a = tape.var([[3.0, 0.0], [0.0, -4.0]]);
    /// assert_eq!(a.singular_values().to_vec::<f64>(), [4.0, 3.0]);
    /// assert_eq!(a.singular_values().sum().grad([a])[0].to_vec::<f64>(), [1.0, 0.0, 0.0, -1.0]);
    /// ```
    #[track_caller]
    pub fn singular_values(self) -> Var<'t> {
        self.svd().1
    }
}

/// U, s and V.
fn parts<'t>(all: Var<'t>) -> (Var<'t>, Var<'t>, Var<'t>) {
    let shape = all.shape();
    let &[.., rows, n] = &shape[..] else { unreachable!("the shape rule demands matrices") };
    let m = rows - n - 1;
    (all.slice(-2, 0..m), all.index(-2, m as isize), all.slice(-2, m + 1..))
}

/// (x − U·Uᵀ·x)·S⁻¹, where 0 has the inverse 0.
fn outside<'t>(u: Var<'t>, s: Var<'t>, x: Var<'t>) -> Var<'t> {
    let zero = s.eq(0.0);
    let inverse = zero.select(0.0, zero.select(1.0, s).recip());
    (x - u.matmul(u.t().matmul(x))) * inverse.unsqueeze(-2)
}

impl Rule for Svd {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_float(x)?;
        match x[0].shape.split_last_chunk() {
            Some((lead, &[m, n])) if m >= n => {
                Ok(Meta::new(Shape::from([lead, &[m + n + 1, n]].concat()), dtype))
            }
            _ => Err(Mismatch::new("the operand holds matrices, of two axes or more")),
        }
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(Svd)
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        let ((u, s, v), (gu, gs, gv)) = (parts(at.y), parts(g));
        let f = inverse_gaps(s.square());
        let turned = |x: Var<'t>, gx: Var<'t>| {
            let inner = x.t().matmul(gx);
            f * (inner - inner.t())
        };
        let inner = gs.diag(0) + turned(u, gu) * s.unsqueeze(-2) + turned(v, gv) * s.unsqueeze(-1);
        only((u.matmul(inner) + outside(u, s, gu)).matmul(v.t()))
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let (u, s, v) = parts(at.y);
        let right = t[0]?.matmul(v);
        let p = u.t().matmul(right);
        let f = inverse_gaps(s.square());
        let (left, above) = (p * s.unsqueeze(-2), p * s.unsqueeze(-1));
        let du = u.matmul(f * (left + left.t())) + outside(u, s, right);
        let dv = v.matmul(f * (above + above.t()));
        Some(Var::concat(&[du, p.diagonal(0).unsqueeze(-2), dv], -2))
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let &[.., m, n] = &x[0].meta.shape[..] else { unreachable!("the shape rule demands matrices") };
        let mut values = Vec::with_capacity(y.shape.elements());
        for a in doubles(&x[0]).chunks((m * n).max(1)) {
            let Singular { left, values: s, right } = singular(&transposed(a, m, n), m, n);
            values.extend(transposed(&left, n, m));
            values.extend(s);
            values.extend(transposed(&right, n, n));
        }
        write(y, &values);
        Ok(())
    }
}

#[cfg(test)]
impl Tested for Svd {
    fn rows() -> Vec<Row> {
        /// With singular values far apart.
        fn apart<'t>(x: Var<'t>) -> Var<'t> {
            let shape = x.shape();
            let &[.., m, n] = &shape[..] else { unreachable!("matrices") };
            let steps: Vec<f64> = (0..m.min(n)).map(|k| 4.0 * (k + 1) as f64).collect();
            let steps = x.tape().constant(steps).cast(x.dtype()).diag(0);
            x.sin() + steps.pad(-2, 0, m - m.min(n)).pad(-1, 0, n - m.min(n))
        }
        let shapes: &[&[usize]] =
            &[&[2, 2], &[1, 1], &[3, 1, 1], &[3, 2], &[0, 0], &[2, 0], &[2, 3, 2], &[0, 2, 2]];
        let mut all = rows("svd", shapes, |x| {
            let (u, s, v) = apart(x).svd();
            Var::concat(&[u.sin(), s.unsqueeze(-2), v.exp()], -2)
        });
        all.extend(rows("svd of a wide matrix", &[&[2, 3]], |x| {
            let (u, s, v) = apart(x).svd();
            u.matmul(s.sin().diag(0)).matmul(v.t())
        }));
        all.extend(rows("singular values", &[&[3, 3]], |x| apart(x).t().singular_values()));
        all.extend(large("svd", &[&[20, 20, 10]], |x| apart(x).singular_values()));
        super::factors::rounded(all)
    }
}
