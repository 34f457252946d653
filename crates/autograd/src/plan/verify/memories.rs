//! Which parts of memories kernels have written so far.

use super::operands::Span;
use super::rules::{Checked, Rule, ensure};
use crate::lists::{IntoList, sort_by};
use crate::plan::{GRADIENTS, Plan};
use std::ops::Range;

/// What kernels have written. A buffer holds one value at a time.
pub(super) struct Written<'p> {
    first_buffer: u32,
    /// For each buffer, the range that was written last.
    buffers: Vec<Range<usize>>,
    /// The ranges of gradients that are not empty, in the order of the slab, and whether each was written.
    gradients: Vec<(&'p Range<usize>, bool)>,
}

impl<'p> Written<'p> {
    pub(super) fn of(plan: &'p Plan) -> Checked<Written<'p>> {
        let ranges = plan.gradients.iter().filter(|range| !range.is_empty());
        let mut gradients: Vec<(&Range<usize>, bool)> = ranges.map(|range| (range, false)).listed();
        sort_by(&mut gradients, |(a, _), (b, _)| a.start.cmp(&b.start));
        let apart = gradients.windows(2).all(|w| w[0].0.end <= w[1].0.start);
        let within = gradients.last().is_none_or(|(range, _)| range.end <= plan.parameters.elements);
        ensure(apart && within, Rule::Gradient, || format!("{gradients:?}"))?;
        Ok(Written { first_buffer: plan.first_buffer(), buffers: vec![0..0; plan.buffers.len()], gradients })
    }

    /// Checks that what is read has been written.
    pub(super) fn read(&self, x: &Span) -> Checked {
        let within = |range: &Range<usize>| range.start <= x.low && x.high <= range.end;
        let is_there = match x.memory {
            _ if x.is_empty() => true,
            GRADIENTS => {
                self.gradient(x.low).is_some_and(|i| self.gradients[i].1 && within(self.gradients[i].0))
            }
            memory if memory >= self.first_buffer => {
                within(&self.buffers[(memory - self.first_buffer) as usize])
            }
            _ => true,
        };
        ensure(is_there, Rule::Written, || format!("{x:?}"))
    }

    /// Notes a result.
    pub(super) fn write(&mut self, y: &Span) -> Checked {
        if y.is_empty() {
            return Ok(());
        }
        if y.memory != GRADIENTS {
            self.buffers[(y.memory - self.first_buffer) as usize] = y.low..y.high;
            return Ok(());
        }
        let found = self.gradient(y.low).map(|i| &mut self.gradients[i]);
        let found = found.filter(|(range, is_there)| **range == (y.low..y.high) && !*is_there);
        let Some((_, is_there)) = found else { return Err((Rule::Gradient, format!("{y:?}"))) };
        *is_there = true;
        Ok(())
    }

    /// Checks that every gradient was written.
    pub(super) fn is_complete(&self) -> Checked {
        let missing = self.gradients.iter().find(|(_, is_there)| !is_there);
        ensure(missing.is_none(), Rule::Gradient, || format!("no kernel for {missing:?}"))
    }

    /// The last gradient that begins at or before an offset in the slab.
    fn gradient(&self, offset: usize) -> Option<usize> {
        self.gradients.partition_point(|(range, _)| range.start <= offset).checked_sub(1)
    }
}
