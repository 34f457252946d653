//! Adadelta.

use crate::formula::with;
use crate::{Coefficient, Descent, Formula, HyperparameterError, Hyperparameters, Range};
use autograd::{Num, Number};

/// Adadelta (Zeiler 2012, algorithm 1): steps in the units of the parameters.
///
/// v ← ρ·v + (1 − ρ)·g²,  δ = √(d + ε)/√(v + ε)·g,  d ← ρ·d + (1 − ρ)·δ²,  p ← p − η·δ. With weight decay λ, g ← g + λ·p
/// before all else. State: `v`, `d`.
///
/// ```
/// use optim::{Adadelta, Optimizer};
/// let mut point = [3.0];
/// Adadelta::new(1.0)?.step_point(&mut point, &[6.0])?;
/// assert!((point[0] - (3.0 - (1e-6f64 / 3.6).sqrt() * 6.0)).abs() < 1e-8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Adadelta = Descent<AdadeltaFormula, 2, 5>;

/// The formula of [`Adadelta`], with its hyper-parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct AdadeltaFormula {
    /// η.
    pub learning_rate: f64,
    /// ρ.
    pub rho: f64,
    /// ε.
    pub epsilon: f64,
    /// λ.
    pub weight_decay: f64,
}

impl Adadelta {
    /// With learning rate η (1 in the paper), ρ = 0.9, ε = 10⁻⁶, without weight decay.
    ///
    /// # Errors
    /// If a hyper-parameter is outside of its range.
    pub fn new(learning_rate: f64) -> Result<Adadelta, HyperparameterError> {
        Descent::of(AdadeltaFormula { learning_rate, rho: 0.9, epsilon: 1e-6, weight_decay: 0.0 })
    }
}

with! { Adadelta {
    /// With another decay of the averages.
    rho(rho);
    /// With another ε.
    epsilon(epsilon);
    /// With weight decay λ, the gradient of λ/2·‖p‖².
    weight_decay(weight_decay);
} }

impl Formula<2, 5> for AdadeltaFormula {
    const STATE: [&'static str; 2] = ["v", "d"];

    fn coefficients(&self, _t: u64) -> [f64; 5] {
        [self.learning_rate, self.rho, 1.0 - self.rho, self.epsilon, self.weight_decay]
    }

    fn by_step(&self) -> Option<[Coefficient; 5]> {
        Some(self.coefficients(1).map(Coefficient::Constant))
    }

    #[inline(always)]
    fn update<N: Number>(
        [rate, rho, rest, epsilon, decay]: [Num<N>; 5],
        p: Num<N>,
        g: Num<N>,
        [v, d]: [Num<N>; 2],
    ) -> (Num<N>, [Num<N>; 2]) {
        let g = g + decay * p;
        let v = rho * v + rest * g.square();
        let delta = (d + epsilon).sqrt() / (v + epsilon).sqrt() * g;
        (p - rate * delta, [v, rho * d + rest * delta.square()])
    }

    fn hyperparameters(&mut self, each: &mut Hyperparameters<'_>) {
        each("learning_rate", &mut self.learning_rate, Range::NOT_NEGATIVE);
        each("rho", &mut self.rho, Range::DECAY);
        each("epsilon", &mut self.epsilon, Range::POSITIVE);
        each("weight_decay", &mut self.weight_decay, Range::NOT_NEGATIVE);
    }
}
