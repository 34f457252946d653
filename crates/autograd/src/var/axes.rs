//! The axes of a reduction, and whether the result keeps them.

use super::Var;
use crate::ir::Op;
use crate::record::record;
use crate::shape::{Axes, Axis};
use std::ops::RangeFull;

/// The axes that a reduction goes over: one (`0`), several (`[0, 2]`), or all (`..`). Negative numbers count from the end.
///
/// They disappear from the shape; within [`Keep`] they stay, with length 1, so that the result broadcasts against the
/// operand. Every reduction takes its axes in this way.
///
/// ```
/// use autograd::{Keep, Shape, Tape};
/// let tape = Tape::new();
/// let x = tape.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
/// assert_eq!(x.sum_over(0).to_vec::<f64>(), [5.0, 7.0, 9.0]);
/// assert_eq!(x.sum_over([0, -1]).item(), 21.0);
/// assert_eq!(x.sum_over(..).item(), 21.0);
/// let shares = x / x.sum_over(Keep(-1));
/// assert_eq!(shares.sum_over(-1).to_vec::<f64>(), [1.0, 1.0]);
/// assert_eq!(x.max_over(Keep(..)).shape(), Shape::from([1, 1]));
/// ```
pub trait ToAxes: sealed::Listed {}

/// Axes that the result of a reduction keeps with length 1: see [`ToAxes`].
///
/// ```
/// use autograd::{Keep, Shape, Tape};
/// let tape = Tape::new();
/// let x = tape.constant([[1.0, 3.0], [2.0, 8.0]]);
/// assert_eq!(x.mean_over(Keep(1)).shape(), Shape::from([2, 1]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep<A>(pub A);

mod sealed {
    #[diagnostic::on_unimplemented(
        message = "`{Self}` names no axes",
        label = "neither an axis such as `-1`, a list such as `[0, 1]`, nor `..` for all",
        note = "axes are `isize`; those that shall stay with length 1 are within `Keep(…)`"
    )]
    pub trait Listed {
        /// The axes as they were written; `None` for all.
        fn listed(&self) -> Option<&[isize]>;

        /// Whether they stay.
        fn stay(&self) -> bool {
            false
        }
    }
}
use sealed::Listed;

impl<A: Listed + ?Sized> ToAxes for A {}

impl Listed for isize {
    fn listed(&self) -> Option<&[isize]> {
        Some(std::slice::from_ref(self))
    }
}
impl<const N: usize> Listed for [isize; N] {
    fn listed(&self) -> Option<&[isize]> {
        Some(self)
    }
}
impl Listed for [isize] {
    fn listed(&self) -> Option<&[isize]> {
        Some(self)
    }
}
impl Listed for Vec<isize> {
    fn listed(&self) -> Option<&[isize]> {
        Some(self)
    }
}
impl Listed for RangeFull {
    fn listed(&self) -> Option<&[isize]> {
        None
    }
}
impl<A: Listed + ?Sized> Listed for &A {
    fn listed(&self) -> Option<&[isize]> {
        (**self).listed()
    }
    fn stay(&self) -> bool {
        (**self).stay()
    }
}
impl<A: Listed> Listed for Keep<A> {
    fn listed(&self) -> Option<&[isize]> {
        self.0.listed()
    }
    fn stay(&self) -> bool {
        true
    }
}

/// The axes of a reduction, counted from the front, ascending and without repeats.
pub(crate) struct Reduced {
    pub(crate) axes: Axes,
    stay: bool,
}

impl<'t> Var<'t> {
    /// An axis, counted from the front.
    #[track_caller]
    pub(crate) fn axis(self, op: &str, axis: isize) -> Axis {
        self.axes(op, axis).axes[0]
    }

    /// The axes of a reduction that the user calls `op`.
    #[track_caller]
    pub(crate) fn axes(self, op: &str, axes: impl ToAxes) -> Reduced {
        let shape = self.shape();
        let Some(listed) = axes.listed() else {
            return Reduced { axes: (0..shape.len() as Axis).collect(), stay: axes.stay() };
        };
        match shape.normalize_axes(listed) {
            Ok(counted) => Reduced { axes: counted, stay: axes.stay() },
            Err(axis) => self
                .mistake(op, format!("axis {axis} does not exist"), "x")
                .rule(format!("shape {shape} has {} axes", shape.len()))
                .raise(),
        }
    }

    /// Records a reduction over these axes.
    #[track_caller]
    pub(crate) fn reduce<O: Into<Op>>(self, over: Reduced, op: impl FnOnce(Axes) -> O) -> Var<'t> {
        let Reduced { axes, stay } = over;
        if !stay {
            return record(op(axes), &[self]);
        }
        record(op(axes.clone()), &[self]).keeping(self, &axes)
    }

    /// How many elements are reduced to one.
    pub(crate) fn terms(self, over: &Reduced) -> usize {
        let shape = self.shape();
        over.axes.iter().map(|&a| shape[a as usize]).product()
    }

    /// The result of a reduction of `x`, with length 1 at the axes that have disappeared.
    #[track_caller]
    pub(crate) fn keeping(self, x: Var<'t>, axes: &[Axis]) -> Var<'t> {
        self.reshape(x.shape().with_ones(axes))
    }
}

impl Reduced {
    /// The same axes, which the result does not keep.
    pub(crate) fn dropped(&self) -> Reduced {
        Reduced { axes: self.axes.clone(), stay: false }
    }

    /// Puts the axes back into a result, if the caller asked to keep them.
    #[track_caller]
    pub(crate) fn restored<'t>(&self, y: Var<'t>, x: Var<'t>) -> Var<'t> {
        if self.stay { y.keeping(x, &self.axes) } else { y }
    }
}
