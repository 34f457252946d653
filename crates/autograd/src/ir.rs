//! The recorded language: what a node of the list says. Data only; what an op means stands in [`crate::ops`].

use crate::dtype::DType;
use crate::few::Few;
use crate::params::Param;
use crate::shape::{Axes, Shape};
use crate::table::{binary_table, compare_table, unary_table};

/// Place of a node in its list.
pub(crate) type NodeId = u32;

/// Operands of a node, in order.
pub(crate) type Inputs = Few<NodeId, 4>;

/// Calls `f` with something for each operand. Most ops have one to three, for which it is an array, made where it is read.
#[inline(always)]
pub(crate) fn for_operands<T, R>(
    inputs: &[NodeId],
    of: impl Fn(NodeId) -> T,
    f: impl FnOnce(&[T]) -> R,
) -> R {
    match *inputs {
        [a] => f(&[of(a)]),
        [a, b] => f(&[of(a), of(b)]),
        [a, b, c] => f(&[of(a), of(b), of(c)]),
        _ => f(&inputs.iter().map(|&id| of(id)).collect::<Vec<T>>()),
    }
}

macro_rules! unary_enum {
    ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?): |$x:ident, $y:ident| $value:expr, $slope:expr, $domain:expr;)*) => {
        /// Elementwise functions of one argument, with their constant parameter where they have one.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub(crate) enum Unary {
            $($Row $(($crate::ir::parameter!($p)))?,)*
        }
        impl Unary {
            pub(crate) fn name(self) -> &'static str {
                match self { $(Unary::$Row { .. } => stringify!($name),)* }
            }

            /// The constant parameter of those that have one.
            pub(crate) fn parameter(self) -> Option<f64> {
                match self { $(Unary::$Row $(($p))? => $crate::ir::given!($($p)?),)* }
            }
        }
    };
}
/// The type of a row's parameter, whatever its name.
macro_rules! parameter {
    ($p:ident) => {
        f64
    };
}
pub(crate) use parameter;
/// The value of a row's parameter, if it has one.
macro_rules! given {
    () => {
        None
    };
    ($p:ident) => {
        Some($p)
    };
}
pub(crate) use given;
unary_table!(unary_enum);

macro_rules! binary_enum {
    ($($(#[$doc:meta])* $Row:ident $name:ident: |$a:ident, $b:ident, $y:ident| $value:expr, $da:expr, $db:expr, $domain:expr;)*) => {
        /// Elementwise functions of two arguments of equal shape.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub(crate) enum Binary { $($Row,)* }
        impl Binary {
            pub(crate) fn name(self) -> &'static str {
                match self { $(Binary::$Row => stringify!($name),)* }
            }
        }
    };
}
binary_table!(binary_enum);

macro_rules! compare_enum {
    ($($(#[$doc:meta])* $Row:ident $name:ident: |$a:ident, $b:ident| $value:expr;)*) => {
        /// Elementwise comparisons.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub(crate) enum Compare { $($Row,)* }
        impl Compare {
            pub(crate) fn name(self) -> &'static str {
                match self { $(Compare::$Row => stringify!($name),)* }
            }
        }
    };
}
compare_table!(compare_enum);

macro_rules! language {
    ($($(#[$doc:meta])* $Name:ident $(($Attributes:ty))?;)*) => {
        /// Every operation that a list can hold. Closed, so that the compiler names each place that a new op still lacks.
        #[derive(Clone, Debug, PartialEq)]
        pub(crate) enum Op {
            $($(#[$doc])* $Name $(($Attributes))?,)*
        }
        /// The ops without their attributes: what the table of tests has to have a row for.
        #[cfg(test)]
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub(crate) enum Kind {
            $($Name,)*
        }
        #[cfg(test)]
        impl Kind {
            pub(crate) const ALL: &[Kind] = &[$(Kind::$Name),*];
        }
    };
}
language! {
    /// A leaf: data without a gradient.
    Constant;
    /// A leaf that can be differentiated with respect to.
    Variable;
    /// A leaf that reads a parameter of the slab; a frozen one has no gradient.
    Parameter(Param);
    /// A leaf of a traced computation whose values come with each run, by its place among the inputs.
    Input(u32);
    /// A leaf of one number in every place, stored once.
    Full(f64);
    /// An elementwise function of one argument.
    Unary(Unary);
    /// An elementwise function of two arguments.
    Binary(Binary);
    /// An elementwise comparison.
    Compare(Compare);
    /// mask ? a : b.
    Select;
    /// Conversion to another dtype.
    Cast(Cast);
    /// The same values, cut from the derivative.
    Detach;
    /// Repetition along axes of length 1 and new leading axes.
    Broadcast(Broadcast);
    /// The same elements in row-major order under another shape.
    Reshape(Reshape);
    /// The axes in another order.
    Permute(Permute);
    /// A range along an axis.
    Slice(Slice);
    /// Zeros before and after along an axis: the adjoint of `Slice`.
    Pad(Pad);
    /// Any number of operands, one after the other along an axis.
    Concat(Concat);
    /// Sum over axes, which disappear.
    Sum(Sum);
    /// Largest element over axes, which disappear.
    Max(Max);
    /// Place of the largest element along an axis, which disappears.
    Argmax(Argmax);
    /// Product of two matrices.
    Matmul;
    /// Exponentials along an axis, normalised to sum 1.
    Softmax(Softmax);
    /// Logarithm of the softmax.
    LogSoftmax(LogSoftmax);
    /// One entry per row, by an index per row.
    Pick;
    /// Zeros but for one given entry per row: the adjoint of `Pick`.
    Scatter(Scatter);
}

macro_rules! attributes {
    ($($(#[$doc:meta])* $Name:ident { $($field:ident: $t:ty),* })*) => {
        $($(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub(crate) struct $Name {
            $(pub(crate) $field: $t,)*
        }
        impl From<$Name> for Op {
            fn from(op: $Name) -> Op {
                Op::$Name(op)
            }
        })*
    };
}
attributes! {
    /// See [`Op::Cast`].
    Cast { to: DType }
    /// See [`Op::Broadcast`].
    Broadcast { to: Shape }
    /// See [`Op::Reshape`].
    Reshape { to: Shape }
    /// Axis i of the result is axis `axes[i]` of the operand.
    Permute { axes: Axes }
    /// `length` places of the axis, from `start` on.
    Slice { axis: u8, start: usize, length: usize }
    /// So many zeros before and after what the axis has.
    Pad { axis: u8, before: usize, after: usize }
    /// The axis along which the operands follow each other.
    Concat { axis: u8 }
    /// The axes, ascending.
    Sum { axes: Axes }
    /// The axes, ascending.
    Max { axes: Axes }
    /// The axis that is searched.
    Argmax { axis: u8 }
    /// The axis along which the result sums to 1.
    Softmax { axis: u8 }
    /// The axis along which the exponentials of the result sum to 1.
    LogSoftmax { axis: u8 }
    /// The length of the rows.
    Scatter { columns: usize }
}

impl Op {
    /// The name that lists and error messages show.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Op::Constant => "constant",
            Op::Variable => "var",
            Op::Parameter(_) => "param",
            Op::Input(_) => "input",
            Op::Full(_) => "full",
            Op::Unary(f) => f.name(),
            Op::Binary(f) => f.name(),
            Op::Compare(f) => f.name(),
            Op::Select => "select",
            Op::Cast(_) => "cast",
            Op::Detach => "detach",
            Op::Broadcast(_) => "broadcast",
            Op::Reshape(_) => "reshape",
            Op::Permute(_) => "permute",
            Op::Slice(_) => "slice",
            Op::Pad(_) => "pad",
            Op::Concat(_) => "concat",
            Op::Sum(_) => "sum",
            Op::Max(_) => "max",
            Op::Argmax(_) => "argmax",
            Op::Matmul => "matmul",
            Op::Softmax(_) => "softmax",
            Op::LogSoftmax(_) => "log_softmax",
            Op::Pick => "pick",
            Op::Scatter(_) => "scatter",
        }
    }
}

/// Shape and dtype: all that is known of a value before any arithmetic.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Meta {
    pub(crate) shape: Shape,
    pub(crate) dtype: DType,
}

impl Meta {
    pub(crate) fn new(shape: Shape, dtype: DType) -> Meta {
        Meta { shape, dtype }
    }
}
