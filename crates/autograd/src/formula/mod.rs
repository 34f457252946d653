//! Formulas of one number: what an elementwise update may be written in.

mod bounds;

pub use bounds::Bounds;

use crate::number::{Literal, Num, Number, if_eq, if_ge, if_gt, if_le, if_lt};
use crate::rows;
use crate::table::{binary_table, unary_table, unless_operator};

macro_rules! functions {
    ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?) |$x:ident, $y:ident| $columns:tt)*) => {
        /// The functions of the table, with their parameters.
        impl<N: Number> Num<N> {
            $(unless_operator! { $Row
                $(#[$doc])*
                #[track_caller]
                #[inline(always)]
                pub fn $name(self $(, $p: f64)?) -> Num<N> {
                    Num(self.0.apply::<rows::$Row>([$($p,)? 0.0][0]))
                }
            })*
        }
    };
}
unary_table!(functions);

macro_rules! functions_of_two {
    ($($(#[$doc:meta])* $Row:ident $name:ident |$a:ident, $b:ident, $y:ident| $columns:tt)*) => {
        /// The functions of two numbers.
        impl<N: Number> Num<N> {
            $(unless_operator! { $Row
                $(#[$doc])*
                #[track_caller]
                #[inline(always)]
                pub fn $name(self, other: impl Literal<N>) -> Num<N> {
                    Num(self.0.apply_with::<rows::$Row>(other.number(self).0))
                }
            })*
        }
    };
}
binary_table!(functions_of_two);

macro_rules! conditionals {
    ($($name:ident $relation:literal;)*) => {
        /// Choices, in place of an `if`.
        impl<N: Number> Num<N> {
            $(
                #[doc = concat!("`then` where self ", $relation, " other, else `otherwise`.")]
                #[track_caller]
                #[inline(always)]
                pub fn $name(
                    self,
                    other: impl Literal<N>,
                    then: impl Literal<N>,
                    otherwise: impl Literal<N>,
                ) -> Num<N> {
                    $name(self, other, then, otherwise)
                }
            )*
        }
    };
}
conditionals! { if_gt ">"; if_ge "≥"; if_lt "<"; if_le "≤"; if_eq "="; }

impl<N: Number> Num<N> {
    /// A number as part of a formula.
    #[inline(always)]
    pub fn of(number: N) -> Num<N> {
        Num(number)
    }

    /// The number that a formula gives.
    #[inline(always)]
    pub fn get(self) -> N {
        self.0
    }
}
