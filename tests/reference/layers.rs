//! Layers as functions: normalisation, dropout with a given mask, recurrent cells. The groups `norms` and `dropout`, and those of
//! `ops_layers` that `ops.rs` does not have.

use autograd::{Tape, Var};
use nn::attention::{Mask, scaled_dot_product_with};
use nn::normalize::{self, LocalResponse, Statistics};
use nn::{AlphaDropout, Dropout, GruCell, LstmCell};

use crate::args::Args;
use crate::evaluate::{evaluate, evaluate_all};
use crate::format::Case;
use crate::ops::{Outputs, Row};
use crate::runner::{Fault, Handler, Refusal, Results};

pub(crate) fn find(op: &str) -> Option<Handler> {
    if op == "batch_norm_train" {
        return Some(Handler::new(Refusal::PanicInCaller, |case, _| batch_norm(case)));
    }
    if let Some(row) = several_outputs(op) {
        return Some(Handler::new(Refusal::PanicInCaller, move |case, _| evaluate_all(case, row)));
    }
    let row = norms(op).or_else(|| dropout(op)).or_else(|| cells(op))?;
    Some(Handler::new(Refusal::PanicInCaller, move |case, _| evaluate(case, row)))
}

/// A table of positions, from no operand.
pub(crate) fn positions(op: &str) -> Option<Handler> {
    (op == "sinusoidal_positions").then(|| {
        Handler::new(Refusal::PanicInCaller, |case, _| {
            let (length, width) = (case.args.read("length")?, case.args.read("dim")?);
            let tape = Tape::new();
            let table = nn::embedding::sinusoidal(&tape, length, width, case.args.read("base")?);
            let mut results = Results::default();
            results.put("out", "table", table.to_array::<f64>());
            Ok(results)
        })
    })
}

/// Normalisation.
fn norms(op: &str) -> Option<Row> {
    let row: Row = match op {
        "group_norm" => {
            |x, args| affine(normalize::groups(x[0], args.need("groups"), args.need("eps")), &x[1..])
        }
        "instance_norm" => |x, args| {
            let channels = x[0].shape()[1];
            affine(normalize::groups(x[0], channels, args.need("eps")), &x[1..])
        },
        "batch_norm_eval" => |x, args| {
            let [parameters @ .., mean, variance] = &x[1..] else { panic!("statistics are given") };
            args.says("affine", !parameters.is_empty());
            let running = Statistics { mean: *mean, variance: *variance };
            affine(running.apply(x[0], args.need("eps")), parameters)
        },
        "weight_norm" => |x, args| normalize::weight(x[0], x[1], args.need("axis")),
        "spectral_norm" => |x, args| {
            // The vectors are given, and the norm that they estimate is not kept from 0.
            args.remarks(&["eps"]);
            normalize::spectral(x[0], x[1], x[2])
        },
        "local_response_norm" => |x, args| {
            let [alpha, beta, k] = ["alpha", "beta", "k"].map(|name| args.need(name));
            normalize::local_response(x[0], LocalResponse { size: args.need("size"), alpha, beta, k })
        },
        _ => return None,
    };
    Some(row)
}

/// w·x + b for a weight and a bias of each channel, if there are any.
fn affine<'t>(x: Var<'t>, parameters: &[Var<'t>]) -> Var<'t> {
    let mut shape = vec![1; x.rank()];
    shape[1] = x.shape()[1];
    match parameters {
        [] => x,
        [weight] => x * weight.reshape(&shape[..]),
        [weight, bias, ..] => x * weight.reshape(&shape[..]) + bias.reshape(&shape[..]),
    }
}

/// Batch normalisation in training, with running statistics after one batch and, where a case asks for two steps, after a
/// second one.
fn batch_norm(case: &Case) -> Result<Results, Fault> {
    let epsilon: f64 = case.args.read("eps")?;
    let momentum: Option<f64> = case.args.read("momentum")?;
    let steps = case.args.or("steps", 1)?;
    let mut results = evaluate_all(case, |x, args| {
        args.says("affine", x.len() > 1);
        args.remarks(&["eps", "momentum", "steps"]);
        vec![affine(normalize::batch(x[0], epsilon).0, &x[1..])]
    })?;
    if case.arrays("state").is_empty() {
        return Ok(results);
    }
    let tape = Tape::new();
    let x = tape.constant(case.f64("in", "x")?);
    let given = |name: &str| Ok::<_, Fault>(tape.constant(case.f64("state", name)?));
    let mut running =
        Statistics { mean: given("running_mean_before")?, variance: given("running_var_before")? };
    let mut put = |when: &str, running: Statistics<'_>| {
        for (name, values) in [("mean", running.mean), ("var", running.variance)] {
            results.put_each_way("state", &format!("running_{name}_{when}"), values.to_array::<f64>());
        }
    };
    put("before", running);
    for (step, batch) in [x, x * 2.0 + 1.0].into_iter().enumerate().take(steps) {
        let factor = momentum.unwrap_or(1.0 / (step as f64 + 1.0));
        running = running.after(normalize::batch(batch, epsilon).1, batch, factor);
        put(["after", "after_two"][step], running);
    }
    Ok(results)
}

/// Dropout with a given mask.
fn dropout(op: &str) -> Option<Row> {
    let row: Row = match op {
        "dropout_mask" => |x, args| rate(args).masked(x[0], x[1]),
        "alpha_dropout_mask" => |x, args| {
            // What follows from the rate.
            args.remarks(&["alpha", "a"]);
            AlphaDropout::new(args.need("p")).masked(x[0], x[1])
        },
        "drop_connect" => |x, args| x[0].matmul(rate(args).masked(x[1], x[2]).t()),
        "stochastic_depth" => |x, args| x[0] + rate(args).masked(x[1], x[2]),
        "attention_dropout" => |x, args| {
            let root = (x[0].shape()[x[0].rank() - 1] as f64).sqrt();
            let q = x[0] * (args.need::<f64>("scale") * root);
            scaled_dot_product_with(q, x[1], x[2], Mask::All, |weights| rate(args).masked(weights, x[3]))
        },
        _ => return None,
    };
    Some(row)
}

fn rate(args: &Args) -> Dropout {
    Dropout::new(args.need("p"))
}

/// Cells with one result.
fn cells(op: &str) -> Option<Row> {
    let row: Row = match op {
        "gru_cell" => |x, args| {
            args.says("gate_order", "r,z,n");
            let [from_input, from_hidden] = maps(x[0], x[1], &x[2..]);
            GruCell::step(from_input, from_hidden, x[1])
        },
        _ => return None,
    };
    Some(row)
}

/// x·Wᵀ + b and h·Uᵀ + d for the parameters W, U, b, d.
fn maps<'t>(x: Var<'t>, h: Var<'t>, parameters: &[Var<'t>]) -> [Var<'t>; 2] {
    let &[w, u, ref biases @ ..] = parameters else { panic!("two weights are given") };
    let maps = [x.matmul(w.t()), h.matmul(u.t())];
    match *biases {
        [b, d] => [maps[0] + b, maps[1] + d],
        _ => maps,
    }
}

fn several_outputs(op: &str) -> Option<Outputs> {
    let row: Outputs = match op {
        "lstm_cell" => |x, args| {
            args.says("gate_order", "i,f,g,o");
            let [from_input, from_hidden] = maps(x[0], x[1], &x[3..]);
            let (h, c) = LstmCell::step(from_input + from_hidden, x[2]);
            vec![h, c]
        },
        "power_iteration" => |x, args| {
            let (steps, epsilon) = (args.need("iterations"), args.need("eps"));
            let (u1, v1) = normalize::power_iteration(x[0], x[1], 1, epsilon);
            let (u, v) = normalize::power_iteration(x[0], x[1], steps, epsilon);
            let matrix = x[0].reshape([u.shape()[0], v.shape()[0]]);
            vec![u1, v1, u, v, u.dot(matrix.matmul(v))]
        },
        _ => return None,
    };
    Some(row)
}
