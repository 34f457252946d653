//! Clipping by other norms, and by the size of weights.

use crate::dtype::{Float, with_float};
use crate::mistake::Mistake;
use crate::params::{Gradients, Params};

impl Gradients {
    /// The p-norm of all gradients, (Σ|g|ᵖ)^(1/p), and the largest |g| for p = ∞: without overflow or underflow.
    ///
    /// # Panics
    /// If p is not above 0.
    ///
    /// ```
    /// use autograd::{Params, Tape};
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [2], 0.0);
    /// let tape = Tape::with(&params);
    /// let grads = (tape.param(w) * tape.constant([3.0, -4.0])).sum().backward();
    /// assert_eq!((grads.norm_by(1.0), grads.norm_by(f64::INFINITY)), (7.0, 4.0));
    /// ```
    #[track_caller]
    pub fn norm_by(&self, p: f64) -> f64 {
        check_power("norm_by", p);
        match p {
            2.0 => self.norm(),
            p => with_float!(self.dtype(), T => Norm::default().with(p, self.slab_of::<T>()).get(p)),
        }
    }

    /// The p-norm of the gradients of the parameters that are not frozen.
    #[doc(hidden)]
    pub fn norm_by_of(&self, p: f64, params: &Params) -> f64 {
        if p == 2.0 {
            return self.norm_of(params);
        }
        let mut norm = Norm::default();
        for (_, range) in self.trained(params) {
            norm = with_float!(self.dtype(), T => norm.with(p, &self.slab_of::<T>()[range]));
        }
        norm.get(p)
    }

    /// As [`clip_norm`](Gradients::clip_norm), by the [p-norm](Gradients::norm_by).
    ///
    /// # Panics
    /// If p is not above 0, or `limit` is negative or NaN.
    ///
    /// ```
    /// use autograd::{Params, Tape};
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [2], 0.0);
    /// let tape = Tape::with(&params);
    /// let mut grads = (tape.param(w) * tape.constant([3.0, -5.0])).sum().backward();
    /// assert_eq!(grads.clip_norm_by(1.0, 4.0), 8.0);
    /// assert_eq!(grads.get::<f64>(w), Some(&[1.5, -2.5][..]));
    /// ```
    #[track_caller]
    pub fn clip_norm_by(&mut self, p: f64, limit: f64) -> f64 {
        super::arithmetic::check_limit("clip_norm_by", limit);
        let norm = self.norm_by(p);
        if norm > limit && norm.is_finite() {
            *self *= limit / norm;
        }
        norm
    }

    /// Scales the gradient of each output unit to at most `limit`·max(‖w‖, ε), w being the weights of the unit. A unit is a
    /// row along the first axis, and the whole of a vector. A norm that is not finite changes nothing.
    ///
    /// Source: Brock, De, Smith & Simonyan, *High-performance large-scale image recognition without normalization*, 2021,
    /// equation 3.
    ///
    /// # Panics
    /// If `limit` or ε is negative or NaN, or the gradients are of other parameters.
    ///
    /// ```
    /// use autograd::{Params, Tape};
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [2, 1], [1.0, 10.0]);
    /// let mut grads = Tape::with(&params).param(w).sum().backward();
    /// grads.clip_adaptive(&params, 0.5, 1e-3);
    /// assert_eq!(grads.get::<f64>(w), Some(&[0.5, 1.0][..]));
    /// ```
    #[track_caller]
    pub fn clip_adaptive(&mut self, params: &Params, limit: f64, epsilon: f64) {
        super::arithmetic::check_limit("clip_adaptive", limit);
        super::arithmetic::check_limit("clip_adaptive", epsilon);
        if let Err(error) = self.check_for(params) {
            Mistake::new(format!("clip_adaptive: {error}")).raise();
        }
        let units: Vec<_> = self
            .trained(params)
            .map(|(param, range)| {
                let shape = params.shape(param);
                let rows = if shape.len() > 1 { shape[0].max(1) } else { 1 };
                (range.clone(), (range.len() / rows).max(1))
            })
            .collect();
        with_float!(self.dtype(), T => {
            let gradients = self.slab_mut().slice_mut::<T>();
            for (range, width) in units {
                let weights = params.slab_of::<T>()[range.clone()].chunks(width);
                for (g, w) in gradients[range].chunks_mut(width).zip(weights) {
                    clip_unit(g, w, limit, epsilon);
                }
            }
        });
    }
}

fn clip_unit<T: Float>(g: &mut [T], w: &[T], limit: f64, epsilon: f64) {
    let norm = |x: &[T]| Norm::default().with(2.0, x).get(2.0);
    let (size, most) = (norm(g), limit * norm(w).max(epsilon));
    if size > most && size.is_finite() {
        let factor = T::from_f64(most / size);
        g.iter_mut().for_each(|g| *g = *g * factor);
    }
}

/// A norm that is being added up: the largest size so far, and the sum of the powers of all sizes divided by it.
#[derive(Clone, Copy, Default)]
struct Norm {
    largest: f64,
    sum: f64,
}

impl Norm {
    /// With further numbers.
    fn with<T: Float>(mut self, p: f64, numbers: &[T]) -> Norm {
        for x in numbers {
            self.add(p, x.to_f64().abs());
        }
        self
    }

    fn add(&mut self, p: f64, x: f64) {
        if x.is_nan() {
            self.sum = x;
        } else if x > self.largest {
            self.sum = if self.sum == 0.0 { 1.0 } else { 1.0 + self.sum * (self.largest / x).powf(p) };
            self.largest = x;
        } else if x > 0.0 && self.largest < f64::INFINITY {
            self.sum += (x / self.largest).powf(p);
        }
    }

    fn get(self, p: f64) -> f64 {
        match p {
            _ if self.sum.is_nan() => self.sum,
            _ if self.largest == 0.0 => 0.0,
            f64::INFINITY => self.largest,
            p => self.largest * self.sum.powf(1.0 / p),
        }
    }
}

#[track_caller]
fn check_power(what: &str, p: f64) {
    if p.is_nan() || p <= 0.0 {
        Mistake::new(format!("{what}: p = {p}")).rule("p is above 0").raise();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn norms_of_any_power_neither_overflow_nor_underflow() {
        for scale in [1.0, 1e-300, 1e300] {
            let norm = |p: f64| {
                Norm::default().with(p, &[0.0, -3.0 * scale, 1.0 * scale, 4.0 * scale]).get(p) / scale
            };
            for (p, want) in [(1.0, 8.0), (2.0, 26f64.sqrt()), (3.0, 92f64.cbrt()), (f64::INFINITY, 4.0)] {
                assert!((norm(p) / want - 1.0).abs() < 1e-14, "{p}: {}", norm(p));
            }
        }
        assert!(Norm::default().with(3.0, &[1.0, f64::NAN, f64::INFINITY]).get(3.0).is_nan());
        assert_eq!(Norm::default().with(3.0, &[1.0, f64::INFINITY, 2.0]).get(3.0), f64::INFINITY);
        assert_eq!(Norm::default().with::<f32>(0.5, &[0.0]).get(0.5), 0.0);
    }
}
