//! The draft of a fused kernel: a list of values, each made by a read, a constant or a step. Lowering writes it, passes over
//! steps rewrite it, and `slots` turns it into the kernel's code.

use crate::code::{Act, Extent, MemoryView, Read, Slot, Step, Write};
use crate::dtype::DType;
use crate::lists::IntoList;

/// The number of a value in a draft.
pub(super) type Value = Slot;

/// A kernel with values instead of slots.
pub(super) struct Draft {
    pub(super) dtype: DType,
    /// For each value, whether a step makes it. Otherwise a read or a constant does.
    pub(super) by_step: Vec<bool>,
    pub(super) fills: Vec<(Value, f64)>,
    pub(super) reads: Vec<Read>,
    pub(super) steps: Vec<Step>,
    pub(super) writes: Vec<Write>,
    pub(super) totals: Vec<MemoryView>,
}

impl Draft {
    pub(super) fn new(dtype: DType) -> Draft {
        Draft {
            dtype,
            by_step: vec![],
            fills: vec![],
            reads: vec![],
            steps: vec![],
            writes: vec![],
            totals: vec![],
        }
    }

    pub(super) fn value(&mut self) -> Value {
        self.by_step.push(false);
        Value::try_from(self.by_step.len() - 1).expect("a group has few members")
    }

    /// A new value that a step makes.
    pub(super) fn result(&mut self) -> Value {
        let y = self.value();
        self.by_step[y as usize] = true;
        y
    }

    pub(super) fn step(&mut self, act: Act, extent: Extent) -> Value {
        let y = self.result();
        self.steps.push(Step { y, extent, act });
        y
    }

    /// How many steps read each value. A value that is stored counts as read more than once.
    pub(super) fn uses(&self) -> Vec<u32> {
        let mut uses = vec![0; self.by_step.len()];
        for x in self.steps.iter().flat_map(|step| step.act.reads()) {
            uses[x as usize] += 1;
        }
        for write in &self.writes {
            uses[write.slot as usize] += 2;
        }
        uses
    }

    /// Removes steps, and constants that nothing reads afterwards.
    pub(super) fn leave_out(&mut self, gone: &[bool]) {
        let mut gone = gone.iter();
        self.steps.retain(|_| !gone.next().expect("one for each step"));
        let uses = self.uses();
        self.fills.retain(|fill| uses[fill.0 as usize] > 0);
    }

    /// Removes steps whose results nothing reads.
    pub(super) fn drop_unused(&mut self) {
        let mut used = vec![false; self.by_step.len()];
        for write in &self.writes {
            used[write.slot as usize] = true;
        }
        let mut needed = vec![false; self.steps.len()];
        for (i, step) in self.steps.iter().enumerate().rev() {
            let results = std::iter::once(step.y).chain(step.act.more());
            needed[i] = matches!(step.act, Act::Total(_)) || results.into_iter().any(|y| used[y as usize]);
            if needed[i] {
                step.act.reads().iter().for_each(|&x| used[x as usize] = true);
            }
        }
        let gone: Vec<bool> = needed.into_iter().map(|needed| !needed).listed();
        self.leave_out(&gone);
    }
}
