//! What is looked up once for a kernel, before it runs again and again.

use super::{Walk, ahead};
use crate::code::{Act, Code, Extent};
use crate::dtype::DType;
use crate::kernels::bases::Bases;
use crate::kernels::loops::{self, Lane, Loop, Wiring};
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

/// Kernels with more scratch than this share it: so much is laid out in less time than a run takes.
const OWN_BYTES: usize = 8 << 10;

/// Looks up what a kernel needs.
pub(crate) fn link(code: &Code) -> Linked {
    match code.dtype {
        DType::F32 => Linked::Singles(Loops::new(code)),
        _ => Linked::Doubles(Loops::new(code)),
    }
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

impl<T: Lane> Loops<T> {
    fn new(code: &Code) -> Loops<T> {
        let layout = Layout::new(code);
        let fits = (1..=code.tile).contains(&code.elements) && layout.bytes <= OWN_BYTES;
        let mut loops = Loops {
            steps: code.steps.iter().map(step).collect(),
            layout,
            tasks: code.elements.div_ceil(code.task),
            blocks: code.elements.div_ceil(BLOCK).max(1),
            rows: code.elements.checked_div(code.row).unwrap_or(0),
            asks_ahead: ahead::pays(code),
            own: None,
        };
        if fits {
            let mut own = Lines::default();
            own.reserve(loops.layout.bytes);
            let bases = Bases::default();
            Walk::new(code, &loops, &bases, own.start(), std::ptr::null_mut()).lay_out();
            loops.own = Some(own);
        }
        loops
    }
}

fn step<T: Lane>(step: &crate::code::Step) -> Step<T> {
    let mut x = [0; 3];
    step.act.reads().iter().enumerate().for_each(|(i, &slot)| x[i] = slot);
    let mut more = [0; 2];
    step.act.more().iter().enumerate().for_each(|(i, &slot)| more[i] = slot);
    let p = if let Act::Unary(f, _) = step.act { loops::parameter(f) } else { 0.0 };
    Step {
        run: loops::of_act(step.act),
        wiring: Wiring { x, y: step.y, more, p: T::from_f64(p) },
        extent: step.extent,
        is_total: matches!(step.act, Act::Total(_)),
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
    fn new(code: &Code) -> Layout {
        let size = code.dtype.size();
        let stride = code.tile.next_multiple_of(LANES);
        let lanes = (code.slots * size_of::<*mut u8>()).next_multiple_of(64);
        let tiles = (lanes + code.totals.len() * LANES * size).next_multiple_of(64);
        let bytes = tiles + code.slots * stride * size;
        let partials = code.totals.len() * code.elements.div_ceil(BLOCK).max(1) * size;
        Layout { stride, lanes, tiles, bytes: bytes.next_multiple_of(64), partials }
    }
}
