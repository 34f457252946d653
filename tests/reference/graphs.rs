//! Scalar programs and shapes of graphs: the group `graphs`.

use autograd::{Params, Var};
use serde_json::Value;

use crate::format::Case;
use crate::runner::{Fault, Handler, Refusal, Results};
use crate::scalars::{along, constants, jacobian, pack, total, variables};
use crate::sessions::{Session, each_way};

type Evaluate = for<'s, 't, 'c> fn(&'s Session<'t>, &'c Case) -> Result<Results, Fault>;

pub(crate) fn find(op: &str) -> Option<Handler> {
    let evaluate: Evaluate = match op {
        "program" => program,
        "graph" => graph,
        "accumulate" => accumulate,
        "intermediates" => intermediates,
        "gradient_penalty" => gradient_penalty,
        _ => return None,
    };
    Some(Handler::new(Refusal::TypedError, move |case, _| {
        each_way(case, &Params::f64(), |session| evaluate(session, case))
    }))
}

/// The nodes of a program, its inputs first.
fn run<'t>(case: &Case, inputs: &[Var<'t>]) -> Result<Vec<Var<'t>>, Fault> {
    let mut nodes = inputs.to_vec();
    for instruction in case.args.read::<Vec<Vec<Value>>>("program")? {
        let broken = || case.location.error("args.program", format!("{instruction:?} is no instruction"));
        let (name, operands) = instruction.split_first().ok_or_else(broken)?;
        let name = name.as_str().ok_or_else(broken)?;
        let operand = |number: &Value| nodes.get(number.as_u64()? as usize).copied();
        let operands: Option<Vec<_>> = operands.iter().map(operand).collect();
        let node = match (name, &operands.ok_or_else(broken)?[..]) {
            ("neg", &[a]) => -a,
            ("exp", &[a]) => a.exp(),
            ("log", &[a]) => a.ln(),
            ("sin", &[a]) => a.sin(),
            ("cos", &[a]) => a.cos(),
            ("tanh", &[a]) => a.tanh(),
            ("sigmoid", &[a]) => a.sigmoid(),
            ("softplus", &[a]) => a.softplus(),
            ("relu", &[a]) => a.relu(),
            ("sqrt", &[a]) => a.sqrt(),
            ("square", &[a]) => a.square(),
            ("reciprocal", &[a]) => a.recip(),
            ("add", &[a, b]) => a + b,
            ("sub", &[a, b]) => a - b,
            ("mul", &[a, b]) => a * b,
            ("div", &[a, b]) => a / b,
            ("maximum", &[a, b]) => a.maximum(b),
            ("hypot", &[a, b]) => a.hypot(b),
            ("pow", &[a, b]) => a.pow(b),
            ("atan", &[a]) => a.atan(),
            _ => case.args.unknown("program"),
        };
        nodes.push(node);
    }
    Ok(nodes)
}

fn program(session: &Session<'_>, case: &Case) -> Result<Results, Fault> {
    let x = variables(session, case, "x")?;
    let v = constants(session, case, "v")?;
    case.args.says("inputs", x.len());
    case.args.says("output", "last node");
    let nodes = run(case, &x)?;
    let y = nodes[nodes.len() - 1];
    let n = x.len();
    let gradient = y.grads(&x);
    let mut results = Results::default();
    results.put("out", "value", pack(session, case, &[], [y])?);
    results.put("out", "hessian", pack(session, case, &[n, n], jacobian(&gradient, &x))?);
    results.put("out", "hvp", pack(session, case, &[n], along(&gradient, &x, &v))?);
    results.put("out", "gradient", pack(session, case, &[n], gradient)?);
    Ok(results)
}

/// The graph that a case names.
fn draw<'t>(case: &Case, x: &[Var<'t>]) -> Result<Var<'t>, Fault> {
    let args = &case.args;
    let repeat = |name: &str, step: &dyn Fn(Var<'t>) -> Var<'t>| -> Result<Var<'t>, Fault> {
        Ok((0..args.read(name)?).fold(x[0], |y, _: usize| step(y)))
    };
    Ok(match case.name.as_str() {
        "doubling" => repeat("times", &|y| y + y)?,
        "squaring" => repeat("times", &|y| y * y)?,
        "diamond" => {
            let (a, b) = (x[0].sin(), x[0].exp());
            a * b + a / (1.0 + b)
        }
        "deep_add" => {
            let increment: f64 = args.read("increment")?;
            repeat("times", &|y| y + increment)?
        }
        "deep_mul" => {
            let factor: f64 = args.read("factor")?;
            repeat("times", &|y| y * factor)?
        }
        "deep_sin" => repeat("times", &|y| y.sin())?,
        "wide_sum" => {
            let terms: usize = args.read("terms")?;
            total((1..=terms).map(|i| (x[0] * i as f64 / 100.0).sin()))
        }
        "power_by_repeated_products" => (1..args.read("n")?).fold(x[0], |y, _: usize| y * x[0]),
        "unused_input" => x[0] * x[2],
        "constant_factor" => 2.0 * x[0] - 3.0 * x[1],
        "stop_gradient_product" => {
            args.says("detached", "second factor");
            total(x.iter().map(|&x| x * x.detach()))
        }
        "stop_gradient_mixed" => total(x.iter().map(|x| x.sin() * x.detach().exp() + x.detach().square())),
        "identity_output" => x[0],
        "relu_dead" => total(x.iter().map(|x| x.relu())),
        "newton_sqrt" => repeat("iterations", &|y| 0.5 * (y + x[0] / y))?,
        "logistic_map" => {
            let r: f64 = args.read("r")?;
            repeat("steps", &|y| r * y * (1.0 - y))?
        }
        other => return Err(Fault::Unsupported(other.to_owned())),
    })
}

fn graph(session: &Session<'_>, case: &Case) -> Result<Results, Fault> {
    let x = variables(session, case, "x")?;
    let shape = case.array("in", "x")?.shape();
    let y = draw(case, &x)?;
    let gradient = y.grads(&x);
    let mut results = Results::default();
    results.put("out", "value", pack(session, case, &[], [y])?);
    if case.labels("out").any(|label| label == "second") {
        let second = total(gradient.iter().copied()).grads(&x);
        results.put("out", "second", pack(session, case, shape, second)?);
    }
    results.put("out", "gradient", pack(session, case, shape, gradient)?);
    Ok(results)
}

/// Gradients are values here: accumulating them is adding, clearing them is not adding.
fn accumulate(session: &Session<'_>, case: &Case) -> Result<Results, Fault> {
    let x = session.leaf(case.array("in", "x")?, true);
    let [first] = x.square().sum().grad([x]);
    let [second] = x.sin().sum().grad([x]);
    let [third] = (2.0 * x.sin().sum()).grad([x]);
    let mut results = Results::default();
    results.put("out", "after_first", session.read(case, first)?);
    results.put("out", "after_second", session.read(case, first + second)?);
    results.put("out", "after_zeroing_and_third", session.read(case, third)?);
    Ok(results)
}

fn intermediates(session: &Session<'_>, case: &Case) -> Result<Results, Fault> {
    case.args.says("nodes", "a = exp x, b = a x, c = tanh b, loss = sum(c a)");
    let x = session.leaf(case.array("in", "x")?, true);
    let a = x.exp();
    let b = a * x;
    let c = b.tanh();
    let gradients = (c * a).sum().grad([x, a, b, c]);
    let mut results = Results::default();
    for (label, gradient) in ["dx", "da", "db", "dc"].into_iter().zip(gradients) {
        results.put("out", label, session.read(case, gradient)?);
    }
    Ok(results)
}

fn gradient_penalty(session: &Session<'_>, case: &Case) -> Result<Results, Fault> {
    let input = |label: &str| Ok::<_, Fault>(session.leaf(case.array("in", label)?, true));
    let (x, w1, b1, w2) = (input("X")?, input("w1")?, input("b1")?, input("w2")?);
    let outputs = (x.matmul(w1) + b1).tanh().matmul(w2);
    let [slopes] = outputs.sum().grad([x]);
    let penalty = (slopes.square().sum_over([1]).sqrt() - 1.0).square().mean();
    let mut results = Results::default();
    results.put("out", "outputs", session.read(case, outputs)?);
    results.put("out", "input_gradient", session.read(case, slopes)?);
    results.put("out", "penalty", session.read(case, penalty)?);
    for (label, gradient) in ["dX", "dw1", "db1", "dw2"].into_iter().zip(penalty.grad([x, w1, b1, w2])) {
        results.put("out", label, session.read(case, gradient)?);
    }
    Ok(results)
}
