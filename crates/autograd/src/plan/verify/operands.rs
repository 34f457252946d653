//! Where operands lie.

use super::rules::{Checked, Rule, ensure};
use crate::code::Operand;
use crate::dtype::DType;
use crate::plan::Plan;
use crate::plan::places::is_contiguous;

/// The memories of a plan: type, elements, and whether kernels write to it.
pub(super) struct Memories(Vec<(DType, usize, bool)>);

/// The part of a memory from an operand's first element to its last, with what lies between; nothing where it is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reach {
    pub(super) home: u32,
    pub(super) low: usize,
    /// One after the last.
    pub(super) high: usize,
}

impl Reach {
    pub(super) fn is_empty(&self) -> bool {
        self.low == self.high
    }

    pub(super) fn overlaps(&self, other: &Reach) -> bool {
        self.home == other.home && self.low < other.high && other.low < self.high
    }
}

impl Memories {
    pub(super) fn of(plan: &Plan) -> Memories {
        let memory = |m: crate::plan::Memory<'_>| (m.dtype, m.elements, m.contents.is_written());
        Memories(plan.memories().map(memory).collect())
    }

    /// Where an operand lies: within its memory, which is of its type.
    pub(super) fn operand(&self, x: &Operand) -> Checked<Reach> {
        let memory = self.0.get(x.home as usize).filter(|memory| memory.0 == x.dtype);
        let memory = memory.filter(|_| x.shape.len() == x.strides.len());
        let Some(&(_, elements, _)) = memory else { return Err((Rule::Memory, format!("{x:?}"))) };
        let reach = reach(x).filter(|reach| reach.high <= elements);
        reach.ok_or_else(|| (Rule::Within, format!("{x:?} in {elements} elements")))
    }

    /// Where a result lies: in one piece, where kernels may write.
    pub(super) fn result(&self, y: &Operand) -> Checked<Reach> {
        let reach = self.operand(y)?;
        let may_be = self.0[y.home as usize].2 && is_contiguous(&y.shape, &y.strides);
        ensure(may_be, Rule::Result, || format!("{y:?}"))?;
        Ok(reach)
    }
}

/// None where an element would lie before the memory, or at no place that can be counted.
fn reach(x: &Operand) -> Option<Reach> {
    let (home, start) = (x.home, isize::try_from(x.offset).ok()?);
    if x.shape.contains(&0) {
        return Some(Reach { home, low: x.offset, high: x.offset });
    }
    let (mut low, mut last) = (start, start);
    for (&length, &stride) in x.shape.iter().zip(&x.strides) {
        let end = isize::try_from(length - 1).ok()?.checked_mul(stride)?;
        low = low.checked_add(end.min(0))?;
        last = last.checked_add(end.max(0))?;
    }
    Some(Reach { home, low: usize::try_from(low).ok()?, high: usize::try_from(last).ok()? + 1 })
}
