//! Tasks: what is to be done, what it touches, and how much it is.

use crate::dag::Access;
use crate::machine::{Address, Memory, Work};
use autograd::planned::{Kernel, Work as Planned};
use emit::Launch;

/// What a block shares on every device.
pub(crate) const SHARED: usize = 48 << 10;

/// Where kernels find the memory that they take turns in: no device has memory there.
pub(crate) const POOL: Address = 1 << 61;

/// What says with which thread the next kernel begins.
pub(crate) const SKIP: &str = "#define WG_SKIP ";

/// Operations of an elementwise function, one after the other.
const FUNCTION: usize = 12;
/// A sum of a block, a lane of it by each thread.
const SUM: usize = 64;

/// Something to be done, and what it touches.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) work: Work,
    pub(crate) accesses: Vec<Access>,
    pub(crate) size: Size,
}

impl Task {
    /// A task whose elements take a few operations each.
    pub(crate) fn new(work: Work, accesses: Vec<Access>) -> Task {
        let elements = match &work {
            Work::Kernel { blocks, threads, .. } => blocks * threads,
            Work::Product(product) => product.batch * product.m * product.n,
        };
        Task { work, accesses, size: Size::plain(elements, 4) }
    }

    /// The kernel of a task that is one.
    pub(crate) fn name(&self) -> &str {
        match &self.work {
            Work::Kernel { name, .. } => name,
            Work::Product(_) => unreachable!("where one kernel calls all, products are kernels too"),
        }
    }

    pub(crate) fn sized(self, size: Size) -> Task {
        Task { size, ..self }
    }
}

/// How much a task does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) elements: usize,
    /// The operations of an element, one after the other.
    pub(crate) each: usize,
    /// How many tiles there are, each for one block; 0 if all threads share the elements.
    pub(crate) tiles: usize,
    /// The bytes that the threads of a block share for a tile.
    pub(crate) pool: usize,
}

impl Size {
    pub(crate) fn of(kernel: &Kernel, launch: &Launch) -> Size {
        let (elements, flops) = (kernel.elements().max(1), kernel.flops());
        let each = match &kernel.work {
            Planned::Product { .. } => flops / (2 * elements),
            Planned::Tile(_) if launch.tiles[0] > 0 => SUM + FUNCTION * flops / elements,
            Planned::Tile(_) => FUNCTION * flops / elements,
            Planned::Op { .. } => 2 * flops / elements,
        };
        let pool = if launch.scratch > SHARED { 0 } else { launch.scratch };
        Size { elements, each: each + 8, tiles: launch.tiles[0], pool }
    }

    /// A few operations of each element.
    pub(crate) fn plain(elements: usize, each: usize) -> Size {
        Size { elements, each, tiles: 0, pool: 0 }
    }
}

/// The tasks of a step, the texts of their kernels, and all memories.
pub(crate) struct Step<'a> {
    pub(crate) tasks: Vec<&'a Task>,
    pub(crate) text: String,
    pub(crate) memories: Vec<&'a Memory>,
}

/// A kernel that begins with thread number `NAME_skip`, so that those of a phase have threads of their own.
pub(crate) fn with_skip(name: &str, text: &str) -> String {
    format!("#undef WG_SKIP\n{SKIP}{name}_skip\n{text}#undef WG_SKIP\n{SKIP}0\n")
}
