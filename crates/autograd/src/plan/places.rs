//! Places: what is a view of another node, and where it lies there.

use super::graph::Graph;
use crate::ir::NodeId;
use crate::shape::{Shape, Strides};

/// Where a node's elements are in its root: from an offset on, by strides.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) offset: usize,
    pub(crate) strides: Strides,
}

/// Where all nodes lie.
#[derive(Debug)]
pub(crate) struct Places {
    /// Per node, what it is a view of; most are roots themselves.
    root: Vec<NodeId>,
    /// The number of each view.
    number: Vec<u32>,
    views: Vec<Place>,
}

impl Places {
    pub(super) fn new(graph: &Graph) -> Places {
        Places { root: graph.per_node(NodeId::MAX), number: graph.per_node(u32::MAX), views: vec![] }
    }

    /// Places the node of the next number.
    pub(super) fn add_new(&mut self, graph: &Graph, id: NodeId) {
        self.root.push(NodeId::MAX);
        self.number.push(u32::MAX);
        self.add(graph, id);
    }

    /// Places a node, after its operands; tells whether it is a view.
    pub(super) fn add(&mut self, graph: &Graph, id: NodeId) -> bool {
        let Some(place) = self.view(graph, id) else {
            self.root[id as usize] = id;
            return false;
        };
        self.root[id as usize] = self.root(graph.operand(id));
        self.number[id as usize] = self.views.len() as u32;
        self.views.push(place);
        true
    }

    /// The node as a view of its operand's root.
    fn view(&self, graph: &Graph, id: NodeId) -> Option<Place> {
        let node = graph.node(id);
        let &x = node.inputs.first()?;
        let from = self.of(graph, x);
        let layout = node.op.rule()?.view(&graph.node(x).meta, &from.strides)?;
        let offset = from.offset.checked_add_signed(layout.skip).expect("a view begins within its root");
        Some(Place { offset, strides: layout.strides })
    }

    /// What the node is a view of, or itself.
    pub(crate) fn root(&self, x: NodeId) -> NodeId {
        self.root[x as usize]
    }

    /// Where the node lies in its root.
    pub(crate) fn of(&self, graph: &Graph, x: NodeId) -> Place {
        if self.root(x) != x {
            return self.views[self.number[x as usize] as usize].clone();
        }
        let shape = graph.shape(x);
        let strides = match graph.full(x) {
            Some(_) => Strides::repeat(0, shape.len()),
            None => shape.strides(),
        };
        Place { offset: 0, strides }
    }

    /// Whether a node's elements are all those of its root, in order.
    pub(crate) fn is_whole(&self, graph: &Graph, x: NodeId) -> bool {
        let root = self.root(x);
        x == root || {
            let (place, shape) = (self.of(graph, x), graph.shape(x));
            place.offset == 0
                && shape.elements() == graph.shape(root).elements()
                && is_contiguous(shape, &place.strides)
        }
    }

    /// Whether a node repeats the numbers of its root along rows of a given length.
    pub(super) fn repeats_along_rows(&self, graph: &Graph, x: NodeId, row: usize) -> bool {
        let place = self.of(graph, x);
        place.offset == 0 && repeats_along_rows(graph.shape(x), &place.strides, row)
    }
}

/// Whether all places of a shape follow each other in memory.
pub(crate) fn is_contiguous(shape: &[usize], strides: &[isize]) -> bool {
    let mut next = 1;
    shape.contains(&0)
        || shape.iter().zip(strides).rev().all(|(&d, &s)| {
            let fits = d == 1 || s == next;
            next *= d as isize;
            fits
        })
}

/// Whether a view repeats the numbers of a contiguous column along rows of a given length.
fn repeats_along_rows(shape: &Shape, strides: &[isize], row: usize) -> bool {
    let mut split = shape.len();
    let mut length = 1;
    while split > 0 && length < row {
        split -= 1;
        if shape[split] != 1 && strides[split] != 0 {
            return false;
        }
        length *= shape[split];
    }
    length == row && is_contiguous(&shape[..split], &strides[..split])
}
