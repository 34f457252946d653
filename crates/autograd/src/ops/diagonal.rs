//! Diagonal: the elements of a diagonal of each matrix, yₖ = x[…, row + k, column + k].
//!
//! Linear, and a view: ẏ = diagonal ẋ. The adjoint puts the cotangents back on the diagonal: x̄ = diag_embed ȳ.

use super::prelude::*;
use crate::ir::{DiagEmbed, Diagonal};

impl<'t> Var<'t> {
    /// A diagonal of each matrix, of the last two axes: yₖ = xₖₖ for the offset 0, x\[k, k + offset\] above it and
    /// x\[k − offset, k\] below. Nothing is copied. Beyond the matrix a diagonal has no elements.
    ///
    /// # Panics
    /// If there are fewer than two axes.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.diagonal(0).to_vec::<f64>(), [1.0, 5.0]);
    /// assert_eq!(x.diagonal(1).to_vec::<f64>(), [2.0, 6.0]);
    /// assert_eq!(x.diagonal(-1).to_vec::<f64>(), [4.0]);
    /// assert_eq!(x.diagonal(0).sum().grad([x])[0].to_vec::<f64>(), [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn diagonal(self, offset: isize) -> Var<'t> {
        let (row, column) = corner(offset);
        record(Diagonal { row, column }, &[self])
    }

    /// The trace of each matrix, of the last two axes: Σ xₖₖ, or the sum of the diagonal with this
    /// [offset](Var::diagonal).
    ///
    /// # Panics
    /// If there are fewer than two axes.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.trace(0).item(), 5.0);
    /// assert_eq!(x.trace(0).grad([x])[0].to_vec::<f64>(), [1.0, 0.0, 0.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn trace(self, offset: isize) -> Var<'t> {
        self.diagonal(offset).sum_over(-1)
    }
}

/// Where a diagonal begins.
pub(super) fn corner(offset: isize) -> (usize, usize) {
    if offset < 0 { (offset.unsigned_abs(), 0) } else { (0, offset.unsigned_abs()) }
}

impl Rule for Diagonal {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let Some((lead, &[rows, columns])) = x[0].shape.split_last_chunk() else {
            return Err(Mismatch::new("a diagonal is one of the last two axes")
                .hint("`.diag(0)` makes a matrix with a vector on its diagonal"));
        };
        let length = rows.saturating_sub(self.row).min(columns.saturating_sub(self.column));
        Ok(Meta::new(Shape::from([lead, &[length]].concat()), x[0].dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(self.clone())
    }

    fn view(&self, x: &Meta, strides: &[isize]) -> Option<Layout> {
        let (lead, &[down, right]) = strides.split_last_chunk()?;
        let mut layout: Layout = lead.iter().copied().chain([down + right]).collect::<Strides>().into();
        // The view of an empty buffer begins at offset 0, and so does one that reads nothing.
        if self.infer(&[x]).is_ok_and(|y| !y.shape.contains(&0)) {
            layout.skip = self.row as isize * down + self.column as isize * right;
        }
        Some(layout)
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        let shape = at.x().shape();
        let &[.., rows, columns] = &shape[..] else { unreachable!("the shape rule demands matrices") };
        let &Diagonal { row, column } = self;
        only(record(DiagEmbed { row, column, rows, columns }, &[g]))
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        linear(self.clone(), t)
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let offsets = indices(y.shape).map(|mut index| {
            let k = index.pop().expect("a diagonal has an axis");
            index.extend([self.row + k, self.column + k]);
            offset(&index, &x[0].meta.shape)
        });
        x[0].gather(offsets, y);
        Ok(())
    }
}

#[cfg(test)]
impl Tested for Diagonal {
    fn rows() -> Vec<Row> {
        let shapes: &[&[usize]] = &[&[3, 3], &[2, 5], &[4, 1], &[2, 3, 4], &[0, 3], &[2, 0, 0]];
        let mut all = rows("diagonal", shapes, |x| x.sin().diagonal(0).exp());
        all.extend(rows("diagonal above", shapes, |x| x.sin().diagonal(1).square()));
        all.extend(rows("diagonal below a transpose", shapes, |x| x.square().t().diagonal(-2).sin()));
        all.extend(rows("diagonal of a flip", shapes, |x| {
            x.flip(-1).diagonal(0).sum_over(-1).sin() + x.sum()
        }));
        all.extend(rows("diagonal of a broadcast", &[&[3]], |x| x.broadcast_to([2, 3]).diagonal(0).exp()));
        all.extend(large("diagonal", &[&[40, 200, 200]], |x| x.sin().diagonal(3).exp()));
        all
    }
}
