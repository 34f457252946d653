//! Gradients through whole programs: solvers, filters, training that is differentiated, implicit functions. Each is a loop of the
//! engine, `scan`; the group `whole_programs`.

use autograd::{DType, Params, Tape, Var};

use crate::format::Case;
use crate::runner::{Fault, Handler, Refusal, Results};
use crate::sessions::{Session, each_way};

/// A program of the variables of a case, and what it gives beside its value.
struct Model {
    /// Inputs that are differentiated.
    of: &'static [&'static str],
    /// Inputs that are not.
    given: &'static [&'static str],
    /// The input by which the Hessian is asked for.
    hessian: Option<&'static str>,
    run: for<'t> fn(&Case, &[Var<'t>], &[Var<'t>]) -> Outcome<'t>,
}

/// A number, and values that are stored beside it.
struct Outcome<'t> {
    value: Var<'t>,
    also: Vec<(&'static str, Var<'t>)>,
}

impl<'t> From<Var<'t>> for Outcome<'t> {
    fn from(value: Var<'t>) -> Self {
        Outcome { value, also: vec![] }
    }
}

pub(crate) fn find(op: &str) -> Option<Handler> {
    match op {
        "solve_derivatives" => return Some(handler(solve_derivatives)),
        "implicit_root" => return Some(handler(implicit_root)),
        "fixed_point" => return Some(handler(fixed_point)),
        _ => {}
    }
    let model = model(op)?;
    Some(Handler::new(Refusal::TypedError, move |case, _| {
        each_way(case, &Params::f64(), |session| derivatives(session, case, &model))
    }))
}

fn handler(f: for<'t> fn(&Session<'t>, &Case) -> Result<Results, Fault>) -> Handler {
    Handler::new(Refusal::TypedError, move |case, _| {
        each_way(case, &Params::f64(), |session| f(session, case))
    })
}

fn model(op: &str) -> Option<Model> {
    let none =
        Model { of: &[], given: &[], hessian: None, run: |_, _, _| unreachable!("each model has its own") };
    Some(match op {
        "lotka_volterra_rk4" => {
            Model { of: &["theta", "y0"], given: &["data"], hessian: Some("theta"), run: lotka_volterra }
        }
        "pendulum_rk4" => Model { of: &["p", "y0"], hessian: Some("p"), run: pendulum, ..none },
        "neural_ode_rk4" => Model { of: &["w1", "w2", "y0"], run: neural, ..none },
        "burgers_explicit" => Model { of: &["u0", "nu"], run: burgers, ..none },
        "maml" => Model { of: &["p", "alpha"], given: &["xs", "ys", "xq", "yq"], run: maml, ..none },
        "unrolled_adam" => Model { of: &["x", "lr"], run: unrolled_adam, ..none },
        "chain" => Model { of: &["w", "x"], run: chain, ..none },
        "kalman_negative_log_likelihood" => {
            Model { of: &["theta", "y"], hessian: Some("theta"), run: kalman, ..none }
        }
        "hmm_negative_log_likelihood" => Model { of: &["a", "e"], given: &["obs"], run: hmm, ..none },
        _ => return None,
    })
}

/// The value, its gradients, its derivative along a direction, and a Hessian.
fn derivatives(session: &Session<'_>, case: &Case, model: &Model) -> Result<Results, Fault> {
    let leaf =
        |label: &str, differentiated| Ok::<_, Fault>(session.leaf(case.array("in", label)?, differentiated));
    let x = model.of.iter().map(|name| leaf(name, true)).collect::<Result<Vec<_>, _>>()?;
    let given = model.given.iter().map(|name| leaf(name, false)).collect::<Result<Vec<_>, _>>()?;
    let v = model.of.iter().map(|name| leaf(&format!("v_{name}"), false)).collect::<Result<Vec<_>, _>>()?;
    let Outcome { value, also } = (model.run)(case, &x, &given);
    let gradients = value.grads(&x);
    let mut results = Results::default();
    for (name, var) in [("value", value), ("directional", value.jvp(&x, &v))].into_iter().chain(also) {
        results.put("out", name, session.read(case, var)?);
    }
    for (name, &gradient) in model.of.iter().zip(&gradients) {
        results.put("out", &format!("d_{name}"), session.read(case, gradient)?);
        if model.hessian == Some(name) {
            let x = x[model.of.iter().position(|n| n == name).expect("one of them")];
            results.put("out", "hessian", session.read(case, rows(gradient, x))?);
        }
    }
    Ok(results)
}

/// The derivatives of each element of a vector by a vector.
fn rows<'t>(y: Var<'t>, x: Var<'t>) -> Var<'t> {
    let rows: Vec<Var<'t>> = (0..y.shape()[0]).map(|i| y.index(0, i as isize).grad([x])[0]).collect();
    Var::stack(&rows, 0)
}

/// The elements of a vector.
fn each<const N: usize>(x: Var<'_>) -> [Var<'_>; N] {
    assert_eq!(x.shape()[0], N, "one variable an element");
    std::array::from_fn(|i| x.index(0, i as isize))
}

/// One step of the classical Runge–Kutta method.
fn runge_kutta<'t>(f: &impl Fn(Var<'t>) -> Var<'t>, y: Var<'t>, h: f64) -> Var<'t> {
    let k1 = f(y);
    let k2 = f(y + k1 * (h / 2.0));
    let k3 = f(y + k2 * (h / 2.0));
    let k4 = f(y + k3 * h);
    y + (k1 + 2.0 * k2 + 2.0 * k3 + k4) * (h / 6.0)
}

/// The states after each step, and the last.
fn solve<'t>(case: &Case, f: impl Fn(Var<'t>) -> Var<'t>, start: Var<'t>) -> (Var<'t>, Var<'t>) {
    let (steps, h): (usize, f64) = (case.args.need("steps"), case.args.need("h"));
    start.tape().scan(steps, start, (), |y, ()| {
        let y = runge_kutta(&f, y, h);
        (y, y)
    })
}

fn lotka_volterra<'t>(case: &Case, x: &[Var<'t>], given: &[Var<'t>]) -> Outcome<'t> {
    case.args.says("equations", "x' = t0 x - t1 x y, y' = t2 x y - t3 y");
    case.args.says("loss", "mean over rows and both species of (trajectory - data)^2, start included");
    case.args.says("method", "classical Runge-Kutta of 4th order");
    let ([t0, t1, t2, t3], start) = (each(x[0]), x[1]);
    let law = |y: Var<'t>| {
        let [prey, hunters] = each(y);
        Var::stack(&[t0 * prey - t1 * prey * hunters, t2 * prey * hunters - t3 * hunters], 0)
    };
    let (_, path) = solve(case, law, start);
    let trajectory = Var::concat(&[start.unsqueeze(0), path], 0);
    Outcome { value: (trajectory - given[0]).square().mean(), also: vec![("trajectory", trajectory)] }
}

fn pendulum<'t>(case: &Case, x: &[Var<'t>], _: &[Var<'t>]) -> Outcome<'t> {
    case.args.says("equations", "q' = w, w' = -p0 sin q - p1 w");
    case.args.says("loss", "last q^2 + last w^2");
    let [p0, p1] = each(x[0]);
    let law = |y: Var<'t>| {
        let [q, w] = each(y);
        Var::stack(&[w, -p0 * q.sin() - p1 * w], 0)
    };
    solve(case, law, x[1]).0.square().sum().into()
}

fn neural<'t>(case: &Case, x: &[Var<'t>], _: &[Var<'t>]) -> Outcome<'t> {
    case.args.says("equations", "y' = w2 tanh(w1 y)");
    case.args.says("loss", "sum of squares of the last state");
    solve(case, |y| x[1].matmul(x[0].matmul(y).tanh()), x[2]).0.square().sum().into()
}

fn burgers<'t>(case: &Case, x: &[Var<'t>], _: &[Var<'t>]) -> Outcome<'t> {
    case.args.says("scheme", "u += dt (-u (u[i+1]-u[i-1])/(2 dx) + nu (u[i+1]-2u[i]+u[i-1])/dx^2), periodic");
    case.args.says("loss", "sum u^2");
    let (points, steps): (usize, usize) = (case.args.need("points"), case.args.need("steps"));
    let (dt, length): (f64, f64) = (case.args.need("dt"), case.args.need("length"));
    let (nu, dx) = (x[1], length / points as f64);
    let (last, ()) = x[0].tape().scan(steps, x[0], (), |u, ()| {
        let (next, before) = (u.roll(0, -1), u.roll(0, 1));
        let change = -u * (next - before) / (2.0 * dx) + nu * (next - 2.0 * u + before) / (dx * dx);
        (u + dt * change, ())
    });
    last.square().sum().into()
}

fn maml<'t>(case: &Case, x: &[Var<'t>], given: &[Var<'t>]) -> Outcome<'t> {
    case.args.says("model", "sum_k p[2h+k] tanh(x p[k] + p[h+k]) + p[3h]");
    case.args.says("inner_loss", "mean squared error on xs, ys");
    case.args.says("outer_loss", "on xq, yq, after the inner steps");
    let (steps, hidden): (usize, usize) = (case.args.need("inner_steps"), case.args.need("hidden"));
    let momentum: f64 = case.args.need("momentum");
    let (alpha, [xs, ys, xq, yq]) = (x[1], [given[0], given[1], given[2], given[3]]);
    let loss = |p: Var<'t>, x: Var<'t>, y: Var<'t>| {
        let part = |k: usize| p.slice(0, k * hidden..(k + 1) * hidden);
        let units = (x * part(0) + part(1)).tanh();
        (units.matmul(part(2).unsqueeze(1)) + p.index(0, -1) - y).square().mean()
    };
    let ([adapted, _], ()) = x[0].tape().scan(steps, [x[0], x[0] * 0.0], (), |[p, m], ()| {
        let [g] = loss(p, xs, ys).grad([p]);
        let m = momentum * m + g;
        ([p - alpha * m, m], ())
    });
    loss(adapted, xq, yq).into()
}

fn unrolled_adam<'t>(case: &Case, x: &[Var<'t>], _: &[Var<'t>]) -> Outcome<'t> {
    case.args.says("gradient_fed", "[1, 10, 0.1] * x + 0.5 cos x");
    case.args.says("loss", "sum of squares of the last x");
    let (steps, betas, eps): (usize, Vec<f64>, f64) =
        (case.args.need("steps"), case.args.need("betas"), case.args.need("eps"));
    let (rate, tape) = (x[1], x[0].tape());
    let curvature = tape.constant([1.0, 10.0, 0.1]);
    let corrections = [0, 1].map(|k| {
        let all: Vec<f64> = (1..=steps).map(|t| 1.0 - betas[k].powi(t as i32)).collect();
        tape.constant(&all)
    });
    let zero = x[0] * 0.0;
    let ([last, ..], ()) = tape.scan(steps, [x[0], zero, zero], corrections, |[x, m, v], [c0, c1]| {
        let g = curvature * x + 0.5 * x.cos();
        let m = betas[0] * m + (1.0 - betas[0]) * g;
        let v = betas[1] * v + (1.0 - betas[1]) * g.square();
        ([x - rate * (m / c0) / ((v / c1).sqrt() + eps), m, v], ())
    });
    last.square().sum().into()
}

fn chain<'t>(case: &Case, x: &[Var<'t>], _: &[Var<'t>]) -> Outcome<'t> {
    case.args.says("layer", "x <- tanh(W x) + 0.1 sin(x (i+1)/depth), i = 0..depth-1");
    case.args.says("loss", "sum x^2");
    let (w, tape, depth): (_, _, usize) = (x[0], x[0].tape(), case.args.need("depth"));
    let shares: Vec<f64> = (1..=depth).map(|i| i as f64 / depth as f64).collect();
    let (last, ()) = tape.scan(depth, x[1], tape.constant(&shares), |x, share| {
        (w.matmul(x).tanh() + 0.1 * (x * share).sin(), ())
    });
    last.square().sum().into()
}

fn kalman<'t>(case: &Case, x: &[Var<'t>], _: &[Var<'t>]) -> Outcome<'t> {
    case.args.says(
        "model",
        "state: random walk with variance exp(th0); observation noise exp(th1); prior mean 0, variance 1 before the first prediction",
    );
    let [drift, noise] = each(x[0].exp());
    let tape = x[0].tape();
    let start = [tape.constant(0.0), tape.constant(1.0)];
    let (_, terms) = tape.scan(x[1].shape()[0], start, x[1], |[mean, variance], y| {
        let variance = variance + drift;
        let (total, error) = (variance + noise, y - mean);
        let gain = variance / total;
        let term = 0.5 * ((total * std::f64::consts::TAU).ln() + error.square() / total);
        ([mean + gain * error, (1.0 - gain) * variance], term)
    });
    terms.sum().into()
}

fn hmm<'t>(case: &Case, x: &[Var<'t>], given: &[Var<'t>]) -> Outcome<'t> {
    case.args.says(
        "parameters",
        "rows of the transition (a) and emission (e) matrices are softmax of a, e; uniform start",
    );
    let (states, symbols): (usize, usize) = (case.args.need("states"), case.args.need("symbols"));
    let (moves, shows) = (x[0].softmax(1), x[1].softmax(1));
    let tape = x[0].tape();
    let seen = given[0].one_hot(symbols, DType::F64);
    // The first state is drawn, not moved to.
    let first = tape.full(1.0 / states as f64, [states], DType::F64) * shows.matmul(seen.index(0, 0));
    let total = first.sum();
    let rest = seen.slice(0, 1..);
    let (_, terms) = tape.scan(rest.shape()[0], first / total, rest, |forward, symbol| {
        let joint = forward.matmul(moves) * shows.matmul(symbol);
        let total = joint.sum();
        (joint / total, total.ln())
    });
    (-(total.ln() + terms.sum())).into()
}

/// x(t) of (A + t·Ȧ)·x = b + t·ḃ, and its first two derivatives at 0.
fn solve_derivatives(session: &Session<'_>, case: &Case) -> Result<Results, Fault> {
    let leaf = |label: &str, is: bool| Ok::<_, Fault>(session.leaf(case.array("in", label)?, is));
    let (x, v) = ([leaf("a", true)?, leaf("b", true)?], [leaf("da", false)?, leaf("db", false)?]);
    let solution = x[0].solve(x[1]);
    let first = solution.jvp(&x, &v);
    let mut results = Results::default();
    for (name, var) in [("x", solution), ("dx", first), ("d2x", first.jvp(&x, &v))] {
        results.put("out", name, session.read(case, var)?);
    }
    Ok(results)
}

/// A root by Newton's method, and its derivatives through the iterations.
fn implicit_root(session: &Session<'_>, case: &Case) -> Result<Results, Fault> {
    type Equation = for<'t> fn(Var<'t>, [Var<'t>; 2]) -> Var<'t>;
    let (name, start): (String, f64) = (case.args.read("equation")?, case.args.read("start")?);
    let equation: Equation = match name.as_str() {
        "x^3 + p0 x - p1 = 0" => |x, [p0, p1]| x * x * x + p0 * x - p1,
        "E - p0 sin E - p1 = 0 (Kepler)" => |x, [p0, p1]| x - p0 * x.sin() - p1,
        "x exp(x) = p0 (Lambert W; p1 unused)" => |x, [p0, p1]| x * x.exp() - p0 + 0.0 * p1,
        _ => return Err(Fault::Unsupported(name)),
    };
    let p = session.leaf(case.array("in", "p")?, true);
    let parts = each(p);
    let tape: &Tape<'_> = session.tape;
    let (root, ()) = tape.scan(25, tape.constant(start), (), |x, ()| {
        let y = equation(x, parts);
        let [slope] = y.grad([x]);
        (x - y / slope, ())
    });
    let [gradient] = root.grad([p]);
    let mut results = Results::default();
    for (name, var) in [("solution", root), ("gradient", gradient), ("hessian", rows(gradient, p))] {
        results.put("out", name, session.read(case, var)?);
    }
    Ok(results)
}

/// A fixed point by iteration, and the gradient of u·z through the iterations, which have converged.
fn fixed_point(session: &Session<'_>, case: &Case) -> Result<Results, Fault> {
    case.args.says("equation", "z = tanh(W z + x)");
    case.args.says("loss", "u . z");
    let leaf = |label: &str, is: bool| Ok::<_, Fault>(session.leaf(case.array("in", label)?, is));
    let (w, x, u) = (leaf("w", true)?, leaf("x", true)?, leaf("u", false)?);
    let f = |z| (w.matmul(z) + x).tanh();
    let (z, ()) = session.tape.scan(400, x * 0.0, (), |z, ()| (f(z), ()));
    let [d_w, d_x] = u.dot(z).grad([w, x]);
    let mut results = Results::default();
    for (name, var) in [("z", z), ("d_w", d_w), ("d_x", d_x)] {
        results.put("out", name, session.read(case, var)?);
    }
    Ok(results)
}
