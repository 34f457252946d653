//! LARS.

use crate::formula::with;
use crate::{HyperparameterError, Hyperparameters, PerTensor, Range, TensorRule};
use autograd::{Shape, Var};

/// LARS (You, Gitman & Ginsburg 2017, algorithm 1): momentum with a rate for each tensor.
///
/// r = ε·‖p‖/(‖g‖ + λ·‖p‖),  v ← μ·v + η·r·(g + λ·p),  p ← p − v; r = 1 where one of the norms is 0. State: `v`.
///
/// ```
/// use autograd::{Params, Tape};
/// use optim::{Lars, Optimizer};
/// let mut params = Params::f64();
/// let w = params.scope("net").param("w", [2], [3.0, 4.0]);
/// let grads = Tape::with(&params).param(w).square().sum().backward();
/// Lars::new(1.0)?.step(&mut params, &grads)?;
/// assert!((params.get::<f64>(w)[0] - (3.0 - 0.5 * 0.001 * 6.0)).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Lars = PerTensor<LarsRule>;

/// The rule of [`Lars`], with its hyper-parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct LarsRule {
    /// η.
    pub learning_rate: f64,
    /// μ.
    pub momentum: f64,
    /// ε.
    pub trust: f64,
    /// λ.
    pub weight_decay: f64,
}

impl Lars {
    /// With learning rate η, μ = 0.9, ε = 10⁻³, without weight decay.
    ///
    /// # Errors
    /// If η is negative or not finite.
    pub fn new(learning_rate: f64) -> Result<Lars, HyperparameterError> {
        PerTensor::of(LarsRule { learning_rate, momentum: 0.9, trust: 1e-3, weight_decay: 0.0 })
    }
}

with! { Lars {
    /// With another momentum μ.
    momentum(momentum);
    /// With another ε.
    trust(trust);
    /// With weight decay λ.
    weight_decay(weight_decay);
} }

impl TensorRule for LarsRule {
    fn state(&self, shape: &Shape) -> Vec<(&'static str, Shape)> {
        vec![("v", shape.clone())]
    }

    fn coefficients(&self, _t: u64) -> Vec<f64> {
        vec![self.momentum, self.learning_rate, self.trust, self.weight_decay]
    }

    fn update<'t>(
        &self,
        c: &[Var<'t>],
        p: Var<'t>,
        g: Var<'t>,
        state: &[Var<'t>],
    ) -> (Var<'t>, Vec<Var<'t>>) {
        let (of_p, of_g) = (p.norm(), g.norm());
        let usable = (of_p * of_g).gt(0.0);
        let local = usable.select(c[2] * of_p / usable.select(of_g + c[3] * of_p, 1.0), 1.0);
        let v = c[0] * state[0] + c[1] * local * (g + c[3] * p);
        (p - v, vec![v])
    }

    fn hyperparameters(&mut self, each: &mut Hyperparameters<'_>) {
        each("learning_rate", &mut self.learning_rate, Range::NOT_NEGATIVE);
        each("momentum", &mut self.momentum, Range::DECAY);
        each("trust", &mut self.trust, Range::NOT_NEGATIVE);
        each("weight_decay", &mut self.weight_decay, Range::NOT_NEGATIVE);
    }
}
