//! End-to-end runs with layers, losses and optimisers: the group `training`.

use autograd::{DType, Gradients, Param, Params, Passes, Program, State, Tape, Var};
use ndarray::{Array1, Array2, ArrayD, ArrayViewD, Axis, Ix2};
use nn::attention::{Mask, SelfAttention};
use nn::{Activation, Init, LayerNorm, Linear, Mlp, TransformerBlock, loss};
use optim::minimize::{lbfgs, newton_cg, trust_region};
use optim::{Momentum, Optimizer};

use crate::array::Array;
use crate::format::Case;
use crate::functions::rosenbrock;
use crate::networks;
use crate::runner::{Fault, Handler, Refusal, Results};
use crate::second_order::by_elements;
use crate::seeds::agrees;
use crate::sessions::{Session, each_training, each_way};

/// Trains eagerly, or by a program of these passes.
type Train = fn(&Case, Option<Passes>) -> Result<Results, Fault>;

pub(crate) fn find(op: &str) -> Option<Handler> {
    let train: Train = match op {
        "mlp_classifier" => mlp_classifier,
        "linear_regression" | "ridge" => least_squares,
        "logistic_regression" => logistic_regression,
        "softmax_regression" => softmax_regression,
        "language_model" => networks::language_model,
        "batchnorm_classifier" | "convnet_classifier" => {
            return Some(Handler::new(Refusal::TypedError, |case, group| {
                each_training(case, |case, passes| networks::classifier(case, group, passes))
            }));
        }
        "rosenbrock_minimum" => {
            return Some(Handler::new(Refusal::TypedError, |case, _| rosenbrock_minimum(case)));
        }
        "transformer_block" => {
            return Some(Handler::new(Refusal::TypedError, |case, _| transformer_block(case)));
        }
        _ => return None,
    };
    Some(Handler::new(Refusal::TypedError, move |case, _| each_training(case, train)))
}

/// Samples by row. Bytes are grey values from 0 to 16.
pub(crate) fn samples(case: &Case) -> Result<Array2<f64>, Fault> {
    let x: ArrayD<f64> = match case.array("in", "X")? {
        Array::U8(bytes) => bytes.mapv(|byte| f64::from(byte) / 16.0),
        _ => case.f64("in", "X")?.clone(),
    };
    Ok(x.into_dimensionality::<Ix2>().map_err(|e| case.location.error("in/X", e))?)
}

fn mlp_classifier(case: &Case, passes: Option<Passes>) -> Result<Results, Fault> {
    case.args.says("loss", "cross_entropy mean");
    case.args.remarks(&["sensitivity"]);
    classify(case, passes, networks::optimizer_of(case)?)
}

/// Traces the step of a classifier for so many samples.
fn classifier(
    passes: Passes,
    params: &Params,
    net: &Mlp,
    shape: &[usize],
) -> Result<(Program, State), Fault> {
    let program = Program::trace_with(passes, params, |tape| {
        let (x, labels) = (tape.input("x", shape), tape.input_of("labels", DType::I64, [shape[0]]));
        tape.outputs(loss::cross_entropy(net.forward(x), labels)).with_gradients()
    });
    let program = program.map_err(Fault::refused)?;
    let state = program.state();
    Ok((program, state))
}

fn classify(case: &Case, passes: Option<Passes>, mut optimizer: impl Optimizer) -> Result<Results, Fault> {
    let x = samples(case)?;
    let labels = Array1::from(case.array("in", "y")?.integers());
    let activation = case.args.read::<String>("activation")?.parse::<Activation>();
    let activation = activation.unwrap_or_else(|_| case.args.unknown("activation"));
    let mut params = Params::f64();
    let net = Mlp::new(&mut params.scope("net"), &case.args.read::<Vec<usize>>("sizes")?, activation);
    for (i, layer) in net.layers.iter().enumerate() {
        // Stored as [out, in].
        params.set(layer.weight, case.f64("init", &format!("w{i}"))?.t());
        params.set(layer.bias, case.f64("init", &format!("b{i}"))?);
    }

    let mut results = Results::default();
    let mut losses = Vec::new();
    let mut programs = None;
    for step in 0..case.args.read("steps")? {
        let (x, labels) = match case.i64("in", "batches") {
            Err(_) => (x.clone(), labels.clone()),
            Ok(batches) => {
                let rows: Vec<usize> =
                    batches.index_axis(Axis(0), step).iter().map(|&i| i as usize).collect();
                (x.select(Axis(0), &rows), labels.select(Axis(0), &rows))
            }
        };
        if let Some(passes) = passes
            && programs.as_ref().is_none_or(|(rows, _)| *rows != x.nrows())
        {
            programs = Some((x.nrows(), classifier(passes, &params, &net, x.shape())?));
        }
        let (loss, gradients) = match &mut programs {
            Some((_, (program, state))) => {
                let run = program.run(state, &params, (&x, &labels)).map_err(Fault::refused)?;
                (run.item(0), run.grads().clone())
            }
            None => {
                let tape = Tape::with(&params);
                let loss = loss::cross_entropy(net.forward(tape.constant(&x)), tape.constant(&labels));
                (loss.item(), loss.backward())
            }
        };
        losses.push(loss);
        if step == 0 {
            put_gradients(&params, &net, &gradients, &mut results);
        }
        optimizer.step(&mut params, &gradients)?;
    }
    for (name, loss) in [("first_loss", losses.first()), ("last_loss", losses.last())] {
        if case.args.has(name) {
            agrees(case, &case.args, name, loss.copied().unwrap_or(f64::NAN))?;
        }
    }
    results.put("out", "loss", Array::shaped(&[losses.len()], losses));

    let tape = Tape::with(&params);
    for (i, layer) in net.layers.iter().enumerate() {
        results.put("final", &format!("w{i}"), tape.param(layer.weight).t().to_array::<f64>());
        results.put("final", &format!("b{i}"), tape.param(layer.bias).to_array::<f64>());
    }
    let logits = net.forward(tape.constant(&x)).to_array::<f64>();
    let largest = |row: ArrayViewD<'_, f64>| {
        (0..row.len()).fold(0, |best, i| if row[i] > row[best] { i } else { best }) as i64
    };
    let predictions: Array1<i64> = logits.outer_iter().map(largest).collect();
    let right = predictions.iter().zip(&labels).filter(|(p, l)| p == l).count() as f64;
    for label in case.labels("out") {
        match label {
            "logits" => results.put("out", label, logits.clone()),
            "predictions" => results.put("out", label, predictions.clone().into_dyn()),
            "accuracy_all" => {
                results.put("out", label, Array::shaped(&[], vec![right / labels.len() as f64]))
            }
            _ => {}
        }
    }
    Ok(results)
}

fn put_gradients(params: &Params, net: &Mlp, gradients: &Gradients, results: &mut Results) {
    for (i, layer) in net.layers.iter().enumerate() {
        for (name, param) in [("w", layer.weight), ("b", layer.bias)] {
            let elements = gradients.get::<f64>(param).unwrap_or_default().to_vec();
            let stored = ArrayD::from_shape_vec(&params.shape(param)[..], elements);
            let gradient = stored.expect("a gradient has its parameter's shape").reversed_axes();
            results.put("grad0", &format!("{name}{i}"), gradient);
        }
    }
}

/// A linear layer that starts from zero and is fitted until far beyond what the tolerances ask.
fn fit(
    passes: Option<Passes>,
    [inputs, outputs]: [usize; 2],
    rate: f64,
    loss: impl for<'t> Fn(&'t Tape<'t>, Linear) -> Result<Var<'t>, Fault>,
) -> Result<(Params, Linear), Fault> {
    let mut params = Params::f64();
    let mut scope = params.scope("linear");
    let layer = Linear::with_init(&mut scope, inputs, outputs, Init::Zeros, Init::Zeros);
    let mut momentum = Momentum::new(rate, 0.95)?;
    let trace = |passes| {
        Program::trace_with(passes, &params, |tape| {
            tape.outputs(loss(tape, layer).expect("it has its data")).with_gradients()
        })
    };
    let program = passes.map(trace).transpose().map_err(Fault::refused)?;
    let mut state = program.as_ref().map(Program::state);
    for _ in 0..3000 {
        let gradients = match (&program, &mut state) {
            (Some(program), Some(state)) => {
                program.run(state, &params, ()).map_err(Fault::refused)?.grads().clone()
            }
            _ => loss(&Tape::with(&params), layer)?.backward(),
        };
        if gradients.norm() < 1e-12 {
            break;
        }
        momentum.step(&mut params, &gradients)?;
    }
    if passes.is_none() {
        minimizers_agree(&params, layer, &|tape| loss(tape, layer).expect("it has its data"))?;
    }
    Ok((params, layer))
}

/// Minimisers go from zero to the same weights.
fn minimizers_agree(
    params: &Params,
    layer: Linear,
    loss: &dyn for<'t> Fn(&'t Tape<'t>) -> Var<'t>,
) -> Result<(), Fault> {
    let zero = || {
        let mut zero = params.clone();
        zero.slab_mut::<f64>().fill(0.0);
        zero
    };
    let want = [params.get::<f64>(layer.weight), params.get::<f64>(layer.bias)].concat();
    for (name, found) in [
        ("L-BFGS", lbfgs().tolerance(1e-9).run_model(&mut zero(), loss)?),
        ("Newton-CG", newton_cg().tolerance(1e-10).run_model(&mut zero(), loss)?),
        ("a trust region", trust_region().tolerance(1e-10).run_model(&mut zero(), loss)?),
    ] {
        let error = found.x.iter().zip(&want).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        if !(found.converged() && error <= 1e-6) {
            return Err(Fault::Mismatch(format!("{name} is off by {error:e}: {found:?}")));
        }
    }
    Ok(())
}

fn least_squares(case: &Case, passes: Option<Passes>) -> Result<Results, Fault> {
    let (x, y) = (samples(case)?, case.f64("in", "y")?);
    let (n, features) = x.dim();
    let penalty: f64 = case.args.or("alpha", 0.0)?;
    let (params, layer) = fit(passes, [features, 1], 0.5, |tape, layer| {
        let error = loss::mse(layer.forward(tape.constant(&x)), tape.constant(y).reshape([n, 1]));
        Ok(error + tape.param(layer.weight).square().sum() * (penalty / n as f64))
    })?;
    let tape = Tape::with(&params);
    let predicted = layer.forward(tape.constant(&x)).reshape([n]);
    let mut results = Results::default();
    results.put("out", "coef", tape.param(layer.weight).reshape([features]).to_array::<f64>());
    results.put("out", "intercept", tape.param(layer.bias).reshape([]).to_array::<f64>());
    if case.op == "linear_regression" {
        results.put("out", "mse", loss::mse(predicted, tape.constant(y)).to_array::<f64>());
    }
    Ok(results)
}

fn logistic_regression(case: &Case, passes: Option<Passes>) -> Result<Results, Fault> {
    let (x, y) = (samples(case)?, case.i64("in", "y")?.mapv(|label| label as f64));
    let (n, features) = x.dim();
    let c: f64 = case.args.read("C")?;
    let (params, layer) = fit(passes, [features, 1], 0.3, |tape, layer| {
        let z = layer.forward(tape.constant(&x)).reshape([n]);
        let penalty = tape.param(layer.weight).square().sum() / (2.0 * c * n as f64);
        Ok((z.softplus() - tape.constant(&y) * z).mean() + penalty)
    })?;
    let tape = Tape::with(&params);
    let probabilities = layer.forward(tape.constant(&x)).reshape([n]).sigmoid();
    let mut results = Results::default();
    results.put("out", "coef", tape.param(layer.weight).reshape([features]).to_array::<f64>());
    results.put("out", "intercept", tape.param(layer.bias).reshape([]).to_array::<f64>());
    results.put("out", "probabilities", probabilities.to_array::<f64>());
    Ok(results)
}

/// The sum of the cross-entropies, and the penalty on the weights.
fn objective<'t>(tape: &'t Tape<'t>, layer: Linear, x: &Array2<f64>, y: &ArrayD<i64>, c: f64) -> Var<'t> {
    let logits = layer.forward(tape.constant(x));
    let penalty = tape.param(layer.weight).square().sum() / (2.0 * c);
    loss::cross_entropy(logits, tape.constant(y)) * x.nrows() as f64 + penalty
}

fn softmax_regression(case: &Case, passes: Option<Passes>) -> Result<Results, Fault> {
    let (x, y) = (samples(case)?, case.i64("in", "y")?);
    let (n, features) = x.dim();
    let classes = case.array("out", "intercept")?.shape()[0];
    let c: f64 = case.args.read("C")?;
    let (params, layer) =
        fit(passes, [features, classes], 0.3, |tape, layer| Ok(objective(tape, layer, &x, y, c) / n as f64))?;
    let tape = Tape::with(&params);
    let mut results = Results::default();
    results.put("out", "coef", tape.param(layer.weight).t().to_array::<f64>());
    results.put("out", "intercept", tape.param(layer.bias).to_array::<f64>());
    results.put("out", "objective", objective(&tape, layer, &x, y, c).to_array::<f64>());
    results.put("out", "probabilities", layer.forward(tape.constant(&x)).softmax(1).to_array::<f64>());
    Ok(results)
}

fn rosenbrock_minimum(case: &Case) -> Result<Results, Fault> {
    let n = case.args.read("n")?;
    let mut point = vec![0.5; n];
    let mut momentum = Momentum::new(5e-4, 0.95)?;
    for _ in 0..10_000 {
        let tape = Tape::new();
        let x: Vec<Var<'_>> = point.iter().map(|&x| tape.var(x)).collect();
        let gradient: Vec<f64> = rosenbrock(&x).grads(&x).iter().map(|g| g.item()).collect();
        momentum.step_point(&mut point, &gradient)?;
    }
    let mut results = Results::default();
    results.put("out", "x", Array::shaped(&[n], point));
    let found = lbfgs().run(|x| by_elements(rosenbrock, x), &vec![0.5; n][..])?;
    results.put("out", "scipy_x", Array::shaped(&[n], found.x));
    Ok(results)
}

/// The names that the case has for the parameters.
fn named(block: &TransformerBlock) -> Vec<(&'static str, Param)> {
    let TransformerBlock { norm1, attention, norm2, mlp } = block;
    let SelfAttention { qkv, output, .. } = attention;
    vec![
        ("self_attn.in_proj_weight", qkv.weight),
        ("self_attn.in_proj_bias", qkv.bias),
        ("self_attn.out_proj.weight", output.weight),
        ("self_attn.out_proj.bias", output.bias),
        ("linear1.weight", mlp.layers[0].weight),
        ("linear1.bias", mlp.layers[0].bias),
        ("linear2.weight", mlp.layers[1].weight),
        ("linear2.bias", mlp.layers[1].bias),
        ("norm1.weight", norm1.weight),
        ("norm1.bias", norm1.bias),
        ("norm2.weight", norm2.weight),
        ("norm2.bias", norm2.bias),
    ]
}

fn transformer_block(case: &Case) -> Result<Results, Fault> {
    let (width, hidden) = (case.args.read("d_model")?, case.args.read("feed_forward")?);
    case.args.says("norm", "pre");
    case.args.says("activation", "gelu (exact)");
    case.args.says("loss", "sum(out * cot)");
    let mut params = Params::f64();
    let mut scope = params.scope("block");
    let mut block = TransformerBlock {
        norm1: LayerNorm::new(&mut scope.scope("norm1"), width),
        attention: SelfAttention::new(&mut scope.scope("attention"), width, case.args.read("heads")?),
        norm2: LayerNorm::new(&mut scope.scope("norm2"), width),
        mlp: Mlp::new(&mut scope.scope("mlp"), &[width, hidden, width], Activation::Gelu),
    };
    block.norm1.epsilon = case.args.read("eps")?;
    block.norm2.epsilon = block.norm1.epsilon;
    for (name, param) in named(&block) {
        // Matrices are stored as [out, in].
        params.set(param, case.f64("init", name)?.t());
    }
    each_way(case, &params, |session| block_derivatives(session, case, &block))
}

fn block_derivatives(session: &Session<'_>, case: &Case, block: &TransformerBlock) -> Result<Results, Fault> {
    let x = session.leaf(case.array("in", "x")?, true);
    let mask = if case.args.read("causal")? { Mask::Causal } else { Mask::All };
    let y = block.forward(x, mask);
    let parameters = named(block).into_iter().map(|(_, p)| session.tape.param(p));
    let inputs: Vec<Var<'_>> = parameters.chain([x]).collect();
    let mut gradients = y.vjp(session.leaf(case.array("cot", "y")?, false), &inputs);

    let mut results = Results::default();
    results.put("out", "y", session.read(case, y)?);
    let of_x = gradients.pop().expect("that of x is the last");
    results.put("grad", "x", session.read(case, of_x)?);
    for ((name, _), gradient) in named(block).into_iter().zip(gradients) {
        // Matrices are stored as [out, in].
        let gradient = if gradient.rank() == 2 { gradient.t() } else { gradient };
        // The softmax does not feel the biases of the keys: their gradient is 0 up to rounding.
        results.put_by_largest("grad", name, session.read(case, gradient)?);
    }
    Ok(results)
}
