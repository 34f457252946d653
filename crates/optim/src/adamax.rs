//! Adamax.

use crate::formula::{correction, with};
use crate::{Coefficient, Descent, Formula, HyperparameterError, Hyperparameters, Range};
use autograd::{Num, Number};

/// Adamax (Kingma & Ba 2015, algorithm 2): Adam by the largest gradient, which is forgotten slowly.
///
/// m ← β₁·m + (1 − β₁)·g,  u ← max(β₂·u, |g| + ε),  p ← p − η·m̂/u  with m̂ = m/(1 − β₁ᵗ). State: `m`, `u`.
///
/// ```
/// use optim::{Adamax, Optimizer};
/// let mut point = [3.0];
/// Adamax::new(0.1)?.step_point(&mut point, &[6.0])?;
/// assert!((point[0] - 2.9).abs() < 1e-8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Adamax = Descent<AdamaxFormula, 2, 6>;

/// The formula of [`Adamax`], with its hyper-parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct AdamaxFormula {
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

impl Adamax {
    /// With learning rate η, β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸, without weight decay.
    ///
    /// # Errors
    /// If a hyper-parameter is outside of its range.
    pub fn new(learning_rate: f64) -> Result<Adamax, HyperparameterError> {
        Descent::of(AdamaxFormula {
            learning_rate,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
        })
    }
}

with! { Adamax {
    /// With other decays of the averages.
    betas(beta1, beta2);
    /// With another ε.
    epsilon(epsilon);
    /// With weight decay λ, the gradient of λ/2·‖p‖².
    weight_decay(weight_decay);
} }

impl Formula<2, 6> for AdamaxFormula {
    const STATE: [&'static str; 2] = ["m", "u"];

    fn coefficients(&self, t: u64) -> [f64; 6] {
        let rate = self.learning_rate / correction(self.beta1, t);
        [self.beta1, 1.0 - self.beta1, self.beta2, rate, self.epsilon, self.weight_decay]
    }

    fn by_step(&self) -> Option<[Coefficient; 6]> {
        let mut c = self.coefficients(1).map(Coefficient::Constant);
        c[3] = Coefficient::Corrected { value: self.learning_rate, decay: self.beta1 };
        Some(c)
    }

    #[inline(always)]
    fn update<N: Number>(
        [beta1, rest1, beta2, rate, epsilon, decay]: [Num<N>; 6],
        p: Num<N>,
        g: Num<N>,
        [m, u]: [Num<N>; 2],
    ) -> (Num<N>, [Num<N>; 2]) {
        let g = g + decay * p;
        let m = beta1 * m + rest1 * g;
        let u = (beta2 * u).maximum(g.abs() + epsilon);
        (p - rate * m / u, [m, u])
    }

    fn hyperparameters(&mut self, each: &mut Hyperparameters<'_>) {
        each("learning_rate", &mut self.learning_rate, Range::NOT_NEGATIVE);
        each("beta1", &mut self.beta1, Range::DECAY);
        each("beta2", &mut self.beta2, Range::DECAY);
        each("epsilon", &mut self.epsilon, Range::POSITIVE);
        each("weight_decay", &mut self.weight_decay, Range::NOT_NEGATIVE);
    }
}
