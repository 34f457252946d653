//! Dual numbers: forward mode, over any kind of real number.

use super::real::{Operand, Real, unless_operator};
use crate::table::{binary_table, lowered, unary_table};
use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A value and its derivative in one direction: x + ẋ·ε with ε² = 0.
///
/// Both parts may be real numbers of any kind: `Dual<f64>` gives a derivative, `Dual<Dual<f64>>` a second one, and
/// `Dual<Var>` a product of a Hessian with a vector, since the tape can take the gradient of the tangent.
///
/// Source: Griewank & Walther, *Evaluating Derivatives*, 2008, section 3.1.
///
/// ```
/// use autograd::scalar::Dual;
/// let x = Dual::new(3.0, 1.0);
/// let y = 1.0 / x + x * x;
/// assert_eq!((y.value, y.tangent), (1.0 / 3.0 + 9.0, -1.0 / 9.0 + 6.0));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Dual<T> {
    /// x.
    pub value: T,
    /// ẋ, the derivative.
    pub tangent: T,
}

impl<T: Real> Dual<T> {
    /// A number with a derivative: 1 for the variable of interest, 0 for a constant.
    pub fn new(value: T, tangent: f64) -> Dual<T> {
        Dual { value, tangent: value.constant(tangent) }
    }
}

/// Tangents of a ∘ b, of a ∘ number and of number ∘ b.
macro_rules! operators {
    ($($Trait:ident $method:ident: |$a:ident, $b:ident, $y:ident| $both:expr, $left:expr, $right:expr;)*) => {
        $(
            impl<T: Real> $Trait for Dual<T> {
                type Output = Dual<T>;
                #[track_caller]
                #[inline]
                fn $method(self, $b: Dual<T>) -> Dual<T> {
                    let $a = self;
                    let $y = $Trait::$method($a.value, $b.value);
                    Dual { value: $y, tangent: $both }
                }
            }
            impl<T: Real> $Trait<f64> for Dual<T> {
                type Output = Dual<T>;
                #[track_caller]
                #[inline]
                fn $method(self, $b: f64) -> Dual<T> {
                    let $a = self;
                    Dual { value: $Trait::$method($a.value, $b), tangent: $left }
                }
            }
            impl<T: Real> $Trait<Dual<T>> for f64 {
                type Output = Dual<T>;
                #[track_caller]
                #[inline]
                fn $method(self, $b: Dual<T>) -> Dual<T> {
                    let $a = self;
                    let $y = $Trait::$method($b.value.constant($a), $b.value);
                    Dual { value: $y, tangent: $right }
                }
            }
        )*
    };
}
operators! {
    Add add: |a, b, y| a.tangent + b.tangent, a.tangent, b.tangent;
    Sub sub: |a, b, y| a.tangent - b.tangent, a.tangent, -b.tangent;
    Mul mul: |a, b, y| a.tangent * b.value + a.value * b.tangent, a.tangent * b, b.tangent * a;
    Div div: |a, b, y| (a.tangent - y * b.tangent) / b.value, a.tangent / b, -(y * b.tangent / b.value);
}

impl<T: Real> Neg for Dual<T> {
    type Output = Dual<T>;
    #[track_caller]
    #[inline]
    fn neg(self) -> Dual<T> {
        Dual { value: -self.value, tangent: -self.tangent }
    }
}

/// Comparisons compare values.
impl<T: PartialEq> PartialEq for Dual<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}
impl<T: PartialOrd> PartialOrd for Dual<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<T: Real> Operand<Dual<T>> for Dual<T> {
    #[inline]
    fn like(self, _other: Dual<T>) -> Dual<T> {
        self
    }
}
impl<T: Real> Operand<Dual<T>> for f64 {
    #[track_caller]
    #[inline]
    fn like(self, other: Dual<T>) -> Dual<T> {
        Dual::new(other.value.constant(self), 0.0)
    }
}

macro_rules! unary {
    ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?): |$x:ident, $y:ident| $value:expr, $slope:expr, $domain:expr;)*) => {
        $(unless_operator! { $Row
            #[track_caller]
            #[inline]
            fn $name(self $(, $p: f64)?) -> Self {
                let $x = self.value;
                let $y = Real::$name($x $(, $p)?);
                Dual { value: $y, tangent: self.tangent * $slope }
            }
        })*
    };
}
macro_rules! binary {
    ($($(#[$doc:meta])* $Row:ident $name:ident: |$a:ident, $b:ident, $y:ident| $value:expr, $da:expr, $db:expr, $domain:expr;)*) => {
        $(unless_operator! { $Row
            #[track_caller]
            #[inline]
            fn $name(self, other: impl Operand<Self>) -> Self {
                let other = other.like(self);
                let ($a, $b) = (self.value, other.value);
                let $y = Real::$name($a, $b);
                Dual { value: $y, tangent: self.tangent * $da + other.tangent * $db }
            }
        })*
    };
}
macro_rules! conditionals {
    ($($name:ident)*) => {
        $(
            #[track_caller]
            #[inline]
            fn $name(self, other: impl Operand<Self>, then: impl Operand<Self>, otherwise: impl Operand<Self>) -> Self {
                let (other, then, otherwise) = (other.like(self), then.like(self), otherwise.like(self));
                Dual {
                    value: self.value.$name(other.value, then.value, otherwise.value),
                    tangent: self.value.$name(other.value, then.tangent, otherwise.tangent),
                }
            }
        )*
    };
}

/// The derivative column of the table, over any kind of real number.
impl<T: Real> Real for Dual<T>
where
    f64: Operand<T>,
{
    #[track_caller]
    #[inline]
    fn constant(self, value: f64) -> Self {
        Operand::<Dual<T>>::like(value, self)
    }
    unary_table!(unary);
    binary_table!(binary);
    conditionals! { if_gt if_ge if_lt if_le if_eq if_ne }
}

/// The functions that the derivative column names.
mod vocabulary {
    #![allow(dead_code, reason = "a row may call any function of the table; not each is called")]
    use super::{Operand, Real, unless_operator};
    use crate::table::{binary_table, unary_table};

    macro_rules! unary {
        ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?): |$x:ident, $y:ident| $value:expr, $slope:expr, $domain:expr;)*) => {
            $(unless_operator! { $Row
                #[inline]
                pub(super) fn $name<T: Real>(x: T $(, $p: f64)?) -> T {
                    x.$name($($p)?)
                }
            })*
        };
    }
    macro_rules! binary {
        ($($(#[$doc:meta])* $Row:ident $name:ident: |$a:ident, $b:ident, $y:ident| $value:expr, $da:expr, $db:expr, $domain:expr;)*) => {
            $(unless_operator! { $Row
                #[inline]
                pub(super) fn $name<T: Real>(a: T, b: T) -> T {
                    a.$name(b)
                }
            })*
        };
    }
    macro_rules! conditionals {
        ($($name:ident)*) => {
            $(#[inline]
            pub(super) fn $name<T: Real>(a: T, b: impl Operand<T>, then: impl Operand<T>, otherwise: impl Operand<T>) -> T {
                a.$name(b, then, otherwise)
            })*
        };
    }
    unary_table!(unary);
    binary_table!(binary);
    conditionals! { if_gt if_ge if_lt if_le if_eq if_ne }
}
use vocabulary::*;
