//! The order of every sum: a tree that depends on the number of terms alone.
//!
//! Blocks of [`BLOCK`] terms are added in [`LANES`] lanes (term i goes to lane i mod `LANES`, in order), the lanes are folded
//! in halves, and the sums of the blocks are combined pairwise. So the result depends neither on how the terms are stored nor
//! on which thread adds them, and the rounding error grows with the logarithm of the number of blocks. A product of matrices
//! has an [`Order`] of its own.

mod product;

pub(crate) use product::{DEPTH, FEW};
pub use product::{Order, chain_length};

use crate::dtype::Float;

/// The terms of a run: running sums are those of a run of so many terms, in sequence, each added to the sum of all runs before.
pub const RUN: usize = 8;

/// How many partial sums a block has, and a product whose order is [`Order::Lanes`].
pub(crate) const LANES: usize = 16;

/// Terms of a block.
pub(crate) const BLOCK: usize = 1024;

/// The sum of the terms, as this module defines it.
pub(crate) fn sum<T: Float>(terms: &[T]) -> T {
    match split(terms.len()) {
        Some(left) => sum(&terms[..left]) + sum(&terms[left..]),
        None => block(terms),
    }
}

/// Where the tree splits so many terms: at a block border near the middle. One block is not split.
pub(crate) fn split(terms: usize) -> Option<usize> {
    (terms > BLOCK).then(|| terms.div_ceil(BLOCK).div_ceil(2) * BLOCK)
}

/// The sum, from the sums of its blocks in order.
pub(crate) fn combine<T: Float>(blocks: &[T]) -> T {
    match blocks {
        [] => T::default(),
        [one] => *one,
        _ => {
            let (left, right) = blocks.split_at(blocks.len().div_ceil(2));
            combine(left) + combine(right)
        }
    }
}

/// The sum of at most a block of terms.
#[inline(always)]
pub(crate) fn block<T: Float>(terms: &[T]) -> T {
    let mut lanes = [T::default(); LANES];
    add_to_lanes(&mut lanes, terms);
    fold(lanes)
}

/// Adds terms to the lanes of their block. The first term goes to the first lane.
#[inline(always)]
pub(crate) fn add_to_lanes<T: Float>(lanes: &mut [T; LANES], terms: &[T]) {
    let (rows, rest) = terms.as_chunks::<LANES>();
    // A local copy stays in registers.
    let mut sums = *lanes;
    for row in rows {
        for (lane, &x) in sums.iter_mut().zip(row) {
            *lane = *lane + x;
        }
    }
    for (lane, &x) in sums.iter_mut().zip(rest) {
        *lane = *lane + x;
    }
    *lanes = sums;
}

/// The sum of a block, from the sums of its lanes.
#[inline(always)]
pub(crate) fn fold<T: Float>(mut lanes: [T; LANES]) -> T {
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] = lanes[i] + lanes[i + half];
        }
        half /= 2;
    }
    lanes[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_exact_where_every_partial_sum_is() {
        for n in [0, 1, 2, 15, 16, 17, 1023, 1024, 1025, 2048, 5000, 100_000] {
            let terms: Vec<f64> = (0..n).map(f64::from).collect();
            assert_eq!(sum(&terms), f64::from(n) * (f64::from(n) - 1.0) / 2.0);
            let blocks: Vec<f64> = terms.chunks(BLOCK).map(block).collect();
            assert_eq!(combine(&blocks), sum(&terms));
        }
    }

    #[test]
    fn pairwise_blocks_beat_a_running_sum() {
        let terms = vec![0.1f32; 1 << 22];
        let exact = 0.1f32 as f64 * terms.len() as f64;
        let running: f32 = terms.iter().sum();
        let error = |s: f32| (f64::from(s) - exact).abs() / exact;
        assert!(error(sum(&terms)) < 1e-6 && error(running) > 1e-3);
    }
}
