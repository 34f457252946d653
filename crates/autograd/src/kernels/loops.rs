//! The elementwise loops over contiguous values: one per row of the table, per comparison and per pair of operations,
//! each compiled once for every instruction set. Eager execution and fused kernels share them.

use super::simd::Isa;
use crate::code::{Arithmetic, Joint};
use crate::dtype::Float;
use crate::ir::{Binary, Compare, Unary};
use crate::math::*;
use crate::table::{binary_table, compare_table, unary_table};
use crate::tree::{self, BLOCK, LANES};
use std::mem::MaybeUninit;

/// Where a loop writes: every element of it.
pub(crate) type Out<'a, T> = &'a mut [MaybeUninit<T>];

#[inline(always)]
pub(super) fn each1<T: Copy>(isa: Isa, x: &[T], y: Out<'_, T>, f: impl Fn(T) -> T) {
    isa.run(
        #[inline(always)]
        || {
            for (y, &x) in y.iter_mut().zip(x) {
                y.write(f(x));
            }
        },
    );
}

#[inline(always)]
pub(super) fn each2<T: Copy>(isa: Isa, a: &[T], b: &[T], y: Out<'_, T>, f: impl Fn(T, T) -> T) {
    isa.run(
        #[inline(always)]
        || {
            for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
                y.write(f(a, b));
            }
        },
    );
}

#[inline(always)]
pub(super) fn each3<T: Copy>(isa: Isa, [a, b, c]: [&[T]; 3], y: Out<'_, T>, f: impl Fn(T, T, T) -> T) {
    isa.run(
        #[inline(always)]
        || {
            for (((y, &a), &b), &c) in y.iter_mut().zip(a).zip(b).zip(c) {
                y.write(f(a, b, c));
            }
        },
    );
}

/// What is computed in: `f32` or `f64`.
pub(crate) trait Lane: Float + Scalar + Send + Sync {
    /// y = f(x).
    fn unary(isa: Isa, f: Unary, x: &[Self], y: Out<'_, Self>);
    /// y = f(a, b).
    fn binary(isa: Isa, f: Binary, a: &[Self], b: &[Self], y: Out<'_, Self>);
}

macro_rules! unary_loops {
    ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?): |$x:ident, $y:ident| $value:expr, $slope:expr, $domain:expr;)*) => {
        fn unary(isa: Isa, f: Unary, x: &[Self], y: Out<'_, Self>) {
            // The branch for huge arguments keeps these two from becoming SIMD code.
            let near = matches!(f, Unary::Sin | Unary::Cos) && all_near(x);
            match f {
                Unary::Sin if near => each1(isa, x, y, #[inline(always)] |x: Self| sin_near(x)),
                Unary::Cos if near => each1(isa, x, y, #[inline(always)] |x: Self| cos_near(x)),
                $(Unary::$Row $(($p))? => {
                    $(let $p = $p as Self;)?
                    each1(isa, x, y, #[inline(always)] |$x: Self| $value)
                })*
            }
        }
    };
}
macro_rules! binary_loops {
    ($($(#[$doc:meta])* $Row:ident $name:ident: |$a:ident, $b:ident, $y:ident| $value:expr, $da:expr, $db:expr, $domain:expr;)*) => {
        fn binary(isa: Isa, f: Binary, a: &[Self], b: &[Self], y: Out<'_, Self>) {
            match f {
                $(Binary::$Row => each2(isa, a, b, y, #[inline(always)] |$a: Self, $b: Self| $value),)*
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
        /// 1 where the comparison holds, else 0.
        pub(super) fn compare<T: Lane>(isa: Isa, f: Compare, a: &[T], b: &[T], y: Out<'_, T>) {
            match f {
                $(Compare::$Row => each2(isa, a, b, y, #[inline(always)] |$a: T, $b: T| truth($value)),)*
            }
        }
    };
}
compare_table!(compare_loops);

/// A truth value as a number.
#[inline(always)]
pub(super) fn truth<T: Lane>(is: bool) -> T {
    let one = T::from_f64(1.0);
    if is { one } else { T::default() }
}

macro_rules! pairs {
    ($isa:ident $f:ident $g:ident $x:ident $y:ident: $($First:ident ($a:ident, $b:ident) $first:expr;)*) => {
        match ($f, $g) {
            $(
                (Arithmetic::$First, Joint::Add) => each3($isa, $x, $y, #[inline(always)] |$a, $b, c| $first + c),
                (Arithmetic::$First, Joint::Sub) => each3($isa, $x, $y, #[inline(always)] |$a, $b, c| $first - c),
                (Arithmetic::$First, Joint::From) => each3($isa, $x, $y, #[inline(always)] |$a, $b, c| c - $first),
                (Arithmetic::$First, Joint::Mul) => each3($isa, $x, $y, #[inline(always)] |$a, $b, c| $first * c),
            )*
        }
    };
}

/// Two operations in one pass, each rounded as if alone.
pub(super) fn pair<T: Lane>(isa: Isa, f: Arithmetic, g: Joint, x: [&[T]; 3], y: Out<'_, T>) {
    pairs! { isa f g x y: Add (a, b) (a + b); Sub (a, b) (a - b); Mul (a, b) (a * b); }
}

/// The sum of each row.
pub(super) fn row_sums<T: Lane>(isa: Isa, x: &[T], row: usize, y: Out<'_, T>) {
    isa.run(
        #[inline(always)]
        || {
            for (y, row) in y.iter_mut().zip(x.chunks_exact(row)) {
                y.write(if row.len() <= BLOCK { tree::block(row) } else { tree::sum(row) });
            }
        },
    );
}

/// The largest element of each row; NaN where one is.
pub(super) fn row_maxima<T: Lane>(isa: Isa, x: &[T], row: usize, y: Out<'_, T>) {
    isa.run(
        #[inline(always)]
        || {
            for (y, row) in y.iter_mut().zip(x.chunks_exact(row)) {
                y.write(largest(row));
            }
        },
    );
}

/// Adds values to the lanes of their block.
pub(super) fn add_to_lanes<T: Lane>(isa: Isa, lanes: &mut [T; LANES], x: &[T]) {
    isa.run(
        #[inline(always)]
        || tree::add_to_lanes(lanes, x),
    );
}

/// In lanes, so that rows of any length are walked at full width.
#[inline(always)]
fn largest<T: Lane>(row: &[T]) -> T {
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
