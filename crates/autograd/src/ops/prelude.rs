//! The names that the files of the ops use.

pub(super) use crate::buffers::Strided;
pub(super) use crate::call::{Fault, Fill, Needs, Room};
pub(super) use crate::dense::{Dense, indices, offset};
pub(super) use crate::dtype::{DType, Float, with_float, with_type};
pub(super) use crate::ir::Meta;
pub(super) use crate::kernels;
pub(super) use crate::op::{
    At, Batch, Clash, Cotangents, Each, Mismatch, Rule, Wanted, behind, none, one_dtype, only, total,
};
pub(super) use crate::record::{record, require_float};
pub(super) use crate::shape::{Axes, Axis, Layout, Shape, Strides};
pub(super) use crate::symbol::{self, Expr, Sketch};
pub(super) use crate::target::Target;
#[cfg(test)]
pub(super) use crate::tests::{Row, Tested, large, row, rows};
pub(super) use crate::tree;
pub(super) use crate::var::{Operand, ToAxes, Var};

use crate::ir::Op;

/// The tangent of an op that is linear in its only operand: the op itself, applied to the tangent.
pub(super) fn linear<'t>(op: impl Into<Op>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
    t[0].map(|t| record(op, &[t]))
}

impl<'t> Batch<'_, 't> {
    /// An op that takes the axis of the examples as it takes its other leading ones, or with attributes that are moved past it.
    #[track_caller]
    pub(super) fn record(&self, op: impl Into<Op>) -> Var<'t> {
        let all: Vec<Var<'t>> = (0..self.x.len()).map(|i| self.of_all(i)).collect();
        record(op, &all)
    }
}
