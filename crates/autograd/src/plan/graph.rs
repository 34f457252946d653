//! The list that passes work on: the nodes of a tape without their values.

use crate::buffers::Source;
use crate::dtype::{DType, Data, DataRef, each_dtype};
use crate::ir::{Binary, Broadcast, Inputs, Meta, NodeId, Op, Permute, Reshape, Sum, Unary};
use crate::origin::{Origin, Scopes};
use crate::shape::{Axes, Shape};
use crate::tape::{self, Input, Tape};

/// A node: operation, operands that stand before it, what the result is, and the place in the user's source.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) op: Op,
    pub(crate) inputs: Inputs,
    pub(crate) meta: Meta,
    pub(crate) origin: Origin,
}

/// What `Op::Input` reads, by its number.
#[derive(Clone, Debug)]
pub(crate) enum Slot {
    /// Comes with each run.
    Given(Input),
    /// A constant of the traced computation.
    Held(Data),
}

/// A list of nodes, each after its operands, and the nodes that are asked for.
///
/// The list is one of numbers. A node keeps its number, and its place in memory, from pass to pass, also when other nodes
/// come to stand before it and when it is no longer listed: a pass moves only what it changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Graph {
    /// Every node that has been listed, by number.
    nodes: Vec<Node>,
    list: Vec<NodeId>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) outputs: Vec<NodeId>,
    /// The names of the scopes in the nodes' origins.
    pub(crate) scopes: Scopes,
}

impl Graph {
    /// The nodes of a traced tape. Constants become inputs that are held; single numbers stand in their nodes.
    pub(crate) fn of(tape: Tape<'_>, outputs: Vec<NodeId>) -> Graph {
        let params = tape.params();
        let mut list = tape.into_list();
        let mut slots: Vec<Slot> = list.traced_inputs().iter().cloned().map(Slot::Given).collect();
        for id in 0..list.nodes.len() {
            let node = &list.nodes[id];
            if let Op::Constant | Op::Variable = node.op {
                list.nodes[id].op = match list.strided(id as NodeId, params).data {
                    data if matches!(node.value.source, Source::Number(_)) => Op::Full(number(data)),
                    data => {
                        slots.push(Slot::Held(owned(data, node.meta.shape.elements())));
                        Op::Input(slots.len() as u32 - 1)
                    }
                };
            }
        }
        let scopes = std::mem::take(&mut list.scopes);
        let nodes = list.nodes.into_vec().into_iter();
        let node = |tape::Node { op, inputs, meta, origin, .. }| Node { op, inputs, meta, origin };
        let mut nodes: Vec<Node> = nodes.map(node).collect();
        nodes.shrink_to_fit();
        Graph { list: (0..nodes.len() as NodeId).collect(), nodes, slots, outputs, scopes }
    }

    /// A copy to be changed, with room for more nodes. It takes the slots along.
    pub(crate) fn draft(&mut self) -> Graph {
        let mut nodes = Vec::with_capacity(self.nodes.len() + self.nodes.len() / 2);
        nodes.extend(self.nodes.iter().cloned());
        let Graph { list, outputs, scopes, .. } = &*self;
        let (list, outputs, scopes) = (list.clone(), outputs.clone(), scopes.clone());
        Graph { nodes, list, slots: std::mem::take(&mut self.slots), outputs, scopes }
    }

    /// The listed nodes, in order.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (NodeId, &Node)> {
        self.list.iter().map(|&id| (id, self.node(id)))
    }

    /// The number of the node at a place of the list.
    pub(crate) fn at(&self, place: usize) -> NodeId {
        self.list[place]
    }

    /// How many nodes are listed.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// How many nodes have been given a number, listed or not.
    pub(crate) fn numbers(&self) -> NodeId {
        self.nodes.len() as NodeId
    }

    /// Something for each number of a node.
    pub(crate) fn per_node<T: Clone>(&self, x: T) -> Vec<T> {
        vec![x; self.nodes.len()]
    }

    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    pub(crate) fn shape(&self, id: NodeId) -> &Shape {
        &self.node(id).meta.shape
    }

    /// The first operand of a node, which may be its only one.
    pub(crate) fn operand(&self, id: NodeId) -> NodeId {
        self.node(id).inputs[0]
    }

    /// The number that fills a node, if it is one.
    pub(crate) fn full(&self, id: NodeId) -> Option<f64> {
        match self.node(id).op {
            Op::Full(x) => Some(x),
            _ => None,
        }
    }

    /// A new list: `f` is given each node with its operands replaced, and tells what stands in its place; `keep` lists
    /// the node itself.
    pub(crate) fn rewrite(mut self, mut f: impl FnMut(&mut Graph, NodeId) -> NodeId) -> Graph {
        let mut instead = self.per_node(NodeId::MAX);
        let new = Vec::with_capacity(self.list.len());
        for id in std::mem::replace(&mut self.list, new) {
            for input in self.nodes[id as usize].inputs.iter_mut() {
                *input = instead[*input as usize];
            }
            instead[id as usize] = f(&mut self, id);
        }
        self.outputs.iter_mut().for_each(|id| *id = instead[*id as usize]);
        self
    }

    /// Leaves out nodes that no other one needs.
    pub(crate) fn retain(&mut self, mut needed: impl FnMut(NodeId) -> bool) {
        self.list.retain(|&id| needed(id));
    }

    /// Lists a node as it is.
    pub(crate) fn keep(&mut self, id: NodeId) -> NodeId {
        self.list.push(id);
        id
    }

    /// Lists a copy of a node that reads other operands, like the node's own.
    pub(crate) fn copy(&mut self, id: NodeId, inputs: Inputs) -> NodeId {
        let node = Node { inputs, ..self.node(id).clone() };
        self.push(node)
    }

    /// Lets a node read another one as its operand number `i`, which is like the one that it reads.
    pub(crate) fn read_instead(&mut self, id: NodeId, i: usize, x: NodeId) {
        self.nodes[id as usize].inputs[i] = x;
    }

    fn push(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        self.keep(self.nodes.len() as NodeId - 1)
    }

    /// Appends an op on earlier nodes; its meta follows from its rule.
    pub(crate) fn add(&mut self, op: impl Into<Op>, inputs: Inputs, origin: Origin) -> NodeId {
        let op = op.into();
        let metas: Vec<&Meta> = inputs.iter().map(|&i| &self.node(i).meta).collect();
        let rule = op.rule().expect("passes add no leaves by this way");
        let meta =
            rule.infer(&metas).unwrap_or_else(|e| unreachable!("a pass built {op:?} on {metas:?}: {e:?}"));
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

    /// Lets a number stand in a node.
    pub(crate) fn fill(&mut self, id: NodeId, x: f64) {
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

/// The first element of one.
pub(crate) fn number(data: DataRef<'_>) -> f64 {
    match data {
        DataRef::F32(v) => f64::from(v[0]),
        DataRef::F64(v) => v[0],
        DataRef::I64(v) => v[0] as f64,
        DataRef::Bool(v) => f64::from(v[0]),
    }
}

fn owned(data: DataRef<'_>, elements: usize) -> Data {
    each_dtype!(DataRef, data, v => crate::dtype::Storable::wrap(v[..elements].to_vec()))
}

impl Slot {
    pub(crate) fn dtype(&self) -> DType {
        match self {
            Slot::Given(input) => input.meta.dtype,
            Slot::Held(data) => data.dtype(),
        }
    }

    pub(crate) fn elements(&self) -> usize {
        match self {
            Slot::Given(input) => input.meta.shape.elements(),
            Slot::Held(data) => data.len(),
        }
    }
}
