//! The list that passes work on: the nodes of a tape, without values.

use crate::buffers::Source;
use crate::dtype::{DType, Data, DataRef, each_dtype};
use crate::ir::{
    Binary, Body, Broadcast, Inputs, Line, Meta, NodeId, Op, OpKind, Permute, Reshape, Sum, Unary,
    for_operands,
};
use crate::lists::IntoList;
use crate::origin::{Context, Origin, Scopes};
use crate::shape::{Axes, Shape};
use crate::tape::{Input, Tape};

/// A node of a planned list: its op, its operands, which come before it, its shape and dtype, and where it comes from. The
/// tape's own nodes are [`tape::Node`](crate::tape::Node).
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) op: Op,
    pub(crate) inputs: Inputs,
    pub(crate) meta: Meta,
    pub(crate) origin: Origin,
}

/// What `Op::Input` reads, by number.
#[derive(Clone, Debug)]
pub(crate) enum PlanInput {
    /// An input, whose values come with each run.
    Given(Input),
    /// A constant of the traced computation.
    Constant(Data),
}

/// A list of nodes, each after its operands, and the nodes that are outputs.
///
/// The list holds numbers of nodes. A node keeps its number from pass to pass, even if other nodes are put before it, or if it
/// is no longer listed. So a pass moves only what it changes.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Every node that was ever listed, by number.
    nodes: Vec<Node>,
    /// The kinds of all of them.
    kinds: Kinds,
    /// Whether no two listed nodes can be equal: `cse` has run, and nothing was changed since.
    distinct: bool,
    list: Vec<NodeId>,
    pub(crate) inputs: Vec<PlanInput>,
    pub(crate) outputs: Vec<NodeId>,
    /// The names of the scopes in the nodes' origins.
    pub(crate) scopes: Scopes,
}

/// A set of kinds of ops, with a bit for each.
#[derive(Clone, Copy, Debug, Default)]
struct Kinds(u128);

const _: () = assert!(OpKind::ALL.len() <= u128::BITS as usize);

impl Kinds {
    fn add(&mut self, kind: OpKind) {
        self.0 |= 1 << kind as u32;
    }

    fn contains(self, kind: OpKind) -> bool {
        self.0 & (1 << kind as u32) != 0
    }
}

impl Graph {
    /// The nodes of a traced tape. Constants become inputs of the plan; single numbers are stored in their nodes.
    pub(crate) fn of(tape: Tape<'_>, outputs: Vec<NodeId>) -> Graph {
        let params = tape.params();
        let mut list = tape.into_list();
        let mut inputs: Vec<PlanInput> = list.traced_inputs().iter().cloned().map(PlanInput::Given).listed();
        for id in 0..list.nodes.len() {
            let node = &list.nodes[id];
            if let Op::Constant | Op::Variable = node.op {
                list.nodes[id].op = match list.strided(id as NodeId, params).data {
                    data if matches!(node.source, Source::Number(_)) && survives(data) => {
                        Op::Full(number(data))
                    }
                    data => {
                        inputs.push(PlanInput::Constant(owned(data, node.meta.shape.elements())));
                        Op::Input(inputs.len() as u32 - 1)
                    }
                };
            }
        }
        let scopes = std::mem::take(&mut list.scopes);
        let recorded = list.nodes.into_vec();
        let mut graph = Graph { inputs, outputs, scopes, ..Graph::with_room(recorded.len()) };
        for node in recorded {
            let meta = node.meta.clone();
            graph.push(Node { op: node.op, inputs: node.inputs, meta, origin: node.origin });
        }
        graph
    }

    /// The nodes of a loop's body. Its arguments are inputs; its outputs are the results and, with a history, the products.
    pub(crate) fn of_body(body: &Body, history: bool) -> Graph {
        let mut graph = Graph::with_room(body.lines.len());
        for Line { op, inputs: operands, meta, site } in &body.lines {
            let op = match op {
                Op::Argument(number) => {
                    let (name, meta) = (format!("argument {number}"), meta.clone());
                    graph.inputs.push(PlanInput::Given(Input { name, meta, buffer: None }));
                    Op::Input(*number)
                }
                op => op.clone(),
            };
            let origin = Origin::new(Context::default(), site);
            graph.push(Node { op, inputs: operands.clone(), meta: meta.clone(), origin });
        }
        let products = body.products.iter().filter(|_| history);
        graph.outputs = body.results.iter().chain(products).copied().collect();
        graph
    }

    fn with_room(nodes: usize) -> Graph {
        Graph { nodes: Vec::with_capacity(nodes), list: Vec::with_capacity(nodes), ..Graph::default() }
    }

    /// A copy for passes to change, with room for more nodes. The inputs move to the copy.
    pub(crate) fn draft(&mut self) -> Graph {
        let mut nodes = Vec::with_capacity(self.nodes.len() + self.nodes.len() / 2);
        nodes.extend(self.nodes.iter().cloned());
        let Graph { kinds, distinct, list, outputs, scopes, .. } = &*self;
        let (kinds, distinct, list, outputs, scopes) =
            (*kinds, *distinct, list.clone(), outputs.clone(), scopes.clone());
        Graph { nodes, kinds, distinct, list, inputs: std::mem::take(&mut self.inputs), outputs, scopes }
    }

    /// The listed nodes, in order.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (NodeId, &Node)> {
        self.list.iter().map(|&id| (id, self.node(id)))
    }

    /// Whether a node may be of one of these kinds. If not, a pass that looks for them leaves the list alone at once.
    pub(crate) fn may_have(&self, kinds: &[OpKind]) -> bool {
        kinds.iter().any(|&kind| self.kinds.contains(kind))
    }

    /// The number of the node at a position of the list.
    pub(crate) fn at(&self, position: usize) -> NodeId {
        self.list[position]
    }

    /// How many nodes are listed.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// How many nodes have a number, listed or not.
    pub(crate) fn numbers(&self) -> NodeId {
        self.nodes.len() as NodeId
    }

    /// A vector with one entry for each node, by number.
    pub(crate) fn per_node<T: Clone>(&self, x: T) -> Vec<T> {
        vec![x; self.nodes.len()]
    }

    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    pub(crate) fn shape(&self, id: NodeId) -> &Shape {
        &self.node(id).meta.shape
    }

    /// The first operand of a node.
    pub(crate) fn operand(&self, id: NodeId) -> NodeId {
        self.node(id).inputs[0]
    }

    /// The number that fills a node, if it is a constant of one number.
    pub(crate) fn full(&self, id: NodeId) -> Option<f64> {
        match self.node(id).op {
            Op::Full(x) => Some(x),
            _ => None,
        }
    }

    /// Makes a new list. `f` is called with each node, whose operands have been replaced already, and returns the node that
    /// replaces it. To keep a node, `f` calls [`keep`](Graph::keep).
    pub(crate) fn rewrite(mut self, mut f: impl FnMut(&mut Graph, NodeId) -> NodeId) -> Graph {
        let mut instead = self.per_node(NodeId::MAX);
        let new = Vec::with_capacity(self.list.len());
        for id in std::mem::replace(&mut self.list, new) {
            for input in self.nodes[id as usize].inputs.iter_mut() {
                *input = instead[*input as usize];
            }
            let by = f(&mut self, id);
            self.distinct &= by == id;
            instead[id as usize] = by;
        }
        self.outputs.iter_mut().for_each(|id| *id = instead[*id as usize]);
        self
    }

    /// Whether no two listed nodes can be equal.
    pub(super) fn is_distinct(&self) -> bool {
        self.distinct
    }

    /// Notes that no two listed nodes are equal. The next change forgets it.
    pub(super) fn note_distinct(&mut self) {
        self.distinct = true;
    }

    /// Removes the nodes that are not needed from the list.
    pub(crate) fn retain(&mut self, mut needed: impl FnMut(NodeId) -> bool) {
        self.list.retain(|&id| needed(id));
    }

    /// Lists a node unchanged.
    pub(crate) fn keep(&mut self, id: NodeId) -> NodeId {
        self.list.push(id);
        id
    }

    /// Lists a copy of a node with other operands of the same shapes and dtypes.
    pub(crate) fn copy(&mut self, id: NodeId, inputs: Inputs) -> NodeId {
        let node = Node { inputs, ..self.node(id).clone() };
        self.push(node)
    }

    /// Replaces operand `i` of a node by a node of the same shape and dtype.
    pub(crate) fn read_instead(&mut self, id: NodeId, i: usize, x: NodeId) {
        self.distinct = false;
        self.nodes[id as usize].inputs[i] = x;
    }

    fn push(&mut self, node: Node) -> NodeId {
        self.kinds.add(node.op.kind());
        self.distinct = false;
        self.nodes.push(node);
        self.keep(self.nodes.len() as NodeId - 1)
    }

    /// Appends an op on earlier nodes. Its shape and dtype follow from its rule.
    pub(crate) fn add(&mut self, op: impl Into<Op>, inputs: Inputs, origin: Origin) -> NodeId {
        let op = op.into();
        let rule = op.rule().expect("an op that is no leaf");
        let infer = |x: &[&Meta]| {
            rule.infer(x).unwrap_or_else(|e| unreachable!("a pass built {op:?} on {x:?}: {e:?}"))
        };
        let meta = for_operands(&inputs, |i| &self.node(i).meta, infer);
        self.push(Node { op, inputs, meta, origin })
    }

    pub(crate) fn number(&mut self, x: f64, like: NodeId) -> NodeId {
        let Node { meta, origin, .. } = self.node(like);
        let (meta, origin) = (meta.clone(), *origin);
        self.full_of(x, meta, origin)
    }

    pub(crate) fn full_of(&mut self, x: f64, meta: Meta, origin: Origin) -> NodeId {
        self.push(Node { op: Op::Full(x), inputs: Inputs::new(), meta, origin })
    }

    /// A new input of the shape and dtype of a node.
    pub(super) fn input_like(&mut self, x: NodeId) -> NodeId {
        let Node { meta, origin, .. } = self.node(x).clone();
        let number = self.inputs.len();
        let input = Input { name: format!("copy {number}"), meta: meta.clone(), buffer: None };
        self.inputs.push(PlanInput::Given(input));
        self.push(Node { op: Op::Input(number as u32), inputs: Inputs::new(), meta, origin })
    }

    /// Turns a node into a constant of one number.
    pub(crate) fn fill(&mut self, id: NodeId, x: f64) {
        self.kinds.add(OpKind::Full);
        self.distinct = false;
        let node = &mut self.nodes[id as usize];
        (node.op, node.inputs) = (Op::Full(x), Inputs::new());
    }

    pub(crate) fn unary(&mut self, f: Unary, x: NodeId) -> NodeId {
        let origin = self.node(x).origin;
        self.add(f, [x].into(), origin)
    }

    pub(crate) fn binary(&mut self, f: Binary, a: NodeId, b: NodeId) -> NodeId {
        let origin = self.node(a).origin;
        self.add(f, [a, b].into(), origin)
    }

    pub(crate) fn reshape(&mut self, x: NodeId, to: Shape) -> NodeId {
        if *self.shape(x) == to {
            return x;
        }
        let origin = self.node(x).origin;
        self.add(Reshape { to }, [x].into(), origin)
    }

    pub(crate) fn broadcast(&mut self, x: NodeId, to: Shape) -> NodeId {
        if *self.shape(x) == to {
            return x;
        }
        let origin = self.node(x).origin;
        self.add(Broadcast { to }, [x].into(), origin)
    }

    pub(crate) fn permute(&mut self, x: NodeId, axes: Axes) -> NodeId {
        let origin = self.node(x).origin;
        self.add(Permute { axes }, [x].into(), origin)
    }

    pub(crate) fn sum(&mut self, x: NodeId, axes: Axes) -> NodeId {
        let origin = self.node(x).origin;
        self.add(Sum { axes }, [x].into(), origin)
    }
}

/// The first element, as `f64`.
pub(crate) fn number(data: DataRef<'_>) -> f64 {
    match data {
        DataRef::F32(v) => f64::from(v[0]),
        DataRef::F64(v) => v[0],
        DataRef::I64(v) => v[0] as f64,
        DataRef::Bool(v) => f64::from(v[0]),
    }
}

/// Whether a single number is the same after it was an `f64`. Large integers are not, and stay data.
fn survives(data: DataRef<'_>) -> bool {
    match data {
        DataRef::I64(v) => v[0] as f64 as i128 == i128::from(v[0]),
        DataRef::F32(_) | DataRef::F64(_) | DataRef::Bool(_) => true,
    }
}

fn owned(data: DataRef<'_>, elements: usize) -> Data {
    each_dtype!(DataRef, data, v => crate::dtype::Storable::wrap(v[..elements].to_vec()))
}

impl PlanInput {
    pub(crate) fn dtype(&self) -> DType {
        match self {
            PlanInput::Given(input) => input.meta.dtype,
            PlanInput::Constant(data) => data.dtype(),
        }
    }

    pub(crate) fn elements(&self) -> usize {
        match self {
            PlanInput::Given(input) => input.meta.shape.elements(),
            PlanInput::Constant(data) => data.len(),
        }
    }
}
