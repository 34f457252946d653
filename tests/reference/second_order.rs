//! Minimisers, their iterates and what they find: the group `second_order`, and `lbfgs` of the group `optim`.

use std::ops::ControlFlow;

use autograd::transform::{grad, hessian, hvp, jacobian, jvp};
use autograd::{Params, Tape, Var};
use ndarray::ArrayD;
use optim::minimize::{
    CurveFit, Iterate, Lbfgs, Method, MinimizeError, Minimizer, conjugate_gradient, gauss_newton,
    gauss_newton_product, lbfgs, levenberg_marquardt, natural_gradient, newton_cg,
};

use crate::array::Array;
use crate::format::{Case, Group};
use crate::functions;
use crate::optim::{formula, table};
use crate::runner::{Fault, Handler, Refusal, Results};
use crate::sessions::{Session, each_way};

impl From<MinimizeError> for Fault {
    fn from(error: MinimizeError) -> Self {
        Fault::refused(error)
    }
}

pub(crate) fn find(op: &str) -> Option<Handler> {
    let evaluate: fn(&Case, &Group) -> Result<Results, Fault> = match op {
        "levenberg_marquardt" => damped,
        "gauss_newton" => undamped,
        "newton" => newton,
        "natural_gradient" => natural,
        "conjugate_gradient" => conjugate,
        "lbfgs" => with_history,
        "gauss_newton_product" => {
            return Some(Handler::new(Refusal::TypedError, |case, _| {
                each_way(case, &Params::f64(), |session| products(session, case))
            }));
        }
        _ => return None,
    };
    Some(Handler::new(Refusal::TypedError, evaluate))
}

/// A function that is minimised.
type Function<'a> = dyn for<'t> Fn(Var<'t>) -> Var<'t> + 'a;

fn numbers(case: &Case, role: &str, label: &str) -> Result<Vec<f64>, Fault> {
    Ok(case.f64(role, label)?.iter().copied().collect())
}

fn vector(x: Vec<f64>) -> Array {
    Array::shaped(&[x.len()], x)
}

/// How many iterations the case stores.
fn iterations(case: &Case) -> Result<usize, Fault> {
    Ok(case.f64("out", "iterates")?.shape()[0] - 1)
}

/// Each iterate, as far as the case stores them: point, value, what the method steers by.
fn iterates<M: Method>(
    minimizer: Minimizer<'_, M>,
    f: &Function<'_>,
    start: &ArrayD<f64>,
    count: usize,
) -> Result<Vec<(Vec<f64>, f64, f64)>, Fault> {
    let mut rows = vec![];
    let observe = |now: &Iterate<'_>| {
        rows.push((now.x.to_vec(), now.value, now.scale));
        ControlFlow::Continue(())
    };
    minimizer.tolerance(0.0).max_iterations(count).observe(observe).run(f, start)?;
    // Where it stood still before, it would have stood still.
    let last = rows.last().expect("the start is a row").clone();
    rows.resize(count + 1, last);
    Ok(rows)
}

fn put_iterates(results: &mut Results, rows: &[(Vec<f64>, f64, f64)]) {
    results.put("out", "iterates", table(rows.iter().map(|row| row.0.clone()).collect()));
}

/// The curve of a case.
fn curve(case: &Case) -> Result<for<'t> fn(Var<'t>, Var<'t>) -> Var<'t>, Fault> {
    fn of<'t>(p: Var<'t>) -> [Var<'t>; 3] {
        [0, 1, 2].map(|i| p.index(0, i))
    }
    let model: String = case.args.read("model")?;
    Ok(match model.as_str() {
        "p0 exp(-p1 t) + p2" => |t, p| {
            let [a, b, c] = of(p);
            a * (-b * t).exp() + c
        },
        "p0 exp(-(t-p1)^2/(2 p2^2))" => |t, p| {
            let [a, b, c] = of(p);
            a * (-(t - b).square() / (2.0 * c.square())).exp()
        },
        "p0/(1 + exp(-p1 (t-p2)))" => |t, p| {
            let [a, b, c] = of(p);
            a / (1.0 + (-b * (t - c)).exp())
        },
        _ => case.args.unknown("model"),
    })
}

fn damped(case: &Case, _: &Group) -> Result<Results, Fault> {
    let (f, [t, y, start]) = (curve(case)?, data(case)?);
    let damping: f64 = case.args.read("lambda0")?;
    let count: usize = case.args.read("iterates_to_hold")?;
    let rule = "(J^T J + lambda diag(J^T J)) d = -J^T r; accepted if the cost falls (lambda/10), else refused (lambda*10)";
    case.args.says("rule", rule);
    let residuals: &Function<'_> = &|p| f(p.tape().constant(t), p) - p.tape().constant(y);
    let rows = iterates(levenberg_marquardt().damping(damping).precision(0.0), residuals, start, count)?;
    let fit = CurveFit::new().absolute_sigma(true).run(f, t, y, start)?;

    let mut results = Results::default();
    put_iterates(&mut results, &rows);
    results.put("out", "costs", vector(rows.iter().map(|row| row.1).collect()));
    results.put("out", "lambdas", vector(rows.iter().map(|row| row.2).collect()));
    results.put("out", "optimum", vector(fit.parameters));
    results.put("out", "covariance", Array::F64(fit.covariance.into_dyn()));
    let tape = Tape::new();
    results.put("out", "jacobian_at_start", jacobian(residuals)(tape.var(start)).to_array::<f64>());
    Ok(results)
}

fn undamped(case: &Case, _: &Group) -> Result<Results, Fault> {
    let (f, [t, y, start]) = (curve(case)?, data(case)?);
    let residuals: &Function<'_> = &|p| f(p.tape().constant(t), p) - p.tape().constant(y);
    let rows = iterates(gauss_newton().full_steps(), residuals, start, iterations(case)?)?;
    let found = gauss_newton().run(residuals, start)?;
    let mut results = Results::default();
    put_iterates(&mut results, &rows);
    results.put("out", "optimum", vector(found.x));
    Ok(results)
}

fn data(case: &Case) -> Result<[&ArrayD<f64>; 3], Fault> {
    Ok([case.f64("in", "t")?, case.f64("in", "y")?, case.f64("in", "start")?])
}

const LOGISTIC: &str = "sum log(1 + exp(x.w)) - y x.w + 0.05 |w|^2";

fn logistic<'t>(case: &Case, w: Var<'t>) -> Result<Var<'t>, Fault> {
    let [x, y] = [case.f64("in", "x")?, case.f64("in", "y")?].map(|a| w.tape().constant(a));
    let scores = x.matmul(w);
    Ok((scores.softplus() - y * scores).sum() + 0.05 * w.square().sum())
}

fn newton(case: &Case, _: &Group) -> Result<Results, Fault> {
    case.args.says("f", LOGISTIC);
    let start = case.f64("in", "start")?;
    logistic(case, Tape::new().var(start))?; // the data are there
    let f: &Function<'_> = &|w| logistic(case, w).expect("they were read before");
    let minimizer = newton_cg().inner_tolerance(1e-14).full_steps();
    let rows = iterates(minimizer, f, start, iterations(case)?)?;
    let tape = Tape::new();
    let optimum = tape.var(&rows.last().expect("the start is a row").0[..]);

    let mut results = Results::default();
    put_iterates(&mut results, &rows);
    results.put("out", "values", vector(rows.iter().map(|row| row.1).collect()));
    results.put("out", "hessian_at_optimum", hessian(f)(optimum).to_array::<f64>());
    Ok(results)
}

fn natural(case: &Case, _: &Group) -> Result<Results, Fault> {
    case.args.says("model", "logits x W^T, mean cross entropy");
    let (damping, rate): (f64, f64) = (case.args.read("damping")?, case.args.read("lr")?);
    let (x, w, target) = (case.f64("in", "x")?, case.f64("in", "w")?, case.i64("in", "target")?);
    let loss: &Function<'_> = &|logits| nn::loss::cross_entropy(logits, logits.tape().constant(target));
    let logits: &Function<'_> = &|w| w.tape().constant(x).matmul(w.t());
    let minimizer = natural_gradient(loss).damping(damping).rate(rate);
    let step = minimizer.tolerance(0.0).max_iterations(1).run(logits, w)?;

    let (tape, mut results) = (Tape::new(), Results::default());
    let at = tape.var(w);
    results.put("out", "gradient", loss(logits(at)).grad([at])[0].to_array::<f64>());
    let product = gauss_newton_product(logits, loss);
    let (n, basis) = (w.len(), tape.eye(w.len(), at.dtype()));
    let columns: Vec<Var<'_>> =
        (0..n).map(|i| product(at, basis.index(0, i as isize).reshape(at.shape())).reshape([n])).collect();
    results.put("out", "fisher", Var::stack(&columns, 1).to_array::<f64>());
    results.put("out", "step", Array::shaped(w.shape(), step.x));
    Ok(results)
}

fn products<'t>(session: &Session<'t>, case: &Case) -> Result<Results, Fault> {
    case.args.says("model", "sum_k p[2h+k] tanh(x p[k] + p[h+k]) + p[3h]");
    case.args.says("loss", "sum r^2/2");
    let h: usize = case.args.read("hidden")?;
    let leaf = |label| -> Result<Var<'t>, Fault> { Ok(session.leaf(case.array("in", label)?, true)) };
    let [p, x, y, v] = [leaf("p")?, leaf("x")?, leaf("y")?, leaf("v")?];
    let model = |p: Var<'t>| {
        let part = |k: usize| p.slice(0, k * h..(k + 1) * h);
        let units = (x.unsqueeze(1) * part(0) + part(1)).tanh();
        units.matmul(part(2)) + p.index(0, 3 * h as isize)
    };
    let loss = |z: Var<'t>| 0.5 * (z - y).square().sum();
    let mut results = Results::default();
    let all = [jvp(model)(p, v).1, gauss_newton_product(model, loss)(p, v), hvp(|p| loss(model(p)))(p, v)];
    for (label, var) in ["jv", "gnvp", "hvp"].into_iter().zip(all) {
        results.put("out", label, session.read(case, var)?);
    }
    Ok(results)
}

fn conjugate(case: &Case, _: &Group) -> Result<Results, Fault> {
    let (a, b) = (case.f64("in", "a")?, numbers(case, "in", "b")?);
    let product: &Function<'_> = &|x| x.tape().constant(a).matmul(x);
    let start = ArrayD::zeros(vec![b.len()]);
    let rows = iterates(conjugate_gradient(&b), product, &start, iterations(case)?)?;
    let found = conjugate_gradient(&b).tolerance(1e-12).run(product, &start)?;
    let mut results = Results::default();
    put_iterates(&mut results, &rows);
    results.put("out", "solution", vector(found.x));
    Ok(results)
}

/// L-BFGS with the options of a case, which are those of `torch.optim.LBFGS`.
fn of_case<'a>(case: &Case, f: &Function<'_>, start: &ArrayD<f64>) -> Result<Minimizer<'a, Lbfgs>, Fault> {
    let args = &case.args;
    let tape = Tape::new();
    let gradient = grad(f)(tape.var(start)).to_vec::<f64>();
    let sum: f64 = gradient.iter().map(|g| g.abs()).sum();
    let made = lbfgs()
        .first_step((1.0 / sum).min(1.0))
        .memory(args.or("history_size", 100)?)
        .rate(args.or("lr", 1.0)?);
    let search: Option<String> = args.or("line_search", None)?;
    Ok(match search.as_deref() {
        None => made.full_steps(),
        Some("strong_wolfe") => made.wolfe(args.or("c1", 1e-4)?, args.or("c2", 0.9)?),
        Some(_) => args.unknown("line_search"),
    })
}

fn with_history(case: &Case, group: &Group) -> Result<Results, Fault> {
    let said: String = case.args.read("f")?;
    let data = group.case("newton/logistic_regression");
    if let Ok(data) = &data {
        logistic(data, Tape::new().var(&[0.0; 3][..]))?;
    }
    let f: Box<Function<'_>> = match said.as_str() {
        "as newton/logistic_regression" => {
            let data = data?;
            Box::new(move |w: Var<'_>| logistic(data, w).expect("they were read before"))
        }
        "sum 100 (x[i+1]-x[i]^2)^2 + (1-x[i])^2" => Box::new(|x: Var<'_>| named("rosenbrock", x)),
        "Beale" => Box::new(|x: Var<'_>| named("beale", x)),
        "Himmelblau" => Box::new(|x: Var<'_>| named("himmelblau", x)),
        _ => case.args.unknown("f"),
    };
    let start = case.f64("in", "start")?;
    let rows = iterates(of_case(case, &*f, start)?, &*f, start, iterations(case)?)?;
    let found = of_case(case, &*f, start)?.tolerance(1e-9).run(&*f, start)?;
    let mut results = Results::default();
    put_iterates(&mut results, &rows);
    results.put("out", "values", vector(rows.iter().map(|row| row.1).collect()));
    results.put("out", "optimum", vector(found.x));
    results.put("out", "minimum", Array::shaped(&[], vec![found.value]));
    Ok(results)
}

/// A function of the group `functions`.
fn named<'t>(name: &str, x: Var<'t>) -> Var<'t> {
    by_elements(functions::function(name).expect("it has the function"), x)
}

/// A function of numbers, of the elements of a vector.
pub(crate) fn by_elements<'t>(f: functions::Function<Var<'t>>, x: Var<'t>) -> Var<'t> {
    f(&(0..x.shape()[0]).map(|i| x.index(0, i as isize)).collect::<Vec<_>>())
}

/// `lbfgs` of the group `optim`: where each of some calls of `torch.optim.LBFGS.step` leads.
pub(crate) fn find_steps(op: &str) -> Option<Handler> {
    (op == "lbfgs").then(|| Handler::new(Refusal::TypedError, by_steps))
}

/// An iterate, as much of it as decides when a call ends.
struct Reached {
    x: Vec<f64>,
    value: f64,
    norm: f64,
    evaluations: usize,
}

fn by_steps(case: &Case, group: &Group) -> Result<Results, Fault> {
    let args = &case.args;
    let problem = group.case(&args.read::<String>("problem")?)?;
    let (f, start) = (problem_of(problem)?, problem.f64("in", "start")?);
    let (steps, most): (usize, usize) = (args.read("steps")?, args.or("max_iter", 20)?);
    let evaluations = args.or::<Option<usize>>("max_eval", None)?.unwrap_or(most * 5 / 4);
    let (flat, change) = (args.or("tolerance_grad", 1e-7)?, args.or("tolerance_change", 1e-9)?);

    let mut all = vec![];
    let observe = |now: &Iterate<'_>| {
        let (value, norm, evaluations) = (now.value, now.gradient_norm, now.evaluations);
        all.push(Reached { x: now.x.to_vec(), value, norm, evaluations });
        ControlFlow::Continue(())
    };
    let minimizer = of_case(case, &*f, start)?.tolerance(flat).decrement(change).max_iterations(steps * most);
    minimizer.observe(observe).run(&*f, start)?;

    let mut at = 0;
    let mut rows = vec![&all[0]];
    for _ in 0..steps {
        at += length_of_call(&all[at..], most, evaluations, flat, change);
        rows.push(&all[at]);
    }
    let mut results = Results::default();
    results.put("out", "trajectory", table(rows.iter().map(|row| row.x.clone()).collect()));
    results.put("out", "values", vector(rows.iter().map(|row| row.value).collect()));
    // As the note of the case has it.
    let why = "the path depends on how the line search divides its evaluations; the last point is held";
    let before = || rows[..steps].iter();
    let points = before().flat_map(|row| row.x.iter().copied()).enumerate().collect();
    results.instead("out", "trajectory", why, points);
    results.instead("out", "values", why, before().map(|row| row.value).enumerate().collect());
    Ok(results)
}

/// How many iterations a call takes that begins at the first of some iterates. It evaluates that again, and goes on until a limit is reached or little changes;
/// a search that needs more evaluations than are left comes to nothing.
fn length_of_call(from: &[Reached], most: usize, evaluations: usize, flat: f64, change: f64) -> usize {
    let mut used = 1;
    for (k, (before, now)) in from.iter().zip(&from[1..]).take(most).enumerate() {
        let needed = now.evaluations - before.evaluations;
        if needed > 1 + evaluations.saturating_sub(used) {
            return k;
        }
        used += needed;
        let moved = before.x.iter().zip(&now.x).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        let is_still = moved <= change || (now.value - before.value).abs() < change;
        if used >= evaluations || now.norm <= flat || is_still {
            return k + 1;
        }
    }
    most.min(from.len() - 1)
}

/// The function of a problem of the group `optim`.
fn problem_of(problem: &Case) -> Result<Box<Function<'_>>, Fault> {
    formula(problem);
    Ok(match problem.name.as_str() {
        "problem/quadratic" => {
            let (a, b) = (problem.f64("in", "A")?, problem.f64("in", "b")?);
            Box::new(move |x: Var<'_>| {
                let [a, b] = [a, b].map(|array| x.tape().constant(array));
                x.dot(0.5 * a.matmul(x) - b)
            })
        }
        "problem/rosenbrock" => Box::new(|x: Var<'_>| named("rosenbrock", x)),
        other => return Err(problem.location.error("problem", format!("{other} is unknown")).into()),
    })
}
