//! The rows of the table as types: each a function that is evaluated, and differentiated, over any kind of number.
//!
//! Here alone the columns of functions are expanded. The value column is written in the functions of `math/`, the derivative
//! column in those of the table itself, so that a derivative that is recorded has derivatives of its own.

use crate::number::{BinaryRow, Digits, Num, Number, Slope, UnaryRow, Zero};
use crate::table::{Binary, Unary, binary_table, cell, marked, unary_table};

/// What the value column may call.
mod values {
    pub(super) use crate::math::*;
    pub(super) use crate::number::{if_eq, if_ge, if_gt, if_le, if_lt};

    use crate::number::{Digits, Num};

    /// The share s of x, with 0 ≤ s ≤ 1: 0 where s is, also of −∞.
    #[inline(always)]
    pub(super) fn times_share<N: Digits>(x: Num<N>, s: Num<N>) -> Num<N> {
        if_eq(s, 0.0, s, s * x)
    }
}

/// What the derivative column may call: the functions of the table.
mod slopes {
    #![allow(dead_code, reason = "a row may call any function of the table; not each is called")]

    use super::{Num, Number, binary_table, unary_table};
    pub(super) use crate::number::{Literal, if_eq, if_ge, if_gt, if_lt};

    /// The exponent of the derivative of xᵖ, but 0 where p = 0: the derivative is 0 there, also at x = 0.
    #[inline(always)]
    pub(super) fn lowered(p: f64) -> f64 {
        if p == 0.0 { 0.0 } else { p - 1.0 }
    }

    /// 1 − x², with all digits near ±1, and a derivative with all digits near 0.
    #[track_caller]
    #[inline(always)]
    pub(super) fn one_minus_square<N: Number>(x: Num<N>) -> Num<N> {
        let z = x * x;
        if_lt(z, 0.25, 1.0 - z, (1.0 - x) * (1.0 + x))
    }

    macro_rules! functions {
        ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?) |$x:ident, $y:ident| $columns:tt)*) => {
            $(#[track_caller]
            #[inline(always)]
            pub(super) fn $name<N: Number>(x: Num<N> $(, $p: f64)?) -> Num<N> {
                Num(x.0.apply::<super::$Row>([$($p,)? 0.0][0]))
            })*
        };
    }
    unary_table!(functions);

    macro_rules! functions_of_two {
        ($($(#[$doc:meta])* $Row:ident $name:ident |$a:ident, $b:ident, $y:ident| $columns:tt)*) => {
            $(#[track_caller]
            #[inline(always)]
            pub(super) fn $name<N: Number>(a: Num<N>, b: Num<N>) -> Num<N> {
                Num(a.0.apply_with::<super::$Row>(b.0))
            })*
        };
    }
    binary_table!(functions_of_two);
}

macro_rules! unary_rows {
    ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?) |$x:ident, $y:ident| $columns:tt)*) => {
        $(
            #[derive(Debug)]
            pub(crate) struct $Row;

            impl UnaryRow for $Row {
                const GUARDED: bool = marked!(near $columns);
                const ONE_PASS: bool = marked!(one_pass $columns);
                const ZEROS: [Zero; 2] = Zero::of(marked!(pole $columns), marked!(chooses $columns));
                const RARE: bool = marked!(rare $columns);

                fn named(parameter: f64) -> Unary {
                    Unary::$Row $(({ let $p = parameter; $p }))?
                }
                #[inline(always)]
                fn value<N: Digits>($x: Num<N>, parameter: Num<N>) -> Num<N> {
                    use values::*;
                    $(let $p = parameter;)?
                    cell!(value $columns)
                }
                #[inline(always)]
                fn near<N: Digits>($x: Num<N>, parameter: Num<N>) -> Num<N> {
                    use values::*;
                    cell!(near $columns else Self::value($x, parameter))
                }
                #[inline(always)]
                fn slope<N: Number>($x: Num<N>, $y: Num<N>, parameter: f64) -> Slope<N> {
                    use slopes::*;
                    $(let $p = parameter;)?
                    Slope::from(cell!(slope $columns))
                }
            }
        )*

        impl Unary {
            /// Shows a visitor the row of a function.
            pub(crate) fn visit<V: VisitUnary>(self, visitor: V) -> V::Output {
                let p = self.parameter().unwrap_or(0.0);
                match self {
                    $(Unary::$Row { .. } => visitor.row::<$Row>(p),)*
                }
            }
        }
    };
}

macro_rules! binary_rows {
    ($($(#[$doc:meta])* $Row:ident $name:ident |$a:ident, $b:ident, $y:ident| $columns:tt)*) => {
        $(
            #[derive(Debug)]
            pub(crate) struct $Row;

            impl BinaryRow for $Row {
                const NAMED: Binary = Binary::$Row;
                const ZEROS: [[Zero; 2]; 2] = match Binary::$Row {
                    // Its own derivative: the zero stays that of the first factor.
                    Binary::StrongMul => [[Zero::OfDerivative; 2], [Zero::OfEither; 2]],
                    Binary::AbsoluteMul => [[Zero::OfEither; 2]; 2],
                    _ => [Zero::of(marked!(pole $columns), marked!(chooses $columns)); 2],
                };

                #[inline(always)]
                fn value<N: Digits>($a: Num<N>, $b: Num<N>) -> Num<N> {
                    use values::*;
                    cell!(value $columns)
                }
                #[inline(always)]
                fn slopes<N: Number>(
                    $a: Num<N>,
                    $b: Num<N>,
                    $y: Num<N>,
                    wanted: [bool; 2],
                ) -> [Option<Slope<N>>; 2] {
                    use slopes::*;
                    cell!(with $columns else ());
                    let da = if wanted[0] { Some(Slope::from(cell!(da $columns))) } else { None };
                    let db = if wanted[1] { Some(Slope::from(cell!(db $columns))) } else { None };
                    [da, db]
                }
            }
        )*

        impl Binary {
            /// Shows a visitor the row of a function.
            pub(crate) fn visit<V: VisitBinary>(self, visitor: V) -> V::Output {
                match self {
                    $(Binary::$Row => visitor.row::<$Row>(),)*
                }
            }
        }
    };
}

/// A cotangent or a tangent times a slope.
#[track_caller]
#[inline(always)]
pub(crate) fn times<N: Number>(zero: Zero, slope: Slope<N>, g: N) -> N {
    match (slope, zero) {
        (Slope::Varying(slope), Zero::OfDerivative) => g.apply_with::<StrongMul>(slope),
        (Slope::Varying(slope), Zero::OfSlope) => slope.apply_with::<StrongMul>(g),
        (Slope::Varying(slope), Zero::OfEither) => slope.apply_with::<AbsoluteMul>(g),
        _ => slope.times(g),
    }
}

/// What can be done with any row of one argument.
pub(crate) trait VisitUnary {
    type Output;
    fn row<F: UnaryRow>(self, p: f64) -> Self::Output;
}

/// f(x), one number at a time: for the oracle and for formulas.
pub(crate) fn value_of<T: Digits>(f: Unary, x: T) -> T {
    struct At<T>(T);
    impl<T: Digits> VisitUnary for At<T> {
        type Output = T;
        fn row<F: UnaryRow>(self, p: f64) -> T {
            self.0.apply::<F>(p)
        }
    }
    f.visit(At(x))
}

/// What can be done with any row of two arguments.
pub(crate) trait VisitBinary {
    type Output;
    fn row<F: BinaryRow>(self) -> Self::Output;
}

mod expanded {
    #![allow(
        unused_imports,
        unused_variables,
        clippy::excessive_precision,
        reason = "a row uses what it needs, of the arguments and of the functions"
    )]
    use super::*;
    unary_table!(unary_rows);
    binary_table!(binary_rows);
}
pub(crate) use expanded::*;
