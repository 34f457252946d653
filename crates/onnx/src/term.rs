//! Formulas: values that are added and multiplied as numbers are. Each operation is a node.

use crate::model::{Attribute, Value};
use crate::writer::Writer;
use autograd::DType;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A value in a formula, with the dtype of the numbers it meets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Term<'w> {
    writer: &'w Writer,
    pub(crate) value: Value,
    dtype: DType,
}

/// What meets a term: another one, or a number.
pub(crate) trait Operand<'w> {
    fn meeting(self, term: Term<'w>) -> Value;
}
impl<'w> Operand<'w> for Term<'w> {
    fn meeting(self, _term: Term<'w>) -> Value {
        self.value
    }
}
impl<'w> Operand<'w> for f64 {
    fn meeting(self, term: Term<'w>) -> Value {
        term.writer.number(term.dtype, self)
    }
}

impl<'w> Term<'w> {
    pub(crate) fn new(writer: &'w Writer, value: Value, dtype: DType) -> Term<'w> {
        Term { writer, value, dtype }
    }

    /// The operator of this name.
    pub(crate) fn op(self, name: &'static str) -> Term<'w> {
        self.op_with(name, vec![])
    }

    /// The operator of this name, with attributes.
    pub(crate) fn op_with(self, name: &'static str, attributes: Vec<(&'static str, Attribute)>) -> Term<'w> {
        Term { value: self.writer.node_with(name, [self.value], attributes), ..self }
    }

    /// The operator of this name, of two operands.
    pub(crate) fn with(self, name: &'static str, other: impl Operand<'w>) -> Term<'w> {
        Term { value: self.writer.node(name, [self.value, other.meeting(self)]), ..self }
    }

    /// `a` where this holds, else `b`.
    pub(crate) fn choose(self, a: impl Operand<'w>, b: impl Operand<'w>, like: Term<'w>) -> Term<'w> {
        let operands = [self.value, a.meeting(like), b.meeting(like)];
        Term { value: self.writer.node("Where", operands), ..like }
    }

    /// The same elements under another shape.
    pub(crate) fn reshape(self, shape: &[usize]) -> Term<'w> {
        Term { value: reshape(self.writer, self.value, shape), ..self }
    }

    /// The axes in another order.
    pub(crate) fn transpose(self, axes: impl IntoIterator<Item = usize>) -> Term<'w> {
        let axes = axes.into_iter().map(|axis| axis as i64).collect();
        self.op_with("Transpose", vec![("perm", Attribute::Ints(axes))])
    }

    /// Sums over axes, which stay with length 1 or disappear.
    pub(crate) fn sum(self, axes: impl IntoIterator<Item = i64>, keep: bool) -> Term<'w> {
        let operands = [self.value, self.writer.ints(axes)];
        let keep = vec![("keepdims", Attribute::Int(i64::from(keep)))];
        Term { value: self.writer.node_with("ReduceSum", operands, keep), ..self }
    }

    /// As numbers of another type.
    pub(crate) fn cast(self, dtype: DType) -> Term<'w> {
        let to = vec![("to", Attribute::Int(crate::model::data_type(dtype)))];
        Term { dtype, ..self.op_with("Cast", to) }
    }
}

/// A length of 0 is one here, and does not stand for that of the operand.
pub(crate) fn reshape(writer: &Writer, x: Value, shape: &[usize]) -> Value {
    let zeros = shape.contains(&0).then_some(("allowzero", Attribute::Int(1)));
    writer.node_with("Reshape", [x, writer.lengths(shape)], zeros.into_iter().collect())
}

macro_rules! operators {
    ($($Trait:ident $method:ident $name:literal;)*) => {
        $(impl<'w, T: Operand<'w>> $Trait<T> for Term<'w> {
            type Output = Term<'w>;
            fn $method(self, other: T) -> Term<'w> {
                self.with($name, other)
            }
        })*
    };
}
operators! {
    Add add "Add";
    Sub sub "Sub";
    Mul mul "Mul";
    Div div "Div";
}
impl<'w> Neg for Term<'w> {
    type Output = Term<'w>;
    fn neg(self) -> Term<'w> {
        self.op("Neg")
    }
}
