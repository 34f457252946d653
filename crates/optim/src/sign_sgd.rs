//! Descent by signs.

use crate::formula::with;
use crate::{Descent, Formula, HyperparameterError, Hyperparameters, Range};
use autograd::{Num, Number};

/// Descent by the sign of the gradient, or of its average: signSGD and Signum (Bernstein et al. 2018, algorithms 1 and 2).
///
/// m ← μ·m + (1 − μ)·g,  p ← p − η·sign m. State: `m`.
///
/// ```
/// use optim::{Optimizer, SignSgd};
/// let mut point = [1.0];
/// SignSgd::new(0.25)?.step_point(&mut point, &[2.0])?;
/// assert!(point == [0.75]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type SignSgd = Descent<SignSgdFormula, 1, 3>;

/// The formula of [`SignSgd`], with its hyper-parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct SignSgdFormula {
    /// η.
    pub learning_rate: f64,
    /// μ.
    pub momentum: f64,
}

impl SignSgd {
    /// With learning rate η, without momentum.
    ///
    /// # Errors
    /// If a hyper-parameter is outside of its range.
    pub fn new(learning_rate: f64) -> Result<SignSgd, HyperparameterError> {
        Descent::of(SignSgdFormula { learning_rate, momentum: 0.0 })
    }
}

with! { SignSgd {
    /// With momentum μ.
    momentum(momentum);
} }

impl Formula<1, 3> for SignSgdFormula {
    const STATE: [&'static str; 1] = ["m"];

    fn coefficients(&self, _t: u64) -> [f64; 3] {
        [self.learning_rate, self.momentum, 1.0 - self.momentum]
    }

    #[inline(always)]
    fn update<N: Number>(
        [rate, mu, rest]: [Num<N>; 3],
        p: Num<N>,
        g: Num<N>,
        [m]: [Num<N>; 1],
    ) -> (Num<N>, [Num<N>; 1]) {
        let m = mu * m + rest * g;
        (p - rate * m.sign(), [m])
    }

    fn hyperparameters(&mut self, each: &mut Hyperparameters<'_>) {
        each("learning_rate", &mut self.learning_rate, Range::NOT_NEGATIVE);
        each("momentum", &mut self.momentum, Range::DECAY);
    }
}
