//! Sums, means, extremes, products of matrices, softmax, and entries by index.

use super::{Operand, Var};
use crate::ir::{Argmax, LogSoftmax, Max, Op, Softmax, Sum};
use crate::record::record;
use crate::shape::{Axes, Shape};

impl<'t> Var<'t> {
    /// The sum of all elements, Σ x; 0 of none. Added pairwise, in an order given by the shape alone.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 2.0]);
    /// assert_eq!(x.sum().item(), 3.0);
    /// assert_eq!(x.sum().grad([x])[0].to_vec::<f64>(), [1.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn sum(self) -> Var<'t> {
        let axes = (0..self.rank() as u8).collect();
        record(Sum { axes }, &[self])
    }

    /// The sum over some axes, which disappear; negative numbers count from the end.
    ///
    /// # Panics
    /// If an axis does not exist.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.constant([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.sum_over(&[0]).to_vec::<f64>(), [4.0, 6.0]);
    /// assert_eq!(x.sum_over(&[-1]).to_vec::<f64>(), [3.0, 7.0]);
    /// ```
    #[track_caller]
    pub fn sum_over(self, axes: &[isize]) -> Var<'t> {
        let axes = self.axes("sum_over", axes);
        record(Sum { axes }, &[self])
    }

    /// The mean of all elements, Σ x / n; NaN of none.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 2.0]);
    /// assert_eq!(x.mean().grad([x])[0].to_vec::<f64>(), [0.5, 0.5]);
    /// ```
    #[track_caller]
    pub fn mean(self) -> Var<'t> {
        self.sum() / self.shape().elements() as f64
    }

    /// The mean over some axes, which disappear; negative numbers count from the end.
    ///
    /// # Panics
    /// If an axis does not exist.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.constant([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.mean_over(&[0]).to_vec::<f64>(), [2.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn mean_over(self, axes: &[isize]) -> Var<'t> {
        let axes = self.axes("mean_over", axes);
        let terms: usize = axes.iter().map(|&a| self.shape()[a as usize]).product();
        record(Sum { axes }, &[self]) / terms as f64
    }

    /// The largest of all elements; NaN where one is. Where several are largest, they share the gradient equally.
    ///
    /// # Panics
    /// If there are no elements.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 3.0, 3.0]);
    /// assert_eq!(x.max().item(), 3.0);
    /// assert_eq!(x.max().grad([x])[0].to_vec::<f64>(), [0.0, 0.5, 0.5]);
    /// ```
    #[track_caller]
    pub fn max(self) -> Var<'t> {
        let axes = (0..self.rank() as u8).collect();
        record(Max { axes }, &[self])
    }

    /// The largest over some axes, which disappear; NaN where one is. Equal ones share the gradient equally.
    ///
    /// # Panics
    /// If an axis does not exist or has no element.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.constant([[1.0, 2.0], [4.0, 3.0]]);
    /// assert_eq!(x.max_over(&[0]).to_vec::<f64>(), [4.0, 3.0]);
    /// assert_eq!(x.max_over(&[-1]).to_vec::<f64>(), [2.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn max_over(self, axes: &[isize]) -> Var<'t> {
        let axes = self.axes("max_over", axes);
        record(Max { axes }, &[self])
    }

    /// The smallest of all elements, as [`max`](Var::max).
    ///
    /// # Panics
    /// If there are no elements.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert_eq!(tape.var([2.0, 1.0]).min().item(), 1.0);
    /// ```
    #[track_caller]
    pub fn min(self) -> Var<'t> {
        -(-self).max()
    }

    /// The smallest over some axes, as [`max_over`](Var::max_over).
    ///
    /// # Panics
    /// If an axis does not exist or has no element.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert_eq!(tape.var([[1.0, 2.0], [4.0, 3.0]]).min_over(&[1]).to_vec::<f64>(), [1.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn min_over(self, axes: &[isize]) -> Var<'t> {
        -(-self).max_over(axes)
    }

    /// The places of the largest elements along an axis, which disappears, as `I64`: the first of equal ones, the
    /// first NaN where there is one. No derivative.
    ///
    /// # Panics
    /// If the axis does not exist or has no element.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let logits = tape.constant([[0.1, 2.0, 2.0], [5.0, 1.0, 0.0]]);
    /// assert_eq!(logits.argmax(-1).to_vec::<i64>(), [1, 0]);
    /// ```
    #[track_caller]
    pub fn argmax(self, axis: isize) -> Var<'t> {
        let axis = self.axis("argmax", axis);
        record(Argmax { axis }, &[self])
    }

    /// The places of the smallest elements along an axis, as [`argmax`](Var::argmax).
    ///
    /// # Panics
    /// If the axis does not exist or has no element.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert_eq!(tape.constant([3.0, 1.0, 2.0]).argmin(0).to_vec::<i64>(), [1]);
    /// ```
    #[track_caller]
    pub fn argmin(self, axis: isize) -> Var<'t> {
        (-self).argmax(axis)
    }

    /// The product of matrices, of \[m, k\] and \[k, n\]: Cᵢⱼ = Σₚ aᵢₚ·bₚⱼ. A transpose as operand costs no copy.
    ///
    /// More axes in front number the matrices, as in NumPy: \[…, m, k\] and \[…, k, n\] give \[…, m, n\], and the
    /// leading axes are broadcast against each other.
    ///
    /// # Panics
    /// If an operand has fewer than two axes, the lengths k differ, leading axes clash, or dtypes differ.
    ///
    /// ```
    /// # use autograd::{Shape, Tape};
    /// let tape = Tape::new();
    /// let (a, b) = (tape.var([[1.0, 2.0]]), tape.var([[3.0], [4.0]]));
    /// let c = a.matmul(b);
    /// assert_eq!(c.item(), 11.0);
    /// let [da, db] = c.grad([a, b]);
    /// assert_eq!((da.to_vec::<f64>(), db.to_vec::<f64>()), (vec![3.0, 4.0], vec![1.0, 2.0]));
    ///
    /// let batch = tape.constant(&[1.0; 30]).reshape([5, 3, 2]);
    /// assert_eq!(batch.matmul(b).shape(), Shape::from([5, 3, 1]));
    /// ```
    #[track_caller]
    pub fn matmul(self, rhs: impl Operand<'t>) -> Var<'t> {
        let rhs = rhs.like(self);
        if self.rank() == 2 && rhs.rank() == 2 {
            return record(Op::Matmul, &[self, rhs]);
        }
        let (a, b) = (self.shape(), rhs.shape());
        let (Some((lead, &[m, k])), Some((other, &[l, n]))) = (a.split_last_chunk(), b.split_last_chunk())
        else {
            return record(Op::Matmul, &[self, rhs]);
        };
        if k != l || lead == other {
            return record(Op::Matmul, &[self, rhs]);
        }
        if other.is_empty() {
            // One matrix on the right: the rows of all matrices on the left are the rows of one.
            let rows = lead.iter().product::<usize>() * m;
            let product = record(Op::Matmul, &[self.reshape([rows, k]), rhs]);
            return product.reshape(&[lead, &[m, n]].concat()[..]);
        }
        match Shape::from(lead).broadcast(&Shape::from(other)) {
            Ok(lead) => {
                let a = self.broadcast_to(&[&lead[..], &[m, k]].concat()[..]);
                let b = rhs.broadcast_to(&[&lead[..], &[k, n]].concat()[..]);
                record(Op::Matmul, &[a, b])
            }
            Err(_) => record(Op::Matmul, &[self, rhs]),
        }
    }

    /// Softmax along an axis, eˣⁱ / Σ eˣʲ, without overflow; negative numbers count axes from the end.
    ///
    /// # Panics
    /// If the axis does not exist.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let p = tape.var([1000.0, 1000.0]).softmax(-1);
    /// assert_eq!(p.to_vec::<f64>(), [0.5, 0.5]);
    /// ```
    #[track_caller]
    pub fn softmax(self, axis: isize) -> Var<'t> {
        let axis = self.axis("softmax", axis);
        record(Softmax { axis }, &[self])
    }

    /// The logarithm of the softmax along an axis, xᵢ − ln Σ eˣʲ, accurate where the softmax underflows.
    ///
    /// # Panics
    /// If the axis does not exist.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let y = tape.var([0.0, 1000.0]).log_softmax(0);
    /// assert_eq!(y.to_vec::<f64>(), [-1000.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn log_softmax(self, axis: isize) -> Var<'t> {
        let axis = self.axis("log_softmax", axis);
        record(LogSoftmax { axis }, &[self])
    }

    /// One entry of each row of a matrix of \[n, c\]: yᵢ = x\[i, indexᵢ\], for an index of n integers.
    ///
    /// # Panics
    /// If `self` is no matrix, the index is not `I64` of shape \[n\], or an index is outside of 0..c.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([[1.0, 2.0], [3.0, 4.0]]);
    /// let y = x.pick(tape.constant(&[1i64, 0]));
    /// assert_eq!(y.to_vec::<f64>(), [2.0, 3.0]);
    /// assert_eq!(y.sum().grad([x])[0].to_vec::<f64>(), [0.0, 1.0, 1.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn pick(self, index: Var<'t>) -> Var<'t> {
        record(Op::Pick, &[self, index])
    }

    /// An axis, counted from the front.
    #[track_caller]
    pub(super) fn axis(self, op: &str, axis: isize) -> u8 {
        self.axes(op, &[axis])[0]
    }

    /// Axes, counted from the front, ascending and without repeats.
    #[track_caller]
    pub(super) fn axes(self, op: &str, axes: &[isize]) -> Axes {
        let shape: Shape = self.shape();
        match shape.normalize_axes(axes) {
            Ok(axes) => axes,
            Err(axis) => self
                .mistake(op, format!("axis {axis} does not exist"), "x")
                .rule(format!("shape {shape} has {} axes", shape.len()))
                .raise(),
        }
    }
}
