//! Products along an axis.

use super::simd::widest;
use crate::dtype::Float;

/// Columns that are multiplied side by side.
const WIDE: usize = 64;

/// `out[b, j] = Π x[b, i, j]` for x of `[…, n, inner]` in row-major order: the first half of the rows times the second half, until one
/// is left. Of an odd number the last is kept for the next time.
pub(crate) fn prod<T: Float>(x: &[T], [n, inner]: [usize; 2], out: &mut [T]) {
    if n == 0 {
        return out.fill(T::from_f64(1.0));
    }
    let mut rows = Vec::with_capacity(n * inner.min(WIDE));
    for (x, out) in x.chunks_exact((n * inner).max(1)).zip(out.chunks_exact_mut(inner.max(1))) {
        for (from, out) in (0..inner).step_by(WIDE).zip(out.chunks_mut(WIDE)) {
            rows.clear();
            if out.len() == inner {
                rows.extend_from_slice(x);
            } else {
                x.chunks_exact(inner).for_each(|row| rows.extend_from_slice(&row[from..][..out.len()]));
            }
            widest(
                #[inline(always)]
                || halve(&mut rows, n, out.len()),
            );
            out.copy_from_slice(&rows[..out.len()]);
        }
    }
}

/// Multiplies `n` rows of `width` elements until the first is the product of all.
#[inline(always)]
fn halve<T: Float>(rows: &mut [T], mut n: usize, width: usize) {
    while n > 1 {
        let half = n / 2 * width;
        let (low, high) = rows.split_at_mut(half);
        for (x, &y) in low.iter_mut().zip(&*high) {
            *x = *x * y;
        }
        if n % 2 == 1 {
            high.copy_within(half..half + width, 0);
        }
        n = n.div_ceil(2);
    }
}
