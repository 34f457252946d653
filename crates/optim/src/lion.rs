//! Lion.

use crate::formula::with;
use crate::{Coefficient, Descent, Formula, HyperparameterError, Hyperparameters, Range};
use autograd::{Num, Number};

/// Lion (Chen et al. 2023, algorithm 2): the sign of an average.
///
/// p ← p − η·(sign(β₁·m + (1 − β₁)·g) + λ·p),  m ← β₂·m + (1 − β₂)·g. State: `m`.
///
/// ```
/// use optim::{Lion, Optimizer};
/// let mut point = [1.0];
/// Lion::new(0.1)?.step_point(&mut point, &[2.0])?;
/// assert!(point == [0.9]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Lion = Descent<LionFormula, 1, 6>;

/// The formula of [`Lion`], with its hyper-parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct LionFormula {
    /// η.
    pub learning_rate: f64,
    /// β₁.
    pub beta1: f64,
    /// β₂.
    pub beta2: f64,
    /// λ.
    pub weight_decay: f64,
}

impl Lion {
    /// With learning rate η, β₁ = 0.9, β₂ = 0.99, without weight decay.
    ///
    /// # Errors
    /// If a hyper-parameter is outside of its range.
    pub fn new(learning_rate: f64) -> Result<Lion, HyperparameterError> {
        Descent::of(LionFormula { learning_rate, beta1: 0.9, beta2: 0.99, weight_decay: 0.0 })
    }
}

with! { Lion {
    /// With other decays of the averages.
    betas(beta1, beta2);
    /// With decoupled weight decay λ.
    weight_decay(weight_decay);
} }

impl Formula<1, 6> for LionFormula {
    const STATE: [&'static str; 1] = ["m"];

    fn coefficients(&self, _t: u64) -> [f64; 6] {
        [self.learning_rate, self.weight_decay, self.beta1, 1.0 - self.beta1, self.beta2, 1.0 - self.beta2]
    }

    fn by_step(&self) -> Option<[Coefficient; 6]> {
        Some(self.coefficients(1).map(Coefficient::Constant))
    }

    #[inline(always)]
    fn update<N: Number>(
        [rate, decay, beta1, rest1, beta2, rest2]: [Num<N>; 6],
        p: Num<N>,
        g: Num<N>,
        [m]: [Num<N>; 1],
    ) -> (Num<N>, [Num<N>; 1]) {
        let direction = (beta1 * m + rest1 * g).sign();
        (p - rate * (direction + decay * p), [beta2 * m + rest2 * g])
    }

    fn hyperparameters(&mut self, each: &mut Hyperparameters<'_>) {
        each("learning_rate", &mut self.learning_rate, Range::NOT_NEGATIVE);
        each("beta1", &mut self.beta1, Range::DECAY);
        each("beta2", &mut self.beta2, Range::DECAY);
        each("weight_decay", &mut self.weight_decay, Range::NOT_NEGATIVE);
    }
}
