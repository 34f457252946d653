//! CholeskyBack: from the cotangent G of a lower Cholesky factor L to that of the matrix, Ā = sym(L⁻ᵀ·Φ(Lᵀ·tril G)·L⁻¹). Φ(X) is the
//! lower triangle of X with half of its diagonal. Only lower triangles are read.
//!
//! Linear in G: the adjoint along W, with X = L⁻¹·sym(W)·L⁻ᵀ, is tril(L·Φ(X)), the tangent of the factor. That of L is
//! tril(tril(G)·Φ(X)ᵀ − 2·Ā·sym(W)·L⁻ᵀ), and along L̇ the result moves by sym(L⁻ᵀ·Φ(L̇ᵀ·tril G)·L⁻¹ − 2·Ā·L̇·L⁻¹).
//! Source: I. Murray, "Differentiation of the Cholesky decomposition", 2016, equation 10 and section 4; derivatives of it by the
//! product rule.

use super::cholesky::{half, solved, symmetric};
use super::factors::{as_doubles, doubles, factor_needs, in_doubles, require_square, write};
use super::prelude::*;
use crate::ir::CholeskyBack;
use crate::kernels::linear::Blocks;

impl Rule for CholeskyBack {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_float(x)?;
        require_square(x[0])?;
        if x[0].shape != x[1].shape {
            return Err(Mismatch::new("the cotangent has the shape of the factor"));
        }
        Ok(Meta::new(x[0].shape.clone(), dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(CholeskyBack)
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, wanted: Wanted<'_>) -> Cotangents<'t> {
        let (l, w) = (at.x[0].tril(0), symmetric(g));
        let left = solved(l, w, false);
        let inner = half(solved(l, left.t(), false));
        wanted.each(|i| match i {
            0 => {
                let moved = solved(l, w.matmul(at.y), false).t();
                Some((at.x[1].tril(0).matmul(inner.t()) - moved * 2.0).tril(0))
            }
            _ => Some(l.matmul(inner)),
        })
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let l = at.x[0];
        let by_factor = t[0].map(|t| {
            let t = t.tril(0);
            let left = solved(l, half(t.t().matmul(at.x[1].tril(0))), true);
            symmetric(solved(l, left.t(), true) - solved(l, t.t().matmul(at.y), true) * 2.0)
        });
        total([t[1].map(|t| record(CholeskyBack, &[l, t])), by_factor])
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let n = y.shape[y.shape.len() - 1];
        let (l, mut all) = (doubles(&x[0]), doubles(&x[1]));
        for (number, g) in all.chunks_mut((n * n).max(1)).enumerate() {
            back(&l[number * n * n..][..n * n], g, n);
        }
        write(y, &all);
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        let n = y.shape[y.shape.len() - 1];
        let [l, g] = [as_doubles(&x[0]), as_doubles(&x[1])];
        let mut blocks = Blocks::new(room.scratch, room.workers);
        in_doubles(y, |all| {
            all.iter_mut().zip(&*g).for_each(|(y, g)| *y = 0.5 * g);
            let factors = l.chunks_exact((n * n).max(1));
            all.chunks_exact_mut((n * n).max(1))
                .zip(factors)
                .for_each(|(s, l)| blocks.cholesky_back(l, s, n));
            Ok(())
        })
    }

    fn needs(&self, x: &[&Meta], _y: &Meta) -> Needs {
        let n = x[0].shape[x[0].shape.len() - 1];
        factor_needs([n, n, n])
    }
}

/// Replaces the cotangent of a factor by that of its matrix, a column after the other, from the last to the first: what the
/// columns behind it took from row and column is subtracted.
fn back(l: &[f64], g: &mut [f64], n: usize) {
    g.iter_mut().for_each(|g| *g *= 0.5);
    for j in (0..n).rev() {
        let pivot = l[j * n + j];
        for i in j + 1..n {
            let taken = (j + 1..n).map(|m| l[m * n + j] * g[m.max(i) * n + m.min(i)]);
            g[j * n + i] = taken.fold(g[i * n + j], |x, taken| x - taken) / pivot;
        }
        for i in j + 1..n {
            g[i * n + j] = g[j * n + i];
            g[j * n + j] -= g[i * n + j] * l[i * n + j];
        }
        g[j * n + j] /= pivot;
    }
}

#[cfg(test)]
impl Tested for CholeskyBack {
    fn rows() -> Vec<Row> {
        /// A triangle whose diagonal stays away from 0, and what is above it.
        fn back<'t>(x: &[Var<'t>]) -> Var<'t> {
            let n = x[0].shape()[x[0].rank() - 1];
            record(CholeskyBack, &[x[0].sin() + x[0].identity(n) * 3.0, x[1]])
        }
        let shapes: [&[usize]; 7] = [&[3, 3], &[1, 1], &[3, 1, 1], &[0, 0], &[2, 3, 3], &[0, 2, 2], &[5, 5]];
        let mut all: Vec<Row> = shapes.iter().map(|s| row("cholesky_back", &[s, s], back)).collect();
        all.push(row("cholesky_back of transposes", &[&[3, 3], &[3, 3]], |x| {
            back(&[x[0].t(), x[1].t()]).sin()
        }));
        all.push(row("cholesky_back", &[&[40, 50, 50], &[40, 50, 50]], back).large());
        all.push(row("cholesky_back", &[&[110, 110], &[110, 110]], back).large());
        super::factors::rounded(all)
    }
}
