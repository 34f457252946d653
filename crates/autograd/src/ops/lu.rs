//! Lu: A = P·L·U by elimination with the largest pivot of each column. L is lower triangular with ones on its diagonal, U is
//! upper triangular. The result holds U, below its diagonal L, and in one more column the order of the rows: row i of Pᵀ·A is
//! the row of A that stands there.
//!
//! With k = min(m, n), let L be extended to \[m, m\] and U to \[n, n\] by an identity, and M = L⁻¹·Pᵀ·Ȧ·U⁻¹. Then
//! L̇ = L·tril₋₁(M) and U̇ = triu(M)·U, and backwards M̄ = tril₋₁(Lᵀ·L̄) + triu(Ū·Uᵀ), Ā = P·L⁻ᵀ·M̄·U⁻ᵀ. P is constant where
//! no two pivots compete. Source: F. R. de Hoog, R. S. Anderssen, M. A. Lukas, "Differentiation of matrix functionals using
//! triangular factorization", 2011, for square matrices.

use super::factors::{self, doubles, factor_needs, write};
use super::prelude::*;
use crate::ir::{Lu, SolveTriangular};
use crate::kernels::linear::Blocks;

impl<'t> Var<'t> {
    /// The factors P of \[…, m, m\], L of \[…, m, k\] and U of \[…, k, n\] of each matrix of \[…, m, n\], with k = min(m, n):
    /// A = P·L·U. P is a permutation, L is lower triangular with ones on its diagonal, U is upper triangular. Each pivot is the
    /// largest element of what is left of its column, the first of several, so that no element of L is larger than 1.
    ///
    /// P has no derivative; where two pivots compete, the derivative is that of the order that was chosen.
    ///
    /// # Panics
    /// If `self` is no matrix; the derivative, if a pivot is 0 ([`Fault`](crate::Fault)).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let a = tape.var([[1.0, 2.0], [4.0, 4.0]]);
    /// let (p, l, u) = a.lu();
    /// assert_eq!(p.to_vec::<f64>(), [0.0, 1.0, 1.0, 0.0]);
    /// assert_eq!(l.to_vec::<f64>(), [1.0, 0.0, 0.25, 1.0]);
    /// assert_eq!(u.to_vec::<f64>(), [4.0, 4.0, 0.0, 1.0]);
    /// assert_eq!(p.matmul(l).matmul(u).to_vec::<f64>(), a.to_vec::<f64>());
    /// // The last pivot is a₀₁ − a₀₀·a₁₁/a₁₀.
    /// assert_eq!(u.index(0, 1).sum().grad([a])[0].to_vec::<f64>(), [-1.0, 1.0, 0.25, -0.25]);
    /// ```
    #[track_caller]
    pub fn lu(self) -> (Var<'t>, Var<'t>, Var<'t>) {
        let y = record(Lu, &[self]);
        let (packed, order) = halves(y);
        let &[.., m, n] = &packed.shape()[..] else { unreachable!("the shape rule demands matrices") };
        let k = m.min(n);
        let l = packed.tril(-1).slice(-1, 0..k) + y.tape().eye(m, y.dtype()).slice(-1, 0..k);
        (order.cast(DType::I64).one_hot(m, y.dtype()).t(), l, packed.triu(0).slice(-2, 0..k))
    }
}

/// The factors in one matrix, and the order of the rows, in their dtype.
fn halves<'t>(y: Var<'t>) -> (Var<'t>, Var<'t>) {
    let n = y.shape()[y.rank() - 1] - 1;
    (y.slice(-1, 0..n), y.detach().index(-1, n as isize))
}

/// What is below the diagonal of L and U in one matrix, extended to a square by nothing, or by an identity.
fn square<'t>(part: Var<'t>, side: usize, diagonal: bool) -> Var<'t> {
    let &[.., m, n] = &part.shape()[..] else { unreachable!("matrices") };
    let k = m.min(n);
    let cut = part.slice(-2, 0..m.min(side)).slice(-1, 0..n.min(side));
    let whole = cut.pad(-2, 0, side - m.min(side)).pad(-1, 0, side - n.min(side));
    if !diagonal || side == k {
        return whole;
    }
    let beside = whole.tape().full(1.0, [side - k], whole.dtype()).diag(0).pad(-2, k, 0).pad(-1, k, 0);
    whole + beside
}

/// T⁻¹·X, or T⁻ᵀ·X, for L (unit) or U.
fn solved<'t>(t: Var<'t>, x: Var<'t>, lower: bool, transposed: bool) -> Var<'t> {
    record(SolveTriangular { upper: !lower, transposed, unit: lower }, &[t, x])
}

/// The factors as squares, and the order.
struct Point<'t> {
    l: Var<'t>,
    u: Var<'t>,
    order: Var<'t>,
}

impl<'t> Point<'t> {
    fn of(y: Var<'t>) -> Point<'t> {
        let (packed, order) = halves(y);
        let &[.., m, n] = &packed.shape()[..] else { unreachable!("matrices") };
        Point { l: square(packed.tril(-1), m, false), u: square(packed.triu(0), n, true), order }
    }

    /// The rows of a matrix in the order, or back from it.
    fn rows(&self, x: Var<'t>, back: bool) -> Var<'t> {
        let order = if back { self.order.argsort(-1) } else { self.order.cast(DType::I64) };
        x.gather(-2, order.unsqueeze(-1).broadcast_to(x.shape()))
    }

    /// L·X or Lᵀ·X; the diagonal of L is stored as zeros.
    fn times_l(&self, x: Var<'t>, transposed: bool) -> Var<'t> {
        x + if transposed { self.l.t() } else { self.l }.matmul(x)
    }
}

impl Rule for Lu {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_float(x)?;
        let shape = &x[0].shape;
        let Some(&[_, n]) = shape.last_chunk() else {
            return Err(Mismatch::new("the operand holds matrices, of two axes or more"));
        };
        Ok(Meta::new(shape.with_length(shape.len() - 1, n + 1), dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(Lu)
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        let p = Point::of(at.y);
        let g = g.slice(-1, 0..g.shape()[g.rank() - 1] - 1);
        let m = p.times_l(g.tril(-1), true).tril(-1) + g.triu(0).matmul(p.u.t()).triu(0);
        let left = solved(p.l, m, true, true);
        only(p.rows(solved(p.u, left.t(), false, false).t(), true))
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let p = Point::of(at.y);
        let left = solved(p.l, p.rows(t[0]?, false), true, false);
        let m = solved(p.u, left.t(), false, true).t();
        Some((p.times_l(m.tril(-1), false) + m.triu(0).matmul(p.u)).pad(-1, 0, 1))
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        each(&x[0], y, &mut factors::Lu::of_rows)
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        let mut blocks = Blocks::new(room.scratch, room.workers);
        each(&Dense::of(&x[0]), y, &mut |a, m, n| factors::Lu::in_blocks(a, m, n, &mut blocks))
    }

    fn needs(&self, x: &[&Meta], _y: &Meta) -> Needs {
        let &[.., m, n] = &x[0].shape[..] else { unreachable!("the shape rule demands matrices") };
        factor_needs([m, m.min(n), 0])
    }
}

/// Writes the factors and the order of the rows of each matrix.
fn each(
    x: &Dense,
    y: Fill<'_>,
    factors: &mut dyn FnMut(&[f64], usize, usize) -> factors::Lu,
) -> Result<(), Fault> {
    let &[.., m, n] = &x.meta.shape[..] else { unreachable!("the shape rule demands matrices") };
    let all = doubles(x);
    let mut values = Vec::with_capacity(y.shape.elements());
    for number in 0..y.shape.elements() / (m * (n + 1)).max(1) {
        let lu = factors(&all[number * m * n..][..m * n], m, n);
        for (i, &row) in lu.order().iter().enumerate() {
            values.extend_from_slice(&lu.packed()[i * n..][..n]);
            values.push(row as f64);
        }
    }
    write(y, &values);
    Ok(())
}

#[cfg(test)]
impl Tested for Lu {
    fn rows() -> Vec<Row> {
        /// Pivots far from each other and from 0, in another order than the rows'.
        fn regular<'t>(x: Var<'t>) -> Var<'t> {
            let &[.., m, n] = &x.shape()[..] else { unreachable!("matrices") };
            let k = m.min(n);
            let eye = x.tape().eye(k, x.dtype()).pad(-2, 0, m - k).pad(-1, 0, n - k);
            (x.sin() + eye * (2.5 * m as f64 + 1.0)).flip(-2)
        }
        fn mixed<'t>((p, l, u): (Var<'t>, Var<'t>, Var<'t>)) -> Var<'t> {
            p.matmul(l).sin().sum_over(-1) + (u.cos() * 2.0).sum_over(-1).sum_over(-1).unsqueeze(-1)
        }
        let shapes: &[&[usize]] = &[
            &[3, 3],
            &[1, 1],
            &[3, 1, 1],
            &[0, 0],
            &[2, 0],
            &[0, 2],
            &[4, 2],
            &[2, 4],
            &[2, 3, 3],
            &[0, 2, 2],
        ];
        let mut all = rows("lu", shapes, |x| mixed(regular(x).lu()));
        all.extend(rows("lu of a transpose", &[&[3, 3]], |x| mixed(regular(x.t()).t().lu())));
        all.extend(large("lu", &[&[20, 30, 20], &[110, 80], &[40, 100]], |x| mixed(regular(x).lu())));
        super::factors::rounded(all)
    }
}
