//! Parameters: the model holds `Copy` handles, and one flat slab holds all values.

mod buffers;
mod frozen;
mod gradients;
mod identity;
mod scope;
mod slab;
mod summary;
#[cfg(test)]
mod tests;

pub use buffers::Buffer;
pub use gradients::Gradients;
pub use scope::{Initial, Scope};

use crate::dtype::{DType, Data, Float};
use crate::mistake::Mistake;
use crate::shape::Shape;
use crate::slab::Slab;
use crate::tensor::ToTensor;
use identity::{Version, identity, new_version};
use std::collections::HashMap;
use std::ops::Range;

/// A handle to one parameter tensor of a [`Params`]: a number. It is `Copy` and has no lifetime or dtype.
///
/// Layers hold these. In an expression on a tape that was made by [`Tape::with`](crate::Tape::with) a handle stands
/// for the parameter's node: `x.matmul(self.weight) + self.bias`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Param {
    owner: u32,
    index: u32,
    /// That of its parameter: no other one has it, so that clones that grow apart do not read each other's parameters.
    stamp: u32,
}

impl Param {
    /// Its index in the order of creation.
    #[inline]
    pub fn index(self) -> usize {
        self.index as usize
    }
}

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

    /// The range of a parameter in the slab.
    #[track_caller]
    pub fn range(&self, param: Param) -> Range<usize> {
        self.entry(param).range.clone()
    }

    #[track_caller]
    fn entry(&self, param: Param) -> &ParamEntry {
        match self.entries.get(param.index()).filter(|entry| entry.stamp == param.stamp) {
            Some(entry) => entry,
            None => self.foreign(param).raise(),
        }
    }

    /// The mistake of a handle that belongs to no parameter here.
    #[cold]
    fn foreign(&self, param: Param) -> Mistake {
        let number = param.index();
        let holds = match &self.entries[..] {
            [] => "none".to_owned(),
            [only] => format!("`{}`", only.name),
            [first, .., last] => format!("{}, from `{}` to `{}`", self.len(), first.name, last.name),
        };
        let (found, hint) = if param.owner == self.owner {
            let found = format!(
                "the handle of parameter number {number} was made in a clone, after it had been cloned"
            );
            (found, "use each clone with the layers that were made in it, or before it was made")
        } else {
            let found = format!("the handle of parameter number {number} belongs to another `Params`");
            (
                found,
                "read the model's own parameters: `Tape::with(&params)` with those that its layers were made in",
            )
        };
        Mistake::new(format!("param: {found}"))
            .line("read here", holds)
            .rule("a handle is read from the `Params` that made it, or a clone of that")
            .hint(hint)
    }
}
