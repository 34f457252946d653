//! Gradient descent with momentum.

use crate::{Descent, Formula, HyperparameterError, Hyperparameters, Range};
use autograd::{Num, Number};

/// Gradient descent with momentum, in one of two forms.
///
/// * [`new`](Momentum::new), the classical form: v ← μ·v + η·g, p ← p − v (Sutskever et al. 2013, equations 1 and 2,
///   with v of the other sign).
/// * [`pytorch`](Momentum::pytorch), that of `torch.optim.SGD`: v ← μ·v + g, p ← p − η·v.
///
/// With a constant η they are equal except for rounding: the first v is η times the second. When η changes they differ. In
/// the classical form, past gradients in v keep the old rate. In PyTorch's form, the new rate applies to all of v at once.
/// State: `v`.
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
pub type Momentum = Descent<MomentumFormula, 1, 3>;

/// The formula of [`Momentum`], with its hyper-parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct MomentumFormula {
    /// η.
    pub learning_rate: f64,
    /// μ.
    pub momentum: f64,
    /// Where η enters: into v (classical) or when v is applied (PyTorch).
    pub rate_in_velocity: bool,
}

impl Momentum {
    /// The classical form, v ← μ·v + η·g, p ← p − v, with learning rate η and momentum μ.
    ///
    /// # Errors
    /// If η is negative or not finite, or μ is outside of [0, 1).
    pub fn new(learning_rate: f64, momentum: f64) -> Result<Momentum, HyperparameterError> {
        Descent::of(MomentumFormula { learning_rate, momentum, rate_in_velocity: true })
    }

    /// PyTorch's form, v ← μ·v + g, p ← p − η·v, with learning rate η and momentum μ.
    ///
    /// # Errors
    /// If η is negative or not finite, or μ is outside of [0, 1).
    pub fn pytorch(learning_rate: f64, momentum: f64) -> Result<Momentum, HyperparameterError> {
        Descent::of(MomentumFormula { learning_rate, momentum, rate_in_velocity: false })
    }
}

impl Formula<1, 3> for MomentumFormula {
    const STATE: [&'static str; 1] = ["v"];

    fn coefficients(&self, _t: u64) -> [f64; 3] {
        let (gain, scale) =
            if self.rate_in_velocity { (self.learning_rate, 1.0) } else { (1.0, self.learning_rate) };
        [self.momentum, gain, scale]
    }

    #[inline(always)]
    fn update<N: Number>(
        [mu, gain, scale]: [Num<N>; 3],
        p: Num<N>,
        g: Num<N>,
        [velocity]: [Num<N>; 1],
    ) -> (Num<N>, [Num<N>; 1]) {
        let velocity = mu * velocity + gain * g;
        (p - scale * velocity, [velocity])
    }

    fn hyperparameters(&mut self, each: &mut Hyperparameters<'_>) {
        each("learning_rate", &mut self.learning_rate, Range::NOT_NEGATIVE);
        each("momentum", &mut self.momentum, Range::DECAY);
    }
}
