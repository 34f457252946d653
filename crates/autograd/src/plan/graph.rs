//! The list that passes work on: the nodes of a tape without their values.

use crate::buffers::Source;
use crate::dtype::{DType, Data, DataRef, each_dtype};
use crate::ir::{Binary, Broadcast, Inputs, Meta, NodeId, Op, Permute, Reshape, Sum, Unary};
use crate::origin::{Origin, Scopes};
use crate::shape::{Axes, Shape};
use crate::tape::{Input, Tape};

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
#[derive(Clone, Debug, Default)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) outputs: Vec<NodeId>,
    /// The names of the scopes in the nodes' origins.
    pub(crate) scopes: Scopes,
}

impl Graph {
    /// The nodes of a traced tape. Constants become inputs that are held; single numbers stand in their nodes.
    pub(crate) fn of(tape: &Tape<'_>, outputs: &[NodeId]) -> Graph {
        let list = tape.list();
        let mut slots: Vec<Slot> = list.traced_inputs().iter().cloned().map(Slot::Given).collect();
        let mut nodes = Vec::with_capacity(list.nodes.len());
        for (id, node) in list.nodes.iter().enumerate() {
            let op = match &node.op {
                Op::Constant | Op::Variable => match list.strided(id as NodeId, tape.params()).data {
                    data if matches!(node.value.source, Source::Number(_)) => Op::Full(number(data)),
                    data => {
                        slots.push(Slot::Held(owned(data, node.meta.shape.elements())));
                        Op::Input(slots.len() as u32 - 1)
                    }
                },
                op => op.clone(),
            };
            nodes.push(Node {
                op,
                inputs: node.inputs.clone(),
                meta: node.meta.clone(),
                origin: node.origin,
            });
        }
        Graph { nodes, slots, outputs: outputs.to_vec(), scopes: list.scopes.clone() }
    }

    /// The nodes alone, as they are now.
    pub(crate) fn nodes_only(&self) -> Graph {
        let Graph { nodes, outputs, scopes, .. } = self;
        Graph { nodes: nodes.clone(), slots: Vec::new(), outputs: outputs.clone(), scopes: scopes.clone() }
    }

    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    pub(crate) fn shape(&self, id: NodeId) -> &Shape {
        &self.node(id).meta.shape
    }

    /// The number that fills a node, if it is one.
    pub(crate) fn full(&self, id: NodeId) -> Option<f64> {
        match self.node(id).op {
            Op::Full(x) => Some(x),
            _ => None,
        }
    }

    /// A new list: `f` is given each node with its operands renumbered, and tells what stands in its place.
    pub(crate) fn rewrite(self, mut f: impl FnMut(&mut Graph, NodeId, Node) -> NodeId) -> Graph {
        let nodes = Vec::with_capacity(self.nodes.len());
        let mut out = Graph { nodes, slots: self.slots, outputs: Vec::new(), scopes: self.scopes };
        let mut renumbered: Vec<NodeId> = Vec::with_capacity(self.nodes.len());
        for (id, mut node) in self.nodes.into_iter().enumerate() {
            for input in node.inputs.iter_mut() {
                *input = renumbered[*input as usize];
            }
            renumbered.push(f(&mut out, id as NodeId, node));
        }
        out.outputs = self.outputs.iter().map(|&id| renumbered[id as usize]).collect();
        out
    }

    pub(crate) fn push(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        self.nodes.len() as NodeId - 1
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
        self.push(Node { op: Op::Full(x), inputs: Inputs::new(), meta, origin })
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
