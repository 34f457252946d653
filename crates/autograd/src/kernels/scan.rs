//! Running sums along an axis.

use crate::dtype::Float;
use crate::tree::RUN;
use crate::view::View;

/// So many running sums are kept at a time: enough for SIMD, and a cache line of each row.
const SUMS: usize = 16;

/// The elements of a part, which stays in the first-level cache; whole runs.
const PART: usize = 256 * RUN;

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
        return rows.for_each(|(row, x)| along_row(Some(x), row, reverse));
    }
    super::copy(x, out);
    if inner == 1 {
        return out.chunks_exact_mut(length).for_each(|row| along_row(None, row, reverse));
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

/// Running sums of a row that is read from `x` or, without it, replaced.
fn along_row<T: Float>(x: Option<&[T]>, row: &mut [T], reverse: bool) {
    let (mut before, length) = (NOTHING, row.len());
    for from in (0..length).step_by(PART) {
        let to = length.min(from + PART);
        let part = if reverse { length - to..length - from } else { from..to };
        if let Some(x) = x {
            row[part.clone()].copy_from_slice(&x[part.clone()]);
        }
        let part = &mut row[part];
        if reverse {
            let (rest, runs) = part.as_rchunks_mut::<RUN>();
            for run in runs.iter_mut().rev() {
                run.reverse();
                before = along_run(run, before);
                run.reverse();
            }
            rest.reverse();
            along_run(rest, before);
            rest.reverse();
        } else {
            let (runs, rest) = part.as_chunks_mut::<RUN>();
            runs.iter_mut().for_each(|run| before = along_run(run, before));
            along_run(rest, before);
        }
    }
}

/// One run, after the sum of those before it. Runs wait for each other once, not for each term.
#[inline(always)]
fn along_run<T: Float>(run: &mut [T], before: f64) -> f64 {
    let mut sum = NOTHING;
    for y in run {
        sum += y.to_f64();
        *y = T::from_f64(before + sum);
    }
    before + sum
}
