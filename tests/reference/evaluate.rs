//! Computes all results that a case of an op has: value, gradient, and the directional derivatives of
//! both.

use autograd::{Params, Tape, Var};

use crate::args::Args;
use crate::format::Case;
use crate::runner::{Fault, Results};
use crate::sessions::{Session, each_way};

/// Evaluates `op` on the inputs of a case and differentiates it in every way the case holds.
pub(crate) fn evaluate(
    case: &Case,
    op: impl for<'t> Fn(&[Var<'t>], &Args) -> Var<'t>,
) -> Result<Results, Fault> {
    evaluate_all(case, |x, args| vec![op(x, args)])
}

/// As [`evaluate`], for an op with several outputs.
pub(crate) fn evaluate_all(
    case: &Case,
    op: impl for<'t> Fn(&[Var<'t>], &Args) -> Vec<Var<'t>>,
) -> Result<Results, Fault> {
    each_way(case, &Params::f64(), |session| evaluate_on(session, case, &op))
}

/// As [`evaluate`], for an op that no program can have.
pub(crate) fn evaluate_eagerly(
    case: &Case,
    op: impl for<'t> Fn(&[Var<'t>], &Args) -> Var<'t>,
) -> Result<Results, Fault> {
    let tape = Tape::new();
    let session = Session::eager(&tape);
    evaluate_on(&session, case, &|x, args| vec![op(x, args)])
}

fn evaluate_on<'t>(
    session: &Session<'t>,
    case: &Case,
    op: &impl Fn(&[Var<'t>], &Args) -> Vec<Var<'t>>,
) -> Result<Results, Fault> {
    let differentiated = |label: &str| case.labels("grad").any(|name| name == label);
    let inputs: Vec<(&str, Var<'t>)> = (case.arrays("in").iter())
        .map(|(label, array)| (label.as_str(), session.leaf(array, differentiated(label))))
        .collect();
    let shapes: Vec<Vec<usize>> = inputs.iter().map(|(_, var)| var.shape().to_vec()).collect();
    case.args.says("shapes", shapes);
    let operands: Vec<Var<'t>> = inputs.iter().map(|&(_, var)| var).collect();
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
    let outputs: Vec<(&str, Var<'t>)> = case.labels("out").zip(ys).collect();
    for &(label, y) in &outputs {
        results.put("out", label, session.read(case, y)?);
    }

    let pick = |role: &str| -> Result<Vec<Var<'t>>, _> {
        case.labels(role).map(|label| find(case, &inputs, role, label)).collect()
    };
    let xs = pick("grad")?;
    let mut gradients = Vec::new();
    if !xs.is_empty() {
        let mut parts = Vec::new();
        for (label, cotangent) in case.arrays("cot") {
            let y = find(case, &outputs, "cot", label)?;
            parts.push(y.vjp(session.leaf(cotangent, false), &xs));
        }
        let sum = |i: usize| parts.iter().map(|part| part[i]).reduce(|a, b| a + b);
        let sums = (0..xs.len()).map_while(sum);
        gradients = case.labels("grad").zip(sums).collect();
    }
    for &(label, gradient) in &gradients {
        results.put("grad", label, session.read(case, gradient)?);
    }

    let moving = pick("tan")?;
    let tangents: Vec<_> = case.arrays("tan").iter().map(|(_, t)| session.leaf(t, false)).collect();
    for label in case.labels("jvp") {
        let y = find(case, &outputs, "jvp", label)?;
        results.put("jvp", label, session.read(case, y.jvp(&moving, &tangents))?);
    }
    for label in case.labels("hvp") {
        let derivative = find(case, &gradients, "hvp", label)?.jvp(&moving, &tangents);
        results.put("hvp", label, session.read(case, derivative)?);
    }
    Ok(results)
}

fn find<'t>(case: &Case, among: &[(&str, Var<'t>)], role: &str, label: &str) -> Result<Var<'t>, Fault> {
    let found = among.iter().find(|(name, _)| *name == label).map(|&(_, var)| var);
    Ok(found.ok_or_else(|| case.location.error(&format!("{role}/{label}"), "belongs to nothing"))?)
}
