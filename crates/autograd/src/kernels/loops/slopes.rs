//! The derivative column of the table as loops: g·f′(x), which a sweep hands on through a function, in one pass. The
//! operations and their order are those that the recorded rule takes, so no bit differs.

use super::sets::{avx2, avx512, baseline};
use super::{Lane, Loop, Map, unary_rows, widest};
use crate::ir::Unary;
use crate::kernels::simd::{Isa, Set};
use crate::table::unary_table;

/// The product of a cotangent and the slope of a row: of x, y = f(x) and g.
pub(super) struct Slope<F>(F);

/// The functions of the table by name, as the derivative column calls them; those of a parameter are left to the rule.
macro_rules! functions {
    ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?): |$x:ident, $y:ident| $value:expr, $slope:expr, $domain:expr;)*) => {
        $(functions!(@function $Row $name($($p)?));)*
    };
    (@function $Row:ident $name:ident()) => {
        #[inline(always)]
        pub(super) fn $name<T: Lane>(x: T) -> T
        where
            unary_rows::$Row: Map<T, 1>,
        {
            unary_rows::$Row::f([x], x)
        }
    };
    (@function $Row:ident $name:ident($p:ident)) => {};
}

macro_rules! slopes {
    ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?): |$x:ident, $y:ident| $value:expr, $slope:expr, $domain:expr;)*) => {
        $(slopes!(@map f32 $Row($($p)?) $x $y $slope); slopes!(@map f64 $Row($($p)?) $x $y $slope);)*
    };
    // Its factor is written as a number of type `f64`.
    (@map $T:ident Erf() $x:ident $y:ident $slope:expr) => {};
    (@map $T:ident $Row:ident() $x:ident $y:ident $slope:expr) => {
        impl Map<$T, 3> for Slope<unary_rows::$Row> {
            #[inline(always)]
            fn f([$x, $y, g]: [$T; 3], _: $T) -> $T {
                g * ($slope)
            }
        }
    };
    (@map $T:ident $Row:ident($p:ident) $x:ident $y:ident $slope:expr) => {};
}

mod rows {
    #![allow(
        dead_code,
        unused_variables,
        clippy::neg_multiply,
        clippy::excessive_precision,
        reason = "the rows are written for every type, and use what they need of the arguments"
    )]
    use super::functions::*;
    use super::{Map, Slope, unary_rows, unary_table};
    use crate::math::{if_gt, if_lt};
    unary_table!(slopes);
}

mod functions {
    #![allow(dead_code, reason = "a row may call any function of the table; not each is called")]
    use super::{Lane, Map, unary_rows, unary_table};
    unary_table!(functions);
}

/// The loop of the rows whose slope takes several operations, none of which is a call.
macro_rules! worthwhile {
    ($($Row:ident)*) => {
        pub(super) fn slope_loop<T: Lane>(f: Unary) -> Option<Loop<T>>
        where
            $(Slope<unary_rows::$Row>: Map<T, 3>,)*
        {
            Some(match f {
                $(Unary::$Row => widest!(map3::<T, Slope<unary_rows::$Row>>),)*
                _ => return None,
            })
        }
    };
}
worthwhile! { Sqrt Ln Square Recip Tanh Sigmoid Softplus Relu Swish Gelu GeluTanh }
