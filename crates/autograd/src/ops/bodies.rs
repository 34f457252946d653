//! Bodies, as loops, called functions and checkpoints use them: their values by plain loops, their nodes recorded again, and
//! their cost.

use crate::call::Fault;
use crate::dense::Dense;
use crate::dtype::Data;
use crate::ir::{Body, Line, Op};
use crate::op::Each;
use crate::record::{of_each, recorded};
use crate::tape::Tape;
use crate::var::Var;

/// The values of all nodes, by plain loops.
pub(super) fn values_of(body: &Body, arguments: Vec<Dense>) -> Result<Vec<Dense>, Fault> {
    let mut values = arguments;
    for line in &body.lines[values.len()..] {
        let x: Vec<Dense> = line.inputs.iter().map(|&i| values[i as usize].clone()).collect();
        let data = match (&line.op, line.op.values(&x, &line.meta)) {
            (Op::Full(x), _) => Data::splat(line.meta.dtype, *x, line.meta.shape.elements()),
            (_, Some(data)) => data?,
            (op, None) => unreachable!("{} in a body", op.name()),
        };
        values.push(Dense { meta: line.meta.clone(), data });
    }
    Ok(values)
}

/// Records the nodes of a body again, on other arguments. It returns all of them.
#[track_caller]
pub(super) fn replay<'t>(body: &Body, tape: &'t Tape<'t>, arguments: &[Var<'t>]) -> Vec<Var<'t>> {
    let mut values = arguments.to_vec();
    for line in &body.lines[arguments.len()..] {
        let x: Vec<Var<'t>> = line.inputs.iter().map(|&i| values[i as usize]).collect();
        values.push(recorded(tape, line.op.clone(), line.meta.clone(), &x));
    }
    values
}

/// As [`replay`], for all examples of a batch, given which arguments differ between them.
#[track_caller]
pub(super) fn replay_for_each<'t>(
    body: &Body,
    tape: &'t Tape<'t>,
    examples: usize,
    arguments: &[Var<'t>],
    own: &[bool],
) -> Vec<Each<'t>> {
    let each = |(&x, &own): (&Var<'t>, &bool)| if own { Each::Own(x) } else { Each::Same(x) };
    let mut values: Vec<Each<'t>> = arguments.iter().zip(own).map(each).collect();
    for line in &body.lines[arguments.len()..] {
        let x: Vec<Each<'t>> = line.inputs.iter().map(|&i| values[i as usize]).collect();
        values.push(of_each(tape, examples, &line.op, &line.meta, &x));
    }
    values
}

/// Floating-point operations of one step.
pub(super) fn flops(body: &Body) -> usize {
    let of = |line: &Line| {
        let x: Vec<&[usize]> = line.inputs.iter().map(|&x| &body.line(x).meta.shape[..]).collect();
        line.op.flops(&x, &line.meta.shape)
    };
    body.lines.iter().map(of).fold(0, usize::saturating_add)
}
