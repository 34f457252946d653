//! Trajectories of optimisers and what they remember: the groups `optim`, `optim_rules` and `optim_state`.

use autograd::{Data, Gradients, Param, Params, Tape};
use ndarray::{ArrayD, Axis};
use optim::{Momentum, Optimizer, OptimizerState, Pipeline, Schedule};

use crate::array::Array;
use crate::format::{Case, Group};
use crate::functions::rosenbrock;
use crate::optimizers::{self, asgd, is_per_tensor, nadam, options};
use crate::runner::{Fault, Handler, Refusal, Results};

type Boxed = Pipeline<Box<dyn Optimizer>>;

const OPS: [&str; 24] = [
    "sgd",
    "sparse_sgd",
    "adam",
    "sparse_adam",
    "adamw",
    "nadam",
    "radam",
    "adamax",
    "rmsprop",
    "adagrad",
    "sparse_adagrad",
    "adadelta",
    "asgd",
    "rprop",
    "lion",
    "sign_sgd",
    "adabelief",
    "yogi",
    "lamb",
    "lars",
    "novograd",
    "muon",
    "adafactor",
    "problem",
];

pub(crate) fn find(op: &str) -> Option<Handler> {
    let evaluate = if op == "problem" { problem } else { trajectory };
    OPS.contains(&op).then(|| Handler::new(Refusal::TypedError, evaluate))
}

pub(crate) fn find_state(op: &str) -> Option<Handler> {
    let evaluate = if op == "problem" { problem } else { resumed };
    OPS.contains(&op).then(|| Handler::new(Refusal::TypedError, evaluate))
}

/// Row s of the trajectory is the point after s steps.
fn trajectory(case: &Case, group: &Group) -> Result<Results, Fault> {
    let optimizer = optimizers::of(case)?;
    let problem = group.case(&case.args.read::<String>("problem")?)?;
    let steps: usize = case.args.read("steps")?;
    formula(problem);
    let mut rates = vec![];
    let rows = match problem.name.as_str() {
        "problem/quadratic" | "problem/rosenbrock" => {
            descent(problem, steps, optimizer, is_per_tensor(&case.op))?
        }
        "problem/replay" => replay(case, problem, steps, optimizer, &mut rates)?,
        "problem/sparse" => sparse(case, problem, steps, optimizer)?,
        other => return Err(case.location.error("args.problem", format!("{other} is unknown")).into()),
    };
    let mut results = Results::default();
    results.put("out", "trajectory", table(rows));
    if case.array("out", "lr").is_ok() {
        results.put("out", "lr", Array::shaped(&[rates.len()], rates));
    }
    Ok(results)
}

pub(crate) fn table(rows: Vec<Vec<f64>>) -> Array {
    Array::shaped(&[rows.len(), rows[0].len()], rows.concat())
}

/// Minimises a function from its stored start; the gradients are the tape's. A point is updated as such, or as the parameter
/// of a model.
pub(crate) fn descent(
    problem: &Case,
    steps: usize,
    mut optimizer: impl Optimizer,
    as_model: bool,
) -> Result<Vec<Vec<f64>>, Fault> {
    let mut point: Vec<f64> = problem.f64("in", "start")?.iter().copied().collect();
    let mut params = Params::f64();
    let x = params.scope("").param("x", [point.len()], &point[..]);
    let mut rows = vec![point.clone()];
    for _ in 0..steps {
        let (_, gradient) = value_and_gradient(problem, &point)?;
        if as_model {
            let mut gradients = Gradients::zeros(&params);
            gradients.get_mut::<f64>(x).expect("it is not frozen").copy_from_slice(&gradient);
            optimizer.step(&mut params, &gradients)?;
            point.copy_from_slice(params.get::<f64>(x));
        } else {
            optimizer.step_point(&mut point, &gradient)?;
        }
        rows.push(point.clone());
    }
    Ok(rows)
}

pub(crate) fn value_and_gradient(problem: &Case, point: &[f64]) -> Result<(f64, Vec<f64>), Fault> {
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

/// Two parameters, and in which steps each has which gradient.
struct Replay<'a> {
    params: Params,
    given: Vec<(Param, &'a ArrayD<f64>)>,
    /// Whether p1 has a gradient in a step.
    second: Box<dyn Fn(usize) -> bool>,
}

impl<'a> Replay<'a> {
    fn new(case: &Case, problem: &'a Case) -> Result<Replay<'a>, Fault> {
        let args = &case.args;
        let mut names = vec!["p0", "p1"];
        if args.has("only") {
            args.says("only", "p0");
            names.truncate(1);
        }
        let mut second: Box<dyn Fn(usize) -> bool> = Box::new(|_| true);
        if args.has("p1_has_no_gradient_when") {
            args.says("p1_has_no_gradient_when", "step index (from 0) divisible by 3");
            second = Box::new(|step| step % 3 != 0);
        }
        if args.has("missing") {
            // Said as true, or in words.
            if args.or("missing", false).ok() != Some(true) {
                args.says("missing", "p1 has no gradient in steps s with s mod 3 = 1");
            }
            second = Box::new(|step| step % 3 != 1);
        }
        if args.has("later") {
            let later = args.object("later")?;
            later.says("params", vec!["p1"]);
            let begin: usize = later.read("after_steps")?;
            second = Box::new(move |step| step >= begin);
        }
        let (mut params, mut given) = (Params::f64(), Vec::new());
        for name in names {
            let start = problem.f64("in", name)?;
            let param = params.scope("").param(name, start.shape(), 0.0);
            params.set(param, start);
            given.push((param, problem.f64("in", &format!("grads_{name}"))?));
        }
        Ok(Replay { params, given, second })
    }

    /// The stored gradients of a step: a loss that is linear in the parameters has these.
    fn gradients(&self, step: usize) -> Gradients {
        let tape = Tape::with(&self.params);
        let read = if (self.second)(step) { &self.given[..] } else { &self.given[..1] };
        let terms = read.iter().map(|&(param, gradients)| {
            (tape.param(param) * tape.constant(gradients.index_axis(Axis(0), step))).sum()
        });
        crate::scalars::total(terms).backward()
    }

    fn row(&self) -> Vec<f64> {
        self.params.slab_of::<f64>().to_vec()
    }
}

/// Feeds stored gradients to an optimiser, with the schedule and the clipping of the case.
fn replay(
    case: &Case,
    problem: &Case,
    steps: usize,
    optimizer: Boxed,
    rates: &mut Vec<f64>,
) -> Result<Vec<Vec<f64>>, Fault> {
    let mut replay = Replay::new(case, problem)?;
    let limit: Option<f64> = case.args.or("clip_grad_norm", None)?;
    let schedule = schedule(case)?;
    let mut optimizer = optimizer;
    let mut rows = vec![replay.row()];
    for step in 0..steps {
        let gradients = replay.gradients(step);
        if let Some(rate) = schedule.as_ref().map(|schedule| schedule.at(step as u64)) {
            optimizer.set_learning_rate(rate)?;
            rates.push(rate);
        }
        if let Some(limit) = limit {
            // The stored factor is limit / (norm + 1e-6).
            let norm = gradients.norm();
            optimizer.set_hyperparameter("clip_norm", limit * (norm / (norm + 1e-6)))?;
        }
        optimizer.step(&mut replay.params, &gradients)?;
        rows.push(replay.row());
    }
    Ok(rows)
}

/// The rates of the steps, where they change.
fn schedule(case: &Case) -> Result<Option<Schedule>, Fault> {
    let args = &case.args;
    if args.has("rate") {
        args.says("rate", "0.05 * 0.9^s in step s (from 0)");
        return Ok(Some(Schedule::exponential(0.05, 0.9)));
    }
    if !args.has("warmup") {
        return Ok(None);
    }
    let (warmup, cosine, rate) = (args.object("warmup")?, args.object("cosine")?, args.read("lr")?);
    let first = Schedule::warmup(rate, warmup.read("start_factor")?, warmup.read::<usize>("steps")? as u64);
    let length = cosine.read::<usize>("T_max")? as u64;
    Ok(Some(first.then(Schedule::cosine(rate, cosine.read("eta_min")?, length))))
}

/// Gradients of some rows of a table.
fn sparse(case: &Case, problem: &Case, steps: usize, mut optimizer: Boxed) -> Result<Vec<Vec<f64>>, Fault> {
    let (start, index) = (problem.f64("in", "start")?, problem.i64("in", "index")?);
    let rows = problem.f64("in", "rows")?;
    let mut params = Params::f64();
    let table = params.scope("").param("table", start.shape(), 0.0);
    params.set(table, start);
    let width = start.shape()[1];
    let mut trajectory = vec![params.slab_of::<f64>().to_vec()];
    for step in 0..steps {
        let mut gradients = Gradients::zeros(&params);
        let named: Vec<usize> = index.index_axis(Axis(0), step).iter().map(|&row| row as usize).collect();
        let values = rows.index_axis(Axis(0), step);
        let sums = gradients.get_mut::<f64>(table).expect("it is not frozen");
        for (k, value) in values.iter().enumerate() {
            sums[named[k / width] * width + k % width] += value;
        }
        gradients.name_rows(&params, table, &named);
        if case.op == "sparse_adam" {
            // The stored software adds ε to the root of the average that is not corrected.
            let (epsilon, betas): (f64, Vec<f64>) = (case.args.read("eps")?, case.args.read("betas")?);
            let corrected = epsilon / (1.0 - betas[1].powi(step as i32 + 1)).sqrt();
            optimizer.set_hyperparameter("epsilon", corrected)?;
        }
        optimizer.step(&mut params, &gradients)?;
        trajectory.push(params.slab_of::<f64>().to_vec());
    }
    Ok(trajectory)
}

/// What an optimiser remembers after k steps, and where it ends after 2k: by another one that goes on from its state.
fn resumed(case: &Case, group: &Group) -> Result<Results, Fault> {
    let mut optimizer = optimizers::of(case)?;
    let problem = group.case(&case.args.read::<String>("problem")?)?;
    let (steps, total): (usize, usize) = (case.args.read("steps")?, case.args.read("total")?);
    formula(problem);
    let mut replay = Replay::new(case, problem)?;
    let mut results = Results::default();
    for step in 0..total {
        if step == steps {
            results.put("out", "at_k", Array::shaped(&[replay.row().len()], replay.row()));
            let state = optimizer.state(&replay.params);
            for label in case.labels("state") {
                results.put("state", label, remembered(case, &state, label)?);
            }
            optimizer = optimizers::of(case)?;
            optimizer.set_state(&replay.params, &state).map_err(Fault::refused)?;
        }
        let gradients = replay.gradients(step);
        optimizer.step(&mut replay.params, &gradients)?;
    }
    results.put("out", "at_2k", Array::shaped(&[replay.row().len()], replay.row()));
    Ok(results)
}

/// What stands under one of the stored names, such as `p0.exp_avg`.
fn remembered(case: &Case, state: &OptimizerState, label: &str) -> Result<Array, Fault> {
    let (param, name) = label.split_once('.').expect("PARAMETER.NAME");
    let t = state.counter(param).unwrap_or(0);
    let number = |x: f64| Ok(Array::shaped(&[], vec![x]));
    let own = match name {
        "step" => return number(t as f64),
        "mu_product" => return number(nadam(&options(case))?.formula().momentum_product(t)),
        // Those of the next step.
        "eta" => return number(asgd(&options(case))?.formula().rates(t + 1)[0]),
        "mu" => return number(asgd(&options(case))?.formula().rates(t + 1)[1]),
        "momentum_buffer" if case.op == "rmsprop" => "velocity",
        "momentum_buffer" | "exp_avg_sq" | "square_avg" | "variance" => "v",
        "exp_avg" | "grad_avg" => "m",
        "max_exp_avg_sq" => "largest",
        "exp_inf" => "u",
        "sum" => "s",
        "acc_delta" => "d",
        "prev" => "previous",
        "step_size" => "step",
        "ax" => "average",
        "row_var" => "row",
        "col_var" => "column",
        other => return Err(case.location.error("state", format!("{other} is unknown")).into()),
    };
    let found = state.tensor(&format!("{param}/{own}"));
    let found = found.ok_or_else(|| Fault::Mismatch(format!("nothing is remembered as {param}/{own}")))?;
    let Data::F64(values) = &found.data else { return Err(Fault::Mismatch(format!("{own} is not F64"))) };
    Ok(Array::shaped(&found.shape, values.clone()))
}

/// The functions are written above; a problem that says another one is not known.
pub(crate) fn formula(problem: &Case) {
    let (f, gradient) = match problem.name.as_str() {
        "problem/quadratic" => ("0.5 x^T A x - b^T x", "A x - b"),
        "problem/rosenbrock" => ("(1-x)^2 + 100 (y-x^2)^2", ""),
        "problem/sparse" => {
            ("none: in step s the rows index[s] get the gradients rows[s]; a repeated row adds them up", "")
        }
        "problem/replay" => ("none: the stored gradients are fed one after another", ""),
        _ => return,
    };
    let two = "none: the stored gradients are fed one after another; two parameters";
    let says_two = problem.args.or("f", String::new()).is_ok_and(|said| said == two);
    problem.args.says("f", if says_two { two } else { f });
    problem.args.says("gradient", gradient);
    let missing = "in cases with args.missing: p1 has no gradient in steps s with s mod 3 = 1 (s from 0)";
    problem.args.says("missing", missing);
}

/// A problem alone has nothing to compute; where its minimum is stored, gradient descent has to find it.
fn problem(case: &Case, group: &Group) -> Result<Results, Fault> {
    formula(case);
    let mut results = Results::default();
    if case.name == "problem/quadratic_minimum" {
        let quadratic = group.case("problem/quadratic")?;
        let rows = descent(quadratic, 5000, Momentum::new(0.1, 0.9)?, false)?;
        let point = rows.last().expect("the start is a row");
        let (value, _) = value_and_gradient(quadratic, point)?;
        results.put("out", "x", Array::shaped(&[point.len()], point.clone()));
        results.put("out", "value", Array::shaped(&[], vec![value]));
    }
    Ok(results)
}
