//! Asking for what comes next: while a tile is computed, the caches are told of the operands of the tile after it.
//!
//! A tile visits its operands one after the other, in strides too short for the hardware to guess where it goes on. The
//! requests are spread over the steps, since a core can wait for a few lines at a time only.

use super::super::bases::Bases;
use super::super::simd::Fetch;
use crate::code::{Code, Extent, How, Operand, Read};

/// Bytes of operands from which on they do not stay in the second-level cache from run to run.
const FROM_BYTES: usize = 1 << 20;
const LINE: usize = 64;

/// The requests for one tile.
pub(super) struct Ahead<'a> {
    code: &'a Code,
    bases: &'a Bases,
    /// First byte of the tile in an operand, and its lines.
    offset: usize,
    lines: usize,
    /// Requests per step.
    share: usize,
    /// What is asked for next.
    stream: usize,
    line: usize,
}

/// Whether a kernel gains by asking ahead.
pub(super) fn pays(code: &Code) -> bool {
    let bytes = code.elements * code.dtype.size();
    // Small kernels, which run in less time than it takes to look at their operands, are told by their size.
    (code.reads.len() + code.writes.len()) * bytes >= FROM_BYTES && streams(code) * bytes >= FROM_BYTES
}

fn streams(code: &Code) -> usize {
    let reads = code.reads.iter().filter(|read| follows(read)).count();
    reads + code.writes.iter().filter(|write| write.direct).count()
}

/// Whether a read walks through memory as the kernel does.
fn follows(read: &Read) -> bool {
    read.how == How::Direct && read.extent == Extent::Tile
}

impl<'a> Ahead<'a> {
    /// For the tile of `n` places that begins at `start`.
    pub(super) fn new(code: &'a Code, bases: &'a Bases, start: usize, n: usize) -> Ahead<'a> {
        let lines = if start + n <= code.elements { n * code.dtype.size() / LINE } else { 0 };
        let share = (lines * streams(code)).div_ceil(code.steps.len().max(1));
        Ahead { code, bases, offset: start * code.dtype.size(), lines, share, stream: 0, line: 0 }
    }

    /// Asks for a step's share.
    #[inline(always)]
    pub(super) fn ask(&mut self) {
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

    /// The operand of a stream; none where its elements do not lie one after the other.
    fn operand(&self) -> Option<(&'a Operand, Fetch)> {
        match self.code.reads.get(self.stream) {
            Some(read) => follows(read).then_some((&read.from, Fetch::ToRead)),
            None => {
                let write = &self.code.writes[self.stream - self.code.reads.len()];
                write.direct.then_some((&write.to, Fetch::ToWrite))
            }
        }
    }
}
