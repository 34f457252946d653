//! Running sums along an axis.

use crate::dtype::Float;
use crate::view::View;

/// So many running sums are kept at a time: enough for SIMD, and a cache line of each row.
const SUMS: usize = 16;

/// `out[…, i, …] = Σ x[…, j, …]` over j ≤ i, or over j ≥ i if `reverse`. Terms are added one by one, from the first end or, if
/// `reverse`, from the last. The sum is an `f64`, so that a long one in `f32` does not stop to grow.
pub(crate) fn cumsum<T: Float>(x: View<'_, T>, axis: usize, reverse: bool, out: &mut [T]) {
    super::copy(x, out);
    let (length, inner) = (x.shape[axis], x.shape[axis + 1..].iter().product::<usize>());
    if out.is_empty() {
        return;
    }
    // Along the axis lie rows of `inner` numbers.
    for block in out.chunks_exact_mut(length * inner) {
        for column in (0..inner).step_by(SUMS) {
            let width = SUMS.min(inner - column);
            let mut sums = [0.0; SUMS];
            for i in 0..length {
                let row = if reverse { length - 1 - i } else { i };
                let row = &mut block[row * inner + column..][..width];
                for (y, sum) in row.iter_mut().zip(&mut sums) {
                    // The first term as it is: a sum with 0 would lose the sign of -0.
                    *sum = if i == 0 { y.to_f64() } else { *sum + y.to_f64() };
                    *y = T::from_f64(*sum);
                }
            }
        }
    }
}
