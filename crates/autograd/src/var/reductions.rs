//! Products over axes, truth over axes, and running log-sum-exps: composed of other ops.

use super::Var;
use super::axes::ToAxes;
use crate::dtype::DType;
use crate::ir::Prod;
use crate::record::record;

impl<'t> Var<'t> {
    /// The product of all elements, Π x; 1 if there are none. Zeros have right derivatives of any order.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([2.0, 0.0, 4.0]);
    /// assert_eq!(x.prod().item(), 0.0);
    /// assert_eq!(x.prod().grad([x])[0].to_vec::<f64>(), [0.0, 8.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn prod(self) -> Var<'t> {
        self.prod_over(..)
    }

    /// The product over some axes, which disappear, or stay with length 1: see [`ToAxes`](crate::ToAxes); 1 for no elements.
    /// Zeros have right derivatives of any order: the halves of an axis are multiplied with each other until one element is
    /// left, so nothing is divided.
    ///
    /// # Panics
    /// If an axis does not exist, or for dtypes other than `F32` and `F64`.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([[1.0, 2.0, 3.0], [4.0, 5.0, 0.0]]);
    /// assert_eq!(x.prod_over(1).to_vec::<f64>(), [6.0, 0.0]);
    /// assert_eq!(x.prod_over(1).sum().grad([x])[0].to_vec::<f64>(), [6.0, 3.0, 2.0, 0.0, 0.0, 20.0]);
    /// ```
    #[track_caller]
    pub fn prod_over(self, axes: impl ToAxes) -> Var<'t> {
        let over = self.axes("prod_over", axes);
        // A product by 1 is where integers are refused.
        let mut y = if over.axes.is_empty() || !self.dtype().is_float() { self * 1.0 } else { self };
        for &axis in over.axes.iter().rev() {
            y = record(Prod { axis }, &[y]);
        }
        over.restored(y, self)
    }

    /// Whether any element is true; for numbers, whether any is not 0. False if there are none. No derivative.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert_eq!(tape.constant([1.0, 3.0]).gt(2.0).any().to_vec::<bool>(), [true]);
    /// ```
    #[track_caller]
    pub fn any(self) -> Var<'t> {
        self.any_over(..)
    }

    /// Whether any element over some axes is true, which disappear, or stay with length 1: see [`ToAxes`](crate::ToAxes).
    ///
    /// # Panics
    /// If an axis does not exist.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.constant([[true, false], [false, false]]);
    /// assert_eq!(x.any_over(1).to_vec::<bool>(), [true, false]);
    /// ```
    #[track_caller]
    pub fn any_over(self, axes: impl ToAxes) -> Var<'t> {
        // A sum of ones and zeros is 0 only if all are, however it is rounded.
        self.cast(DType::Bool).cast(DType::F32).sum_over(axes).gt(0.0)
    }

    /// Whether all elements are true; for numbers, whether none is 0. True if there are none. No derivative.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert_eq!(tape.constant([1.0, 3.0]).gt(2.0).all().to_vec::<bool>(), [false]);
    /// ```
    #[track_caller]
    pub fn all(self) -> Var<'t> {
        self.all_over(..)
    }

    /// Whether all elements over some axes are true, which disappear, or stay with length 1: see
    /// [`ToAxes`](crate::ToAxes).
    ///
    /// # Panics
    /// If an axis does not exist.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.constant([[true, false], [true, true]]);
    /// assert_eq!(x.all_over(0).to_vec::<bool>(), [true, false]);
    /// ```
    #[track_caller]
    pub fn all_over(self, axes: impl ToAxes) -> Var<'t> {
        let false_ones = self.cast(DType::Bool).eq(0.0);
        false_ones.cast(DType::F32).sum_over(axes).eq(0.0)
    }

    /// Running log-sum-exps along an axis, yᵢ = ln Σ e^xⱼ over j ≤ i, without overflow. The exponentials are added relative
    /// to the largest so far. A negative axis counts from the end.
    ///
    /// # Panics
    /// If the axis does not exist, or for dtypes other than `F32` and `F64`.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([1000.0, 1000.0]);
    /// let y = x.logcumsumexp(0);
    /// assert_eq!(y.to_vec::<f64>(), [1000.0, 1000.0 + 2f64.ln()]);
    /// assert_eq!(y.sum().grad([x])[0].to_vec::<f64>(), [1.5, 0.5]);
    /// ```
    #[track_caller]
    pub fn logcumsumexp(self, axis: isize) -> Var<'t> {
        // The maxima are subtracted and added again, so they do not change the derivative.
        let largest = self.detach().cummax(axis);
        let Some(last) = self.shape()[usize::from(self.axis("logcumsumexp", axis))].checked_sub(1) else {
            return largest;
        };
        let shift = largest.abs().lt(f64::INFINITY).select(largest, 0.0);
        let before = largest.slice(axis, ..last).pad(axis, 1, 0);
        let factor = before.eq(largest).select(1.0, (before - largest).exp());
        let sums = (self - shift).exp().linear_recurrence(factor, axis);
        // As long as all are −∞ the sum is 0, whose logarithm has no slope.
        let none = sums.eq(0.0);
        none.select(f64::NEG_INFINITY, none.select(1.0, sums).ln() + shift)
    }
}
