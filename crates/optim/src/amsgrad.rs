//! AMSGrad.

use crate::formula::{correction, decays, with};
use crate::{Coefficient, Descent, Formula, HyperparameterError, Hyperparameters, Range};
use autograd::{Num, Number};

/// AMSGrad (Reddi, Kale & Kumar 2018, algorithm 2): [`Adam`](crate::Adam) with the largest second average so far.
///
/// m ← β₁·m + (1 − β₁)·g,  v ← β₂·v + (1 − β₂)·g²,  u ← max(u, v),  p ← p − η·m̂/(√û + ε)  with the corrected averages
/// m̂ = m/(1 − β₁ᵗ) and û = u/(1 − β₂ᵗ), as in PyTorch. State: `m`, `v`, `largest`.
///
/// ```
/// use optim::{AmsGrad, Optimizer};
/// let mut point = [3.0];
/// AmsGrad::new(0.1)?.step_point(&mut point, &[6.0])?;
/// assert!((point[0] - 2.9).abs() < 1e-8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type AmsGrad = Descent<AmsGradFormula, 3, 10>;

/// The formula of [`AmsGrad`], with its hyper-parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct AmsGradFormula {
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
    /// Whether the largest average is forgotten at each step.
    pub forgets: bool,
}

impl AmsGrad {
    /// With learning rate η, β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸, without weight decay.
    ///
    /// # Errors
    /// If a hyper-parameter is outside of its range.
    pub fn new(learning_rate: f64) -> Result<AmsGrad, HyperparameterError> {
        Descent::of(AmsGradFormula {
            learning_rate,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
            decoupled: false,
            forgets: false,
        })
    }

    /// With decoupled weight decay: p ← (1 − η·λ)·p, in place of g ← g + λ·p.
    pub fn decoupled(self) -> AmsGrad {
        self.changed(|rule| rule.decoupled = true).expect("no range depends on it")
    }

    /// Without the largest average, which is Adam: for [groups](Descent::group), of which some are AMSGrad's.
    pub fn forgets(self) -> AmsGrad {
        self.changed(|rule| rule.forgets = true).expect("no range depends on it")
    }
}

with! { AmsGrad {
    /// With other decays of the averages.
    betas(beta1, beta2);
    /// With another ε.
    epsilon(epsilon);
    /// With weight decay λ, the gradient of λ/2·‖p‖².
    weight_decay(weight_decay);
} }

impl Formula<3, 10> for AmsGradFormula {
    const STATE: [&'static str; 3] = ["m", "v", "largest"];

    fn coefficients(&self, t: u64) -> [f64; 10] {
        let (rate, spread) =
            (self.learning_rate / correction(self.beta1, t), 1.0 / correction(self.beta2, t));
        let [decay, shrink] = decays(self.weight_decay, self.learning_rate, self.decoupled);
        let kept = if self.forgets { 0.0 } else { 1.0 };
        [
            self.beta1,
            1.0 - self.beta1,
            self.beta2,
            1.0 - self.beta2,
            rate,
            spread,
            self.epsilon,
            decay,
            shrink,
            kept,
        ]
    }

    fn by_step(&self) -> Option<[Coefficient; 10]> {
        let mut c = self.coefficients(1).map(Coefficient::Constant);
        c[4] = Coefficient::Corrected { value: self.learning_rate, decay: self.beta1 };
        c[5] = Coefficient::Corrected { value: 1.0, decay: self.beta2 };
        Some(c)
    }

    #[inline(always)]
    fn update<N: Number>(
        [beta1, rest1, beta2, rest2, rate, spread, epsilon, decay, shrink, kept]: [Num<N>; 10],
        p: Num<N>,
        g: Num<N>,
        [m, v, largest]: [Num<N>; 3],
    ) -> (Num<N>, [Num<N>; 3]) {
        let g = g + decay * p;
        let m = beta1 * m + rest1 * g;
        let v = beta2 * v + rest2 * g.square();
        let largest = (kept * largest).maximum(v);
        (shrink * p - rate * m / ((spread * largest).sqrt() + epsilon), [m, v, largest])
    }

    fn hyperparameters(&mut self, each: &mut Hyperparameters<'_>) {
        each("learning_rate", &mut self.learning_rate, Range::NOT_NEGATIVE);
        each("beta1", &mut self.beta1, Range::DECAY);
        each("beta2", &mut self.beta2, Range::DECAY);
        each("epsilon", &mut self.epsilon, Range::NOT_NEGATIVE);
        each("weight_decay", &mut self.weight_decay, Range::NOT_NEGATIVE);
    }
}
