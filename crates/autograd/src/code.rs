//! Tile programs: what a fused kernel says. Data only; the planner writes them, a kernel interprets them.
//!
//! A kernel walks `elements` places in row-major order, one tile after the other, and runs all steps on a tile while it
//! is in the first-level cache. Where it has rows, a tile is a block of whole rows, and a value may be one number per row.

use crate::dtype::DType;
use crate::ir::{Binary, Compare, Unary};
use crate::shape::{Shape, Strides};

/// Place of a tile in a kernel's scratch, or of the part of an operand that belongs to the tile.
pub type Slot = u16;

/// A fused kernel.
#[derive(Clone, Debug)]
pub struct Code {
    /// `F32` or `F64`: what is computed in. Truth values are 1 and 0.
    pub dtype: DType,
    /// How many places are walked.
    pub elements: usize,
    /// Length of a row; 0 where the kernel has no rows.
    pub row: usize,
    /// Elements of a full tile.
    pub tile: usize,
    /// Elements of a task: what one thread takes at a time. Given by sizes alone.
    pub task: usize,
    /// How many slots there are.
    pub slots: usize,
    /// Slots that hold one number in every place.
    pub fills: Vec<(Slot, f64)>,
    /// What is brought to slots before the steps.
    pub reads: Vec<Read>,
    /// The instructions, in order.
    pub steps: Vec<Step>,
    /// What is taken from slots after the steps.
    pub writes: Vec<Write>,
    /// Where each total goes.
    pub totals: Vec<Operand>,
}

/// Where elements lie: in the memory number `home`, from `offset` on, by these axes (those of length 1 left out, and
/// merged where they lie one after the other).
#[derive(Clone, Debug, PartialEq)]
pub struct Operand {
    /// The number of the memory.
    pub home: u32,
    /// Which element of it is the first one.
    pub offset: usize,
    /// The type of the elements, which is that of the memory.
    pub dtype: DType,
    /// The lengths of the axes.
    pub shape: Shape,
    /// Elements to step over per axis; 0 repeats an element.
    pub strides: Strides,
}

/// How many numbers of a tile a value has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// One per place.
    Tile,
    /// One per row.
    Rows,
}

/// Brings an operand to its slot.
#[derive(Clone, Debug)]
pub struct Read {
    /// What is read.
    pub from: Operand,
    /// Where it is brought to.
    pub slot: Slot,
    /// How many numbers of a tile it has.
    pub extent: Extent,
    /// How it is brought there.
    pub how: How,
}

/// How an operand is brought to its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Contiguous: the slot points to the memory itself, but for a tile that is cut short.
    Direct,
    /// One number, spread over the slot before the first tile.
    Splat,
    /// By strides, or from truth values.
    Gather,
}

/// Takes a slot to memory, contiguous from the operand's offset on.
#[derive(Clone, Debug)]
pub struct Write {
    /// Where it is taken to.
    pub to: Operand,
    /// What is taken.
    pub slot: Slot,
    /// How many numbers of a tile it has.
    pub extent: Extent,
    /// Whether steps may write to memory itself: not where types differ, nor over an operand that they still read.
    pub direct: bool,
}

impl Write {
    /// By a copy of the tile.
    pub(crate) fn new(to: Operand, slot: Slot, extent: Extent) -> Write {
        Write { to, slot, extent, direct: false }
    }
}

/// One instruction: a loop over a tile. No step writes a slot that it reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The slot that is written; of a [`Total`](Act::Total) the number of the total.
    pub y: Slot,
    /// How many numbers of a tile the result has.
    pub extent: Extent,
    /// What is computed.
    pub act: Act,
}

/// What an instruction computes, of which slots.
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
    /// tanh(x), and σ(2x) and σ(−2x), likewise.
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
    /// The largest of each row; NaN where one is.
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

/// The second operation of a pair, with the first one's result p and another operand c.
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

    /// The slots that it writes beside its step's.
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
