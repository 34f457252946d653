//! Pairs: two operations in one step. If a sum, difference or product is used once, by another of these operations, one loop
//! computes both. Each is still rounded, so no bit changes. A load and a store are saved.

use super::draft::Draft;
use crate::code::{Act, Arithmetic, Extent, Joint, Slot, Step};
use crate::ir::Binary;

/// Joins steps into pairs.
pub(super) fn pair(draft: &mut Draft) {
    let uses = draft.uses();
    // For each value, the step that makes it, if that step may be joined to its only reader.
    let mut absorbable: Vec<Option<usize>> = vec![None; draft.by_step.len()];
    let mut gone = vec![false; draft.steps.len()];
    for i in 0..draft.steps.len() {
        let step = draft.steps[i];
        let pair = joined(&draft.steps, &absorbable, step);
        if let Some((act, inner)) = pair {
            draft.steps[i].act = act;
            gone[inner] = true;
        } else if first(step.act).is_some() && uses[step.y as usize] == 1 {
            absorbable[step.y as usize] = Some(i);
        }
    }
    draft.leave_out(&gone);
}

/// A step joined with the one that makes an operand, and the number of the latter.
fn joined(steps: &[Step], absorbable: &[Option<usize>], step: Step) -> Option<(Act, usize)> {
    let Act::Binary(f, a, b) = step.act else { return None };
    let inner = |x: Slot, extent: Extent| {
        let i = absorbable[x as usize]?;
        let (f, x, y) = first(steps[i].act)?;
        (steps[i].extent == extent).then_some((i, f, x, y))
    };
    let (left, right) = match f {
        Binary::Add => (Joint::Add, Joint::Add),
        Binary::Sub => (Joint::Sub, Joint::From),
        Binary::Mul => (Joint::Mul, Joint::Mul),
        _ => return None,
    };
    if let Some((i, f, x, y)) = inner(a, step.extent) {
        return Some((Act::Pair(f, left, [x, y, b]), i));
    }
    let (i, f, x, y) = inner(b, step.extent)?;
    Some((Act::Pair(f, right, [x, y, a]), i))
}

fn first(act: Act) -> Option<(Arithmetic, Slot, Slot)> {
    match act {
        Act::Binary(Binary::Add, a, b) => Some((Arithmetic::Add, a, b)),
        Act::Binary(Binary::Sub, a, b) => Some((Arithmetic::Sub, a, b)),
        Act::Binary(Binary::Mul, a, b) => Some((Arithmetic::Mul, a, b)),
        _ => None,
    }
}
