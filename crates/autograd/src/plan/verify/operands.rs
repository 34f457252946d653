//! Which elements of memories operands use.

use super::rules::{Checked, Rule, ensure};
use crate::code::MemoryView;
use crate::dtype::DType;
use crate::lists::IntoList;
use crate::plan::Plan;
use crate::plan::views::is_contiguous;

/// The memories of a plan: for each its type, its number of elements, and whether kernels write it.
pub(super) struct Memories(Vec<(DType, usize, bool)>);

/// The span of an operand: the range of its memory from its lowest to its highest element. It is empty if the operand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub(super) memory: u32,
    pub(super) low: usize,
    /// One past the last element.
    pub(super) high: usize,
}

impl Span {
    pub(super) fn is_empty(&self) -> bool {
        self.low == self.high
    }

    pub(super) fn overlaps(&self, other: &Span) -> bool {
        self.memory == other.memory && self.low < other.high && other.low < self.high
    }
}

impl Memories {
    pub(super) fn of(plan: &Plan) -> Memories {
        let memory = |m: crate::plan::Memory<'_>| (m.dtype, m.elements, m.contents.is_written());
        Memories(plan.memories().map(memory).listed())
    }

    /// The span of an operand, which has to lie within its memory and have its type.
    pub(super) fn operand(&self, x: &MemoryView) -> Checked<Span> {
        let memory = self.0.get(x.memory as usize).filter(|memory| memory.0 == x.dtype);
        let memory = memory.filter(|_| x.shape.len() == x.strides.len());
        let Some(&(_, elements, _)) = memory else { return Err((Rule::Memory, format!("{x:?}"))) };
        let span = span(x).filter(|span| span.high <= elements);
        span.ok_or_else(|| (Rule::Within, format!("{x:?} in {elements} elements")))
    }

    /// The span of a result, which has to be contiguous, in memory that kernels may write.
    pub(super) fn result(&self, y: &MemoryView) -> Checked<Span> {
        let span = self.operand(y)?;
        let may_be = self.0[y.memory as usize].2 && is_contiguous(&y.shape, &y.strides);
        ensure(may_be, Rule::Result, || format!("{y:?}"))?;
        Ok(span)
    }
}

/// The span; none if an element would lie before the memory, or if an index would overflow.
fn span(x: &MemoryView) -> Option<Span> {
    let (memory, start) = (x.memory, isize::try_from(x.offset).ok()?);
    if x.shape.contains(&0) {
        return Some(Span { memory, low: x.offset, high: x.offset });
    }
    let (mut low, mut last) = (start, start);
    for (&length, &stride) in x.shape.iter().zip(&x.strides) {
        let end = isize::try_from(length - 1).ok()?.checked_mul(stride)?;
        low = low.checked_add(end.min(0))?;
        last = last.checked_add(end.max(0))?;
    }
    Some(Span { memory, low: usize::try_from(low).ok()?, high: usize::try_from(last).ok()? + 1 })
}
