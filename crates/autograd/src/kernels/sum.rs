//! Sums over axes, in the order that [`crate::tree`] defines.

mod short;

use super::rows::rows;
use super::simd::Isa;
use super::workers::Workers;
use crate::dtype::Float;
use crate::shape::Strides;
use crate::target::Target;
use crate::tree::{self, BLOCK, LANES};
use crate::view::View;
use smallvec::SmallVec;

/// Columns that are added side by side. The partial sums of one lane then stay in registers.
const WIDE: usize = 64;

/// The same for the remaining columns.
const NARROW: usize = 16;

/// Lanes that are added at a time for narrow columns. Several are needed, because an addition waits for the one before it in
/// its lane.
const TOGETHER: usize = 4;

/// The terms of one result: some axes of a slice, from the element `first` on.
#[derive(Clone, Copy)]
struct Terms<'a, T> {
    data: &'a [T],
    first: usize,
    shape: &'a [usize],
    strides: &'a [isize],
    isa: Isa,
}

/// Into how many parts a sum is cut for several threads.
const PARTS: usize = 8;

/// As [`sum`], on several threads. Each computes some of the results.
pub(crate) fn shared<T: Float>(
    x: View<'_, T>,
    summed: &(dyn Fn(usize) -> bool + Sync),
    out: &mut [T],
    workers: &Workers,
) {
    let kept = (0..x.shape.len()).find(|&axis| !summed(axis) && x.shape[axis] > 1);
    let is_large =
        workers.threads() > 1 && x.shape.iter().product::<usize>() >= Target::CPU.threads.sums_from;
    let Some(axis) = kept.filter(|_| is_large) else {
        return sum(x, summed, out);
    };
    let inner = out.len() / x.shape[axis];
    let unit = if inner == 1 { WIDE } else { 1 };
    let size = x.shape[axis].div_ceil(PARTS).next_multiple_of(unit);
    workers.each_chunk(out, size * inner, |i, out| {
        let mut shape: SmallVec<[usize; 4]> = SmallVec::from_slice(x.shape);
        shape[axis] = out.len() / inner;
        let first = x.offset.wrapping_add_signed((i * size) as isize * x.strides[axis]);
        sum(View { offset: first, shape: &shape, ..x }, summed, out);
    });
}

/// Sums `x` over the axes for which `summed` holds. The result has the other axes, in row-major order.
pub(crate) fn sum<T: Float>(x: View<'_, T>, summed: &dyn Fn(usize) -> bool, mut out: &mut [T]) {
    let isa = Isa::widest();
    if let Some(data) = x.as_slice().filter(|_| (0..x.shape.len()).all(summed)) {
        let terms = Terms { data, first: 0, shape: &[data.len()], strides: &[1], isa };
        return put(&mut out, &[terms.sum(0, data.len())]);
    }
    let (kept, kept_strides) = axes(&x, &|i| !summed(i));
    let (shape, strides) = axes(&x, summed);
    if (1..=LANES).contains(&shape.iter().product()) {
        return short::sum(View { shape: &kept, strides: &kept_strides, ..x }, &shape, &strides, out);
    }
    let terms = |first| Terms { data: x.data, first, shape: &shape, strides: &strides, isa };
    // Where the terms of neighbouring results lie side by side, a whole row of results is summed at a time.
    let (outer, outer_strides, columns) = match (&kept[..], &kept_strides[..]) {
        ([outer @ .., columns], [strides @ .., 1]) => (outer, strides, Some(*columns)),
        (shape, strides) => (shape, strides, None),
    };
    rows(outer, [outer_strides], [x.offset], &mut |n, [start], [step]| {
        for k in 0..n as isize {
            let terms = terms(start.wrapping_add_signed(k * step));
            match columns {
                Some(columns) => terms.sum_columns(columns, &mut out),
                None => put(&mut out, &[terms.sum(0, terms.count())]),
            }
        }
    });
}

/// Writes the next results.
#[inline]
fn put<T: Copy>(out: &mut &mut [T], results: &[T]) {
    let (now, later) = std::mem::take(out).split_at_mut(results.len());
    now.copy_from_slice(results);
    *out = later;
}

/// Lengths and strides of some axes. Axes of length 1 are left out; axes that can be merged are.
fn axes<T>(x: &View<'_, T>, wanted: &dyn Fn(usize) -> bool) -> (SmallVec<[usize; 4]>, Strides) {
    let (mut shape, mut strides) = (SmallVec::<[usize; 4]>::new(), Strides::new());
    for i in (0..x.shape.len()).filter(|&i| wanted(i) && x.shape[i] != 1) {
        let (length, stride) = (x.shape[i], x.strides[i]);
        match (shape.last_mut(), strides.last_mut()) {
            (Some(outer), Some(outer_stride)) if *outer_stride == stride * length as isize => {
                *outer *= length;
                *outer_stride = stride;
            }
            _ => {
                shape.push(length);
                strides.push(stride);
            }
        }
    }
    (shape, strides)
}

impl<T: Float> Terms<'_, T> {
    fn count(&self) -> usize {
        self.shape.iter().product()
    }

    /// The index of a term in the slice.
    #[inline(always)]
    fn index_of(&self, term: usize) -> usize {
        match (self.shape, self.strides) {
            ([_], [step]) => self.first.wrapping_add_signed(term as isize * step),
            _ => self.divided(term),
        }
    }

    /// The same for any number of axes.
    #[inline(never)]
    fn divided(&self, term: usize) -> usize {
        let (mut index, mut rest) = (self.first, term);
        for (&length, &stride) in self.shape.iter().zip(self.strides).rev() {
            index = index.wrapping_add_signed((rest % length) as isize * stride);
            rest /= length;
        }
        index
    }

    /// The sum of `n` terms, starting with term `from`.
    fn sum(&self, from: usize, n: usize) -> T {
        if let Some(left) = tree::split(n) {
            return self.sum(from, left) + self.sum(from + left, n - left);
        }
        if n == 0 {
            return T::default();
        }
        if self.are_contiguous(from, n) {
            let first = self.index_of(from);
            return self.block(&self.data[first..first + n]);
        }
        let mut block = [T::default(); BLOCK];
        self.read(from, &mut block[..n]);
        self.block(&block[..n])
    }

    /// Whether `n` terms lie side by side, starting with term `from`: within a run along the last axis.
    fn are_contiguous(&self, from: usize, n: usize) -> bool {
        match (self.shape, self.strides) {
            ([], _) => true,
            (&[.., length], &[.., 1]) => from % length + n <= length,
            _ => false,
        }
    }

    /// As [`tree::block`]. The lanes are folded apart, because that makes the compiler split the vectors that they are in.
    fn block(&self, terms: &[T]) -> T {
        let mut lanes = [T::default(); LANES];
        self.isa.run(
            #[inline(always)]
            || tree::add_to_lanes(&mut lanes, terms),
        );
        tree::fold(lanes)
    }

    /// Reads the terms from `from` on, run by run along the last axis: finding a term takes divisions.
    fn read(&self, from: usize, block: &mut [T]) {
        let (&[.., length], &[.., step]) = (self.shape, self.strides) else { return };
        let mut done = 0;
        while done < block.len() {
            let first = self.index_of(from + done);
            let run = (length - (from + done) % length).min(block.len() - done);
            let run = &mut block[done..done + run];
            if step == 1 {
                run.copy_from_slice(&self.data[first..first + run.len()]);
            } else {
                for (k, x) in run.iter_mut().enumerate() {
                    *x = self.data[first.wrapping_add_signed(k as isize * step)];
                }
            }
            done += run.len();
        }
    }

    /// Writes the sums of `columns` columns. The terms of each column lie one element after those of the column before.
    fn sum_columns(&self, columns: usize, out: &mut &mut [T]) {
        let n = self.count();
        let mut column = 0;
        while columns - column >= WIDE {
            put(out, &self.columns::<WIDE, 1>(column, WIDE, 0, n));
            column += WIDE;
        }
        while column < columns {
            let width = NARROW.min(columns - column);
            put(out, &self.columns::<NARROW, TOGETHER>(column, width, 0, n)[..width]);
            column += width;
        }
    }

    /// The sums of `n` terms, starting with term `from`, in `width` ≤ `W` columns.
    fn columns<const W: usize, const G: usize>(
        &self,
        column: usize,
        width: usize,
        from: usize,
        n: usize,
    ) -> [T; W] {
        if let Some(left) = tree::split(n) {
            let mut sums = self.columns::<W, G>(column, width, from, left);
            add(&mut sums, &self.columns::<W, G>(column, width, from + left, n - left));
            return sums;
        }
        // One loop for all strides: it is compiled for each width, type and instruction set.
        let (first, step) = match (self.shape, self.strides) {
            ([_], &[step]) => (self.index_of(from) + column, Some(step)),
            _ => (column, None),
        };
        self.isa.run(
            #[inline(always)]
            || {
                self.column_block::<W, G>(width, n, |term| match step {
                    Some(step) => first.wrapping_add_signed(term as isize * step),
                    None => first + self.divided(from + term),
                })
            },
        )
    }

    /// As [`tree::block`], for columns side by side and `G` lanes at a time. `start_of` gives the index of each row of terms.
    #[inline(always)]
    fn column_block<const W: usize, const G: usize>(
        &self,
        width: usize,
        n: usize,
        start_of: impl Fn(usize) -> usize,
    ) -> [T; W] {
        let mut lanes = [[T::default(); W]; LANES];
        for first in (0..LANES).step_by(G) {
            let mut sums = [[T::default(); W]; G];
            let mut term = first;
            while term + G <= n {
                let rows: [_; G] =
                    std::array::from_fn(|g| self.data[start_of(term + g)..].first_chunk::<W>());
                if rows.iter().any(Option::is_none) {
                    break;
                }
                for g in 0..G {
                    if let Some(row) = rows[g] {
                        add(&mut sums[g], row);
                    }
                }
                term += LANES;
            }
            // The rest is added to a copy, so that the sums above stay in registers.
            let rest = &mut lanes[first..first + G];
            rest.copy_from_slice(&sums);
            for (sums, mut term) in rest.iter_mut().zip(term..n) {
                while term < n {
                    add_row(sums, &self.data[start_of(term)..], width);
                    term += LANES;
                }
            }
        }
        let mut half = LANES / 2;
        while half > 0 {
            let (low, high) = lanes.split_at_mut(half);
            for (low, high) in low.iter_mut().zip(high) {
                add(low, high);
            }
            half /= 2;
        }
        lanes[0]
    }
}

/// Adds a row of terms. If the slice has `W` terms, all are added, even if `width` is less: nobody reads the other sums.
#[inline(always)]
fn add_row<T: Float, const W: usize>(sums: &mut [T; W], row: &[T], width: usize) {
    match row.first_chunk::<W>() {
        Some(row) => add(sums, row),
        None => row[..width].iter().zip(sums).for_each(|(&x, sum)| *sum = *sum + x),
    }
}

#[inline(always)]
fn add<T: Float, const W: usize>(sums: &mut [T; W], terms: &[T; W]) {
    for i in 0..W {
        sums[i] = sums[i] + terms[i];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layout_adds_in_the_same_order() {
        let (m, n) = (2500, 7);
        let data: Vec<f32> = (0..m * n).map(|i| (i as f32 * 0.618).fract() * 1e3).collect();
        let columns: Vec<f32> =
            (0..n).map(|j| tree::sum(&(0..m).map(|i| data[i * n + j]).collect::<Vec<_>>())).collect();
        let transposed: Vec<f32> = (0..m * n).map(|k| data[k % m * n + k / m]).collect();
        let [mut by_rows, mut contiguous, mut strided] = [const { [0.0f32; 7] }; 3];
        let x = View { data: &data, offset: 0, shape: &[m, n], strides: &[n as isize, 1] };
        sum(x, &|axis| axis == 0, &mut by_rows);
        let x = View { data: &transposed, offset: 0, shape: &[n, m], strides: &[m as isize, 1] };
        sum(x, &|axis| axis == 1, &mut contiguous);
        let x = View { data: &transposed, offset: 0, shape: &[m, 1, n], strides: &[1, 0, m as isize] };
        sum(x, &|axis| axis == 0, &mut strided);
        assert!([by_rows, contiguous, strided].iter().all(|sums| sums[..] == columns));
    }

    /// All layouts of three axes, and all choices of summed ones, against the terms gathered one by one.
    #[test]
    fn every_choice_of_axes_adds_each_result_by_the_tree() {
        let (shape, all) = ([5usize, 1030, 83], [0usize, 1, 2]);
        let data: Vec<f64> =
            (0..shape.iter().product::<usize>()).map(|i| (i as f64 * 0.618).fract() * 1e3).collect();
        let strides = [1030 * 83, 83, 1];
        let workers = [2, 3, 7].map(Workers::new);
        for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0], [0, 2, 1]] {
            let (dims, steps) = (order.map(|i| shape[i]), order.map(|i| strides[i]));
            let x = View { data: &data, offset: 0, shape: &dims, strides: &steps };
            for mask in 0..8usize {
                let summed = |axis: usize| mask >> axis & 1 == 1;
                let results = (0..3).filter(|&i| !summed(i)).map(|i| dims[i]).product();
                let mut given = vec![0.0; results];
                sum(x, &summed, &mut given);
                for workers in &workers {
                    let mut by_several = vec![0.0; results];
                    shared(x, &summed, &mut by_several, workers);
                    assert_eq!(by_several, given, "{order:?} {mask}");
                }
                let part = |keep: bool| all.map(|i| if summed(i) != keep { dims[i] } else { 1 });
                let each = |d: [usize; 3]| {
                    let index = move |i: usize| [i / (d[1] * d[2]), i / d[2] % d[1], i % d[2]];
                    (0..d.iter().product()).map(index)
                };
                let at = |i: [usize; 3]| (0..3).map(|k| i[k] * steps[k] as usize).sum::<usize>();
                let wanted = each(part(true)).map(|kept| {
                    tree::sum(&each(part(false)).map(|i| data[at(kept) + at(i)]).collect::<Vec<_>>())
                });
                assert!(given.iter().copied().eq(wanted), "{order:?} {mask}");
            }
        }
    }
}
