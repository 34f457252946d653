//! Cholesky: the lower factor L with a positive diagonal of the symmetric part of A, L·Lᵀ = (A + Aᵀ)/2.
//!
//! With Φ(X), the lower triangle of X with half of its diagonal: L̇ = L·Φ(L⁻¹·sym(Ȧ)·L⁻ᵀ), which is products and triangular
//! solves, and Ā = sym(L⁻ᵀ·Φ(Lᵀ·L̄)·L⁻¹), which is an op of its own, `cholesky_back`. They have such rules themselves.
//! Source: I. Murray, "Differentiation of the Cholesky decomposition", 2016, equations 8 and 10; S. F. Walter, "Structured
//! higher-order algorithmic differentiation in the forward and reverse mode", 2011.

use super::factors::{as_doubles, doubles, entry_of, factor_needs, in_doubles, require_square, write};
use super::prelude::*;
use crate::ir::{Cholesky, CholeskyBack, SolveTriangular};
use crate::kernels::linear::{Blocks, each_pair};

impl<'t> Var<'t> {
    /// The lower Cholesky factor L of each matrix of \[…, n, n\], L·Lᵀ = (A + Aᵀ)/2: of a symmetric matrix, A itself. The
    /// gradient is symmetric. The upper triangle of L is 0; the upper factor is `l.t()`.
    ///
    /// # Panics
    /// If the matrices are not square. If one is not positive definite ([`Fault`](crate::Fault)).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let a = tape.var([[4.0, 2.0], [2.0, 10.0]]);
    /// let l = a.cholesky();
    /// assert_eq!(l.to_vec::<f64>(), [2.0, 0.0, 1.0, 3.0]);
    /// assert_eq!(l.index(0, 0).sum().grad([a])[0].to_vec::<f64>(), [0.25, 0.0, 0.0, 0.0]);
    /// ```
    ///
    /// ```should_panic
    /// # use autograd::Tape;
    /// Tape::new().var([[1.0, 2.0], [2.0, 1.0]]).cholesky(); // pivot 1 is −3
    /// ```
    #[track_caller]
    pub fn cholesky(self) -> Var<'t> {
        record(Cholesky, &[self])
    }
}

/// The lower triangle with half of the diagonal.
pub(super) fn half<'t>(x: Var<'t>) -> Var<'t> {
    (x.tril(0) + x.tril(-1)) * 0.5
}

pub(super) fn symmetric<'t>(x: Var<'t>) -> Var<'t> {
    (x + x.t()) * 0.5
}

/// L⁻¹·B, or L⁻ᵀ·B.
pub(super) fn solved<'t>(l: Var<'t>, b: Var<'t>, transposed: bool) -> Var<'t> {
    record(SolveTriangular { upper: false, transposed, unit: false }, &[l, b])
}

impl Rule for Cholesky {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_float(x)?;
        require_square(x[0])?;
        Ok(Meta::new(x[0].shape.clone(), dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(Cholesky)
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        only(record(CholeskyBack, &[at.y, g]))
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let l = at.y;
        let left = solved(l, symmetric(t[0]?), false);
        Some(l.matmul(half(solved(l, left.t(), false))))
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let shape = &x[0].meta.shape;
        let n = shape[shape.len() - 1];
        let mut all = doubles(&x[0]);
        for (number, a) in all.chunks_mut((n * n).max(1)).enumerate() {
            for (i, j) in (0..n).flat_map(|i| (0..=i).map(move |j| (i, j))) {
                a[i * n + j] = 0.5 * a[i * n + j] + 0.5 * a[j * n + i];
            }
            factor(a, n)
                .map_err(|pivot| Fault::NotPositiveDefinite { entry: entry_of(number, shape), pivot })?;
        }
        write(y, &all);
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        let (shape, given) = (y.shape, as_doubles(&x[0]));
        let n = shape[shape.len() - 1];
        let mut blocks = Blocks::new(room.scratch, room.workers);
        in_doubles(y, |all| {
            let matrices = all.chunks_exact_mut((n * n).max(1)).zip(given.chunks_exact((n * n).max(1)));
            for (number, (l, a)) in matrices.enumerate() {
                (0..n).for_each(|i| l[i * n + i] = a[i * n + i]);
                each_pair(n, |i, j| l[i * n + j] = 0.5 * a[i * n + j] + 0.5 * a[j * n + i]);
                blocks.cholesky(l, n).map_err(|pivot| {
                    let entry = entry_of(number, shape);
                    Fault::NotPositiveDefinite { entry, pivot }
                })?;
            }
            Ok(())
        })
    }

    fn needs(&self, x: &[&Meta], _y: &Meta) -> Needs {
        let n = x[0].shape[x[0].shape.len() - 1];
        factor_needs([n, n, 0])
    }
}

/// Replaces a symmetric matrix, of which the lower triangle is read, by its factor. The error is the first pivot that is not
/// positive.
fn factor(a: &mut [f64], n: usize) -> Result<(), usize> {
    for i in 0..n {
        let (above, rest) = a.split_at_mut(i * n);
        let row = &mut rest[..n];
        for j in 0..i {
            let other = &above[j * n..][..n];
            row[j] = (row[j] - dot(&row[..j], &other[..j])) / other[j];
        }
        let pivot = row[i] - dot(&row[..i], &row[..i]);
        // A NaN is not positive either.
        if !(pivot > 0.0 && pivot < f64::INFINITY) {
            return Err(i);
        }
        row[i] = pivot.sqrt();
        row[i + 1..].fill(0.0);
    }
    Ok(())
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + a * b)
}

#[cfg(test)]
impl Tested for Cholesky {
    fn rows() -> Vec<Row> {
        /// Positive definite, whatever x is.
        fn definite<'t>(x: Var<'t>) -> Var<'t> {
            let n = x.shape()[x.rank() - 1];
            let x = x.abs().lt(9.0).select(x, 0.0);
            x.matmul(x.t()) + x.identity(n)
        }
        let shapes: &[&[usize]] = &[&[3, 3], &[1, 1], &[3, 1, 1], &[0, 0], &[2, 3, 3], &[0, 2, 2], &[5, 5]];
        let mut all = rows("cholesky", shapes, |x| definite(x).cholesky());
        all.extend(rows("cholesky of one that is not symmetric", &[&[3, 3]], |x| {
            (definite(x) + x.abs().lt(9.0).select(x, 0.0) * 0.1).t().cholesky().sin()
        }));
        all.extend(large("cholesky", &[&[40, 50, 50], &[110, 110]], |x| definite(x).cholesky()));
        super::factors::rounded(all)
    }
}
