//! The programs of the two teaching documents: the groups `seed_*`.

use std::collections::BTreeMap;

use autograd::{Gradients, Param, Params, Storage, Tape, Var};
use ndarray::ArrayD;
use nn::teaching::{Perceptron, ThreeOneOne};
use nn::{Activation, Linear, Mlp, loss};
use optim::{Adam, Momentum, Optimizer, Sgd};

use crate::args::Args;
use crate::array::Array;
use crate::format::Case;
use crate::ops::sigmoid_slope;
use crate::runner::{Fault, Handler, Refusal, Results};
use crate::sessions::{leaf, read};

pub(crate) fn find(op: &str) -> Option<Handler> {
    let evaluate = match op {
        "perceptron_fit" => perceptron_fit,
        "mlp_fit" => mlp_fit,
        "optimize" => optimize,
        "network311_single" => network311_single,
        "network311_two_layer" => network311_two_layer,
        "sigmoid" | "tanh" | "relu" | "leaky_relu" | "elu" | "swish" => activation,
        "sigmoid_clipped" => sigmoid_clipped,
        _ => return None,
    };
    Some(Handler::new(Refusal::TypedError, move |case, _| evaluate(case)))
}

/// Rows of numbers, gathered under labels while a program runs.
#[derive(Default)]
pub(crate) struct Tables(BTreeMap<&'static str, Vec<f64>>);

impl Tables {
    pub(crate) fn push(&mut self, label: &'static str, row: &[f64]) {
        self.0.entry(label).or_default().extend(row);
    }

    /// Puts each table as an output, in the shape that the case holds it in.
    pub(crate) fn put(self, case: &Case, results: &mut Results) -> Result<(), Fault> {
        for (label, table) in self.0 {
            let stored = case.array("out", label)?.shape();
            // Another number of rows has to show as a difference, not as a panic.
            let shape = if stored.iter().product::<usize>() == table.len() { stored } else { &[table.len()] };
            results.put("out", label, Array::shaped(shape, table));
        }
        Ok(())
    }
}

fn perceptron_fit(case: &Case) -> Result<Results, Fault> {
    let (x, y) = (case.f64("in", "X")?, case.i64("in", "y")?);
    let checkpoints: Vec<usize> = case.args.read("iterations")?;
    case.args.remarks(&["closest_distance_to_threshold"]);
    let mut params = Params::f64();
    let perceptron = Perceptron::new(&mut params.scope("perceptron"), x.shape()[1]);
    let mut sgd = Sgd::new(case.args.read("learning_rate")?)?;
    let mut results = Results::default();
    let mut updates: Vec<i64> = Vec::new();
    let mut storage = Storage::default();
    for iteration in 1..=checkpoints.iter().copied().max().unwrap_or(0) {
        let mut updated = 0;
        for (row, &label) in x.outer_iter().zip(y) {
            let tape = Tape::reusing(storage, &params);
            let x = tape.constant(&row).reshape([1, row.len()]);
            updated += i64::from(perceptron.predict(x).item() != label as f64);
            let gradients = perceptron.loss(x, tape.constant([label as f64])).backward();
            storage = tape.into_storage();
            sgd.step(&mut params, &gradients)?;
        }
        updates.push(updated);
        if checkpoints.contains(&iteration) {
            let tape = Tape::with(&params);
            let predicted = read(case, perceptron.predict(tape.constant(x)))?.floats();
            let predicted: Vec<i64> = predicted.into_iter().map(|class| class as i64).collect();
            agrees(case, &case.args.object("accuracy")?, &iteration.to_string(), share(&predicted, y))?;
            let mut put = |name: &str, array| results.put("out", &format!("{name}_{iteration}"), array);
            put("pred", Array::shaped(y.shape(), predicted));
            put("weights", Array::shaped(&[x.shape()[1]], params.get::<f64>(perceptron.weight).to_vec()));
            put("bias", Array::shaped(&[], params.get::<f64>(perceptron.bias).to_vec()));
        }
    }
    let tape = Tape::with(&params);
    results.put("out", "scores_last", read(case, perceptron.score(tape.constant(x)))?);
    results.put("out", "updates_per_iteration", Array::shaped(&[updates.len()], updates));
    Ok(results)
}

/// The share of labels that were predicted.
fn share(predicted: &[i64], labels: &ArrayD<i64>) -> f64 {
    let right = predicted.iter().zip(labels).filter(|(p, l)| p == l).count();
    right as f64 / labels.len() as f64
}

/// Compares a number among the parameters with the computed one.
pub(crate) fn agrees(case: &Case, args: &Args, name: &str, got: f64) -> Result<(), Fault> {
    let want: f64 = args.read(name)?;
    let close = (got - want).abs() <= case.atol + case.rtol * want.abs();
    if close { Ok(()) } else { Err(Fault::Mismatch(format!("args.{name}: got {got:?}, want {want:?}"))) }
}

/// Sets the parameters of a layer to stored values.
fn set(params: &mut Params, layer: Linear, case: &Case, weight: &str, bias: &str) -> Result<(), Fault> {
    params.set(layer.weight, case.f64("in", weight)?);
    params.set(layer.bias, case.f64("in", bias)?);
    Ok(())
}

fn mlp_fit(case: &Case) -> Result<Results, Fault> {
    let sizes: Vec<usize> = case.args.read("layer_sizes")?;
    let checkpoints: Vec<usize> = case.args.read("checkpoints")?;
    let epochs: usize = case.args.read("epochs")?;
    let labels = case.i64("in", "y")?;
    // The weights that this seed gives are stored; the rest is about the notebook's own loop.
    case.args.remarks(&["numpy_seed", "printed", "mean_squared_error_literal"]);
    case.args.remarks(&["accuracy_literal", "closest_output_to_0.5_literal"]);
    let mut params = Params::f64();
    let net = Mlp::new(&mut params.scope("net"), &sizes, Activation::Sigmoid);
    let mut named = Vec::new();
    for (i, &layer) in net.layers.iter().enumerate() {
        set(&mut params, layer, case, &format!("w{i}"), &format!("b{i}"))?;
        named.extend([(format!("w{i}"), layer.weight), (format!("b{i}"), layer.bias)]);
    }
    let mut sgd = Sgd::new(case.args.read("learning_rate")?)?;
    let mut results = Results::default();
    let array =
        |params: &Params, param: Param, values: &[f64]| Array::shaped(params.shape(param), values.to_vec());
    let mut losses = Vec::new();
    for epoch in 0..=epochs {
        let tape = Tape::with(&params);
        let y = tape.constant(labels.mapv(|label| label as f64)).reshape([labels.len(), 1]);
        let output = net.forward(tape.constant(case.f64("in", "X")?));
        let loss = loss::half_mse(output, y);
        losses.push(2.0 * loss.item());
        if epoch == 0 {
            results.put("out", "forward0", read(case, output.reshape([labels.len()]))?);
        }
        if epoch == epochs {
            let classes: Vec<_> = output.to_vec::<f64>().into_iter().map(|a| i64::from(a > 0.5)).collect();
            agrees(case, &case.args, "accuracy_exact", share(&classes, labels))?;
            results.put("exact", "output_final", read(case, output.reshape([labels.len()]))?);
            results.put("exact", "predictions_final", Array::shaped(labels.shape(), classes));
            break;
        }
        let gradients = loss.backward();
        sgd.step(&mut params, &gradients)?;
        for (name, param) in &named {
            if epoch == 0 {
                let gradient = gradients.get(*param).unwrap_or_default();
                results.put("exact", &format!("grad0_{name}"), array(&params, *param, gradient));
            }
            if checkpoints.contains(&(epoch + 1)) {
                let label = format!("{name}_after_{}", epoch + 1);
                results.put("exact", &label, array(&params, *param, params.get(*param)));
            }
        }
    }
    let errors = case.args.object("mean_squared_error_exact")?;
    for epoch in errors.names() {
        let at = epoch.parse::<usize>().ok().and_then(|epoch| losses.get(epoch));
        agrees(case, &errors, epoch, at.copied().unwrap_or(f64::NAN))?;
    }
    results.put("exact", "loss_every_epoch", Array::shaped(&[losses.len()], losses));
    for label in case.labels("literal") {
        let why = "the notebook's own loop, reproduced by the example manual_vs_autodiff";
        results.waive("literal", label, why);
    }
    Ok(results)
}

fn optimize(case: &Case) -> Result<Results, Fault> {
    let args = &case.args;
    args.says("function", "sum_i k_i * p_i^2");
    args.remarks(&["largest_adam_difference"]);
    let (rate, momentum) = (args.read("learning_rate")?, args.read("momentum")?);
    let adam = Adam::new(rate)?.betas(args.read("beta1")?, args.read("beta2")?)?;
    let mut results = Results::default();
    results.put("literal", "sgd", minimize(case, Sgd::new(rate)?)?);
    results.put("textbook", "sgd", minimize(case, Sgd::new(rate)?)?);
    results.put("literal", "momentum", minimize(case, Momentum::new(rate, momentum)?)?);
    results.put("textbook", "momentum", minimize(case, Momentum::pytorch(rate, momentum)?)?);
    results.put("textbook", "adam", minimize(case, adam.epsilon(args.read("epsilon")?)?)?);
    results.waive("literal", "adam", "the notebook's t advances once per parameter, here once per step");
    Ok(results)
}

/// The path on sum k p^2, the start first.
fn minimize(case: &Case, mut optimizer: impl Optimizer) -> Result<Array, Fault> {
    let mut point: Vec<f64> = case.f64("in", "start")?.iter().copied().collect();
    let mut rows = vec![point.clone()];
    for _ in 0..case.args.read::<usize>("steps")? {
        let tape = Tape::new();
        let p = tape.var(&point);
        let [gradient] = (tape.constant(case.f64("in", "k")?) * p.square()).sum().grad([p]);
        optimizer.step_point(&mut point, &gradient.to_vec())?;
        rows.push(point.clone());
    }
    Ok(Array::shaped(&[rows.len(), point.len()], rows.concat()))
}

/// Trains by gradient descent and hands `record` the state before the update of each noted epoch.
fn descend(
    case: &Case,
    params: &mut Params,
    forward_and_loss: impl for<'t> Fn(&'t Tape<'t>) -> Result<(Vec<Var<'t>>, Var<'t>), Fault>,
    mut record: impl FnMut(&Params, &Gradients, &[Vec<f64>], f64),
) -> Result<(), Fault> {
    let epochs: Vec<usize> = case.args.read("epochs")?;
    let mut sgd = Sgd::new(case.args.read("learning_rate")?)?;
    for epoch in 0..=epochs.iter().copied().max().unwrap_or(0) {
        let tape = Tape::with(params);
        let (values, loss) = forward_and_loss(&tape)?;
        let gradients = loss.backward();
        if epochs.contains(&epoch) {
            let values: Vec<Vec<f64>> = values.iter().map(|value| value.to_vec()).collect();
            record(params, &gradients, &values, loss.item());
        }
        sgd.step(params, &gradients)?;
    }
    Ok(())
}

fn network311_single(case: &Case) -> Result<Results, Fault> {
    let mut params = Params::f64();
    let net = ThreeOneOne::as_written(&mut params.scope("net"));
    let layer = net.hidden;
    for (param, label) in [(layer.weight, "w"), (layer.bias, "b")] {
        let shape = params.shape(param).to_vec();
        let stored = case.f64("in", label)?.to_shape(shape).map_err(|e| case.location.error(label, e))?;
        params.set(param, stored);
    }
    let mut tables = Tables::default();
    descend(
        case,
        &mut params,
        |tape| {
            let x = leaf(tape, case.array("in", "x")?, false).reshape([1, 3]);
            let y = leaf(tape, case.array("in", "y")?, false).reshape([1, 1]);
            Ok((vec![layer.forward(x), net.forward(x)], net.loss(x, y)))
        },
        |params, gradients, values, loss| {
            tables.push("w", params.get(layer.weight));
            tables.push("b", params.get(layer.bias));
            tables.push("z", &values[0]);
            tables.push("a", &values[1]);
            tables.push("loss", &[loss]);
            tables.push("squared_error", &[2.0 * loss]);
            tables.push("dl_dw", gradients.get(layer.weight).unwrap_or_default());
            tables.push("dl_db", gradients.get(layer.bias).unwrap_or_default());
        },
    )?;
    let mut results = Results::default();
    tables.put(case, &mut results)?;
    Ok(results)
}

fn network311_two_layer(case: &Case) -> Result<Results, Fault> {
    let mut params = Params::f64();
    let net = ThreeOneOne::with_output_layer(&mut params.scope("net"));
    let output = net.output.expect("this form has an output layer");
    set(&mut params, net.hidden, case, "w1", "b1")?;
    set(&mut params, output, case, "w2", "b2")?;
    let named =
        [("w1", "dw1", net.hidden.weight), ("b1", "db1", net.hidden.bias), ("w2", "dw2", output.weight)];
    let named = [&named[..], &[("b2", "db2", output.bias)]].concat();
    let mut tables = Tables::default();
    descend(
        case,
        &mut params,
        |tape| {
            let (x, y) = (case.array("in", "X")?, case.array("in", "Y")?);
            let (x, y) = (leaf(tape, x, false), leaf(tape, y, false));
            let z1 = net.hidden.forward(x);
            let a1 = z1.sigmoid();
            Ok((vec![z1, a1, output.forward(a1), net.forward(x)], net.loss(x, y)))
        },
        |params, gradients, values, loss| {
            for &(value, gradient, param) in &named {
                tables.push(value, params.get(param));
                tables.push(gradient, gradients.get(param).unwrap_or_default());
            }
            for (label, value) in ["z1", "a1", "z2", "a2"].into_iter().zip(values) {
                tables.push(label, value);
            }
            tables.push("loss", &[loss]);
        },
    )?;
    let mut results = Results::default();
    tables.put(case, &mut results)?;
    Ok(results)
}

fn activation(case: &Case) -> Result<Results, Fault> {
    let function: Activation = case.op.parse().map_err(Fault::refused)?;
    let tape = Tape::new();
    let x = leaf(&tape, case.array("in", "x")?, true);
    let y = function.apply(x);
    let [dy] = y.sum().grad([x]);
    let mut results = Results::default();
    results.put("out", "y", read(case, y)?);
    results.put("out", "y_numpy", read(case, y)?);
    if case.labels("out").any(|label| label == "d2y") {
        let [second] = dy.sum().grad([x]);
        results.put("out", "d2y", read(case, second)?);
    }
    results.put("out", "dy", read(case, dy)?);
    if case.atol == 0.0 {
        at_extremes(case, &mut results)?;
    }
    Ok(results)
}

/// The right figures for the arguments at which the stored ones are not: the software behind them overflows in
/// e^-x, or subtracts two numbers that rounding has made equal.
fn at_extremes(case: &Case, results: &mut Results) -> Result<(), Fault> {
    let x = case.array("in", "x")?.floats();
    let figures = |wrong: &dyn Fn(f64) -> bool, right: &dyn Fn(f64) -> f64| {
        let positions = x.iter().enumerate().filter(|(_, x)| wrong(**x));
        positions.map(|(at, &x)| (at, right(x))).collect::<Vec<_>>()
    };
    // There e^-x is infinite, but the sigmoid is not zero yet.
    let overflows = |x: f64| x < -709.5 && x.is_finite();
    let overflow = "e^-x overflows in the stored formula";
    let cancels = "1 - y is lost to rounding in the stored formula";
    match case.op.as_str() {
        "sigmoid" => {
            results.instead("out", "y", overflow, figures(&overflows, &f64::exp));
            results.instead("out", "y_numpy", overflow, figures(&overflows, &f64::exp));
            let tail = |x: f64| overflows(x) || (x > 35.0 && x.is_finite());
            results.instead("out", "dy", cancels, figures(&tail, &sigmoid_slope));
        }
        "swish" => {
            // With its limits at the infinities, where the stored formula is nan.
            let low = |x: f64| x < -709.5;
            let low_or_infinite = |x: f64| low(x) || x == f64::INFINITY;
            let right = |x: f64| if x.is_infinite() { 0.0 } else { x * x.exp() };
            let slope = |x: f64| if x.is_infinite() { f64::from(x > 0.0) } else { (1.0 + x) * x.exp() };
            results.instead("out", "y", overflow, figures(&low, &right));
            results.instead("out", "y_numpy", overflow, figures(&low, &right));
            results.instead("out", "dy", overflow, figures(&low_or_infinite, &slope));
        }
        "tanh" => {
            let tail = |x: f64| x.abs() > 18.0 && x.is_finite();
            results.instead("out", "dy", cancels, figures(&tail, &|x| x.cosh().powi(-2)));
        }
        "relu" => {
            let why = "the slope is 1 where x > 0 and else 0, so at nan";
            results.instead("out", "dy", why, figures(&f64::is_nan, &|_| 0.0));
        }
        "elu" => {
            let small = |x: f64| x < 0.0 && x > -1e-8;
            let why = "the notebook's e^x - 1 cancels";
            results.instead("out", "y_numpy", why, figures(&small, &f64::exp_m1));
        }
        _ => {}
    }
    Ok(())
}

/// The formulas of the notebook's own network, written on the tape: its derivative is s (1 - s), not that of the
/// clipped function.
fn sigmoid_clipped(case: &Case) -> Result<Results, Fault> {
    let clip: f64 = case.args.read("clip")?;
    let tape = Tape::new();
    let s = leaf(&tape, case.array("in", "x")?, false).maximum(-clip).minimum(clip).sigmoid();
    let mut results = Results::default();
    results.put("out", "y_numpy", read(case, s)?);
    results.put("out", "dy_numpy", read(case, s * (1.0 - s))?);
    Ok(results)
}
