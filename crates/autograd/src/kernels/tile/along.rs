//! Numbers of rows as operands: a number per row that is repeated along it only for steps that can take it as it is, is not
//! repeated.

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::simd::tests::{agree, bits};
    use crate::plan::Work;
    use crate::{Param, Params, Passes, Program, Var};

    /// How many steps are left out, and how many read numbers of rows instead.
    fn counts(program: &Program) -> [usize; 2] {
        let mut counts = [0; 2];
        for kernel in &program.plan.kernels {
            let Work::Tile(code) = &kernel.work else { continue };
            for instead in instead::<f32>(code) {
                match instead {
                    Instead::Itself => {}
                    Instead::Nothing => counts[0] += 1,
                    Instead::Along(..) => counts[1] += 1,
                }
            }
        }
        counts
    }

    type Function = for<'t> fn(Var<'t>) -> Var<'t>;

    fn program(passes: Passes, params: &Params, x: Param, f: Function) -> Program {
        Program::trace_with(passes, params, |tape| {
            let x = tape.param(x);
            let y = f(x);
            let gradient = y.vjp(y.sin(), &[x]).remove(0);
            tape.outputs([y, gradient])
        })
        .expect("a program")
    }

    #[test]
    fn numbers_of_rows_are_read_as_they_are_with_the_same_bits() {
        let functions: [(Function, bool); 4] = [
            (|x| x.softmax(1), true),
            (|x| x.standardize([1], 1e-5), true),
            (|x| (x - x.mean_over(crate::Keep([1]))) / x.square().sum_over(crate::Keep([1])) + 1.5, true),
            // A maximum has no such loop, and what it reads is repeated.
            (|x| x.maximum(x.mean_over(crate::Keep([1]))), false),
        ];
        for (f, wanted) in functions {
            for [rows, row] in [[1, 64], [3, 64], [7, 100], [5, 333], [2, 1000], [9, 63]] {
                let mut params = Params::f32();
                let numbers: Vec<f64> =
                    (0..rows * row).map(|i| (i as f64 * 0.618).fract() * 4.0 - 2.0).collect();
                let x = params.scope("x").param("x", [rows, row], &numbers[..]);
                let fused = program(Passes::exact(), &params, x, f);
                let [gone, along] = counts(&fused);
                assert_eq!(gone > 0 && along > 0, wanted && row >= FROM, "{gone} {along} [{rows}, {row}]");
                let one_by_one = program(Passes::none(), &params, x, f);
                let run = |program: &Program| {
                    let mut state = program.state();
                    let run = program.run(&mut state, &params, ()).expect("a run");
                    [0, 1].map(|i| bits(run.slice::<f32>(i)))
                };
                assert_eq!(run(&fused), run(&one_by_one), "[{rows}, {row}]");
                agree(|| run(&program(Passes::exact(), &params, x, f))).expect("one result");
            }
        }
    }
}
