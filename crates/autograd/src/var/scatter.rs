//! Scattering in other ways than by adding, and reductions of segments: composed of other ops.

use super::Var;
use crate::dtype::DType;
use crate::ir::{ScatterAdd, ScatterMax};
use crate::record::record;
use crate::shape::{Axis, Shape};

/// What becomes of elements that are written to the same place: see [`Var::scatter_reduce`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScatterReduce {
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
    /// Their product. Zeros have right derivatives of any order.
    Prod,
    /// The largest; equal ones share the gradient equally.
    Max,
    /// The smallest; equal ones share the gradient equally.
    Min,
}

impl<'t> Var<'t> {
    /// `self` with the elements of a source combined along an axis, with an index for each: all sourceᵢⱼ with the same
    /// cᵢⱼ go to y\[cᵢⱼ, j\] along axis 0, to y\[i, cᵢⱼ\] along axis 1, by their sum, mean, product, maximum or minimum. The old
    /// element takes part if `include_self`; else it stays only where nothing is written. A negative axis counts from the
    /// end; an index must not be negative.
    ///
    /// # Panics
    /// As [`scatter_add`](Var::scatter_add).
    ///
    /// ```
    /// use autograd::{ScatterReduce, Tape};
    /// let tape = Tape::new();
    /// let (x, source) = (tape.var([1.0, 5.0, 1.0]), tape.var([2.0, 0.0, 4.0]));
    /// let index = tape.constant([2i64, 2, 0]);
    /// let y = x.scatter_reduce(0, index, source, ScatterReduce::Prod, true);
    /// assert_eq!(y.to_vec::<f64>(), [4.0, 5.0, 0.0]);
    /// assert_eq!(y.sum().grad([source])[0].to_vec::<f64>(), [0.0, 2.0, 1.0]);
    /// let y = x.scatter_reduce(0, index, source, ScatterReduce::Max, false);
    /// assert_eq!(y.to_vec::<f64>(), [4.0, 5.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn scatter_reduce(
        self,
        axis: isize,
        index: Var<'t>,
        source: Var<'t>,
        how: ScatterReduce,
        include_self: bool,
    ) -> Var<'t> {
        let along = self.axis("scatter_reduce", axis);
        match how {
            ScatterReduce::Max => {
                record(ScatterMax { axis: along, include: include_self }, &[self, index, source])
            }
            ScatterReduce::Min => {
                -record(ScatterMax { axis: along, include: include_self }, &[-self, index, -source])
            }
            ScatterReduce::Prod => self.scatter_product(along, index, source, include_self),
            ScatterReduce::Sum if include_self => self.scatter_add(axis, index, source),
            ScatterReduce::Sum | ScatterReduce::Mean => {
                let to = self.shape();
                let sums = source.scattered(along, index, &to);
                let counts = source.full_like(1.0).scattered(along, index, &to);
                let old = if include_self { self } else { counts.gt(0.0).select(0.0, self) };
                match how {
                    ScatterReduce::Sum => old + sums,
                    // Where nothing is written, the old element is the only one.
                    _ if include_self => (old + sums) / (counts + 1.0),
                    _ => (old + sums) / counts.maximum(1.0),
                }
            }
        }
    }

    /// In the order of their places, the products are states of a recurrence that begins anew with each place.
    #[track_caller]
    fn scatter_product(self, axis: Axis, index: Var<'t>, source: Var<'t>, include: bool) -> Var<'t> {
        let (to, along) = (self.shape(), axis as isize);
        let written = source.full_like(1.0).scattered(axis, index, &to).gt(0.0);
        let n = index.shape()[usize::from(axis)];
        if n == 0 {
            return self;
        }
        // Sorted as F64, which has every index that memory allows.
        let order = index.cast(DType::F64).argsort(along);
        let (index, source) = (index.gather(along, order), source.gather(along, order));
        let changes = index.slice(along, 1..).ne(index.slice(along, ..n - 1));
        // Whether an element is the first of its place, or the last.
        let first = changes.pad(along, 1, 0);
        let last = changes.eq(0.0).pad(along, 0, 1).eq(0.0);
        let (factor, start) = (first.select(0.0, source), first.select(source, 0.0));
        let start = Var::concat(&[source.slice(along, ..1), start.slice(along, 1..)], along);
        let products = last.select(start.linear_recurrence(factor, along), 0.0);
        let products = products.scattered(axis, index, &to);
        let products = written.select(products, if include { self.full_like(1.0) } else { self });
        if include { self * products } else { products }
    }

    /// The elements added to zeros of a shape along an axis.
    #[track_caller]
    fn scattered(self, axis: Axis, index: Var<'t>, to: &Shape) -> Var<'t> {
        record(ScatterAdd { axis, to: to.clone() }, &[self, index])
    }

    /// Means of segments; 0 for a segment without elements. Else as [`segment_sum`](Var::segment_sum).
    ///
    /// # Panics
    /// As [`segment_sum`](Var::segment_sum).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 3.0, 5.0]);
    /// assert_eq!(x.segment_mean(tape.constant([2i64, 0, 2]), 3).to_vec::<f64>(), [3.0, 0.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn segment_mean(self, ids: Var<'t>, count: usize) -> Var<'t> {
        let counts = self.full_like(1.0).segment_sum(ids, count);
        self.segment_sum(ids, count) / counts.maximum(1.0)
    }

    /// The largest elements of segments; 0 for a segment without elements. Equal largest elements share the gradient equally.
    /// Else as [`segment_sum`](Var::segment_sum).
    ///
    /// # Panics
    /// As [`segment_sum`](Var::segment_sum).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([-1.0, 3.0, -5.0]);
    /// assert_eq!(x.segment_max(tape.constant([2i64, 0, 2]), 3).to_vec::<f64>(), [3.0, 0.0, -1.0]);
    /// ```
    #[track_caller]
    pub fn segment_max(self, ids: Var<'t>, count: usize) -> Var<'t> {
        self.check_segments("segment_max", ids);
        let places = ids.spread(0, &self.shape());
        let empty = self.tape.full(0.0, self.shape().with_length(0, count), self.dtype());
        record(ScatterMax { axis: 0, include: false }, &[empty, places, self])
    }

    /// The smallest elements of segments. Else as [`segment_max`](Var::segment_max).
    ///
    /// # Panics
    /// As [`segment_sum`](Var::segment_sum).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([-1.0, 3.0, -5.0]);
    /// assert_eq!(x.segment_min(tape.constant([2i64, 0, 2]), 3).to_vec::<f64>(), [3.0, 0.0, -5.0]);
    /// ```
    #[track_caller]
    pub fn segment_min(self, ids: Var<'t>, count: usize) -> Var<'t> {
        -(-self).segment_max(ids, count)
    }

    /// ln Σ eˣ of segments, without overflow; −∞ for a segment without elements. Else as [`segment_sum`](Var::segment_sum).
    ///
    /// # Panics
    /// As [`segment_sum`](Var::segment_sum).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([1000.0, 1.0, 1000.0]);
    /// let y = x.segment_logsumexp(tape.constant([1i64, 0, 1]), 2);
    /// assert_eq!(y.to_vec::<f64>(), [1.0, 1000.0 + 2f64.ln()]);
    /// ```
    #[track_caller]
    pub fn segment_logsumexp(self, ids: Var<'t>, count: usize) -> Var<'t> {
        let (sums, _, shift) = self.segment_exponentials(ids, count);
        // A sum of 0 has no logarithm with a slope.
        let none = sums.eq(0.0);
        none.select(f64::NEG_INFINITY, none.select(1.0, sums).ln() + shift)
    }

    /// The softmax within each segment, as attention over the edges of a graph takes it. The result has the shape of `self`.
    /// Else as [`segment_sum`](Var::segment_sum).
    ///
    /// # Panics
    /// As [`segment_sum`](Var::segment_sum).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([2.0, 1.0, 2.0]);
    /// assert_eq!(x.segment_softmax(tape.constant([1i64, 0, 1]), 2).to_vec::<f64>(), [0.5, 1.0, 0.5]);
    /// ```
    #[track_caller]
    pub fn segment_softmax(self, ids: Var<'t>, count: usize) -> Var<'t> {
        let (sums, exponentials, _) = self.segment_exponentials(ids, count);
        exponentials / sums.take(0, ids)
    }

    /// The sums of exponentials, the exponentials, and the largest elements that were subtracted before.
    #[track_caller]
    fn segment_exponentials(self, ids: Var<'t>, count: usize) -> (Var<'t>, Var<'t>, Var<'t>) {
        // The maxima cancel, so they do not change the derivative.
        let largest = self.detach().segment_max(ids, count);
        let shift = largest.abs().lt(f64::INFINITY).select(largest, 0.0);
        let exponentials = (self - shift.take(0, ids)).exp();
        (exponentials.segment_sum(ids, count), exponentials, shift)
    }

    /// Refuses ids that are not one for each element of the first axis; the message names what was called.
    #[track_caller]
    pub(crate) fn check_segments(self, op: &str, ids: Var<'t>) {
        let shape = self.shape();
        if shape.is_empty() || ids.shape()[..] != shape[..1] {
            self.mistake(op, format!("ids of shape {} for {shape}", ids.shape()), "x")
                .line("ids", ids.describe())
                .rule("there is one id for each element of the first axis")
                .raise();
        }
    }
}
