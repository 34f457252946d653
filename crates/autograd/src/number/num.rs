//! The operators of formulas: between numbers of any kind, and with literals on either side.

use super::{Digits, Number, Operator};
use crate::table::Compare;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A number in a formula: of the kind `N`, with the operators and the functions of the table, and `f64` literals on either
/// side.
///
/// An [elementwise update](https://docs.rs/wengert-optim) is written over it once, and means numbers in single and double
/// precision, whole tensors on a tape, and bounds.
///
/// ```
/// use autograd::{Num, Number, Tape};
/// fn soft_sign<N: Number>(x: Num<N>) -> Num<N> {
///     x / (1.0 + x.abs())
/// }
/// assert_eq!(soft_sign(Num::of(-3.0f32)).get(), -0.75);
/// let tape = Tape::new();
/// assert_eq!(soft_sign(Num::of(tape.var([1.0, -3.0]))).get().to_vec::<f64>(), [0.5, -0.75]);
/// ```
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct Num<N>(pub(crate) N);

/// What may stand in a formula: a number, or an `f64` that takes its type from what it meets.
pub trait Literal<N>: Copy {
    /// As a number of the kind of `like`.
    #[track_caller]
    fn number(self, like: Num<N>) -> Num<N>;
}

impl<N: Number> Literal<N> for Num<N> {
    #[inline(always)]
    fn number(self, _like: Num<N>) -> Num<N> {
        self
    }
}
impl<N: Number> Literal<N> for f64 {
    #[track_caller]
    #[inline(always)]
    fn number(self, like: Num<N>) -> Num<N> {
        Num(like.0.literal(self))
    }
}

macro_rules! operators {
    ($($Trait:ident $method:ident;)*) => {
        $(
            impl<N: Number> $Trait for Num<N> {
                type Output = Num<N>;
                #[track_caller]
                #[inline(always)]
                fn $method(self, other: Num<N>) -> Num<N> {
                    Num($Trait::$method(self.0, other.0))
                }
            }
            impl<N: Number> $Trait<f64> for Num<N> {
                type Output = Num<N>;
                #[track_caller]
                #[inline(always)]
                fn $method(self, other: f64) -> Num<N> {
                    Num(self.0.and_literal(Operator::$Trait, other))
                }
            }
            impl<N: Number> $Trait<Num<N>> for f64 {
                type Output = Num<N>;
                #[track_caller]
                #[inline(always)]
                fn $method(self, other: Num<N>) -> Num<N> {
                    Num(other.0.after_literal(Operator::$Trait, self))
                }
            }
        )*
    };
}
operators! { Add add; Sub sub; Mul mul; Div div; }

impl<N: Number> Neg for Num<N> {
    type Output = Num<N>;
    #[track_caller]
    #[inline(always)]
    fn neg(self) -> Num<N> {
        Num(-self.0)
    }
}

macro_rules! conditionals {
    ($($name:ident $Relation:ident $relation:literal;)*) => {
        $(
            #[doc = concat!("`then` where a ", $relation, " b, else `otherwise`.")]
            #[track_caller]
            #[inline(always)]
            pub(crate) fn $name<N: Number>(
                a: Num<N>,
                b: impl Literal<N>,
                then: impl Literal<N>,
                otherwise: impl Literal<N>,
            ) -> Num<N> {
                let mask = a.0.holds(Compare::$Relation, b.number(a).0);
                let then = then.number(a).0;
                Num(N::select(mask, then, otherwise.number(a).0))
            }
        )*
    };
}
conditionals! { if_gt Gt ">"; if_ge Ge "≥"; if_lt Lt "<"; if_le Le "≤"; if_eq Eq "="; }

/// `then` where the mask is true, else `otherwise`.
#[inline(always)]
pub(crate) fn choose<N: Number>(mask: N::Mask, then: impl Literal<N>, otherwise: Num<N>) -> Num<N> {
    Num(N::select(mask, then.number(otherwise).0, otherwise.0))
}

impl<N: Number> Num<N> {
    /// The truth of a comparison.
    #[inline(always)]
    pub(crate) fn is(self, relation: Compare, other: impl Literal<N>) -> N::Mask {
        self.0.holds(relation, other.number(self).0)
    }
}

impl<N: Digits> Num<N> {
    /// x·a + b, rounded once where that costs nothing: for steps whose error bounds allow both.
    #[inline(always)]
    pub(crate) fn mul_add(self, a: impl Literal<N>, b: impl Literal<N>) -> Num<N> {
        Num(self.0.times_plus(a.number(self).0, b.number(self).0))
    }

    /// x·a + b, rounded once: for what a rounding lost, which two roundings would lose again.
    #[inline(always)]
    pub(crate) fn fused(self, a: impl Literal<N>, b: impl Literal<N>) -> Num<N> {
        Num(self.0.fused(a.number(self).0, b.number(self).0))
    }

    /// As [`fused`](Num::fused), for numbers of moderate size: see [`Digits::fused_within`].
    #[inline(always)]
    pub(crate) fn fused_within(self, a: impl Literal<N>, b: impl Literal<N>) -> Num<N> {
        Num(self.0.fused_within(a.number(self).0, b.number(self).0))
    }

    /// The size of x with the sign of another.
    #[inline(always)]
    pub(crate) fn copysign(self, sign: Num<N>) -> Num<N> {
        Num(self.0.signed_as(sign.0))
    }

    /// The same number in double precision.
    #[inline(always)]
    pub(crate) fn widen(self) -> Num<N::Wide> {
        Num(self.0.widen())
    }

    /// Rounds to the precision of `N`.
    #[inline(always)]
    pub(crate) fn narrow(wide: Num<N::Wide>) -> Num<N> {
        Num(N::narrow(wide.0))
    }
}
