//! RMSprop.

use crate::formula::with;
use crate::{Coefficient, Descent, Formula, HyperparameterError, Hyperparameters, Range};
use autograd::{Num, Number};

/// RMSprop (Hinton 2012, lecture 6e), centred (Graves 2013, equations 38 to 45) and with momentum if asked for.
///
/// v ← α·v + (1 − α)·g²,  b ← μ·b + g/(√v + ε),  p ← p − η·b;  centred: m ← α·m + (1 − α)·g, and v − m² in place of v.
/// With weight decay λ, g ← g + λ·p before all else. State: `v`, `m`, `velocity`.
///
/// ```
/// use optim::{Optimizer, RmsProp};
/// let mut point = [3.0];
/// RmsProp::new(0.1)?.step_point(&mut point, &[6.0])?;
/// assert!((point[0] - 2.0).abs() < 1e-6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type RmsProp = Descent<RmsPropFormula, 3, 8>;

/// The formula of [`RmsProp`], with its hyper-parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct RmsPropFormula {
    /// η.
    pub learning_rate: f64,
    /// α.
    pub alpha: f64,
    /// ε.
    pub epsilon: f64,
    /// μ.
    pub momentum: f64,
    /// λ.
    pub weight_decay: f64,
    /// Whether the mean of the gradients is taken off.
    pub centred: bool,
}

impl RmsProp {
    /// With learning rate η, α = 0.99, ε = 10⁻⁸, without momentum and weight decay.
    ///
    /// # Errors
    /// If a hyper-parameter is outside of its range.
    pub fn new(learning_rate: f64) -> Result<RmsProp, HyperparameterError> {
        Descent::of(RmsPropFormula {
            learning_rate,
            alpha: 0.99,
            epsilon: 1e-8,
            momentum: 0.0,
            weight_decay: 0.0,
            centred: false,
        })
    }

    /// Divides by the standard deviation of the gradients, not by their root mean square.
    pub fn centred(self) -> RmsProp {
        self.changed(|rule| rule.centred = true).expect("no range depends on it")
    }
}

with! { RmsProp {
    /// With another decay of the averages.
    alpha(alpha);
    /// With another ε.
    epsilon(epsilon);
    /// With momentum μ.
    momentum(momentum);
    /// With weight decay λ, the gradient of λ/2·‖p‖².
    weight_decay(weight_decay);
} }

impl Formula<3, 8> for RmsPropFormula {
    const STATE: [&'static str; 3] = ["v", "m", "velocity"];

    fn coefficients(&self, _t: u64) -> [f64; 8] {
        let centre = if self.centred { 1.0 } else { 0.0 };
        [
            self.learning_rate,
            self.alpha,
            1.0 - self.alpha,
            self.epsilon,
            self.momentum,
            centre,
            centre * (1.0 - self.alpha),
            self.weight_decay,
        ]
    }

    fn by_step(&self) -> Option<[Coefficient; 8]> {
        Some(self.coefficients(1).map(Coefficient::Constant))
    }

    #[inline(always)]
    fn update<N: Number>(
        [rate, alpha, rest, epsilon, mu, centre, own, decay]: [Num<N>; 8],
        p: Num<N>,
        g: Num<N>,
        [v, m, velocity]: [Num<N>; 3],
    ) -> (Num<N>, [Num<N>; 3]) {
        let g = g + decay * p;
        let v = alpha * v + rest * g.square();
        let m = alpha * m + own * g;
        // A variance, which rounding may take below 0.
        let spread = (v - centre * m.square()).relu();
        let velocity = mu * velocity + g / (spread.sqrt() + epsilon);
        (p - rate * velocity, [v, m, velocity])
    }

    fn hyperparameters(&mut self, each: &mut Hyperparameters<'_>) {
        each("learning_rate", &mut self.learning_rate, Range::NOT_NEGATIVE);
        each("alpha", &mut self.alpha, Range::DECAY);
        each("epsilon", &mut self.epsilon, Range::NOT_NEGATIVE);
        each("momentum", &mut self.momentum, Range::DECAY);
        each("weight_decay", &mut self.weight_decay, Range::NOT_NEGATIVE);
    }
}
