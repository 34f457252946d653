//! The functions of the table for plain numbers and for variables of the scalar tape.

use super::real::{Operand, Real, unless_operator};
use super::rows;
use super::tape::Var;
use crate::kernels::simd::fused;
use crate::table::{binary_table, unary_table};

macro_rules! number_unary {
    ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?): |$x:ident, $y:ident| $value:expr, $slope:expr, $domain:expr;)*) => {
        $(unless_operator! { $Row
            fn $name(self $(, $p: f64)?) -> f64 {
                fused(#[inline(always)] || rows::$Row::value(self $(, $p)?))
            }
        })*
    };
}
macro_rules! number_binary {
    ($($(#[$doc:meta])* $Row:ident $name:ident: |$a:ident, $b:ident, $y:ident| $value:expr, $da:expr, $db:expr, $domain:expr;)*) => {
        $(unless_operator! { $Row
            fn $name(self, other: impl Operand<f64>) -> f64 {
                let other = other.like(self);
                fused(#[inline(always)] || rows::$Row::value(self, other))
            }
        })*
    };
}
macro_rules! variable_unary {
    ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?): |$x:ident, $y:ident| $value:expr, $slope:expr, $domain:expr;)*) => {
        $(unless_operator! { $Row
            $(#[$doc])*
            #[inline]
            pub fn $name(self $(, $p: f64)?) -> Var<'t> {
                let x = self.value;
                let (value, slope) = fused(#[inline(always)] || rows::$Row::value_and_slope(x $(, $p)?));
                self.chain(value, slope)
            }
        })*
    };
}
macro_rules! variable_binary {
    ($($(#[$doc:meta])* $Row:ident $name:ident: |$a:ident, $b:ident, $y:ident| $value:expr, $da:expr, $db:expr, $domain:expr;)*) => {
        $(unless_operator! { $Row
            $(#[$doc])*
            #[track_caller]
            #[inline]
            pub fn $name(self, other: impl Operand<Var<'t>>) -> Var<'t> {
                let other = other.like(self);
                let (a, b) = (self.value, other.value);
                let (value, da, db) = fused(#[inline(always)] || rows::$Row::value_and_slopes(a, b));
                Var::join(value, self, da, other, db)
            }
        })*
    };
}
macro_rules! conditionals {
    ($($name:ident $relation:tt;)*) => {
        $(
            #[inline]
            fn $name(self, other: impl Operand<Self>, then: impl Operand<Self>, otherwise: impl Operand<Self>) -> Self {
                if self $relation other.like(self) { then.like(self) } else { otherwise.like(self) }
            }
        )*
    };
}

impl Operand<f64> for f64 {
    #[inline]
    fn like(self, _other: f64) -> f64 {
        self
    }
}
impl Real for f64 {
    #[inline]
    fn constant(self, value: f64) -> f64 {
        value
    }
    unary_table!(number_unary);
    binary_table!(number_binary);
    conditionals! { if_gt >; if_ge >=; if_lt <; if_le <=; if_eq ==; if_ne !=; }
}

/// The functions of one argument. Nothing is recorded: they scale the linear form.
impl<'t> Var<'t> {
    unary_table!(variable_unary);
}
/// The functions of two arguments, a variable and a variable or number.
impl<'t> Var<'t> {
    binary_table!(variable_binary);
}

impl<'t> Operand<Var<'t>> for Var<'t> {
    #[inline]
    fn like(self, _other: Var<'t>) -> Var<'t> {
        self
    }
}
impl<'t> Operand<Var<'t>> for f64 {
    #[inline]
    fn like(self, other: Var<'t>) -> Var<'t> {
        other.tape.constant(self)
    }
}

macro_rules! forwarded_unary {
    ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?): |$x:ident, $y:ident| $value:expr, $slope:expr, $domain:expr;)*) => {
        $(unless_operator! { $Row
            #[inline]
            fn $name(self $(, $p: f64)?) -> Self {
                Self::$name(self $(, $p)?)
            }
        })*
    };
}
macro_rules! forwarded_binary {
    ($($(#[$doc:meta])* $Row:ident $name:ident: |$a:ident, $b:ident, $y:ident| $value:expr, $da:expr, $db:expr, $domain:expr;)*) => {
        $(unless_operator! { $Row
            #[track_caller]
            #[inline]
            fn $name(self, other: impl Operand<Self>) -> Self {
                Self::$name(self, other.like(self))
            }
        })*
    };
}
impl Real for Var<'_> {
    #[inline]
    fn constant(self, value: f64) -> Self {
        self.tape.constant(value)
    }
    unary_table!(forwarded_unary);
    binary_table!(forwarded_binary);
    conditionals! { if_gt >; if_ge >=; if_lt <; if_le <=; if_eq ==; if_ne !=; }
}
