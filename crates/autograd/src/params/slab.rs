//! The slab as a whole: all values at once, what has changed in it, and what a step does to it.

use super::{Gradients, Param, Params};
use crate::dtype::{DataRef, Element, Float};

impl Params {
    /// The whole slab: every parameter's values, one after the other, in order of creation.
    ///
    /// # Panics
    /// If `T` is not the slab's type.
    #[inline]
    #[track_caller]
    pub fn slab_of<T: Float>(&self) -> &[T] {
        self.check_type::<T>();
        T::slice(self.slab.borrow())
    }

    /// The whole slab, mutable.
    ///
    /// # Panics
    /// If `T` is not the slab's type.
    #[inline]
    #[track_caller]
    pub fn slab_mut<T: Float>(&mut self) -> &mut [T] {
        self.check_type::<T>();
        self.version.change();
        self.slab.slice_mut()
    }

    /// A number that differs whenever the slab may have changed, also between clones.
    #[doc(hidden)]
    #[inline]
    pub fn version(&self) -> u64 {
        self.version.now
    }

    /// A number that differs whenever a parameter or a buffer may have been added, or one may have been frozen or unfrozen.
    #[doc(hidden)]
    #[inline]
    pub fn layout(&self) -> u64 {
        self.layout
    }

    /// A number that tells the first `len` parameters from those of another `Params`, also of a clone that has grown apart.
    #[doc(hidden)]
    #[inline]
    pub fn stamp(&self, len: usize) -> Option<u32> {
        self.entries.get(len.checked_sub(1)?).map(|entry| entry.stamp)
    }

    /// Calls `f` with each parameter that has a gradient and is not frozen: its handle, its values, its gradient.
    ///
    /// ```
    /// use autograd::{Params, Tape};
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [2], [3.0, 1.0]);
    /// let grads = Tape::with(&params).param(w).square().sum().backward();
    /// params.each_trained::<f64>(&grads, |_, w, g| w.iter_mut().zip(g).for_each(|(w, g)| *w -= 0.5 * g));
    /// assert_eq!(params.get::<f64>(w), [0.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If the gradients belong to another model, or `T` is not the slab's type.
    #[track_caller]
    pub fn each_trained<T: Float>(&mut self, grads: &Gradients, mut f: impl FnMut(Param, &mut [T], &[T])) {
        assert!(
            grads.belong_to(self),
            "each_trained: the gradients belong to another model than the parameters"
        );
        let (trained, gradient) = (grads.trained(self).collect::<Vec<_>>(), grads.slab_of::<T>());
        let slab = self.slab_mut::<T>();
        for (param, range) in trained {
            f(param, &mut slab[range.clone()], &gradient[range]);
        }
    }

    /// Stores what the computation wrote to [buffers](crate::Buffer): a [step](crate::Optimizer::step) does so.
    ///
    /// # Panics
    /// If a buffer belongs to another `Params`.
    #[track_caller]
    pub fn write_back(&mut self, grads: &Gradients) {
        grads.writes().for_each(|(buffer, values)| self.store(buffer, values));
    }

    #[inline]
    pub(crate) fn slab(&self) -> DataRef<'_> {
        self.slab.borrow()
    }

    #[track_caller]
    fn check_type<T: Element>(&self) {
        let dtype = self.dtype();
        assert!(T::DTYPE == dtype, "the parameters are {dtype}, asked for as {}", T::DTYPE);
    }
}
