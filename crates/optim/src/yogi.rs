//! Yogi.

use crate::formula::{correction, with};
use crate::{Coefficient, Descent, Formula, HyperparameterError, Hyperparameters, Range};
use autograd::{Num, Number};

/// Yogi (Zaheer et al. 2018, algorithm 2), with bias corrections as Adam's: a second average that changes by g² at most.
///
/// m ← β₁·m + (1 − β₁)·g,  v ← v − (1 − β₂)·sign(v − g²)·g²,  p ← p − η·m̂/(√v̂ + ε)  with m̂ = m/(1 − β₁ᵗ) and
/// v̂ = v/(1 − β₂ᵗ). Both averages begin as `initial`, in the first step of a tensor. State: `m`, `v`.
///
/// ```
/// use optim::{Optimizer, Yogi};
/// let mut point = [3.0];
/// Yogi::new(0.1)?.step_point(&mut point, &[6.0])?;
/// assert!((point[0] - 2.9).abs() < 1e-3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Yogi = Descent<YogiFormula, 2, 7>;

/// The formula of [`Yogi`], with its hyper-parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct YogiFormula {
    /// η.
    pub learning_rate: f64,
    /// β₁.
    pub beta1: f64,
    /// β₂.
    pub beta2: f64,
    /// ε.
    pub epsilon: f64,
    /// What the averages begin as.
    pub initial: f64,
}

impl Yogi {
    /// With learning rate η, β₁ = 0.9, β₂ = 0.999, ε = 10⁻³, `initial` = 10⁻⁶.
    ///
    /// # Errors
    /// If a hyper-parameter is outside of its range.
    pub fn new(learning_rate: f64) -> Result<Yogi, HyperparameterError> {
        Descent::of(YogiFormula { learning_rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-3, initial: 1e-6 })
    }
}

with! { Yogi {
    /// With other decays of the averages.
    betas(beta1, beta2);
    /// With another ε.
    epsilon(epsilon);
    /// With averages that begin as another number.
    initial(initial);
} }

impl Formula<2, 7> for YogiFormula {
    const STATE: [&'static str; 2] = ["m", "v"];

    fn coefficients(&self, t: u64) -> [f64; 7] {
        let (rate, spread) =
            (self.learning_rate / correction(self.beta1, t), 1.0 / correction(self.beta2, t));
        let first = if t == 1 { self.initial } else { 0.0 };
        [self.beta1, 1.0 - self.beta1, 1.0 - self.beta2, rate, spread, self.epsilon, first]
    }

    fn by_step(&self) -> Option<[Coefficient; 7]> {
        let mut c = self.coefficients(1).map(Coefficient::Constant);
        c[3] = Coefficient::Corrected { value: self.learning_rate, decay: self.beta1 };
        c[4] = Coefficient::Corrected { value: 1.0, decay: self.beta2 };
        c[6] = Coefficient::First { first: self.initial, later: 0.0 };
        Some(c)
    }

    #[inline(always)]
    fn update<N: Number>(
        [beta1, rest1, rest2, rate, spread, epsilon, first]: [Num<N>; 7],
        p: Num<N>,
        g: Num<N>,
        [m, v]: [Num<N>; 2],
    ) -> (Num<N>, [Num<N>; 2]) {
        let (square, v) = (g.square(), v + first);
        let m = beta1 * (m + first) + rest1 * g;
        let v = v - rest2 * (v - square).sign() * square;
        // It is never below 0, but for rounding.
        (p - rate * m / ((spread * v).relu().sqrt() + epsilon), [m, v])
    }

    fn hyperparameters(&mut self, each: &mut Hyperparameters<'_>) {
        each("learning_rate", &mut self.learning_rate, Range::NOT_NEGATIVE);
        each("beta1", &mut self.beta1, Range::DECAY);
        each("beta2", &mut self.beta2, Range::DECAY);
        each("epsilon", &mut self.epsilon, Range::NOT_NEGATIVE);
        each("initial", &mut self.initial, Range::NOT_NEGATIVE);
    }
}
