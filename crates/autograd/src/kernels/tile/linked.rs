//! What is looked up once for a kernel, before it runs again and again.

use crate::code::{Code, Extent};
use crate::kernels::loops::{Loop, Wiring};
use crate::scratch::Lines;
use crate::tree::{BLOCK, LANES};

/// A kernel's loops.
#[derive(Debug)]
pub(crate) enum Linked {
    Singles(Loops<f32>),
    Doubles(Loops<f64>),
}

/// The steps of a kernel with their loops, and how it is cut.
#[derive(Debug)]
pub(crate) struct Loops<T> {
    pub(super) steps: Vec<Step<T>>,
    pub(super) layout: Layout,
    pub(super) tasks: usize,
    pub(super) blocks: usize,
    pub(super) rows: usize,
    pub(super) asks_ahead: bool,
    /// Scratch of its own for a kernel of one small tile: pointers and numbers stay there from run to run.
    pub(super) own: Option<Lines>,
}

/// A step with its loop.
#[derive(Debug)]
pub(super) struct Step<T> {
    pub(super) run: Loop<T>,
    pub(super) wiring: Wiring<T>,
    pub(super) extent: Extent,
    pub(super) is_total: bool,
}

impl Linked {
    /// Bytes of scratch that it keeps to itself.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Linked::Singles(loops) => loops.own.as_ref().map_or(0, Lines::bytes),
            Linked::Doubles(loops) => loops.own.as_ref().map_or(0, Lines::bytes),
        }
    }
}

/// What a kernel needs beside its operands: bytes for each worker, and bytes that all share.
pub(crate) fn scratch_bytes(code: &Code) -> (usize, usize) {
    let layout = Layout::new(code);
    (layout.bytes, layout.partials)
}

/// Where things lie in a worker's scratch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// Elements from slot to slot.
    pub(super) stride: usize,
    pub(super) lanes: usize,
    pub(super) tiles: usize,
    pub(super) bytes: usize,
    /// Of the sums of blocks, shared.
    pub(super) partials: usize,
}

impl Layout {
    pub(super) fn new(code: &Code) -> Layout {
        let size = code.dtype.size();
        let stride = code.tile.next_multiple_of(LANES);
        let lanes = (code.slots * size_of::<*mut u8>()).next_multiple_of(64);
        let tiles = (lanes + code.totals.len() * LANES * size).next_multiple_of(64);
        let bytes = tiles + code.slots * stride * size;
        let partials = code.totals.len() * code.elements.div_ceil(BLOCK).max(1) * size;
        Layout { stride, lanes, tiles, bytes: bytes.next_multiple_of(64), partials }
    }
}
