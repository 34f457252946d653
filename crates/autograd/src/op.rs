//! What an op has to say about itself: the trait [`Rule`], and which rule belongs to which op.

use crate::dense::Dense;
use crate::dtype::Data;
use crate::ir::{Meta, Op};
use crate::ops;
use crate::shape::Layout;
use crate::var::Var;
use std::borrow::Cow;

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
    /// The rule that failed.
    pub(crate) rule: Cow<'static, str>,
    /// What the user may have meant; calls the operands by their [`labels`](Op::labels).
    pub(crate) hint: Option<Cow<'static, str>>,
    /// What clashes.
    pub(crate) clash: Vec<Clash>,
}

/// One side of a clash: of an operand, by its number, an axis or the dtype.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Clash {
    Axis(usize, usize),
    DType(usize),
}

impl Clash {
    pub(crate) fn operand(self) -> usize {
        match self {
            Clash::Axis(operand, _) | Clash::DType(operand) => operand,
        }
    }
}

impl Mismatch {
    #[cold]
    pub(crate) fn new(rule: impl Into<Cow<'static, str>>) -> Mismatch {
        Mismatch { rule: rule.into(), hint: None, clash: Vec::new() }
    }

    pub(crate) fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Mismatch {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn clash<const N: usize>(mut self, clash: [Clash; N]) -> Mismatch {
        self.clash.extend(clash);
        self
    }
}

/// The rule that all operands have one dtype, if two of them differ.
pub(crate) fn one_dtype(x: &[&Meta]) -> Result<(), Mismatch> {
    let Some(other) = x.iter().position(|m| m.dtype != x[0].dtype) else { return Ok(()) };
    let mut hint = "convert one side with `.cast(…)`".to_owned();
    if x[0].dtype.is_float() && x[other].dtype.is_float() {
        hint += "; Rust's literals are f64, and `Params::f64()` makes parameters of that type";
    }
    let rule = "all operands have the same dtype; dtypes never mix silently";
    Err(Mismatch::new(rule).hint(hint).clash([Clash::DType(0), Clash::DType(other)]))
}

impl Op {
    /// What messages call the operands.
    pub(crate) fn labels(&self) -> &'static [&'static str] {
        match self {
            Op::Select => &["mask", "a", "b"],
            Op::Pick | Op::Scatter(_) => &["x", "index"],
            Op::Binary(_) | Op::Compare(_) | Op::Matmul => &["a", "b"],
            _ => &["x"],
        }
    }

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
