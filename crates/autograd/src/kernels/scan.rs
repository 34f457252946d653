//! Running sums along an axis.

use super::simd::Isa;
use crate::dtype::Float;
use crate::tree::RUN;
use crate::view::View;

/// So many running sums are kept at a time: enough for SIMD, and a cache line of each row.
const SUMS: usize = 16;

/// The elements of a part, which stays in the first-level cache; whole runs.
const PART: usize = 128 * RUN;

/// The sum of no terms. With a first term it is that term, also if it is −0.
const NOTHING: f64 = -0.0;

/// `out[…, i, …] = Σ x[…, j, …]` over j ≤ i, or over j ≥ i if `reverse`. Terms are added from the first end or, if `reverse`, from
/// the last, in [runs](RUN). The sum is an `f64`, so that a long one in `f32` does not stop to grow.
pub(crate) fn cumsum<T: Float>(x: View<'_, T>, axis: usize, reverse: bool, out: &mut [T]) {
    let (length, inner) = (x.shape[axis], x.shape[axis + 1..].iter().product::<usize>());
    if out.is_empty() {
        return;
    }
    if let (1, Some(x)) = (inner, x.as_slice()) {
        let rows = out.chunks_exact_mut(length).zip(x.chunks_exact(length));
        return rows.for_each(|(row, x)| sum_row(Some(x), row, reverse));
    }
    super::copy(x, out);
    if inner == 1 {
        return out.chunks_exact_mut(length).for_each(|row| sum_row(None, row, reverse));
    }
    // Along the axis lie rows of `inner` numbers.
    for block in out.chunks_exact_mut(length * inner) {
        for column in (0..inner).step_by(SUMS) {
            let width = SUMS.min(inner - column);
            let (mut before, mut sums) = ([NOTHING; SUMS], [NOTHING; SUMS]);
            for i in 0..length {
                let row = if reverse { length - 1 - i } else { i };
                let row = &mut block[row * inner + column..][..width];
                let ends = i % RUN == RUN - 1;
                for ((y, sum), before) in row.iter_mut().zip(&mut sums).zip(&mut before) {
                    *sum += y.to_f64();
                    let all = *before + *sum;
                    *y = T::from_f64(all);
                    if ends {
                        (*before, *sum) = (all, NOTHING);
                    }
                }
            }
        }
    }
}

/// [`along_row`] with the widest vectors.
fn sum_row<T: Float>(x: Option<&[T]>, row: &mut [T], reverse: bool) {
    Isa::widest().run(
        #[inline(always)]
        || along_row(x, row, reverse),
    );
}

/// Running sums of a row that is read from `x` or, without it, replaced. Each part of it goes through three loops, so that only
/// the additions within a run are made one by one.
#[inline(always)]
fn along_row<T: Float>(x: Option<&[T]>, row: &mut [T], reverse: bool) {
    let (mut before, length) = (NOTHING, row.len());
    let mut sums = [0.0; PART];
    for from in (0..length).step_by(PART) {
        let to = length.min(from + PART);
        let part = if reverse { length - to..length - from } else { from..to };
        let sums = &mut sums[..part.len()];
        let x = &x.unwrap_or(row)[part.clone()];
        for (sum, x) in sums.iter_mut().zip(x) {
            *sum = x.to_f64();
        }
        if reverse {
            sums.reverse();
        }
        let (runs, rest) = sums.as_chunks_mut::<RUN>();
        for run in runs.iter_mut() {
            within_run(run);
        }
        within_run(rest);
        for run in runs {
            let all = before + run[RUN - 1];
            for sum in run {
                *sum = before + *sum;
            }
            before = all;
        }
        for sum in rest {
            *sum = before + *sum;
        }
        if reverse {
            sums.reverse();
        }
        for (y, &sum) in row[part].iter_mut().zip(&*sums) {
            *y = T::from_f64(sum);
        }
    }
}

/// Running sums of one run. Runs do not wait for each other.
#[inline(always)]
fn within_run(run: &mut [f64]) {
    let mut sum = NOTHING;
    for x in run {
        sum += *x;
        *x = sum;
    }
}
