//! Eigh: eigenvalues and eigenvectors of the symmetric part of a matrix, (A + Aᵀ)/2 = V·diag(w)·Vᵀ. The eigenvalues are the first row
//! of the result, the eigenvectors the columns of the rows below.
//!
//! With E = Vᵀ·sym(Ȧ)·V and Fᵢⱼ = 1/(wⱼ − wᵢ), 0 on the diagonal: ẇ = diag E, V̇ = V·(F∘E), and
//! Ā = sym(V·(diag w̄ + F∘(Vᵀ·V̄))·Vᵀ).
//! Source: M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation",
//! 2008, section 3.1.

use super::factors::{doubles, require_square, transposed, write};
use super::prelude::*;
use super::rotations::eigen;
use crate::ir::Eigh;
use crate::lists::IntoList;

impl<'t> Var<'t> {
    /// The eigenvalues of \[…, n\], ascending, and eigenvectors of \[…, n, n\], the columns V, of the symmetric part of each
    /// matrix of \[…, n, n\]: (A + Aᵀ)/2 = V·diag(w)·Vᵀ. The gradient is symmetric. The sign of a vector is such that its
    /// largest element is positive.
    ///
    /// Where eigenvalues are equal, their vectors are any basis of their space. The first derivative then is right for functions
    /// of the eigenvalues alone that treat equal ones alike; no other derivative is. A NaN or an infinity makes all NaN.
    ///
    /// # Panics
    /// If the matrices are not square.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let a = tape.var([[2.0, 1.0], [1.0, 2.0]]);
    /// let (w, v) = a.eigh();
    /// assert!((w - tape.constant([1.0, 3.0])).abs().max().item() < 1e-15);
    /// let root = v.matmul(w.sqrt().diag(0)).matmul(v.t());
    /// assert!((root.matmul(root) - a).abs().max().item() < 1e-14);
    /// let [slope] = w.index(0, 1).grad([a]);
    /// assert!((slope - 0.5).abs().max().item() < 1e-15); // the outer product of the vector with itself
    /// ```
    #[track_caller]
    pub fn eigh(self) -> (Var<'t>, Var<'t>) {
        parts(record(Eigh, &[self]))
    }
}

/// The eigenvalues, and the eigenvectors.
fn parts<'t>(both: Var<'t>) -> (Var<'t>, Var<'t>) {
    (both.index(-2, 0), both.slice(-2, 1..))
}

fn symmetric<'t>(x: Var<'t>) -> Var<'t> {
    (x + x.t()) * 0.5
}

/// 1/(wⱼ − wᵢ), and 0 where they are equal.
pub(super) fn inverse_gaps<'t>(w: Var<'t>) -> Var<'t> {
    let gaps = w.unsqueeze(-2) - w.unsqueeze(-1);
    let equal = gaps.eq(0.0);
    equal.select(0.0, equal.select(1.0, gaps).recip())
}

impl Rule for Eigh {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_float(x)?;
        let n = require_square(x[0])?;
        let rows = x[0].shape.len() - 2;
        Ok(Meta::new(x[0].shape.with_length(rows, n + 1), dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(Eigh)
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        let ((w, v), (gw, gv)) = (parts(at.y), parts(g));
        let inner = gw.diag(0) + inverse_gaps(w) * v.t().matmul(gv);
        only(symmetric(v.matmul(inner).matmul(v.t())))
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let (w, v) = parts(at.y);
        let e = v.t().matmul(symmetric(t[0]?)).matmul(v);
        Some(Var::concat(&[e.diagonal(0).unsqueeze(-2), v.matmul(inverse_gaps(w) * e)], -2))
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let n = y.shape[y.shape.len() - 1];
        let mut values = Vec::with_capacity(y.shape.elements());
        for a in doubles(&x[0]).chunks((n * n).max(1)) {
            let turned = transposed(a, n, n);
            let a: Vec<f64> = a.iter().zip(turned).map(|(a, t)| 0.5 * a + 0.5 * t).listed();
            let (w, rows) = eigen(&a, n);
            values.extend(w);
            values.extend(transposed(&rows, n, n));
        }
        write(y, &values);
        Ok(())
    }
}

#[cfg(test)]
impl Tested for Eigh {
    fn rows() -> Vec<Row> {
        /// With eigenvalues far apart.
        fn apart<'t>(x: Var<'t>) -> Var<'t> {
            let n = x.shape()[x.rank() - 1];
            let steps: Vec<f64> = (0..n).map(|k| 4.0 * (k * k) as f64).collect();
            x.sin() + x.tape().constant(steps).cast(x.dtype()).diag(0)
        }
        let shapes: &[&[usize]] = &[&[2, 2], &[1, 1], &[3, 1, 1], &[0, 0], &[2, 3, 3], &[0, 2, 2]];
        let mut all = rows("eigh", shapes, |x| {
            let (w, v) = apart(x).eigh();
            Var::concat(&[w.unsqueeze(-2), v.sin()], -2)
        });
        all.extend(rows("eigh of a transpose", &[&[3, 3]], |x| apart(x).t().eigh().0.sin()));
        all.extend(large("eigh", &[&[20, 20, 20]], |x| apart(x).eigh().0));
        super::factors::rounded(all)
    }
}
