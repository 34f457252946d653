//! Random numbers.

use super::simd::widest;
use super::workers::Workers;
use crate::key::Key;
use crate::philox::Unit;
use crate::target::Target;

/// The numbers of a task: a multiple of those of a block, for every type.
const TASK: usize = 1 << 13;

/// The blocks that are computed side by side.
const BLOCKS: usize = 16;

/// Writes the first numbers of a key. If there are many, threads share them.
pub(crate) fn uniform<T: Unit>(key: Key, out: &mut [T], workers: &Workers) {
    if out.len() < Target::CPU.threads.numbers_from {
        return fill(key, 0, out);
    }
    workers.each_chunk(out, TASK, |task, out| fill(key, (task * (TASK / T::PER_BLOCK)) as u64, out));
}

/// Writes the numbers of the blocks from `first` on.
#[inline(never)]
pub(super) fn fill<T: Unit>(key: Key, first: u64, out: &mut [T]) {
    widest(
        #[inline(always)]
        || {
            let mut number = first;
            let mut tiles = out.chunks_exact_mut(BLOCKS * T::PER_BLOCK);
            for out in &mut tiles {
                let [a, b, c, d] = key.blocks::<BLOCKS>(number);
                // Loops of known lengths become shuffles of vectors.
                for n in 0..BLOCKS {
                    for i in 0..T::PER_BLOCK {
                        out[n * T::PER_BLOCK + i] = T::unit([a[n], b[n], c[n], d[n]], i);
                    }
                }
                number += BLOCKS as u64;
            }
            for (i, y) in tiles.into_remainder().iter_mut().enumerate() {
                *y = T::unit(key.block(number + (i / T::PER_BLOCK) as u64), i % T::PER_BLOCK);
            }
        },
    );
}
