//! Tile programs: what a fused kernel says. Data only; the planner writes them, a kernel interprets them.
//!
//! A kernel walks `elements` places in row-major order, one tile after the other, and runs all steps on a tile while it
//! is in the first-level cache. Where it has rows, a tile is a block of whole rows, and a value may be one number per row.

use crate::dtype::DType;
use crate::ir::{Binary, Compare, Unary};
use crate::shape::{Shape, Strides};

/// Place of a tile in a kernel's scratch, or of the part of an operand that belongs to the tile.
pub(crate) type Slot = u16;

/// A fused kernel.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    /// `F32` or `F64`: what is computed in. Truth values are 1 and 0.
    pub(crate) dtype: DType,
    /// How many places are walked.
    pub(crate) elements: usize,
    /// Length of a row; 0 where the kernel has no rows.
    pub(crate) row: usize,
    /// Elements of a full tile.
    pub(crate) tile: usize,
    /// Elements of a task: what one thread takes at a time. Given by sizes alone.
    pub(crate) task: usize,
    pub(crate) slots: usize,
    pub(crate) fills: Vec<(Slot, f64)>,
    pub(crate) reads: Vec<Read>,
    pub(crate) steps: Vec<Step>,
    pub(crate) writes: Vec<Write>,
    /// Where each total goes.
    pub(crate) totals: Vec<Operand>,
}

/// Where elements lie: in the memory number `home`, from `offset` on, by these axes (those of length 1 left out, and
/// merged where they lie one after the other).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Operand {
    pub(crate) home: u32,
    pub(crate) offset: usize,
    pub(crate) dtype: DType,
    pub(crate) shape: Shape,
    pub(crate) strides: Strides,
}

/// How many numbers of a tile a value has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// One per place.
    Tile,
    /// One per row.
    Rows,
}

/// Brings an operand to its slot.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub(crate) from: Operand,
    pub(crate) slot: Slot,
    pub(crate) extent: Extent,
    pub(crate) how: How,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// Contiguous: the slot points to the memory itself, but for a tile that is cut short.
    Direct,
    /// One number, spread over the slot before the first tile.
    Splat,
    /// By strides, or from truth values.
    Gather,
}

/// Takes a slot to memory, contiguous from the operand's offset on.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) to: Operand,
    pub(crate) slot: Slot,
    pub(crate) extent: Extent,
    /// Whether steps may write to memory itself: not where types differ, nor over an operand that they still read.
    pub(crate) direct: bool,
}

impl Write {
    /// By a copy of the tile.
    pub(crate) fn new(to: Operand, slot: Slot, extent: Extent) -> Write {
        Write { to, slot, extent, direct: false }
    }
}

/// One instruction: a loop over a tile. No step writes a slot that it reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) y: Slot,
    pub(crate) extent: Extent,
    pub(crate) act: Act,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Act {
    Copy(Slot),
    Unary(Unary, Slot),
    Binary(Binary, Slot, Slot),
    /// (a ∘ b) • c, each operation rounded.
    Pair(Arithmetic, Joint, [Slot; 3]),
    Compare(Compare, Slot, Slot),
    Select(Slot, Slot, Slot),
    /// 1 where x is not 0.
    Truth(Slot),
    /// σ(x), and σ(−x) to another slot: both from one exponential and one division.
    Sigmoids {
        x: Slot,
        minus: Slot,
    },
    /// tanh(x), and σ(2x) and σ(−2x) to others, likewise.
    Tanhs {
        x: Slot,
        plus: Slot,
        minus: Slot,
    },
    /// σ(x), and its slope σ(x)·σ(−x) to another slot.
    SigmoidAndSlope {
        x: Slot,
        slope: Slot,
    },
    /// tanh(x), and its slope 4·σ(2x)·σ(−2x) to another slot.
    TanhAndSlope {
        x: Slot,
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
pub(crate) enum Arithmetic {
    Add,
    Sub,
    Mul,
}

/// The second operation of a pair, with the first one's result p and another operand c.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Joint {
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
    pub(crate) fn reads(&self) -> smallvec::SmallVec<[Slot; 3]> {
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
    pub(crate) fn more(&self) -> smallvec::SmallVec<[Slot; 2]> {
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
