//! LAMB.

use crate::formula::{correction, with};
use crate::{HyperparameterError, Hyperparameters, PerTensor, Range, TensorRule};
use autograd::{Shape, Var};

/// LAMB (You et al. 2020, algorithm 2): Adam whose step has the size of the tensor.
///
/// m ← β₁·m + (1 − β₁)·g,  v ← β₂·v + (1 − β₂)·g²,  u = m̂/(√v̂ + ε) + λ·p,  p ← p − η·‖p‖/‖u‖·u  with the corrected averages
/// m̂ = m/(1 − β₁ᵗ) and v̂ = v/(1 − β₂ᵗ), and 1 in place of ‖p‖/‖u‖ where one of the norms is 0. State: `m`, `v`.
///
/// ```
/// use autograd::{Params, Tape};
/// use optim::{Lamb, Optimizer};
/// let mut params = Params::f64();
/// let w = params.scope("net").param("w", [2], [3.0, 4.0]);
/// let grads = Tape::with(&params).param(w).square().sum().backward();
/// Lamb::new(0.1)?.step(&mut params, &grads)?;
/// assert!((params.get::<f64>(w)[0] - (3.0 - 0.1 * 5.0 / 2f64.sqrt())).abs() < 1e-6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Lamb = PerTensor<LambRule>;

/// The rule of [`Lamb`], with its hyper-parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct LambRule {
    /// η.
    pub learning_rate: f64,
    /// β₁.
    pub beta1: f64,
    /// β₂.
    pub beta2: f64,
    /// ε.
    pub epsilon: f64,
    /// λ.
    pub weight_decay: f64,
}

impl Lamb {
    /// With learning rate η, β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁶, without weight decay.
    ///
    /// # Errors
    /// If η is negative or not finite.
    pub fn new(learning_rate: f64) -> Result<Lamb, HyperparameterError> {
        PerTensor::of(LambRule { learning_rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-6, weight_decay: 0.0 })
    }
}

with! { Lamb {
    /// With other decays of the averages.
    betas(beta1, beta2);
    /// With another ε.
    epsilon(epsilon);
    /// With weight decay λ.
    weight_decay(weight_decay);
} }

impl TensorRule for LambRule {
    fn state(&self, shape: &Shape) -> Vec<(&'static str, Shape)> {
        vec![("m", shape.clone()), ("v", shape.clone())]
    }

    fn coefficients(&self, t: u64) -> Vec<f64> {
        let (by_m, by_v) = (1.0 / correction(self.beta1, t), 1.0 / correction(self.beta2, t));
        vec![
            self.beta1,
            1.0 - self.beta1,
            self.beta2,
            1.0 - self.beta2,
            by_m,
            by_v,
            self.epsilon,
            self.weight_decay,
            self.learning_rate,
        ]
    }

    fn update<'t>(
        &self,
        c: &[Var<'t>],
        p: Var<'t>,
        g: Var<'t>,
        state: &[Var<'t>],
    ) -> (Var<'t>, Vec<Var<'t>>) {
        let m = c[0] * state[0] + c[1] * g;
        let v = c[2] * state[1] + c[3] * g.square();
        let u = c[4] * m / ((c[5] * v).sqrt() + c[6]) + c[7] * p;
        let (of_p, of_u) = (p.norm(), u.norm());
        let usable = (of_p * of_u).gt(0.0);
        let trust = usable.select(of_p / usable.select(of_u, 1.0), 1.0);
        (p - c[8] * trust * u, vec![m, v])
    }

    fn hyperparameters(&mut self, each: &mut Hyperparameters<'_>) {
        each("learning_rate", &mut self.learning_rate, Range::NOT_NEGATIVE);
        each("beta1", &mut self.beta1, Range::DECAY);
        each("beta2", &mut self.beta2, Range::DECAY);
        each("epsilon", &mut self.epsilon, Range::NOT_NEGATIVE);
        each("weight_decay", &mut self.weight_decay, Range::NOT_NEGATIVE);
    }
}
