//! Recording a function of one example for all examples of a batch.

use super::{Recording, recorded};
use crate::ir::{Meta, Op};
use crate::op::Each;
use crate::tape::Tape;
use crate::var::Var;

/// Traces a function of one example without values, and records for all examples what leads to its results. `x` are values of all
/// examples, along their first axis; so are the results.
#[track_caller]
pub(crate) fn for_each_of_batch<'t>(
    examples: usize,
    x: &[Var<'t>],
    f: impl FnOnce(&[Var<'t>]) -> Vec<Var<'t>>,
) -> Vec<Var<'t>> {
    let tape = x[0].tape();
    let of_one = |x: &Var<'t>| Meta::new(x.shape().without(&[0]), x.dtype());
    let recording = Recording::begin(tape, &x.iter().map(of_one).collect::<Vec<Meta>>());
    let results = f(&recording.arguments());
    let x: Vec<Each<'t>> = x.iter().copied().map(Each::Own).collect();
    let results =
        recording.again(&results, &x, Each::Same, |op, meta, x| of_each(tape, examples, &op, &meta, x));
    results.into_iter().map(|y| y.of_all(examples)).collect()
}

/// A node that was recorded for one example, for all examples of a batch.
#[track_caller]
pub(crate) fn of_each<'t>(
    tape: &'t Tape<'t>,
    examples: usize,
    op: &Op,
    y: &Meta,
    x: &[Each<'t>],
) -> Each<'t> {
    if x.iter().any(|x| matches!(x, Each::Own(_))) {
        return Each::Own(op.of_each(examples, y, x));
    }
    let all: Vec<Var<'t>> = x.iter().map(|&(Each::Own(x) | Each::Same(x))| x).collect();
    Each::Same(recorded(tape, op.clone(), y.clone(), &all))
}
