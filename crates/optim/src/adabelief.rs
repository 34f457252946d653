//! AdaBelief.

use crate::formula::{correction, with};
use crate::{Coefficient, Descent, Formula, HyperparameterError, Hyperparameters, Range};
use autograd::{Num, Number};

/// AdaBelief (Zhuang et al. 2020, algorithm 2): Adam by how far gradients are from their average.
///
/// m ← β₁·m + (1 − β₁)·g,  s ← β₂·s + (1 − β₂)·(g − m)² + ε,  p ← (1 − η·λ)·p − η·m̂/(√ŝ + ε)  with m̂ = m/(1 − β₁ᵗ) and
/// ŝ = s/(1 − β₂ᵗ). State: `m`, `s`.
///
/// ```
/// use optim::{AdaBelief, Optimizer};
/// let mut point = [3.0];
/// AdaBelief::new(0.1)?.step_point(&mut point, &[6.0])?;
/// assert!((point[0] - (3.0 - 0.1 * 6.0 / 5.4)).abs() < 1e-8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type AdaBelief = Descent<AdaBeliefFormula, 2, 8>;

/// The formula of [`AdaBelief`], with its hyper-parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct AdaBeliefFormula {
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

impl AdaBelief {
    /// With learning rate η, β₁ = 0.9, β₂ = 0.999, ε = 10⁻¹⁶, without weight decay.
    ///
    /// # Errors
    /// If a hyper-parameter is outside of its range.
    pub fn new(learning_rate: f64) -> Result<AdaBelief, HyperparameterError> {
        Descent::of(AdaBeliefFormula {
            learning_rate,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-16,
            weight_decay: 0.0,
        })
    }
}

with! { AdaBelief {
    /// With other decays of the averages.
    betas(beta1, beta2);
    /// With another ε.
    epsilon(epsilon);
    /// With decoupled weight decay λ.
    weight_decay(weight_decay);
} }

impl Formula<2, 8> for AdaBeliefFormula {
    const STATE: [&'static str; 2] = ["m", "s"];

    fn coefficients(&self, t: u64) -> [f64; 8] {
        let (rate, spread) =
            (self.learning_rate / correction(self.beta1, t), 1.0 / correction(self.beta2, t));
        [
            self.beta1,
            1.0 - self.beta1,
            self.beta2,
            1.0 - self.beta2,
            rate,
            spread,
            self.epsilon,
            1.0 - self.learning_rate * self.weight_decay,
        ]
    }

    fn by_step(&self) -> Option<[Coefficient; 8]> {
        let mut c = self.coefficients(1).map(Coefficient::Constant);
        c[4] = Coefficient::Corrected { value: self.learning_rate, decay: self.beta1 };
        c[5] = Coefficient::Corrected { value: 1.0, decay: self.beta2 };
        Some(c)
    }

    #[inline(always)]
    fn update<N: Number>(
        [beta1, rest1, beta2, rest2, rate, spread, epsilon, shrink]: [Num<N>; 8],
        p: Num<N>,
        g: Num<N>,
        [m, s]: [Num<N>; 2],
    ) -> (Num<N>, [Num<N>; 2]) {
        let m = beta1 * m + rest1 * g;
        let s = beta2 * s + rest2 * (g - m).square() + epsilon;
        (shrink * p - rate * m / ((spread * s).sqrt() + epsilon), [m, s])
    }

    fn hyperparameters(&mut self, each: &mut Hyperparameters<'_>) {
        each("learning_rate", &mut self.learning_rate, Range::NOT_NEGATIVE);
        each("beta1", &mut self.beta1, Range::DECAY);
        each("beta2", &mut self.beta2, Range::DECAY);
        each("epsilon", &mut self.epsilon, Range::POSITIVE);
        each("weight_decay", &mut self.weight_decay, Range::NOT_NEGATIVE);
    }
}
