//! Rprop.

use crate::formula::with;
use crate::{Descent, Formula, HyperparameterError, Hyperparameters, Range};
use autograd::{Num, Number};

/// Rprop (Riedmiller & Braun 1993; without weight-backtracking, Igel & Hüsken 2000): each number has a step of its own.
///
/// The step of a number grows by η⁺ while its gradient keeps its sign, and shrinks by η⁻ when the sign turns; it stays within
/// its bounds. p ← p − step·sign g; a gradient whose sign turned counts as 0, now and as the previous one of the next step.
/// For gradients of all the data, not of mini-batches. State: `previous`, `step`.
///
/// ```
/// use optim::{Optimizer, Rprop};
/// let mut point = [3.0];
/// Rprop::new(0.1)?.step_point(&mut point, &[6.0])?;
/// assert!((point[0] - 2.9).abs() < 1e-15);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Rprop = Descent<RpropFormula, 2, 5>;

/// The formula of [`Rprop`], with its hyper-parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct RpropFormula {
    /// η.
    pub learning_rate: f64,
    /// η⁻.
    pub shrink: f64,
    /// η⁺.
    pub grow: f64,
    /// The least step.
    pub least: f64,
    /// The greatest step.
    pub greatest: f64,
}

impl Rprop {
    /// With first steps of the learning rate, η⁻ = 0.5, η⁺ = 1.2, steps from 10⁻⁶ to 50.
    ///
    /// # Errors
    /// If a hyper-parameter is outside of its range.
    pub fn new(learning_rate: f64) -> Result<Rprop, HyperparameterError> {
        Descent::of(RpropFormula { learning_rate, shrink: 0.5, grow: 1.2, least: 1e-6, greatest: 50.0 })
    }
}

with! { Rprop {
    /// With other factors: η⁻, η⁺.
    factors(shrink, grow);
    /// With other bounds of the steps.
    steps(least, greatest);
} }

impl Formula<2, 5> for RpropFormula {
    const STATE: [&'static str; 2] = ["previous", "step"];

    fn coefficients(&self, t: u64) -> [f64; 5] {
        let first = if t == 1 { self.learning_rate } else { 0.0 };
        [first, self.shrink, self.grow, self.least, self.greatest]
    }

    #[inline(always)]
    fn update<N: Number>(
        [first, shrink, grow, least, greatest]: [Num<N>; 5],
        p: Num<N>,
        g: Num<N>,
        [previous, step]: [Num<N>; 2],
    ) -> (Num<N>, [Num<N>; 2]) {
        let turn = g.sign() * previous.sign();
        let factor = turn.if_gt(0.0, grow, turn.if_lt(0.0, shrink, 1.0));
        let step = ((step + first) * factor).maximum(least).minimum(greatest);
        let g = turn.if_lt(0.0, 0.0, g);
        (p - step * g.sign(), [g, step])
    }

    fn hyperparameters(&mut self, each: &mut Hyperparameters<'_>) {
        each("learning_rate", &mut self.learning_rate, Range::NOT_NEGATIVE);
        each(
            "shrink",
            &mut self.shrink,
            Range { expected: "a number in (0, 1)", within: |x| x > 0.0 && x < 1.0 },
        );
        each(
            "grow",
            &mut self.grow,
            Range { expected: "a finite number above 1", within: |x| x > 1.0 && x.is_finite() },
        );
        each("least", &mut self.least, Range::NOT_NEGATIVE);
        each("greatest", &mut self.greatest, Range::NOT_NEGATIVE);
    }
}
