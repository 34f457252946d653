//! Plain gradient descent.

use crate::error::HyperparameterError;
use crate::rule::{Core, Formula, Rule};
use crate::step::optimizer;
use autograd::Float;

/// Stochastic gradient descent, p ← p − η·g.
///
/// ```
/// use optim::{Optimizer, Sgd};
/// let mut point = [1.0];
/// Sgd::new(0.25)?.step_point(&mut point, &[2.0])?;
/// assert_eq!(point, [0.5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sgd {
    pub(crate) core: Core,
}

impl Sgd {
    /// With learning rate η.
    ///
    /// # Errors
    /// If η is negative or not finite.
    pub fn new(rate: f64) -> Result<Sgd, HyperparameterError> {
        Ok(Sgd { core: Core::new(rate)? })
    }
}

optimizer!(Sgd);

impl Rule for Sgd {
    const SLABS: usize = 0;
    fn at<T: Float>(&self, _t: u64) -> impl Formula<T> {
        let rate = T::from_f64(self.core.learning_rate);
        #[inline(always)]
        move |p, g, memory| (p - rate * g, memory)
    }
}
