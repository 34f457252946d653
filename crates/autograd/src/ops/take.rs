//! Take: slices of an axis at given indices, y[…, c…, …] = x[…, index[c…], …]. The axes of the index take the place of the
//! axis.
//!
//! Linear in x: ẏ = take ẋ. The adjoint adds up the cotangents of slices that were taken several times: x̄ = index_add ȳ.
//! The indices have no derivative.

use super::indexing::{Slices, check, check_dense, places_of_each, require_i64};
use super::lines::contiguous;
use super::prelude::*;
use crate::ir::{IndexAdd, Take};
use crate::lists::IntoList;

impl<'t> Var<'t> {
    /// The slices of an axis at given indices, in their order: y\[…, k, …\] = x\[…, indexₖ, …\]. The shape of the index, of any
    /// number of axes, takes the place of the axis. A negative axis counts from the end; an index must not be negative.
    ///
    /// # Panics
    /// If the axis does not exist, the index is not `I64`, or an index is out of range ([`Fault`](crate::Fault)).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    /// let y = x.take(0, tape.constant([2i64, 0, 2]));
    /// assert_eq!(y.to_vec::<f64>(), [5.0, 6.0, 1.0, 2.0, 5.0, 6.0]);
    /// assert_eq!(y.sum().grad([x])[0].to_vec::<f64>(), [1.0, 1.0, 0.0, 0.0, 2.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn take(self, axis: isize, index: Var<'t>) -> Var<'t> {
        let axis = self.axis("take", axis);
        record(Take { axis }, &[self, index])
    }

    /// The rows of a table \[n, d\] at indices of any shape: y\[…, :\] = table\[index…, :\]. The row of the padding index, if
    /// there is one, is read as it stands and has no gradient.
    ///
    /// # Panics
    /// If `self` is no matrix, the padding index is no row, the index is not `I64`, or an index is out of 0..n
    /// ([`Fault`](crate::Fault)).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let table = tape.var([[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]]);
    /// let y = table.embedding(tape.constant([[2i64, 1], [1, 0]]), Some(0));
    /// assert_eq!(y.shape()[..], [2, 2, 2]);
    /// assert_eq!(y.index(0, 0).to_vec::<f64>(), [3.0, 4.0, 1.0, 2.0]);
    /// assert_eq!(y.sum().grad([table])[0].to_vec::<f64>(), [0.0, 0.0, 2.0, 2.0, 1.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn embedding(self, index: Var<'t>, padding: Option<usize>) -> Var<'t> {
        let shape = self.shape();
        let &[rows, _] = &shape[..] else {
            self.mistake("embedding", format!("shape {shape} is no table"), "table")
                .rule("a table has two axes: a row for each index")
                .raise()
        };
        let y = self.take(0, index);
        let Some(padding) = padding else { return y };
        if padding >= rows {
            self.mistake("embedding", format!("padding index {padding}"), "table")
                .rule(format!("the padding index is one of {rows} rows"))
                .raise();
        }
        index.eq(padding as f64).unsqueeze(-1).select(y.detach(), y)
    }
}

impl Rule for Take {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        require_i64(1, x[1])?;
        let (before, after) = x[0].shape.split_at(usize::from(self.axis));
        let shape: Shape = [before, &x[1].shape, &after[1..]].concat().into();
        Ok(Meta::new(shape, x[0].dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        let axis = usize::from(self.axis);
        match *batch.x {
            [Each::Own(x), Each::Same(index)] => record(Take { axis: self.axis + 1 }, &[x, index]),
            [Each::Same(x), _] => {
                record(Take { axis: self.axis }, &[x, batch.of_all(1)]).move_axis(axis as isize, 0)
            }
            // Each example has places of its own along the axis.
            _ => {
                let x = batch.of_all(0);
                let index = places_of_each(batch, x.shape()[axis + 1]);
                record(Take { axis: self.axis }, &[batch.merged(x, axis), index]).move_axis(axis as isize, 0)
            }
        }
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        only(record(
            IndexAdd { axis: u16::from(self.axis), length: at.x[0].shape()[usize::from(self.axis)] },
            &[g, at.x[1]],
        ))
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        t[0].map(|t| record(self.clone(), &[t, at.x[1]]))
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let (from, axis, of_index) = (&x[0].meta.shape, usize::from(self.axis), &x[1].meta.shape);
        check_dense(&x[1], from[axis])?;
        let index = x[1].slice::<i64>();
        let offsets = indices(y.shape).map(|mut position| {
            let place: Vec<usize> = position.drain(axis..axis + of_index.len()).listed();
            position.insert(axis, index[offset(&place, of_index)] as usize);
            offset(&position, from)
        });
        x[0].gather(offsets, y);
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, _room: &mut Room<'_>) -> Result<(), Fault> {
        let slices = Slices::of(x[0].shape, self.axis);
        check(&x[1], slices.count)?;
        let index = contiguous::<i64>(&x[1]);
        with_type!(y.dtype(), T => {
            let (x, y) = (contiguous::<T>(&x[0]), y.slice::<T>());
            if slices.length == 1 {
                // A copy of a slice is a call.
                slices.each(&index, |slice, k| y[k.start] = x[slice.start]);
            } else {
                slices.each(&index, |slice, k| y[k].copy_from_slice(&x[slice]));
            }
        });
        Ok(())
    }
}

#[cfg(test)]
impl Tested for Take {
    fn rows() -> Vec<Row> {
        let index = [[1i64, 0, 1], [0, 0, 1]];
        let mut all = rows("take from the first", &[&[4, 3], &[2], &[3, 0], &[2, 2, 2]], move |x| {
            x.sin().take(0, x.tape().constant(index)).square()
        });
        all.extend(rows("take from the middle", &[&[2, 3, 4], &[3, 2, 1], &[0, 2, 2]], move |x| {
            x.take(1, x.tape().constant(index).t()).exp()
        }));
        all.extend(rows("take from the last of a transpose", &[&[4, 3], &[3, 1]], move |x| {
            x.t().take(-1, x.tape().constant(1i64)).sin() * x.t().take(-1, x.tape().constant([0i64])).sum()
        }));
        all.extend(rows("take nothing", &[&[2, 0, 3], &[2, 3, 1]], |x| {
            x.take(1, x.tape().constant(Vec::<i64>::new())).sum() + x
        }));
        all.extend(rows("take of a mask", &[&[4, 3]], move |x| {
            x.gt(0.1).take(0, x.tape().constant([2i64, 2])).select(x.slice(0, ..2), 2.0)
        }));
        all.extend(rows("embedding", &[&[3, 4], &[2, 1]], move |x| {
            x.exp().embedding(x.tape().constant(index), None).square()
        }));
        all.extend(rows("masked scatter", &[&[2, 3], &[2, 0]], |x| {
            x.sin().masked_scatter(x.gt(0.0), x.flip(1).exp()).square()
        }));
        all.extend(large("take", &[&[320, 500]], |x| {
            let index: Vec<i64> = (0..400).map(|i| i * 7 % 320).collect();
            x.sin().take(0, x.tape().constant(index)).exp()
        }));
        all
    }
}
