//! RAdam.

use crate::formula::{correction, decays, with};
use crate::{Descent, Formula, HyperparameterError, Hyperparameters, Range};
use autograd::{Num, Number};

/// RAdam (Liu et al. 2020, algorithm 2): Adam whose step is rectified while its second average is of few gradients.
///
/// m ← β₁·m + (1 − β₁)·g,  v ← β₂·v + (1 − β₂)·g²,  p ← p − η·r·m̂·√(1 − β₂ᵗ)/(√v + ε)  if ρ > 5, else p ← p − η·m̂,
/// with ρ∞ = 2/(1 − β₂) − 1, ρ = ρ∞ − 2·t·β₂ᵗ/(1 − β₂ᵗ), r² = (ρ − 4)(ρ − 2)ρ∞/((ρ∞ − 4)(ρ∞ − 2)ρ). State: `m`, `v`.
///
/// ```
/// use optim::{Optimizer, RAdam};
/// let mut point = [3.0];
/// RAdam::new(0.1)?.step_point(&mut point, &[6.0])?;
/// assert!((point[0] - 2.4).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type RAdam = Descent<RAdamFormula, 2, 10>;

/// The formula of [`RAdam`], with its hyper-parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct RAdamFormula {
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
    /// Whether λ acts on p itself and not on the gradient.
    pub decoupled: bool,
}

impl RAdam {
    /// With learning rate η, β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸, without weight decay.
    ///
    /// # Errors
    /// If a hyper-parameter is outside of its range.
    pub fn new(learning_rate: f64) -> Result<RAdam, HyperparameterError> {
        Descent::of(RAdamFormula {
            learning_rate,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
            decoupled: false,
        })
    }

    /// With decoupled weight decay: p ← (1 − η·λ)·p, in place of g ← g + λ·p.
    pub fn decoupled(self) -> RAdam {
        self.changed(|rule| rule.decoupled = true).expect("no range depends on it")
    }
}

with! { RAdam {
    /// With other decays of the averages.
    betas(beta1, beta2);
    /// With another ε.
    epsilon(epsilon);
    /// With weight decay λ, the gradient of λ/2·‖p‖².
    weight_decay(weight_decay);
} }

impl RAdamFormula {
    /// What the step is multiplied by: (1, 0) while it is plain, then (0, r·√(1 − β₂ᵗ)).
    fn rectification(&self, t: u64) -> [f64; 2] {
        let corrected = correction(self.beta2, t);
        let all = 2.0 / (1.0 - self.beta2) - 1.0;
        let length = all - 2.0 * t as f64 * (1.0 - corrected) / corrected;
        if length <= 5.0 {
            return [1.0, 0.0];
        }
        let ratio = (length - 4.0) * (length - 2.0) * all / ((all - 4.0) * (all - 2.0) * length);
        [0.0, (ratio * corrected).sqrt()]
    }
}

impl Formula<2, 10> for RAdamFormula {
    const STATE: [&'static str; 2] = ["m", "v"];

    fn coefficients(&self, t: u64) -> [f64; 10] {
        let rate = self.learning_rate / correction(self.beta1, t);
        let [plain, rectified] = self.rectification(t);
        let [decay, shrink] = decays(self.weight_decay, self.learning_rate, self.decoupled);
        [
            self.beta1,
            1.0 - self.beta1,
            self.beta2,
            1.0 - self.beta2,
            rate,
            plain,
            rectified,
            self.epsilon,
            decay,
            shrink,
        ]
    }

    #[inline(always)]
    fn update<N: Number>(
        [beta1, rest1, beta2, rest2, rate, plain, rectified, epsilon, decay, shrink]: [Num<N>; 10],
        p: Num<N>,
        g: Num<N>,
        [m, v]: [Num<N>; 2],
    ) -> (Num<N>, [Num<N>; 2]) {
        let g = g + decay * p;
        let m = beta1 * m + rest1 * g;
        let v = beta2 * v + rest2 * g.square();
        (shrink * p - rate * m * (plain + rectified / (v.sqrt() + epsilon)), [m, v])
    }

    fn hyperparameters(&mut self, each: &mut Hyperparameters<'_>) {
        each("learning_rate", &mut self.learning_rate, Range::NOT_NEGATIVE);
        each("beta1", &mut self.beta1, Range::DECAY);
        each("beta2", &mut self.beta2, Range::DECAY);
        each("epsilon", &mut self.epsilon, Range::NOT_NEGATIVE);
        each("weight_decay", &mut self.weight_decay, Range::NOT_NEGATIVE);
    }
}
