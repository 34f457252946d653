//! Pairs: a sum, difference or product that only one other of these uses is done in the same pass over the tile. Each is
//! still rounded, so no bit changes; a load and a store are saved.

use super::draft::Draft;
use crate::code::{Act, Arithmetic, Extent, Joint, Slot, Step};
use crate::ir::Binary;

/// Joins steps into pairs.
pub(super) fn pair(draft: &mut Draft) {
    let uses = draft.uses();
    // The step that gives a value, where it may be absorbed.
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

/// The pair that a step makes with the one that gives an operand, and which one that is.
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
