//! `+ − × ÷` and negation between variables and numbers; comparison by value.

use super::tape::Var;
use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};

macro_rules! operators {
    ($($Trait:ident $method:ident $chain:ident $join:ident: |$a:ident, $b:ident| $value:expr, $da:expr, $db:expr;)*) => {
        $(
            impl<'t> $Trait for Var<'t> {
                type Output = Var<'t>;
                #[track_caller]
                #[inline(always)]
                fn $method(self, other: Var<'t>) -> Var<'t> {
                    let ($a, $b) = (self.value, other.value);
                    Var::$join($value, self, $da, other, $db)
                }
            }
            impl<'t> $Trait<f64> for Var<'t> {
                type Output = Var<'t>;
                #[inline]
                fn $method(self, $b: f64) -> Var<'t> {
                    let $a = self.value;
                    self.$chain($value, $da)
                }
            }
            impl<'t> $Trait<Var<'t>> for f64 {
                type Output = Var<'t>;
                #[inline]
                fn $method(self, other: Var<'t>) -> Var<'t> {
                    let ($a, $b) = (self, other.value);
                    other.$chain($value, $db)
                }
            }
        )*
    };
}
operators! {
    Add add chain join: |a, b| a + b, 1.0, 1.0;
    Sub sub chain join: |a, b| a - b, 1.0, -1.0;
    Mul mul chain join: |a, b| a * b, b, a;
    Div div chain_at_pole join_at_pole: |a, b| a / b, 1.0 / b, -(a / b) / b;
}

impl<'t> Neg for Var<'t> {
    type Output = Var<'t>;
    #[inline]
    fn neg(self) -> Var<'t> {
        self.chain(-self.value, -1.0)
    }
}

impl PartialEq for Var<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}
impl PartialOrd for Var<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}
impl PartialEq<f64> for Var<'_> {
    fn eq(&self, other: &f64) -> bool {
        self.value == *other
    }
}
impl PartialOrd<f64> for Var<'_> {
    fn partial_cmp(&self, other: &f64) -> Option<Ordering> {
        self.value.partial_cmp(other)
    }
}
