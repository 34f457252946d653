//! Elementwise functions: the rules that follow from a row of the table.
//!
//! y = f(x):     x̄ = ȳ·f′(x),            ẏ = f′(x)·ẋ
//! y = f(a, b):  ā = ȳ·∂f/∂a, b̄ = ȳ·∂f/∂b,  ẏ = ∂f/∂a·ȧ + ∂f/∂b·ḃ

use super::prelude::*;
use crate::ir::{Binary, Compare, Op, Unary};
use crate::table::{binary_table, compare_table, lowered, unary_table};
use kernels::functions;

impl Rule for Unary {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        require_float(x)?;
        Ok(x[0].clone())
    }
    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        slope(*self, at.x(), at.y, g).map_or_else(none, only)
    }
    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        slope(*self, at.x(), at.y, t[0]?)
    }
    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        with_float!(y.dtype(), T => y.write(x[0].slice::<T>().iter().map(|&x| T::unary(*self, x))));
        Ok(())
    }
    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, _room: &mut Room<'_>) -> Result<(), Fault> {
        with_float!(y.dtype(), T => functions::unary::<T>(*self, x[0].view(), y.slice()));
        Ok(())
    }
}

impl Rule for Binary {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        require_float(x)?;
        same_shapes(x)?;
        Ok(x[0].clone())
    }
    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, wanted: Wanted<'_>) -> Cotangents<'t> {
        wanted.each(|i| slope_of(*self, i, at.x[0], at.x[1], at.y, g))
    }
    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        total([0, 1].map(|i| slope_of(*self, i, at.x[0], at.x[1], at.y, t[i]?)))
    }
    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        with_float!(y.dtype(), T => {
            let pairs = x[0].slice::<T>().iter().zip(x[1].slice::<T>());
            y.write(pairs.map(|(&a, &b)| T::binary(*self, a, b)));
        });
        Ok(())
    }
    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, _room: &mut Room<'_>) -> Result<(), Fault> {
        with_float!(y.dtype(), T => functions::binary::<T>(*self, x[0].view(), x[1].view(), y.slice()));
        Ok(())
    }
}

impl Rule for Compare {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        same_shapes(x)?;
        one_dtype(x)?;
        Ok(Meta::new(x[0].shape.clone(), DType::Bool))
    }
    fn vjp<'t>(&self, _at: &At<'_, 't>, _g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        none()
    }
    fn jvp<'t>(&self, _at: &At<'_, 't>, _t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        None
    }
    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        with_type!(x[0].meta.dtype, T => {
            let pairs = x[0].slice::<T>().iter().zip(x[1].slice::<T>());
            y.write(pairs.map(|(a, b)| compare(*self, a, b)));
        });
        Ok(())
    }
    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, _room: &mut Room<'_>) -> Result<(), Fault> {
        with_type!(x[0].dtype(), T => functions::compare::<T>(*self, x[0].view(), x[1].view(), y.slice()));
        Ok(())
    }
}

/// Elementwise ops take operands of one shape; the operators broadcast before.
pub(super) fn same_shapes(x: &[&Meta]) -> Result<(), Mismatch> {
    if x.iter().any(|m| m.shape != x[0].shape) {
        return Err(Mismatch::new("all operands have the same shape").hint("use `.broadcast_to(…)`"));
    }
    Ok(())
}

/// Broadcasts `a` and `b` against each other and records the function.
#[track_caller]
pub(crate) fn binary_of<'t>(op: impl Into<Op>, a: Var<'t>, b: Var<'t>) -> Var<'t> {
    let op = op.into();
    let (a, b) = Var::broadcast_pair(op.name(), a, b);
    record(op, &[a, b])
}

impl From<Unary> for Op {
    fn from(f: Unary) -> Op {
        Op::Unary(f)
    }
}
impl From<Binary> for Op {
    fn from(f: Binary) -> Op {
        Op::Binary(f)
    }
}
impl From<Compare> for Op {
    fn from(f: Compare) -> Op {
        Op::Compare(f)
    }
}

/// A derivative as a row gives it: a number where it is constant, else recorded.
trait Slope<'t> {
    /// g times the slope; `None` is zero.
    fn times(self, g: Var<'t>) -> Option<Var<'t>>;
}
impl<'t> Slope<'t> for Var<'t> {
    fn times(self, g: Var<'t>) -> Option<Var<'t>> {
        Some(g * self)
    }
}
impl<'t> Slope<'t> for f64 {
    fn times(self, g: Var<'t>) -> Option<Var<'t>> {
        match self {
            0.0 => None,
            1.0 => Some(g),
            -1.0 => Some(-g),
            slope => Some(g * slope),
        }
    }
}

/// The vocabulary of the derivative column: the functions of the table, recorded.
macro_rules! recorded_functions {
    ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?): |$x:ident, $y:ident| $value:expr, $slope:expr, $domain:expr;)*) => {
        mod recorded {
            #![allow(dead_code, reason = "a row may call any function of the table; not each is called")]
            use super::{Unary, Var, record};
            $(pub(super) fn $name<'t>(x: Var<'t> $(, $p: f64)?) -> Var<'t> {
                record(Unary::$Row $(($p))?, &[x])
            })*
        }
    };
}
unary_table!(recorded_functions);
use recorded::*;

macro_rules! recorded_functions_of_two {
    ($($(#[$doc:meta])* $Row:ident $name:ident: |$a:ident, $b:ident, $y:ident| $value:expr, $da:expr, $db:expr, $domain:expr;)*) => {
        mod recorded_of_two {
            #![allow(dead_code, reason = "a row may call any function of the table; not each is called")]
            use super::{Binary, Operand, Var, binary_of};
            $(pub(super) fn $name<'t>(a: Var<'t>, b: impl Operand<'t>) -> Var<'t> {
                binary_of(Binary::$Row, a, b.like(a))
            })*
        }
    };
}
binary_table!(recorded_functions_of_two);
use recorded_of_two::*;

macro_rules! recorded_conditionals {
    ($($name:ident $method:ident;)*) => {
        $(fn $name<'t>(a: Var<'t>, b: impl Operand<'t>, then: impl Operand<'t>, otherwise: impl Operand<'t>) -> Var<'t> {
            a.$method(b).select(then.like(a), otherwise.like(a))
        })*
    };
}
recorded_conditionals! { if_gt gt; if_ge ge; if_lt lt; if_eq eq; }

macro_rules! unary_slopes {
    ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?): |$x:ident, $y:ident| $value:expr, $slope:expr, $domain:expr;)*) => {
        #[expect(unused_variables, reason = "a row uses what it needs of argument and value")]
        fn slope<'t>(f: Unary, x: Var<'t>, y: Var<'t>, g: Var<'t>) -> Option<Var<'t>> {
            match f {
                $(Unary::$Row $(($p))? => {
                    let ($x, $y) = (x, y);
                    Slope::times($slope, g)
                })*
            }
        }
    };
}
unary_table!(unary_slopes);

macro_rules! binary_slopes {
    ($($(#[$doc:meta])* $Row:ident $name:ident: |$a:ident, $b:ident, $y:ident| $value:expr, $da:expr, $db:expr, $domain:expr;)*) => {
        /// g times the slope with respect to operand `i`.
        #[expect(unused_variables, reason = "a row uses what it needs of arguments and value")]
        fn slope_of<'t>(f: Binary, i: usize, a: Var<'t>, b: Var<'t>, y: Var<'t>, g: Var<'t>) -> Option<Var<'t>> {
            match (f, i) {
                $((Binary::$Row, 0) => {
                    let ($a, $b, $y) = (a, b, y);
                    Slope::times($da, g)
                }
                (Binary::$Row, _) => {
                    let ($a, $b, $y) = (a, b, y);
                    Slope::times($db, g)
                })*
            }
        }
    };
}
binary_table!(binary_slopes);

/// One value at a time, for the oracle.
trait Scalars: Sized {
    fn unary(f: Unary, x: Self) -> Self;
    fn binary(f: Binary, a: Self, b: Self) -> Self;
}

mod values {
    //! The value column of the table, as numbers.
    use super::{Binary, Compare, Scalars, Unary, binary_table, compare_table, unary_table};
    use crate::math::*;

    macro_rules! unary_values {
        ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?): |$x:ident, $y:ident| $value:expr, $slope:expr, $domain:expr;)*) => {
            fn unary(f: Unary, x: Self) -> Self {
                match f {
                    $(Unary::$Row $(($p))? => {
                        let $x = x;
                        $(let $p = $p as Self;)?
                        $value
                    })*
                }
            }
        };
    }
    macro_rules! binary_values {
        ($($(#[$doc:meta])* $Row:ident $name:ident: |$a:ident, $b:ident, $y:ident| $value:expr, $da:expr, $db:expr, $domain:expr;)*) => {
            fn binary(f: Binary, a: Self, b: Self) -> Self {
                match f {
                    $(Binary::$Row => {
                        let ($a, $b) = (a, b);
                        $value
                    })*
                }
            }
        };
    }
    impl Scalars for f32 {
        unary_table!(unary_values);
        binary_table!(binary_values);
    }
    impl Scalars for f64 {
        unary_table!(unary_values);
        binary_table!(binary_values);
    }

    macro_rules! compare_values {
        ($($(#[$doc:meta])* $Row:ident $name:ident: |$a:ident, $b:ident| $value:expr;)*) => {
            pub(super) fn compare<T: PartialOrd>(f: Compare, a: &T, b: &T) -> bool {
                match f {
                    $(Compare::$Row => {
                        let ($a, $b) = (a, b);
                        $value
                    })*
                }
            }
        };
    }
    compare_table!(compare_values);
}
use values::compare;
