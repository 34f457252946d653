//! Gradient descent with momentum.

use crate::formula::with;
use crate::{Coefficient, Descent, Formula, HyperparameterError, Hyperparameters, Range};
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
/// Until methods set them, there is no weight decay λ (g ← g + λ·p before all else), no dampening τ (g enters v times 1 − τ,
/// but the first one whole, as in PyTorch), and no look-ahead ([`nesterov`](Momentum::nesterov)).
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
pub type Momentum = Descent<MomentumFormula, 1, 6>;

/// The formula of [`Momentum`], with its hyper-parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct MomentumFormula {
    /// η.
    pub learning_rate: f64,
    /// μ.
    pub momentum: f64,
    /// Where η enters: into v (classical) or when v is applied (PyTorch).
    pub rate_in_velocity: bool,
    /// τ.
    pub dampening: f64,
    /// Whether the step is that of the next velocity for the same gradient, μ·v + g.
    pub nesterov: bool,
    /// λ.
    pub weight_decay: f64,
}

with! { Momentum {
    /// With dampening τ.
    dampening(dampening);
    /// With weight decay λ, the gradient of λ/2·‖p‖².
    weight_decay(weight_decay);
} }

impl Momentum {
    /// The classical form, v ← μ·v + η·g, p ← p − v, with learning rate η and momentum μ.
    ///
    /// # Errors
    /// If η is negative or not finite, or μ is outside of [0, 1).
    pub fn new(learning_rate: f64, momentum: f64) -> Result<Momentum, HyperparameterError> {
        Descent::of(MomentumFormula::plain(learning_rate, momentum, true))
    }

    /// PyTorch's form, v ← μ·v + g, p ← p − η·v, with learning rate η and momentum μ.
    ///
    /// # Errors
    /// If η is negative or not finite, or μ is outside of [0, 1).
    pub fn pytorch(learning_rate: f64, momentum: f64) -> Result<Momentum, HyperparameterError> {
        Descent::of(MomentumFormula::plain(learning_rate, momentum, false))
    }

    /// With Nesterov's look-ahead (Sutskever et al. 2013, equations 3 and 4, in the form of `torch.optim.SGD`):
    /// p ← p − η·(g + μ·v).
    ///
    /// ```
    /// use optim::{Momentum, Optimizer};
    /// let mut point = [1.0];
    /// Momentum::new(0.5, 0.5)?.nesterov()?.step_point(&mut point, &[1.0])?;
    /// assert_eq!(point, [0.25]); // 1 − 0.5·(1 + 0.5)
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If μ is 0.
    pub fn nesterov(self) -> Result<Momentum, HyperparameterError> {
        self.changed(|formula| formula.nesterov = true)
    }
}

impl MomentumFormula {
    /// Without options.
    fn plain(learning_rate: f64, momentum: f64, rate_in_velocity: bool) -> MomentumFormula {
        let (dampening, nesterov, weight_decay) = (0.0, false, 0.0);
        MomentumFormula { learning_rate, momentum, rate_in_velocity, dampening, nesterov, weight_decay }
    }
}

impl Formula<1, 6> for MomentumFormula {
    const STATE: [&'static str; 1] = ["v"];

    fn coefficients(&self, t: u64) -> [f64; 6] {
        let (gain, scale) =
            if self.rate_in_velocity { (self.learning_rate, 1.0) } else { (1.0, self.learning_rate) };
        let kept = if t == 1 { 1.0 } else { 1.0 - self.dampening };
        // The step is the velocity, or the gradient and a part of the velocity.
        let (ahead, along) = if self.nesterov { (gain, self.momentum) } else { (0.0, 1.0) };
        [self.momentum, gain * kept, scale, ahead, along, self.weight_decay]
    }

    fn by_step(&self) -> Option<[Coefficient; 6]> {
        let mut c = self.coefficients(2).map(Coefficient::Constant);
        let [first, later] = [1, 2].map(|t| self.coefficients(t)[1]);
        c[1] = Coefficient::First { first, later };
        Some(c)
    }

    #[inline(always)]
    fn update<N: Number>(
        [mu, gain, scale, ahead, along, decay]: [Num<N>; 6],
        p: Num<N>,
        g: Num<N>,
        [velocity]: [Num<N>; 1],
    ) -> (Num<N>, [Num<N>; 1]) {
        let g = g + decay * p;
        let velocity = mu * velocity + gain * g;
        (p - scale * (ahead * g + along * velocity), [velocity])
    }

    fn hyperparameters(&mut self, each: &mut Hyperparameters<'_>) {
        each("learning_rate", &mut self.learning_rate, Range::NOT_NEGATIVE);
        let above = Range {
            expected: "a number in (0, 1), for Nesterov's look-ahead",
            within: |x| x > 0.0 && x < 1.0,
        };
        each("momentum", &mut self.momentum, if self.nesterov { above } else { Range::DECAY });
        each("dampening", &mut self.dampening, Range::DECAY);
        each("weight_decay", &mut self.weight_decay, Range::NOT_NEGATIVE);
    }
}
