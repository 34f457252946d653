//! How far to go along a direction: to where the strong Wolfe conditions hold, or by a fixed length.

use super::error::{MinimizeError, check};
use super::minimizer::{Limits, Method, Minimizer, Step, Stopped};
use super::problem::{Point, Problem};
use super::vectors::{along, dot, largest};
use std::mem;

/// So many points are tried along a direction at most.
const TRIALS: usize = 25;

/// How a method goes along its directions.
#[derive(Clone, Debug)]
pub struct Line {
    /// The length that is tried first.
    rate: f64,
    /// c₁ and c₂ of the strong Wolfe conditions; `None` for steps of fixed length.
    wolfe: Option<(f64, f64)>,
    /// The latest step.
    pub(crate) latest: f64,
}

/// A method that has directions.
pub trait Directed: Method {
    #[doc(hidden)]
    fn line(&mut self) -> &mut Line;
}

impl<M: Directed> Minimizer<'_, M> {
    /// The same with another length of the steps, in units of what the method proposes, or of the one that a search begins with; 1.
    pub fn rate(mut self, rate: f64) -> Self {
        self.method.line().rate = rate;
        self
    }

    /// The same with a search for a step t along each direction d that meets the strong Wolfe conditions,
    ///
    /// f(x + t·d) ≤ f(x) + c₁·t·gᵀd  and  |∇f(x + t·d)ᵀd| ≤ c₂·|gᵀd|,  0 < c₁ < c₂ < 1
    ///
    /// by Nocedal & Wright 2006, algorithms 3.5 and 3.6, with cubic interpolation (equation 3.59), kept away from the ends of the
    /// bracket. The default, with 1e-4 and 0.9, of all but [`natural_gradient`](super::natural_gradient()).
    pub fn wolfe(mut self, c1: f64, c2: f64) -> Self {
        self.method.line().wolfe = Some((c1, c2));
        self
    }

    /// The same with steps of fixed length, without a search: nothing then keeps the values from rising.
    pub fn full_steps(mut self) -> Self {
        self.method.line().wolfe = None;
        self
    }
}

impl Line {
    pub(crate) fn new() -> Self {
        Line { rate: 1.0, wolfe: Some((1e-4, 0.9)), latest: 1.0 }
    }

    pub(crate) fn check(&self) -> Result<(), MinimizeError> {
        check("rate", self.rate, self.rate > 0.0 && self.rate.is_finite(), "above 0")?;
        let Some((c1, c2)) = self.wolfe else { return Ok(()) };
        check("c1", c1, c1 > 0.0 && c1 < 1.0, "above 0 and below 1")?;
        check("c2", c2, c1 < c2 && c2 < 1.0, "above c1 and below 1")
    }

    /// Goes along a direction that descends. `scale` is for the first length.
    pub(crate) fn go(
        &mut self,
        problem: &mut Problem<'_>,
        from: &Point,
        d: &[f64],
        scale: f64,
        limits: &Limits,
    ) -> Result<Step, MinimizeError> {
        let (slope, first) = (dot(&from.gradient, d), scale * self.rate);
        let promises_more = -slope > limits.decrement;
        if !promises_more {
            let met = -slope >= 0.0 && limits.decrement > 0.0;
            let why = if met { Stopped::Converged } else { Stopped::NoProgress };
            return Ok(Step::End(why));
        }
        let Some((c1, c2)) = self.wolfe else {
            let to = problem.evaluate(along(&from.x, first, d))?;
            self.latest = first;
            return Ok(if to.is_finite() { Step::To(to) } else { Step::End(Stopped::NonFinite) });
        };
        let found = Search { problem, from, d, slope, c1, c2 }.run(first)?;
        Ok(match found.at.improves(from) && found.t > 0.0 {
            true => {
                self.latest = found.t;
                Step::To(found.at)
            }
            false => Step::End(Stopped::NoProgress),
        })
    }
}

/// A point along the direction. One that is not finite counts as infinitely high.
struct Trial {
    t: f64,
    slope: f64,
    at: Point,
}

struct Search<'a, 'p> {
    problem: &'a mut Problem<'p>,
    from: &'a Point,
    d: &'a [f64],
    /// gᵀd.
    slope: f64,
    c1: f64,
    c2: f64,
}

impl Search<'_, '_> {
    fn at(&mut self, t: f64) -> Result<Trial, MinimizeError> {
        let mut at = self.problem.evaluate(along(&self.from.x, t, self.d))?;
        let mut slope = dot(&at.gradient, self.d);
        if !at.is_finite() || !slope.is_finite() {
            (at.value, slope) = (f64::INFINITY, f64::INFINITY);
        }
        Ok(Trial { t, slope, at })
    }

    /// Whether it descends too little, by more than the rounding of the values.
    fn is_high(&self, trial: &Trial) -> bool {
        let rounding = 2.0 * f64::EPSILON * self.from.value.abs();
        trial.at.value > self.from.value + self.c1 * trial.t * self.slope + rounding
    }

    fn is_flat(&self, trial: &Trial) -> bool {
        trial.slope.abs() <= -self.c2 * self.slope
    }

    /// Algorithm 3.5: goes on until a bracket holds what is looked for.
    fn run(mut self, first: f64) -> Result<Trial, MinimizeError> {
        let mut before = Trial { t: 0.0, slope: self.slope, at: self.from.clone() };
        let mut now = self.at(first)?;
        for k in 0..TRIALS {
            if self.is_high(&now) || (k > 1 && now.at.value >= before.at.value) {
                return self.zoom(before, now, TRIALS - k);
            }
            if self.is_flat(&now) {
                return Ok(now);
            }
            if now.slope >= 0.0 {
                return self.zoom(before, now, TRIALS - k);
            }
            let t = cubic(&before, &now, now.t + 0.01 * (now.t - before.t), 10.0 * now.t);
            before = mem::replace(&mut now, self.at(t)?);
        }
        Ok(if now.at.value < before.at.value { now } else { before })
    }

    /// Algorithm 3.6: makes the bracket smaller around the lower end.
    fn zoom(&mut self, a: Trial, b: Trial, trials: usize) -> Result<Trial, MinimizeError> {
        let (mut low, mut high) = if a.at.value <= b.at.value { (a, b) } else { (b, a) };
        let rounding = f64::EPSILON * largest(&self.from.x) / largest(self.d);
        let mut was_near_an_end = false;
        for _ in 0..trials {
            let (begin, end) = (low.t.min(high.t), low.t.max(high.t));
            if end - begin <= rounding {
                break;
            }
            let mut t = cubic(&low, &high, begin, end);
            let margin = 0.1 * (end - begin);
            let is_near_an_end = (end - t).min(t - begin) < margin;
            if is_near_an_end && (was_near_an_end || t >= end || t <= begin) {
                t = if end - t < t - begin { end - margin } else { begin + margin };
                was_near_an_end = false;
            } else {
                was_near_an_end = is_near_an_end;
            }
            let now = self.at(t)?;
            if self.is_high(&now) || now.at.value >= low.at.value {
                high = now;
                if high.at.value < low.at.value {
                    mem::swap(&mut low, &mut high);
                }
                continue;
            }
            if self.is_flat(&now) {
                return Ok(now);
            }
            let rises = now.slope * (high.t - low.t) >= 0.0;
            let lower = mem::replace(&mut low, now);
            if rises {
                high = lower;
            }
        }
        Ok(low)
    }
}

/// Where the cubic through values and slopes of two trials is least, between two bounds; the middle if it has no minimum.
fn cubic(a: &Trial, b: &Trial, least: f64, most: f64) -> f64 {
    let width = b.t - a.t;
    let d1 = a.slope + b.slope - 3.0 * (b.at.value - a.at.value) / width;
    let d2 = (d1 * d1 - a.slope * b.slope).sqrt().copysign(width);
    let t = b.t - width * (b.slope + d2 - d1) / (b.slope - a.slope + 2.0 * d2);
    if t.is_nan() { 0.5 * (least + most) } else { t.clamp(least, most) }
}
