//! Elementwise loops over one, two or three views of one shape.

use super::{View, rows::rows, simd::widest};

/// `out[i] = f(x[i])`, appended.
#[inline(always)]
pub(crate) fn map1<A: Copy, O: Copy>(x: View<'_, A>, out: &mut Vec<O>, f: impl Fn(A) -> O + Copy) {
    rows(x.shape, [x.strides], [x.offset], |n, [i], [step]| match step {
        1 => {
            let x = &x.data[i..i + n];
            widest(|| out.extend(x.iter().map(|&a| f(a))));
        }
        0 => out.extend(std::iter::repeat_n(f(x.data[i]), n)),
        _ => out.extend((0..n).map(|k| f(x.data[at(i, k, step)]))),
    });
}

/// `out[i] = f(a[i], b[i])`, appended; one of the two may be a single number or a broadcast.
#[inline(always)]
pub(crate) fn map2<A: Copy, B: Copy, O: Copy>(
    a: View<'_, A>,
    b: View<'_, B>,
    out: &mut Vec<O>,
    f: impl Fn(A, B) -> O + Copy,
) {
    rows(a.shape, [a.strides, b.strides], [a.offset, b.offset], |n, [i, j], steps| match steps {
        [1, 1] => {
            let (a, b) = (&a.data[i..i + n], &b.data[j..j + n]);
            widest(|| out.extend(a.iter().zip(b).map(|(&a, &b)| f(a, b))));
        }
        [1, 0] => {
            let (a, b) = (&a.data[i..i + n], b.data[j]);
            widest(|| out.extend(a.iter().map(|&a| f(a, b))));
        }
        [0, 1] => {
            let (a, b) = (a.data[i], &b.data[j..j + n]);
            widest(|| out.extend(b.iter().map(|&b| f(a, b))));
        }
        [p, q] => out.extend((0..n).map(|k| f(a.data[at(i, k, p)], b.data[at(j, k, q)]))),
    });
}

/// `out[i] = mask[i] ? a[i] : b[i]`, appended.
pub(crate) fn select<T: Copy>(mask: View<'_, bool>, a: View<'_, T>, b: View<'_, T>, out: &mut Vec<T>) {
    let strides = [mask.strides, a.strides, b.strides];
    rows(mask.shape, strides, [mask.offset, a.offset, b.offset], |n, [h, i, j], steps| match steps {
        [1, 1, 1] => {
            let (mask, a, b) = (&mask.data[h..h + n], &a.data[i..i + n], &b.data[j..j + n]);
            widest(|| out.extend(mask.iter().zip(a).zip(b).map(|((&m, &a), &b)| if m { a } else { b })));
        }
        [o, p, q] => out.extend((0..n).map(|k| {
            let (a, b) = (a.data[at(i, k, p)], b.data[at(j, k, q)]);
            if mask.data[at(h, k, o)] { a } else { b }
        })),
    });
}

#[inline(always)]
fn at(start: usize, k: usize, step: isize) -> usize {
    start.wrapping_add_signed(k as isize * step)
}
