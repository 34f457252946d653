//! SolveTriangular: the solution X of op(T)·X = B for a triangle T, where op(T) is T or Tᵀ.
//!
//! Ẋ = op(T)⁻¹·(Ḃ − op(Ṫ)·X);  B̄ = op(T)⁻ᵀ·X̄,  and T̄ is the triangle of −B̄·Xᵀ, or of −X·B̄ᵀ for the transpose. Solving
//! with the other transposition is this op again, so the rules hold at any order.
//! Source: M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation",
//! 2008, section 2.2.4, restricted to the elements that are read.

use super::factors::{
    as_doubles, doubles, entry_of, factor_needs, in_doubles, of_right_sides, require_right_side,
    solve_triangle, transposed, write,
};
use super::prelude::*;
use crate::ir::SolveTriangular;
use crate::kernels::linear::{self, Blocks};

/// Which triangle of a matrix is read, and how, in [`Var::solve_triangular`].
///
/// ```
/// use autograd::Triangle;
/// let triangle = Triangle::LOWER.transposed().unit();
/// assert!(!triangle.is_upper() && triangle.is_transposed() && triangle.is_unit());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Triangle {
    upper: bool,
    transposed: bool,
    unit: bool,
}

impl Triangle {
    /// The elements on and below the diagonal.
    pub const LOWER: Triangle = Triangle { upper: false, transposed: false, unit: false };
    /// The elements on and above the diagonal.
    pub const UPPER: Triangle = Triangle { upper: true, transposed: false, unit: false };

    /// The same elements, of which the matrix is the transpose.
    pub fn transposed(self) -> Triangle {
        Triangle { transposed: !self.transposed, ..self }
    }

    /// The diagonal counts as 1 and is not read.
    pub fn unit(self) -> Triangle {
        Triangle { unit: true, ..self }
    }

    /// Whether the elements are those on and above the diagonal.
    pub fn is_upper(self) -> bool {
        self.upper
    }

    /// Whether the matrix is the transpose of the triangle.
    pub fn is_transposed(self) -> bool {
        self.transposed
    }

    /// Whether the diagonal counts as 1.
    pub fn is_unit(self) -> bool {
        self.unit
    }
}

impl<'t> Var<'t> {
    /// The solution X of T·X = B for a triangle T of \[…, n, n\], which is `self`, and B of \[…, n, k\], or a vector of \[n\].
    /// Only the named triangle of `self` is read; the gradient of the rest is 0. Leading axes are broadcast.
    ///
    /// # Panics
    /// If the matrices are not square or shapes do not fit. If an element of the diagonal is 0 ([`Fault`](crate::Fault)).
    ///
    /// ```
    /// # use autograd::{Tape, Triangle};
    /// let tape = Tape::new();
    /// let (t, b) = (tape.var([[2.0, 0.0], [1.0, 4.0]]), tape.var([2.0, 9.0]));
    /// let x = t.solve_triangular(b, Triangle::LOWER);
    /// assert_eq!(x.to_vec::<f64>(), [1.0, 2.0]);
    /// assert_eq!(t.solve_triangular(b, Triangle::LOWER.transposed()).to_vec::<f64>(), [-0.125, 2.25]);
    /// let [dt, db] = x.index(0, 0).grad([t, b]);
    /// assert_eq!((dt.to_vec::<f64>(), db.to_vec::<f64>()), (vec![-0.5, 0.0, 0.0, 0.0], vec![0.5, 0.0]));
    /// ```
    #[track_caller]
    pub fn solve_triangular(self, rhs: impl Operand<'t>, triangle: Triangle) -> Var<'t> {
        let Triangle { upper, transposed, unit } = triangle;
        let [a, b] = self.sides(rhs);
        let x = record(SolveTriangular { upper, transposed, unit }, &[a, b]);
        self.solution(rhs, x)
    }
}

impl SolveTriangular {
    /// The same triangle with the other transposition.
    fn adjoint(&self) -> SolveTriangular {
        SolveTriangular { transposed: !self.transposed, ..self.clone() }
    }

    /// The elements that are read.
    fn part<'t>(&self, a: Var<'t>) -> Var<'t> {
        let inner = isize::from(self.unit);
        if self.upper { a.triu(inner) } else { a.tril(-inner) }
    }
}

impl Rule for SolveTriangular {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        require_right_side(x)
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        of_right_sides(self.clone(), batch)
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, wanted: Wanted<'_>) -> Cotangents<'t> {
        let gb = record(self.adjoint(), &[at.x[0], g]);
        wanted.each(|i| match (i, self.transposed) {
            (1, _) => Some(gb),
            (_, false) => Some(self.part(-gb.matmul(at.y.t()))),
            (_, true) => Some(self.part(-at.y.matmul(gb.t()))),
        })
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let moved = t[0].map(|ta| {
            let part = self.part(ta);
            -(if self.transposed { part.t() } else { part }).matmul(at.y)
        });
        total([t[1], moved]).map(|b| record(self.clone(), &[at.x[0], b]))
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let (a, mut b) = (doubles(&x[0]), doubles(&x[1]));
        self.each(&a, &x[0].meta.shape, y.shape, &mut b, &mut |a, n, x, k| {
            let turned = self.transposed.then(|| transposed(a, n, n));
            let upper = self.upper != self.transposed;
            solve_triangle(turned.as_deref().unwrap_or(a), n, upper, self.unit, x, k);
        })?;
        write(y, &b);
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        let (shape, [a, b]) = (y.shape, [as_doubles(&x[0]), as_doubles(&x[1])]);
        let mut blocks = Blocks::new(room.scratch, room.workers);
        in_doubles(y, |solution| {
            solution.copy_from_slice(&b);
            self.each(&a, x[0].shape, shape, solution, &mut |data, n, x, k| {
                let steps = if self.transposed { [1, n] } else { [n, 1] };
                let upper = self.upper != self.transposed;
                blocks.solve(linear::Triangle { data, n, steps, upper, unit: self.unit }, x, k);
            })
        })
    }

    fn needs(&self, x: &[&Meta], y: &Meta) -> Needs {
        factor_needs([x[0], x[0], y].map(|meta| meta.shape[meta.shape.len() - 1]))
    }
}

/// Takes a matrix, its rows, and right sides to be replaced by the solution, with their columns.
type Solution<'a> = dyn FnMut(&[f64], usize, &mut [f64], usize) + 'a;

impl SolveTriangular {
    /// Replaces the right sides of each matrix, in one row, by its solution.
    fn each(
        &self,
        a: &[f64],
        matrices: &[usize],
        sides: &[usize],
        b: &mut [f64],
        solve: &mut Solution<'_>,
    ) -> Result<(), Fault> {
        let &[.., n, k] = sides else { unreachable!("the shape rule demands matrices") };
        for (number, b) in b.chunks_mut((n * k).max(1)).enumerate() {
            let a = &a[number * n * n..][..n * n];
            if let Some(pivot) = (0..n).find(|i| !self.unit && a[i * n + i] == 0.0) {
                return Err(Fault::Singular { entry: entry_of(number, matrices), pivot });
            }
            solve(a, n, b, k);
        }
        Ok(())
    }
}

#[cfg(test)]
impl Tested for SolveTriangular {
    fn rows() -> Vec<Row> {
        /// A diagonal that stays away from 0.
        fn solved<'t>(x: &[Var<'t>], triangle: Triangle) -> Var<'t> {
            let n = x[0].shape()[x[0].rank() - 1];
            (x[0].sin() + x[0].identity(n) * 3.0).solve_triangular(x[1], triangle)
        }
        let shapes: [[&[usize]; 2]; 7] = [
            [&[3, 3], &[3, 2]],
            [&[1, 1], &[1, 1]],
            [&[3, 1, 1], &[3, 1, 1]],
            [&[0, 0], &[0, 2]],
            [&[3, 3], &[3, 0]],
            [&[2, 3, 3], &[3, 1]],
            [&[4, 4], &[4]],
        ];
        let triangles = [
            Triangle::LOWER,
            Triangle::UPPER.unit(),
            Triangle::LOWER.transposed().unit(),
            Triangle::UPPER.transposed(),
        ];
        let mut all = vec![];
        for triangle in triangles {
            let one = |s: &[&[usize]; 2]| row("solve_triangular", s, move |x| solved(x, triangle));
            all.extend(shapes.iter().map(one));
        }
        all.push(row("solve_triangular of transposes", &[&[3, 3], &[2, 3]], |x| {
            solved(&[x[0].t(), x[1].t()], Triangle::LOWER).sin()
        }));
        for triangle in triangles {
            let shapes: [&[usize]; 2] = [&[110, 110], &[110, 40]];
            all.push(row("solve_triangular", &shapes, move |x| solved(x, triangle)).large());
        }
        all.push(
            row("solve_triangular", &[&[40, 30, 30], &[40, 30, 40]], |x| solved(x, Triangle::LOWER)).large(),
        );
        super::factors::rounded(all)
    }
}
