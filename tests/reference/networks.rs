//! Networks that are trained from given weights: those whose layers a case lists, and a language model.

use autograd::{AnyTensor, Gradients, Key, Param, Params, Passes, PoolForm, Program, Tape, Var};
use ndarray::{Array2, ArrayD, Axis};
use nn::attention::{Mask, multi_head};
use nn::{
    Activation, BatchNorm, Conv2d, Embedding, LayerNorm, Linear, Mode, NoBias, Pool2d, Positions, Sequential,
    flatten, loss,
};
use optim::Optimizer;

use crate::array::Array;
use crate::format::{Case, Group};
use crate::optimizers;
use crate::runner::{Fault, Results};
use crate::seeds::agrees;
use crate::sessions::{leaf, tensor};
use crate::training::samples;

/// The parameters of a network by the names of the case, and whether they are stored transposed, as \[out, in\].
struct Network {
    params: Params,
    named: Vec<(String, Param, bool)>,
}

impl Network {
    fn add(&mut self, name: impl Into<String>, param: Param, transposed: bool) {
        self.named.push((name.into(), param, transposed));
    }

    fn set(&mut self, case: &Case) -> Result<(), Fault> {
        for (name, param, transposed) in &self.named {
            let stored = case.f64("init", name)?;
            let wanted = self.params.shape(*param);
            let stored = if *transposed { stored.t().to_owned() } else { stored.clone() };
            if stored.shape() != &wanted[..] {
                return Err(case.location.error(&format!("init/{name}"), format!("is not {wanted}")).into());
            }
            self.params.set(*param, stored);
        }
        Ok(())
    }

    fn put(&self, role: &str, results: &mut Results, values: impl Fn(Param) -> Vec<f64>) {
        for (name, param, transposed) in &self.named {
            let array = ArrayD::from_shape_vec(&self.params.shape(*param)[..], values(*param));
            let array = array.expect("as many as the parameter has");
            let array = if *transposed { array.reversed_axes() } else { array };
            // A bias before batch normalisation has a gradient that is 0 up to rounding.
            results.put_by_largest(role, name, array);
        }
    }
}

/// Trains for the steps of a case: `loss` of the inputs of each, and an update by its gradients.
fn train(
    case: &Case,
    passes: Option<Passes>,
    net: &mut Network,
    inputs: impl Fn(usize) -> Result<Vec<Array>, Fault>,
    loss: impl for<'t> Fn(&'t Tape<'t>, &[Var<'t>]) -> Var<'t>,
    mut update: impl FnMut(usize, &mut Params, Gradients) -> Result<(), Fault>,
) -> Result<Results, Fault> {
    net.set(case)?;
    let (mut results, mut losses, mut program) = (Results::default(), vec![], None);
    for step in 0..case.args.read("steps")? {
        let arrays = inputs(step)?;
        let given: Vec<&dyn AnyTensor> = arrays.iter().map(tensor).collect();
        if let (Some(passes), None) = (&passes, &program) {
            let traced = Program::trace_with(*passes, &net.params, |t| {
                let input = |(i, of): (usize, &&dyn AnyTensor)| {
                    t.input_of(&format!("x{i}"), of.dtype(), of.dimensions())
                };
                let x: Vec<Var<'_>> = given.iter().enumerate().map(input).collect();
                t.outputs(loss(t, &x)).with_gradients()
            });
            let traced = traced.map_err(Fault::refused)?;
            let state = traced.state();
            program = Some((traced, state));
        }
        let (value, gradients) = match &mut program {
            Some((program, state)) => {
                let run = program.run(state, &net.params, &given[..]).map_err(Fault::refused)?;
                (run.item(0), run.grads().clone())
            }
            None => {
                let tape = Tape::with(&net.params);
                let x: Vec<Var<'_>> = arrays.iter().map(|of| leaf(&tape, of, false)).collect();
                let loss = loss(&tape, &x);
                (loss.item(), loss.backward())
            }
        };
        losses.push(value);
        if step == 0 {
            net.put("grad0", &mut results, |p| gradients.get::<f64>(p).unwrap_or_default().to_vec());
        }
        update(step, &mut net.params, gradients)?;
    }
    for (name, loss) in [("first_loss", losses.first()), ("last_loss", losses.last())] {
        if case.args.has(name) {
            agrees(case, &case.args, name, loss.copied().unwrap_or(f64::NAN))?;
        }
    }
    net.put("final", &mut results, |p| net.params.get::<f64>(p).to_vec());
    results.put("out", "loss", Array::shaped(&[losses.len()], losses));
    Ok(results)
}

/// Classifies images, or rows, by the layers that the case lists.
pub(crate) fn classifier(case: &Case, group: &Group, passes: Option<Passes>) -> Result<Results, Fault> {
    case.args.says("loss", "cross_entropy mean");
    case.args.remarks(&["sensitivity"]);
    // Cases of the same data share it.
    let data =
        if case.labels("in").any(|label| label == "X") { case } else { group.case("digits_mlp_momentum")? };
    let (x, labels) = (samples(data)?, data.array("in", "y")?.integers());
    let Built { mut net, layers, norm, shape } = layers(case, &x)?;
    let batches = case.i64("in", "batches")?;
    let inputs = |step: usize| {
        let rows: Vec<usize> = batches.index_axis(Axis(0), step).iter().map(|&i| i as usize).collect();
        let own: Vec<i64> = rows.iter().map(|&i| labels[i]).collect();
        let x = x.select(Axis(0), &rows).into_shape_with_order([&[rows.len()], &shape[..]].concat());
        Ok(vec![x.expect("the layers say the shape of a row").into(), Array::shaped(&[rows.len()], own)])
    };
    let mut optimizer = optimizer_of(case)?;
    let mut results = train(
        case,
        passes,
        &mut net,
        inputs,
        |t, x| {
            let mode = Mode::Train(t.constant(Key::new(0)));
            loss::cross_entropy(layers.forward_in(x[0], mode), x[1])
        },
        |_, params, gradients| Ok(optimizer.step(params, &gradients)?),
    )?;
    if let Some(norm) = norm {
        for (label, buffer) in [("buffer_running_mean", norm.mean), ("buffer_running_var", norm.variance)] {
            let values = net.params.buffer_values::<f64>(buffer).to_vec();
            results.put("out", label, Array::shaped(&[values.len()], values));
        }
    }
    Ok(results)
}

/// The optimiser that a case names.
pub(crate) fn optimizer_of(case: &Case) -> Result<impl Optimizer + use<>, Fault> {
    // Groups go by names of parameters, which are the layers' here.
    if case.args.has("groups") {
        case.args.unknown("groups");
    }
    let name: String = case.args.read("optimizer")?;
    match &name[..] {
        "sgd" | "adam" | "adamw" | "rmsprop" | "adagrad" | "nadam" | "radam" => {
            optimizers::named(case, &name)
        }
        _ => case.args.unknown("optimizer"),
    }
}

/// A network as a case lists it.
struct Built {
    net: Network,
    layers: Sequential,
    norm: Option<BatchNorm>,
    /// The shape of a row.
    shape: Vec<usize>,
}

fn layers(case: &Case, x: &Array2<f64>) -> Result<Built, Fault> {
    let mut net = Network { params: Params::f64(), named: vec![] };
    let (mut layers, mut norm, mut width) = (Sequential::new(), None, x.ncols());
    let channels: Vec<usize> = case.args.or("channels", vec![])?;
    let shape = match channels.first() {
        Some(&channels) => {
            let side = ((width / channels.max(1)) as f64).sqrt() as usize;
            vec![channels, side, side]
        }
        None => vec![width],
    };
    let (mut side, mut convolutions, mut linears) = (shape[shape.len() - 1], 0, 0);
    let listed: String = case.args.read("layers")?;
    for layer in listed.replace("(pad ", "(pad").split_whitespace() {
        let (kind, numbers) = words(layer);
        let mut scope = net.params.scope(&format!("{layer}{}", layers.len()));
        layers = match (kind.as_str(), &numbers[..]) {
            ("convx(pad)", &[k, l, padding]) if k == l && convolutions + 1 < channels.len() => {
                let [inputs, outputs] = [0, 1].map(|i| channels[convolutions + i]);
                let form = autograd::ConvForm::default().padding(padding);
                let layer = Conv2d::new(&mut scope, inputs, outputs, k, form);
                net.add(format!("c{convolutions}w"), layer.weight, false);
                net.add(format!("c{convolutions}b"), layer.bias, false);
                convolutions += 1;
                side = side + 2 * padding + 1 - k;
                width = outputs * side * side;
                layers.then(move |x| layer.forward(x))
            }
            ("maxpool", &[k]) => {
                side /= k;
                width = channels[convolutions] * side * side;
                layers.then(move |x| Pool2d::Max(PoolForm::of(k)).forward(x))
            }
            ("flatten", []) => layers.then(|x| flatten(x)),
            ("relu", []) => layers.then(|x| x.relu()),
            ("tanh", []) => layers.then(|x| x.tanh()),
            ("linear", []) => {
                let (weight, bias) = match case.labels("init").any(|label| label == "fw") {
                    true => ("fw".to_owned(), "fb".to_owned()),
                    false => (format!("w{linears}"), format!("b{linears}")),
                };
                let outputs = case.f64("init", &bias)?.len();
                let layer = Linear::new(&mut scope, width, outputs);
                net.add(weight, layer.weight, true);
                net.add(bias, layer.bias, false);
                (linears, width) = (linears + 1, outputs);
                layers.then(move |x| layer.forward(x))
            }
            ("batchnorm", []) if norm.is_none() => {
                let mut layer = BatchNorm::new(&mut scope, width);
                layer.momentum = Some(case.args.or("momentum_bn", 0.1)?);
                layer.epsilon = case.args.or("eps_bn", 1e-5)?;
                net.add("gamma", layer.weight, false);
                net.add("beta", layer.bias, false);
                norm = Some(layer);
                layers.then_in(move |x, mode| layer.forward(x, &mode))
            }
            _ => case.args.unknown("layers"),
        };
    }
    Ok(Built { net, layers, norm, shape })
}

/// A text without its numbers, and these.
fn words(text: &str) -> (String, Vec<usize>) {
    let numbers = text.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
    (text.chars().filter(|c| !c.is_ascii_digit()).collect(), numbers)
}

/// A block of a language model without biases in its attention.
#[derive(Clone, Copy)]
struct Block {
    norm1: LayerNorm,
    qkv: Linear<NoBias>,
    output: Linear<NoBias>,
    norm2: LayerNorm,
    up: Linear,
    down: Linear,
}

impl Block {
    fn new(net: &mut Network, case: &Case, i: usize, width: usize) -> Result<Block, Fault> {
        let hidden = case.f64("init", &format!("l{i}.upb"))?.len();
        let mut all = net.params.scope(&format!("l{i}"));
        let block = Block {
            norm1: LayerNorm::new(&mut all.scope("norm1"), width),
            qkv: Linear::without_bias(&mut all.scope("qkv"), width, 3 * width),
            output: Linear::without_bias(&mut all.scope("output"), width, width),
            norm2: LayerNorm::new(&mut all.scope("norm2"), width),
            up: Linear::new(&mut all.scope("up"), width, hidden),
            down: Linear::new(&mut all.scope("down"), hidden, width),
        };
        let Block { norm1, qkv, output, norm2, up, down } = block;
        let named = [
            ("ln1w", norm1.weight, false),
            ("ln1b", norm1.bias, false),
            ("qkv", qkv.weight, true),
            ("proj", output.weight, true),
            ("ln2w", norm2.weight, false),
            ("ln2b", norm2.bias, false),
            ("up", up.weight, true),
            ("upb", up.bias, false),
            ("down", down.weight, true),
            ("downb", down.bias, false),
        ];
        for (name, param, transposed) in named {
            net.add(format!("l{i}.{name}"), param, transposed);
        }
        Ok(block)
    }

    fn forward<'t>(&self, x: Var<'t>, heads: usize, gelu: Activation) -> Var<'t> {
        let [q, k, v] = self.qkv.forward(self.norm1.forward(x)).split(-1, 3)[..] else {
            unreachable!("three parts")
        };
        let h = x + self.output.forward(multi_head(q, k, v, heads, Mask::Causal).0);
        h + self.down.forward(gelu.apply(self.up.forward(self.norm2.forward(h))))
    }
}

pub(crate) fn language_model(case: &Case, passes: Option<Passes>) -> Result<Results, Fault> {
    let args = &case.args;
    args.remarks(&["sensitivity"]);
    args.says("head", "tied to tok");
    args.says("norm", "pre, eps 1e-5");
    let gelu = match args.read::<String>("gelu")?.as_str() {
        "tanh" => Activation::GeluTanh,
        "none" | "exact" | "erf" => Activation::Gelu,
        _ => args.unknown("gelu"),
    };
    let (width, context, heads) = (args.read("d_model")?, args.read("context")?, args.read("heads")?);
    let mut net = Network { params: Params::f64(), named: vec![] };
    let words = Embedding::new(&mut net.params.scope("words"), args.read("vocab")?, width, 0.0);
    let positions = Positions::new(&mut net.params.scope("positions"), context, width, 0.0);
    let blocks = (0..args.read("layers")?).map(|i| Block::new(&mut net, case, i, width));
    let blocks: Vec<Block> = blocks.collect::<Result<_, _>>()?;
    let norm = LayerNorm::new(&mut net.params.scope("norm"), width);
    for (name, param) in
        [("tok", words.table), ("pos", positions.table), ("lnfw", norm.weight), ("lnfb", norm.bias)]
    {
        net.add(name, param, false);
    }

    let (sequences, batches) = (case.i64("in", "sequences")?, case.i64("in", "batches")?);
    let inputs = |step: usize| {
        let rows: Vec<usize> = batches.index_axis(Axis(0), step).iter().map(|&i| i as usize).collect();
        let all = sequences.select(Axis(0), &rows);
        let part = |from: usize| {
            let part = all.slice_axis(Axis(1), (from..from + all.shape()[1] - 1).into());
            Array::from(part.as_standard_layout().into_owned())
        };
        Ok(vec![part(0), part(1)])
    };
    let mut optimizer = optimizer_of(case)?;
    let rate = rate_of(case)?;
    let limit: f64 = args.or("clip_norm", f64::INFINITY)?;
    let mut norms = vec![];
    let mut results = train(
        case,
        passes,
        &mut net,
        inputs,
        |t, x| {
            let start = positions.forward(words.forward(x[0]), 0);
            let y = blocks.iter().fold(start, |x, block| block.forward(x, heads, gelu));
            let logits = norm.forward(y).matmul(t.param(words.table).t());
            let rows = x[1].shape().elements();
            let classes = logits.shape()[2];
            loss::cross_entropy(logits.reshape([rows, classes]), x[1].reshape([rows]))
        },
        |step, params, mut gradients| {
            // The stored factor is limit/(norm + 1e-6), that of the engine limit/norm: the same for another limit.
            let norm = gradients.norm();
            gradients.clip_norm(if norm > 0.0 { limit * (norm / (norm + 1e-6)) } else { limit });
            norms.push(norm);
            optimizer.set_learning_rate(rate(step))?;
            Ok(optimizer.step(params, &gradients)?)
        },
    )?;
    results.put("out", "gradient_norm", Array::shaped(&[norms.len()], norms));
    Ok(results)
}

/// The rate of each step: a warm-up over a steps, then half a wave over b.
fn rate_of(case: &Case) -> Result<impl Fn(usize) -> f64 + use<>, Fault> {
    let lr: f64 = case.args.read("lr")?;
    let (a, b) = match case.args.or("schedule", String::new())? {
        none if none.is_empty() => (0, 0),
        said => match words(&said).1[..] {
            [1, a, c, 1, d, b, 2] if a == c && a == d => {
                let known = format!("lr * (s+1)/{a} for s < {a}, then lr * (1+cos(pi (s-{a})/{b}))/2");
                if said == known { (a, b) } else { case.args.unknown("schedule") }
            }
            _ => case.args.unknown("schedule"),
        },
    };
    let wave = move |s: usize| (1.0 + (std::f64::consts::PI * (s - a) as f64 / b as f64).cos()) / 2.0;
    Ok(move |s: usize| match s {
        _ if b == 0 => lr,
        s if s < a => lr * (s + 1) as f64 / a as f64,
        s => lr * wave(s),
    })
}
