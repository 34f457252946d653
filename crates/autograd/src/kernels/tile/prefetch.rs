//! Prefetching: while a tile is computed, the operands of the next tile are fetched into the caches.
//!
//! A tile reads its operands one after the other, and from each only a short stretch: too short for the hardware to predict
//! the next one. The requests are spread over the steps, because a core can wait for only a few cache lines at a time.

use super::super::bases::Bases;
use super::super::simd::Fetch;
use crate::code::{Code, Extent, How, MemoryView, Read};

/// From this many bytes on, operands do not stay in the second-level cache from run to run.
const FROM_BYTES: usize = 1 << 20;
/// Bytes of a cache line.
const LINE: usize = 64;

/// The requests for one tile.
pub(super) struct Prefetcher<'a> {
    code: &'a Code,
    bases: &'a Bases,
    /// The first byte of the tile in each operand, and the number of its cache lines.
    offset: usize,
    lines: usize,
    /// Requests per step.
    share: usize,
    /// What is requested next: a stream (a read or a write), and a cache line of it.
    stream: usize,
    line: usize,
}

/// Whether a kernel gains by prefetching.
pub(super) fn pays(code: &Code) -> bool {
    let bytes = code.elements * code.dtype.size();
    // The first condition is cheap. It excludes small kernels, which run in less time than counting their streams takes.
    (code.reads.len() + code.writes.len()) * bytes >= FROM_BYTES && streams(code) * bytes >= FROM_BYTES
}

fn streams(code: &Code) -> usize {
    let reads = code.reads.iter().filter(|read| follows(read)).count();
    reads + code.writes.iter().filter(|write| write.direct).count()
}

/// Whether a read goes through memory in step with the kernel.
fn follows(read: &Read) -> bool {
    read.how == How::Direct && read.extent == Extent::Tile
}

impl<'a> Prefetcher<'a> {
    /// For the tile of `n` elements that starts at element `start`.
    pub(super) fn new(code: &'a Code, bases: &'a Bases, start: usize, n: usize) -> Prefetcher<'a> {
        let lines = if start + n <= code.elements { n * code.dtype.size() / LINE } else { 0 };
        let share = (lines * streams(code)).div_ceil(code.steps.len().max(1));
        Prefetcher { code, bases, offset: start * code.dtype.size(), lines, share, stream: 0, line: 0 }
    }

    /// Makes the requests of one step.
    #[inline(always)]
    pub(super) fn step(&mut self) {
        let mut left = self.share;
        while left > 0 && self.stream < self.code.reads.len() + self.code.writes.len() {
            let now = left.min(self.lines - self.line);
            if let Some((operand, fetch)) = self.operand() {
                let from = self.bases.start_of(operand).wrapping_add(self.offset + self.line * LINE);
                (0..now).for_each(|i| fetch.line(from.wrapping_add(i * LINE)));
                left -= now;
                self.line += now;
            } else {
                self.line = self.lines;
            }
            if self.line == self.lines {
                (self.stream, self.line) = (self.stream + 1, 0);
            }
        }
    }

    /// The operand of the current stream, if it is read or written in step with the kernel.
    fn operand(&self) -> Option<(&'a MemoryView, Fetch)> {
        match self.code.reads.get(self.stream) {
            Some(read) => follows(read).then_some((&read.from, Fetch::ToRead)),
            None => {
                let write = &self.code.writes[self.stream - self.code.reads.len()];
                write.direct.then_some((&write.to, Fetch::ToWrite))
            }
        }
    }
}
