//! Arithmetic on gradients: accumulation, scaling, clipping.

use crate::dtype::{Float, with_float};
use crate::kernels::unordered::squares;
use crate::mistake::Mistake;
use crate::params::{Gradients, Params};
use std::ops::{AddAssign, MulAssign};

impl Gradients {
    /// Zeros for every parameter that is not frozen: what gradients are added to.
    ///
    /// ```
    /// use autograd::{Gradients, Params, Tape};
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [2], [1.0, 2.0]);
    /// let mut sum = Gradients::zeros(&params);
    /// for factor in [1.0, 3.0] {
    ///     let tape = Tape::with(&params);
    ///     sum += &(tape.param(w).square().sum() * factor).backward();
    /// }
    /// assert_eq!(sum.get::<f64>(w), Some(&[8.0, 16.0][..]));
    /// ```
    pub fn zeros(params: &Params) -> Gradients {
        let mut zeros = Gradients::reusing(None, params);
        for param in params.handles().filter(|&p| !params.is_frozen(p)) {
            zeros.insert(param, params.range(param));
        }
        zeros
    }

    /// The Euclidean norm of all gradients, √Σg², in `f64`: without overflow or underflow, whatever the gradients are.
    ///
    /// ```
    /// use autograd::{Params, Tape};
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [2], [3e200, 4e200]);
    /// let tape = Tape::with(&params);
    /// let grads = (tape.param(w).square().sum() * 0.5).backward();
    /// assert!((grads.norm() / 5e200 - 1.0).abs() < 1e-15);
    /// ```
    pub fn norm(&self) -> f64 {
        with_float!(self.dtype(), T => norm(self.slab_of::<T>()))
    }

    /// The Euclidean norm of the gradients of the parameters that are not frozen.
    #[doc(hidden)]
    pub fn norm_of(&self, params: &Params) -> f64 {
        // The largest norm so far, and the sum of the squares of all divided by it.
        let (mut largest, mut sum) = (0.0f64, 0.0f64);
        for (_, range) in self.trained(params) {
            let part = with_float!(self.dtype(), T => norm(&self.slab_of::<T>()[range]));
            if part > largest {
                (largest, sum) = (part, 1.0 + sum * (largest / part).powi(2));
            } else if part > 0.0 || part.is_nan() {
                sum += (part / largest).powi(2);
            }
        }
        if largest == 0.0 && !sum.is_nan() { 0.0 } else { largest * sum.sqrt() }
    }

    /// Scales all gradients, if their [norm](Gradients::norm) is larger than `limit`, so that it becomes `limit`; gives the
    /// norm that they had. A norm that is not finite changes nothing: the step then refuses the gradients.
    ///
    /// Source: Pascanu, Mikolov & Bengio, *On the difficulty of training recurrent neural networks*, 2013, algorithm 1.
    ///
    /// # Panics
    /// If `limit` is negative or NaN.
    ///
    /// ```
    /// use autograd::{Params, Tape};
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [2], [3.0, 4.0]);
    /// let mut grads = (Tape::with(&params).param(w).square().sum() * 0.5).backward();
    /// assert_eq!(grads.clip_norm(10.0), 5.0);
    /// assert_eq!(grads.clip_norm(0.5), 5.0);
    /// assert!((grads.norm() - 0.5).abs() < 1e-15);
    /// ```
    #[track_caller]
    pub fn clip_norm(&mut self, limit: f64) -> f64 {
        check_limit("clip_norm", limit);
        let norm = self.norm();
        if norm > limit && norm.is_finite() {
            *self *= limit / norm;
        }
        norm
    }

    /// Limits each element to ±`limit`; NaN stays NaN.
    ///
    /// # Panics
    /// If `limit` is negative or NaN.
    ///
    /// ```
    /// use autograd::{Params, Tape};
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [2], [3.0, -0.5]);
    /// let mut grads = (Tape::with(&params).param(w).square().sum() * 0.5).backward();
    /// grads.clip_value(1.0);
    /// assert_eq!(grads.get::<f64>(w), Some(&[1.0, -0.5][..]));
    /// ```
    #[track_caller]
    pub fn clip_value(&mut self, limit: f64) {
        check_limit("clip_value", limit);
        with_float!(self.dtype(), T => {
            let limit = T::from_f64(limit);
            for g in self.slab_mut().slice_mut::<T>() {
                *g = if *g > limit { limit } else if *g < -limit { -limit } else { *g };
            }
        });
    }

    /// Adds gradients, or those alone if it is to start `anew`, and not what was written: that is stored already.
    #[doc(hidden)]
    #[track_caller]
    pub fn accumulate(&mut self, other: &Gradients, anew: bool) {
        self.check_same_model(other);
        if anew {
            self.set_zero();
        }
        self.add(other);
        self.take_over(other, false);
    }

    fn add(&mut self, other: &Gradients) {
        with_float!(self.dtype(), T => {
            let terms = other.slab_of::<T>();
            self.slab_mut().slice_mut::<T>().iter_mut().zip(terms).for_each(|(sum, &g)| *sum += g);
        });
    }

    /// The gradient of a parameter, to be changed; `None` where there is none.
    ///
    /// # Panics
    /// As [`get`](Gradients::get).
    ///
    /// ```
    /// use autograd::{Gradients, Params};
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [2], 0.0);
    /// let mut grads = Gradients::zeros(&params);
    /// grads.get_mut::<f64>(w).unwrap()[1] = 2.0;
    /// assert_eq!(grads.get::<f64>(w), Some(&[0.0, 2.0][..]));
    /// ```
    #[track_caller]
    pub fn get_mut<T: Float>(&mut self, param: crate::params::Param) -> Option<&mut [T]> {
        let range = self.range_of::<T>(param)?;
        Some(&mut self.slab_mut().slice_mut::<T>()[range])
    }

    #[track_caller]
    fn check_same_model(&self, other: &Gradients) {
        if !self.are_alike(other) {
            Mistake::new("+=: the gradients belong to different models")
                .rule("gradients that are added are those of one `Params`, or of clones that have not grown apart")
                .raise();
        }
    }
}

#[track_caller]
pub(super) fn check_limit(what: &str, limit: f64) {
    if limit.is_nan() || limit < 0.0 {
        Mistake::new(format!("{what}: the limit is {limit}")).rule("a limit is a number, at least 0").raise();
    }
}

/// Adds the gradients of another batch. A parameter has a gradient if it has one on either side.
impl AddAssign<&Gradients> for Gradients {
    #[track_caller]
    fn add_assign(&mut self, other: &Gradients) {
        self.check_same_model(other);
        self.add(other);
        self.take_over(other, true);
    }
}

/// Multiplies every gradient by a number, rounded to their type.
impl MulAssign<f64> for Gradients {
    fn mul_assign(&mut self, factor: f64) {
        with_float!(self.dtype(), T => {
            let factor = T::from_f64(factor);
            self.slab_mut().slice_mut::<T>().iter_mut().for_each(|g| *g = *g * factor);
        });
    }
}

/// √Σx². The plain sum of squares where it neither overflows nor loses what is small; else of numbers scaled by the largest.
fn norm<T: Float>(x: &[T]) -> f64 {
    let plain = squares(x);
    if plain > 1e-280 && plain < f64::INFINITY || plain.is_nan() {
        return plain.sqrt();
    }
    let largest = x.iter().fold(0.0f64, |m, x| m.max(x.to_f64().abs()));
    if largest == 0.0 || largest.is_infinite() {
        return largest;
    }
    largest * x.iter().map(|x| (x.to_f64() / largest).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tape;

    #[test]
    fn norms_neither_overflow_nor_underflow() {
        let near = |got: f64, want: f64| assert!((got / want - 1.0).abs() < 1e-15, "{got:e} for {want:e}");
        near(norm(&[3e200, 4e200]), 5e200);
        near(norm(&[3e-200, -4e-200]), 5e-200);
        near(norm(&[3e-310, 4e-310]), 5e-310);
        near(norm(&[3.0, 4.0]), 5.0);
        assert_eq!((norm::<f64>(&[]), norm(&[0.0, -0.0])), (0.0, 0.0));
        assert_eq!(norm(&[1.0, f64::NEG_INFINITY]), f64::INFINITY);
        assert!(norm(&[1.0, f64::NAN]).is_nan() && norm(&[f64::INFINITY, f64::NAN]).is_nan());
    }

    #[test]
    fn the_norm_of_several_parameters_neither_overflows_nor_underflows() {
        for scale in [1.0, 1e-200, 1e200] {
            let mut params = Params::f64();
            let mut net = params.scope("net");
            let all = ["a", "b", "c", "d"].map(|name| net.param(name, [2], 0.0));
            let mut grads = Gradients::zeros(&params);
            for (p, x) in all.into_iter().zip([[3.0, 0.0], [0.0, 4.0], [0.0, 0.0], [12.0, 84.0]]) {
                grads.get_mut::<f64>(p).unwrap().copy_from_slice(&x.map(|x| x * scale));
            }
            let norm = grads.norm_of(&params) / scale;
            assert!((norm - (9.0 + 16.0 + 144.0 + 7056.0f64).sqrt()).abs() < 1e-13 * 85.0, "{norm}");
            params.set_frozen(all[3], true);
            assert!((grads.norm_of(&params) / scale - 5.0).abs() < 1e-14);
        }
    }

    #[test]
    fn micro_batches_add_up_to_the_large_one() {
        let mut params = Params::f64();
        let mut net = params.scope("net");
        let (w, b) = (net.param("w", [3, 1], [0.2, -0.4, 0.7]), net.param("b", [1], 0.1));
        let frozen = net.param("frozen", [2], 1.0);
        params.set_frozen(frozen, true);
        let data: Vec<f64> = (0..24).map(|i| (f64::from(i) * 0.618).fract() - 0.5).collect();
        let gradient = |rows: std::ops::Range<usize>| {
            let tape = Tape::with(&params);
            let x = tape.constant(&data[3 * rows.start..3 * rows.end]).reshape([rows.len(), 3]);
            ((x.matmul(w) + b).tanh().square().sum() / 8.0).backward()
        };
        let whole = gradient(0..8);
        let mut sum = Gradients::zeros(&params);
        (0..4).for_each(|i| sum += &gradient(2 * i..2 * i + 2));
        for p in [w, b] {
            let pairs = sum.get::<f64>(p).unwrap().iter().zip(whole.get::<f64>(p).unwrap());
            pairs.for_each(|(a, b)| assert!((a - b).abs() < 1e-15, "{a} {b}"));
        }
        assert!(sum.get::<f64>(frozen).is_none());
        sum *= 0.5;
        assert!((sum.norm() / whole.norm() - 0.5).abs() < 1e-14);
    }

    #[test]
    #[should_panic(expected = "+=: the gradients belong to different models")]
    fn gradients_of_two_models_are_not_added() {
        let make = || {
            let mut params = Params::f32();
            params.scope("net").param("w", [2], 1.0);
            Gradients::zeros(&params)
        };
        let mut sum = make();
        sum += &make();
    }
}
