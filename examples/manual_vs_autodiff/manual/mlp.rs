//! The notebook's multi-layer perceptron: its true gradient, and the loop that it really runs.
//!
//! The loss whose gradient both follow is `L = Σ (o − y)² / 2m` over the m rows. The loss that the notebook prints is
//! `mean((o − y)²)`, twice as large.

use super::sigmoid::{sigmoid, sigmoid_derivative};

/// One layer, `z = x W + b`.
#[derive(Clone)]
pub(crate) struct Layer {
    /// Weights `[fan_in, fan_out]`, row-major: entry (j, k) is `w[j * fan_out + k]`.
    pub(crate) w: Vec<f64>,
    /// One bias per output.
    pub(crate) b: Vec<f64>,
    /// Length of a row of the input.
    pub(crate) fan_in: usize,
    /// Length of a row of the output.
    pub(crate) fan_out: usize,
}

/// `∂L/∂W` and `∂L/∂b` of one layer, shaped as its `w` and `b`.
#[derive(Clone)]
pub(crate) struct LayerGradient {
    /// The notebook's `dW`.
    pub(crate) dw: Vec<f64>,
    /// The notebook's `db`.
    pub(crate) db: Vec<f64>,
}

/// Gradients of all layers in one row, in the order of [`Mlp::from_flat`].
pub(crate) fn flatten(gradients: &[LayerGradient]) -> Vec<f64> {
    gradients.iter().flat_map(|g| g.dw.iter().chain(&g.db)).copied().collect()
}

/// What the forward pass keeps for the way back.
pub(crate) struct Pass {
    /// The input, then the output of each layer: `activations[i]` is what goes into layer i, `[rows, fan_in]`.
    pub(crate) activations: Vec<Vec<f64>>,
    /// `z_values[i]` is layer i before its activation function, `[rows, fan_out]`.
    pub(crate) z_values: Vec<Vec<f64>>,
}

impl Pass {
    /// Output of the last layer.
    pub(crate) fn output(&self) -> &[f64] {
        &self.activations[self.activations.len() - 1]
    }
}

/// The notebook's network: sigmoid in the hidden layers, a linear output.
#[derive(Clone)]
pub(crate) struct Mlp {
    /// The layers from the input to the output.
    pub(crate) layers: Vec<Layer>,
}

/// The loss that the notebook prints: `mean((o − y)²)`.
pub(crate) fn printed_loss(output: &[f64], y: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (o, y) in output.iter().zip(y) {
        sum += (o - y).powi(2);
    }
    sum / y.len() as f64
}

/// The error of the output, `δ = o − y`: the notebook's first `delta`.
///
/// It is `∂/∂o` of `½ Σ (o − y)²`; the `1/m` of the loss is left to `layer_gradient`, as in the notebook.
fn output_error(pass: &Pass, y: &[f64]) -> Vec<f64> {
    assert_eq!(pass.output().len(), y.len(), "one target for each output");
    pass.output().iter().zip(y).map(|(o, y)| o - y).collect()
}

impl Layer {
    /// `z = x W + b` for all rows of `x`: `z[r, k] = Σ_j x[r, j] w[j, k] + b[k]`.
    fn linear(&self, x: &[f64]) -> Vec<f64> {
        let mut z = Vec::with_capacity(x.len() / self.fan_in * self.fan_out);
        for row in x.chunks_exact(self.fan_in) {
            for k in 0..self.fan_out {
                let mut sum = 0.0;
                for (j, x) in row.iter().enumerate() {
                    sum += x * self.w[j * self.fan_out + k];
                }
                z.push(sum + self.b[k]);
            }
        }
        z
    }

    /// `dW = aᵀ δ / m` and `db = Σ_r δ[r] / m`, where `a` is what went into the layer and δ the error of its z.
    ///
    /// From `z[r, k] = Σ_j a[r, j] w[j, k] + b[k]` come `∂z[r, k]/∂w[j, k] = a[r, j]` and `∂z[r, k]/∂b[k] = 1`, and
    /// every row has its share: `dW[j, k] = Σ_r a[r, j] δ[r, k] / m`.
    fn layer_gradient(&self, a: &[f64], delta: &[f64]) -> LayerGradient {
        let m = (a.len() / self.fan_in) as f64;
        let mut dw = vec![0.0; self.fan_in * self.fan_out];
        let mut db = vec![0.0; self.fan_out];
        for (a_row, delta_row) in a.chunks_exact(self.fan_in).zip(delta.chunks_exact(self.fan_out)) {
            for (k, d) in delta_row.iter().enumerate() {
                for (j, a) in a_row.iter().enumerate() {
                    dw[j * self.fan_out + k] += a * d;
                }
                db[k] += d;
            }
        }
        dw.iter_mut().chain(&mut db).for_each(|g| *g /= m);
        LayerGradient { dw, db }
    }

    /// `δ_below = (δ Wᵀ) ⊙ σ'(z_below)`: the error of this layer's z sent back to the z of the layer below.
    ///
    /// `δ_below[r, j] = Σ_k δ[r, k] w[j, k] · σ'(z_below[r, j])`: input j fed every output k through `w[j, k]`, and
    /// was itself `σ(z_below)`. The true gradient needs the W with which the forward pass was made.
    fn send_back(&self, delta: &[f64], z_below: &[f64]) -> Vec<f64> {
        let mut below = Vec::with_capacity(z_below.len());
        for (delta_row, z_row) in delta.chunks_exact(self.fan_out).zip(z_below.chunks_exact(self.fan_in)) {
            for (j, &z) in z_row.iter().enumerate() {
                let mut sum = 0.0;
                for (k, d) in delta_row.iter().enumerate() {
                    sum += d * self.w[j * self.fan_out + k];
                }
                below.push(sum * sigmoid_derivative(z));
            }
        }
        below
    }

    /// `W −= learning_rate · dW`, `b −= learning_rate · db`.
    fn descend(&mut self, gradient: &LayerGradient, learning_rate: f64) {
        for (w, dw) in self.w.iter_mut().zip(&gradient.dw) {
            *w -= learning_rate * dw;
        }
        for (b, db) in self.b.iter_mut().zip(&gradient.db) {
            *b -= learning_rate * db;
        }
    }
}

impl Mlp {
    /// A network of the given sizes, input first, from all its numbers in one row: w, b, w, b, … of the layers.
    pub(crate) fn from_flat(sizes: &[usize], mut flat: &[f64]) -> Self {
        let mut layers = Vec::new();
        for pair in sizes.windows(2) {
            let (w, rest) = flat.split_at(pair[0] * pair[1]);
            let (b, rest) = rest.split_at(pair[1]);
            layers.push(Layer { w: w.to_vec(), b: b.to_vec(), fan_in: pair[0], fan_out: pair[1] });
            flat = rest;
        }
        Self { layers }
    }

    /// The way back from [`Mlp::from_flat`].
    pub(crate) fn to_flat(&self) -> Vec<f64> {
        self.layers.iter().flat_map(|l| l.w.iter().chain(&l.b)).copied().collect()
    }

    /// `L = Σ (o − y)² / 2m`: half of what the notebook prints.
    pub(crate) fn loss(&self, x: &[f64], y: &[f64]) -> f64 {
        printed_loss(self.forward(x).output(), y) / 2.0
    }

    /// `a_0 = x`, `z_i = a_i W_i + b_i`, `a_(i+1) = σ(z_i)`, and for the last layer `a = z`.
    pub(crate) fn forward(&self, x: &[f64]) -> Pass {
        let mut pass = Pass { activations: vec![x.to_vec()], z_values: Vec::new() };
        for (i, layer) in self.layers.iter().enumerate() {
            let z = layer.linear(&pass.activations[i]);
            let hidden = i < self.layers.len() - 1;
            pass.activations.push(if hidden { z.iter().map(|&z| sigmoid(z)).collect() } else { z.clone() });
            pass.z_values.push(z);
        }
        pass
    }

    /// The true gradient of `Σ (o − y)² / 2m`, in the order of the layers.
    ///
    /// The error travels from the output to the input through the weights of the forward pass:
    ///
    /// ```text
    /// δ_last = o − y          δ_i = (δ_(i+1) W_(i+1)ᵀ) ⊙ σ'(z_i)
    /// dW_i = a_iᵀ δ_i / m     db_i = Σ_r δ_i[r] / m
    /// ```
    pub(crate) fn exact_gradients(&self, pass: &Pass, y: &[f64]) -> Vec<LayerGradient> {
        let last = self.layers.len() - 1;
        let mut delta = output_error(pass, y);
        let mut gradients = Vec::with_capacity(self.layers.len());
        for i in (0..=last).rev() {
            if i < last {
                delta = self.layers[i + 1].send_back(&delta, &pass.z_values[i]);
            }
            gradients.push(self.layers[i].layer_gradient(&pass.activations[i], &delta));
        }
        gradients.reverse();
        gradients
    }

    /// Plain gradient descent: all layers at once, after all gradients are known.
    pub(crate) fn descend(&mut self, gradients: &[LayerGradient], learning_rate: f64) {
        for (layer, gradient) in self.layers.iter_mut().zip(gradients) {
            layer.descend(gradient, learning_rate);
        }
    }

    /// The notebook's `backward` to the letter; returns the `dW` and `db` that it used, in the order of the layers.
    ///
    /// Its loop differs from [`Mlp::exact_gradients`] in one place: `weights[i]` is updated inside the loop, so the next
    /// turn sends the error through `W_(i+1) − learning_rate · dW_(i+1)`, which is not the matrix that made the forward
    /// pass. The last layer has the true gradient; the gradients of the layers below it are off by an amount that grows
    /// with the learning rate and vanishes with it.
    pub(crate) fn literal_step(&mut self, pass: &Pass, y: &[f64], learning_rate: f64) -> Vec<LayerGradient> {
        let last = self.layers.len() - 1;
        let mut delta = output_error(pass, y);
        let mut gradients = Vec::with_capacity(self.layers.len());
        for i in (0..=last).rev() {
            if i < last {
                delta = self.layers[i + 1].send_back(&delta, &pass.z_values[i]);
            }
            let gradient = self.layers[i].layer_gradient(&pass.activations[i], &delta);
            // Too early: the layer below has yet to send its error through these weights.
            self.layers[i].descend(&gradient, learning_rate);
            gradients.push(gradient);
        }
        gradients.reverse();
        gradients
    }
}

#[cfg(test)]
mod tests {
    use super::super::difference::central_difference;
    use super::{Mlp, flatten};

    const SIZES: [usize; 4] = [2, 4, 3, 1];
    const X: [f64; 8] = [0.5, -1.0, 1.5, 0.25, -0.75, 0.0, 2.0, 1.0];
    const Y: [f64; 4] = [0.0, 1.0, 1.0, 0.0];

    fn network(flat: &[f64]) -> Mlp {
        Mlp::from_flat(&SIZES, flat)
    }

    fn parameters() -> Vec<f64> {
        (0..31).map(|i| (1.7 * f64::from(i)).sin()).collect()
    }

    #[test]
    fn flat_and_back() {
        assert_eq!(network(&parameters()).to_flat(), parameters());
    }

    #[test]
    fn exact_gradients_agree_with_the_difference() {
        let mlp = network(&parameters());
        let analytic = flatten(&mlp.exact_gradients(&mlp.forward(&X), &Y));
        let numeric = central_difference(|p| network(p).loss(&X, &Y), &parameters());
        assert_eq!(analytic.len(), numeric.len());
        for (a, n) in analytic.iter().zip(&numeric) {
            assert!((a - n).abs() < 1e-9, "{a} against {n}");
        }
    }

    #[test]
    fn literal_gradients_differ_below_the_last_layer_only() {
        let mut mlp = network(&parameters());
        let pass = mlp.forward(&X);
        let exact = mlp.exact_gradients(&pass, &Y);
        let literal = mlp.literal_step(&pass, &Y, 0.5);
        assert_eq!(flatten(&literal[2..]), flatten(&exact[2..]));
        assert_ne!(literal[1].dw, exact[1].dw);
        assert_ne!(literal[0].dw, exact[0].dw);
    }

    #[test]
    fn literal_gradients_without_a_rate_are_exact() {
        let mut mlp = network(&parameters());
        let pass = mlp.forward(&X);
        let exact = mlp.exact_gradients(&pass, &Y);
        assert_eq!(flatten(&mlp.literal_step(&pass, &Y, 0.0)), flatten(&exact));
    }
}
