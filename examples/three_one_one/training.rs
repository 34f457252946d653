//! The paper's training loop, with gradients from the tape.

use std::error::Error;
use wengert::prelude::*;

/// The paper's learning rate.
pub(crate) const LEARNING_RATE: f64 = 0.005;
/// The seed of the Xavier weights.
pub(crate) const SEED: u64 = 1;
/// How long to train; the paper leaves it open.
pub(crate) const EPOCHS: usize = 1000;
/// The sample; the paper leaves it open.
pub(crate) const X: [f64; 3] = [0.5, -1.0, 2.0];
/// Its target.
pub(crate) const Y: f64 = 1.0;

/// The record of a training: one entry for the start and one after each epoch.
pub(crate) struct Run {
    /// The network's output A for the sample.
    pub(crate) activations: Vec<f64>,
    /// L = ½·(A − Y)².
    pub(crate) losses: Vec<f64>,
    /// Every parameter, element by element: its name and its values.
    pub(crate) parameters: Vec<(String, Vec<f64>)>,
    /// Euclidean length of ∂L/∂W of the hidden layer.
    pub(crate) gradients: Vec<f64>,
    /// What the paper's program prints, every 100 epochs.
    pub(crate) lines: Vec<String>,
}

/// One of the two networks with its training.
pub(crate) struct Trained {
    /// The network.
    pub(crate) net: ThreeOneOne,
    /// Its parameters before the training.
    pub(crate) start: Params,
    /// The training.
    pub(crate) run: Run,
}

impl Trained {
    /// Makes a network and trains it.
    pub(crate) fn new(net: impl Fn(&mut Scope<'_>) -> ThreeOneOne) -> Result<Trained, Box<dyn Error>> {
        let mut start = Params::f64().with_seed(SEED);
        let net = net(&mut start.scope("net"));
        let run = Run::train(&net, start.clone())?;
        Ok(Trained { net, start, run })
    }
}

impl Run {
    /// Trains on the sample.
    pub(crate) fn train(net: &ThreeOneOne, mut params: Params) -> Result<Run, Box<dyn Error>> {
        let mut run = Run {
            activations: Vec::with_capacity(EPOCHS + 1),
            losses: Vec::with_capacity(EPOCHS + 1),
            parameters: names(&params).into_iter().map(|name| (name, Vec::new())).collect(),
            gradients: Vec::with_capacity(EPOCHS + 1),
            lines: Vec::new(),
        };
        let mut sgd = Sgd::new(LEARNING_RATE)?;
        for epoch in 0..=EPOCHS {
            let grads = run.observe(net, &params);
            let dw = grads.get::<f64>(net.hidden.weight).ok_or("the loss depends on the hidden weights")?;
            run.gradients.push(dw.iter().map(|g| g * g).sum::<f64>().sqrt());
            if epoch == EPOCHS {
                break; // the last entry is after the last step
            }
            sgd.step(&mut params, &grads)?;
            if epoch % 100 == 0 {
                run.lines.push(line(epoch, net, &params, run.losses[epoch]));
            }
        }
        Ok(run)
    }

    /// The Euclidean distance of the hidden weights from their start.
    pub(crate) fn hidden_weights_moved(&self) -> f64 {
        let weights = self.parameters.iter().take(X.len());
        weights.map(|(_, values)| (values[EPOCHS] - values[0]).powi(2)).sum::<f64>().sqrt()
    }

    /// Records parameters, activation and loss. Returns the gradients.
    fn observe(&mut self, net: &ThreeOneOne, params: &Params) -> Gradients {
        for ((_, values), &value) in self.parameters.iter_mut().zip(params.slab_of::<f64>()) {
            values.push(value);
        }
        let tape = Tape::with(params);
        let (x, y) = (tape.constant([X]), tape.constant([[Y]]));
        let a = net.forward(x);
        let loss = nn::loss::half_mse(a, y); // the same as `net.loss(x, y)`, but a is needed too
        self.activations.push(a.item());
        self.losses.push(loss.item());
        loss.backward()
    }
}

/// A name for each number of the slab: the hidden weights are three, `w1` to `w3`, the others are single.
fn names(params: &Params) -> Vec<String> {
    let names = params.iter().flat_map(|p| {
        let short = match params.name(p) {
            "net.hidden.weight" => "w",
            "net.hidden.bias" => "b",
            "net.output.weight" => "output w",
            _ => "output b",
        };
        let n = params.get::<f64>(p).len();
        (1..=n).map(move |i| if n == 1 { short.to_owned() } else { format!("{short}{i}") })
    });
    names.collect()
}

/// A line as the paper prints it.
fn line(epoch: usize, net: &ThreeOneOne, params: &Params, loss: f64) -> String {
    let values = |p| list(params.get(p));
    let (w, b, loss) = (values(net.hidden.weight), values(net.hidden.bias), list(&[2.0 * loss]));
    match net.output {
        None => format!("Epoch {epoch}: w = {w}, b = {b}, loss = {loss}"),
        Some(output) => {
            let (w2, b2) = (values(output.weight), values(output.bias));
            format!("Epoch {epoch}: w1 = {w}, b1 = {b}, w2 = {w2}, b2 = {b2}, loss = {loss}")
        }
    }
}

/// Numbers with three digits: `['0.123', '-0.456']`, a list of strings in the paper's Python.
fn list(values: &[f64]) -> String {
    let values: Vec<String> = values.iter().map(|v| format!("'{v:.3}'")).collect();
    format!("[{}]", values.join(", "))
}
