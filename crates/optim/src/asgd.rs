//! Averaged stochastic gradient descent.

use crate::formula::with;
use crate::{Descent, Formula, HyperparameterError, Hyperparameters, Range};
use autograd::{Num, Number};

/// Averaged gradient descent (Polyak & Juditsky 1992; the rates of Bottou 2010, section 5): p runs on, `average` follows.
///
/// p ← (1 − λ·ηₜ)·p − ηₜ·g,  a ← a + μₜ·(p − a)  with ηₜ = η/(1 + λ·η·(t − 1))^α and μₜ = 1/max(1, t − 1 − t₀). With weight
/// decay w, g ← g + w·p before all else. State: `average`.
///
/// ```
/// use optim::{Asgd, Optimizer};
/// let mut point = [3.0];
/// Asgd::new(0.1)?.step_point(&mut point, &[6.0])?;
/// assert!((point[0] - (0.99999 * 3.0 - 0.6)).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Asgd = Descent<AsgdFormula, 1, 4>;

/// The formula of [`Asgd`], with its hyper-parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct AsgdFormula {
    /// η.
    pub learning_rate: f64,
    /// λ.
    pub lambda: f64,
    /// α.
    pub alpha: f64,
    /// t₀.
    pub start: f64,
    /// w.
    pub weight_decay: f64,
}

impl Asgd {
    /// With learning rate η, λ = 10⁻⁴, α = 0.75, t₀ = 10⁶, without weight decay.
    ///
    /// # Errors
    /// If a hyper-parameter is outside of its range.
    pub fn new(learning_rate: f64) -> Result<Asgd, HyperparameterError> {
        Descent::of(AsgdFormula { learning_rate, lambda: 1e-4, alpha: 0.75, start: 1e6, weight_decay: 0.0 })
    }
}

with! { Asgd {
    /// With other λ and α.
    rates(lambda, alpha);
    /// With averages from step t₀ on.
    start(start);
    /// With weight decay w, the gradient of w/2·‖p‖².
    weight_decay(weight_decay);
} }

impl AsgdFormula {
    /// ηₜ and μₜ.
    pub fn rates(&self, t: u64) -> [f64; 2] {
        let before = t as f64 - 1.0;
        let rate = self.learning_rate / (1.0 + self.lambda * self.learning_rate * before).powf(self.alpha);
        [rate, 1.0 / (before - self.start).max(1.0)]
    }
}

impl Formula<1, 4> for AsgdFormula {
    const STATE: [&'static str; 1] = ["average"];

    fn coefficients(&self, t: u64) -> [f64; 4] {
        let [rate, share] = self.rates(t);
        [rate, 1.0 - self.lambda * rate, share, self.weight_decay]
    }

    #[inline(always)]
    fn update<N: Number>(
        [rate, shrink, share, decay]: [Num<N>; 4],
        p: Num<N>,
        g: Num<N>,
        [average]: [Num<N>; 1],
    ) -> (Num<N>, [Num<N>; 1]) {
        let p = shrink * p - rate * (g + decay * p);
        (p, [average + share * (p - average)])
    }

    fn hyperparameters(&mut self, each: &mut Hyperparameters<'_>) {
        each("learning_rate", &mut self.learning_rate, Range::NOT_NEGATIVE);
        each("lambda", &mut self.lambda, Range::NOT_NEGATIVE);
        each("alpha", &mut self.alpha, Range::NOT_NEGATIVE);
        each("start", &mut self.start, Range::NOT_NEGATIVE);
        each("weight_decay", &mut self.weight_decay, Range::NOT_NEGATIVE);
    }
}
