//! Index-add: slices added to zeros along an axis, with an index for each, in the order of x:
//! y[…, index[c…], …] += x[…, c…, …]. The adjoint of take.
//!
//! Linear in x: ẏ = index_add ẋ, x̄ = take ȳ. The indices have no derivative.

use super::indexing::{Slices, check, check_dense, places_of_each, require_i64};
use super::lines::contiguous;
use super::prelude::*;
use crate::ir::{IndexAdd, Take};
use crate::lists::IntoList;

impl<'t> Var<'t> {
    /// `self` with the slices of a source added along an axis, with an index for each: y\[…, indexₖ, …\] += source\[…, k, …\].
    /// Slices with the same index add up. The index may have any number of axes, which stand in the source in place of the
    /// axis. A negative axis counts from the end; an index must not be negative.
    ///
    /// # Panics
    /// If the axis does not exist; if the index is not `I64`, or the source does not have its axes along the axis and those of
    /// `self` elsewhere; if an index is out of range ([`Fault`](crate::Fault)).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let (x, source) = (tape.var([[0.0; 2]; 2]), tape.var([[1.0, 2.0], [3.0, 4.0]]));
    /// let y = x.index_add(0, tape.constant([1i64, 1]), source);
    /// assert_eq!(y.to_vec::<f64>(), [0.0, 0.0, 4.0, 6.0]);
    /// ```
    #[track_caller]
    pub fn index_add(self, axis: isize, index: Var<'t>, source: Var<'t>) -> Var<'t> {
        let axis = u16::from(self.axis("index_add", axis));
        let length = self.shape()[usize::from(axis)];
        let sums = record(IndexAdd { axis, length }, &[source, index]);
        if sums.shape() != self.shape() {
            self.mistake(
                "index_add",
                format!("source {} does not fit {}", source.shape(), self.shape()),
                "x",
            )
            .line("source", source.describe())
            .rule("the source has the axes of the index along the axis, and those of x elsewhere")
            .raise();
        }
        self + sums
    }

    /// Sums of segments: y\[k\] = Σ x\[i\] over all i whose id is k, for one id per element of the first axis, as `I64`, and
    /// `count` segments. A segment without elements gives 0.
    ///
    /// # Panics
    /// If there is not one id for each, or an id is out of 0..`count` ([`Fault`](crate::Fault)).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    /// let ids = tape.constant([2i64, 0, 2]);
    /// assert_eq!(x.segment_sum(ids, 3).to_vec::<f64>(), [3.0, 4.0, 0.0, 0.0, 6.0, 8.0]);
    /// ```
    #[track_caller]
    pub fn segment_sum(self, ids: Var<'t>, count: usize) -> Var<'t> {
        self.check_segments("segment_sum", ids);
        record(IndexAdd { axis: 0, length: count }, &[self, ids])
    }
}

impl Rule for IndexAdd {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_float(&x[..1])?;
        require_i64(1, x[1])?;
        let (axis, index) = (usize::from(self.axis), &x[1].shape);
        let (Some(before), Some(rest)) = (x[0].shape.get(..axis), x[0].shape.get(axis..)) else {
            return Err(Mismatch::new(format!("the source has an axis {axis}")));
        };
        let Some(after) = rest.strip_prefix(&index[..]) else {
            return Err(Mismatch::new(format!(
                "from axis {axis} on, the source has the axes of the index, {index}"
            )));
        };
        Ok(Meta::new([before, &[self.length], after].concat().into(), dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        let axis = usize::from(self.axis);
        match batch.x[1] {
            Each::Same(index) => {
                record(IndexAdd { axis: self.axis + 1, ..self.clone() }, &[batch.of_all(0), index])
            }
            // Each example has places of its own along the axis.
            Each::Own(_) => {
                let index = places_of_each(batch, self.length);
                let source = batch.of_all(0).move_axis(0, axis as isize);
                let add = IndexAdd { length: self.length.saturating_mul(batch.examples), ..self.clone() };
                batch.parted(record(add, &[source, index]), axis)
            }
        }
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        only(record(Take { axis: self.axis as Axis }, &[g, at.x[1]]))
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        t[0].map(|t| record(self.clone(), &[t, at.x[1]]))
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let (axis, of_index) = (self.axis as usize, &x[1].meta.shape);
        check_dense(&x[1], self.length)?;
        let to = y.shape.clone();
        let index = x[1].slice::<i64>();
        with_float!(y.dtype(), T => {
            let out = y.slice::<T>();
            out.fill(T::default());
            for (mut position, &value) in indices(&x[0].meta.shape).zip(x[0].slice::<T>()) {
                let place: Vec<usize> = position.drain(axis..axis + of_index.len()).listed();
                position.insert(axis, index[offset(&place, of_index)] as usize);
                let y = &mut out[offset(&position, &to)];
                *y += value;
            }
        });
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        let slices = Slices::of(y.shape, self.axis as Axis);
        check(&x[1], slices.count)?;
        let index = contiguous::<i64>(&x[1]);
        with_float!(y.dtype(), T => {
            let (x, y) = (contiguous::<T>(&x[0]), y.slice::<T>());
            // Of a table, most rows stay zero.
            room.workers.each_chunk(y, Target::CPU.threads.copies_from, |_, part| part.fill(T::default()));
            slices.each(&index, |slice, k| {
                y[slice].iter_mut().zip(&x[k]).for_each(|(y, &x)| *y += x);
            });
        });
        Ok(())
    }

    fn needs(&self, _x: &[&Meta], y: &Meta) -> Needs {
        Needs { shared: y.shape.elements() > Target::CPU.threads.copies_from, scratch: 0 }
    }
}

#[cfg(test)]
impl Tested for IndexAdd {
    fn rows() -> Vec<Row> {
        let index = [1i64, 0, 1];
        let mut all = vec![
            row("index_add along the first", &[&[2, 4], &[3, 4]], move |x| {
                x[0].index_add(0, x[0].tape().constant(index), x[1].sin()).square()
            }),
            row("index_add along the last", &[&[2, 5], &[2, 2, 3]], move |x| {
                let index = x[0].tape().constant([[4i64, 0, 4], [1, 1, 4]]);
                x[0].index_add(-1, index, x[1]).exp()
            }),
            row("index_add of transposes", &[&[2, 2], &[3, 2]], move |x| {
                x[0].t().index_add(1, x[0].tape().constant(index), x[1].t()).sin()
            }),
            row("index_add of nothing", &[&[2, 0], &[3, 0]], move |x| {
                x[0].index_add(0, x[0].tape().constant(index), x[1])
            }),
        ];
        all.extend(rows("segments", &[&[4, 3], &[4, 0], &[4]], |x| {
            let ids = x.tape().constant([2i64, 0, 2, 2]);
            let [sum, mean] = [x.sin().segment_sum(ids, 4), x.segment_mean(ids, 4)];
            sum * mean + x.segment_max(ids, 4) - x.segment_min(ids, 4) * sum
        }));
        all.extend(rows("softmax of segments", &[&[4, 3], &[4]], |x| {
            let ids = x.tape().constant([1i64, 0, 1, 1]);
            x.segment_softmax(ids, 2).square().sum() + x.segment_logsumexp(ids, 2).sin()
        }));
        all.extend(large("index_add", &[&[320, 500]], |x| {
            let index: Vec<i64> = (0..320).map(|i| i * 7 % 40).collect();
            x.index_add(0, x.tape().constant(index), x.sin()).sin()
        }));
        all
    }
}
