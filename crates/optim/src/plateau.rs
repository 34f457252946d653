//! A learning rate that falls when a metric does not get better.

use crate::{HyperparameterError, Range};

/// Lowers the learning rate when a metric has not become better for some time.
///
/// The rate is multiplied by `factor` once the number of bad values in a row exceeds `patience`. A value is better if it is
/// below best·(1 − threshold), or above best·(1 + threshold) where larger is better. As PyTorch's `ReduceLROnPlateau`.
///
/// ```
/// use optim::Plateau;
/// let mut plateau = Plateau::new(0.1)?.patience(1);
/// let rates: Vec<f64> = [1.0, 1.0, 1.0, 1.0].into_iter().map(|loss| plateau.observe(loss)).collect();
/// assert_eq!(rates, [0.1, 0.1, 0.010000000000000002, 0.010000000000000002]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Plateau {
    /// What the rate is multiplied by: 0.1.
    pub factor: f64,
    /// How many bad values in a row are borne: 10.
    pub patience: u64,
    /// For how many values after a change none counts as bad: 0.
    pub cooldown: u64,
    /// The least rate: 0.
    pub least: f64,
    /// By how much a value must be better: 10⁻⁴.
    pub threshold: f64,
    /// Whether the threshold is a part of the best value or a difference to it: a part.
    pub relative: bool,
    /// Whether larger is better: no.
    pub larger_is_better: bool,
    /// A change of the rate that is no larger than this is not made: 10⁻⁸.
    pub epsilon: f64,
    memory: PlateauState,
}

/// What a [`Plateau`] remembers. It can be saved, and given to another one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlateauState {
    /// The rate.
    pub rate: f64,
    /// The best value so far.
    pub best: Option<f64>,
    /// The number of bad values in a row.
    pub bad: u64,
    /// For how many values none counts as bad.
    pub resting: u64,
}

impl Plateau {
    /// With a first rate and the defaults of the fields.
    ///
    /// # Errors
    /// If the rate is negative or not finite.
    pub fn new(rate: f64) -> Result<Plateau, HyperparameterError> {
        let range = Range::NOT_NEGATIVE;
        if !(range.within)(rate) {
            return Err(HyperparameterError {
                name: "learning_rate".into(),
                value: rate,
                expected: range.expected,
            });
        }
        let memory = PlateauState { rate, best: None, bad: 0, resting: 0 };
        Ok(Plateau {
            factor: 0.1,
            patience: 10,
            cooldown: 0,
            least: 0.0,
            threshold: 1e-4,
            relative: true,
            larger_is_better: false,
            epsilon: 1e-8,
            memory,
        })
    }

    /// With another factor.
    pub fn factor(mut self, factor: f64) -> Plateau {
        self.factor = factor;
        self
    }

    /// With another patience.
    pub fn patience(mut self, patience: u64) -> Plateau {
        self.patience = patience;
        self
    }

    /// Takes the next value of the metric, and gives the rate from now on. NaN is never better.
    pub fn observe(&mut self, metric: f64) -> f64 {
        let memory = &mut self.memory;
        let sign = if self.larger_is_better { -1.0 } else { 1.0 };
        let best = memory.best.unwrap_or(sign * f64::INFINITY);
        let bound =
            if self.relative { best * (1.0 - sign * self.threshold) } else { best - sign * self.threshold };
        if sign * metric < sign * bound {
            (memory.best, memory.bad) = (Some(metric), 0);
        } else {
            memory.bad += 1;
        }
        if memory.resting > 0 {
            (memory.resting, memory.bad) = (memory.resting - 1, 0);
        }
        if memory.bad > self.patience {
            let rate = (memory.rate * self.factor).max(self.least);
            if memory.rate - rate > self.epsilon {
                memory.rate = rate;
            }
            (memory.resting, memory.bad) = (self.cooldown, 0);
        }
        memory.rate
    }

    /// The rate.
    pub fn rate(&self) -> f64 {
        self.memory.rate
    }

    /// What it remembers.
    pub fn state(&self) -> PlateauState {
        self.memory
    }

    /// Goes on from what another one of the same fields remembered.
    pub fn set_state(&mut self, state: PlateauState) {
        self.memory = state;
    }
}
