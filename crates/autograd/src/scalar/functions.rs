//! The functions of the table for plain numbers and for variables of the scalar tape.

use super::real::{Operand, Real};
use super::tape::Var;
use crate::kernels::simd::fused;
use crate::number::{BinaryRow, Num, Number, Operator, Slope, UnaryRow, Zero};
use crate::rows;
use crate::table::{Compare, binary_table, unary_table, unless_operator};

impl Operand<f64> for f64 {
    #[inline]
    fn like(self, _other: f64) -> f64 {
        self
    }
}
impl Real for f64 {}

/// Nothing is recorded by a function of one argument: it scales the linear form.
impl<'t> Number for Var<'t> {
    type Mask = bool;

    #[inline]
    fn literal(self, value: f64) -> Var<'t> {
        self.tape.constant(value)
    }
    #[inline(always)]
    fn and_literal(self, operator: Operator, c: f64) -> Var<'t> {
        operator.of(self, c)
    }
    #[inline(always)]
    fn after_literal(self, operator: Operator, c: f64) -> Var<'t> {
        operator.of(c, self)
    }
    #[inline]
    fn holds(self, relation: Compare, other: Var<'t>) -> bool {
        relation.holds(self.value, other.value)
    }
    #[inline]
    fn select(mask: bool, then: Var<'t>, otherwise: Var<'t>) -> Var<'t> {
        if mask { then } else { otherwise }
    }

    /// All is inlined, so that a slope shares with its value what they have in common: one exponential for tanh x and its
    /// derivative.
    #[inline(always)]
    fn apply<F: UnaryRow>(self, p: f64) -> Var<'t> {
        let x = Num(self.value);
        let (value, slope) = fused(
            #[inline(always)]
            || {
                let y = F::value(x, Num(p));
                (y.0, plain(F::slope(x, y, p)))
            },
        );
        if F::ZEROS[0] == Zero::OfDerivative {
            self.chain_at_pole(value, slope)
        } else {
            self.chain(value, slope)
        }
    }
    #[track_caller]
    #[inline(always)]
    fn apply_with<F: BinaryRow>(self, other: Var<'t>) -> Var<'t> {
        let (x, z) = (Num(self.value), Num(other.value));
        let (value, [da, db]) = fused(
            #[inline(always)]
            || {
                let y = F::value(x, z);
                (y.0, F::slopes(x, z, y, [true; 2]).map(|slope| slope.map_or(0.0, plain)))
            },
        );
        let [of_a, of_b] = F::ZEROS;
        let a = if spoils_nothing(of_a) { self.unless_zero(da) } else { self };
        let b = if spoils_nothing(of_b) { other.unless_zero(db) } else { other };
        if of_a[0] != Zero::Plain {
            return Var::join_at_pole(value, a, da, b, db);
        }
        Var::join(value, a, da, b, db)
    }
}

/// Whether a slope of 0 gives 0 with any coefficient.
const fn spoils_nothing(zeros: [Zero; 2]) -> bool {
    matches!(zeros[1], Zero::OfSlope | Zero::OfEither)
}

/// A derivative as a number, also where it is constant.
#[inline(always)]
fn plain(slope: Slope<f64>) -> f64 {
    match slope {
        Slope::Constant(slope) | Slope::Varying(slope) => slope,
    }
}

macro_rules! functions {
    ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?) |$x:ident, $y:ident| $columns:tt)*) => {
        $(unless_operator! { $Row
            $(#[$doc])*
            #[inline]
            pub fn $name(self $(, $p: f64)?) -> Var<'t> {
                self.apply::<rows::$Row>([$($p,)? 0.0][0])
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
            pub fn $name(self, other: impl Operand<Var<'t>>) -> Var<'t> {
                self.apply_with::<rows::$Row>(other.like(self))
            }
        })*
    };
}

/// The functions of one argument. Nothing is recorded: they scale the linear form.
impl<'t> Var<'t> {
    unary_table!(functions);
}
/// The functions of two arguments, a variable and a variable or number.
impl<'t> Var<'t> {
    binary_table!(functions_of_two);
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
impl Real for Var<'_> {}
