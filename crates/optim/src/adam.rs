//! Adam.

use crate::error::{HyperparameterError, check, decay};
use crate::rule::{Core, Formula, Rule};
use crate::step::optimizer;
use autograd::Float;

/// Adam (Kingma & Ba 2015, algorithm 1).
///
/// m ← β₁·m + (1 − β₁)·g,  v ← β₂·v + (1 − β₂)·g²,  p ← p − η·m̂/(√v̂ + ε)  with the corrected averages
/// m̂ = m/(1 − β₁ᵗ) and v̂ = v/(1 − β₂ᵗ).
///
/// Each parameter tensor has its own t. It advances in each step in which the tensor has a gradient.
///
/// ```
/// use optim::{Adam, Optimizer};
/// let mut point = [3.0, -2.0];
/// Adam::new(0.1)?.step_point(&mut point, &[6.0, -4.0])?;
/// assert!((point[0] - 2.9).abs() < 1e-8 && (point[1] + 1.9).abs() < 1e-8); // the first step is ±η
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Adam {
    pub(crate) core: Core,
    beta1: f64,
    beta2: f64,
    epsilon: f64,
}

impl Adam {
    /// With learning rate η and the paper's β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸.
    ///
    /// # Errors
    /// If η is negative or not finite.
    pub fn new(rate: f64) -> Result<Adam, HyperparameterError> {
        Ok(Adam { core: Core::new(rate)?, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 })
    }

    /// With other decays of the averages.
    ///
    /// # Errors
    /// If one is outside of [0, 1).
    pub fn betas(self, beta1: f64, beta2: f64) -> Result<Adam, HyperparameterError> {
        Ok(Adam { beta1: decay("beta1", beta1)?, beta2: decay("beta2", beta2)?, ..self })
    }

    /// With another ε.
    ///
    /// # Errors
    /// If it is negative or not finite.
    pub fn epsilon(self, epsilon: f64) -> Result<Adam, HyperparameterError> {
        let within = |x: f64| x.is_finite() && x >= 0.0;
        Ok(Adam { epsilon: check("epsilon", epsilon, "a finite number, at least 0", within)?, ..self })
    }
}

optimizer!(Adam);

impl Rule for Adam {
    const SLABS: usize = 2;
    fn at<T: Float>(&self, t: u64) -> impl Formula<T> {
        let t = i32::try_from(t).unwrap_or(i32::MAX); // for such t both corrections are 1
        let c = T::from_f64;
        let (correction1, correction2) = (1.0 - self.beta1.powi(t), 1.0 - self.beta2.powi(t));
        let (beta1, rest1, beta2, rest2) =
            (c(self.beta1), c(1.0 - self.beta1), c(self.beta2), c(1.0 - self.beta2));
        // The corrections are the same for all elements, so that each element takes one division only.
        let (rate, spread) = (c(self.core.learning_rate / correction1), c(1.0 / correction2));
        let epsilon = c(self.epsilon);
        #[inline(always)]
        move |p, g, [m, v]| {
            let m = beta1 * m + rest1 * g;
            let v = beta2 * v + rest2 * (g * g);
            (p - rate * m / ((spread * v).sqrt() + epsilon), [m, v])
        }
    }
}
