//! DiagEmbed: matrices of zeros with one diagonal given, y[…, row + k, column + k] = xₖ.
//!
//! Linear: ẏ = diag_embed ẋ, and the adjoint reads the diagonal: x̄ = diagonal ȳ.

use super::diagonal::corner;
use super::prelude::*;
use crate::ir::{DiagEmbed, Diagonal};

impl<'t> Var<'t> {
    /// The square matrices with the elements of the last axis on a diagonal and zeros elsewhere: yₖₖ = xₖ for the offset 0;
    /// above it for a positive one, below it for a negative one. n elements give n + |offset| rows and columns.
    ///
    /// # Panics
    /// If there is no axis, or a matrix of this size cannot be addressed.
    ///
    /// ```
    /// # use autograd::{Shape, Tape};
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 2.0]);
    /// assert_eq!(x.diag(0).to_vec::<f64>(), [1.0, 0.0, 0.0, 2.0]);
    /// assert_eq!(x.diag(-1).shape(), Shape::from([3, 3]));
    /// assert_eq!(x.diag(0).square().sum().grad([x])[0].to_vec::<f64>(), [2.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn diag(self, offset: isize) -> Var<'t> {
        let (row, column) = corner(offset);
        let last = self.shape().last().copied().unwrap_or(0);
        let n = last.saturating_add(offset.unsigned_abs());
        record(DiagEmbed { row, column, rows: n, columns: n }, &[self])
    }
}

impl Rule for DiagEmbed {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let Some((_, lead)) = x[0].shape.split_last() else {
            return Err(Mismatch::new("the elements of a diagonal are along an axis")
                .hint("`.reshape([1])` makes a vector of a number"));
        };
        Ok(Meta::new(Shape::from([lead, &[self.rows, self.columns]].concat()), x[0].dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(self.clone())
    }

    fn vjp<'t>(&self, _at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        only(record(Diagonal { row: self.row, column: self.column }, &[g]))
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        linear(self.clone(), t)
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let length = *x[0].meta.shape.last().expect("the shape rule demands an axis");
        let size = self.rows * self.columns;
        // A diagonal without elements may begin anywhere beyond the matrix.
        let first = if length == 0 { 0 } else { self.row * self.columns + self.column };
        with_type!(y.dtype(), T => {
            let out = y.slice::<T>();
            out.fill(T::default());
            for (k, &value) in x[0].slice::<T>().iter().enumerate() {
                out[k / length * size + first + k % length * (self.columns + 1)] = value;
            }
        });
        Ok(())
    }
}

#[cfg(test)]
impl Tested for DiagEmbed {
    fn rows() -> Vec<Row> {
        let shapes: &[&[usize]] = &[&[3], &[1], &[0], &[2, 3], &[0, 2], &[2, 0]];
        let mut all = rows("diag", shapes, |x| x.sin().diag(0).exp());
        all.extend(rows("diag above", shapes, |x| x.sin().diag(2).cos()));
        all.extend(rows("diag below", shapes, |x| x.square().diag(-1).sin()));
        all.extend(rows("adjoint of a diagonal", &[&[3, 4]], |x| {
            x.square().t().diagonal(-1).sin().sum() + x
        }));
        all.extend(large("diag", &[&[4, 200]], |x| x.sin().diag(0).exp()));
        all
    }
}
