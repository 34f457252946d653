//! Product of matrices, C = A·B for A of [m, k] and B of [k, n]. Equal leading axes of both number the pairs of a batch.
//!
//! Bilinear: Ċ = Ȧ·B + A·Ḃ;  Ā = C̄·Bᵀ,  B̄ = Aᵀ·C̄.
//! Source: M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation",
//! 2008, section 2.2.2.

use super::prelude::*;
use crate::ir::Matmul;

impl<'t> Var<'t> {
    /// The product of matrices of \[m, k\] and \[k, n\]: Cᵢⱼ = Σₚ aᵢₚ·bₚⱼ. A transposed operand is not copied.
    ///
    /// Leading axes number the matrices of a batch, as in NumPy: \[…, m, k\] and \[…, k, n\] give \[…, m, n\]. They are
    /// broadcast against each other. A vector of \[k\] on the left is a row and one on the right a column, whose axis of
    /// length 1 disappears: \[…, m, k\] and \[k\] give \[…, m\], two vectors their inner product.
    ///
    /// # Panics
    /// If an operand is a number, the lengths k differ, leading axes clash, or dtypes differ.
    ///
    /// ```
    /// # use autograd::{Shape, Tape};
    /// let tape = Tape::new();
    /// let (a, b) = (tape.var([[1.0, 2.0]]), tape.var([[3.0], [4.0]]));
    /// let c = a.matmul(b);
    /// assert_eq!(c.item(), 11.0);
    /// let [da, db] = c.grad([a, b]);
    /// assert_eq!((da.to_vec::<f64>(), db.to_vec::<f64>()), (vec![3.0, 4.0], vec![1.0, 2.0]));
    ///
    /// let batch = tape.constant(&[1.0; 30]).reshape([5, 3, 2]);
    /// assert_eq!(batch.matmul(b).shape(), Shape::from([5, 3, 1]));
    /// assert_eq!(batch.matmul(tape.constant([3.0, 4.0])).shape(), Shape::from([5, 3]));
    /// ```
    #[track_caller]
    pub fn matmul(self, rhs: impl Operand<'t>) -> Var<'t> {
        let rhs = rhs.like(self);
        if self.rank() == 2 && rhs.rank() == 2 {
            return record(Matmul, &[self, rhs]);
        }
        let (a, b) = (self.shape(), rhs.shape());
        match (&a[..], &b[..]) {
            ([k], [l]) if k == l => return (self * rhs).sum(),
            ([k], [.., l, _]) if k == l => return self.unsqueeze(0).matmul(rhs).index(-2, 0),
            ([.., _, k], [l]) if k == l => return self.matmul(rhs.unsqueeze(1)).index(-1, 0),
            _ => {}
        }
        let (Some((lead, &[m, k])), Some((other, &[l, n]))) = (a.split_last_chunk(), b.split_last_chunk())
        else {
            return record(Matmul, &[self, rhs]);
        };
        if k != l || lead == other {
            return record(Matmul, &[self, rhs]);
        }
        if other.is_empty() {
            // With one matrix on the right, all matrices on the left are stacked into one.
            let rows = lead.iter().product::<usize>() * m;
            let product = record(Matmul, &[self.reshape([rows, k]), rhs]);
            return product.reshape(&[lead, &[m, n]].concat()[..]);
        }
        match Shape::from(lead).broadcast(&Shape::from(other)) {
            Ok(lead) => {
                let a = self.broadcast_to(&[&lead[..], &[m, k]].concat()[..]);
                let b = rhs.broadcast_to(&[&lead[..], &[k, n]].concat()[..]);
                record(Matmul, &[a, b])
            }
            Err(_) => record(Matmul, &[self, rhs]),
        }
    }
}

impl Rule for Matmul {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_float(x)?;
        let (Some((lead, &[m, k])), Some((other, &[l, n]))) =
            (x[0].shape.split_last_chunk(), x[1].shape.split_last_chunk())
        else {
            let (a, b) = (&x[0].shape[..], &x[1].shape[..]);
            let (Some(_), Some(_)) = (a.last(), b.last()) else {
                return Err(
                    Mismatch::new("an operand has at least one axis").hint("a number is multiplied by `*`")
                );
            };
            // At least one is a vector.
            let sides =
                [Clash::Axis(0, a.len() - 1), Clash::Axis(1, if b.len() == 1 { 0 } else { b.len() - 2 })];
            let mismatch =
                Mismatch::new("a has as many columns as b has rows, and a vector as many elements");
            let mismatch = mismatch.clash(sides);
            return Err(match (a, b) {
                (&[_, .., m, _], &[l]) | (&[m, _], &[l]) if m == l => {
                    mismatch.hint("did you mean `a.t().matmul(b)`?")
                }
                (&[k], &[.., n]) if k == n && b.len() > 1 => mismatch.hint("did you mean `b.matmul(a)`?"),
                _ => mismatch,
            });
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

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        match *batch.x {
            // One product of the rows of all examples.
            [Each::Own(a), Each::Same(b)] if b.rank() == 2 => {
                batch.parted(record(Matmul, &[batch.merged(a, 0), b]), 0)
            }
            // A vector for each example is a row of a matrix.
            [Each::Same(a), Each::Own(b)] if a.rank() == 2 && b.shape()[2] == 1 => {
                let rows = b.reshape(&b.shape()[..2]);
                record(Matmul, &[rows, a.t()]).unsqueeze(-1)
            }
            _ => batch.record(Matmul),
        }
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, wanted: Wanted<'_>) -> Cotangents<'t> {
        let [a, b] = [at.x[0], at.x[1]];
        wanted.each(|i| Some(if i == 0 { g.matmul(b.t()) } else { a.t().matmul(g) }))
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let [a, b] = [at.x[0], at.x[1]];
        total([t[0].map(|ta| record(Matmul, &[ta, b])), t[1].map(|tb| record(Matmul, &[a, tb]))])
    }

    fn formula(&self, at: &Sketch<'_>) -> Option<Expr> {
        Some(symbol::matrix(at.x[0].clone(), at.x[1].clone(), at.shape))
    }

    fn formula_vjp(&self, at: &Sketch<'_>, operand: usize, g: &Expr) -> Option<Expr> {
        let [a, b] = [0, 1].map(|i| at.x[i].clone());
        Some(match operand {
            0 => symbol::matrix(g.clone(), symbol::transposed(b), at.shapes[0]),
            _ => symbol::matrix(symbol::transposed(a), g.clone(), at.shapes[1]),
        })
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let &[.., m, k] = &x[0].meta.shape[..] else { unreachable!("the shape rule demands matrices") };
        let n = y.shape[y.shape.len() - 1];
        with_float!(y.dtype(), T => {
            let (a, b) = (x[0].slice::<T>(), x[1].slice::<T>());
            let element = |offset: usize| {
                let (entry, i, j) = (offset / (m * n), offset / n % m, offset % n);
                let (a, b) = (&a[entry * m * k..], &b[entry * k * n..]);
                (0..k).fold(0.0, |sum: T, p| sum + a[i * k + p] * b[p * n + j])
            };
            let elements = (0..y.shape.elements()).map(element);
            y.write(elements);
        });
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        with_float!(y.dtype(), T => {
            kernels::matmul::matmul::<T>(x[0].view(), x[1].view(), y.slice(), room.scratch, room.workers);
        });
        Ok(())
    }

    fn needs(&self, x: &[&Meta], y: &Meta) -> Needs {
        let (m, k, n) =
            (y.shape[y.shape.len() - 2], x[0].shape[y.shape.len() - 1], y.shape[y.shape.len() - 1]);
        Needs {
            shared: y.shape.elements().saturating_mul(k) >= Target::CPU.threads.products_from,
            scratch: with_float!(y.dtype, T => kernels::matmul::scratch_bytes::<T>(m, k, n)),
        }
    }
}

#[cfg(test)]
impl Tested for Matmul {
    fn rows() -> Vec<Row> {
        let pairs: [[&[usize]; 2]; 16] = [
            [&[2, 3], &[3, 4]],
            [&[1, 1], &[1, 1]],
            [&[2, 0], &[0, 3]],
            [&[0, 2], &[2, 3]],
            [&[9, 8], &[8, 7]],
            [&[5, 1], &[1, 6]],
            [&[2, 3, 4], &[2, 4, 2]],
            [&[2, 1, 3, 2], &[2, 1, 2, 3]],
            [&[0, 2, 3], &[0, 3, 2]],
            [&[2, 2, 0], &[2, 0, 2]],
            [&[3, 2, 4], &[4, 2]],
            [&[2, 0, 3], &[3, 2]],
            [&[2, 4], &[3, 4, 2]],
            [&[1, 2, 3], &[2, 3, 2]],
            [&[2, 1, 2, 3], &[3, 3, 2]],
            [&[0, 1, 2, 3], &[2, 3, 2]],
        ];
        let mut all: Vec<Row> = pairs.iter().map(|s| row("matmul", s, |x| x[0].matmul(x[1]))).collect();
        all.push(row("matmul of transposes", &[&[8, 9], &[7, 8]], |x| x[0].t().matmul(x[1].t())));
        all.push(row("matmul of a broadcast", &[&[1, 8], &[8, 7]], |x| {
            x[0].broadcast_to([9, 8]).matmul(x[1])
        }));
        let vectors: [[&[usize]; 2]; 5] =
            [[&[3], &[3]], [&[2, 3], &[3]], [&[3], &[3, 2]], [&[2, 3, 4], &[4]], [&[2], &[3, 2, 0]]];
        all.extend(vectors.iter().map(|s| row("matmul of vectors", s, |x| x[0].matmul(x[1]))));
        all.push(row("matmul with itself", &[&[7, 7]], |x| x[0].matmul(x[0])));
        all.push(row("matmul of transposes of a batch", &[&[2, 4, 3], &[2, 2, 4]], |x| {
            x[0].t().matmul(x[1].t()).matmul(x[1].permute(&[0, 1, 2]))
        }));
        all.push(row("matmul", &[&[150, 160], &[160, 170]], |x| x[0].matmul(x[1])).large());
        all.push(
            row("matmul of transposes", &[&[160, 150], &[170, 160]], |x| x[0].t().matmul(x[1].t())).large(),
        );
        all.push(row("matmul of a batch", &[&[3, 100, 90], &[90, 110]], |x| x[0].matmul(x[1])).large());
        all.into_iter().map(Row::rounds).collect()
    }
}
