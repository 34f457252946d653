//! The columns of the table as functions of `f64`, a type for each row. All is inlined, so that a slope shares with its
//! value what they have in common: one exponential for tanh x and its derivative.

macro_rules! values {
    ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?): |$x:ident, $y:ident| $value:expr, $slope:expr, $domain:expr;)*) => {
        $(pub(in crate::scalar) struct $Row;
        impl $Row {
            #[inline(always)]
            pub(in crate::scalar) fn value($x: f64 $(, $p: f64)?) -> f64 {
                $value
            }
        })*
    };
    ($($(#[$doc:meta])* $Row:ident $name:ident: |$a:ident, $b:ident, $y:ident| $value:expr, $da:expr, $db:expr, $domain:expr;)*) => {
        $(pub(in crate::scalar) struct $Row;
        impl $Row {
            #[inline(always)]
            pub(in crate::scalar) fn value($a: f64, $b: f64) -> f64 {
                $value
            }
        })*
    };
}
mod values {
    use crate::math::*;
    use crate::table::{binary_table, unary_table};
    unary_table!(values);
    binary_table!(values);
}

macro_rules! slopes {
    ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?): |$x:ident, $y:ident| $value:expr, $slope:expr, $domain:expr;)*) => {
        $(#[inline(always)]
        fn $name(x: f64 $(, $p: f64)?) -> f64 {
            $Row::value(x $(, $p)?)
        }
        impl $Row {
            #[inline(always)]
            pub(in crate::scalar) fn value_and_slope($x: f64 $(, $p: f64)?) -> (f64, f64) {
                let $y = $Row::value($x $(, $p)?);
                ($y, $slope)
            }
        })*
    };
    ($($(#[$doc:meta])* $Row:ident $name:ident: |$a:ident, $b:ident, $y:ident| $value:expr, $da:expr, $db:expr, $domain:expr;)*) => {
        $(#[inline(always)]
        fn $name(a: f64, b: f64) -> f64 {
            $Row::value(a, b)
        }
        impl $Row {
            #[inline(always)]
            pub(in crate::scalar) fn value_and_slopes($a: f64, $b: f64) -> (f64, f64, f64) {
                let $y = $Row::value($a, $b);
                ($y, $da, $db)
            }
        })*
    };
}
mod slopes {
    #![allow(
        dead_code,
        unused_variables,
        reason = "a row uses what it needs, of the arguments and of the table"
    )]
    use super::values::*;
    use crate::math::{if_eq, if_ge, if_gt, if_lt};
    use crate::table::{binary_table, lowered, unary_table};
    unary_table!(slopes);
    binary_table!(slopes);
}
pub(super) use values::*;
