//! NovoGrad.

use crate::formula::with;
use crate::{HyperparameterError, Hyperparameters, PerTensor, Range, TensorRule};
use autograd::{Shape, Var};

/// NovoGrad (Ginsburg et al. 2019, algorithm 1): momentum of gradients that are normalised for each tensor.
///
/// v ← β₂·v + (1 − β₂)·‖g‖² (the first one is ‖g‖²),  m ← β₁·m + g/(√v + ε) + λ·p,  p ← p − η·m. State: `m`, `v`, which is one
/// number for a tensor.
///
/// ```
/// use autograd::{Params, Tape};
/// use optim::{NovoGrad, Optimizer};
/// let mut params = Params::f64();
/// let w = params.scope("net").param("w", [2], [3.0, 4.0]);
/// let grads = Tape::with(&params).param(w).square().sum().backward();
/// NovoGrad::new(0.5)?.step(&mut params, &grads)?;
/// assert!((params.get::<f64>(w)[0] - (3.0 - 0.5 * 0.6)).abs() < 1e-6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type NovoGrad = PerTensor<NovoGradRule>;

/// The rule of [`NovoGrad`], with its hyper-parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct NovoGradRule {
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

impl NovoGrad {
    /// With learning rate η, β₁ = 0.95, β₂ = 0.98, ε = 10⁻⁸, without weight decay.
    ///
    /// # Errors
    /// If η is negative or not finite.
    pub fn new(learning_rate: f64) -> Result<NovoGrad, HyperparameterError> {
        PerTensor::of(NovoGradRule {
            learning_rate,
            beta1: 0.95,
            beta2: 0.98,
            epsilon: 1e-8,
            weight_decay: 0.0,
        })
    }
}

with! { NovoGrad {
    /// With other decays of the averages.
    betas(beta1, beta2);
    /// With another ε.
    epsilon(epsilon);
    /// With weight decay λ.
    weight_decay(weight_decay);
} }

impl TensorRule for NovoGradRule {
    fn state(&self, shape: &Shape) -> Vec<(&'static str, Shape)> {
        vec![("m", shape.clone()), ("v", [].into())]
    }

    fn coefficients(&self, t: u64) -> Vec<f64> {
        let kept = if t == 1 { 0.0 } else { self.beta2 };
        vec![self.beta1, kept, 1.0 - kept, self.epsilon, self.weight_decay, self.learning_rate]
    }

    fn update<'t>(
        &self,
        c: &[Var<'t>],
        p: Var<'t>,
        g: Var<'t>,
        state: &[Var<'t>],
    ) -> (Var<'t>, Vec<Var<'t>>) {
        let v = c[1] * state[1] + c[2] * g.square().sum();
        let m = c[0] * state[0] + g / (v.sqrt() + c[3]) + c[4] * p;
        (p - c[5] * m, vec![m, v])
    }

    fn hyperparameters(&mut self, each: &mut Hyperparameters<'_>) {
        each("learning_rate", &mut self.learning_rate, Range::NOT_NEGATIVE);
        each("beta1", &mut self.beta1, Range::DECAY);
        each("beta2", &mut self.beta2, Range::DECAY);
        each("epsilon", &mut self.epsilon, Range::NOT_NEGATIVE);
        each("weight_decay", &mut self.weight_decay, Range::NOT_NEGATIVE);
    }
}
