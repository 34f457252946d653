//! The costs of kernels, for reports: floating-point operations, and bytes that are read and written.

use super::{Kernel, Work};
use crate::code::{Act, Code, Extent, MemoryView, Step};
use crate::ir::Op;
use crate::lists::IntoList;

impl Kernel {
    /// What kind of kernel it is: `fused`, `copy`, `product` or `op`.
    pub fn kind(&self) -> &'static str {
        match &self.work {
            Work::Tile(code) if code.steps.iter().all(|s| matches!(s.act, Act::Copy(_))) => "copy",
            Work::Tile(_) => "fused",
            Work::Product { .. } => "product",
            Work::Op { op: Op::Copy(_), .. } => "copy",
            Work::Op { .. } => "op",
        }
    }

    /// How many elements it walks through.
    pub fn elements(&self) -> usize {
        match &self.work {
            Work::Tile(code) => code.elements,
            Work::Product { c, .. } => c.shape.elements(),
            Work::Op { y, .. } => y.shape.elements(),
        }
    }

    /// Floating-point operations: 2·m·k·n for a product, and one for each elementwise function, however expensive.
    pub fn flops(&self) -> usize {
        match &self.work {
            Work::Tile(code) => code.steps.iter().map(|step| step.flops() * numbers(code, step)).sum(),
            Work::Product { a, c, .. } => 2 * c.shape.elements() * a.shape.last().copied().unwrap_or(1),
            Work::Op { op, x, y } => op.flops(&x.iter().map(|x| &x.shape[..]).listed(), &y.shape),
        }
    }

    /// The operands that it reads from memory.
    pub fn reads(&self) -> Vec<&MemoryView> {
        match &self.work {
            Work::Tile(code) => code.reads.iter().map(|r| &r.from).listed(),
            Work::Product { a, b, .. } => vec![a, b],
            Work::Op { x, .. } => x.iter().listed(),
        }
    }

    /// The operands that it writes to memory.
    pub fn writes(&self) -> Vec<&MemoryView> {
        match &self.work {
            Work::Tile(code) => code.writes.iter().map(|w| &w.to).chain(&code.totals).listed(),
            Work::Product { c, .. } => vec![c],
            Work::Op { y, .. } => vec![y],
        }
    }

    /// Bytes of all operands; an element that a view repeats counts once.
    pub fn bytes(&self) -> usize {
        self.reads().into_iter().chain(self.writes()).map(bytes).sum()
    }
}

impl Step {
    /// Floating-point operations per element: one for each function.
    fn flops(&self) -> usize {
        match self.act {
            Act::Copy(_) | Act::Spread(_) | Act::Select(..) | Act::Truth(_) => 0,
            Act::Pair(..) => 2,
            // σ(x), σ(−x) and their product.
            Act::SigmoidAndSlope { .. } => 3,
            Act::TanhAndSlope { .. } => 5,
            _ => 1 + self.act.more().len(),
        }
    }
}

/// How many numbers a step processes; for a reduction, the numbers that it reads.
fn numbers(code: &Code, step: &Step) -> usize {
    match (step.act, step.extent) {
        (Act::RowSum(_) | Act::RowMax(_) | Act::Total(_), _) | (_, Extent::Tile) => code.elements,
        (_, Extent::Rows) => code.elements.checked_div(code.row).unwrap_or(0),
    }
}

fn bytes(x: &MemoryView) -> usize {
    let empty = x.shape.contains(&0);
    let lengths = x.shape.iter().zip(&x.strides).filter(|(_, s)| **s != 0).map(|(d, _)| *d);
    if empty { 0 } else { lengths.product::<usize>() * x.dtype.size() }
}
