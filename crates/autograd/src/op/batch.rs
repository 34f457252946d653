//! Batches: what an op does for each example of one.

use crate::ir::{Meta, Op};
use crate::shape::{Axes, Shape};
use crate::var::Var;

/// A value in a function of one example, while it is computed for all examples of a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Each<'t> {
    /// Each example has its own, along a new first axis.
    Own(Var<'t>),
    /// All examples have the same.
    Same(Var<'t>),
}

impl<'t> Each<'t> {
    /// With the examples along a new first axis.
    #[track_caller]
    pub(crate) fn of_all(self, examples: usize) -> Var<'t> {
        match self {
            Each::Own(x) => x,
            Each::Same(x) => x.broadcast_to(with_examples(examples, &x.shape())),
        }
    }
}

/// The operands of an op for a batch of examples. At least one is [`Own`](Each::Own).
pub(crate) struct Batch<'a, 't> {
    pub(crate) examples: usize,
    pub(crate) x: &'a [Each<'t>],
}

impl<'t> Batch<'_, 't> {
    /// An operand with the examples along its first axis.
    #[track_caller]
    pub(crate) fn of_all(&self, operand: usize) -> Var<'t> {
        self.x[operand].of_all(self.examples)
    }

    /// A shape with the examples before its other axes.
    pub(crate) fn shape(&self, shape: &[usize]) -> Shape {
        with_examples(self.examples, shape)
    }

    /// Makes the first axis, that of the examples, the outer part of an axis of one example.
    #[track_caller]
    pub(crate) fn merged(&self, x: Var<'t>, axis: usize) -> Var<'t> {
        let moved = if axis == 0 { x } else { x.move_axis(0, axis as isize) };
        let mut shape = x.shape()[1..].to_vec();
        shape[axis] = shape[axis].saturating_mul(self.examples);
        moved.reshape(shape)
    }

    /// Brings the examples back to the front, from the outer part of an axis.
    #[track_caller]
    pub(crate) fn parted(&self, x: Var<'t>, axis: usize) -> Var<'t> {
        let mut shape = x.shape().to_vec();
        shape[axis] /= self.examples.max(1);
        shape.insert(axis, self.examples);
        let parted = x.reshape(shape);
        if axis == 0 { parted } else { parted.move_axis(axis as isize, 0) }
    }
}

/// Axes of one example, as those of a batch.
pub(crate) fn behind(axes: &Axes) -> Axes {
    axes.iter().map(|axis| axis + 1).collect()
}

pub(crate) fn with_examples(examples: usize, shape: &[usize]) -> Shape {
    [&[examples], shape].concat().into()
}

impl Op {
    /// The results for all examples of a batch, along a new first axis, given the shape of one. At least one operand is
    /// [`Own`](Each::Own).
    #[track_caller]
    pub(crate) fn of_each<'t>(&self, examples: usize, y: &Meta, x: &[Each<'t>]) -> Var<'t> {
        let all = self.rule().expect("leaves have no operands").batch(&Batch { examples, x });
        debug_assert_eq!(all.shape(), with_examples(examples, &y.shape), "{}", self.name());
        all
    }
}
