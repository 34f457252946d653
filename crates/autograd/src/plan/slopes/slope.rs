//! Slopes: if a kernel uses the parts of σ or tanh only for the slope σ(x)·σ(−x) or 4·σ(2x)·σ(−2x), the loop that computes the
//! function computes the slope too. The factors and their order are those of the steps, so no bit changes.

use super::super::draft::{Draft, Value};
use crate::code::{Act, Step};
use crate::ir::Binary;

/// Joins functions and slopes into one step.
pub(crate) fn slope(draft: &mut Draft) {
    if !draft.steps.iter().any(|step| matches!(step.act, Act::Sigmoids { .. } | Act::Tanhs { .. })) {
        return;
    }
    let readers = Readers::of(draft);
    let mut gone = vec![false; draft.steps.len()];
    for i in 0..draft.steps.len() {
        if let Some((act, products)) = readers.joined(draft, draft.steps[i]) {
            draft.steps[i].act = act;
            products.into_iter().for_each(|j| gone[j] = true);
        }
    }
    draft.leave_out(&gone);
}

/// For each value that is read once and not stored, the step that reads it.
struct Readers(Vec<Option<usize>>);

impl Readers {
    fn of(draft: &Draft) -> Readers {
        let uses = draft.uses();
        let mut readers = vec![None; uses.len()];
        for (i, step) in draft.steps.iter().enumerate() {
            for x in step.act.reads().into_iter().filter(|&x| uses[x as usize] == 1) {
                readers[x as usize] = Some(i);
            }
        }
        Readers(readers)
    }

    /// A step that makes its slope too, and the products that it replaces.
    fn joined(&self, draft: &Draft, step: Step) -> Option<(Act, Vec<usize>)> {
        match step.act {
            Act::Sigmoids { x, minus } => {
                let (product, slope) = self.product(draft, step, step.y, minus)?;
                Some((Act::SigmoidAndSlope { x, slope }, vec![product]))
            }
            Act::Tanhs { x, plus, minus } => {
                let four = draft.fills.iter().find(|fill| fill.1 == 4.0)?.0;
                // 4·σ is exact: the slope is the same whichever factor was doubled twice.
                let slope_of = |first: Value, second: Value| {
                    let (a, scaled) = self.product(draft, step, four, first)?;
                    let (b, slope) = self.product(draft, step, second, scaled)?;
                    (self.0[second as usize] == Some(b))
                        .then_some((Act::TanhAndSlope { x, slope }, vec![a, b]))
                };
                slope_of(plus, minus).or_else(|| slope_of(minus, plus))
            }
            _ => None,
        }
    }

    /// The product of `a` and `b`, if nothing else reads `b`: the number of its step, and its result.
    fn product(&self, draft: &Draft, like: Step, a: Value, b: Value) -> Option<(usize, Value)> {
        let j = self.0[b as usize]?;
        let step = draft.steps[j];
        let is_it =
            matches!(step.act, Act::Binary(Binary::Mul, x, y) if (x, y) == (a, b) || (x, y) == (b, a));
        (is_it && step.extent == like.extent).then_some((j, step.y))
    }
}
