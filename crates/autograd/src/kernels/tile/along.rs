//! Numbers of rows as operands: a number per row that is repeated along it only for steps that can take it as it is, is not
//! repeated.

#[cfg(test)]
mod tests;

use crate::code::{Act, Code, Slot, Step};
use crate::kernels::loops::{self, Lane, Loop};

/// Shorter rows are repeated: a row is a call, which takes as long as so many elements.
const FROM: usize = 64;

/// What runs instead of a step.
#[derive(Clone, Copy)]
pub(super) enum Instead<T> {
    /// The step itself.
    Itself,
    /// Nothing: its result is not needed.
    Nothing,
    /// This loop, which reads one number per row from this slot as its second operand.
    Along(Loop<T>, Slot),
}

/// What runs instead of each step.
pub(super) fn instead<T: Lane>(code: &Code) -> Vec<Instead<T>> {
    let mut instead = vec![Instead::Itself; code.steps.len()];
    if code.row < FROM {
        return instead;
    }
    for (i, step) in code.steps.iter().enumerate() {
        if let Act::Spread(rows) = step.act
            && let Some(readers) = readers::<T>(code, i, rows)
        {
            instead[i] = Instead::Nothing;
            readers.into_iter().for_each(|(reader, run)| instead[reader] = Instead::Along(run, rows));
        }
    }
    instead
}

/// The steps that read what step `i` repeats, and their loops; none if one of them cannot read the numbers of the rows themselves.
fn readers<T: Lane>(code: &Code, i: usize, rows: Slot) -> Option<Vec<(usize, Loop<T>)>> {
    let spread = code.steps[i].y;
    if code.writes.iter().any(|write| write.slot == spread) {
        return None;
    }
    let mut readers = vec![];
    let mut are_there = true;
    for (j, step) in code.steps.iter().enumerate().skip(i + 1) {
        are_there &= !writes(step, rows);
        let reads = step.act.reads();
        if reads.contains(&spread) {
            let is_second = reads.iter().enumerate().all(|(place, &x)| (x == spread) == (place == 1));
            let run = loops::along_rows(step.act).filter(|_| is_second && are_there)?;
            readers.push((j, run));
        }
        if writes(step, spread) {
            break;
        }
    }
    Some(readers)
}

/// Whether a step writes a slot.
fn writes(step: &Step, slot: Slot) -> bool {
    let is_total = matches!(step.act, Act::Total(_));
    !is_total && (step.y == slot || step.act.more().contains(&slot))
}
