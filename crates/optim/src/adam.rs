//! Adam and AdamW.

use crate::formula::{correction, decays, with};
use crate::{Coefficient, Descent, Formula, HyperparameterError, Hyperparameters, Range};
use autograd::{Num, Number};

/// Adam (Kingma & Ba 2015, algorithm 1).
///
/// m ← β₁·m + (1 − β₁)·g,  v ← β₂·v + (1 − β₂)·g²,  p ← p − η·m̂/(√v̂ + ε)  with the corrected averages
/// m̂ = m/(1 − β₁ᵗ) and v̂ = v/(1 − β₂ᵗ). With weight decay λ, g ← g + λ·p before all else.
///
/// Each parameter tensor has its own t. It advances in each step in which the tensor has a gradient. State: `m`, `v`. A
/// gradient whose square overflows is refused: from about 1.8·10¹⁹ in F32, 1.3·10¹⁵⁴ in F64, divided by √(1 − β₂).
///
/// ```
/// use optim::{Adam, Optimizer};
/// let mut point = [3.0, -2.0];
/// Adam::new(0.1)?.step_point(&mut point, &[6.0, -4.0])?;
/// assert!((point[0] - 2.9).abs() < 1e-8 && (point[1] + 1.9).abs() < 1e-8); // the first step is ±η
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Adam = Descent<AdamFormula<false>, 2, 9>;

/// [`Adam`] with decoupled weight decay (Loshchilov & Hutter 2019, algorithm 2), p ← (1 − η·λ)·p − η·m̂/(√v̂ + ε).
///
/// ```
/// use optim::{AdamW, Optimizer};
/// let mut point = [2.0];
/// AdamW::new(0.1)?.weight_decay(0.5)?.step_point(&mut point, &[6.0])?;
/// assert!((point[0] - (0.95 * 2.0 - 0.1)).abs() < 1e-8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type AdamW = Descent<AdamFormula<true>, 2, 9>;

/// The formula of [`Adam`] and of [`AdamW`], whose weight decay is `DECOUPLED`, with its hyper-parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct AdamFormula<const DECOUPLED: bool> {
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

impl<const DECOUPLED: bool> AdamFormula<DECOUPLED> {
    /// With the paper's other hyper-parameters.
    fn of(learning_rate: f64, weight_decay: f64) -> Self {
        AdamFormula { learning_rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay }
    }
}

impl Adam {
    /// With learning rate η and the paper's β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸, without weight decay.
    ///
    /// # Errors
    /// If η is negative or not finite.
    pub fn new(learning_rate: f64) -> Result<Adam, HyperparameterError> {
        Descent::of(AdamFormula::of(learning_rate, 0.0))
    }
}

impl AdamW {
    /// With learning rate η, the paper's β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸, and λ = 0.01.
    ///
    /// # Errors
    /// If η is negative or not finite.
    pub fn new(learning_rate: f64) -> Result<AdamW, HyperparameterError> {
        Descent::of(AdamFormula::of(learning_rate, 0.01))
    }
}

with! { Adam {
    /// With other decays of the averages.
    betas(beta1, beta2);
    /// With another ε.
    epsilon(epsilon);
    /// With weight decay λ, the gradient of λ/2·‖p‖²; [`AdamW`] keeps it out of the averages.
    weight_decay(weight_decay);
} }

with! { AdamW {
    /// With other decays of the averages.
    betas(beta1, beta2);
    /// With another ε.
    epsilon(epsilon);
    /// With another λ.
    weight_decay(weight_decay);
} }

impl<const DECOUPLED: bool> Formula<2, 9> for AdamFormula<DECOUPLED> {
    const STATE: [&'static str; 2] = ["m", "v"];

    fn coefficients(&self, t: u64) -> [f64; 9] {
        // The corrections are the same for all elements, so that each element takes one division only.
        let (rate, spread) =
            (self.learning_rate / correction(self.beta1, t), 1.0 / correction(self.beta2, t));
        let [decay, shrink] = decays(self.weight_decay, self.learning_rate, DECOUPLED);
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
        ]
    }

    fn by_step(&self) -> Option<[Coefficient; 9]> {
        let mut c = self.coefficients(1).map(Coefficient::Constant);
        c[4] = Coefficient::Corrected { value: self.learning_rate, decay: self.beta1 };
        c[5] = Coefficient::Corrected { value: 1.0, decay: self.beta2 };
        Some(c)
    }

    #[inline(always)]
    fn update<N: Number>(
        [beta1, rest1, beta2, rest2, rate, spread, epsilon, decay, shrink]: [Num<N>; 9],
        p: Num<N>,
        g: Num<N>,
        [m, v]: [Num<N>; 2],
    ) -> (Num<N>, [Num<N>; 2]) {
        let g = g + decay * p;
        let m = beta1 * m + rest1 * g;
        let v = beta2 * v + rest2 * g.square();
        (shrink * p - rate * m / ((spread * v).sqrt() + epsilon), [m, v])
    }

    fn hyperparameters(&mut self, each: &mut Hyperparameters<'_>) {
        each("learning_rate", &mut self.learning_rate, Range::NOT_NEGATIVE);
        each("beta1", &mut self.beta1, Range::DECAY);
        each("beta2", &mut self.beta2, Range::DECAY);
        each("epsilon", &mut self.epsilon, Range::NOT_NEGATIVE);
        each("weight_decay", &mut self.weight_decay, Range::NOT_NEGATIVE);
    }
}
