//! From an op to everything a case of it holds: value, gradient, and the directional derivatives of
//! both.

use crate::args::Args;
use crate::array::Array;
use crate::format::Case;
use crate::runner::{Fault, Results};

/// What is asked of an engine. A trait, so that the tests of this harness can run on a toy that shares
/// nothing with the engine under test.
pub(crate) trait Engine {
    type Var: Copy;

    /// Records an input: one that is differentiated or a constant.
    fn leaf(&self, array: &Array, differentiated: bool) -> Self::Var;

    fn read(&self, var: Self::Var) -> Array;

    /// The gradient of `sum over outputs of sum(cotangent * output)` for every `x`, recorded so that
    /// it can be differentiated again.
    fn vjp(&self, outputs: &[(Self::Var, Self::Var)], xs: &[Self::Var]) -> Vec<Self::Var>;

    /// The derivative of `y` when every `x` moves along its tangent.
    fn jvp(&self, y: Self::Var, xs: &[Self::Var], tangents: &[Self::Var]) -> Self::Var;
}

/// Evaluates `op` on the inputs of a case and differentiates it in every way the case holds.
pub(crate) fn evaluate<E: Engine>(
    engine: &E,
    case: &Case,
    op: impl FnOnce(&[E::Var], &Args) -> Vec<E::Var>,
) -> Result<Results, Fault> {
    let differentiated = |label: &str| case.labels("grad").any(|name| name == label);
    let inputs: Vec<(&str, E::Var)> = (case.arrays("in").iter())
        .map(|(label, array)| (label.as_str(), engine.leaf(array, differentiated(label))))
        .collect();
    let operands: Vec<E::Var> = inputs.iter().map(|&(_, var)| var).collect();
    let outputs = op(&operands, &case.args);

    let mut results = Results::default();
    // A case that must be refused stores no outputs; reaching this line is what the runner objects to.
    if case.must_refuse {
        return Ok(results);
    }
    let named = named(case, outputs)?;
    for &(label, output) in &named {
        results.put("out", label, engine.read(output));
    }

    let find = |among: &[(&str, E::Var)], role: &str, label: &str| {
        let found = among.iter().find(|(name, _)| *name == label).map(|&(_, var)| var);
        found.ok_or_else(|| case.place.error(&format!("{role}/{label}"), "belongs to nothing"))
    };
    let pick = |role: &str| -> Result<Vec<E::Var>, _> {
        case.labels(role).map(|label| find(&inputs, role, label)).collect()
    };
    let xs = pick("grad")?;
    let mut weighted = Vec::new();
    for (label, cotangent) in case.arrays("cot") {
        weighted.push((find(&named, "cot", label)?, engine.leaf(cotangent, false)));
    }
    let gradients = if xs.is_empty() { Vec::new() } else { engine.vjp(&weighted, &xs) };
    let gradients: Vec<_> = case.labels("grad").zip(gradients).collect();
    for &(label, gradient) in &gradients {
        results.put("grad", label, engine.read(gradient));
    }

    let moving = pick("tan")?;
    let tangents: Vec<_> = case.arrays("tan").iter().map(|(_, t)| engine.leaf(t, false)).collect();
    for label in case.labels("jvp") {
        let derivative = engine.jvp(find(&named, "jvp", label)?, &moving, &tangents);
        results.put("jvp", label, engine.read(derivative));
    }
    for label in case.labels("hvp") {
        let derivative = engine.jvp(find(&gradients, "hvp", label)?, &moving, &tangents);
        results.put("hvp", label, engine.read(derivative));
    }
    Ok(results)
}

/// The outputs with their labels.
fn named<V>(case: &Case, outputs: Vec<V>) -> Result<Vec<(&str, V)>, Fault> {
    let labels: Vec<_> = case.labels("out").collect();
    if labels.len() != outputs.len() {
        let (got, want) = (outputs.len(), labels.len());
        return Err(Fault::Mismatch(format!("{got} outputs, the case holds {want}")));
    }
    Ok(labels.into_iter().zip(outputs).collect())
}
