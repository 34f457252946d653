//! Adagrad.

use crate::formula::with;
use crate::{Coefficient, Descent, Formula, HyperparameterError, Hyperparameters, Range};
use autograd::{Num, Number};

/// Adagrad (Duchi, Hazan & Singer 2011, figure 1, diagonal).
///
/// s ← s + g²,  p ← p − η/(1 + (t − 1)·γ)·g/(√(a + s) + ε). With weight decay λ, g ← g + λ·p before all else. State: `s`.
///
/// ```
/// use optim::{Adagrad, Optimizer};
/// let mut point = [3.0];
/// Adagrad::new(0.1)?.step_point(&mut point, &[6.0])?;
/// assert!((point[0] - 2.9).abs() < 1e-8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Adagrad = Descent<AdagradFormula, 1, 4>;

/// The formula of [`Adagrad`], with its hyper-parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct AdagradFormula {
    /// η.
    pub learning_rate: f64,
    /// γ.
    pub rate_decay: f64,
    /// a.
    pub initial: f64,
    /// ε.
    pub epsilon: f64,
    /// λ.
    pub weight_decay: f64,
}

impl Adagrad {
    /// With learning rate η, γ = 0, a = 0, ε = 10⁻¹⁰, without weight decay.
    ///
    /// # Errors
    /// If a hyper-parameter is outside of its range.
    pub fn new(learning_rate: f64) -> Result<Adagrad, HyperparameterError> {
        Descent::of(AdagradFormula {
            learning_rate,
            rate_decay: 0.0,
            initial: 0.0,
            epsilon: 1e-10,
            weight_decay: 0.0,
        })
    }
}

with! { Adagrad {
    /// With decay γ of the rate.
    rate_decay(rate_decay);
    /// With a sum of squares that begins as a.
    initial(initial);
    /// With another ε.
    epsilon(epsilon);
    /// With weight decay λ, the gradient of λ/2·‖p‖².
    weight_decay(weight_decay);
} }

impl Formula<1, 4> for AdagradFormula {
    const STATE: [&'static str; 1] = ["s"];

    fn coefficients(&self, t: u64) -> [f64; 4] {
        let rate = self.learning_rate / (1.0 + (t - 1) as f64 * self.rate_decay);
        [rate, self.initial, self.epsilon, self.weight_decay]
    }

    fn by_step(&self) -> Option<[Coefficient; 4]> {
        let mut c = self.coefficients(1).map(Coefficient::Constant);
        c[0] = Coefficient::Falling { value: self.learning_rate, decay: self.rate_decay };
        Some(c)
    }

    #[inline(always)]
    fn update<N: Number>(
        [rate, initial, epsilon, decay]: [Num<N>; 4],
        p: Num<N>,
        g: Num<N>,
        [s]: [Num<N>; 1],
    ) -> (Num<N>, [Num<N>; 1]) {
        let g = g + decay * p;
        let s = s + g.square();
        (p - rate * g / ((initial + s).sqrt() + epsilon), [s])
    }

    fn hyperparameters(&mut self, each: &mut Hyperparameters<'_>) {
        each("learning_rate", &mut self.learning_rate, Range::NOT_NEGATIVE);
        each("rate_decay", &mut self.rate_decay, Range::NOT_NEGATIVE);
        each("initial", &mut self.initial, Range::NOT_NEGATIVE);
        each("epsilon", &mut self.epsilon, Range::NOT_NEGATIVE);
        each("weight_decay", &mut self.weight_decay, Range::NOT_NEGATIVE);
    }
}
