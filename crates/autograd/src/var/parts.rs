//! Parts of a tensor, and tensors put together from parts. What is cut out is a view: nothing is copied.

use super::Var;
use crate::ir::{Concat, Pad, Slice};
use crate::record::record;
use crate::shape::Shape;
use std::ops::{Bound, RangeBounds};

impl<'t> Var<'t> {
    /// A range along an axis, which counts from the end where it is negative.
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
            self.mistake("slice", format!("{start}..{end} ends before it begins"), "x").raise();
        }
        record(Slice { axis, start, length: end - start }, &[self])
    }

    /// One place of an axis, which disappears; both count from the end where they are negative.
    ///
    /// # Panics
    /// If the axis or the place does not exist.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.constant([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.index(0, 1).to_vec::<f64>(), [3.0, 4.0]);
    /// assert_eq!(x.index(-1, 0).to_vec::<f64>(), [1.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn index(self, axis: isize, place: isize) -> Var<'t> {
        let (axis, shape) = (self.axis("index", axis), self.shape());
        let length = shape[axis as usize];
        let start = if place < 0 { length.checked_add_signed(place) } else { Some(place as usize) };
        let Some(start) = start.filter(|&i| i < length) else {
            self.mistake("index", format!("place {place} does not exist"), "x")
                .rule(format!("axis {axis} of {shape} has {length} places"))
                .raise()
        };
        record(Slice { axis, start, length: 1 }, &[self]).reshape(shape.without(&[axis]))
    }

    /// So many equal parts along an axis, which counts from the end where it is negative.
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
        let length = length / parts;
        let mut all = Vec::with_capacity(parts);
        for i in 0..parts {
            all.push(record(Slice { axis, start: i * length, length }, &[self]));
        }
        all
    }

    /// With zeros (`false` for `Bool`) before and after along an axis, which counts from the end where it is negative.
    ///
    /// # Panics
    /// If the axis does not exist.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert_eq!(tape.constant([1.0, 2.0]).pad(0, 1, 2).to_vec::<f64>(), [0.0, 1.0, 2.0, 0.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn pad(self, axis: isize, before: usize, after: usize) -> Var<'t> {
        let axis = self.axis("pad", axis);
        record(Pad { axis, before, after }, &[self])
    }

    /// Tensors one after the other along an axis, which counts from the end where it is negative; the others have
    /// equal lengths.
    ///
    /// # Panics
    /// If there are none, the axis does not exist, or shapes or dtypes do not fit.
    ///
    /// ```
    /// # use autograd::{Tape, Var};
    /// let tape = Tape::new();
    /// let (a, b) = (tape.var([1.0]), tape.var([2.0, 3.0]));
    /// let y = Var::concat(&[a, b, a], 0);
    /// assert_eq!(y.to_vec::<f64>(), [1.0, 2.0, 3.0, 1.0]);
    /// assert_eq!(y.sum().grad([a])[0].to_vec::<f64>(), [2.0]);
    /// ```
    #[track_caller]
    pub fn concat(parts: &[Var<'t>], axis: isize) -> Var<'t> {
        let Some(first) = parts.first() else { panic!("concat: of no tensors, shape and dtype are unknown") };
        let axis = first.axis("concat", axis);
        record(Concat { axis }, parts)
    }

    /// Tensors of one shape, one after the other along a new axis, which stands at `axis` of the result.
    ///
    /// # Panics
    /// If there are none, the result has no such axis, or shapes or dtypes differ.
    ///
    /// ```
    /// # use autograd::{Tape, Var};
    /// let tape = Tape::new();
    /// let (a, b) = (tape.constant([1.0, 2.0]), tape.constant([3.0, 4.0]));
    /// assert_eq!(Var::stack(&[a, b], 0).to_vec::<f64>(), [1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(Var::stack(&[a, b], -1).to_vec::<f64>(), [1.0, 3.0, 2.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn stack(parts: &[Var<'t>], axis: isize) -> Var<'t> {
        // A part that has an axis more could otherwise pass for one whose new axis is longer.
        if let Some(other) = parts.iter().find(|x| x.shape() != parts[0].shape()) {
            parts[0]
                .mistake("stack", format!("{} and {} do not fit", parts[0].shape(), other.shape()), "a")
                .line("b", other.describe())
                .rule("all have the same shape")
                .raise();
        }
        let mut parts = parts.to_vec();
        for x in &mut parts {
            *x = x.unsqueeze(axis);
        }
        Var::concat(&parts, axis)
    }

    /// With a new axis of length 1, which stands at `axis` of the result.
    ///
    /// # Panics
    /// If the result has no such axis.
    ///
    /// ```
    /// # use autograd::{Shape, Tape};
    /// let tape = Tape::new();
    /// let x = tape.constant([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!((x / x.sum_over(&[-1]).unsqueeze(-1)).sum_over(&[1]).to_vec::<f64>(), [1.0, 1.0]);
    /// assert_eq!(x.unsqueeze(1).shape(), Shape::from([2, 1, 2]));
    /// ```
    #[track_caller]
    pub fn unsqueeze(self, axis: isize) -> Var<'t> {
        let shape = self.shape();
        let rank = shape.len() as isize + 1;
        let place = if axis < 0 { axis + rank } else { axis };
        if !(0..rank).contains(&place) {
            self.mistake("unsqueeze", format!("axis {axis} does not exist"), "x")
                .rule(format!("with the new axis there are {rank}"))
                .raise();
        }
        let (before, after) = shape.split_at(place as usize);
        self.reshape(Shape::from(&[before, &[1], after].concat()[..]))
    }
}
