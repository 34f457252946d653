//! What was recorded, for other crates of the workspace that write it in another language: nodes, inputs, bodies of loops.

use super::graph::{Graph, PlanInput};
use crate::dtype::{DType, DataRef};
use crate::ir::{Body, Meta, NodeId, Op, Scan};
use crate::params::Buffer;
use crate::shape::Shape;
use std::panic::Location;

/// A node as it was recorded.
#[derive(Clone, Copy, Debug)]
pub struct RecordedNode<'g> {
    /// Its number, by which others read it.
    pub id: NodeId,
    /// What it does.
    pub op: &'g Op,
    /// The numbers of its operands, which come before it.
    pub operands: &'g [NodeId],
    meta: &'g Meta,
    /// The line that recorded it.
    pub site: &'static Location<'static>,
}

impl<'g> RecordedNode<'g> {
    /// Its shape.
    pub fn shape(&self) -> &'g Shape {
        &self.meta.shape
    }

    /// Its dtype.
    pub fn dtype(&self) -> DType {
        self.meta.dtype
    }
}

/// What `Op::Input` reads.
#[derive(Clone, Copy, Debug)]
pub enum RecordedInput<'p> {
    /// An input of each run, by its name.
    Given(&'p str),
    /// State that is not trained.
    Buffer(Buffer),
    /// A constant of the computation.
    Constant(DataRef<'p>),
}

impl<'p> From<&'p PlanInput> for RecordedInput<'p> {
    fn from(input: &'p PlanInput) -> RecordedInput<'p> {
        match input {
            PlanInput::Given(input) => match input.buffer {
                Some(buffer) => RecordedInput::Buffer(buffer),
                None => RecordedInput::Given(&input.name),
            },
            PlanInput::Constant(data) => RecordedInput::Constant(data.borrow()),
        }
    }
}

impl Graph {
    /// The node of a number.
    pub fn recorded(&self, id: NodeId) -> RecordedNode<'_> {
        let node = self.node(id);
        RecordedNode { id, op: &node.op, operands: &node.inputs, meta: &node.meta, site: node.origin.site }
    }

    /// All nodes, each after its operands.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = RecordedNode<'_>> {
        self.iter().map(|(id, _)| self.recorded(id))
    }

    /// The numbers of the nodes that are results.
    pub fn results(&self) -> &[NodeId] {
        &self.outputs
    }

    /// The full name of the scope that recorded a node.
    pub fn scope(&self, id: NodeId) -> Option<String> {
        self.scopes.name(self.node(id).origin.scope)
    }
}

impl Scan {
    /// The list that runs in each step. Its inputs are the arguments of the body: what is carried, what each step reads, what is
    /// the same in every step. Its results are those of the body, and then the products of a history.
    pub fn graph(&self) -> Graph {
        Graph::of_body(&self.body, self.history)
    }
}

impl Body {
    /// The list of a function or a checkpoint. Its inputs are the arguments.
    pub fn graph(&self) -> Graph {
        Graph::of_body(self, false)
    }
}
