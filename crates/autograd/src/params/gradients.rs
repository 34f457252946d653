//! The gradients of all parameters, as an owned value.

use super::buffers::Writes;
use super::{Buffer, Param, Params, new_version};
use crate::dtype::{DType, Data, DataRef, Float, with_float};
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
    /// The loss that they are gradients of, where it is one number.
    loss: Option<f64>,
    /// Shared with clones. A tape or a program keeps a clone, to reuse the memory once no other clone exists.
    contents: Arc<GradientData>,
}

#[derive(Clone, Debug)]
struct GradientData {
    slab: Slab,
    /// The gradient of each parameter that has one.
    held: Vec<Option<Held>>,
    /// What the computation wrote to buffers: a step stores it.
    writes: Writes,
    /// Whether it is meant if no parameter that is trained has a gradient.
    none_is_meant: bool,
    /// The gradients by other nodes of the tape, which were to be retained.
    retained: Vec<Retained>,
    /// A number that others have only if they are gradients of the same parameters; 0 if no such number was given.
    layout: u64,
}

/// The gradient by a node of the tape.
#[derive(Clone, Debug)]
struct Retained {
    node: u32,
    name: Option<Box<str>>,
    elements: Data,
}

/// The gradient of one parameter.
#[derive(Clone, Debug)]
struct Held {
    range: Range<usize>,
    /// The stamp of the parameter.
    stamp: u32,
    /// The only rows that are not zero, where they are named.
    rows: Option<Arc<[usize]>>,
}

impl Held {
    fn new(param: Param, range: Range<usize>) -> Held {
        Held { range, stamp: param.stamp, rows: None }
    }
}

impl Gradients {
    /// No gradients yet, in the memory of earlier ones if no clone shares it. The memory is not cleared: see `clear_others`.
    pub(crate) fn reusing(last: Option<Gradients>, params: &Params) -> Gradients {
        let (elements, count) = (params.elements(), params.len());
        if let Some(mut last) = last.filter(|last| last.belong_to(params))
            && let Some(data) = Arc::get_mut(&mut last.contents)
            && (data.slab.len(), data.held.len()) == (elements, count)
        {
            data.held.fill(None);
            data.writes.clear();
            data.retained.clear();
            (data.none_is_meant, data.layout) = (false, 0);
            last.loss = None;
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
            held[param.index()] = Some(Held::new(*param, range.clone()));
        }
        let mut gradients = Gradients::new(owner, Slab::splat(dtype, 0.0, elements), held);
        gradients.contents_mut().layout = new_version();
        gradients
    }

    fn new(owner: u32, slab: Slab, held: Vec<Option<Held>>) -> Gradients {
        let (writes, retained) = (Writes::default(), vec![]);
        let data = GradientData { slab, held, writes, none_is_meant: false, retained, layout: 0 };
        Gradients { owner, loss: None, contents: Arc::new(data) }
    }

    /// Says which loss these are the gradients of.
    #[doc(hidden)]
    #[inline]
    pub fn set_loss(&mut self, loss: f64) {
        self.loss = Some(loss);
    }

    /// Says that one more loss is among those that these are the gradients of.
    pub(crate) fn add_loss(&mut self, loss: f64) {
        self.loss = Some(self.loss.unwrap_or(0.0) + loss);
    }

    /// Keeps the gradient by a node, in place of an earlier one.
    pub(crate) fn retain(&mut self, node: u32, name: Option<Box<str>>, elements: Data) {
        let all = &mut self.contents_mut().retained;
        all.retain(|one| one.node != node);
        all.push(Retained { node, name, elements });
    }

    /// The gradient by a variable that was [retained](crate::Var::retain), by the name that [`named`](crate::Var::named) gave
    /// it: all elements in row-major order. `None` if there is none, or the loss did not depend on it. After
    /// [`backward_into`](crate::Var::backward_into) it is that of the last sweep.
    ///
    /// # Panics
    /// If `T` is not its type.
    ///
    /// ```
    /// use autograd::{Params, Tape};
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [2], [1.0, 3.0]);
    /// let tape = Tape::with(&params);
    /// let hidden = (tape.param(w) * 2.0).named("hidden").retain();
    /// let grads = hidden.square().sum().backward();
    /// assert_eq!(grads.of_name::<f64>("hidden"), Some(&[4.0, 12.0][..]));
    /// assert_eq!(grads.of_node::<f64>(hidden.id()), Some(&[4.0, 12.0][..]));
    /// ```
    #[track_caller]
    pub fn of_name<T: Float>(&self, name: &str) -> Option<&[T]> {
        self.retained_where(|one| one.name.as_deref() == Some(name))
    }

    /// As [`of_name`](Gradients::of_name), by the [number](crate::Var::id) of the node.
    ///
    /// # Panics
    /// If `T` is not its type.
    #[track_caller]
    pub fn of_node<T: Float>(&self, node: u32) -> Option<&[T]> {
        self.retained_where(|one| one.node == node)
    }

    #[track_caller]
    fn retained_where<T: Float>(&self, is_it: impl Fn(&Retained) -> bool) -> Option<&[T]> {
        let elements = &self.contents.retained.iter().find(|one| is_it(one))?.elements;
        let dtype = elements.dtype();
        assert!(T::DTYPE == dtype, "the gradient is {dtype}, asked for as {}", T::DTYPE);
        Some(T::slice(elements.borrow()))
    }

    /// A number that is 0, or stands for which parameters have gradients here: whoever has seen it before knows.
    #[doc(hidden)]
    #[inline]
    pub fn layout(&self) -> u64 {
        self.contents.layout
    }

    /// Whether a parameter has a gradient.
    pub(crate) fn has(&self, param: Param) -> bool {
        self.contents.held.get(param.index()).is_some_and(Option::is_some)
    }

    /// Adds what the computation wrote to a buffer, in place of an earlier write.
    #[doc(hidden)]
    pub fn write(&mut self, buffer: Buffer, values: DataRef<'_>) {
        self.contents_mut().writes.set(buffer, values);
    }

    /// The loss that they are gradients of, where it is known.
    pub(crate) fn loss(&self) -> Option<f64> {
        self.loss
    }

    /// Whether it is meant if no parameter that is trained has a gradient.
    #[doc(hidden)]
    pub fn none_is_meant(&self) -> bool {
        self.contents.none_is_meant
    }

    /// What the computation wrote to buffers.
    #[doc(hidden)]
    pub fn writes(&self) -> impl Iterator<Item = (Buffer, DataRef<'_>)> {
        self.contents.writes.each()
    }

    /// Says that it is meant if no parameter that is trained has a gradient: a step then changes no parameter, and is no
    /// error.
    ///
    /// ```
    /// use autograd::{Params, Tape};
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [2], 1.0);
    /// params.set_frozen(w, true);
    /// let grads = Tape::with(&params).param(w).sum().backward().or_none();
    /// assert!(grads.get::<f64>(w).is_none());
    /// ```
    pub fn or_none(mut self) -> Gradients {
        let contents = self.contents_mut();
        (contents.none_is_meant, contents.layout) = (true, 0);
        self
    }

    /// Names the only rows of a parameter's gradient that are not zero, such as those of an embedding that a batch looked
    /// up: an optimiser with lazy rows updates these alone. `rows` may name one twice.
    ///
    /// ```
    /// use autograd::{Gradients, Params};
    /// let mut params = Params::f64();
    /// let table = params.scope("net").param("table", [4, 2], 1.0);
    /// let mut grads = Gradients::zeros(&params);
    /// grads.get_mut::<f64>(table).unwrap()[2..4].fill(0.5);
    /// grads.name_rows(&params, table, &[1, 1]);
    /// assert_eq!(grads.rows(table), Some(&[1][..]));
    /// ```
    ///
    /// # Panics
    /// If the parameter has no gradient, or no such row. A row that is not named and not zero is not looked for.
    #[track_caller]
    pub fn name_rows(&mut self, params: &Params, param: Param, rows: &[usize]) {
        let (name, shape) = (params.name(param), params.shape(param));
        let count = shape.first().copied().unwrap_or(0);
        if let Some(row) = rows.iter().find(|&&row| row >= count) {
            panic!("name_rows: row {row} of `{name}` {shape}\n  rule: it has the rows 0..{count}");
        }
        let mut rows = rows.to_vec();
        rows.sort_unstable();
        rows.dedup();
        let contents = self.contents_mut();
        contents.layout = 0;
        match contents.held.get_mut(param.index()) {
            Some(Some(held)) if held.stamp == param.stamp => held.rows = Some(rows.into()),
            _ => panic!("name_rows: parameter number {} has no gradient here", param.index()),
        }
    }

    /// The rows that [`name_rows`](Gradients::name_rows) has named: in order, each once.
    pub fn rows(&self, param: Param) -> Option<&[usize]> {
        self.contents.held.get(param.index())?.as_ref()?.rows.as_deref()
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
        contents.layout = 0;
        contents.held[param.index()] = Some(Held::new(param, range.clone()));
        (&mut contents.slab, range)
    }

    /// Sets the gradient of each parameter that has none to zero in the slab.
    pub(crate) fn clear_others(&mut self, params: &Params) {
        let GradientData { slab, held, .. } = self.contents_mut();
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
        let Held { range, stamp, .. } = self.contents.held.get(param.index())?.as_ref()?;
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

    /// All gradients, to be overwritten: those of several shards take the place of those of one.
    #[doc(hidden)]
    #[track_caller]
    pub fn slab_of_mut<T: Float>(&mut self) -> &mut [T] {
        self.slab_mut().slice_mut()
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

    /// Whether a gradient of one belongs to the same parameter in the other, in a slab as long.
    #[doc(hidden)]
    pub fn are_alike(&self, other: &Gradients) -> bool {
        let stamp = |held: &Option<Held>| held.as_ref().map(|held| held.stamp);
        let mut both = self.contents.held.iter().zip(&other.contents.held);
        self.owner == other.owner
            && self.slab().len() == other.slab().len()
            && both.all(|(a, b)| stamp(a).zip(stamp(b)).is_none_or(|(a, b)| a == b))
    }

    /// From now on has a gradient wherever `other` has one, is refused where it would be, and writes what it wrote.
    pub(crate) fn take_over(&mut self, other: &Gradients, writes: bool) {
        let (theirs, data) = (&other.contents, self.contents_mut());
        data.layout = 0;
        data.held.resize(data.held.len().max(theirs.held.len()), None);
        for (held, theirs) in data.held.iter_mut().zip(&theirs.held) {
            match (held, theirs) {
                (held @ None, theirs) => held.clone_from(theirs),
                (Some(held), Some(theirs)) => held.rows = joined(held.rows.take(), theirs.rows.as_deref()),
                (Some(_), None) => {}
            }
        }
        if writes {
            theirs.writes.each().for_each(|(buffer, values)| data.writes.set(buffer, values));
        }
        if self.loss.is_none_or(f64::is_finite) {
            self.loss = other.loss.or(self.loss);
        }
    }

    /// No gradients, in the same memory, which becomes zero.
    pub fn set_zero(&mut self) {
        let data = self.contents_mut();
        with_float!(data.slab.dtype(), T => data.slab.slice_mut::<T>().fill(0.0));
        data.held.fill(None);
        data.writes.clear();
        data.retained.clear();
        data.layout = 0;
        self.loss = None;
    }

    /// Where the gradient of a parameter stands in the slab, if it has one.
    #[track_caller]
    pub(crate) fn range_of<T: Float>(&self, param: Param) -> Option<Range<usize>> {
        self.get::<T>(param)?;
        self.contents.held[param.index()].as_ref().map(|held| held.range.clone())
    }
}

/// The rows of both; none where one side does not name them.
fn joined(ours: Option<Arc<[usize]>>, theirs: Option<&[usize]>) -> Option<Arc<[usize]>> {
    let (ours, theirs) = (ours?, theirs?);
    if *ours == *theirs {
        return Some(ours);
    }
    let mut both = [&ours, theirs].concat();
    both.sort_unstable();
    both.dedup();
    Some(both.into())
}
