//! Reading and writing by index and by mask: composed of other ops.

use super::{Operand, Var};
use crate::dtype::DType;
use crate::ir::ScatterAdd;
use crate::lists::IntoList;
use crate::record::record;
use crate::shape::Shape;

impl<'t> Var<'t> {
    /// 1 at the index and 0 elsewhere, along a new last axis: y\[…, k\] = \[index… = k\], of `F32` or `F64`. No derivative.
    ///
    /// # Panics
    /// If `self` is not `I64`, the dtype is no floating-point one, or an index is out of 0..`classes`
    /// ([`Fault`](crate::Fault)).
    ///
    /// ```
    /// use autograd::{DType, Tape};
    /// let tape = Tape::new();
    /// let y = tape.constant([2i64, 0]).one_hot(3, DType::F64);
    /// assert_eq!(y.to_vec::<f64>(), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn one_hot(self, classes: usize, dtype: DType) -> Var<'t> {
        let index = self.unsqueeze(-1);
        let one = self.tape.full(1.0, index.shape(), dtype);
        let axis = self.rank();
        let to = index.shape().with_length(axis, classes);
        record(ScatterAdd { axis: axis as u8, to }, &[one, index])
    }

    /// How often each integer of 0..`count` occurs among all elements, as `I64`. No derivative.
    ///
    /// # Panics
    /// If `self` is not `I64`, or an element is out of 0..`count` ([`Fault`](crate::Fault)).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert_eq!(tape.constant([2i64, 0, 2]).bincount(4).to_vec::<i64>(), [1, 0, 2, 0]);
    /// ```
    #[track_caller]
    pub fn bincount(self, count: usize) -> Var<'t> {
        let ids = self.reshape([self.shape().elements()]);
        // F64 counts exactly.
        self.tape.full(1.0, ids.shape(), DType::F64).segment_sum(ids, count).cast(DType::I64)
    }

    /// `value` where the mask holds, else `self`. They are broadcast against each other; the value is a number or a variable.
    ///
    /// # Panics
    /// As [`select`](Var::select).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 2.0]);
    /// let y = x.masked_fill(tape.constant([true, false]), -1.0);
    /// assert_eq!(y.to_vec::<f64>(), [-1.0, 2.0]);
    /// assert_eq!(y.sum().grad([x])[0].to_vec::<f64>(), [0.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn masked_fill(self, mask: Var<'t>, value: impl Operand<'t>) -> Var<'t> {
        mask.select(value, self)
    }

    /// The places of the true elements of a mask, counted in row-major order, as `I64`. How many there are depends on the
    /// values, so this is for eager tapes alone: a program has fixed shapes.
    ///
    /// # Panics
    /// If `self` is not `Bool`, or is traced.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert_eq!(tape.constant([3.0, 1.0, 2.0]).gt(1.5).true_places().to_vec::<i64>(), [0, 2]);
    /// ```
    #[track_caller]
    pub fn true_places(self) -> Var<'t> {
        self.check_mask("true_places");
        let mask = self.to_vec::<bool>();
        let places: Vec<i64> = (0..).zip(mask).filter(|(_, holds)| *holds).map(|(i, _)| i).listed();
        self.tape.constant(places)
    }

    /// The elements where the mask holds, in row-major order, as a vector. They are broadcast against each other. How many
    /// there are depends on the values, so this is for eager tapes alone; in a program [`masked_fill`](Var::masked_fill) and
    /// `select` keep the shape.
    ///
    /// # Panics
    /// If the mask is not `Bool` or is traced, or shapes clash.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([[1.0, 2.0], [3.0, 4.0]]);
    /// let y = x.masked_select(x.gt(1.5));
    /// assert_eq!(y.to_vec::<f64>(), [2.0, 3.0, 4.0]);
    /// assert_eq!(y.sum().grad([x])[0].to_vec::<f64>(), [0.0, 1.0, 1.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn masked_select(self, mask: Var<'t>) -> Var<'t> {
        mask.check_mask("masked_select");
        let (mask, x) = Var::broadcast_pair("masked_select", mask, self);
        x.reshape([x.shape().elements()]).take(0, mask.true_places())
    }

    /// `self` with the elements where the mask holds replaced by those of a source, which are used up in row-major order. Those
    /// that are left over have no gradient. The mask and `self` are broadcast against each other.
    ///
    /// # Panics
    /// If the mask is not `Bool`, shapes clash, dtypes differ, or the source has too few elements ([`Fault`](crate::Fault):
    /// the place in the mask, and how many elements it would take).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let (x, source) = (tape.var([1.0, 2.0, 3.0]), tape.var([10.0, 20.0]));
    /// let y = x.masked_scatter(x.ne(2.0), source);
    /// assert_eq!(y.to_vec::<f64>(), [10.0, 2.0, 20.0]);
    /// assert_eq!(y.sum().grad([source])[0].to_vec::<f64>(), [1.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn masked_scatter(self, mask: Var<'t>, source: Var<'t>) -> Var<'t> {
        let (mask, x) = Var::broadcast_pair("masked_scatter", mask, self);
        let flat = mask.reshape([mask.shape().elements()]);
        // How many of the source are used up at each place; none is used before the first. F64 counts exactly.
        let used = flat.cast(DType::F64).cumsum(0).cast(DType::I64).reshape(x.shape());
        let source = source.reshape([source.shape().elements()]).pad(0, 1, 0);
        mask.select(source.take(0, used), x)
    }

    #[track_caller]
    fn check_mask(self, op: &str) {
        if self.dtype() != DType::Bool {
            self.mistake(op, format!("the mask is {}", self.dtype()), "mask")
                .rule("a mask holds truth values")
                .hint("compare numbers, such as `x.gt(0.0)`, or `.cast(DType::Bool)`")
                .raise();
        }
    }

    /// A vector along an axis, repeated along all others.
    #[track_caller]
    pub(crate) fn spread(self, axis: usize, shape: &Shape) -> Var<'t> {
        let mut alone = vec![1; shape.len()];
        alone[axis] = shape[axis];
        self.reshape(&alone[..]).broadcast_to(shape.clone())
    }
}
