//! Plain gradient descent.

use crate::{Descent, Formula, HyperparameterError, Hyperparameters, Range};
use autograd::{Num, Number};

/// Stochastic gradient descent, p ← p − η·g.
///
/// ```
/// use optim::{Optimizer, Sgd};
/// let mut point = [1.0];
/// Sgd::new(0.25)?.step_point(&mut point, &[2.0])?;
/// assert_eq!(point, [0.5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Sgd = Descent<SgdFormula, 0, 1>;

/// The formula of [`Sgd`], with its hyper-parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct SgdFormula {
    /// η.
    pub learning_rate: f64,
}

impl Sgd {
    /// With learning rate η.
    ///
    /// # Errors
    /// If η is negative or not finite.
    pub fn new(learning_rate: f64) -> Result<Sgd, HyperparameterError> {
        Descent::of(SgdFormula { learning_rate })
    }
}

impl Formula<0, 1> for SgdFormula {
    const STATE: [&'static str; 0] = [];

    fn coefficients(&self, _t: u64) -> [f64; 1] {
        [self.learning_rate]
    }

    #[inline(always)]
    fn update<N: Number>(
        [rate]: [Num<N>; 1],
        p: Num<N>,
        g: Num<N>,
        _state: [Num<N>; 0],
    ) -> (Num<N>, [Num<N>; 0]) {
        (p - rate * g, [])
    }

    fn hyperparameters(&mut self, each: &mut Hyperparameters<'_>) {
        each("learning_rate", &mut self.learning_rate, Range::NOT_NEGATIVE);
    }
}
