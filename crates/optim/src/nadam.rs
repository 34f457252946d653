//! NAdam.

use crate::formula::{correction, decays, with};
use crate::{Descent, Formula, HyperparameterError, Hyperparameters, Range};
use autograd::{Num, Number};

/// NAdam (Dozat 2016, algorithm 2): Adam with Nesterov's look-ahead.
///
/// m ← β₁·m + (1 − β₁)·g,  v ← β₂·v + (1 − β₂)·g²,
/// p ← p − η·((1 − μₜ)/(1 − Πₜ)·g + μₜ₊₁/(1 − Πₜ₊₁)·m)/(√v̂ + ε)  with v̂ = v/(1 − β₂ᵗ),
/// μₜ = β₁·(1 − ½·0.96^(ψ·t)) and Πₜ = μ₁·…·μₜ. State: `m`, `v`.
///
/// ```
/// use optim::{NAdam, Optimizer};
/// let mut point = [3.0];
/// NAdam::new(0.1)?.step_point(&mut point, &[6.0])?;
/// assert!(point[0] < 2.9 && point[0] > 2.8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type NAdam = Descent<NAdamFormula, 2, 10>;

/// The formula of [`NAdam`], with its hyper-parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct NAdamFormula {
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
    /// ψ.
    pub momentum_decay: f64,
    /// Whether λ acts on p itself and not on the gradient.
    pub decoupled: bool,
}

impl NAdam {
    /// With learning rate η, β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸, ψ = 0.004, without weight decay.
    ///
    /// # Errors
    /// If a hyper-parameter is outside of its range.
    pub fn new(learning_rate: f64) -> Result<NAdam, HyperparameterError> {
        Descent::of(NAdamFormula {
            learning_rate,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
            momentum_decay: 0.004,
            decoupled: false,
        })
    }

    /// With decoupled weight decay: p ← (1 − η·λ)·p, in place of g ← g + λ·p.
    pub fn decoupled(self) -> NAdam {
        self.changed(|rule| rule.decoupled = true).expect("no range depends on it")
    }
}

with! { NAdam {
    /// With other decays of the averages.
    betas(beta1, beta2);
    /// With another ε.
    epsilon(epsilon);
    /// With weight decay λ, the gradient of λ/2·‖p‖².
    weight_decay(weight_decay);
    /// With another ψ.
    momentum_decay(momentum_decay);
} }

impl NAdamFormula {
    /// μₜ.
    fn momentum_at(&self, t: u64) -> f64 {
        self.beta1 * (1.0 - 0.5 * 0.96f64.powf(t as f64 * self.momentum_decay))
    }

    /// Πₜ, the product of all momenta up to step `t`. One that makes no difference to 1 − Πₜ is 0.
    pub fn momentum_product(&self, t: u64) -> f64 {
        const NONE: f64 = f64::EPSILON / 8.0;
        // No momentum is above β₁, so after some hundred steps there is nothing to multiply.
        if self.beta1.powf(t as f64) < NONE {
            return 0.0;
        }
        let product = (1..=t).fold(1.0, |product, k| product * self.momentum_at(k));
        if product < NONE { 0.0 } else { product }
    }
}

impl Formula<2, 10> for NAdamFormula {
    const STATE: [&'static str; 2] = ["m", "v"];

    fn coefficients(&self, t: u64) -> [f64; 10] {
        let (rate, next) = (self.learning_rate, self.momentum_at(t + 1));
        let product = self.momentum_product(t);
        let by_gradient = rate * (1.0 - self.momentum_at(t)) / (1.0 - product);
        let by_average = rate * next / (1.0 - product * next);
        let [decay, shrink] = decays(self.weight_decay, rate, self.decoupled);
        let spread = 1.0 / correction(self.beta2, t);
        [
            self.beta1,
            1.0 - self.beta1,
            self.beta2,
            1.0 - self.beta2,
            by_gradient,
            by_average,
            spread,
            self.epsilon,
            decay,
            shrink,
        ]
    }

    #[inline(always)]
    fn update<N: Number>(
        [beta1, rest1, beta2, rest2, by_gradient, by_average, spread, epsilon, decay, shrink]: [Num<N>; 10],
        p: Num<N>,
        g: Num<N>,
        [m, v]: [Num<N>; 2],
    ) -> (Num<N>, [Num<N>; 2]) {
        let g = g + decay * p;
        let m = beta1 * m + rest1 * g;
        let v = beta2 * v + rest2 * g.square();
        (shrink * p - (by_gradient * g + by_average * m) / ((spread * v).sqrt() + epsilon), [m, v])
    }

    fn hyperparameters(&mut self, each: &mut Hyperparameters<'_>) {
        each("learning_rate", &mut self.learning_rate, Range::NOT_NEGATIVE);
        each("beta1", &mut self.beta1, Range::DECAY);
        each("beta2", &mut self.beta2, Range::DECAY);
        each("epsilon", &mut self.epsilon, Range::NOT_NEGATIVE);
        each("weight_decay", &mut self.weight_decay, Range::NOT_NEGATIVE);
        each("momentum_decay", &mut self.momentum_decay, Range::NOT_NEGATIVE);
    }
}
