//! Muon.

use crate::formula::with;
use crate::{HyperparameterError, Hyperparameters, PerTensor, Range, TensorRule};
use autograd::{Shape, Var};

/// Muon (Jordan et al. 2024): momentum of matrices, made nearly orthogonal.
///
/// m ← μ·m + (1 − μ)·g,  u = μ·m + (1 − μ)·g (or m, without look-ahead),  p ← (1 − η·λ)·p − η·a·O(u), where O takes five
/// Newton–Schulz steps X ← 3.4445·X + (−4.775·Q + 2.0315·Q²)·X with Q = X·Xᵀ from X = u/‖u‖, and a = √max(1, rows/columns).
/// A tensor of more axes is a matrix whose rows are along its first one. State: `m`.
///
/// A step refuses parameters that are no matrices: give them to another optimiser.
///
/// ```
/// use autograd::{Params, Tape};
/// use optim::{Muon, Optimizer};
/// let mut params = Params::f64();
/// let w = params.scope("net").param("w", [2, 2], [3.0, 0.0, 0.0, 4.0]);
/// let grads = Tape::with(&params).param(w).square().sum().backward();
/// Muon::new(0.5)?.weight_decay(0.0)?.step(&mut params, &grads)?;
/// // All singular values of the step are near η.
/// let p = params.get::<f64>(w);
/// assert!((p[0] - 3.0 + 0.5).abs() < 0.2 && (p[3] - 4.0 + 0.5).abs() < 0.2 && p[1].abs() < 1e-9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Muon = PerTensor<MuonRule>;

/// The rule of [`Muon`], with its hyper-parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct MuonRule {
    /// η.
    pub learning_rate: f64,
    /// μ.
    pub momentum: f64,
    /// λ.
    pub weight_decay: f64,
    /// ε.
    pub epsilon: f64,
    /// Whether the step looks ahead.
    pub nesterov: bool,
    /// Whether a = 0.2·√max(rows, columns), which makes steps as large as AdamW's (Liu et al. 2025, equation 4).
    pub matches_adam: bool,
    /// The number of Newton–Schulz steps.
    pub steps: usize,
    /// The coefficients of X, Q·X and Q²·X.
    pub polynomial: [f64; 3],
}

impl Muon {
    /// With learning rate η, μ = 0.95 and look-ahead, λ = 0.1.
    ///
    /// # Errors
    /// If η is negative or not finite.
    pub fn new(learning_rate: f64) -> Result<Muon, HyperparameterError> {
        PerTensor::of(MuonRule {
            learning_rate,
            momentum: 0.95,
            weight_decay: 0.1,
            epsilon: 1e-7,
            nesterov: true,
            matches_adam: false,
            steps: 5,
            polynomial: POLYNOMIAL,
        })
    }

    /// Without look-ahead.
    pub fn plain(self) -> Muon {
        self.changed(|rule| rule.nesterov = false).expect("no range depends on it")
    }

    /// With other Newton–Schulz steps: their number, and the coefficients of X, Q·X and Q²·X.
    pub fn orthogonalised(self, steps: usize, polynomial: [f64; 3]) -> Muon {
        self.changed(|rule| (rule.steps, rule.polynomial) = (steps, polynomial))
            .expect("no range depends on it")
    }

    /// With a = 0.2·√max(rows, columns), which makes steps as large as AdamW's (Liu et al. 2025, equation 4).
    pub fn matching_adam(self) -> Muon {
        self.changed(|rule| rule.matches_adam = true).expect("no range depends on it")
    }
}

with! { Muon {
    /// With another momentum μ.
    momentum(momentum);
    /// With weight decay λ.
    weight_decay(weight_decay);
    /// With another least norm that u is divided by.
    epsilon(epsilon);
} }

/// That of Jordan et al., which brings singular values near 1 fast, and not to 1.
const POLYNOMIAL: [f64; 3] = [3.4445, -4.775, 2.0315];

impl MuonRule {
    /// A matrix with the same singular vectors, and singular values near 1.
    fn orthogonal<'t>(&self, u: Var<'t>, epsilon: Var<'t>) -> Var<'t> {
        let shape = u.shape();
        let tall = shape[0] > shape[1];
        let [a, b, c] = self.polynomial;
        let mut x = if tall { u.t() } else { u } / u.norm().maximum(epsilon);
        for _ in 0..self.steps {
            let q = x.matmul(x.t());
            x = a * x + (b * q + c * q.matmul(q)).matmul(x);
        }
        if tall { x.t() } else { x }
    }
}

impl TensorRule for MuonRule {
    fn accepts(&self, shape: &Shape) -> Result<(), String> {
        if shape.len() < 2 {
            return Err(format!("Muon updates matrices, and the shape is {shape}"));
        }
        Ok(())
    }

    fn state(&self, shape: &Shape) -> Vec<(&'static str, Shape)> {
        vec![("m", shape.clone())]
    }

    fn coefficients(&self, _t: u64) -> Vec<f64> {
        let shrink = 1.0 - self.learning_rate * self.weight_decay;
        vec![self.momentum, 1.0 - self.momentum, self.learning_rate, shrink, self.epsilon]
    }

    fn update<'t>(
        &self,
        c: &[Var<'t>],
        p: Var<'t>,
        g: Var<'t>,
        state: &[Var<'t>],
    ) -> (Var<'t>, Vec<Var<'t>>) {
        let m = c[0] * state[0] + c[1] * g;
        let u = if self.nesterov { c[0] * m + c[1] * g } else { m };
        let shape = p.shape();
        let (rows, columns) = (shape[0], shape[1..].iter().product::<usize>());
        let u = self.orthogonal(u.reshape([rows, columns]), c[4]).reshape(shape);
        let (rows, columns) = (rows as f64, columns as f64);
        let scale =
            if self.matches_adam { 0.2 * rows.max(columns).sqrt() } else { (rows / columns).max(1.0).sqrt() };
        (c[3] * p - c[2] * scale * u, vec![m])
    }

    fn hyperparameters(&mut self, each: &mut Hyperparameters<'_>) {
        each("learning_rate", &mut self.learning_rate, Range::NOT_NEGATIVE);
        each("momentum", &mut self.momentum, Range::DECAY);
        each("weight_decay", &mut self.weight_decay, Range::NOT_NEGATIVE);
        each("epsilon", &mut self.epsilon, Range::NOT_NEGATIVE);
    }
}
