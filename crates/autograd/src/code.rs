//! Tile programs: the instructions of a fused kernel, as data. The planner writes them, and a kernel interprets them.
//!
//! A kernel walks through `elements` elements in row-major order, tile by tile, and runs all steps on a tile while it is in the
//! first-level cache. If the kernel has rows, a tile consists of whole rows, and a value may have one number per row.

use crate::dtype::DType;
use crate::ir::{Binary, Compare, Unary};
use crate::shape::{Shape, Strides};
use crate::tree::Order;

/// The number of a slot: a tile in the kernel's scratch, or the part of an operand's memory that belongs to the tile.
pub type Slot = u16;

/// A fused kernel.
#[derive(Clone, Debug)]
pub struct Code {
    /// The type that the kernel computes in: `F32` or `F64`. Truth values are 1 and 0.
    pub dtype: DType,
    /// How many elements the kernel walks through.
    pub elements: usize,
    /// The length of a row; 0 if the kernel has no rows.
    pub row: usize,
    /// The elements of a full tile.
    pub tile: usize,
    /// The elements of a task, which one thread takes at a time. It depends on sizes alone.
    pub task: usize,
    /// How many slots there are.
    pub slots: usize,
    /// Slots in which every element is the same constant.
    pub fills: Vec<(Slot, f64)>,
    /// The operands that are loaded into slots before the steps.
    pub reads: Vec<Read>,
    /// The instructions, in order.
    pub steps: Vec<Step>,
    /// The results that are stored from slots after the steps.
    pub writes: Vec<Write>,
    /// Where each total is stored.
    pub totals: Vec<MemoryView>,
}

/// A strided view of one of the plan's memories: what a kernel reads or writes. Tile programs leave out axes of length 1 and
/// merge the axes that can be merged.
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryView {
    /// The number of the memory.
    pub memory: u32,
    /// The index of its first element in that memory.
    pub offset: usize,
    /// The type of the elements: the type of the memory.
    pub dtype: DType,
    /// The lengths of the axes.
    pub shape: Shape,
    /// The stride of each axis, in elements; 0 repeats an element.
    pub strides: Strides,
}

impl Order {
    /// The order in which the product of two views adds up: \[…, m, k\] and \[…, k, n\].
    pub fn of_views(a: &MemoryView, b: &MemoryView) -> Order {
        let rank = a.shape.len();
        let steps = |x: &MemoryView| [x.strides[rank - 2], x.strides[rank - 1]];
        Order::of([a.shape[rank - 2], a.shape[rank - 1], b.shape[rank - 1]], [steps(a), steps(b)])
    }
}

/// How many numbers a value has in a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// One per element.
    Tile,
    /// One per row.
    Rows,
}

/// Loads an operand into its slot.
#[derive(Clone, Debug)]
pub struct Read {
    /// What is read.
    pub from: MemoryView,
    /// Where it is loaded.
    pub slot: Slot,
    /// How many numbers it has in a tile.
    pub extent: Extent,
    /// How it is loaded.
    pub how: How,
}

/// How an operand is loaded into its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Contiguous: the slot points to the memory itself, unless the tile is cut short.
    Direct,
    /// One number, repeated over the whole slot before the first tile.
    Splat,
    /// Copied by strides, or converted from truth values.
    Gather,
}

/// Stores a slot in memory, which is contiguous there.
#[derive(Clone, Debug)]
pub struct Write {
    /// Where it is stored.
    pub to: MemoryView,
    /// What is stored.
    pub slot: Slot,
    /// How many numbers it has in a tile.
    pub extent: Extent,
    /// Whether steps may write the memory itself. They may not if types differ, or if they still read an operand there.
    pub direct: bool,
}

impl Write {
    /// A write that copies the tile.
    pub(crate) fn new(to: MemoryView, slot: Slot, extent: Extent) -> Write {
        Write { to, slot, extent, direct: false }
    }
}

/// One instruction: a loop over a tile. No step writes a slot that it reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The slot that is written; for a [`Total`](Act::Total), the number of the total.
    pub y: Slot,
    /// How many numbers the result has in a tile.
    pub extent: Extent,
    /// What is computed.
    pub act: Act,
}

/// What an instruction computes, and from which slots.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Act {
    /// x.
    Copy(Slot),
    /// f(x).
    Unary(Unary, Slot),
    /// f(a, b).
    Binary(Binary, Slot, Slot),
    /// (a ∘ b) • c, each operation rounded.
    Pair(Arithmetic, Joint, [Slot; 3]),
    /// 1 where the comparison of a and b holds, else 0.
    Compare(Compare, Slot, Slot),
    /// a where the mask is not 0, else b.
    Select(Slot, Slot, Slot),
    /// 1 where x is not 0.
    Truth(Slot),
    /// σ(x), and σ(−x): both from one exponential and one division.
    Sigmoids {
        /// The argument.
        x: Slot,
        /// Where σ(−x) goes.
        minus: Slot,
    },
    /// tanh(x), σ(2x) and σ(−2x), also from one exponential and one division.
    Tanhs {
        /// The argument.
        x: Slot,
        /// Where σ(2x) goes.
        plus: Slot,
        /// Where σ(−2x) goes.
        minus: Slot,
    },
    /// σ(x), and its slope σ(x)·σ(−x).
    SigmoidAndSlope {
        /// The argument.
        x: Slot,
        /// Where the slope goes.
        slope: Slot,
    },
    /// tanh(x), and its slope 4·σ(2x)·σ(−2x).
    TanhAndSlope {
        /// The argument.
        x: Slot,
        /// Where the slope goes.
        slope: Slot,
    },
    /// The sum of each row.
    RowSum(Slot),
    /// The largest number of each row; NaN if there is one.
    RowMax(Slot),
    /// One number per row, repeated along it.
    Spread(Slot),
    /// Adds the tile to the total number `y`.
    Total(Slot),
}

/// The first operation of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    /// a + b
    Add,
    /// a − b
    Sub,
    /// a·b
    Mul,
}

/// The second operation of a pair: of the first one's result p and another operand c.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joint {
    /// p + c
    Add,
    /// p − c
    Sub,
    /// c − p
    From,
    /// p·c
    Mul,
}

impl Act {
    /// The slots that it reads.
    pub fn reads(&self) -> smallvec::SmallVec<[Slot; 3]> {
        match *self {
            Act::Copy(x)
            | Act::Unary(_, x)
            | Act::Truth(x)
            | Act::Sigmoids { x, .. }
            | Act::Tanhs { x, .. }
            | Act::SigmoidAndSlope { x, .. }
            | Act::TanhAndSlope { x, .. }
            | Act::RowSum(x)
            | Act::RowMax(x)
            | Act::Spread(x)
            | Act::Total(x) => smallvec::smallvec![x],
            Act::Binary(_, a, b) | Act::Compare(_, a, b) => smallvec::smallvec![a, b],
            Act::Select(m, a, b) => smallvec::smallvec![m, a, b],
            Act::Pair(_, _, x) => smallvec::SmallVec::from_slice(&x),
        }
    }

    /// The slots that it writes in addition to the step's `y`.
    pub fn more(&self) -> smallvec::SmallVec<[Slot; 2]> {
        match *self {
            Act::Sigmoids { minus, .. } => smallvec::smallvec![minus],
            Act::Tanhs { plus, minus, .. } => smallvec::smallvec![plus, minus],
            Act::SigmoidAndSlope { slope, .. } | Act::TanhAndSlope { slope, .. } => {
                smallvec::smallvec![slope]
            }
            _ => smallvec::SmallVec::new(),
        }
    }

    /// The same with other slots.
    pub(crate) fn map(self, mut f: impl FnMut(Slot) -> Slot) -> Act {
        match self {
            Act::Copy(x) => Act::Copy(f(x)),
            Act::Unary(g, x) => Act::Unary(g, f(x)),
            Act::Truth(x) => Act::Truth(f(x)),
            Act::Sigmoids { x, minus } => Act::Sigmoids { x: f(x), minus: f(minus) },
            Act::Tanhs { x, plus, minus } => Act::Tanhs { x: f(x), plus: f(plus), minus: f(minus) },
            Act::SigmoidAndSlope { x, slope } => Act::SigmoidAndSlope { x: f(x), slope: f(slope) },
            Act::TanhAndSlope { x, slope } => Act::TanhAndSlope { x: f(x), slope: f(slope) },
            Act::RowSum(x) => Act::RowSum(f(x)),
            Act::RowMax(x) => Act::RowMax(f(x)),
            Act::Spread(x) => Act::Spread(f(x)),
            Act::Total(x) => Act::Total(f(x)),
            Act::Binary(g, a, b) => Act::Binary(g, f(a), f(b)),
            Act::Compare(g, a, b) => Act::Compare(g, f(a), f(b)),
            Act::Select(m, a, b) => Act::Select(f(m), f(a), f(b)),
            Act::Pair(p, q, x) => Act::Pair(p, q, x.map(f)),
        }
    }
}
