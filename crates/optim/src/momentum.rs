//! Gradient descent with momentum.

use crate::error::{HyperparameterError, decay};
use crate::rule::{Core, Formula, Rule};
use crate::step::optimizer;
use autograd::Float;

/// Gradient descent with momentum, in one of two forms.
///
/// * [`new`](Momentum::new), the classical form: v ← μ·v + η·g, p ← p − v (Sutskever et al. 2013, equations 1 and 2,
///   with v of the other sign).
/// * [`pytorch`](Momentum::pytorch), that of `torch.optim.SGD`: v ← μ·v + g, p ← p − η·v.
///
/// With a constant η they are equal except for rounding: the first v is η times the second. When η changes they differ. In
/// the classical form, past gradients in v keep the old rate. In PyTorch's form, the new rate applies to all of v at once.
///
/// ```
/// use optim::{Momentum, Optimizer};
/// let (mut classical, mut pytorch) = (Momentum::new(0.1, 0.5)?, Momentum::pytorch(0.1, 0.5)?);
/// let (mut p, mut q) = ([1.0], [1.0]);
/// classical.step_point(&mut p, &[1.0])?;
/// pytorch.step_point(&mut q, &[1.0])?;
/// assert_eq!(p, q); // 1 − 0.1
/// classical.set_learning_rate(0.01)?;
/// pytorch.set_learning_rate(0.01)?;
/// classical.step_point(&mut p, &[0.0])?;
/// pytorch.step_point(&mut q, &[0.0])?;
/// assert_eq!((p, q), ([0.9 - 0.05], [0.9 - 0.005]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Momentum {
    pub(crate) core: Core,
    momentum: f64,
    /// Where η enters: into v (classical) or when v is applied (PyTorch).
    rate_in_velocity: bool,
}

impl Momentum {
    /// The classical form, v ← μ·v + η·g, p ← p − v, with learning rate η and momentum μ.
    ///
    /// # Errors
    /// If η is negative or not finite, or μ is outside of [0, 1).
    pub fn new(rate: f64, momentum: f64) -> Result<Momentum, HyperparameterError> {
        Ok(Momentum {
            core: Core::new(rate)?,
            momentum: decay("momentum", momentum)?,
            rate_in_velocity: true,
        })
    }

    /// PyTorch's form, v ← μ·v + g, p ← p − η·v, with learning rate η and momentum μ.
    ///
    /// # Errors
    /// If η is negative or not finite, or μ is outside of [0, 1).
    pub fn pytorch(rate: f64, momentum: f64) -> Result<Momentum, HyperparameterError> {
        Ok(Momentum { rate_in_velocity: false, ..Momentum::new(rate, momentum)? })
    }
}

optimizer!(Momentum);

impl Rule for Momentum {
    const SLABS: usize = 1;
    fn at<T: Float>(&self, _t: u64) -> impl Formula<T> {
        let one = T::from_f64(1.0);
        let (mu, rate) = (T::from_f64(self.momentum), T::from_f64(self.core.learning_rate));
        let (gain, scale) = if self.rate_in_velocity { (rate, one) } else { (one, rate) };
        #[inline(always)]
        move |p, g, [velocity, _]| {
            let velocity = mu * velocity + gain * g;
            (p - scale * velocity, [velocity, T::default()])
        }
    }
}
