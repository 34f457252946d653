//! The tape: a list of nodes and their values. It knows neither rules nor kernels.

mod describe;
mod inputs;
mod nodes;
mod region;
mod scopes;

pub(crate) use inputs::{Input, StateUse};
pub(crate) use nodes::{Node, Nodes};
pub(crate) use region::Region;
pub use scopes::Within;

use crate::buffers::{Number, Pool, Source, Strided, Value};
use crate::dtype::DataRef;
use crate::ir::{Body, Custom, Meta, NodeId, Op};
use crate::kernels::workers::Workers;
use crate::mistake::Mistake;
use crate::origin::{Context, Origin, Scopes};
use crate::params::{Gradients, Param, Params};
use crate::scratch::Scratch;
use crate::shape::Shape;
use std::cell::{Ref, RefCell, RefMut};
use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::panic::Location;
use std::sync::Arc;

/// A recorded computation (a Wengert list): every operation on a [`Var`](crate::Var) appends a node to it.
///
/// Eager: the value of a node is there as soon as it is recorded. Gradients are nodes of the same tape, so they can
/// be differentiated again.
///
/// ```
/// use autograd::Tape;
/// let tape = Tape::new();
/// let (x, w) = (tape.var(2.0), tape.var(-0.5));
/// let y = (x * w + 1.0).sigmoid();
/// let [dx, dw] = y.grad([x, w]);
/// assert_eq!(y.item(), 0.5);
/// assert_eq!((dx.item(), dw.item()), (-0.125, 0.5));
/// ```
///
/// A `Var` cannot outlive its tape:
///
/// ```compile_fail,E0597
/// use autograd::Tape;
/// let escaped;
/// {
///     let tape = Tape::new();
///     escaped = tape.var(1.0);
/// }
/// escaped.item();
/// ```
///
/// with the tape outside the block it compiles:
///
/// ```
/// use autograd::Tape;
/// let tape = Tape::new();
/// let escaped;
/// {
///     escaped = tape.var(1.0);
/// }
/// escaped.item();
/// ```
///
/// And no `Var` survives a [`reset`](Tape::reset):
///
/// ```compile_fail,E0502
/// use autograd::Tape;
/// let mut tape = Tape::new();
/// let x = tape.var(1.0);
/// tape.reset();
/// x.item();
/// ```
#[derive(Debug)]
pub struct Tape<'p> {
    params: Option<&'p Params>,
    list: RefCell<List>,
}

/// The memory of a tape, kept from one tape to the next: node list, buffers and gradients.
///
/// A tape that reads parameters has to end before they can change. Its memory need not:
///
/// ```
/// use autograd::{Params, Storage, Tape};
/// let mut params = Params::f64();
/// let w = params.scope("net").param("w", [100], 1.0);
/// let mut storage = Storage::default();
/// for _ in 0..3 {
///     let tape = Tape::reusing(storage, &params);
///     let grads = tape.param(w).square().sum().backward();
///     storage = tape.into_storage();
///     for (w, g) in params.get_mut::<f64>(w).iter_mut().zip(grads.get::<f64>(w).unwrap()) {
///         *w -= 0.1 * g;
///     }
/// }
/// assert!((params.get::<f64>(w)[0] - 0.512).abs() < 1e-15);
/// ```
#[derive(Debug, Default)]
pub struct Storage(List);

/// The most nodes of a tape. The numbers beyond serve as marks.
const MAX_NODES: NodeId = NodeId::MAX - 8;

/// What the `RefCell` of a tape holds. It has no lifetime, so that a tape is covariant.
#[derive(Debug, Default)]
pub(crate) struct List {
    pub(crate) nodes: Nodes,
    pub(crate) pool: Pool,
    /// Temporary memory for kernels.
    pub(crate) scratch: Scratch,
    /// Threads that kernels may share work with.
    pub(crate) workers: Workers,
    /// The gradients of the last backward sweep. The next sweep reuses their memory if nobody else holds them.
    pub(crate) gradients: Option<Gradients>,
    /// For each parameter that was read, its node.
    parameter_nodes: Vec<Option<NodeId>>,
    /// The scope and the line of the next node.
    context: Context,
    pub(crate) scopes: Scopes,
    /// The inputs of a traced computation.
    inputs: Vec<Input>,
    /// Names that the user gave to nodes.
    names: HashMap<NodeId, Box<str>>,
    /// The nodes whose gradients `backward` keeps.
    retained: Vec<NodeId>,
    /// What cotangents pass through, by the name of their node.
    hooks: HashMap<Box<str>, Custom>,
    /// The buffers that were read or written.
    states: Vec<StateUse>,
    /// Whether the nodes have no values.
    traced: bool,
    /// How many bodies of loops are being recorded, one within the other. Their nodes have no values either.
    bodies: usize,
    /// Whether a body has ended, whose variables somebody may still hold.
    expired: bool,
    /// Whether the sweep that runs leaves nothing on the tape.
    passing: bool,
    /// The bodies that were recorded last, with their plans.
    loops: VecDeque<Arc<Body>>,
    pub(crate) trap: Trap,
}

/// Whether recording stops at values that are not finite.
#[derive(Debug, Default)]
pub(crate) struct Trap {
    pub(crate) on: bool,
    /// The message of what was found in a sweep, until the sweep raises it.
    pub(crate) found: Option<String>,
}

impl Tape<'static> {
    /// An empty tape without parameters.
    #[expect(clippy::new_without_default, reason = "a tape is made on purpose, never by default")]
    pub fn new() -> Tape<'static> {
        Tape { params: None, list: RefCell::default() }
    }
}

impl<'p> Tape<'p> {
    /// An empty tape that reads parameters. It borrows them: they change only after the last use of the tape.
    ///
    /// ```
    /// use autograd::{Params, Tape};
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [2], [1.0, 2.0]);
    /// let tape = Tape::with(&params);
    /// let grads = tape.param(w).sum().backward();
    /// params.get_mut::<f64>(w)[0] -= grads.get::<f64>(w).unwrap()[0]; // the tape is not used any more
    /// assert_eq!(params.get::<f64>(w), [0.0, 2.0]);
    /// ```
    ///
    /// A change while the tape is still in use does not compile:
    ///
    /// ```compile_fail,E0502
    /// use autograd::{Params, Tape};
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [2], [1.0, 2.0]);
    /// let tape = Tape::with(&params);
    /// let loss = tape.param(w).sum();
    /// params.get_mut::<f64>(w)[0] = 0.0;
    /// loss.item();
    /// ```
    pub fn with(params: &'p Params) -> Tape<'p> {
        Tape::reusing(Storage::default(), params)
    }

    /// As [`with`](Tape::with), in the memory of an earlier tape.
    pub fn reusing(storage: Storage, params: &'p Params) -> Tape<'p> {
        Tape { params: Some(params), list: RefCell::new(storage.0) }
    }

    /// Whether what is recorded has no values: while a [`Program`](crate::Program) is traced, and within the body of a loop.
    ///
    /// A solver that looks at values on the way asks, and records a loop where there are none.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert!(!tape.is_traced());
    /// tape.scan(2, tape.constant(0.0), (), |x, ()| {
    ///     assert!(x.tape().is_traced());
    ///     (x + 1.0, ())
    /// });
    /// ```
    pub fn is_traced(&self) -> bool {
        self.list().is_traced()
    }

    /// A tape that records and computes nothing.
    pub(crate) fn traced(params: &'p Params) -> Tape<'p> {
        let tape = Tape::with(params);
        tape.list_mut().traced = true;
        tape
    }

    /// Ends the tape and keeps its memory for the next one.
    pub fn into_storage(mut self) -> Storage {
        self.reset();
        self.list.get_mut().trap = Trap::default();
        Storage(self.list.into_inner())
    }

    /// Ends the tape and gives its list.
    pub(crate) fn into_list(self) -> List {
        self.list.into_inner()
    }

    /// Forgets all nodes and keeps their memory. Every `Var` has to be gone, which the compiler checks.
    ///
    /// ```
    /// use autograd::Tape;
    /// let mut tape = Tape::new();
    /// for i in 0..3 {
    ///     assert_eq!(tape.var(f64::from(i)).square().item(), f64::from(i * i));
    ///     tape.reset();
    /// }
    /// assert_eq!(tape.len(), 0);
    /// ```
    pub fn reset(&mut self) {
        let list = self.list.get_mut();
        list.nodes.truncate(0);
        list.parameter_nodes.clear();
        list.inputs.clear();
        list.names.clear();
        list.retained.clear();
        list.hooks.clear();
        list.states.clear();
        list.expired = false;
        list.context = Context::default();
        list.pool.release_all();
    }

    /// Lets large ops share their work among so many threads, from now on; one at the start. The bits of the results are
    /// the same for any number. [`Storage`] keeps the threads from one tape to the next. Without the feature
    /// `threads`, which is on by default, there is one.
    ///
    /// ```
    /// use autograd::{DType, Tape};
    /// let mut tape = Tape::new();
    /// tape.set_threads(2);
    /// let x = tape.full(0.5, [400, 400], DType::F64);
    /// assert_eq!(x.matmul(x).sum().item(), 400.0 * 400.0 * 100.0);
    /// ```
    pub fn set_threads(&mut self, threads: usize) {
        let workers = &mut self.list.get_mut().workers;
        if workers.threads() != threads.max(1) {
            *workers = Workers::new(threads);
        }
    }

    /// How many nodes are recorded.
    pub fn len(&self) -> usize {
        self.list().nodes.len()
    }

    /// Whether nothing is recorded.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that the tape holds: nodes, values, and buffers kept for reuse.
    pub fn bytes(&self) -> usize {
        let list = self.list();
        let (used, free) = list.pool.bytes();
        let gradients = list.gradients.as_ref().map_or(0, Gradients::bytes);
        list.node_bytes() + used + free + list.scratch.bytes() + gradients
    }

    /// The address of the tape, which identifies it.
    pub(crate) fn address(&self) -> *const () {
        std::ptr::from_ref(self).cast()
    }

    /// The parameters that the tape reads.
    pub(crate) fn params(&self) -> Option<&'p Params> {
        self.params
    }

    pub(crate) fn list(&self) -> Ref<'_, List> {
        self.list.borrow()
    }

    pub(crate) fn list_mut(&self) -> RefMut<'_, List> {
        self.list.borrow_mut()
    }
}

/// The number of the node after `len` others.
#[track_caller]
fn next_id(len: usize) -> NodeId {
    match NodeId::try_from(len) {
        Ok(id) if id < MAX_NODES => id,
        _ => Mistake::new(format!("the tape is full: it has {MAX_NODES} nodes"))
            .hint("`reset` it, or record less between resets")
            .raise(),
    }
}

impl List {
    /// The origin of a node that is recorded now.
    #[inline]
    #[track_caller]
    pub(crate) fn origin(&self) -> Origin {
        Origin::new(self.context, Location::caller())
    }

    /// Appends the next node.
    #[inline]
    #[track_caller]
    pub(crate) fn append(&mut self) -> NodeId {
        let id = next_id(self.nodes.len());
        self.nodes.append();
        id
    }

    /// Appends a node without operands.
    #[track_caller]
    pub(crate) fn leaf(&mut self, op: Op, meta: Meta, value: Value) -> NodeId {
        self.nodes.prepare_leaf(op, meta, self.origin(), value);
        self.append()
    }

    /// The bytes of the list of nodes, including its free capacity.
    pub(crate) fn node_bytes(&self) -> usize {
        self.nodes.bytes()
    }

    #[inline]
    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    /// The elements of the buffer that a node's value is a view of.
    #[inline(always)]
    #[track_caller]
    fn data<'a>(&'a self, id: NodeId, params: Option<&'a Params>) -> DataRef<'a> {
        match (&self.nodes[id as usize].source, params) {
            (Source::Number(x), _) => x.as_slice(),
            (Source::Buffer(b, _), _) => self.pool.data(*b),
            // While tracing, a number read from a parameter would become a constant of the program.
            (Source::Parameters(_), Some(params)) if !self.is_traced() => params.slab(),
            _ => self.no_data(id, params),
        }
    }

    #[cold]
    #[track_caller]
    fn no_data(&self, id: NodeId, params: Option<&Params>) -> ! {
        if self.node(id).op == Op::Argument(u32::MAX) {
            self.left_its_loop(id, params);
        }
        if self.is_traced() {
            Mistake::new(format!("v{id}: a traced computation has no values while it is recorded"))
                .line("x", self.describe(id, params))
                .rule("what a program computes is read from its run")
                .hint("make it an output; choose between values with `mask.select(a, b)` instead of `if`")
                .raise()
        }
        Mistake::new(format!("v{id}: its value was released by the sweep that recorded it"))
            .line("x", self.describe(id, params))
            .raise()
    }

    /// A node's value together with its elements. It is inlined so that it is built where it is read: a copy would have to
    /// wait for the smaller writes that built it.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn strided<'a>(&'a self, id: NodeId, params: Option<&'a Params>) -> Strided<'a> {
        let node = self.node(id);
        Strided {
            data: self.data(id, params),
            offset: node.source.offset(),
            shape: &node.meta.shape,
            strides: &node.strides,
        }
    }

    /// How many elements the largest of some values has.
    pub(crate) fn largest(&self, nodes: Range<NodeId>) -> usize {
        nodes.map(|id| self.node(id).meta.shape.elements()).max().unwrap_or(0)
    }

    /// Whether the nodes have no values.
    pub(crate) fn is_traced(&self) -> bool {
        self.traced || self.bodies > 0
    }

    /// Whether a node may have no value because of where it was recorded.
    pub(crate) fn may_lack_values(&self) -> bool {
        self.is_traced() || self.expired
    }

    /// Frees a node's value; the node stays.
    pub(crate) fn release(&mut self, id: NodeId) {
        self.pool.release(&mut self.nodes[id as usize].source);
    }

    /// Forgets the nodes from `len` on.
    pub(crate) fn truncate(&mut self, len: usize) {
        for node in &mut self.nodes[len..] {
            self.pool.release(&mut node.source);
        }
        self.nodes.truncate(len);
        self.retained.retain(|&id| (id as usize) < len);
        if !self.names.is_empty() {
            self.names.retain(|&id, _| (id as usize) < len);
        }
        for slot in &mut self.parameter_nodes {
            *slot = slot.filter(|&id| (id as usize) < len);
        }
    }

    /// The parameters that were read and their nodes.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = (Param, NodeId)> {
        self.parameter_nodes.iter().flatten().filter_map(|&id| match self.nodes[id as usize].op {
            Op::Parameter(p) => Some((p, id)),
            _ => None,
        })
    }

    /// The node of a parameter, recorded at its first use.
    #[track_caller]
    pub(crate) fn parameter(&mut self, param: Param, params: &Params) -> NodeId {
        let shape = params.shape(param).clone();
        let index = param.index();
        if self.parameter_nodes.len() <= index {
            self.parameter_nodes.resize(params.len(), None);
        }
        if let Some(id) = self.parameter_nodes[index] {
            return id;
        }
        let value = Value::parameter(params.range(param).start, shape.strides());
        let meta = Meta::new(shape, params.dtype());
        let id = self.leaf(Op::Parameter(param), meta, value);
        self.parameter_nodes[index] = Some(id);
        id
    }

    /// A tensor filled with one number.
    #[track_caller]
    pub(crate) fn full(&mut self, x: f64, shape: Shape, dtype: crate::DType) -> NodeId {
        let value = Value::number(Number::new(dtype, x), shape.len());
        self.leaf(Op::Full(x), Meta::new(shape, dtype), value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "the tape is full: it has 4294967287 nodes")]
    fn node_numbers_do_not_wrap() {
        assert_eq!(next_id(MAX_NODES as usize - 1), MAX_NODES - 1);
        next_id(1 << 32);
    }

    /// Eager speed goes down with the size of a node.
    #[test]
    fn a_node_is_of_few_words() {
        // And a number beside it: when it was made.
        assert!(size_of::<Node>() + size_of::<u64>() <= 120, "{} bytes", size_of::<Node>());
    }
}
