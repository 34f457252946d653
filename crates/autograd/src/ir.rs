//! The recorded language: the ops and their attributes. This is data only; the meaning of each op is in [`crate::ops`].

mod attending;
mod attribute;
mod body;
mod custom;
mod family;
mod fft_plan;
mod list;
mod sliding;

pub use crate::table::{Binary, Compare, Unary};
pub use attending::{Attending, Beside};
pub use body::{Body, Held, Piece, Ports};
pub(crate) use body::{Line, in_steps};
pub use custom::Custom;
pub use family::Family;
pub use fft_plan::FftPlan;
pub(crate) use list::op_table;
pub use sliding::Sliding;

use crate::dtype::DType;
use crate::few::Few;
use crate::params::Param;
use crate::shape::{Axes, Axis, Shape};
use attribute::Attribute;
use std::hash::{Hash, Hasher};
use std::mem::discriminant;
use std::sync::Arc;

/// The number of a node: its index in the list.
pub(crate) type NodeId = u32;

/// Operands of a node, in order.
pub(crate) type Inputs = Few<NodeId, 3>;

/// Calls `f` with `of` each operand. Most ops have one to three operands, for which this needs an array on the stack only.
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

/// How the elements of an op's result depend on those of its operands. Passes ask for the structure instead of the name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Structure<'a> {
    /// Data: the op has no operands.
    Leaf,
    /// Element i of the result is a function of element i of each operand, all of one shape.
    Map,
    /// The elements of the operand in another order, or repeated, without a copy.
    View,
    /// The elements along these axes become one element. The axes disappear.
    Reduce(&'a [u8]),
    /// A product of matrices.
    Contract,
    /// Element i of the result depends on elements 0 to i along the axis, or on elements from i on.
    Scan(u8),
    /// Elements are read or written at indices that an operand holds.
    Gather,
    /// Anything else, with the number of floating-point operations for each element of the result.
    Opaque(usize),
}

/// The structure of a row.
macro_rules! structure {
    ($op:ident map) => {
        Structure::Map
    };
    ($op:ident view) => {
        Structure::View
    };
    ($op:ident reduce($axes:ident)) => {
        Structure::Reduce(Attribute::axes(&$op.$axes))
    };
    ($op:ident contract) => {
        Structure::Contract
    };
    ($op:ident scan($axis:ident)) => {
        Structure::Scan($op.$axis)
    };
    ($op:ident gather) => {
        Structure::Gather
    };
    ($op:ident opaque($flops:literal)) => {
        Structure::Opaque($flops)
    };
    ($op:ident opaque($flops:ident)) => {
        Structure::Opaque($op.$flops)
    };
}

/// The struct of a row's attributes.
macro_rules! attributes {
    ($(#[$doc:meta])* $Name:ident {}) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $Name;
    };
    ($(#[$doc:meta])* $Name:ident { $($field:ident: $t:ty),+ }) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $Name {
            $(pub $field: $t,)+
        }
    };
}

macro_rules! ops {
    ($($(#[$doc:meta])* $Name:ident [
        $name:literal ($($label:ident),*) { $($field:ident: $t:ty),* } $structure:ident $(($argument:tt))?
    ])*) => {
        $(attributes! { $(#[$doc])* $Name { $($field: $t),* } }
        impl From<$Name> for Op {
            fn from(op: $Name) -> Op {
                Op::$Name(op)
            }
        })*

        /// Every operation that a list can hold. The enum is closed, so the compiler lists each match that lacks a new op.
        #[derive(Clone, Debug)]
        pub enum Op {
            /// A leaf: data without a gradient.
            Constant,
            /// A leaf that can be differentiated with respect to.
            Variable,
            /// A leaf that reads a parameter of the slab. A frozen parameter has no gradient.
            Parameter(Param),
            /// An input of a traced computation, by its number. Each run brings its values.
            Input(u32),
            /// An argument of a loop's body, by its number. It has no value outside of the loop.
            Argument(u32),
            /// A leaf whose elements are all one number, which is stored once.
            Full(f64),
            /// An elementwise function of one argument.
            Unary(Unary),
            /// An elementwise function of two arguments.
            Binary(Binary),
            /// An elementwise comparison.
            Compare(Compare),
            $($(#[$doc])* $Name($Name),)*
        }

        impl Op {
            /// The name that lists and error messages show.
            pub fn name(&self) -> &'static str {
                if let Some(name) = self.given_name() {
                    return name;
                }
                match self {
                    Op::Constant => "constant",
                    Op::Variable => "var",
                    Op::Parameter(_) => "param",
                    Op::Input(_) => "input",
                    Op::Argument(_) => "argument",
                    Op::Full(_) => "full",
                    Op::Unary(f) => f.name(),
                    Op::Binary(f) => f.name(),
                    Op::Compare(f) => f.name(),
                    $(Op::$Name(_) => $name,)*
                }
            }

            /// The names of the operands in messages.
            pub fn labels(&self) -> &'static [&'static str] {
                match self {
                    Op::Constant | Op::Variable | Op::Parameter(_) | Op::Input(_) | Op::Argument(_) | Op::Full(_) => &[],
                    Op::Unary(_) => &["x"],
                    Op::Binary(_) | Op::Compare(_) => &["a", "b"],
                    $(Op::$Name(_) => &[$(stringify!($label)),*],)*
                }
            }

            /// The structure that passes read.
            pub fn structure(&self) -> Structure<'_> {
                match self {
                    Op::Constant | Op::Variable | Op::Parameter(_) | Op::Input(_) | Op::Argument(_) | Op::Full(_) => Structure::Leaf,
                    Op::Unary(_) | Op::Binary(_) | Op::Compare(_) => Structure::Map,
                    $(Op::$Name(_op) => structure!(_op $structure $(($argument))?),)*
                }
            }

            /// The axes of the operand that its attributes name.
            pub fn axes(&self) -> Vec<u8> {
                match self {
                    $(Op::$Name(_op) => {
                        let all: &[&[u8]] = &[$(Attribute::axes(&_op.$field)),*];
                        all.concat()
                    })*
                    _ => vec![],
                }
            }

            /// The attributes as text, if there are any: `axis 1, start 0, length 2`.
            pub fn attributes(&self) -> Option<String> {
                let mut all = String::new();
                match self {
                    Op::Constant | Op::Variable | Op::Parameter(_) | Op::Input(_) | Op::Argument(_) | Op::Full(_) => {}
                    Op::Unary(f) => return f.parameter().as_ref().map(Attribute::text),
                    Op::Binary(_) | Op::Compare(_) => {}
                    $(Op::$Name(_op) => {
                        $(append_attribute(&mut all, stringify!($field), &Attribute::text(&_op.$field));)*
                    })*
                }
                (!all.is_empty()).then_some(all)
            }
        }

        /// Equality of ops and attributes. Numbers are compared by their bits.
        impl PartialEq for Op {
            #[inline]
            fn eq(&self, other: &Op) -> bool {
                match (self, other) {
                    (Op::Constant, Op::Constant) | (Op::Variable, Op::Variable) => true,
                    (Op::Parameter(a), Op::Parameter(b)) => a == b,
                    (Op::Input(a), Op::Input(b)) => a == b,
                    (Op::Argument(a), Op::Argument(b)) => a == b,
                    (Op::Full(a), Op::Full(b)) => a.same(b),
                    (Op::Unary(a), Op::Unary(b)) => a == b,
                    (Op::Binary(a), Op::Binary(b)) => a == b,
                    (Op::Compare(a), Op::Compare(b)) => a == b,
                    $((Op::$Name(_a), Op::$Name(_b)) => true $(&& _a.$field.same(&_b.$field))*,)*
                    _ => false,
                }
            }
        }
        impl Eq for Op {}

        impl Hash for Op {
            fn hash<H: Hasher>(&self, state: &mut H) {
                discriminant(self).hash(state);
                match self {
                    Op::Constant | Op::Variable => {}
                    Op::Parameter(p) => p.hash(state),
                    Op::Input(i) | Op::Argument(i) => i.hash(state),
                    Op::Full(x) => x.mix(state),
                    Op::Unary(f) => f.hash(state),
                    Op::Binary(f) => discriminant(f).hash(state),
                    Op::Compare(f) => discriminant(f).hash(state),
                    $(Op::$Name(_op) => { $(_op.$field.mix(state);)* })*
                }
            }
        }

        /// The ops without their attributes. The tests must have a row for each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum OpKind {
            Constant,
            Variable,
            Parameter,
            Input,
            Argument,
            Full,
            Unary,
            Binary,
            Compare,
            $($Name,)*
        }
        impl OpKind {
            pub(crate) const ALL: &[OpKind] = &[
                OpKind::Constant, OpKind::Variable, OpKind::Parameter, OpKind::Input, OpKind::Argument,
                OpKind::Full,
                OpKind::Unary, OpKind::Binary, OpKind::Compare, $(OpKind::$Name),*
            ];
        }
        impl Op {
            pub(crate) fn kind(&self) -> OpKind {
                match self {
                    Op::Constant => OpKind::Constant,
                    Op::Variable => OpKind::Variable,
                    Op::Parameter(_) => OpKind::Parameter,
                    Op::Input(_) => OpKind::Input,
                    Op::Argument(_) => OpKind::Argument,
                    Op::Full(_) => OpKind::Full,
                    Op::Unary(_) => OpKind::Unary,
                    Op::Binary(_) => OpKind::Binary,
                    Op::Compare(_) => OpKind::Compare,
                    $(Op::$Name(_) => OpKind::$Name,)*
                }
            }
        }
    };
}
op_table!(ops);

impl Op {
    /// The name of what a user gave.
    fn given_name(&self) -> Option<&'static str> {
        match self {
            Op::Call(call) => Some(call.function.as_ref().map_or("checkpoint", Custom::name)),
            Op::ByLoops(by) => Some(by.function.name()),
            _ => None,
        }
    }
}

/// Appends an attribute to a text. No axes are no attribute.
fn append_attribute(all: &mut String, field: &str, text: &str) {
    if !text.is_empty() {
        let between = if all.is_empty() { "" } else { ", " };
        *all += &format!("{between}{field} {text}");
    }
}

/// Shape and dtype: what is known of a value before it is computed.
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
