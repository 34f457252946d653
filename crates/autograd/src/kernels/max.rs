//! The largest elements over axes, and their indices.

use super::{rows::rows, simd::Isa};
use crate::dtype::Float;
use crate::shape::{Shape, Strides};
use crate::view::View;
use smallvec::SmallVec;

/// How many elements are compared side by side.
const LANES: usize = 32;

/// The larger of two; NaN where either is.
#[inline(always)]
fn larger<T: Float>(a: T, b: T) -> T {
    if a > b {
        a
    } else if a <= b {
        b
    } else {
        a + b
    }
}

/// The largest elements of `x` over the axes for which `gone` holds. The result has the other axes, in row-major order.
pub(crate) fn max<T: Float>(x: View<'_, T>, gone: &dyn Fn(usize) -> bool, out: &mut [T]) {
    // The result is walked together with the operand. Its stride is 0 along the axes that disappear.
    let kept = Shape::from(&*(0..x.shape.len()).filter(|&i| !gone(i)).map(|i| x.shape[i]).collect::<Dims>());
    let kept_strides = kept.strides();
    let mut kept_strides = kept_strides.iter().copied();
    let mut stride = |i| if gone(i) { 0 } else { kept_strides.next().expect("a kept axis") };
    let strides: Strides = (0..x.shape.len()).map(&mut stride).collect();
    out.fill(T::from_f64(f64::NEG_INFINITY));
    let isa = Isa::widest();
    rows(x.shape, [x.strides, &strides], [x.offset, 0], &mut |n, [from, to], steps| {
        isa.run(
            #[inline(always)]
            || match steps {
                [1, 0] => out[to] = larger(out[to], largest(&x.data[from..from + n])),
                [1, 1] => {
                    for (y, &x) in out[to..to + n].iter_mut().zip(&x.data[from..from + n]) {
                        *y = larger(*y, x);
                    }
                }
                [p, q] => {
                    for k in 0..n as isize {
                        let y = &mut out[to.wrapping_add_signed(k * q)];
                        *y = larger(*y, x.data[from.wrapping_add_signed(k * p)]);
                    }
                }
            },
        );
    });
}

type Dims = SmallVec<[usize; 4]>;

/// The largest element of a slice; −∞ if it is empty.
#[inline(always)]
fn largest<T: Float>(x: &[T]) -> T {
    let mut lanes = [T::from_f64(f64::NEG_INFINITY); LANES];
    let chunks = x.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (m, &x) in lanes.iter_mut().zip(chunk) {
            *m = larger(*m, x);
        }
    }
    for (m, &x) in lanes.iter_mut().zip(rest) {
        *m = larger(*m, x);
    }
    let mut result = lanes[0];
    for &m in &lanes[1..] {
        result = larger(result, m);
    }
    result
}

/// The index along `axis` of the first largest element, or of the first NaN if there is one.
pub(crate) fn argmax<T: Float>(x: View<'_, T>, axis: usize, out: &mut [i64]) {
    let without = |dims: &[isize]| -> Strides {
        dims.iter().enumerate().filter(|(i, _)| *i != axis).map(|(_, &s)| s).collect()
    };
    let shape: Dims = x.shape.iter().enumerate().filter(|(i, _)| *i != axis).map(|(_, &d)| d).collect();
    let (length, step) = (x.shape[axis], x.strides[axis]);
    let mut out = out.iter_mut();
    rows(&shape, [&without(x.strides)], [x.offset], &mut |n, [start], [stride]| {
        for (k, y) in (0..n as isize).zip(&mut out) {
            let first = start.wrapping_add_signed(k * stride);
            let element = |i: usize| x.data[first.wrapping_add_signed(i as isize * step)];
            let mut best = 0;
            for i in 1..length {
                // Comparisons with NaN are false: the first NaN is found by `is_nan`, and then nothing replaces it.
                let (m, x) = (element(best), element(i));
                if x > m || (x.is_nan() && !m.is_nan()) {
                    best = i;
                }
            }
            *y = best as i64;
        }
    });
}
