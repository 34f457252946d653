//! What a function of scalars may be written over.

use crate::table::{binary_table, unary_table};
use crate::var;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// What may stand beside a `T` in an expression: a `T`, or an `f64` number.
///
/// That numbers may stand on the *left*, as in `1.0 - x`, cannot be said within [`Real`] itself; a function that wants it
/// asks for it.
///
/// ```
/// use autograd::scalar::{Operand, Real, derivative};
/// fn logistic_map<T: Real>(x: T) -> T
/// where
///     f64: Operand<T>,
/// {
///     3.7 * x * (1.0 - x)
/// }
/// assert_eq!(logistic_map(0.5), 0.925);
/// assert_eq!(derivative(logistic_map, 0.5), 0.0);
/// ```
pub trait Operand<T>:
    Copy + Add<T, Output = T> + Sub<T, Output = T> + Mul<T, Output = T> + Div<T, Output = T>
{
    /// As a `T`; a number takes what it lacks, such as the tape, from `other`.
    fn like(self, other: T) -> T;
}

/// Leaves out the rows that are operators.
macro_rules! unless_operator {
    (Neg $($item:tt)*) => {};
    (Add $($item:tt)*) => {};
    (Sub $($item:tt)*) => {};
    (Mul $($item:tt)*) => {};
    (Div $($item:tt)*) => {};
    ($Row:ident $($item:tt)*) => { $($item)* };
}
pub(super) use unless_operator;

macro_rules! unary_methods {
    ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?): |$x:ident, $y:ident| $value:expr, $slope:expr, $domain:expr;)*) => {
        $(unless_operator! { $Row
            $(#[$doc])*
            #[track_caller]
            fn $name(self $(, $p: f64)?) -> Self;
        })*
    };
}
macro_rules! binary_methods {
    ($($(#[$doc:meta])* $Row:ident $name:ident: |$a:ident, $b:ident, $y:ident| $value:expr, $da:expr, $db:expr, $domain:expr;)*) => {
        $(unless_operator! { $Row
            $(#[$doc])*
            #[track_caller]
            fn $name(self, other: impl Operand<Self>) -> Self;
        })*
    };
}
macro_rules! conditional_methods {
    ($($name:ident $relation:literal;)*) => {
        $(
            #[doc = concat!("`then` where self ", $relation, " other, else `otherwise`; the derivative is that of the one taken.")]
            #[track_caller]
            fn $name(self, other: impl Operand<Self>, then: impl Operand<Self>, otherwise: impl Operand<Self>) -> Self;
        )*
    };
}

/// A real number of some kind: `f64`, a scalar on a [`Tape`](super::Tape), a [`Dual`](super::Dual) number of any depth, or
/// a tensor of samples ([`crate::Var`]).
///
/// A function over `Real` is written once and means all of them. Numbers stand on the right of an operator; for the left
/// see [`Operand`]. Instead of `if`, which a batch of samples cannot take, there are `if_gt` and its kin.
///
/// ```
/// use autograd::scalar::{Real, derivative};
/// /// Huber's loss: quadratic near 0, linear beyond.
/// fn huber<T: Real>(x: T) -> T {
///     x.abs().if_lt(x.constant(1.0), x * x * 0.5, x.abs() - 0.5)
/// }
/// assert_eq!([huber(0.5), huber(-3.0)], [0.125, 2.5]);
/// assert_eq!([derivative(huber, 0.5), derivative(huber, -3.0)], [0.5, -1.0]);
/// let tape = autograd::Tape::new();
/// assert_eq!(huber(tape.constant([0.5, -3.0])).to_vec::<f64>(), [0.125, 2.5]);
/// ```
pub trait Real:
    Operand<Self>
    + Neg<Output = Self>
    + Add<f64, Output = Self>
    + Sub<f64, Output = Self>
    + Mul<f64, Output = Self>
    + Div<f64, Output = Self>
{
    /// A number without a derivative, of the same kind as self.
    #[track_caller]
    fn constant(self, value: f64) -> Self;

    unary_table!(unary_methods);
    binary_table!(binary_methods);
    conditional_methods! { if_gt ">"; if_ge "≥"; if_lt "<"; if_le "≤"; if_eq "="; if_ne "≠"; }
}

impl<'t> Operand<var::Var<'t>> for var::Var<'t> {
    fn like(self, _other: var::Var<'t>) -> var::Var<'t> {
        self
    }
}
impl<'t> Operand<var::Var<'t>> for f64 {
    #[track_caller]
    fn like(self, other: var::Var<'t>) -> var::Var<'t> {
        other.full_like(self)
    }
}

macro_rules! tensor_unary {
    ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?): |$x:ident, $y:ident| $value:expr, $slope:expr, $domain:expr;)*) => {
        $(unless_operator! { $Row
            #[track_caller]
            fn $name(self $(, $p: f64)?) -> Self {
                var::Var::$name(self $(, $p)?)
            }
        })*
    };
}
macro_rules! tensor_binary {
    ($($(#[$doc:meta])* $Row:ident $name:ident: |$a:ident, $b:ident, $y:ident| $value:expr, $da:expr, $db:expr, $domain:expr;)*) => {
        $(unless_operator! { $Row
            #[track_caller]
            fn $name(self, other: impl Operand<Self>) -> Self {
                var::Var::$name(self, other.like(self))
            }
        })*
    };
}
macro_rules! tensor_conditionals {
    ($($name:ident $relation:ident;)*) => {
        $(
            #[track_caller]
            fn $name(self, other: impl Operand<Self>, then: impl Operand<Self>, otherwise: impl Operand<Self>) -> Self {
                self.$relation(other.like(self)).select(then.like(self), otherwise.like(self))
            }
        )*
    };
}

/// Each scalar a tensor of samples; shapes broadcast as everywhere.
impl Real for var::Var<'_> {
    #[track_caller]
    fn constant(self, value: f64) -> Self {
        self.full_like(value)
    }

    unary_table!(tensor_unary);
    binary_table!(tensor_binary);
    tensor_conditionals! { if_gt gt; if_ge ge; if_lt lt; if_le le; if_eq eq; if_ne ne; }
}
