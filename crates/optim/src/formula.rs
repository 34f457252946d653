//! The formula of an elementwise optimiser.

use autograd::loops::Coefficient;
use autograd::{Num, Number};
use std::fmt::Debug;

/// How each number of a parameter is updated by its gradient: `S` numbers are remembered for it, `C` coefficients are the
/// same for all.
///
/// [`Descent`](crate::Descent) makes an optimiser of it. The formula is written once and read in three ways: as a loop over
/// slices, as [recorded data](crate::Descent::recorded) for other executors, and over bounds that tell whether all results
/// are finite.
///
/// ```
/// use autograd::{Num, Number, Optimizer};
/// use optim::{Descent, Formula, Hyperparameters, Range};
/// /// Lion (Chen et al. 2023, algorithm 2): c = β₁·m + (1 − β₁)·g,  p ← p − η·(sign c + λ·p),  m ← β₂·m + (1 − β₂)·g.
/// #[derive(Clone, Debug)]
/// struct Lion { rate: f64, beta1: f64, beta2: f64, decay: f64 }
///
/// impl Formula<1, 6> for Lion {
///     const STATE: [&'static str; 1] = ["m"];
///     fn coefficients(&self, _t: u64) -> [f64; 6] {
///         [self.rate, self.decay, self.beta1, 1.0 - self.beta1, self.beta2, 1.0 - self.beta2]
///     }
///     fn update<N: Number>(
///         [rate, decay, beta1, rest1, beta2, rest2]: [Num<N>; 6], p: Num<N>, g: Num<N>, [m]: [Num<N>; 1],
///     ) -> (Num<N>, [Num<N>; 1]) {
///         let c = beta1 * m + rest1 * g;
///         (p - rate * (c.sign() + decay * p), [beta2 * m + rest2 * g])
///     }
///     fn hyperparameters(&mut self, each: &mut Hyperparameters<'_>) {
///         each("learning_rate", &mut self.rate, Range::NOT_NEGATIVE);
///         each("beta1", &mut self.beta1, Range::DECAY);
///         each("beta2", &mut self.beta2, Range::DECAY);
///         each("weight_decay", &mut self.decay, Range::NOT_NEGATIVE);
///     }
/// }
/// let mut lion = Descent::of(Lion { rate: 0.1, beta1: 0.9, beta2: 0.99, decay: 0.0 })?;
/// let mut point = [1.0, -1.0];
/// lion.step_point(&mut point, &[2.0, -3.0])?;
/// assert_eq!(point, [0.9, -0.9]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Formula<const S: usize, const C: usize>: Clone + Debug + Send + Sync + 'static {
    /// The names of what is remembered for each number, such as `["m", "v"]`. It begins as zero.
    const STATE: [&'static str; S];

    /// The coefficients of step number `t` (from 1) of a parameter. They are rounded to the type of the parameters.
    fn coefficients(&self, t: u64) -> [f64; C];

    /// The update of one number: (coefficients, p, g, state) ↦ (p′, state′).
    fn update<N: Number>(c: [Num<N>; C], p: Num<N>, g: Num<N>, state: [Num<N>; S]) -> (Num<N>, [Num<N>; S]);

    /// The same coefficients as data, so that text can make them too: what [`Coefficient::at`] gives. None where they are not of
    /// these kinds.
    fn by_step(&self) -> Option<[Coefficient; C]> {
        None
    }

    /// Shows each hyper-parameter, by its name and with its range, so that it can be read and changed.
    fn hyperparameters(&mut self, each: &mut Hyperparameters<'_>) {
        let _ = each;
    }
}

/// Is shown the hyper-parameters of a [`Formula`].
pub type Hyperparameters<'a> = dyn FnMut(&'static str, &mut f64, Range) + 'a;

/// The range of a hyper-parameter.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// In words.
    pub expected: &'static str,
    /// Whether a value lies in it.
    pub within: fn(f64) -> bool,
}

impl Range {
    /// A learning rate, a weight decay, ε: finite and at least 0.
    pub const NOT_NEGATIVE: Range =
        Range { expected: "a finite number, at least 0", within: |x| x.is_finite() && x >= 0.0 };
    /// A decay such as μ or β: in [0, 1).
    pub const DECAY: Range = Range { expected: "a number in [0, 1)", within: |x| (0.0..1.0).contains(&x) };
    /// A number that is divided by, a size: finite and above 0.
    pub const POSITIVE: Range =
        Range { expected: "a finite number above 0", within: |x| x.is_finite() && x > 0.0 };
    /// A choice: 0 for no, 1 for yes.
    pub const CHOICE: Range = Range { expected: "0 or 1", within: |x| x == 0.0 || x == 1.0 };
}

/// Weight decay λ at rate η, as two coefficients: how much of p is added to the gradient, and what p is multiplied by.
///
/// Coupled, it is the gradient of λ/2·‖p‖². Decoupled (Loshchilov & Hutter 2019), it does not pass through the averages.
pub(crate) fn decays(weight_decay: f64, rate: f64, decoupled: bool) -> [f64; 2] {
    if decoupled { [0.0, 1.0 - rate * weight_decay] } else { [weight_decay, 1.0] }
}

/// What the average of `t` numbers with decay β is divided by, 1 − βᵗ, because it began as zero.
pub(crate) fn correction(beta: f64, t: u64) -> f64 {
    1.0 - beta.powi(i32::try_from(t).unwrap_or(i32::MAX)) // for larger t it is 1
}

/// Methods of an optimiser that change its hyper-parameters: `name(field, …)`.
macro_rules! with {
    ($Type:ty { $($(#[$doc:meta])* $name:ident($($field:ident),+);)* }) => {
        impl $Type {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                /// If a value is outside of its range.
                pub fn $name(self, $($field: f64),+) -> Result<$Type, $crate::HyperparameterError> {
                    self.changed(|rule| { $(rule.$field = $field;)+ })
                }
            )*
        }
    };
}
pub(crate) use with;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::*;

    fn agree<F: Formula<S, C>, const S: usize, const C: usize>(
        optimizer: Result<Descent<F, S, C>, HyperparameterError>,
    ) {
        let optimizer = optimizer.expect("these are within their ranges");
        let by_step = optimizer.formula().by_step().expect("it is one of those that have it");
        for t in [1, 2, 3, 10, 1000, 100_000, u64::from(u32::MAX)] {
            let (data, code) = (by_step.map(|c| c.at(t)), optimizer.formula().coefficients(t));
            assert_eq!(data.map(f64::to_bits), code.map(f64::to_bits), "{t}: {optimizer:?}");
        }
    }

    #[test]
    fn coefficients_as_data_are_those_of_the_code() {
        agree(Sgd::new(0.3));
        agree(Momentum::new(0.3, 0.9).and_then(|m| m.dampening(0.2)));
        agree(Momentum::pytorch(0.3, 0.9).and_then(|m| m.nesterov()));
        agree(RmsProp::new(0.3));
        agree(Lion::new(0.3));
        agree(Adadelta::new(0.3));
        agree(Adagrad::new(0.3));
        agree(Adam::new(0.3));
        agree(AdamW::new(0.3));
        agree(Adamax::new(0.3));
        agree(AmsGrad::new(0.3));
        agree(AdaBelief::new(0.3));
        agree(Yogi::new(0.3));
    }
}
