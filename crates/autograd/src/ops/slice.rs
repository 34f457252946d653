//! Slice: a range along an axis, y = x[…, start..start+length, …].
//!
//! Linear: ẏ = slice ẋ, and the adjoint adds zeros at both ends: x̄ = pad ȳ.

use super::concat::part_of;
use super::prelude::*;
use crate::ir::{Pad, Slice};
use std::ops::{Bound, RangeBounds};

impl<'t> Var<'t> {
    /// A range along an axis. A negative axis counts from the end.
    ///
    /// # Panics
    /// If the axis does not exist or the range is not within it.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// let y = x.slice(-1, 1..);
    /// assert_eq!(y.to_vec::<f64>(), [2.0, 3.0, 5.0, 6.0]);
    /// assert_eq!(y.sum().grad([x])[0].to_vec::<f64>(), [0.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn slice(self, axis: isize, range: impl RangeBounds<usize>) -> Var<'t> {
        let axis = self.axis("slice", axis);
        let start = match range.start_bound() {
            Bound::Included(&i) => i,
            Bound::Excluded(&i) => i.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(&i) => i.saturating_add(1),
            Bound::Excluded(&i) => i,
            Bound::Unbounded => self.shape()[axis as usize],
        };
        if start > end {
            self.mistake("slice", format!("{start}..{end} ends before it begins"), "x")
                .rule("a range ends where it begins, or later")
                .raise();
        }
        record(Slice { axis, start, length: end - start }, &[self])
    }

    /// The elements at one index of an axis, which disappears. A negative axis or index counts from the end.
    ///
    /// # Panics
    /// If the axis or the index does not exist.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.constant([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.index(0, 1).to_vec::<f64>(), [3.0, 4.0]);
    /// assert_eq!(x.index(-1, 0).to_vec::<f64>(), [1.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn index(self, axis: isize, index: isize) -> Var<'t> {
        let (axis, shape) = (self.axis("index", axis), self.shape());
        let length = shape[axis as usize];
        let start = if index < 0 { length.checked_add_signed(index) } else { Some(index as usize) };
        let Some(start) = start.filter(|&i| i < length) else {
            self.mistake("index", format!("place {index} does not exist"), "x")
                .rule(format!("axis {axis} of {shape} has {length} places"))
                .raise()
        };
        record(Slice { axis, start, length: 1 }, &[self]).reshape(shape.without(&[axis]))
    }

    /// Equal parts along an axis. A negative axis counts from the end.
    ///
    /// # Panics
    /// If the axis does not exist or its length is no multiple of `parts`.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let halves = tape.constant([1.0, 2.0, 3.0, 4.0]).split(0, 2);
    /// assert_eq!(halves[1].to_vec::<f64>(), [3.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn split(self, axis: isize, parts: usize) -> Vec<Var<'t>> {
        let (axis, shape) = (self.axis("split", axis), self.shape());
        let length = shape[axis as usize];
        if parts == 0 || length % parts != 0 {
            self.mistake("split", format!("{parts} parts of axis {axis} of {shape}"), "x")
                .rule(format!("its length {length} is a multiple of the number of parts"))
                .hint("`.slice(…)` takes parts of any length")
                .raise();
        }
        self.check_parts("split", parts);
        let length = length / parts;
        let mut all = Vec::with_capacity(parts);
        for i in 0..parts {
            all.push(record(Slice { axis, start: i * length, length }, &[self]));
        }
        all
    }
}

impl Rule for Slice {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let (from, axis) = (&x[0].shape, self.axis as usize);
        let length = from[axis];
        if self.start.checked_add(self.length).is_none_or(|end| end > length) {
            let end = self.start.saturating_add(self.length);
            let rule = format!("axis {axis} has {length} places; {}..{end} is not within", self.start);
            return Err(Mismatch::new(rule).clash([Clash::Axis(0, axis)]));
        }
        Ok(Meta::new(from.with_length(axis, self.length), x[0].dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        let x = batch.of_all(0);
        let slice = Slice { axis: self.axis + 1, ..self.clone() };
        part_of(x, &slice).unwrap_or_else(|| record(slice, &[x]))
    }

    fn view(&self, x: &Meta, strides: &[isize]) -> Option<Layout> {
        // The view of an empty buffer begins at offset 0.
        let start = if self.length == 0 || x.shape.contains(&0) { 0 } else { self.start };
        Some(Layout { skip: start as isize * strides[self.axis as usize], strides: strides.into() })
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        let &Slice { axis, start, length } = self;
        let after = at.x().shape()[axis as usize] - start - length;
        // A slice of the whole axis is the operand itself.
        only(if start + after == 0 { g } else { record(Pad { axis, before: start, after }, &[g]) })
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        linear(self.clone(), t)
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let offsets = indices(y.shape).map(|mut index| {
            index[self.axis as usize] += self.start;
            offset(&index, &x[0].meta.shape)
        });
        x[0].gather(offsets, y);
        Ok(())
    }
}

#[cfg(test)]
impl Tested for Slice {
    fn rows() -> Vec<Row> {
        let shapes: &[&[usize]] = &[&[3, 4, 2], &[1, 2, 1], &[0, 2, 3], &[2, 3, 0]];
        let mut all = rows("slice", shapes, |x| x.sin().slice(1, 1..).exp());
        all.extend(rows("slice of a slice", shapes, |x| x.slice(-2, 1..2).slice(1, ..=0).square()));
        all.extend(rows("slice of nothing", shapes, |x| x.slice(1, 2..2).exp()));
        all.extend(rows("slice of a transpose", shapes, |x| x.t().slice(2, 1..2).square()));
        all.extend(rows("slice of a broadcast", &[&[4], &[]], |x| {
            x.broadcast_to([3, 4]).slice(1, 1..3).square()
        }));
        all.extend(rows("index", shapes, |x| x.index(1, -1).sin() + x.index(-2, 0).square()));
        all.extend(rows("split", &[&[2, 6]], |x| {
            let parts = x.split(1, 3);
            parts[0] * parts[1].sin() + parts[2] * parts[0]
        }));
        all.extend(large("slice", &[&[320, 500]], |x| x.sin().slice(1, 3..453).cos().exp()));
        all
    }
}
