//! Sums over pairs of points, in double precision, without a memory for their differences.

use super::simd::Isa;
use super::workers::Workers;
use crate::dtype::Float;
use std::ops::Range;

/// Points that meet a row at a time, or coordinates of a row that are summed side by side. Their sums stay in registers.
const WIDE: usize = 32;

/// Coordinates side by side where points have few.
const NARROW: usize = 8;

/// Rows of a task, enough that the columns which are made for it are read many times.
const ROWS: usize = 64;

/// Points whose weighted differences each row of a task adds up before the next points come. They stay in the nearest cache.
const POINTS: usize = 32;

/// The sizes of two sets of points: batches, points in the first and in the second, and coordinates.
pub(crate) type Sizes = [usize; 4];

/// Numbers side by side, in whole lines of the cache.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Side<const W: usize>([f64; W]);

impl<const W: usize> Side<W> {
    const ZERO: Side<W> = Side([0.0; W]);
}

/// `out[n, i, j] = outer(Σ term(u, a − b))` over the coordinates u of `u[n, i]`, a of `a[n, i]` and b of `b[n, j]`. Terms are
/// added in their order. Where `doubtful` says so of a result, `again` makes it from the two points.
pub(crate) fn each_pair<T: Float>(
    [u, a, b]: [&[T]; 3],
    [_, m, n, d]: Sizes,
    out: &mut [T],
    workers: &Workers,
    (term, outer): (impl Fn(f64, f64) -> f64 + Copy + Sync, impl Fn(f64) -> f64 + Copy + Sync),
    (doubtful, again): (impl Fn(f64) -> bool + Copy + Sync, impl Fn(f64, &[T], &[T]) -> T + Sync),
) {
    let isa = Isa::widest();
    each_row(out, [m, n], workers, |batch, rows, out| {
        let b = &b[batch * n * d..][..n * d];
        let [u, points] = [u, a].map(|x| &x[rows.start * d..rows.end * d]);
        let own = [u, points].map(widened);
        let mut columns = vec![Side::<WIDE>::ZERO; d];
        for from in (0..n).step_by(WIDE) {
            let some = &b[from * d..n.min(from + WIDE) * d];
            for (j, b) in some.chunks_exact(d.max(1)).enumerate() {
                columns.iter_mut().zip(b).for_each(|(column, &b)| column.0[j] = b.to_f64());
            }
            for (i, out) in out.chunks_exact_mut(n).enumerate() {
                let out = &mut out[from..n.min(from + WIDE)];
                let [u, a] = own.each_ref().map(|x| &x[i * d..][..d]);
                let mut results = Side::ZERO;
                // Two calls: what is made of the sums keeps the compiler from leaving them in registers, if it sees both.
                isa.run(
                    #[inline(always)]
                    || results.0 = sums(u, a, &columns, term),
                );
                let check = isa.run(
                    #[inline(always)]
                    || {
                        results.0.iter_mut().for_each(|y| *y = outer(*y));
                        out.iter_mut().zip(&results.0).for_each(|(y, &result)| *y = T::from_f64(result));
                        results.0.iter().fold(false, |check, &y| check | doubtful(y))
                    },
                );
                for (j, y) in out.iter_mut().enumerate().filter(|(j, _)| check && doubtful(results.0[*j])) {
                    *y = again(results.0[j], &points[i * d..][..d], &b[(from + j) * d..][..d]);
                }
            }
        }
    });
}

#[inline(always)]
fn sums(u: &[f64], a: &[f64], b: &[Side<WIDE>], term: impl Fn(f64, f64) -> f64) -> [f64; WIDE] {
    let mut sums = [0.0; WIDE];
    for ((u, a), Side(b)) in u.iter().zip(a).zip(b) {
        for j in 0..WIDE {
            sums[j] += term(*u, a - b[j]);
        }
    }
    sums
}

fn widened<T: Float>(x: &[T]) -> Vec<f64> {
    x.iter().map(|x| x.to_f64()).collect()
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
        let (w, a) = (&w[rows.start * n..rows.end * n], &a[rows.start * d..rows.end * d]);
        let of_task = [w, a, &b[batch * n * d..][..n * d]];
        isa.run(
            #[inline(always)]
            || match d {
                ..=NARROW => weighted_rows::<T, NARROW>(of_task, [n, d], out),
                _ => weighted_rows::<T, WIDE>(of_task, [n, d], out),
            },
        );
    });
}

/// The rows of a task, `W` coordinates side by side.
#[inline(always)]
fn weighted_rows<T: Float, const W: usize>([w, a, b]: [&[T]; 3], [n, d]: [usize; 2], out: &mut [T]) {
    let mut rows = vec![[Side::<W>::ZERO; 2]; out.len() / d];
    let mut others = [Side::<W>::ZERO; POINTS];
    for k in (0..d).step_by(W) {
        let side_by_side = k..d.min(k + W);
        for ([sums, own], a) in rows.iter_mut().zip(a.chunks_exact(d)) {
            *sums = Side::ZERO;
            widen(&a[side_by_side.clone()], &mut own.0);
        }
        for (from, some) in (0..n).step_by(POINTS).zip(b.chunks(POINTS * d)) {
            let points = some.len() / d;
            others
                .iter_mut()
                .zip(some.chunks_exact(d))
                .for_each(|(b, x)| widen(&x[side_by_side.clone()], &mut b.0));
            for ([sums, own], w) in rows.iter_mut().zip(w.chunks_exact(n)) {
                let mut weights = [0.0; POINTS];
                widen(&w[from..from + points], &mut weights);
                add_weighted(sums, own, &weights[..points], &others);
            }
        }
        for ([sums, _], out) in rows.iter().zip(out.chunks_exact_mut(d)) {
            out[side_by_side.clone()].iter_mut().zip(sums.0).for_each(|(y, sum)| *y = T::from_f64(sum));
        }
    }
}

#[inline(always)]
fn add_weighted<const W: usize>(sums: &mut Side<W>, a: &Side<W>, w: &[f64], b: &[Side<W>]) {
    let (mut all, a) = (sums.0, a.0);
    for (w, b) in w.iter().zip(b) {
        for k in 0..W {
            all[k] += w * (a[k] - b.0[k]);
        }
    }
    sums.0 = all;
}

#[inline(always)]
fn widen<T: Float>(from: &[T], to: &mut [f64]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = from.to_f64());
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
