//! Product of two matrices, C = A·B for A of [m, k] and B of [k, n].
//!
//! Bilinear: Ċ = Ȧ·B + A·Ḃ;  Ā = C̄·Bᵀ,  B̄ = Aᵀ·C̄.
//! Source: M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation",
//! 2008, section 2.2.2.

use crate::dense::Dense;
use crate::dtype::Storable;
use crate::dtype::{Data, with_float};
use crate::ir::{Meta, Op};
use crate::op::{At, Mismatch, Rule, total};
use crate::record::{record, require_float};
use crate::shape::Shape;
use crate::var::Var;

pub(crate) struct Matmul;

impl Rule for Matmul {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_float(x)?;
        let (&[m, k], &[l, n]) = (&x[0].shape[..], &x[1].shape[..]) else {
            return Err(Mismatch::new("both operands are matrices, of two axes")
                .hint("give a vector an axis with `.reshape(…)`"));
        };
        if k != l {
            let mismatch = Mismatch::new(format!("columns on the left equal rows on the right, {k} ≠ {l}"));
            return Err(match (k == n, m == l) {
                (true, _) => mismatch.hint("did you mean `a.matmul(b.t())`?"),
                (_, true) => mismatch.hint("did you mean `a.t().matmul(b)`?"),
                _ => mismatch,
            });
        }
        Ok(Meta::new(Shape::from([m, n]), dtype))
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, i: usize, g: Var<'t>) -> Option<Var<'t>> {
        let [a, b] = [at.x[0], at.x[1]];
        Some(if i == 0 { g.matmul(b.t()) } else { a.t().matmul(g) })
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let [a, b] = [at.x[0], at.x[1]];
        total([t[0].map(|ta| record(Op::Matmul, &[ta, b])), t[1].map(|tb| record(Op::Matmul, &[a, tb]))])
    }

    fn reference(&self, x: &[Dense], y: &Meta) -> Data {
        let (k, n) = (x[0].meta.shape[1], y.shape[1]);
        with_float!(y.dtype, T => {
            let (a, b) = (T::slice(x[0].data.borrow()), T::slice(x[1].data.borrow()));
            let entry = |i: usize, j: usize| (0..k).fold(0.0, |sum: T, p| sum + a[i * k + p] * b[p * n + j]);
            T::wrap((0..y.shape[0]).flat_map(|i| (0..n).map(move |j| entry(i, j))).collect())
        })
    }
}
