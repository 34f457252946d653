//! One neuron of the network, and how the loss of one sample changes with its weights.

use crate::config::Head;
use crate::data::inputs;
use crate::net::matrix;
use crate::session::Session;
use autograd::{Detail, Tape, Var};

/// A neuron's own computation: its weights are variables, all others are numbers.
struct Neuron<'t> {
    weights: Var<'t>,
    bias: Var<'t>,
    loss: Var<'t>,
}

impl Session {
    /// The derivation of ∂L/∂w and ∂L/∂b of a neuron for one sample, as HTML with MathML. Layers and neurons count from 0.
    ///
    /// None if there is no such neuron or sample.
    pub fn derivation(&self, layer: usize, neuron: usize, sample: usize) -> Option<String> {
        let tape = Tape::new();
        let Neuron { weights, bias, loss } = self.neuron(&tape, layer, neuron, sample)?;
        let short = layer + 2 >= self.net.layers.layers.len();
        let detail = if short { Detail::Full } else { Detail::Steps };
        Some(loss.derivation([weights, bias]).detail(detail).mathml())
    }

    /// The gradients of a neuron's weights and of its bias for one sample, by the computation that is derived.
    #[cfg(test)]
    pub(crate) fn gradient_of(&self, layer: usize, neuron: usize, sample: usize) -> (Vec<f64>, f64) {
        let tape = Tape::new();
        let Neuron { weights, bias, loss } = self.neuron(&tape, layer, neuron, sample).unwrap();
        let [weights, bias] = loss.grad([weights, bias]);
        (weights.to_vec(), bias.item())
    }

    /// z = w·x + b and a = f(z) of the neuron. What comes after is written as a function of a, the rest of each sum as a number.
    fn neuron<'t>(
        &self,
        tape: &'t Tape<'_>,
        layer: usize,
        neuron: usize,
        sample: usize,
    ) -> Option<Neuron<'t>> {
        let layers = &self.net.layers.layers;
        let (x, y) = (self.points.x.get(sample)?, self.points.y[sample]);
        let units = *self.config.sizes().get(layer + 1)?;
        if neuron >= units {
            return None;
        }
        let seen = Tape::with(&self.params);
        let columns = self.config.inputs;
        let seen_x = matrix(&seen, &inputs(&[*x], columns), columns);
        let seen = self.net.forward(seen_x);
        let from: Vec<f64> = if layer == 0 { seen_x } else { seen.a[layer - 1] }.to_vec();
        let column: Vec<f64> = self
            .params
            .get::<f64>(layers[layer].weight)
            .iter()
            .skip(neuron)
            .step_by(units)
            .copied()
            .collect();
        let many = from.len() > 1;
        // A neuron with one input has a number for a weight, not a vector.
        let x = if many { tape.constant(&from) } else { tape.constant(from[0]) }.named(&if layer == 0 {
            "x".into()
        } else {
            format!("A{layer}")
        });
        let weights = if many { tape.var(&column[..]) } else { tape.var(column[0]) }.named("w");
        let bias = tape.var(self.params.get::<f64>(layers[layer].bias)[neuron]).named("b");
        let product = weights * x;
        let z = (if many { product.sum() } else { product } + bias).named("z");
        let y = tape.constant(y).named("y");
        let loss = match layer + 1 == layers.len() {
            true => self.last(z, y),
            false => self.behind(layer, neuron, &seen.a[layer].to_vec::<f64>(), z, y),
        };
        Some(Neuron { weights, bias, loss: loss.named("L") })
    }

    /// The loss for the z of the output.
    fn last<'t>(&self, z: Var<'t>, y: Var<'t>) -> Var<'t> {
        let head = self.net.head;
        match head {
            Head::Linear => head.loss(z, z, y),
            Head::Sigmoid | Head::CrossEntropy => head.loss(z, head.output(z).named("o"), y),
            // A step has no slope. The rule holds its error constant.
            Head::Step => z.tape().constant((head.output(z) - y).item()).named("e") * z,
        }
    }

    /// The loss for the z of a hidden neuron.
    fn behind<'t>(&self, layer: usize, neuron: usize, others: &[f64], z: Var<'t>, y: Var<'t>) -> Var<'t> {
        let activation = self.net.layers.activation;
        let last = self.net.layers.layers.len() - 1;
        let mut a = activation.apply(z).named("a");
        for l in layer + 1..last {
            let z = if l == layer + 1 { self.joined(l, neuron, others, a) } else { self.summed(l, a) };
            a = activation.apply(z.named(&format!("Z{}", l + 1))).named(&format!("A{}", l + 1));
        }
        let z = if last == layer + 1 { self.joined(last, neuron, others, a) } else { self.summed(last, a) };
        self.last(z.named(&format!("Z{}", last + 1)), y)
    }

    /// The z of a layer as a·v + c: the neuron's own part, and what the others before the layer give.
    fn joined<'t>(&self, layer: usize, neuron: usize, others: &[f64], a: Var<'t>) -> Var<'t> {
        let [weight, bias] = self.values(layer);
        let units = bias.len();
        let part = |j: usize| {
            let all = others.iter().enumerate().filter(|&(i, _)| i != neuron);
            bias[j] + all.map(|(i, a)| a * weight[i * units + j]).sum::<f64>()
        };
        let rest: Vec<f64> = (0..units).map(part).collect();
        a * row(a.tape(), &weight[neuron * units..][..units]).named("v") + row(a.tape(), &rest).named("c")
    }

    /// The z of a layer that sees all neurons before it: A·W + b, or one sum.
    fn summed<'t>(&self, layer: usize, a: Var<'t>) -> Var<'t> {
        let (tape, place) = (a.tape(), layer + 1);
        let [weight, bias] = self.values(layer);
        let product = match (weight.len(), bias.len()) {
            (1, 1) => a * row(tape, weight).named(&format!("w{place}")),
            (_, 1) => (a * row(tape, weight).named(&format!("w{place}"))).sum(),
            (all, units) => {
                let weight = matrix(tape, weight, units).named(&format!("W{place}"));
                a.reshape([1, all / units]).matmul(weight)
            }
        };
        product + row(tape, bias).named(&format!("b{place}"))
    }

    /// Weights and biases of a layer.
    fn values(&self, layer: usize) -> [&[f64]; 2] {
        let layer = self.net.layers.layers[layer];
        [layer.weight, layer.bias].map(|param| self.params.get::<f64>(param))
    }
}

/// A number, or a row of a matrix: a vector would read as so many samples.
fn row<'t>(tape: &'t Tape<'_>, x: &[f64]) -> Var<'t> {
    if x.len() == 1 { tape.constant(x[0]) } else { matrix(tape, x, x.len()) }
}
