//! Parameters: the model holds `Copy` handles, and one flat slab holds all values.

mod buffers;
mod frozen;
mod gradients;
mod handle;
mod scope;
mod summary;
#[cfg(test)]
mod tests;
mod version;

pub use buffers::Buffer;
pub use gradients::Gradients;
pub use handle::Param;
pub use scope::{Initial, Scope};

use self::version::{Version, identity, new_version};
use crate::dtype::{DType, Data, DataRef, Element, Float};
use crate::mistake::Mistake;
use crate::shape::Shape;
use crate::slab::Slab;
use crate::tensor::ToTensor;
use std::collections::HashMap;
use std::ops::Range;

/// What a [`Params`] stores of one parameter: name, shape and range in the slab.
#[derive(Clone, Debug)]
struct ParamEntry {
    name: String,
    shape: Shape,
    range: Range<usize>,
    frozen: bool,
    /// Given once, to the parameter and its copies in clones.
    stamp: u32,
}

/// What a [`Params`] stores of one buffer.
#[derive(Clone, Debug)]
struct BufferEntry {
    name: String,
    shape: Shape,
    data: Data,
    stamp: u32,
}

/// Which parameters there are: how many, and the stamp of the last one, which says what stands before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    len: usize,
    last: Option<u32>,
}

/// What a name stands for: an index among the parameters, or among the buffers.
#[derive(Clone, Copy, Debug)]
enum Entry {
    Param(u32),
    Buffer(u32),
}

/// All parameters of a model in one flat slab of `f32` or `f64`, in order of creation, with names by scope.
///
/// A clone has the same handles. So saving, averaging or comparing models is one loop over one buffer.
///
/// ```
/// use autograd::{Params, Tape};
/// let mut params = Params::f64();
/// let w = params.scope("net").param("w", [2], [3.0, 4.0]);
/// let tape = Tape::with(&params);
/// let grads = tape.param(w).square().sum().backward();
/// assert_eq!(grads.get::<f64>(w), Some(&[6.0, 8.0][..]));
/// assert_eq!(params.name(w), "net.w");
/// ```
///
/// State that is not trained stands beside them: see [`Buffer`].
#[derive(Clone, Debug)]
pub struct Params {
    owner: u32,
    seed: u64,
    entries: Vec<ParamEntry>,
    buffers: Vec<BufferEntry>,
    by_name: HashMap<String, Entry>,
    slab: Slab,
    /// Changes with every access that may change the slab.
    version: Version,
    /// Changes with what there is and what is frozen. Clones have the same until one of them changes.
    layout: u64,
}

impl Params {
    /// An empty slab of `f32`, seed 0: for models, whose speed is that of memory.
    ///
    /// Literals and `f64` arrays are `F64` on a tape, so data for such a model is `f32`.
    pub fn f32() -> Params {
        Params::of(DType::F32)
    }

    /// An empty slab of `f64`, seed 0: for scientific computing, and where literals and data are `f64`.
    pub fn f64() -> Params {
        Params::of(DType::F64)
    }

    /// An empty slab of `f32`, seed 0.
    #[deprecated(note = "the name hides the type: say `Params::f32()` or `Params::f64()`")]
    #[expect(
        clippy::new_without_default,
        reason = "`f64` is the equal alternative: a default would hide the choice"
    )]
    pub fn new() -> Params {
        Params::f32()
    }

    /// An empty slab of a type that is chosen when the program runs, seed 0.
    ///
    /// # Panics
    /// If the type is neither `F32` nor `F64`.
    #[track_caller]
    pub fn of(dtype: DType) -> Params {
        assert!(dtype.is_float(), "Params::of: {dtype}\n  rule: parameters are F32 or F64");
        Params {
            owner: identity(),
            seed: 0,
            entries: Vec::new(),
            buffers: Vec::new(),
            by_name: HashMap::new(),
            slab: Slab::empty(dtype),
            version: Version::new(),
            layout: new_version(),
        }
    }

    /// Sets the seed of random initialisers. Each parameter draws from its own stream, which depends on the seed and the full
    /// name. So adding a layer changes no other layer's initial values.
    pub fn with_seed(mut self, seed: u64) -> Params {
        self.seed = seed;
        self
    }

    /// A number that this model shares with its clones and with no other.
    #[inline]
    pub fn id(&self) -> u32 {
        self.owner
    }

    /// The element type of the slab: `F32` or `F64`.
    #[inline]
    pub fn dtype(&self) -> DType {
        self.slab.dtype()
    }

    /// The number of parameter tensors.
    #[inline]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no parameters.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The number of elements in the slab: the sum of the parameters' sizes.
    #[inline]
    pub fn elements(&self) -> usize {
        self.slab.len()
    }

    /// All handles, in order of creation.
    pub fn iter(&self) -> impl Iterator<Item = Param> + use<> {
        self.handles().collect::<Vec<Param>>().into_iter()
    }

    /// As [`iter`](Params::iter), while the parameters stay borrowed.
    #[inline]
    pub(crate) fn handles(&self) -> impl Iterator<Item = Param> {
        let owner = self.owner;
        self.entries.iter().zip(0..).map(move |(entry, index)| Param { owner, index, stamp: entry.stamp })
    }

    /// The handle of a full name such as `net.0.weight`.
    pub fn find(&self, name: &str) -> Option<Param> {
        match *self.by_name.get(name)? {
            Entry::Param(index) => {
                Some(Param { owner: self.owner, index, stamp: self.entries[index as usize].stamp })
            }
            Entry::Buffer(_) => None,
        }
    }

    /// The full name of a parameter, scopes joined by dots.
    ///
    /// # Panics
    /// As all methods that take a handle: if the handle belongs to another `Params`.
    #[track_caller]
    pub fn name(&self, param: Param) -> &str {
        &self.entry(param).name
    }

    /// The shape of a parameter.
    #[track_caller]
    pub fn shape(&self, param: Param) -> &Shape {
        &self.entry(param).shape
    }

    /// The values of a parameter, row-major.
    ///
    /// # Panics
    /// If `T` is not the slab's type.
    #[track_caller]
    pub fn get<T: Float>(&self, param: Param) -> &[T] {
        let range = self.entry(param).range.clone();
        &self.slab_of::<T>()[range]
    }

    /// The values of a parameter, mutable.
    ///
    /// # Panics
    /// If `T` is not the slab's type.
    #[track_caller]
    pub fn get_mut<T: Float>(&mut self, param: Param) -> &mut [T] {
        let range = self.entry(param).range.clone();
        &mut self.slab_mut::<T>()[range]
    }

    /// Replaces the values of a parameter by an array of the same shape and dtype.
    ///
    /// # Panics
    /// If shape or dtype differ.
    #[track_caller]
    pub fn set<A: ToTensor>(&mut self, param: Param, values: A)
    where
        A::Elem: Float,
    {
        let (given, shape) = (values.shape(), self.shape(param));
        assert!(
            given == *shape,
            "parameter `{}` has shape {shape}, the values have {given}",
            self.name(param)
        );
        let mut buffer = Vec::with_capacity(given.elements());
        values.write_to(&mut buffer);
        self.get_mut::<A::Elem>(param).copy_from_slice(&buffer);
    }

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

    /// Stores what the computation wrote to [buffers](Buffer): a [step](crate::Optimizer::step) does so.
    ///
    /// # Panics
    /// If a buffer belongs to another `Params`.
    #[inline]
    #[track_caller]
    pub fn write_back(&mut self, grads: &Gradients) {
        grads.writes().for_each(|(buffer, values)| self.store(buffer, values));
    }

    /// A scope in which names begin with `name`: `params.scope("net").param("w", …)` makes `net.w`.
    pub fn scope(&mut self, name: &str) -> Scope<'_> {
        Scope::new(self, name)
    }

    /// Adds a parameter. The values are rounded to the slab's type.
    #[track_caller]
    fn add(&mut self, name: String, shape: Shape, values: &[f64]) -> Param {
        self.check_name(&name);
        let index = u32::try_from(self.entries.len()).expect("fewer than 2³² parameters");
        let start = self.slab.len();
        self.slab.extend(values);
        self.by_name.insert(name.clone(), Entry::Param(index));
        self.version.change();
        self.layout = new_version();
        let stamp = identity();
        self.entries.push(ParamEntry {
            name,
            shape,
            range: start..start + values.len(),
            frozen: false,
            stamp,
        });
        Param { owner: self.owner, index, stamp }
    }

    #[track_caller]
    fn check_name(&self, name: &str) {
        let kind = match self.by_name.get(name) {
            None => return,
            Some(Entry::Param(_)) => "parameter",
            Some(Entry::Buffer(_)) => "buffer",
        };
        Mistake::new(format!("{kind} `{name}` exists already"))
            .rule("a name can be used once")
            .hint("give each layer a scope of its own, `params.scope(…)`")
            .raise();
    }

    /// Which parameters there are.
    pub(crate) fn extent(&self) -> Extent {
        Extent { len: self.len(), last: self.entries.last().map(|entry| entry.stamp) }
    }

    #[inline]
    pub(crate) fn slab(&self) -> DataRef<'_> {
        self.slab.borrow()
    }

    /// The range of a parameter in the slab.
    #[track_caller]
    pub fn range(&self, param: Param) -> Range<usize> {
        self.entry(param).range.clone()
    }

    #[inline]
    #[track_caller]
    fn check_type<T: Element>(&self) {
        let dtype = self.dtype();
        assert!(T::DTYPE == dtype, "the parameters are {dtype}, asked for as {}", T::DTYPE);
    }
}
