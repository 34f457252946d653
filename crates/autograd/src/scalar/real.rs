//! What a function of scalars may be written over.

use crate::kernels::simd::fused;
use crate::number::{BinaryRow, Number, UnaryRow};
use crate::rows;
use crate::table::{Compare, binary_table, unary_table, unless_operator};
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
///
/// Numbers among themselves stay numbers:
///
/// ```
/// use autograd::scalar::{Operand, Real, derivative};
/// /// A step of the midpoint rule for ẋ = −x.
/// fn step<T: Real>(x: T, dt: f64) -> T
/// where
///     f64: Operand<T>,
/// {
///     let half = 0.5 * dt;
///     x - dt * (x - half * x)
/// }
/// assert_eq!(step(1.0, 0.5), 0.625);
/// assert_eq!(derivative(|x| step(x, 0.5), 1.0), 0.625);
/// let tape = autograd::Tape::new();
/// assert_eq!(step(tape.constant([1.0, 2.0]), 0.5).to_vec::<f64>(), [0.625, 1.25]);
/// ```
pub trait Operand<T>:
    Copy
    + Add<T, Output = T>
    + Sub<T, Output = T>
    + Mul<T, Output = T>
    + Div<T, Output = T>
    + Add<Self, Output = Self>
    + Sub<Self, Output = Self>
    + Mul<Self, Output = Self>
    + Div<Self, Output = Self>
{
    /// As a `T`; a number takes what it lacks, such as the tape, from `other`.
    fn like(self, other: T) -> T;
}

/// A function of one argument. What computes at once is compiled as a whole for fused multiply-adds; what is on a tape keeps its
/// caller, whom a closure would hide.
#[track_caller]
#[inline(always)]
fn unary<F: UnaryRow, T: Number>(x: T, p: f64) -> T {
    if T::PLAIN {
        return fused(
            #[inline(always)]
            || x.apply::<F>(p),
        );
    }
    x.apply::<F>(p)
}

/// A function of two arguments, likewise.
#[track_caller]
#[inline(always)]
fn binary<F: BinaryRow, T: Number>(a: T, b: T) -> T {
    if T::PLAIN {
        return fused(
            #[inline(always)]
            || a.apply_with::<F>(b),
        );
    }
    a.apply_with::<F>(b)
}

macro_rules! functions {
    ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?) |$x:ident, $y:ident| $columns:tt)*) => {
        $(unless_operator! { $Row
            $(#[$doc])*
            #[track_caller]
            #[inline]
            fn $name(self $(, $p: f64)?) -> Self {
                unary::<rows::$Row, Self>(self, [$($p,)? 0.0][0])
            }
        })*
    };
}
macro_rules! functions_of_two {
    ($($(#[$doc:meta])* $Row:ident $name:ident |$a:ident, $b:ident, $y:ident| $columns:tt)*) => {
        $(unless_operator! { $Row
            $(#[$doc])*
            #[track_caller]
            #[inline]
            fn $name(self, other: impl Operand<Self>) -> Self {
                binary::<rows::$Row, Self>(self, other.like(self))
            }
        })*
    };
}
macro_rules! conditionals {
    ($($name:ident $Relation:ident $relation:literal;)*) => {
        $(
            #[doc = concat!("`then` where self ", $relation, " other, else `otherwise`; the derivative is that of the one taken.")]
            #[track_caller]
            #[inline]
            fn $name(self, other: impl Operand<Self>, then: impl Operand<Self>, otherwise: impl Operand<Self>) -> Self {
                let mask = self.holds(Compare::$Relation, other.like(self));
                let then = then.like(self);
                Self::select(mask, then, otherwise.like(self))
            }
        )*
    };
}

/// A real number of some kind: `f64`, a scalar on a [`Tape`](super::Tape), a [`Dual`](super::Dual) number of any depth, or
/// a tensor of samples ([`crate::Var`]).
///
/// A function over `Real` is written once and means all of them. Numbers stand on the right of an operator; for the left
/// see [`Operand`]. Instead of `if`, which a batch of samples cannot take, there are `if_gt` and its kin. The trait is sealed: it
/// grows with the table of functions.
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
    Number
    + Operand<Self>
    + Neg<Output = Self>
    + Add<f64, Output = Self>
    + Sub<f64, Output = Self>
    + Mul<f64, Output = Self>
    + Div<f64, Output = Self>
{
    /// A number without a derivative, of the same kind as self.
    #[track_caller]
    #[inline]
    fn constant(self, value: f64) -> Self {
        self.literal(value)
    }

    unary_table!(functions);
    binary_table!(functions_of_two);
    conditionals! { if_gt Gt ">"; if_ge Ge "≥"; if_lt Lt "<"; if_le Le "≤"; if_eq Eq "="; if_ne Ne "≠"; }
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

/// Each scalar a tensor of samples; shapes broadcast as everywhere.
impl Real for var::Var<'_> {}
