//! Plain gradient descent.

use crate::error::HyperparameterError;
use crate::step::{Core, Optimizer, Rule, fast};
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

impl Optimizer for Sgd {}

impl Rule for Sgd {
    const SLABS: usize = 0;
    fn update<T: Float>(&self, _t: u64, point: &mut [T], gradient: &[T], _memory: [&mut [T]; 2]) {
        let rate = T::from_f64(self.core.learning_rate);
        let n = point.len();
        let gradient = &gradient[..n];
        fast(
            n,
            #[inline(always)]
            move || {
                let point = &mut point[..n];
                for i in 0..n {
                    point[i] = point[i] - rate * gradient[i];
                }
            },
        );
    }
}
