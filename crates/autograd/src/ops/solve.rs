//! Solve: the solution X of A·X = B, by elimination with the largest pivot of each column (P·A = L·U).
//!
//! Ẋ = A⁻¹·(Ḃ − Ȧ·X);  B̄ = A⁻ᵀ·X̄,  Ā = −B̄·Xᵀ. Both solve again, so the rules hold at any order.
//! Source: M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation",
//! 2008, section 2.2.4.

use super::factors::{
    Lu, as_doubles, doubles, entry_of, factor_needs, in_doubles, of_right_sides, require_right_side, write,
};
use super::prelude::*;
use crate::ir::Solve;
use crate::kernels::linear::Blocks;

impl<'t> Var<'t> {
    /// The solution X of A·X = B for A of \[…, n, n\], which is `self`, and B of \[…, n, k\], or a vector of \[n\]. It is found
    /// by elimination with partial pivoting, in double precision. Leading axes are broadcast.
    ///
    /// # Panics
    /// If the matrices are not square or shapes do not fit. If a matrix is singular: a pivot is exactly 0
    /// ([`Fault`](crate::Fault)).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let (a, b) = (tape.var([[0.0, 2.0], [4.0, 0.0]]), tape.var([2.0, 8.0]));
    /// let x = a.solve(b);
    /// assert_eq!(x.to_vec::<f64>(), [2.0, 1.0]);
    /// let [da, db] = x.index(0, 0).grad([a, b]);
    /// assert_eq!((da.to_vec::<f64>(), db.to_vec::<f64>()), (vec![0.0, 0.0, -0.5, -0.25], vec![0.0, 0.25]));
    /// ```
    ///
    /// ```should_panic
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// tape.var([[1.0, 2.0], [2.0, 4.0]]).solve(tape.var([1.0, 1.0])); // singular: pivot 1 is 0
    /// ```
    #[track_caller]
    pub fn solve(self, rhs: impl Operand<'t>) -> Var<'t> {
        let [a, b] = self.sides(rhs);
        let x = record(Solve, &[a, b]);
        self.solution(rhs, x)
    }

    /// The sides of an equation, a matrix and a matrix or a vector, which becomes a column. Leading axes that fit are
    /// broadcast; the shape rule of the op says what is wrong with others.
    #[track_caller]
    pub(super) fn sides(self, rhs: impl Operand<'t>) -> [Var<'t>; 2] {
        let rhs = rhs.like(self);
        let b = if rhs.rank() == 1 { rhs.unsqueeze(1) } else { rhs };
        let (left, right) = (self.shape(), b.shape());
        let shapes = left.split_last_chunk::<2>().zip(right.split_last_chunk::<2>());
        let common = shapes.and_then(|((x, _), (y, _))| Shape::from(x).broadcast(&Shape::from(y)).ok());
        let Some(lead) = common else { return [self, b] };
        let repeated = |x: Var<'t>, shape: &Shape| {
            let wanted = Shape::from([&lead[..], &shape[shape.len() - 2..]].concat());
            if *shape == wanted { x } else { x.broadcast_to(wanted) }
        };
        [repeated(self, &left), repeated(b, &right)]
    }

    /// The solution of such an equation: where the right side is a vector, without the axis of its column.
    #[track_caller]
    pub(super) fn solution(self, rhs: impl Operand<'t>, x: Var<'t>) -> Var<'t> {
        if rhs.like(self).rank() == 1 { x.index(-1, 0) } else { x }
    }
}

impl Rule for Solve {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        require_right_side(x)
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        of_right_sides(Solve, batch)
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, wanted: Wanted<'_>) -> Cotangents<'t> {
        let gb = record(Solve, &[at.x[0].t(), g]);
        wanted.each(|i| Some(if i == 0 { -gb.matmul(at.y.t()) } else { gb }))
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let b = total([t[1], t[0].map(|ta| -ta.matmul(at.y))])?;
        Some(record(Solve, &[at.x[0], b]))
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let (a, mut b, shape) = (doubles(&x[0]), doubles(&x[1]), y.shape);
        each(&a, &x[0].meta.shape, shape, &mut b, &mut |a, n, b, k| {
            let lu = Lu::of(a, n);
            lu.zero().map_or_else(|| Ok(lu.solve(b, k)), Err)
        })?;
        write(y, &b);
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        let mut blocks = Blocks::new(room.scratch, room.workers);
        let (shape, [a, b]) = (y.shape, [as_doubles(&x[0]), as_doubles(&x[1])]);
        in_doubles(y, |solutions| {
            solutions.copy_from_slice(&b);
            each(&a, x[0].shape, shape, solutions, &mut |a, n, b, k| {
                let lu = Lu::in_blocks(a, n, n, &mut blocks);
                lu.zero().map_or_else(|| Ok(lu.solve_in_blocks(b, k, &mut blocks)), Err)
            })
        })
    }

    fn needs(&self, x: &[&Meta], y: &Meta) -> Needs {
        factor_needs([x[0], x[0], y].map(|meta| meta.shape[meta.shape.len() - 1]))
    }
}

/// The solution for a matrix of so many rows and right sides of so many columns, or the pivot that is 0.
type Solution<'a> = dyn FnMut(&[f64], usize, &[f64], usize) -> Result<Vec<f64>, usize> + 'a;

/// Replaces the right sides of each matrix by its solution.
fn each(
    a: &[f64],
    matrices: &[usize],
    sides: &[usize],
    b: &mut [f64],
    solve: &mut Solution<'_>,
) -> Result<(), Fault> {
    let &[.., n, k] = sides else { unreachable!("the shape rule demands matrices") };
    for (number, b) in b.chunks_mut((n * k).max(1)).enumerate() {
        let solution = solve(&a[number * n * n..][..n * n], n, b, k);
        let solution =
            solution.map_err(|pivot| Fault::Singular { entry: entry_of(number, matrices), pivot })?;
        b.copy_from_slice(&solution);
    }
    Ok(())
}

#[cfg(test)]
impl Tested for Solve {
    fn rows() -> Vec<Row> {
        /// Matrices that stay away from singular ones, and whose rows have to be exchanged.
        fn solved<'t>(x: &[Var<'t>]) -> Var<'t> {
            let n = x[0].shape()[x[0].rank() - 1];
            (x[0].sin() + x[0].identity(n) * (1.5 * n as f64 + 1.0)).flip(-1).solve(x[1])
        }
        let shapes: [[&[usize]; 2]; 9] = [
            [&[3, 3], &[3, 2]],
            [&[1, 1], &[1, 1]],
            [&[3, 1, 1], &[3, 1, 1]],
            [&[0, 0], &[0, 2]],
            [&[3, 3], &[3, 0]],
            [&[0, 3, 3], &[3, 2]],
            [&[2, 3, 3], &[3, 1]],
            [&[3, 3], &[2, 1, 3, 1]],
            [&[4, 4], &[4]],
        ];
        let mut all: Vec<Row> = shapes.iter().map(|s| row("solve", s, solved)).collect();
        all.push(row("solve of transposes", &[&[3, 3], &[2, 3]], |x| solved(&[x[0].t(), x[1].t()]).sin()));
        all.extend(rows("inverse", &[&[3, 3], &[2, 3, 3]], |x| (x.sin() + x.identity(3) * 4.0).inverse()));
        all.push(row("solve", &[&[40, 30, 30], &[40, 30, 40]], solved).large());
        all.push(row("solve", &[&[110, 110], &[110, 40]], solved).large());
        super::factors::rounded(all)
    }
}
