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

    /// The loss for the z of a hidden neuron: the next layer's Z is a·v + c, where c is what the other neurons give.
    fn behind<'t>(&self, layer: usize, neuron: usize, others: &[f64], z: Var<'t>, y: Var<'t>) -> Var<'t> {
        let (tape, sizes) = (z.tape(), self.config.sizes());
        let layers = &self.net.layers.layers[layer + 1..];
        let values = |param| self.params.get::<f64>(param);
        let mut a = self.net.layers.activation.apply(z).named("a");
        for (l, next) in (layer + 1..).zip(layers) {
            let (units, place) = (sizes[l + 1], l + 1);
            let last = l + 1 == self.net.layers.layers.len();
            let (weight, bias) = (values(next.weight), values(next.bias));
            // Rows of a matrix: a vector would read as so many samples.
            let row = |x: &[f64]| if x.len() == 1 { tape.constant(x[0]) } else { matrix(tape, x, x.len()) };
            let sum = if l == layer + 1 {
                let out = &weight[neuron * units..][..units];
                let rest: Vec<f64> = (0..units)
                    .map(|j| {
                        let all = others.iter().enumerate().filter(|&(i, _)| i != neuron);
                        bias[j] + all.map(|(i, a)| a * weight[i * units + j]).sum::<f64>()
                    })
                    .collect();
                a * row(out).named("v") + row(&rest).named("c")
            } else if units == 1 {
                let product = a * row(weight).named(&format!("w{place}"));
                let sum = if weight.len() == 1 { product } else { product.sum() };
                sum + tape.constant(bias[0]).named(&format!("b{place}"))
            } else {
                let a = a.reshape([1, weight.len() / units]);
                let product = a.matmul(matrix(tape, weight, units).named(&format!("W{place}")));
                product + row(bias).named(&format!("b{place}"))
            };
            let sum = sum.named(&format!("Z{place}"));
            if last {
                return self.last(sum, y);
            }
            a = self.net.layers.activation.apply(sum).named(&format!("A{place}"));
        }
        unreachable!("the last layer returns")
    }
}
