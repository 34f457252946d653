//! Other shapes of the same elements. All but a reshape of a strided value are views: nothing is copied.

use super::{Operand, Var};
use crate::dtype::DType;
use crate::ir::{Broadcast, Cast, Op, Permute, Reshape};
use crate::record::record;
use crate::shape::{Axes, Shape};

impl<'t> Var<'t> {
    /// The same elements in row-major order under another shape.
    ///
    /// # Panics
    /// If the numbers of elements differ.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.constant(&[1.0, 2.0, 3.0, 4.0]).reshape([2, 2]);
    /// assert_eq!(x.t().to_vec::<f64>(), [1.0, 3.0, 2.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn reshape(self, shape: impl Into<Shape>) -> Var<'t> {
        record(Reshape { to: shape.into() }, &[self])
    }

    /// The axes in another order: axis i of the result is axis `axes[i]`; negative numbers count from the end.
    ///
    /// # Panics
    /// If `axes` does not name each axis once.
    ///
    /// ```
    /// # use autograd::{Shape, Tape};
    /// let tape = Tape::new();
    /// let x = tape.constant(&[0.0; 24]).reshape([2, 3, 4]);
    /// assert_eq!(x.permute(&[2, 0, 1]).shape(), Shape::from([4, 2, 3]));
    /// ```
    #[track_caller]
    pub fn permute(self, axes: &[isize]) -> Var<'t> {
        let axes: Axes = axes.iter().map(|&a| self.axis("permute", a)).collect();
        record(Permute { axes }, &[self])
    }

    /// The transpose: the last two axes exchanged.
    ///
    /// # Panics
    /// If there are fewer than two axes.
    ///
    /// ```
    /// # use autograd::{Shape, Tape};
    /// let tape = Tape::new();
    /// assert_eq!(tape.constant([[1.0, 2.0, 3.0]]).t().shape(), Shape::from([3, 1]));
    /// ```
    #[track_caller]
    pub fn t(self) -> Var<'t> {
        let rank = self.rank();
        if rank < 2 {
            self.mistake("t", format!("shape {} has no two axes", self.shape()), "x")
                .rule("a transpose exchanges the last two axes")
                .hint("`.unsqueeze(1)` makes a column of a vector, `.unsqueeze(0)` a row")
                .raise();
        }
        let mut axes = Axes::from_fn(rank, |axis| axis as u8);
        axes.swap(rank - 2, rank - 1);
        record(Permute { axes }, &[self])
    }

    /// Repeated along axes of length 1 and new leading axes, as in NumPy. The operators do this themselves.
    ///
    /// # Panics
    /// If an axis, counted from the last, is neither equal nor 1.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 2.0]);
    /// assert_eq!(x.broadcast_to([3, 2]).sum().grad([x])[0].to_vec::<f64>(), [3.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn broadcast_to(self, shape: impl Into<Shape>) -> Var<'t> {
        let to = shape.into();
        if self.shape() == to { self } else { record(Broadcast { to }, &[self]) }
    }

    /// Converted to another dtype: to the nearest floating-point number; towards zero to integers (NaN to 0, beyond
    /// the range to its ends); a number is true where it is not 0. Differentiable between `F32` and `F64`.
    ///
    /// ```
    /// # use autograd::{DType, Tape};
    /// let tape = Tape::new();
    /// let x = tape.var([1.5, -2.5]);
    /// assert_eq!(x.cast(DType::I64).to_vec::<i64>(), [1, -2]);
    /// assert_eq!(x.gt(0.0).cast(DType::F64).sum().item(), 1.0);
    /// ```
    #[track_caller]
    pub fn cast(self, to: DType) -> Var<'t> {
        if self.dtype() == to { self } else { record(Cast { to }, &[self]) }
    }

    /// The same values, cut from the derivative: a constant to everything computed from it.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var(3.0);
    /// assert_eq!((x * x.detach()).grad([x])[0].item(), 3.0);
    /// ```
    #[track_caller]
    pub fn detach(self) -> Var<'t> {
        record(Op::Detach, &[self])
    }

    /// Elementwise choice, `self ? a : b`, of a mask; all three are broadcast against each other.
    ///
    /// The gradient goes to the alternative that was taken, and is 0 (times whatever leads there) for the other: if
    /// the one not taken is infinite at such a point, put the choice inside, as in `x.gt(0.0).select(x, 1.0).ln()`.
    ///
    /// # Panics
    /// If `self` is not `Bool`, both alternatives are plain numbers (their dtype would be unknown), dtypes differ, or
    /// shapes clash.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([-1.0, 2.0]);
    /// let y = x.gt(0.0).select(x * x, 0.0);
    /// assert_eq!(y.sum().grad([x])[0].to_vec::<f64>(), [0.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn select(self, a: impl Operand<'t>, b: impl Operand<'t>) -> Var<'t> {
        // A number takes its dtype from the other alternative: the mask's own is Bool.
        let (a, b) = match (a.number(), b.number()) {
            (Some(x), Some(y)) => self
                .mistake("select", format!("the alternatives are the numbers {x} and {y}"), "mask")
                .rule("one of the two has a dtype")
                .hint("`mask.cast(DType::F64)` is 1 where the mask holds and else 0")
                .raise(),
            (Some(x), None) => (b.like(self).full_like(x), b.like(self)),
            (None, Some(y)) => (a.like(self), a.like(self).full_like(y)),
            (None, None) => (a.like(self), b.like(self)),
        };
        let (a, b) = Var::broadcast_pair("select", a, b);
        let (mask, a) = Var::broadcast_pair("select", self, a);
        let (mask, b) = Var::broadcast_pair("select", mask, b);
        record(Op::Select, &[mask, a, b])
    }
}
