//! The gradients of all parameters, as an owned value.

use super::{Param, Params};
use crate::dtype::{DType, Float, with_float};
use crate::slab::Slab;
use std::ops::Range;
use std::sync::Arc;

/// Gradients of a scalar with respect to every parameter that it depends on, laid out as the slab of [`Params`].
///
/// It borrows neither the tape nor the parameters, so an optimiser may change the parameters next. A parameter that is frozen
/// or that the loss did not depend on has no gradient: [`get`](Gradients::get) gives `None`.
///
/// ```
/// use autograd::{Params, Tape};
/// let mut params = Params::f64();
/// let (a, b) = (params.scope("m").param("a", [], 3.0), params.scope("m").param("b", [], 1.0));
/// let tape = Tape::with(&params);
/// let grads = tape.param(a).square().backward();
/// assert_eq!((grads.get::<f64>(a), grads.get::<f64>(b)), (Some(&[6.0][..]), None));
/// ```
#[derive(Clone, Debug)]
pub struct Gradients {
    owner: u32,
    /// Shared with clones. A tape or a program keeps a clone, to reuse the memory once no other clone exists.
    contents: Arc<GradientData>,
}

#[derive(Clone, Debug)]
struct GradientData {
    slab: Slab,
    /// The gradient of each parameter that has one.
    held: Vec<Option<Held>>,
}

/// The gradient of one parameter.
#[derive(Clone, Debug)]
struct Held {
    range: Range<usize>,
    /// The stamp of the parameter.
    stamp: u32,
}

impl Gradients {
    /// No gradients yet, in the memory of earlier ones if no clone shares it. The memory is not cleared: see `clear_others`.
    pub(crate) fn reusing(last: Option<Gradients>, params: &Params) -> Gradients {
        let (elements, count) = (params.elements(), params.len());
        if let Some(mut last) = last.filter(|last| last.belong_to(params))
            && let Some(GradientData { slab, held }) = Arc::get_mut(&mut last.contents)
            && (slab.len(), held.len()) == (elements, count)
        {
            held.fill(None);
            return last;
        }
        Gradients::new(params.owner, Slab::splat(params.dtype(), 0.0, elements), vec![None; count])
    }

    /// Zeros for a slab of `elements` numbers, with a gradient for each of the given parameters.
    pub(crate) fn of(
        owner: u32,
        dtype: DType,
        elements: usize,
        given: Option<&[(Param, Range<usize>)]>,
    ) -> Gradients {
        let elements = if given.is_some() { elements } else { 0 };
        let mut held = vec![];
        for (param, range) in given.unwrap_or_default() {
            if held.len() <= param.index() {
                held.resize(param.index() + 1, None);
            }
            held[param.index()] = Some(Held { range: range.clone(), stamp: param.stamp });
        }
        Gradients::new(owner, Slab::splat(dtype, 0.0, elements), held)
    }

    fn new(owner: u32, slab: Slab, held: Vec<Option<Held>>) -> Gradients {
        Gradients { owner, contents: Arc::new(GradientData { slab, held }) }
    }

    #[inline]
    pub(crate) fn slab(&self) -> &Slab {
        &self.contents.slab
    }

    pub(crate) fn slab_mut(&mut self) -> &mut Slab {
        &mut self.contents_mut().slab
    }

    /// Whether a clone shares the memory. Then it must not be overwritten.
    #[inline]
    pub(crate) fn is_shared(&self) -> bool {
        let shared = Arc::strong_count(&self.contents) > 1;
        // A clone may have been read and dropped on another thread. Those reads happen before the next write here.
        std::sync::atomic::fence(std::sync::atomic::Ordering::Acquire);
        shared
    }

    fn contents_mut(&mut self) -> &mut GradientData {
        Arc::make_mut(&mut self.contents)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.slab().bytes()
    }

    /// Marks that a parameter has a gradient, and returns the slab and the range to write it to.
    pub(crate) fn insert(&mut self, param: Param, range: Range<usize>) -> (&mut Slab, Range<usize>) {
        let contents = self.contents_mut();
        contents.held[param.index()] = Some(Held { range: range.clone(), stamp: param.stamp });
        (&mut contents.slab, range)
    }

    /// Sets the gradient of each parameter that has none to zero in the slab.
    pub(crate) fn clear_others(&mut self, params: &Params) {
        let GradientData { slab, held } = self.contents_mut();
        for param in params.handles().filter(|param| held[param.index()].is_none()) {
            with_float!(slab.dtype(), T => slab.slice_mut::<T>()[params.range(param)].fill(0.0));
        }
    }

    /// The gradient of a parameter in row-major order. `None` if the parameter is frozen or the loss did not depend on it.
    ///
    /// # Panics
    /// If the handle belongs to another model, or `T` is not the slab's type.
    #[track_caller]
    pub fn get<T: Float>(&self, param: Param) -> Option<&[T]> {
        assert!(
            param.owner == self.owner,
            "this parameter handle belongs to another `Params` than these gradients"
        );
        let slab = self.slab_of::<T>();
        let Held { range, stamp } = self.contents.held.get(param.index())?.as_ref()?;
        assert!(
            *stamp == param.stamp,
            "this parameter handle was made in another clone of the `Params` of these gradients"
        );
        Some(&slab[range.clone()])
    }

    /// The parameters that have a gradient and are not frozen, with their ranges in the slab.
    ///
    /// ```
    /// use autograd::{Params, Tape};
    /// let mut params = Params::f64();
    /// let mut net = params.scope("net");
    /// let [a, b] = [net.param("a", [2], 3.0), net.param("b", [1], 1.0)];
    /// let tape = Tape::with(&params);
    /// let grads = (tape.param(a).sum() * tape.param(b)).backward();
    /// params.set_frozen(a, true);
    /// assert_eq!(grads.trained(&params).collect::<Vec<_>>(), [(b, 2..3)]);
    /// ```
    #[inline]
    pub fn trained<'a>(&'a self, params: &'a Params) -> impl Iterator<Item = (Param, Range<usize>)> + 'a {
        let all = self.contents.held.iter().zip(&params.entries).zip(params.handles());
        all.filter_map(|((held, entry), param)| {
            let held = held.as_ref().filter(|_| !entry.frozen)?;
            Some((param, held.range.clone()))
        })
    }

    /// All gradients, laid out as [`Params::slab_of`]. They are zero for parameters without a gradient.
    ///
    /// # Panics
    /// If `T` is not the slab's type.
    #[inline]
    #[track_caller]
    pub fn slab_of<T: Float>(&self) -> &[T] {
        assert!(T::DTYPE == self.dtype(), "the gradients are {}, asked for as {}", self.dtype(), T::DTYPE);
        T::slice(self.slab().borrow())
    }

    /// The element type: that of the parameters.
    #[inline]
    pub fn dtype(&self) -> DType {
        self.slab().dtype()
    }

    /// Whether these are the gradients of this model, or of a clone with the same parameters.
    #[inline]
    pub fn belong_to(&self, params: &Params) -> bool {
        self.owner == params.owner
            && self.dtype() == params.dtype()
            && self.contents.held.len() <= params.len()
            && self.contents.held.iter().zip(&params.entries).all(|(held, entry)| match held {
                Some(held) => held.stamp == entry.stamp,
                None => true,
            })
    }

    /// Whether a gradient of one belongs to the same parameter in the other.
    pub(super) fn are_alike(&self, other: &Gradients) -> bool {
        let stamp = |held: &Option<Held>| held.as_ref().map(|held| held.stamp);
        let mut both = self.contents.held.iter().zip(&other.contents.held);
        self.owner == other.owner
            && self.slab().len() == other.slab().len()
            && both.all(|(a, b)| stamp(a).zip(stamp(b)).is_none_or(|(a, b)| a == b))
    }

    /// From now on has a gradient wherever `other` has one.
    pub(super) fn take_over(&mut self, other: &Gradients) {
        let theirs = &other.contents.held;
        let held = &mut self.contents_mut().held;
        held.resize(held.len().max(theirs.len()), None);
        for (held, theirs) in held.iter_mut().zip(theirs) {
            if held.is_none() {
                held.clone_from(theirs);
            }
        }
    }

    /// Where the gradient of a parameter stands in the slab, if it has one.
    #[track_caller]
    pub(super) fn range_of<T: Float>(&self, param: Param) -> Option<Range<usize>> {
        self.get::<T>(param)?;
        self.contents.held[param.index()].as_ref().map(|held| held.range.clone())
    }
}
