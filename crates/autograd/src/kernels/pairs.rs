//! Sums over pairs of points, in double precision, without a memory for their differences.

use super::simd::Isa;
use super::workers::Workers;
use crate::dtype::Float;
use std::ops::Range;

/// Points that meet a row at a time. Their sums stay in registers.
const WIDE: usize = 32;

/// Rows of a task, enough that the columns which are made for it are read many times.
const ROWS: usize = 64;

/// The sizes of two sets of points: batches, points in the first and in the second, and coordinates.
pub(crate) type Sizes = [usize; 4];

/// `out[n, i, j] = finish(outer(Σ term(u, a − b)), …)` over the coordinates u of `u[n, i]`, a of `a[n, i]` and b of `b[n, j]`. Terms are
/// added in their order. `finish` is given the two points too.
pub(crate) fn each_pair<T: Float>(
    [u, a, b]: [&[T]; 3],
    [_, m, n, d]: Sizes,
    out: &mut [T],
    workers: &Workers,
    (term, outer): (impl Fn(f64, f64) -> f64 + Copy + Sync, impl Fn(f64) -> f64 + Copy + Sync),
    finish: impl Fn(f64, &[T], &[T]) -> T + Sync,
) {
    let isa = Isa::widest();
    each_row(out, [m, n], workers, |batch, rows, out| {
        let b = &b[batch * n * d..][..n * d];
        let mut columns = vec![[0.0; WIDE]; d];
        for from in (0..n).step_by(WIDE) {
            let some = &b[from * d..n.min(from + WIDE) * d];
            for (j, b) in some.chunks_exact(d.max(1)).enumerate() {
                columns.iter_mut().zip(b).for_each(|(column, &b)| column[j] = b.to_f64());
            }
            for (row, out) in rows.clone().zip(out.chunks_exact_mut(n)) {
                let [u, a] = [u, a].map(|x| &x[row * d..][..d]);
                let sums = isa.run(
                    #[inline(always)]
                    || sums(u, a, &columns, term).map(outer),
                );
                for (j, y) in out[from..n.min(from + WIDE)].iter_mut().enumerate() {
                    *y = finish(sums[j], a, &b[(from + j) * d..][..d]);
                }
            }
        }
    });
}

#[inline(always)]
fn sums<T: Float>(u: &[T], a: &[T], b: &[[f64; WIDE]], term: impl Fn(f64, f64) -> f64) -> [f64; WIDE] {
    let mut sums = [0.0; WIDE];
    for ((u, a), b) in u.iter().zip(a).zip(b) {
        let (u, a) = (u.to_f64(), a.to_f64());
        for j in 0..WIDE {
            sums[j] += term(u, a - b[j]);
        }
    }
    sums
}

/// `out[n, i, k] = Σ w[n, i, j]·(a[n, i, k] − b[n, j, k])` over j, in order.
pub(crate) fn weighted<T: Float>(
    [w, a, b]: [&[T]; 3],
    [_, m, n, d]: Sizes,
    out: &mut [T],
    workers: &Workers,
) {
    let isa = Isa::widest();
    each_row(out, [m, d], workers, |batch, rows, out| {
        let b = &b[batch * n * d..][..n * d];
        for (row, out) in rows.zip(out.chunks_exact_mut(d)) {
            let (w, a) = (&w[row * n..][..n], &a[row * d..][..d]);
            for (from, out) in (0..d).step_by(WIDE).zip(out.chunks_mut(WIDE)) {
                let (mut sums, mut own) = ([0.0; WIDE], [0.0; WIDE]);
                own.iter_mut().zip(&a[from..]).for_each(|(own, a)| *own = a.to_f64());
                isa.run(
                    #[inline(always)]
                    || {
                        for (w, b) in w.iter().zip(b.chunks_exact(d)) {
                            add_weighted(&mut sums, &own, &b[from..][..out.len()], w.to_f64());
                        }
                    },
                );
                out.iter_mut().zip(sums).for_each(|(y, sum)| *y = T::from_f64(sum));
            }
        }
    });
}

#[inline(always)]
fn add_weighted<T: Float>(sums: &mut [f64; WIDE], a: &[f64; WIDE], b: &[T], w: f64) {
    if let Some(b) = b.first_chunk::<WIDE>() {
        for k in 0..WIDE {
            sums[k] += w * (a[k] - b[k].to_f64());
        }
    } else {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += w * (a - b.to_f64());
        }
    }
}

/// Calls `f` with some rows of a batch, on any of the threads: the batch, which rows of all, and their results.
fn each_row<T: Send>(
    out: &mut [T],
    [rows, columns]: [usize; 2],
    workers: &Workers,
    f: impl Fn(usize, Range<usize>, &mut [T]) + Sync,
) {
    for (batch, out) in out.chunks_exact_mut((rows * columns).max(1)).enumerate() {
        workers.each_chunk(out, ROWS * columns, |task, out| {
            let first = batch * rows + task * ROWS;
            f(batch, first..first + out.len() / columns, out);
        });
    }
}
