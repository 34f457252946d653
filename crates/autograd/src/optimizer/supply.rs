//! How gradients are handed to an optimiser.

use crate::dtype::{Float, with_float};
use crate::exec::Streams;
use crate::kernels::workers::Workers;
use crate::params::{Gradients, Params};

/// What comes with the gradients of a step.
#[derive(Debug, Default)]
pub struct Supply<'a> {
    /// Threads that the work may be shared with.
    pub workers: Option<&'a Workers>,
    /// Gradients that are still to be computed, and no larger than the number: as
    /// [`takes_streams`](super::Optimizer::takes_streams) has accepted.
    pub streams: Option<(Streams<'a>, f64)>,
    /// What is done with each number of the gradients first.
    pub prepare: Prepare,
    /// The model and all its gradients, where those that come are of a slice of it: norms are of the whole.
    pub whole: Option<(&'a Params, &'a Gradients)>,
}

/// What an optimiser needs to update a slice of the parameters alone, each number of which it updates by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slices {
    /// It cannot: it needs whole tensors.
    Refused,
    /// The gradient of the slice.
    Own,
    /// That of all parameters as well: [`Supply::whole`].
    Whole,
}

/// What is done with each number of a gradient before the update: g ↦ scale·g, then limited to ±limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prepare {
    /// The factor.
    pub scale: f64,
    /// The largest size.
    pub limit: f64,
}

impl Default for Prepare {
    #[inline]
    fn default() -> Prepare {
        Prepare { scale: 1.0, limit: f64::INFINITY }
    }
}

impl Prepare {
    /// Whether gradients stay as they are.
    #[inline]
    pub fn is_nothing(self) -> bool {
        self == Prepare::default()
    }

    /// The function of one number.
    #[inline(always)]
    pub fn of<T: Float>(self) -> impl Fn(T) -> T + Copy + Sync {
        let (scale, limit) = (T::from_f64(self.scale), T::from_f64(self.limit));
        #[inline(always)]
        move |g| {
            let g = scale * g;
            // Two choices one after the other are two instructions, and NaN stays what it is.
            let g = if g > limit { limit } else { g };
            if g < -limit { -limit } else { g }
        }
    }

    /// The largest size that a number may have which was at most `largest`.
    pub fn bound(self, largest: f64) -> f64 {
        (largest * self.scale.abs()).min(self.limit)
    }

    /// A copy of gradients, prepared.
    pub(super) fn of_all(self, grads: &Gradients) -> Gradients {
        let mut copy = grads.clone();
        with_float!(copy.dtype(), T => {
            let f = self.of::<T>();
            copy.slab_mut().slice_mut::<T>().iter_mut().for_each(|g| *g = f(*g));
        });
        copy
    }
}
