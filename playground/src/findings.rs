//! What goes wrong in a session, said in its own numbers.

use crate::config::{Head, Step};
use crate::data::inputs;
use crate::net::matrix;
use crate::session::Session;
use autograd::{Params, Tape, Var};
use nn::Activation;
use serde_json::{Value, json};

/// A gradient that many times smaller in the first layer than in the last has vanished.
const VANISHED: f64 = 30.0;

/// What was found: a name for the page, and a text.
struct Finding(&'static str, String);

/// What is wrong at present, as JSON: the cause, where one thing follows from another. Null if nothing is.
pub(crate) fn finding(session: &mut Session) -> Value {
    let Some(seen) = Seen::of(session) else { return Value::Null };
    let finding = too_fast(session, &seen)
        .or_else(|| dead(session, &seen))
        .or_else(|| same(session, &seen))
        .or_else(|| vanishing(session, &seen))
        .or_else(|| straight(session, &seen));
    finding.map(|Finding(name, text)| json!({ "name": name, "text": text })).into()
}

/// What the findings are read from.
struct Seen {
    loss: f64,
    right: f64,
    /// For each hidden layer: the largest z of each neuron, and the mean slope of the activation.
    largest: Vec<Vec<f64>>,
    slopes: Vec<f64>,
    /// For each layer, the length of ∂L/∂W, and the cotangents' largest size of each neuron, by ∂L/∂b.
    lengths: Vec<f64>,
    biases: Vec<Vec<f64>>,
}

impl Seen {
    fn of(session: &mut Session) -> Option<Seen> {
        let (activation, layers) = (session.net.layers.activation, session.net.layers.layers.clone());
        let sizes = session.config.sizes();
        let y = session.points.y.clone();
        let whole = session.whole()?;
        let hits = whole.output.iter().zip(&y).filter(|(output, y)| (**output > 0.5) == (**y > 0.5)).count();
        let hidden = layers.len() - 1;
        let largest = (0..hidden).map(|l| {
            let units = sizes[l + 1];
            (0..units)
                .map(|j| whole.z[l].iter().skip(j).step_by(units).copied().fold(f64::MIN, f64::max))
                .collect()
        });
        let gradient = |param| whole.grads.get::<f64>(param).unwrap_or(&[]).to_vec();
        Some(Seen {
            loss: whole.loss,
            right: hits as f64 / y.len() as f64,
            largest: largest.collect(),
            slopes: (0..hidden).map(|l| mean_slope(activation, whole.z[l])).collect(),
            lengths: layers.iter().map(|layer| length(&gradient(layer.weight))).collect(),
            biases: layers.iter().map(|layer| gradient(layer.bias)).collect(),
        })
    }
}

/// The mean of f′ at these z.
fn mean_slope(activation: Activation, z: &[f64]) -> f64 {
    let tape = Tape::new();
    let z = tape.var(z);
    activation.apply(z).mean().grad([z])[0].sum().item()
}

fn length(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// The loss grew, or is no number any more.
fn too_fast(session: &Session, seen: &Seen) -> Option<Finding> {
    let first = *session.losses.first()?;
    let grew = session.steps > 0 && (seen.loss.is_nan() || seen.loss > 1.2 * first);
    if session.config.head == Head::Step || !(grew || session.stopped.is_some()) {
        return None;
    }
    let rate = session.config.rate;
    let mut text = format!(
        "The loss was {} at the start and is {} after {} steps. ",
        short(first),
        short(seen.loss),
        session.steps
    );
    if let Some(error) = &session.stopped {
        text += &format!("The next step was refused: {error}. ");
    }
    text += &match session.config.optimizer {
        Step::Sgd | Step::Momentum => {
            let curvature = *session.curvature.get_or_init(|| curvature(session));
            format!(
                "Along its steepest direction the loss curved by λ = {} at the start: the largest eigenvalue of the Hessian, from \
                 Hessian-vector products of the tape. A step of gradient descent multiplies an error in that direction by 1 − η·λ = \
                 1 − {}·{} = {}. Below −1 it grows from step to step. What helps: a rate η below 2/λ = {}.",
                short(curvature),
                short(rate),
                short(curvature),
                short(1.0 - rate * curvature),
                short(2.0 / curvature)
            )
        }
        step => {
            let moved = session.params.slab_of::<f64>().iter().zip(session.start.slab_of::<f64>());
            let most = moved.fold(0.0, |most, (a, b)| f64::max(most, (a - b).abs()));
            format!(
                "{} moves a weight by about η = {} in each step, however small its gradient is; the farthest has moved by {}. What \
                 helps: a smaller rate.",
                step.name(),
                short(rate),
                short(most)
            )
        }
    };
    Some(Finding("rate", text))
}

/// The eigenvalue of the Hessian with the largest size, at the start, by power iteration.
fn curvature(session: &Session) -> f64 {
    let (net, points, columns) = (&session.net, &session.points, session.config.inputs);
    let x = inputs(&points.x, columns);
    let mut direction: Vec<f64> = (0..session.start.elements()).map(|i| (1.0 + i as f64).sin()).collect();
    let mut value = 0.0;
    for _ in 0..30 {
        let size = length(&direction);
        direction.iter_mut().for_each(|v| *v /= size);
        let tape = Tape::with(&session.start);
        let loss = net.forward(matrix(&tape, &x, columns)).loss(net.head, matrix(&tape, &points.y, 1));
        let product = hessian_times(&tape, &session.start, loss, &direction);
        value = direction.iter().zip(&product).map(|(v, hv)| v * hv).sum();
        if length(&product) == 0.0 {
            break;
        }
        direction = product;
    }
    value
}

/// H·v: the gradient of gradient · v.
fn hessian_times(tape: &Tape<'_>, params: &Params, loss: Var<'_>, v: &[f64]) -> Vec<f64> {
    let all: Vec<Var<'_>> = params.iter().map(|param| tape.param(param)).collect();
    let along = params.iter().zip(loss.grads(&all)).map(|(param, gradient)| {
        (gradient * tape.constant(&v[params.range(param)]).reshape(params.shape(param).clone())).sum()
    });
    let along = along.reduce(|a, b| a + b).expect("a network has parameters");
    along.grads(&all).iter().flat_map(|product| product.to_vec::<f64>()).collect()
}

/// Neurons of relu that give 0 for every sample.
fn dead(session: &Session, seen: &Seen) -> Option<Finding> {
    if session.config.activation != Activation::Relu {
        return None;
    }
    let mut parts = vec![];
    for (l, largest) in seen.largest.iter().enumerate() {
        let dead: Vec<f64> = largest.iter().copied().filter(|&z| z <= 0.0).collect();
        if !dead.is_empty() {
            let highest = dead.iter().copied().fold(f64::MIN, f64::max);
            parts.push(format!(
                "In layer {} {} of {} neurons give 0 for all {} samples; the largest z among them is {}.",
                l + 1,
                dead.len(),
                largest.len(),
                session.points.len(),
                short(highest)
            ));
        }
    }
    let lengths: Vec<String> = seen.lengths.iter().map(|&x| short(x)).collect();
    (!parts.is_empty()).then(|| {
        Finding("dead", format!(
            "{} There relu′(z) = 0, so nothing comes back through them: the gradient of their weights is exactly 0, and no step can \
             wake them. ‖∂L/∂W‖ by layer: {}. What helps: biases from 0, a smaller rate, or leaky_relu, whose slope is never 0.",
            parts.join(" "), lengths.join(", ")
        ))
    })
}

/// Neurons of a layer that are one and the same.
fn same(session: &Session, seen: &Seen) -> Option<Finding> {
    let layers = &session.net.layers.layers;
    for (l, pair) in layers.windows(2).enumerate() {
        let units = session.config.sizes()[l + 1];
        let (into, bias) =
            (session.params.get::<f64>(pair[0].weight), session.params.get::<f64>(pair[0].bias));
        let out = session.params.get::<f64>(pair[1].weight);
        let next = out.len() / units;
        let equal = |j: usize| {
            into.chunks(units).all(|row| row[j] == row[0])
                && bias[j] == bias[0]
                && out[j * next..][..next] == out[..next]
        };
        if units < 2 || !(1..units).all(equal) {
            continue;
        }
        let mut text = format!(
            "All {units} neurons of layer {} have the same weights in and out, so each gets the same gradient, ∂L/∂b = {}, and they \
             stay equal: {units} neurons that act as one. ",
            l + 1,
            short(seen.biases[l][0])
        );
        if out.iter().all(|&w| w == 0.0) {
            text += &format!(
                "The weights behind them are 0, and a cotangent goes back through them: 0·g = 0. So ‖∂L/∂W{}‖ = {}, and only the last \
                 bias learns, ∂L/∂b = {}. ",
                l + 1,
                short(seen.lengths[l]),
                short(seen.biases[layers.len() - 1][0])
            );
        }
        return Some(Finding("same", text + "What helps: weights that start apart, at random."));
    }
    None
}

/// A gradient that shrinks on its way back.
fn vanishing(session: &Session, seen: &Seen) -> Option<Finding> {
    let (&first, &last) = (seen.lengths.first()?, seen.lengths.last()?);
    let flat = matches!(session.config.activation, Activation::Sigmoid | Activation::Tanh);
    // What is learnt already leaves nothing to hand back.
    let learnt = seen.right > 0.98;
    if !flat || learnt || first <= 0.0 || first * VANISHED > last {
        return None;
    }
    let list = |x: &[f64]| x.iter().map(|&x| short(x)).collect::<Vec<_>>().join(", ");
    Some(Finding(
        "vanishing",
        format!(
            "‖∂L/∂W‖ by layer, from the first: {}. The first layer gets {} times less than the last, and learns that much slower. On its \
         way back a cotangent is multiplied by the weights and by the slope of {} in each layer; the mean slopes are {}. What helps: \
         {}relu or tanh with xavier weights, or Adam, which divides by the size of gradients.",
            list(&seen.lengths),
            short(last / first),
            session.config.activation,
            list(&seen.slopes),
            if session.config.activation == Activation::Sigmoid {
                "another function, for σ′ is never above ¼: "
            } else {
                ""
            },
        ),
    ))
}

/// No hidden layer: a line.
fn straight(session: &Session, seen: &Seen) -> Option<Finding> {
    let stuck = session.config.hidden.is_empty() && session.epochs >= 20 && seen.right < 0.97;
    stuck.then(|| {
        let inputs = if session.config.inputs == 2 { "x₁, x₂" } else { "x₁, x₂, x₁² + x₂²" };
        Finding("line", format!(
            "One neuron on {inputs} gives its two classes on the two sides of w·x + b = 0. After {} passes over the data {} % are right, \
             and no such line does much better. What helps: a hidden layer.",
            session.epochs,
            (100.0 * seen.right).round()
        ))
    })
}

/// Three significant digits, as people write them.
fn short(x: f64) -> String {
    if !x.is_finite() {
        return crate::json::number(x).as_str().unwrap_or_default().into();
    }
    let text = match x.abs() {
        size if size != 0.0 && !(1e-3..1e5).contains(&size) => format!("{x:.2e}"),
        size if size >= 100.0 => format!("{x:.0}"),
        size if size >= 10.0 => format!("{x:.1}"),
        _ => format!("{:.1$}", x, if x.abs() >= 1.0 { 2 } else { 4 }),
    };
    text.replace('-', "−")
}
