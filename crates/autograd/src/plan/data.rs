//! The plan as data: kernels in an order, the memories that they read and write, and where the results are. The planner
//! writes it, the verifier checks it, and whoever runs or prints it reads it.

use super::graph::{Graph, Slot};
use super::memory::{Buffer, FIRST_SLOT, GRADIENTS, PARAMETERS};
use super::units::Again;
use crate::code::{Code, Operand};
use crate::dtype::{DType, DataRef};
use crate::ir::{NodeId, Op};
use std::ops::Range;

/// What a program runs.
#[derive(Clone, Debug)]
pub struct Plan {
    /// In the order in which they run.
    pub kernels: Vec<Kernel>,
    /// So many last kernels are products that are gradients, which an update may take tile by tile: nothing needs them
    /// before.
    pub streams: usize,
    pub(crate) slots: Vec<Slot>,
    pub(crate) buffers: Vec<Buffer>,
    /// The outputs that are not gradients, each at the beginning of a buffer.
    pub outputs: Vec<Operand>,
    /// The slab of the parameters.
    pub(crate) parameters: Buffer,
    /// Where the gradients lie in their slab, which is laid out as the one of the parameters.
    pub(crate) gradients: Vec<Range<usize>>,
    /// What the kernels compute, for reports.
    pub(crate) graph: Graph,
    /// The passes that ran on the list, each with the number of nodes that it left; first what was recorded.
    pub(crate) passes: Vec<(&'static str, usize)>,
    /// The others that ran: they leave the list as it is.
    pub(crate) also: Vec<&'static str>,
    /// Bytes of the buffers if each value had one of its own.
    pub(crate) unshared: usize,
    /// What kernels compute again.
    pub(crate) again: Again,
}

/// A step of a plan.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// What it does.
    pub work: Work,
    /// The nodes that it computes.
    pub(crate) nodes: Vec<NodeId>,
}

/// What a kernel does.
#[derive(Clone, Debug)]
pub enum Work {
    /// Runs a tile program.
    Tile(Code),
    /// Multiplies matrices, batch by batch: c\[…, i, j\] = Σₖ a\[…, i, k\]·b\[…, k, j\].
    Product {
        /// \[batch…, m, k\].
        a: Operand,
        /// \[batch…, k, n\].
        b: Operand,
        /// \[batch…, m, n\].
        c: Operand,
    },
    /// Computes an op that is not fused.
    Op {
        /// Which one.
        op: Op,
        /// Its operands, in order.
        x: Vec<Operand>,
        /// Its result.
        y: Operand,
    },
}

/// A memory that operands name by its number.
#[derive(Clone, Copy, Debug)]
pub struct Memory<'p> {
    /// What it holds.
    pub contents: Contents<'p>,
    /// The type of its elements.
    pub dtype: DType,
    /// How many there are.
    pub elements: usize,
}

/// What a memory holds. Buffers and gradients are written, the others only read.
#[derive(Clone, Copy, Debug)]
pub enum Contents<'p> {
    /// The slab of the parameters.
    Parameters,
    /// The slab of their gradients, laid out as the parameters; empty where the plan gives none.
    Gradients,
    /// An input, by its name: it comes with each run.
    Input(&'p str),
    /// Numbers of the plan itself.
    Constant(DataRef<'p>),
    /// One value after the other, each from the first element on.
    Buffer,
}

impl Contents<'_> {
    /// Whether kernels may write to it.
    pub fn is_written(&self) -> bool {
        matches!(self, Contents::Gradients | Contents::Buffer)
    }
}

impl Plan {
    /// The memories, in the order of their numbers: parameters, gradients, inputs and constants, buffers.
    pub fn memories(&self) -> impl ExactSizeIterator<Item = Memory<'_>> {
        let count = FIRST_SLOT as usize + self.slots.len() + self.buffers.len();
        (0..count as u32).map(|home| self.memory(home).expect("a memory of this number"))
    }

    /// The memory of a number.
    pub fn memory(&self, home: u32) -> Option<Memory<'_>> {
        let of = |contents, Buffer { dtype, elements }| Memory { contents, dtype, elements };
        let slot = match home {
            PARAMETERS => return Some(of(Contents::Parameters, self.parameters)),
            GRADIENTS => {
                let elements = if self.gradients.is_empty() { 0 } else { self.parameters.elements };
                return Some(of(Contents::Gradients, Buffer { elements, ..self.parameters }));
            }
            _ => (home - FIRST_SLOT) as usize,
        };
        let Some(held) = self.slots.get(slot) else {
            return Some(of(Contents::Buffer, *self.buffers.get(slot - self.slots.len())?));
        };
        let contents = match held {
            Slot::Given(input) => Contents::Input(&input.name),
            Slot::Held(data) => Contents::Constant(data.borrow()),
        };
        Some(of(contents, Buffer { dtype: held.dtype(), elements: held.elements() }))
    }

    /// The number of the first buffer.
    pub(crate) fn first_buffer(&self) -> u32 {
        FIRST_SLOT + self.slots.len() as u32
    }

    /// The gradients that are computed last, in the order of their slab.
    pub fn streamed(&self) -> &[Kernel] {
        &self.kernels[self.kernels.len() - self.streams..]
    }
}
