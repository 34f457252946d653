//! Sums of few terms, such as those of small windows: many results side by side, of which each lane of the tree has a term.

use crate::dtype::Float;
use crate::kernels::rows::rows;
use crate::tree::LANES;
use crate::view::View;
use smallvec::SmallVec;

/// Results side by side.
const WIDE: usize = 64;

/// The sums of at most [`LANES`] terms for each element of `first`, the view of the first terms. The others lie at multiples of
/// `strides`.
pub(super) fn sum<T: Float>(first: View<'_, T>, shape: &[usize], strides: &[isize], out: &mut [T]) {
    let mut terms: SmallVec<[isize; LANES]> = SmallVec::new();
    rows(shape, [strides], [0], &mut |n, [start], [step]| {
        terms.extend((0..n as isize).map(|k| start as isize + k * step));
    });
    let (mut lanes, mut written) = ([[T::default(); WIDE]; LANES], 0);
    rows(first.shape, [first.strides], [first.offset], &mut |n, [start], [step]| {
        let mut done = 0;
        while done < n {
            let width = WIDE.min(n - done);
            let start = start.wrapping_add_signed(done as isize * step);
            for (lane, &term) in lanes.iter_mut().zip(&terms) {
                read(first.data, start.wrapping_add_signed(term), step, &mut lane[..width]);
            }
            fold(&mut lanes[..terms.len()]);
            out[written..written + width].copy_from_slice(&lanes[0][..width]);
            (done, written) = (done + width, written + width);
        }
    });
}

/// A term of each result, added to the zero that a lane begins with.
fn read<T: Float>(data: &[T], start: usize, step: isize, lane: &mut [T]) {
    if step == 1 {
        for (y, &x) in lane.iter_mut().zip(&data[start..]) {
            *y = T::default() + x;
        }
    } else {
        for (k, y) in lane.iter_mut().enumerate() {
            *y = T::default() + data[start.wrapping_add_signed(k as isize * step)];
        }
    }
}

/// As [`crate::tree::fold`]. Lanes without a term would add a zero to what is no negative zero: they change nothing.
fn fold<T: Float>(mut lanes: &mut [[T; WIDE]]) {
    let mut half = LANES / 2;
    while half > 0 {
        if lanes.len() > half {
            let (low, high) = lanes.split_at_mut(half);
            for (low, high) in low.iter_mut().zip(&*high) {
                for (y, &x) in low.iter_mut().zip(high) {
                    *y = *y + x;
                }
            }
            lanes = low;
        }
        half /= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree;

    /// Windows of every size, over axes that do not merge, of terms among which are zeros of both signs.
    #[test]
    fn short_sums_are_those_of_the_tree() {
        let data: Vec<f32> =
            (0..4000).map(|i| [-0.0, 0.1, 1e7, -3.3, 0.0][i * i % 5] * (i % 7) as f32).collect();
        let data = &data[..];
        for (rows, columns) in
            (1..=LANES).flat_map(|rows| (1..=LANES / rows).map(move |columns| (rows, columns)))
        {
            for along in [1isize, 3, -1] {
                let (shape, strides) = ([rows, columns], [90isize, 2]);
                let (kept, kept_strides, offset) = ([2, 150], [1000isize, along], 160);
                let first = View { data, offset, shape: &kept, strides: &kept_strides };
                let mut given = vec![f32::NAN; 300];
                sum(first, &shape, &strides, &mut given);
                for (i, given) in given.iter().enumerate() {
                    let start = 160 + (i / 150 * 1000) as isize + (i % 150) as isize * along;
                    let term =
                        |k: usize| data[(start + (k / columns * 90 + k % columns * 2) as isize) as usize];
                    let terms: Vec<f32> = (0..rows * columns).map(term).collect();
                    assert_eq!(
                        given.to_bits(),
                        tree::sum(&terms).to_bits(),
                        "{rows}×{columns} by {along}, sum {i}"
                    );
                }
            }
        }
    }
}
