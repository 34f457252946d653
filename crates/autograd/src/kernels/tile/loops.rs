//! The loops of the steps: one per row of the table, per comparison and per pair of operations.

use super::truth;
use crate::code::{Arithmetic, Joint};
use crate::dtype::Float;
use crate::ir::{Binary, Compare, Unary};
use crate::math::*;
use crate::table::{binary_table, compare_table, unary_table};
use crate::tree::LANES;

#[inline(always)]
pub(super) fn each1<T: Copy>(x: &[T], y: &mut [T], f: impl Fn(T) -> T) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y = f(x);
    }
}

#[inline(always)]
pub(super) fn each2<T: Copy>(a: &[T], b: &[T], y: &mut [T], f: impl Fn(T, T) -> T) {
    for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
        *y = f(a, b);
    }
}

#[inline(always)]
pub(super) fn each3<T: Copy>(a: &[T], b: &[T], c: &[T], y: &mut [T], f: impl Fn(T, T, T) -> T) {
    for (((y, &a), &b), &c) in y.iter_mut().zip(a).zip(b).zip(c) {
        *y = f(a, b, c);
    }
}

/// What tiles are computed in: `f32` or `f64`.
pub(crate) trait Lane: Float + Scalar + Send + Sync {
    fn unary(f: Unary, x: &[Self], y: &mut [Self]);
    fn binary(f: Binary, a: &[Self], b: &[Self], y: &mut [Self]);
}

macro_rules! unary_loops {
    ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?): |$x:ident, $y:ident| $value:expr, $slope:expr, $domain:expr;)*) => {
        #[inline(always)]
        fn unary(f: Unary, x: &[Self], y: &mut [Self]) {
            match f {
                $(Unary::$Row $(($p))? => {
                    $(let $p = $p as Self;)?
                    each1(x, y, #[inline(always)] |$x: Self| $value)
                })*
            }
        }
    };
}
macro_rules! binary_loops {
    ($($(#[$doc:meta])* $Row:ident $name:ident: |$a:ident, $b:ident, $y:ident| $value:expr, $da:expr, $db:expr, $domain:expr;)*) => {
        #[inline(always)]
        fn binary(f: Binary, a: &[Self], b: &[Self], y: &mut [Self]) {
            match f {
                $(Binary::$Row => each2(a, b, y, #[inline(always)] |$a: Self, $b: Self| $value),)*
            }
        }
    };
}
impl Lane for f32 {
    unary_table!(unary_loops);
    binary_table!(binary_loops);
}
impl Lane for f64 {
    unary_table!(unary_loops);
    binary_table!(binary_loops);
}

macro_rules! compare_loops {
    ($($(#[$doc:meta])* $Row:ident $name:ident: |$a:ident, $b:ident| $value:expr;)*) => {
        #[inline(always)]
        pub(super) fn compare<T: Lane>(f: Compare, a: &[T], b: &[T], y: &mut [T]) {
            match f {
                $(Compare::$Row => each2(a, b, y, #[inline(always)] |$a: T, $b: T| truth($value)),)*
            }
        }
    };
}
compare_table!(compare_loops);

macro_rules! pairs {
    ($f:ident $g:ident $a:ident $b:ident $c:ident $y:ident: $($First:ident ($x:ident, $z:ident) $first:expr;)*) => {
        match ($f, $g) {
            $(
                (Arithmetic::$First, Joint::Add) => each3($a, $b, $c, $y, #[inline(always)] |$x, $z, c| $first + c),
                (Arithmetic::$First, Joint::Sub) => each3($a, $b, $c, $y, #[inline(always)] |$x, $z, c| $first - c),
                (Arithmetic::$First, Joint::From) => each3($a, $b, $c, $y, #[inline(always)] |$x, $z, c| c - $first),
                (Arithmetic::$First, Joint::Mul) => each3($a, $b, $c, $y, #[inline(always)] |$x, $z, c| $first * c),
            )*
        }
    };
}

/// Two operations in one pass, each rounded as if alone.
#[inline(always)]
pub(super) fn pair<T: Lane>(f: Arithmetic, g: Joint, a: &[T], b: &[T], c: &[T], y: &mut [T]) {
    pairs! { f g a b c y: Add (a, b) (a + b); Sub (a, b) (a - b); Mul (a, b) (a * b); }
}

/// The largest element; NaN where one is. In lanes, so that rows of any length are walked at full width.
#[inline(always)]
pub(super) fn largest<T: Lane>(row: &[T]) -> T {
    let mut lanes = [row[0]; LANES];
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = larger(*lane, x);
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane = larger(*lane, x);
    }
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] = larger(lanes[i], lanes[i + half]);
        }
        half /= 2;
    }
    lanes[0]
}

#[expect(clippy::eq_op, reason = "what differs from itself is NaN")]
#[inline(always)]
fn larger<T: Lane>(a: T, b: T) -> T {
    if b > a || b != b { b } else { a }
}
