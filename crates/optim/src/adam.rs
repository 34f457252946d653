//! Adam.

use crate::{Descent, Formula, HyperparameterError, Hyperparameters, Range};
use autograd::{Num, Number};

/// Adam (Kingma & Ba 2015, algorithm 1).
///
/// m ← β₁·m + (1 − β₁)·g,  v ← β₂·v + (1 − β₂)·g²,  p ← p − η·m̂/(√v̂ + ε)  with the corrected averages
/// m̂ = m/(1 − β₁ᵗ) and v̂ = v/(1 − β₂ᵗ).
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
pub type Adam = Descent<AdamFormula, 2, 7>;

/// The formula of [`Adam`], with its hyper-parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct AdamFormula {
    /// η.
    pub learning_rate: f64,
    /// β₁.
    pub beta1: f64,
    /// β₂.
    pub beta2: f64,
    /// ε.
    pub epsilon: f64,
}

impl Adam {
    /// With learning rate η and the paper's β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸.
    ///
    /// # Errors
    /// If η is negative or not finite.
    pub fn new(learning_rate: f64) -> Result<Adam, HyperparameterError> {
        Descent::of(AdamFormula { learning_rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 })
    }

    /// With other decays of the averages.
    ///
    /// # Errors
    /// If one is outside of [0, 1).
    pub fn betas(self, beta1: f64, beta2: f64) -> Result<Adam, HyperparameterError> {
        self.changed(|formula| (formula.beta1, formula.beta2) = (beta1, beta2))
    }

    /// With another ε.
    ///
    /// # Errors
    /// If it is negative or not finite.
    pub fn epsilon(self, epsilon: f64) -> Result<Adam, HyperparameterError> {
        self.changed(|formula| formula.epsilon = epsilon)
    }
}

impl Formula<2, 7> for AdamFormula {
    const STATE: [&'static str; 2] = ["m", "v"];

    fn coefficients(&self, t: u64) -> [f64; 7] {
        let t = i32::try_from(t).unwrap_or(i32::MAX); // for such t both corrections are 1
        let (correction1, correction2) = (1.0 - self.beta1.powi(t), 1.0 - self.beta2.powi(t));
        // The corrections are the same for all elements, so that each element takes one division only.
        let (rate, spread) = (self.learning_rate / correction1, 1.0 / correction2);
        [self.beta1, 1.0 - self.beta1, self.beta2, 1.0 - self.beta2, rate, spread, self.epsilon]
    }

    #[inline(always)]
    fn update<N: Number>(
        [beta1, rest1, beta2, rest2, rate, spread, epsilon]: [Num<N>; 7],
        p: Num<N>,
        g: Num<N>,
        [m, v]: [Num<N>; 2],
    ) -> (Num<N>, [Num<N>; 2]) {
        let m = beta1 * m + rest1 * g;
        let v = beta2 * v + rest2 * g.square();
        (p - rate * m / ((spread * v).sqrt() + epsilon), [m, v])
    }

    fn hyperparameters(&mut self, each: &mut Hyperparameters<'_>) {
        each("learning_rate", &mut self.learning_rate, Range::NOT_NEGATIVE);
        each("beta1", &mut self.beta1, Range::DECAY);
        each("beta2", &mut self.beta2, Range::DECAY);
        each("epsilon", &mut self.epsilon, Range::NOT_NEGATIVE);
    }
}
