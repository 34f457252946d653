//! Plain gradient descent.

use crate::formula::with;
use crate::{Coefficient, Descent, Formula, HyperparameterError, Hyperparameters, Range};
use autograd::{Num, Number};

/// Stochastic gradient descent (Robbins & Monro 1951), p ← p − η·(g + λ·p).
///
/// λ is 0 until [`weight_decay`](Sgd::weight_decay) sets it.
///
/// ```
/// use optim::{Optimizer, Sgd};
/// let mut point = [1.0];
/// Sgd::new(0.25)?.step_point(&mut point, &[2.0])?;
/// assert_eq!(point, [0.5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Sgd = Descent<SgdFormula, 0, 2>;

/// The formula of [`Sgd`], with its hyper-parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct SgdFormula {
    /// η.
    pub learning_rate: f64,
    /// λ.
    pub weight_decay: f64,
}

with! { Sgd {
    /// With weight decay λ, the gradient of λ/2·‖p‖².
    weight_decay(weight_decay);
} }

impl Sgd {
    /// With learning rate η.
    ///
    /// # Errors
    /// If η is negative or not finite.
    pub fn new(learning_rate: f64) -> Result<Sgd, HyperparameterError> {
        Descent::of(SgdFormula { learning_rate, weight_decay: 0.0 })
    }
}

impl Formula<0, 2> for SgdFormula {
    const STATE: [&'static str; 0] = [];

    fn coefficients(&self, _t: u64) -> [f64; 2] {
        [self.learning_rate, self.weight_decay]
    }

    fn by_step(&self) -> Option<[Coefficient; 2]> {
        Some(self.coefficients(1).map(Coefficient::Constant))
    }

    #[inline(always)]
    fn update<N: Number>(
        [rate, decay]: [Num<N>; 2],
        p: Num<N>,
        g: Num<N>,
        _state: [Num<N>; 0],
    ) -> (Num<N>, [Num<N>; 0]) {
        (p - rate * (g + decay * p), [])
    }

    fn hyperparameters(&mut self, each: &mut Hyperparameters<'_>) {
        each("learning_rate", &mut self.learning_rate, Range::NOT_NEGATIVE);
        each("weight_decay", &mut self.weight_decay, Range::NOT_NEGATIVE);
    }
}
