//! The notebook's perceptron, and the loss whose gradient its update follows.

/// Weights and bias of one perceptron.
pub(crate) struct Perceptron {
    /// One weight per feature.
    pub(crate) w: Vec<f64>,
    /// The bias.
    pub(crate) b: f64,
}

/// The notebook's activation: 1 if z >= 0, else 0. A score of exactly 0, as the zero start gives, counts as class 1.
pub(crate) fn step(z: f64) -> f64 {
    if z >= 0.0 { 1.0 } else { 0.0 }
}

impl Perceptron {
    /// The notebook's start: zero weights, zero bias.
    pub(crate) fn zeros(features: usize) -> Self {
        Self { w: vec![0.0; features], b: 0.0 }
    }

    /// Weights and then the bias in one row, as `central_difference` varies them.
    pub(crate) fn from_flat(flat: &[f64]) -> Self {
        let (b, w) = flat.split_last().expect("a bias at least");
        Self { w: w.to_vec(), b: *b }
    }

    /// `z = w·x + b`, the products added from the first to the last, each rounded before it is added, then the bias.
    pub(crate) fn score(&self, x: &[f64]) -> f64 {
        let mut sum = 0.0;
        for (w, x) in self.w.iter().zip(x) {
            sum += w * x;
        }
        sum + self.b
    }

    /// `ŷ = step(z)`.
    pub(crate) fn predict(&self, x: &[f64]) -> f64 {
        step(self.score(x))
    }

    /// `L = (step(z) − y) z`: 0 for a sample on its right side, `|z|` for one on the wrong side.
    pub(crate) fn loss(&self, x: &[f64], y: f64) -> f64 {
        let z = self.score(x);
        (step(z) - y) * z
    }

    /// `∂L/∂w` and `∂L/∂b` of one sample, `step(z)` held constant.
    ///
    /// The step is flat on both sides of its jump, so it adds nothing to the derivative:
    /// `∂L/∂z = step(z) − y`, `∂z/∂w = x`, `∂z/∂b = 1`, and therefore
    /// `∂L/∂w = (step(z) − y) x`, `∂L/∂b = step(z) − y`.
    pub(crate) fn gradient(&self, x: &[f64], y: f64) -> (Vec<f64>, f64) {
        let dl_dz = self.predict(x) - y;
        let dl_dw = x.iter().map(|x| dl_dz * x).collect();
        (dl_dw, dl_dz)
    }

    /// Sum of the loss over the rows of `x`.
    pub(crate) fn total_loss(&self, x: &[f64], y: &[f64]) -> f64 {
        x.chunks_exact(self.w.len()).zip(y).map(|(x, &y)| self.loss(x, y)).sum()
    }

    /// Gradient of the sum: the sum of the gradients, weights and then the bias in one row.
    pub(crate) fn total_gradient(&self, x: &[f64], y: &[f64]) -> Vec<f64> {
        let mut total = vec![0.0; self.w.len() + 1];
        for (x, &y) in x.chunks_exact(self.w.len()).zip(y) {
            let (dw, db) = self.gradient(x, y);
            for (sum, d) in total.iter_mut().zip(dw.iter().chain([&db])) {
                *sum += d;
            }
        }
        total
    }

    /// The notebook's update after one sample:
    ///
    /// ```text
    /// update = learning_rate * (y − ŷ);  weights += update * x;  bias += update
    /// ```
    ///
    /// This is `w −= learning_rate · ∂L/∂w` with the sign moved. For labels 0 and 1 it is the same even to the last
    /// bit: `y − ŷ` is −1, 0 or 1, and a product with one of these is not rounded.
    pub(crate) fn update(&mut self, x: &[f64], y: f64, learning_rate: f64) {
        let update = learning_rate * (y - self.predict(x));
        for (w, x) in self.w.iter_mut().zip(x) {
            *w += update * x;
        }
        self.b += update;
    }
}

#[cfg(test)]
mod tests {
    use super::super::difference::central_difference;
    use super::Perceptron;

    #[test]
    fn gradient_agrees_with_the_difference() {
        let x = [0.5, -2.0, 1.25];
        let flat = [0.3, -0.4, 0.1, -0.2];
        let p = Perceptron::from_flat(&flat);
        for y in [0.0, 1.0] {
            let numeric = central_difference(|p| Perceptron::from_flat(p).loss(&x, y), &flat);
            let (mut analytic, db) = p.gradient(&x, y);
            analytic.push(db);
            for (a, n) in analytic.iter().zip(&numeric) {
                assert!((a - n).abs() < 1e-9, "{a} against {n}");
            }
        }
    }

    #[test]
    fn the_gradient_of_the_sum_agrees_with_the_difference() {
        let (x, y) = ([0.5, -2.0, 1.25, 0.75, -0.5, -1.5], [1.0, 1.0, 0.0]);
        let flat = [0.3, -0.4, -0.2];
        let numeric = central_difference(|p| Perceptron::from_flat(p).total_loss(&x, &y), &flat);
        let analytic = Perceptron::from_flat(&flat).total_gradient(&x, &y);
        assert!(analytic.iter().any(|&a| a != 0.0));
        for (a, n) in analytic.iter().zip(&numeric) {
            assert!((a - n).abs() < 1e-9, "{a} against {n}");
        }
    }

    #[test]
    fn update_is_a_step_along_the_gradient() {
        let (x, y, rate) = ([0.7, -1.3], 0.0, 0.01);
        let mut p = Perceptron::zeros(2);
        let (dw, db) = p.gradient(&x, y);
        p.update(&x, y, rate);
        assert_eq!(p.w, [-(rate * dw[0]), -(rate * dw[1])]);
        assert_eq!(p.b, -(rate * db));
    }
}
