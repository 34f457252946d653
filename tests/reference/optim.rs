//! Trajectories of optimisers: the group `optim`.

use autograd::{Param, Params, Tape};
use ndarray::{ArrayD, Axis};
use optim::{Adam, HyperparameterError, Momentum, Optimizer, Sgd, StepError};

use crate::array::Array;
use crate::format::{Case, Group};
use crate::functions::rosenbrock;
use crate::runner::{Fault, Handler, Refusal, Results};

pub(crate) fn find(op: &str) -> Option<Handler> {
    let evaluate = match op {
        "problem" => problem,
        "sgd" => sgd,
        "adam" => adam,
        _ => return None,
    };
    Some(Handler::new(Refusal::TypedError, evaluate))
}

impl From<HyperparameterError> for Fault {
    fn from(error: HyperparameterError) -> Self {
        Fault::refused(error)
    }
}

impl From<StepError> for Fault {
    fn from(error: StepError) -> Self {
        Fault::refused(error)
    }
}

fn sgd(case: &Case, group: &Group) -> Result<Results, Fault> {
    case.args.off(&["dampening", "weight_decay", "nesterov", "maximize"]);
    let (rate, momentum): (f64, f64) = (case.args.read("lr")?, case.args.read("momentum")?);
    if momentum == 0.0 {
        trajectory(case, group, Sgd::new(rate)?)
    } else {
        trajectory(case, group, Momentum::pytorch(rate, momentum)?)
    }
}

fn adam(case: &Case, group: &Group) -> Result<Results, Fault> {
    trajectory(case, group, adam_of(case)?)
}

/// Adam with the rate, decays and epsilon of a case.
pub(crate) fn adam_of(case: &Case) -> Result<Adam, Fault> {
    case.args.off(&["weight_decay", "amsgrad", "maximize"]);
    let [beta1, beta2] = case.args.read::<Vec<f64>>("betas")?[..] else { case.args.unknown("betas") };
    Ok(Adam::new(case.args.read("lr")?)?.betas(beta1, beta2)?.epsilon(case.args.read("eps")?)?)
}

/// Row s of the trajectory is the point after s steps.
fn trajectory(case: &Case, group: &Group, optimizer: impl Optimizer) -> Result<Results, Fault> {
    let problem = group.case(&case.args.read::<String>("problem")?)?;
    let steps = case.args.read("steps")?;
    formula(problem);
    let rows = match problem.name.as_str() {
        "problem/quadratic" | "problem/rosenbrock" => descent(problem, steps, optimizer)?,
        "problem/replay" => replay(case, problem, steps, optimizer)?,
        other => return Err(case.location.error("args.problem", format!("{other} is unknown")).into()),
    };
    let mut results = Results::default();
    results.put("out", "trajectory", Array::shaped(&[rows.len(), rows[0].len()], rows.concat()));
    Ok(results)
}

/// Minimises a function from its stored start; the gradients are the tape's.
fn descent(problem: &Case, steps: usize, mut optimizer: impl Optimizer) -> Result<Vec<Vec<f64>>, Fault> {
    let mut point: Vec<f64> = problem.f64("in", "start")?.iter().copied().collect();
    let mut rows = vec![point.clone()];
    for _ in 0..steps {
        let (_, gradient) = value_and_gradient(problem, &point)?;
        optimizer.step_point(&mut point, &gradient)?;
        rows.push(point.clone());
    }
    Ok(rows)
}

fn value_and_gradient(problem: &Case, point: &[f64]) -> Result<(f64, Vec<f64>), Fault> {
    let tape = Tape::new();
    if problem.name == "problem/rosenbrock" {
        let x: Vec<_> = point.iter().map(|&x| tape.var(x)).collect();
        let y = rosenbrock(&x);
        return Ok((y.item(), y.grads(&x).iter().map(|g| g.item()).collect()));
    }
    let (a, b) = (tape.constant(problem.f64("in", "A")?), tape.constant(problem.f64("in", "b")?));
    let x = tape.var(point);
    let row = x.reshape([1, point.len()]);
    let y = 0.5 * row.matmul(a).matmul(row.t()).sum() - (b * x).sum();
    let [gradient] = y.grad([x]);
    Ok((y.item(), gradient.to_vec()))
}

/// Feeds stored gradients of two parameters to an optimiser: a loss that is linear in them has these.
fn replay(
    case: &Case,
    problem: &Case,
    steps: usize,
    mut optimizer: impl Optimizer,
) -> Result<Vec<Vec<f64>>, Fault> {
    let skips_p1 = case.args.has("p1_has_no_gradient_when");
    if skips_p1 {
        case.args.says("p1_has_no_gradient_when", "step index (from 0) divisible by 3");
    }
    let mut params = Params::f64();
    let mut given: Vec<(Param, &ArrayD<f64>)> = Vec::new();
    for name in ["p0", "p1"] {
        let start = problem.f64("in", name)?;
        let param = params.scope("").param(name, start.shape(), 0.0);
        params.set(param, start);
        given.push((param, problem.f64("in", &format!("grads_{name}"))?));
    }
    let mut rows = vec![params.slab_of::<f64>().to_vec()];
    for step in 0..steps {
        let tape = Tape::with(&params);
        let read = if skips_p1 && step % 3 == 0 { &given[..1] } else { &given[..] };
        let terms = read.iter().map(|&(param, gradients)| {
            (tape.param(param) * tape.constant(gradients.index_axis(Axis(0), step))).sum()
        });
        let gradients = crate::scalars::total(terms).backward();
        optimizer.step(&mut params, &gradients)?;
        rows.push(params.slab_of::<f64>().to_vec());
    }
    Ok(rows)
}

/// The functions are written below; a problem that says another one is not known.
fn formula(problem: &Case) {
    let (f, gradient) = match problem.name.as_str() {
        "problem/quadratic" => ("0.5 x^T A x - b^T x", "A x - b"),
        "problem/rosenbrock" => ("(1-x)^2 + 100 (y-x^2)^2", ""),
        "problem/replay" => ("none: the stored gradients are fed one after another; two parameters", ""),
        _ => return,
    };
    problem.args.says("f", f);
    problem.args.says("gradient", gradient);
}

/// A problem alone has nothing to compute; where its minimum is stored, gradient descent has to find it.
fn problem(case: &Case, group: &Group) -> Result<Results, Fault> {
    formula(case);
    let mut results = Results::default();
    if case.name == "problem/quadratic_minimum" {
        let quadratic = group.case("problem/quadratic")?;
        let rows = descent(quadratic, 5000, Momentum::new(0.1, 0.9)?)?;
        let point = rows.last().expect("the start is a row");
        let (value, _) = value_and_gradient(quadratic, point)?;
        results.put("out", "x", Array::shaped(&[point.len()], point.clone()));
        results.put("out", "value", Array::shaped(&[], vec![value]));
    }
    Ok(results)
}
