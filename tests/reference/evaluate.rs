//! From an op to everything a case of it holds: value, gradient, and the directional derivatives of
//! both.

use autograd::{DType, Element, Replay, Tape, Var};
use ndarray::ArrayD;

use crate::args::Args;
use crate::array::Array;
use crate::compare::{Tolerance, compare};
use crate::format::Case;
use crate::runner::{Fault, Results};

/// Evaluates `op` on the inputs of a case and differentiates it in every way the case holds.
pub(crate) fn evaluate(
    case: &Case,
    op: impl for<'t> FnOnce(&[Var<'t>], &Args) -> Var<'t>,
) -> Result<Results, Fault> {
    evaluate_all(case, |x, args| vec![op(x, args)])
}

/// As [`evaluate`], for an op with several outputs.
pub(crate) fn evaluate_all(
    case: &Case,
    op: impl for<'t> FnOnce(&[Var<'t>], &Args) -> Vec<Var<'t>>,
) -> Result<Results, Fault> {
    let tape = Tape::new();
    let differentiated = |label: &str| case.labels("grad").any(|name| name == label);
    let inputs: Vec<(&str, Var<'_>)> = (case.arrays("in").iter())
        .map(|(label, array)| (label.as_str(), leaf(&tape, array, differentiated(label))))
        .collect();
    let operands: Vec<Var<'_>> = inputs.iter().map(|&(_, var)| var).collect();
    let ys = op(&operands, &case.args);

    let mut results = Results::default();
    // A case that must be refused stores no outputs; reaching this line is what the runner objects to.
    if case.must_refuse {
        return Ok(results);
    }
    let wanted = case.labels("out").count();
    if wanted != ys.len() {
        return Err(Fault::Mismatch(format!("{} outputs, the case holds {wanted}", ys.len())));
    }
    let outputs: Vec<(&str, Var<'_>)> = case.labels("out").zip(ys).collect();
    for &(label, y) in &outputs {
        results.put("out", label, read(case, y)?);
    }

    let pick = |role: &str| -> Result<Vec<Var<'_>>, _> {
        case.labels(role).map(|label| find(case, &inputs, role, label)).collect()
    };
    let xs = pick("grad")?;
    let mut gradients = Vec::new();
    if !xs.is_empty() {
        let mut parts = Vec::new();
        for (label, cotangent) in case.arrays("cot") {
            let y = find(case, &outputs, "cot", label)?;
            parts.push(y.vjp(leaf(&tape, cotangent, false), &xs));
        }
        let sum = |i: usize| parts.iter().map(|part| part[i]).reduce(|a, b| a + b);
        let sums = (0..xs.len()).map_while(sum);
        gradients = case.labels("grad").zip(sums).collect();
    }
    for &(label, gradient) in &gradients {
        results.put("grad", label, read(case, gradient)?);
    }

    let moving = pick("tan")?;
    let tangents: Vec<_> = case.arrays("tan").iter().map(|(_, t)| leaf(&tape, t, false)).collect();
    for label in case.labels("jvp") {
        let y = find(case, &outputs, "jvp", label)?;
        results.put("jvp", label, read(case, y.jvp(&moving, &tangents))?);
    }
    for label in case.labels("hvp") {
        let derivative = find(case, &gradients, "hvp", label)?.jvp(&moving, &tangents);
        results.put("hvp", label, read(case, derivative)?);
    }
    Ok(results)
}

/// Records a stored array: as a variable, or as a constant. The engine has no bytes: they become integers.
pub(crate) fn leaf<'t>(tape: &'t Tape<'t>, array: &Array, differentiated: bool) -> Var<'t> {
    match array {
        Array::F64(a) if differentiated => tape.var(a),
        Array::F32(a) if differentiated => tape.var(a),
        Array::F64(a) => tape.constant(a),
        Array::F32(a) => tape.constant(a),
        Array::I64(a) => tape.constant(a),
        Array::U8(a) => tape.constant(a.mapv(i64::from)),
        Array::Bool(a) => tape.constant(a),
    }
}

/// The elements of a variable, which the oracle has to find again when it replays the tape.
pub(crate) fn read(case: &Case, var: Var<'_>) -> Result<Array, Fault> {
    fn twice<T: Element>(var: Var<'_>) -> (Array, Array)
    where
        Array: From<ArrayD<T>>,
    {
        (var.to_array::<T>().into(), Replay::of(var).run::<T>().into())
    }
    let (eager, replayed) = match var.dtype() {
        DType::F64 => twice::<f64>(var),
        DType::F32 => twice::<f32>(var),
        DType::I64 => twice::<i64>(var),
        DType::Bool => twice::<bool>(var),
    };
    let tolerance = Tolerance { rtol: case.rtol, atol: case.atol, by_largest: false };
    match compare(&replayed, &eager, tolerance, |_, _| true) {
        None => Ok(eager),
        Some(mismatch) => Err(Fault::Mismatch(format!("{var:?}, replayed by the oracle{mismatch}"))),
    }
}

fn find<'t>(case: &Case, among: &[(&str, Var<'t>)], role: &str, label: &str) -> Result<Var<'t>, Fault> {
    let found = among.iter().find(|(name, _)| *name == label).map(|&(_, var)| var);
    Ok(found.ok_or_else(|| case.place.error(&format!("{role}/{label}"), "belongs to nothing"))?)
}
