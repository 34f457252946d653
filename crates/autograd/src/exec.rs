//! Eager execution: which kernel computes an op. It sees operands, never the tape.

use crate::buffers::Strided;
use crate::dtype::{DType, Data, Element, with_float, with_type};
use crate::ir::{
    Argmax, Binary, Compare, Concat, LogSoftmax, Max, Meta, Op, Pad, Scatter, Softmax, Sum, Unary,
};
use crate::kernels::elementwise::{map1, map2, select};
use crate::kernels::{copy, index, matmul, max, place::place, softmax, sum};
use crate::math::*;
use crate::table::{binary_table, compare_table, unary_table};
use crate::view::View;

/// Computes `op` on `x` and appends the elements of the result, described by `y`, to the empty `out`.
pub(crate) fn run(op: &Op, x: &[Strided<'_>], y: &Meta, out: &mut Data) {
    match op {
        Op::Unary(f) => with_float!(y.dtype, T => T::unary(*f, x[0].view(), vec(out))),
        Op::Binary(f) => {
            with_float!(y.dtype, T => T::binary(*f, x[0].view(), x[1].view(), vec(out)))
        }
        Op::Compare(f) => {
            with_type!(x[0].dtype(), T => compare::<T>(*f, x[0].view(), x[1].view(), vec(out)))
        }
        Op::Select => {
            with_type!(y.dtype, T => select::<T>(x[0].view(), x[1].view(), x[2].view(), vec(out)))
        }
        Op::Cast(_) => cast(&x[0], out),
        Op::Sum(Sum { axes }) => {
            with_float!(y.dtype, T => sum::sum::<T>(x[0].view(), |i| axes.contains(&(i as u8)), vec(out)))
        }
        Op::Max(Max { axes }) => {
            with_float!(y.dtype, T => max::max::<T>(x[0].view(), |i| axes.contains(&(i as u8)), vec(out)))
        }
        Op::Argmax(Argmax { axis }) => {
            with_float!(x[0].dtype(), T => max::argmax::<T>(x[0].view(), *axis as usize, vec(out)))
        }
        Op::Pad(Pad { axis, before, .. }) => place_along(x, *axis, *before, y, out),
        Op::Concat(Concat { axis }) => place_along(x, *axis, 0, y, out),
        Op::Matmul => {
            with_float!(y.dtype, T => matmul::append::<T>(x[0].view(), x[1].view(), vec(out)))
        }
        Op::Softmax(Softmax { axis }) => {
            with_float!(y.dtype, T => softmax::along::<T>(x[0].view(), *axis as usize, vec(out), softmax::softmax_row))
        }
        Op::LogSoftmax(LogSoftmax { axis }) => with_float!(y.dtype, T => {
            let mut scratch = Vec::new();
            let row = |r: &mut [T]| softmax::log_softmax_row(r, &mut scratch);
            softmax::along::<T>(x[0].view(), *axis as usize, vec(out), row);
        }),
        Op::Pick => with_type!(y.dtype, T => index::pick::<T>(x[0].view(), x[1].view(), vec(out))),
        Op::Scatter(Scatter { columns }) => {
            with_type!(y.dtype, T => index::scatter::<T>(x[0].view(), x[1].view(), *columns, vec(out)));
        }
        // Layout ops reach a kernel only where their result is no view of the operand: a reshape of a strided one.
        Op::Reshape(_) | Op::Broadcast(_) | Op::Permute(_) | Op::Slice(_) | Op::Detach => {
            with_type!(y.dtype, T => copy::<T>(x[0].view(), vec(out)));
        }
        Op::Constant | Op::Variable | Op::Parameter(_) | Op::Full(_) => {
            unreachable!("leaves have their values")
        }
    }
}

/// The operands one after the other along an axis, from place `first` on; zeros elsewhere.
fn place_along(x: &[Strided<'_>], axis: u8, first: usize, y: &Meta, out: &mut Data) {
    let strides = y.shape.strides();
    let (axis, stride) = (axis as usize, strides[axis as usize] as usize);
    with_type!(y.dtype, T => {
        let out = vec::<T>(out);
        out.resize(y.shape.elements(), T::default());
        let mut start = first * stride;
        for x in x {
            place::<T>(x.view(), start, &strides, out);
            start += x.shape[axis] * stride;
        }
    });
}

fn vec<T: Element>(out: &mut Data) -> &mut Vec<T> {
    T::vec(out)
}

/// Refuses what only the values show: indices outside of their row.
#[track_caller]
pub(crate) fn check_values(op: &Op, x: &[Strided<'_>]) {
    let columns = match op {
        Op::Pick => x[0].shape[1],
        Op::Scatter(op) => op.columns,
        _ => return,
    };
    if let Some((row, value)) = index::out_of_range(x[1].view(), columns) {
        panic!(
            "{}: index {value} in row {row} is outside of 0..{columns}\n  \
             rule: every index names one of the {columns} columns\n  hint: labels count from 0",
            op.name()
        );
    }
}

/// The table's functions, one monomorphic loop per row and type.
trait Functions: Sized {
    fn unary(f: Unary, x: View<'_, Self>, out: &mut Vec<Self>);
    fn binary(f: Binary, a: View<'_, Self>, b: View<'_, Self>, out: &mut Vec<Self>);
}

macro_rules! unary_loops {
    ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?): |$x:ident, $y:ident| $value:expr, $slope:expr, $domain:expr;)*) => {
        fn unary(f: Unary, x: View<'_, Self>, out: &mut Vec<Self>) {
            // The branch for huge arguments keeps these two from becoming SIMD code.
            let near = matches!(f, Unary::Sin | Unary::Cos) && x.as_slice().is_some_and(all_near);
            match f {
                Unary::Sin if near => map1(x, out, #[inline(always)] |x: Self| sin_near(x)),
                Unary::Cos if near => map1(x, out, #[inline(always)] |x: Self| cos_near(x)),
                $(Unary::$Row $(($p))? => {
                    $(let $p = $p as Self;)?
                    map1(x, out, #[inline(always)] |$x: Self| $value)
                })*
            }
        }
    };
}
macro_rules! binary_loops {
    ($($(#[$doc:meta])* $Row:ident $name:ident: |$a:ident, $b:ident, $y:ident| $value:expr, $da:expr, $db:expr, $domain:expr;)*) => {
        fn binary(f: Binary, a: View<'_, Self>, b: View<'_, Self>, out: &mut Vec<Self>) {
            match f {
                $(Binary::$Row => map2(a, b, out, #[inline(always)] |$a: Self, $b: Self| $value),)*
            }
        }
    };
}
impl Functions for f32 {
    unary_table!(unary_loops);
    binary_table!(binary_loops);
}
impl Functions for f64 {
    unary_table!(unary_loops);
    binary_table!(binary_loops);
}

macro_rules! compare_loops {
    ($($(#[$doc:meta])* $Row:ident $name:ident: |$a:ident, $b:ident| $value:expr;)*) => {
        fn compare<T: Element + PartialOrd>(f: Compare, a: View<'_, T>, b: View<'_, T>, out: &mut Vec<bool>) {
            match f {
                $(Compare::$Row => map2(a, b, out, |$a: T, $b: T| $value),)*
            }
        }
    };
}
compare_table!(compare_loops);

/// Rounds to nearest towards floating point, towards zero to integers (NaN to 0, out of range to the ends); a number
/// is true where it is not 0.
fn cast(x: &Strided<'_>, out: &mut Data) {
    macro_rules! to {
        ($out:ident, $($from:ident $T:ident: |$v:ident| $e:expr;)*) => {
            match x.dtype() {
                $(DType::$from => map1(x.view::<$T>(), $out, |$v: $T| $e),)*
            }
        };
    }
    match out {
        Data::F32(o) => {
            to! { o, F32 f32: |v| v; F64 f64: |v| v as f32; I64 i64: |v| v as f32; Bool bool: |v| f32::from(v); }
        }
        Data::F64(o) => {
            to! { o, F32 f32: |v| f64::from(v); F64 f64: |v| v; I64 i64: |v| v as f64; Bool bool: |v| f64::from(v); }
        }
        Data::I64(o) => {
            to! { o, F32 f32: |v| v as i64; F64 f64: |v| v as i64; I64 i64: |v| v; Bool bool: |v| i64::from(v); }
        }
        Data::Bool(o) => {
            to! { o, F32 f32: |v| v != 0.0; F64 f64: |v| v != 0.0; I64 i64: |v| v != 0; Bool bool: |v| v; }
        }
    }
}
