//! A linked kernel: what is looked up once, before the kernel runs many times.

use crate::code::Code;
use crate::kernels::loops::{Loop, Wiring};
use crate::scratch::Lines;
use crate::tree::{BLOCK, LANES};

/// A linked kernel, by its type.
#[derive(Debug)]
pub(crate) enum Linked {
    Singles(Loops<f32>),
    Doubles(Loops<f64>),
}

/// The steps of a kernel with their loops, and its numbers of tasks, blocks and rows.
#[derive(Debug)]
pub(crate) struct Loops<T> {
    pub(super) steps: Vec<Step<T>>,
    pub(super) layout: ScratchLayout,
    pub(super) tasks: usize,
    pub(super) blocks: usize,
    pub(super) rows: usize,
    pub(super) prefetches: bool,
    /// For each read, whether it gives every tile the same elements.
    pub(super) steady: Vec<bool>,
    /// From this many elements on, the lanes in which a tile ends are done apart instead of copying the tile.
    pub(super) apart_from: usize,
    /// Scratch of its own, for a kernel of one small tile. Pointers and constants stay there from run to run.
    pub(super) own: Option<Lines>,
}

/// A step with its loop.
#[derive(Debug)]
pub(super) struct Step<T> {
    pub(super) run: Loop<T>,
    pub(super) wiring: Wiring<T>,
    pub(super) over: Over,
}

/// What the loop of a step walks over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// The elements of the tile, in whole lanes.
    Tile,
    /// The numbers of the rows, or the rows themselves.
    Rows,
    /// The elements of the tile, and a total is what they are added to.
    Total,
}

impl Linked {
    /// The bytes of its own scratch.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Linked::Singles(loops) => loops.own.as_ref().map_or(0, Lines::bytes),
            Linked::Doubles(loops) => loops.own.as_ref().map_or(0, Lines::bytes),
        }
    }
}

/// The scratch that a kernel needs: bytes for each worker, and bytes that all workers share.
pub(crate) fn scratch_bytes(code: &Code) -> (usize, usize) {
    let layout = ScratchLayout::new(code);
    (layout.bytes, layout.partials)
}

/// The layout of one worker's scratch: a table of pointers, then lanes of totals, then tiles. All are offsets in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScratchLayout {
    /// The elements from one slot's tile to the next.
    pub(super) stride: usize,
    pub(super) lanes: usize,
    pub(super) tiles: usize,
    pub(super) bytes: usize,
    /// The bytes of the block sums, which all workers share.
    pub(super) partials: usize,
}

impl ScratchLayout {
    pub(super) fn new(code: &Code) -> ScratchLayout {
        let size = code.dtype.size();
        let stride = code.tile.next_multiple_of(LANES);
        let lanes = (code.slots * size_of::<*mut u8>()).next_multiple_of(64);
        let tiles = (lanes + code.totals.len() * LANES * size).next_multiple_of(64);
        let bytes = tiles + code.slots * stride * size;
        let partials = code.totals.len() * code.elements.div_ceil(BLOCK).max(1) * size;
        ScratchLayout { stride, lanes, tiles, bytes: bytes.next_multiple_of(64), partials }
    }
}
