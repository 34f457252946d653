//! Eager execution: which kernel computes an op. It sees operands, never the tape.

mod machine;
mod stream;

pub(crate) use machine::{BadIndex, Machine};
pub use stream::Streams;

use crate::buffers::Strided;
use crate::dtype::{DType, Data, Element, with_float, with_type};
use crate::ir::{Argmax, Binary, Compare, Concat, LogSoftmax, Max, Op, Pad, Scatter, Softmax, Sum, Unary};
use crate::kernels::elementwise::{map1, map2, select};
use crate::kernels::loops::{self, Lane};
use crate::kernels::{copy, index, matmul, max, place::place, softmax, sum};
use crate::scratch::Scratch;
use crate::shape::Shape;
use crate::table::compare_table;
use crate::view::View;
use smallvec::SmallVec;

/// What a result is.
#[derive(Clone, Copy)]
pub(crate) struct Outcome<'a> {
    pub(crate) shape: &'a Shape,
    pub(crate) dtype: DType,
}

/// Row, value and number of columns of an index that names no column.
pub(crate) type OutOfRange = (usize, i64, usize);

/// Computes `op` on `x` and appends the elements of the result, described by `y`, to `out`.
pub(crate) fn run(
    op: &Op,
    x: &[Strided<'_>],
    y: Outcome<'_>,
    out: &mut Data,
    scratch: &mut Scratch,
) -> Result<(), OutOfRange> {
    match op {
        Op::Unary(f) => with_float!(y.dtype, T => unary::<T>(*f, x[0].view(), vec(out))),
        Op::Binary(f) => {
            with_float!(y.dtype, T => binary::<T>(*f, x[0].view(), x[1].view(), vec(out)))
        }
        Op::Compare(f) => {
            with_type!(x[0].dtype(), T => compare::<T>(*f, x[0].view(), x[1].view(), vec(out)))
        }
        Op::Select => {
            with_type!(y.dtype, T => select::<T>(x[0].view(), x[1].view(), x[2].view(), vec(out)))
        }
        Op::Cast(_) => cast(&x[0], out),
        Op::Sum(Sum { axes }) => with_float!(y.dtype, T => {
            let (out, elements) = (vec::<T>(out), y.shape.elements());
            let before = out.len();
            out.resize(before + elements, T::default());
            sum::sum::<T>(x[0].view(), |i| axes.contains(&(i as u8)), &mut out[before..]);
        }),
        Op::Max(Max { axes }) => {
            with_float!(y.dtype, T => max::max::<T>(x[0].view(), |i| axes.contains(&(i as u8)), vec(out)))
        }
        Op::Argmax(Argmax { axis }) => {
            with_float!(x[0].dtype(), T => max::argmax::<T>(x[0].view(), *axis as usize, vec(out)))
        }
        Op::Pad(Pad { axis, before, .. }) => place_along(x, *axis, *before, y, out),
        Op::Concat(Concat { axis }) => place_along(x, *axis, 0, y, out),
        Op::Matmul => {
            with_float!(y.dtype, T => matmul::append::<T>(x[0].view(), x[1].view(), vec(out), scratch))
        }
        Op::Softmax(Softmax { axis }) => {
            with_float!(y.dtype, T => softmax::along::<T>(x[0].view(), *axis as usize, vec(out), softmax::softmax_row))
        }
        Op::LogSoftmax(LogSoftmax { axis }) => with_float!(y.dtype, T => {
            let mut scratch = Vec::new();
            let row = |r: &mut [T]| softmax::log_softmax_row(r, &mut scratch);
            softmax::along::<T>(x[0].view(), *axis as usize, vec(out), row);
        }),
        Op::Pick => {
            check_indices(&x[1], x[0].shape[1])?;
            with_type!(y.dtype, T => index::pick::<T>(x[0].view(), x[1].view(), vec(out)));
        }
        Op::Scatter(Scatter { columns }) => {
            check_indices(&x[1], *columns)?;
            with_type!(y.dtype, T => index::scatter::<T>(x[0].view(), x[1].view(), *columns, vec(out)));
        }
        // Layout ops reach a kernel only where their result is no view of the operand: a reshape of a strided one.
        Op::Reshape(_) | Op::Broadcast(_) | Op::Permute(_) | Op::Slice(_) | Op::Detach => {
            with_type!(y.dtype, T => copy::<T>(x[0].view(), vec(out)));
        }
        Op::Constant | Op::Variable | Op::Parameter(_) | Op::Input(_) | Op::Full(_) => {
            unreachable!("leaves have their values")
        }
    }
    Ok(())
}

/// The operands one after the other along an axis, from place `first` on; zeros elsewhere.
fn place_along(x: &[Strided<'_>], axis: u8, first: usize, y: Outcome<'_>, out: &mut Data) {
    // On the stack, also for more axes than a shape has room for.
    let mut strides: SmallVec<[isize; 8]> = SmallVec::from_elem(1, y.shape.len());
    for i in (1..strides.len()).rev() {
        strides[i - 1] = strides[i] * y.shape[i] as isize;
    }
    let (axis, stride) = (axis as usize, strides[axis as usize] as usize);
    with_type!(y.dtype, T => {
        let out = vec::<T>(out);
        let before = out.len();
        out.resize(before + y.shape.elements(), T::default());
        let mut start = first * stride;
        for x in x {
            place::<T>(x.view(), start, &strides, &mut out[before..]);
            start += x.shape[axis] * stride;
        }
    });
}

fn vec<T: Element>(out: &mut Data) -> &mut Vec<T> {
    T::vec(out)
}

/// What only the values show: that each index names one of so many columns.
fn check_indices(index: &Strided<'_>, columns: usize) -> Result<(), OutOfRange> {
    index::out_of_range(index.view(), columns).map_or(Ok(()), |(row, value)| Err((row, value, columns)))
}

/// An elementwise function of one argument.
fn unary<T: Lane>(f: Unary, x: View<'_, T>, out: &mut Vec<T>) {
    let p = loops::parameter(f);
    match x.as_slice() {
        Some(values) => loops::append(T::unary(f), p, [values], out),
        None => loops::append(T::unary(f), p, [&contiguous(x)], out),
    }
}

/// Appends g·f′(x), given y = f(x), to `out`; false where there is no loop for that, or one of the three is no
/// slice.
pub(crate) fn pull_back(f: Unary, [x, y, g]: [Strided<'_>; 3], out: &mut Data) -> bool {
    with_float!(x.dtype(), T => {
        let (Some(slope), Some(x), Some(y), Some(g)) =
            (T::slope(f), x.view().as_slice(), y.view().as_slice(), g.view().as_slice())
        else {
            return false;
        };
        loops::append(slope, 0.0, [x, y, g], vec(out));
    });
    true
}

/// An elementwise function of two arguments. The four operations also have loops that take a broadcast as it is; what
/// costs more to compute than to copy has not.
fn binary<T: Lane>(f: Binary, a: View<'_, T>, b: View<'_, T>, out: &mut Vec<T>) {
    if let (Some(a), Some(b)) = (a.as_slice(), b.as_slice()) {
        return loops::append(T::binary(f), 0.0, [a, b], out);
    }
    match f {
        Binary::Add => map2(
            a,
            b,
            out,
            #[inline(always)]
            |a, b| a + b,
        ),
        Binary::Sub => map2(
            a,
            b,
            out,
            #[inline(always)]
            |a, b| a - b,
        ),
        Binary::Mul => map2(
            a,
            b,
            out,
            #[inline(always)]
            |a, b| a * b,
        ),
        Binary::Div => map2(
            a,
            b,
            out,
            #[inline(always)]
            |a, b| a / b,
        ),
        _ => loops::append(T::binary(f), 0.0, [&contiguous(a), &contiguous(b)], out),
    }
}

fn contiguous<T: Copy>(x: View<'_, T>) -> Vec<T> {
    let mut values = Vec::new();
    copy(x, &mut values);
    values
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
