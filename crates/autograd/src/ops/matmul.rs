//! Product of matrices, C = A·B for A of [m, k] and B of [k, n]; leading axes, the same for both, number such pairs.
//!
//! Bilinear: Ċ = Ȧ·B + A·Ḃ;  Ā = C̄·Bᵀ,  B̄ = Aᵀ·C̄.
//! Source: M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation",
//! 2008, section 2.2.2.

use crate::dense::Dense;
use crate::dtype::Storable;
use crate::dtype::{Data, with_float};
use crate::ir::{Meta, Op};
use crate::op::{At, Clash, Mismatch, Rule, total};
use crate::record::{record, require_float};
use crate::var::Var;

pub(crate) struct Matmul;

impl Rule for Matmul {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_float(x)?;
        let (Some((lead, &[m, k])), Some((other, &[l, n]))) =
            (x[0].shape.split_last_chunk(), x[1].shape.split_last_chunk())
        else {
            let hint = match (x[0].shape.len(), x[1].shape.len()) {
                (1, 1) => "the inner product of two vectors is `(a * b).sum()`",
                (1, _) => "`a.unsqueeze(0)` makes a row of the vector",
                (_, 1) => "`b.unsqueeze(1)` makes a column of the vector",
                _ => "a number is multiplied by `*`",
            };
            return Err(Mismatch::new("both operands are matrices, of two axes or more").hint(hint));
        };
        if k != l {
            let sides = [Clash::Axis(0, x[0].shape.len() - 1), Clash::Axis(1, x[1].shape.len() - 2)];
            let mismatch = Mismatch::new("a has as many columns as b has rows").clash(sides);
            return Err(match (k == n, m == l, n == m) {
                (true, ..) => mismatch.hint("did you mean `a.matmul(b.t())`?"),
                (_, true, _) => mismatch.hint("did you mean `a.t().matmul(b)`?"),
                (_, _, true) if m > 1 => mismatch.hint("did you mean `b.matmul(a)`?"),
                _ => mismatch,
            });
        }
        if lead != other {
            return Err(Mismatch::new("leading axes, aligned at the last, are equal or one of them is 1")
                .hint("`.reshape(…)` puts an axis of length 1 where the matrices shall repeat"));
        }
        Ok(Meta::new(x[0].shape.with_length(lead.len() + 1, n), dtype))
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
        let &[.., m, k] = &x[0].meta.shape[..] else { unreachable!("the shape rule demands matrices") };
        let n = y.shape[y.shape.len() - 1];
        with_float!(y.dtype, T => {
            let (a, b) = (T::slice(x[0].data.borrow()), T::slice(x[1].data.borrow()));
            let element = |place: usize| {
                let (entry, i, j) = (place / (m * n), place / n % m, place % n);
                let (a, b) = (&a[entry * m * k..], &b[entry * k * n..]);
                (0..k).fold(0.0, |sum: T, p| sum + a[i * k + p] * b[p * n + j])
            };
            T::wrap((0..y.shape.elements()).map(element).collect())
        })
    }
}
