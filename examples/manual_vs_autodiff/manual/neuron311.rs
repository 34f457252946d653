//! The 3-1-1 paper: one sigmoid neuron on three inputs, and the same with a neuron of its own for the output.

use super::sigmoid::sigmoid;

/// One neuron on three inputs.
#[derive(Clone, Copy)]
pub(crate) struct Neuron {
    /// The weights, a vector of 3.
    ///
    /// The paper has a 3×1 matrix, which its update would broadcast to 3×3 as soon as x is a vector of 3.
    pub(crate) w: [f64; 3],
    /// The bias.
    pub(crate) b: f64,
}

/// `L = ½ (A − Y)²`: equation (4). While it trains, the paper prints `(A − Y)²`, twice this.
pub(crate) fn loss(a: f64, y: f64) -> f64 {
    0.5 * (a - y).powi(2)
}

impl Neuron {
    /// The weights and then the bias in one row, as `central_difference` varies them.
    pub(crate) fn from_flat(p: &[f64]) -> Self {
        Self { w: [p[0], p[1], p[2]], b: p[3] }
    }

    /// The way back from [`Neuron::from_flat`].
    pub(crate) fn to_flat(self) -> [f64; 4] {
        let [w0, w1, w2] = self.w;
        [w0, w1, w2, self.b]
    }

    /// `Z = W·X + b` (2), `A = σ(Z)` (3); gives A, which is all that the derivatives need.
    pub(crate) fn forward(&self, x: [f64; 3]) -> f64 {
        let z = self.w[0] * x[0] + self.w[1] * x[1] + self.w[2] * x[2] + self.b;
        sigmoid(z)
    }

    /// `∂L/∂W` and `∂L/∂b` for one sample, from the activation A of its forward pass.
    ///
    /// With `∂L/∂A = A − Y` (9), `∂A/∂Z = A (1 − A)` (13), `∂Z/∂W = X` (18) and `∂Z/∂b = 1` (23), the chain rule gives
    ///
    /// ```text
    /// ∂L/∂W = (A − Y) · A (1 − A) · X      (24)
    /// ∂L/∂b = (A − Y) · A (1 − A)          (25)
    /// ```
    pub(crate) fn gradient(a: f64, x: [f64; 3], y: f64) -> ([f64; 3], f64) {
        let dl_dw = x.map(|x| (a - y) * a * (1.0 - a) * x);
        let dl_db = (a - y) * a * (1.0 - a);
        (dl_dw, dl_db)
    }

    /// `W = W − η ∂L/∂W` (26), `b = b − η ∂L/∂b` (27).
    pub(crate) fn descend(&mut self, dl_dw: [f64; 3], dl_db: f64, learning_rate: f64) {
        for (w, dw) in self.w.iter_mut().zip(dl_dw) {
            *w -= learning_rate * dw;
        }
        self.b -= learning_rate * dl_db;
    }
}

/// The layers that the paper lists, each with a neuron of its own: three inputs, a hidden neuron, an output neuron.
#[derive(Clone, Copy)]
pub(crate) struct TwoLayer {
    /// The hidden neuron: `w1`, `b1`.
    pub(crate) hidden: Neuron,
    /// Weight of the output neuron.
    pub(crate) w2: f64,
    /// Bias of the output neuron.
    pub(crate) b2: f64,
}

/// Gradient of the two-layer network's mean loss.
#[derive(Clone, Copy, Default)]
pub(crate) struct TwoLayerGradient {
    /// `∂L/∂W1`.
    pub(crate) dw1: [f64; 3],
    /// `∂L/∂b1`.
    pub(crate) db1: f64,
    /// `∂L/∂W2`.
    pub(crate) dw2: f64,
    /// `∂L/∂b2`.
    pub(crate) db2: f64,
}

impl TwoLayerGradient {
    /// In the order of [`TwoLayer::from_flat`].
    pub(crate) fn to_flat(self) -> [f64; 6] {
        let [w0, w1, w2] = self.dw1;
        [w0, w1, w2, self.db1, self.dw2, self.db2]
    }
}

impl TwoLayer {
    /// `w1`, `b1`, `w2`, `b2` in one row, as `central_difference` varies them.
    pub(crate) fn from_flat(p: &[f64]) -> Self {
        Self { hidden: Neuron::from_flat(p), w2: p[4], b2: p[5] }
    }

    /// The way back from [`TwoLayer::from_flat`].
    pub(crate) fn to_flat(self) -> [f64; 6] {
        let [w0, w1, w2, b] = self.hidden.to_flat();
        [w0, w1, w2, b, self.w2, self.b2]
    }

    /// Equations (2) and (3) twice: `A1 = σ(W1·X + b1)`, then `A2 = σ(W2 A1 + b2)`; gives both.
    pub(crate) fn forward(&self, x: [f64; 3]) -> (f64, f64) {
        let a1 = self.hidden.forward(x);
        (a1, sigmoid(self.w2 * a1 + self.b2))
    }

    /// Mean of equation (4) over the n rows: `L = 1/n Σ ½ (A2 − Y)²`.
    pub(crate) fn loss(&self, rows: &[[f64; 3]], targets: &[f64]) -> f64 {
        let mut sum = 0.0;
        for (&x, &y) in rows.iter().zip(targets) {
            let (_, a2) = self.forward(x);
            sum += loss(a2, y);
        }
        sum / rows.len() as f64
    }

    /// Gradient of the mean loss over all rows, n = 1 included.
    ///
    /// The factors of (24) and (25) once for the output neuron, whose input is `A1`, and once more for the hidden one,
    /// which the error reaches through `∂Z2/∂A1 = W2`. For each row
    ///
    /// ```text
    /// δ2 = (A2 − Y) · A2 (1 − A2)          ∂L/∂W2 = δ2 · A1      ∂L/∂b2 = δ2
    /// δ1 = δ2 · W2 · A1 (1 − A1)           ∂L/∂W1 = δ1 · X       ∂L/∂b1 = δ1
    /// ```
    ///
    /// and the mean of the rows is the gradient of the mean.
    pub(crate) fn gradient(&self, rows: &[[f64; 3]], targets: &[f64]) -> TwoLayerGradient {
        let n = rows.len() as f64;
        let mut sum = TwoLayerGradient::default();
        for (&x, &y) in rows.iter().zip(targets) {
            let (a1, a2) = self.forward(x);

            let delta2 = (a2 - y) * a2 * (1.0 - a2);
            sum.dw2 += delta2 * a1;
            sum.db2 += delta2;

            let delta1 = delta2 * self.w2 * a1 * (1.0 - a1);
            for (dw1, x) in sum.dw1.iter_mut().zip(x) {
                *dw1 += delta1 * x;
            }
            sum.db1 += delta1;
        }
        TwoLayerGradient {
            dw1: sum.dw1.map(|dw1| dw1 / n),
            db1: sum.db1 / n,
            dw2: sum.dw2 / n,
            db2: sum.db2 / n,
        }
    }

    /// Equations (26) and (27) for both neurons.
    pub(crate) fn descend(&mut self, gradient: &TwoLayerGradient, learning_rate: f64) {
        self.hidden.descend(gradient.dw1, gradient.db1, learning_rate);
        self.w2 -= learning_rate * gradient.dw2;
        self.b2 -= learning_rate * gradient.db2;
    }
}

#[cfg(test)]
mod tests {
    use super::super::difference::central_difference;
    use super::{Neuron, TwoLayer, loss};

    fn assert_close(analytic: &[f64], numeric: &[f64]) {
        assert_eq!(analytic.len(), numeric.len());
        for (a, n) in analytic.iter().zip(numeric) {
            assert!((a - n).abs() < 1e-9, "{a} against {n}");
        }
    }

    #[test]
    fn one_neuron() {
        let (p, x, y) = ([0.4, -0.9, 0.2, 0.1], [1.0, 0.5, -2.0], 1.0);
        let (dw, db) = Neuron::gradient(Neuron::from_flat(&p).forward(x), x, y);
        let numeric = central_difference(|p| loss(Neuron::from_flat(p).forward(x), y), &p);
        assert_close(&[dw[0], dw[1], dw[2], db], &numeric);
    }

    #[test]
    fn two_layers_on_one_row_and_on_three() {
        let p = [0.4, -0.9, 0.2, 0.1, -1.3, 0.6];
        let rows = [[1.0, 0.5, -2.0], [-0.3, 1.2, 0.8], [0.0, -0.7, 2.5]];
        let targets = [1.0, 0.0, 0.25];
        for n in [1, 3] {
            let (rows, targets) = (&rows[..n], &targets[..n]);
            let g = TwoLayer::from_flat(&p).gradient(rows, targets);
            let numeric = central_difference(|p| TwoLayer::from_flat(p).loss(rows, targets), &p);
            assert_close(&g.to_flat(), &numeric);
        }
    }
}
