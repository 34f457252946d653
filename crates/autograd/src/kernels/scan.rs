//! Running sums along an axis.

use crate::dtype::Float;
use crate::view::View;

/// So many running sums are kept at a time: enough for SIMD, and a cache line of each row.
const SUMS: usize = 16;

/// So many rows are added up together, a part of each at a time: an addition waits for the one before it in its row.
const ROWS: usize = 8;

/// The elements of a part, few enough that the processor begins with the next row meanwhile.
const PART: usize = 16;

/// The sum of no terms. With a first term it is that term, also if it is −0.
const NOTHING: f64 = -0.0;

/// `out[…, i, …] = Σ x[…, j, …]` over j ≤ i, or over j ≥ i if `reverse`. Terms are added one by one, from the first end or, if
/// `reverse`, from the last. The sum is an `f64`, so that a long one in `f32` does not stop to grow.
pub(crate) fn cumsum<T: Float>(x: View<'_, T>, axis: usize, reverse: bool, out: &mut [T]) {
    super::copy(x, out);
    let (length, inner) = (x.shape[axis], x.shape[axis + 1..].iter().product::<usize>());
    if out.is_empty() {
        return;
    }
    if inner == 1 {
        return out.chunks_mut(ROWS * length).for_each(|rows| along_rows(rows, length, reverse));
    }
    // Along the axis lie rows of `inner` numbers.
    for block in out.chunks_exact_mut(length * inner) {
        for column in (0..inner).step_by(SUMS) {
            let width = SUMS.min(inner - column);
            let mut sums = [NOTHING; SUMS];
            for i in 0..length {
                let row = if reverse { length - 1 - i } else { i };
                let row = &mut block[row * inner + column..][..width];
                for (y, sum) in row.iter_mut().zip(&mut sums) {
                    *sum += y.to_f64();
                    *y = T::from_f64(*sum);
                }
            }
        }
    }
}

/// Replaces the elements of at most [`ROWS`] rows of `length` elements by their running sums.
fn along_rows<T: Float>(rows: &mut [T], length: usize, reverse: bool) {
    let mut sums = [NOTHING; ROWS];
    for from in (0..length).step_by(PART) {
        let to = length.min(from + PART);
        for (row, sum) in rows.chunks_exact_mut(length).zip(&mut sums) {
            let add = |y: &mut T| {
                *sum += y.to_f64();
                *y = T::from_f64(*sum);
            };
            if reverse {
                row[length - to..length - from].iter_mut().rev().for_each(add);
            } else {
                row[from..to].iter_mut().for_each(add);
            }
        }
    }
}
