//! Det: the determinant of each matrix, by elimination with the largest pivot of each column.
//!
//! |A|˙ = Σ Cᵢⱼ·Ȧᵢⱼ for the cofactors C = adj(A)ᵀ, and Ā = ȳ·C. Up to 6 rows the cofactors are determinants themselves, of the
//! minors: so derivatives of every order are right where the matrix is singular, too. Of larger matrices
//! C = |A|·A⁻ᵀ (Giles 2008, section 2.2.5), which takes a regular matrix.
//! Source: J. R. Magnus, H. Neudecker, *Matrix Differential Calculus*, 1988, section 8.3 (Jacobi's formula).

use super::factors::{Lu, as_doubles, doubles, each_lu, factor_needs, require_square, write};
use super::prelude::*;
use crate::ir::Det;
use crate::kernels::linear::Blocks;
use crate::lists::IntoList;

/// The most rows for which the cofactors are determinants of minors: n² of them, each in n³ steps.
const MINORS: usize = 6;

impl<'t> Var<'t> {
    /// The determinant |A| of each matrix of \[…, n, n\]; 1 for n = 0.
    ///
    /// Up to 6 rows the derivatives of every order are right for singular matrices as well. Of larger ones only the value
    /// is: their derivative solves with the matrix. [`slogdet`](Var::slogdet) neither overflows nor vanishes.
    ///
    /// # Panics
    /// If the matrices are not square; the derivative, if a matrix of more than 6 rows is singular
    /// ([`Fault`](crate::Fault)).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let a = tape.var([[1.0, 2.0], [2.0, 4.0]]);
    /// assert_eq!(a.det().item(), 0.0);
    /// assert_eq!(a.det().grad([a])[0].to_vec::<f64>(), [4.0, -2.0, -2.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn det(self) -> Var<'t> {
        record(Det, &[self])
    }

    /// Cᵢⱼ = (−1)^(i+j)·|A without row i and column j|.
    #[track_caller]
    fn cofactors(self, det: Var<'t>) -> Var<'t> {
        let shape = self.shape();
        let Some((lead, &[n, _])) = shape.split_last_chunk() else { unreachable!("a square matrix") };
        if n > MINORS {
            return self.inverse().t() * det.unsqueeze(-1).unsqueeze(-1);
        }
        let others = |i: usize| (0..n).filter(move |&k| k != i);
        let minor =
            |k: usize| others(k / n).flat_map(move |i| others(k % n).map(move |j| (i * n + j) as i64));
        let places: Vec<i64> = (0..n * n).flat_map(minor).listed();
        let signs: Vec<f64> = (0..n * n).map(|k| if (k / n + k % n) % 2 == 0 { 1.0 } else { -1.0 }).listed();
        let count = places.len();
        let index = self.tape().constant(places).broadcast_to([lead, &[count]].concat());
        let elements = self.reshape([lead, &[n * n]].concat()).gather(-1, index);
        let less = n.saturating_sub(1);
        let minors = record(Det, &[elements.reshape([lead, &[n * n, less, less]].concat())]);
        (minors * self.tape().constant(signs).cast(self.dtype())).reshape(shape)
    }
}

impl Rule for Det {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_float(x)?;
        require_square(x[0])?;
        Ok(Meta::new(Shape::from(&x[0].shape[..x[0].shape.len() - 2]), dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(Det)
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        only(at.x().cofactors(at.y) * g.unsqueeze(-1).unsqueeze(-1))
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        t[0].map(|t| (at.x().cofactors(at.y) * t).sum_over([-2, -1]))
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let values = each_lu(&doubles(&x[0]), &x[0].meta.shape, Lu::of);
        write(y, &values.iter().map(Lu::determinant).listed());
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        let mut blocks = Blocks::new(room.scratch, room.workers);
        let values = each_lu(&as_doubles(&x[0]), x[0].shape, |a, n| Lu::in_blocks(a, n, n, &mut blocks));
        write(y, &values.iter().map(Lu::determinant).listed());
        Ok(())
    }

    fn needs(&self, x: &[&Meta], _y: &Meta) -> Needs {
        let n = x[0].shape[x[0].shape.len() - 1];
        factor_needs([n, n, 0])
    }
}

#[cfg(test)]
impl Tested for Det {
    fn rows() -> Vec<Row> {
        let shapes: &[&[usize]] =
            &[&[2, 2], &[1, 1], &[3, 1, 1], &[0, 0], &[2, 3, 3], &[0, 3, 3], &[2, 1, 2, 2], &[2, 0, 0]];
        let mut all = rows("det", shapes, |x| x.sin().det());
        all.extend(rows("det of a transpose", &[&[3, 3]], |x| x.square().t().flip(0).det().sin()));
        all.extend(rows("det of rank one", &[&[2]], |x| {
            x.unsqueeze(1).matmul(x.unsqueeze(0)).det() + x.unsqueeze(1).broadcast_to([2, 2]).det()
        }));
        all.extend(rows("det of many rows", &[&[7, 7]], |x| (x.sin() * 0.2 + x.identity(7)).det()));
        all.extend(large("det", &[&[40, 30, 30], &[90, 90]], |x| {
            (x.sin() * 0.1 + x.identity(x.shape()[x.rank() - 1])).det()
        }));
        super::factors::rounded(all)
    }
}
