//! What an op has to say about itself: the trait [`Rule`], and which rule belongs to which op.

use crate::dense::Dense;
use crate::dtype::Data;
use crate::ir::{Meta, Op};
use crate::ops;
use crate::shape::Layout;
use crate::var::Var;

/// The meaning of an op. Derivative rules are written in the recorded language: `Var` in, `Var` out. They never
/// allocate, accumulate, un-broadcast or touch a buffer, and so they have derivatives themselves.
pub(crate) trait Rule {
    /// Shape and dtype of the result, or which demand the operands fail.
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch>;

    /// For ops that only look at their operand differently: where the result lies within what the operand, of these
    /// strides, is a view of.
    fn view(&self, _x: &Meta, _strides: &[isize]) -> Option<Layout> {
        None
    }

    /// Vector-Jacobian product: the cotangent of operand `i`, given the result's cotangent `g`; `None` is zero.
    /// Asked only for floating-point operands.
    fn vjp<'t>(&self, at: &At<'_, 't>, i: usize, g: Var<'t>) -> Option<Var<'t>>;

    /// Jacobian-vector product: the tangent of the result, given those of the operands; `None` is zero.
    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>>;

    /// The values by plain loops, for the oracle.
    fn reference(&self, x: &[Dense], y: &Meta) -> Data;
}

/// The recorded point at which a rule is applied.
pub(crate) struct At<'a, 't> {
    /// The operands.
    pub(crate) x: &'a [Var<'t>],
    /// The result.
    pub(crate) y: Var<'t>,
}

impl<'t> At<'_, 't> {
    /// The only operand.
    pub(crate) fn x(&self) -> Var<'t> {
        self.x[0]
    }
}

/// A demand that the operands of an op do not meet.
#[derive(Debug)]
pub(crate) struct Mismatch {
    /// The rule that failed, with what was found.
    pub(crate) rule: String,
    /// What the user may have meant.
    pub(crate) hint: Option<&'static str>,
}

impl Mismatch {
    pub(crate) fn new(rule: impl Into<String>) -> Mismatch {
        Mismatch { rule: rule.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: &'static str) -> Mismatch {
        self.hint = Some(hint);
        self
    }
}

impl Op {
    /// The rule of an op; leaves have none.
    pub(crate) fn rule(&self) -> Option<&dyn Rule> {
        Some(match self {
            Op::Constant | Op::Variable | Op::Parameter(_) | Op::Input(_) | Op::Full(_) => return None,
            Op::Unary(op) => op,
            Op::Binary(op) => op,
            Op::Compare(op) => op,
            Op::Select => &ops::Select,
            Op::Cast(op) => op,
            Op::Detach => &ops::Detach,
            Op::Broadcast(op) => op,
            Op::Reshape(op) => op,
            Op::Permute(op) => op,
            Op::Slice(op) => op,
            Op::Pad(op) => op,
            Op::Concat(op) => op,
            Op::Sum(op) => op,
            Op::Max(op) => op,
            Op::Argmax(op) => op,
            Op::Matmul => &ops::Matmul,
            Op::Softmax(op) => op,
            Op::LogSoftmax(op) => op,
            Op::Pick => &ops::Pick,
            Op::Scatter(op) => op,
        })
    }
}

/// The tangent of an op that is linear in its only operand: the op itself, applied to the tangent.
pub(crate) fn linear<'t>(op: Op, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
    t[0].map(|t| crate::record::record(op, &[t]))
}

/// The sum of the tangents that exist.
pub(crate) fn total<'t>(terms: impl IntoIterator<Item = Option<Var<'t>>>) -> Option<Var<'t>> {
    terms.into_iter().flatten().reduce(|a, b| a + b)
}
