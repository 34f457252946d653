//! Windows: neighbours along an axis, y[…, p, …, k] = x[…, p·step + k·dilation, …]. A view; the last axis is new.
//!
//! Linear: ẏ = windows ẋ. The adjoint adds up what several windows share: x̄ = overlap ȳ.

use super::prelude::*;
use crate::ir::{Overlap, Windows};
use std::ops::{Bound, RangeBounds};

impl<'t> Var<'t> {
    /// Windows of `size` neighbours along an axis, one every `step` places: y\[p, k\] = x\[p·step + k\]. The axis counts the
    /// windows; a new last axis goes through each of them. A negative axis counts from the end. Nothing is copied.
    ///
    /// # Panics
    /// If the axis does not exist, or `size` or `step` is 0.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 2.0, 3.0, 4.0]);
    /// let y = x.windows(0, 2, 1);
    /// assert_eq!(y.to_vec::<f64>(), [1.0, 2.0, 2.0, 3.0, 3.0, 4.0]);
    /// assert_eq!(y.sum().grad([x])[0].to_vec::<f64>(), [1.0, 2.0, 2.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn windows(self, axis: isize, size: usize, step: usize) -> Var<'t> {
        let axis = self.axis("windows", axis);
        record(Windows { axis, size, step, dilation: 1 }, &[self])
    }

    /// Every `step`-th element of a range along an axis. Negative ends of the range count from the end of the axis. A
    /// negative step begins at the last element of the range and goes backwards, as in `ndarray`.
    ///
    /// # Panics
    /// If the axis does not exist, the range is not within it or ends before it begins, or the step is 0.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([0.0, 1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.slice_by(0, 1.., 2).to_vec::<f64>(), [1.0, 3.0]);
    /// assert_eq!(x.slice_by(0, -3..-1, 1).to_vec::<f64>(), [2.0, 3.0]);
    /// assert_eq!(x.slice_by(0, .., -2).to_vec::<f64>(), [4.0, 2.0, 0.0]);
    /// assert_eq!(x.slice_by(0, .., -2).sum().grad([x])[0].to_vec::<f64>(), [1.0, 0.0, 1.0, 0.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn slice_by(self, axis: isize, range: impl RangeBounds<isize>, step: isize) -> Var<'t> {
        let axis = self.axis("slice_by", axis);
        let length = self.shape()[axis as usize] as isize;
        let from_front = |i: isize| if i < 0 { i + length } else { i };
        let start = match range.start_bound() {
            Bound::Included(&i) => from_front(i),
            Bound::Excluded(&i) => from_front(i).saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(&i) => from_front(i).saturating_add(1),
            Bound::Excluded(&i) => from_front(i),
            Bound::Unbounded => length,
        };
        if step == 0 {
            self.mistake("slice_by", "step 0", "x")
                .rule("a step goes forward, or backward if it is negative")
                .raise();
        }
        if start < 0 || end > length || start > end {
            self.mistake("slice_by", format!("{start}..{end} is not within axis {axis}"), "x")
                .rule(format!(
                    "the range begins and ends within 0..{length}, and does not end before it begins"
                ))
                .raise();
        }
        let part = self.slice(axis as isize, start as usize..end as usize);
        let part = if step < 0 { part.flip(axis as isize) } else { part };
        if step.unsigned_abs() == 1 {
            return part;
        }
        let y = record(Windows { axis, size: 1, step: step.unsigned_abs(), dilation: 1 }, &[part]);
        let shape = y.shape();
        y.reshape(&shape[..shape.len() - 1])
    }
}

/// How many windows there are along an axis, or `None` if their extent cannot be counted.
pub(super) fn windows_along(length: usize, size: usize, step: usize, dilation: usize) -> Option<usize> {
    let extent = size.checked_sub(1)?.checked_mul(dilation)?.checked_add(1)?;
    Some(if length < extent { 0 } else { (length - extent) / step + 1 })
}

/// A stride of so many steps. One that cannot be counted is that of a single window or element, and nobody follows it.
pub(super) fn steps(stride: isize, steps: usize) -> isize {
    stride.saturating_mul(isize::try_from(steps).unwrap_or(isize::MAX))
}

impl Rule for Windows {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let &Windows { axis, size, step, dilation } = self;
        if size == 0 || step == 0 || dilation == 0 {
            return Err(Mismatch::new("a window has at least one element, and steps are at least 1"));
        }
        let from = &x[0].shape;
        let Some(count) = windows_along(from[axis as usize], size, step, dilation) else {
            return Err(Mismatch::new("the extent of a window can be counted"));
        };
        let shape: Shape = from.with_length(axis as usize, count).iter().copied().chain([size]).collect();
        Ok(Meta::new(shape, x[0].dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(Windows { axis: self.axis + 1, ..self.clone() })
    }

    fn view(&self, _x: &Meta, strides: &[isize]) -> Option<Layout> {
        let along = strides[self.axis as usize];
        let mut all: Strides = strides.iter().copied().chain([steps(along, self.dilation)]).collect();
        all[self.axis as usize] = steps(along, self.step);
        Some(all.into())
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        let &Windows { axis, step, dilation, .. } = self;
        only(record(Overlap { axis, length: at.x().shape()[axis as usize], step, dilation }, &[g]))
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        linear(self.clone(), t)
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let offsets = indices(y.shape).map(|mut index| {
            let k = index.pop().expect("the axis of the window");
            let place = &mut index[self.axis as usize];
            *place = *place * self.step + k * self.dilation;
            offset(&index, &x[0].meta.shape)
        });
        x[0].gather(offsets, y);
        Ok(())
    }
}

#[cfg(test)]
impl Tested for Windows {
    fn rows() -> Vec<Row> {
        let shapes: &[&[usize]] = &[&[5, 3], &[2, 1], &[1, 4], &[0, 2], &[7, 0]];
        let mut all = rows("windows", shapes, |x| x.sin().windows(0, 2, 1).exp());
        all.extend(rows("windows with gaps", shapes, |x| x.windows(0, 2, 3).square()));
        all.extend(rows("windows of a transpose", shapes, |x| x.t().windows(-1, 2, 1).sum_over(1).sin()));
        all.extend(rows("windows of windows", &[&[6, 7]], |x| {
            x.windows(1, 3, 2).windows(0, 2, 1).max_over([2, 3]).sin()
        }));
        all.extend(rows("windows of a broadcast", &[&[3, 1]], |x| {
            x.broadcast_to([3, 5]).windows(1, 3, 1).square()
        }));
        all.extend(rows("slice_by", shapes, |x| x.sin().slice_by(0, .., 2).exp()));
        all.extend(rows("slice_by backwards", &[&[5, 4], &[4, 7]], |x| {
            x.slice_by(0, -3.., -2).square() * x.slice_by(1, ..=-1, -3).sum()
        }));
        all.extend(large("windows", &[&[320, 500]], |x| x.sin().windows(1, 2, 2).exp()));
        all
    }
}
