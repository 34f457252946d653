//! Learning rates as functions of the step.

use std::f64::consts::PI;
use std::fmt;
use std::sync::Arc;

/// A number for each step, counted from 0: a learning rate, a momentum, or a factor of one.
///
/// Schedules remember nothing, so that a run which is resumed at step s has the rate of step s. They compose:
/// [`then`](Schedule::then) one after another, [`times`](Schedule::times) both at once.
///
/// ```
/// use optim::{Optimizer, Schedule, Sgd};
/// let rate = Schedule::warmup(0.1, 0.0, 10).then(Schedule::cosine(0.1, 0.0, 90));
/// assert_eq!((rate.at(0), rate.at(5), rate.at(10)), (0.0, 0.05, 0.1));
/// assert!((rate.at(55) - 0.05).abs() < 1e-15 && rate.at(100) < 1e-15);
/// let mut sgd = Sgd::new(rate.at(0))?;
/// for step in 0..100 {
///     sgd.set_learning_rate(rate.at(step))?;
///     // … and a step
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Schedule {
    at: Arc<dyn Fn(u64) -> f64 + Send + Sync>,
    length: Option<u64>,
}

impl Schedule {
    /// Any function of the step.
    ///
    /// ```
    /// use optim::Schedule;
    /// assert_eq!(Schedule::of(|step| 0.1 / (step + 1) as f64).at(1), 0.05);
    /// ```
    pub fn of(at: impl Fn(u64) -> f64 + Send + Sync + 'static) -> Schedule {
        Schedule { at: Arc::new(at), length: None }
    }

    /// The number of step `step`, from 0.
    pub fn at(&self, step: u64) -> f64 {
        (self.at)(step)
    }

    /// How many steps there are until the next schedule, if it is known.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// The same for so many steps, until the next one.
    pub fn lasting(mut self, steps: u64) -> Schedule {
        self.length = Some(steps);
        self
    }

    /// Another one after this one has ended, which counts its steps from 0.
    ///
    /// # Panics
    /// If this one does not end: [`lasting`](Schedule::lasting) says when.
    #[track_caller]
    pub fn then(self, next: Schedule) -> Schedule {
        let Some(length) = self.length else {
            panic!("then: the first schedule has no end\n  hint: `first.lasting(steps).then(next)`");
        };
        let total = next.length.map(|steps| steps + length);
        let at = move |step| if step < length { self.at(step) } else { next.at(step - length) };
        Schedule { at: Arc::new(at), length: total }
    }

    /// The product with another one, step by step.
    ///
    /// ```
    /// use optim::Schedule;
    /// let rate = Schedule::constant(0.5).times(Schedule::exponential(1.0, 0.5));
    /// assert_eq!(rate.at(2), 0.125);
    /// ```
    pub fn times(self, other: Schedule) -> Schedule {
        let length = self.length;
        Schedule { at: Arc::new(move |step| self.at(step) * other.at(step)), length }
    }

    /// Always the same.
    pub fn constant(rate: f64) -> Schedule {
        Schedule::of(move |_| rate)
    }

    /// rate·γ^⌊s/every⌋.
    ///
    /// # Panics
    /// If `every` is 0.
    ///
    /// ```
    /// use optim::Schedule;
    /// assert_eq!(Schedule::stairs(1.0, 0.5, 10).at(25), 0.25);
    /// ```
    #[track_caller]
    pub fn stairs(rate: f64, gamma: f64, every: u64) -> Schedule {
        assert!(every > 0, "stairs: `every` is 0\n  rule: a stair has at least 1 step");
        Schedule::of(move |step| rate * gamma.powf((step / every) as f64))
    }

    /// rate·γ^k at and after the k-th of some steps.
    ///
    /// ```
    /// use optim::Schedule;
    /// let rate = Schedule::milestones(1.0, 0.5, [3, 7]);
    /// assert_eq!([rate.at(2), rate.at(3), rate.at(7)], [1.0, 0.5, 0.25]);
    /// ```
    pub fn milestones(rate: f64, gamma: f64, steps: impl IntoIterator<Item = u64>) -> Schedule {
        let steps: Vec<u64> = steps.into_iter().collect();
        Schedule::of(move |step| {
            let passed = steps.iter().filter(|&&at| at <= step).count();
            rate * gamma.powf(passed as f64)
        })
    }

    /// rate·γˢ.
    pub fn exponential(rate: f64, gamma: f64) -> Schedule {
        Schedule::of(move |step| rate * gamma.powf(step as f64))
    }

    /// In a straight line from one rate to another within so many steps, and then the other.
    ///
    /// ```
    /// use optim::Schedule;
    /// assert_eq!(Schedule::linear(1.0, 0.0, 4).at(1), 0.75);
    /// ```
    pub fn linear(from: f64, to: f64, steps: u64) -> Schedule {
        Schedule::of(move |step| from + (to - from) * part(step, steps)).lasting(steps)
    }

    /// A straight line up to a rate, from `start` times it (Goyal et al. 2017, section 2.2).
    pub fn warmup(rate: f64, start: f64, steps: u64) -> Schedule {
        Schedule::linear(rate * start, rate, steps)
    }

    /// rate·(1 − s/steps)^power, and then 0.
    pub fn polynomial(rate: f64, power: f64, steps: u64) -> Schedule {
        Schedule::of(move |step| rate * (1.0 - part(step, steps)).powf(power)).lasting(steps)
    }

    /// least + ½·(rate − least)·(1 + cos(π·s/steps)) (Loshchilov & Hutter 2017, equation 5). After its end it rises again. One of
    /// 0 steps is at its end.
    pub fn cosine(rate: f64, least: f64, steps: u64) -> Schedule {
        let part = move |step| if steps == 0 { 1.0 } else { step as f64 / steps as f64 };
        Schedule::of(move |step| cosine(least, rate, part(step))).lasting(steps)
    }

    /// [`cosine`](Schedule::cosine) again and again, each `factor` times as long as the one before (Loshchilov & Hutter 2017).
    ///
    /// # Panics
    /// If `first` or `factor` is 0.
    ///
    /// ```
    /// use optim::Schedule;
    /// let rate = Schedule::restarts(1.0, 0.0, 2, 2);
    /// assert_eq!([rate.at(0), rate.at(2), rate.at(6)], [1.0; 3]);
    /// ```
    #[track_caller]
    pub fn restarts(rate: f64, least: f64, first: u64, factor: u64) -> Schedule {
        assert!(
            first > 0 && factor > 0,
            "restarts: a length of 0\n  rule: `first` and `factor` are at least 1"
        );
        Schedule::of(move |step| {
            let (mut step, mut length) = (step, first);
            if factor == 1 {
                step %= first;
            }
            while step >= length {
                step -= length;
                length *= factor;
            }
            cosine(least, rate, step as f64 / length as f64)
        })
    }

    /// rate·min((s + 1)^−½, (s + 1)·warmup^−³ᐟ²) (Vaswani et al. 2017, equation 3).
    pub fn inverse_sqrt(rate: f64, warmup: u64) -> Schedule {
        let rise = (warmup as f64).powf(-1.5);
        Schedule::of(move |step| {
            let count = step as f64 + 1.0;
            rate * count.powf(-0.5).min(count * rise)
        })
    }

    /// From any rate to that at which weights are [averaged](crate::Average::equal), in so many steps (Izmailov et al. 2018).
    pub fn averaging(from: f64, to: f64, steps: u64, along: Anneal) -> Schedule {
        Schedule::of(move |step| along.between(from, to, part(step, steps))).lasting(steps)
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first: Vec<f64> = (0..4).map(|step| self.at(step)).collect();
        f.debug_struct("Schedule").field("first", &first).field("length", &self.length).finish()
    }
}

/// How a schedule goes from one number to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Anneal {
    /// In a straight line.
    Linear,
    /// Along half a wave of the cosine.
    Cosine,
}

impl Anneal {
    /// The number after a part of the way, from 0 to 1.
    fn between(self, from: f64, to: f64, part: f64) -> f64 {
        match self {
            Anneal::Linear => from + (to - from) * part,
            Anneal::Cosine => cosine(to, from, part),
        }
    }
}

/// The 1cycle policy (Smith & Topin 2018), with the parts of PyTorch's: up, down, and with three phases far down.
///
/// ```
/// use optim::OneCycle;
/// let rate = OneCycle::new(1.0, 100).rate();
/// assert!((rate.at(0) - 1.0 / 25.0).abs() < 1e-15);
/// assert!((rate.at(29) - 1.0).abs() < 1e-15 && rate.at(99) < 1e-5);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct OneCycle {
    /// The highest rate.
    pub greatest: f64,
    /// The number of steps.
    pub steps: u64,
    /// The part of the steps in which the rate rises: 0.3.
    pub rise: f64,
    /// The first rate is the highest divided by this: 25.
    pub first_divisor: f64,
    /// The last rate is the first divided by this: 10⁴.
    pub last_divisor: f64,
    /// The way between the rates: the cosine.
    pub along: Anneal,
    /// Whether the rate falls to the first one as fast as it rose, and then to the last.
    pub three_phases: bool,
}

impl OneCycle {
    /// With the highest rate, the number of steps, and the defaults of the other fields.
    pub fn new(greatest: f64, steps: u64) -> OneCycle {
        let (rise, first_divisor, last_divisor) = (0.3, 25.0, 1e4);
        OneCycle {
            greatest,
            steps,
            rise,
            first_divisor,
            last_divisor,
            along: Anneal::Cosine,
            three_phases: false,
        }
    }

    /// The rates.
    pub fn rate(&self) -> Schedule {
        let first = self.greatest / self.first_divisor;
        self.through(first, self.greatest, first / self.last_divisor)
    }

    /// The momenta: they fall while the rate rises.
    pub fn momentum(&self, least: f64, greatest: f64) -> Schedule {
        self.through(greatest, least, greatest)
    }

    /// From `first` to `top`, and down to `last`; with three phases by way of `first`.
    fn through(&self, first: f64, top: f64, last: f64) -> Schedule {
        if self.steps == 0 {
            return Schedule::constant(last).lasting(0);
        }
        let (total, along) = (self.steps as f64, self.along);
        let (up, end) = (self.rise * total - 1.0, total - 1.0);
        let corners = match self.three_phases {
            false => vec![(0.0, first), (up, top), (end, last)],
            true => vec![(0.0, first), (up, top), (2.0 * up, first), (end, last)],
        };
        Schedule::of(move |step| {
            let step = (step as f64).min(end);
            let phase =
                corners.windows(2).find(|phase| step <= phase[1].0).unwrap_or(&corners[corners.len() - 2..]);
            let [(begin, from), (end, to)] = [phase[0], phase[1]];
            // A phase of no length is at its end.
            let (done, length) = (step - begin, end - begin);
            along.between(from, to, if length == 0.0 { 1.0 } else { done / length })
        })
        .lasting(self.steps)
    }
}

/// How the height of a [`Cyclic`] schedule changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Height {
    /// Not at all.
    Same,
    /// Halved with each cycle.
    Halved,
    /// Multiplied by a number with each step.
    Decaying(f64),
}

/// Rates that rise and fall in straight lines again and again (Smith 2017).
///
/// ```
/// use optim::{Cyclic, Height};
/// let rate = Cyclic { least: 1.0, greatest: 3.0, up: 2, down: 4, height: Height::Halved }.rate();
/// assert_eq!([0, 1, 2, 4, 6, 8].map(|step| rate.at(step)), [1.0, 2.0, 3.0, 2.0, 1.0, 2.0]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Cyclic {
    /// The lowest rate.
    pub least: f64,
    /// The highest rate.
    pub greatest: f64,
    /// The number of steps up.
    pub up: u64,
    /// The number of steps down.
    pub down: u64,
    /// How the height changes.
    pub height: Height,
}

impl Cyclic {
    /// The rates.
    pub fn rate(&self) -> Schedule {
        self.between(self.least, self.greatest)
    }

    /// The momenta: they fall while the rate rises.
    pub fn momentum(&self, least: f64, greatest: f64) -> Schedule {
        self.between(greatest, least)
    }

    fn between(&self, from: f64, to: f64) -> Schedule {
        let Cyclic { up, down, height, .. } = *self;
        Schedule::of(move |step| {
            // A cycle of no steps stays at its top, and counts as one of one step.
            let length = (up + down).max(1);
            let (cycle, at) = (step / length, step % length);
            let part =
                if at < up { at as f64 / up as f64 } else { (length - at) as f64 / down.max(1) as f64 };
            let scale = match height {
                Height::Same => 1.0,
                Height::Halved => 0.5f64.powf(cycle as f64),
                Height::Decaying(gamma) => gamma.powf(step as f64),
            };
            from + (to - from) * part * scale
        })
    }
}

/// How much of the steps is over: at most 1.
fn part(step: u64, steps: u64) -> f64 {
    if step >= steps { 1.0 } else { step as f64 / steps as f64 }
}

/// From `high` to `low` along half a wave.
fn cosine(low: f64, high: f64, part: f64) -> f64 {
    low + 0.5 * (high - low) * (1.0 + (PI * part).cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_steps_is_at_its_end() {
        let cycle = OneCycle { three_phases: true, ..OneCycle::new(1.0, 0) };
        for (name, schedule, end) in [
            ("linear", Schedule::linear(1.0, 0.25, 0), 0.25),
            ("warmup", Schedule::warmup(0.25, 0.0, 0), 0.25),
            ("polynomial", Schedule::polynomial(1.0, 2.0, 0), 0.0),
            ("cosine", Schedule::cosine(1.0, 0.25, 0), 0.25),
            ("averaging", Schedule::averaging(1.0, 0.25, 0, Anneal::Cosine), 0.25),
            ("one cycle", OneCycle::new(1.0, 0).rate(), 1.0 / 25.0 / 1e4),
            ("three phases", cycle.rate(), 1.0 / 25.0 / 1e4),
        ] {
            for step in [0, 1, 7] {
                assert!((schedule.at(step) - end).abs() < 1e-15, "{name} at {step}: {}", schedule.at(step));
            }
        }
        assert_eq!([0, 9].map(|step| Schedule::inverse_sqrt(1.0, 0).at(step)), [1.0, 0.1f64.sqrt()]);
    }

    /// The rise of a quarter of 4 steps ends with the first step.
    #[test]
    fn a_phase_without_steps_is_passed_over() {
        let rate = OneCycle { rise: 0.25, ..OneCycle::new(1.0, 4) }.rate();
        assert_eq!(rate.at(0), 1.0);
        let cyclic = |up, down| Cyclic { least: 1.0, greatest: 3.0, up, down, height: Height::Same }.rate();
        assert_eq!([0, 1, 2].map(|step| cyclic(0, 2).at(step)), [3.0, 2.0, 3.0]);
        assert_eq!([0, 1, 2].map(|step| cyclic(2, 0).at(step)), [1.0, 2.0, 1.0]);
        assert_eq!([0, 1, 2].map(|step| cyclic(0, 0).at(step)), [3.0; 3]);
    }
}
