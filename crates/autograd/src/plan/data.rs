//! The plan as data: kernels in order, the memories that they read and write, and where the results are. The planner writes it,
//! the verifier checks it, and executors and reports read it.

use super::again::Recomputed;
use super::graph::{Graph, PlanInput};
use super::memory::{Buffer, FIRST_INPUT, GRADIENTS, PARAMETERS};
use super::units::Rematerialised;
use crate::code::{Code, MemoryView};
use crate::dtype::{DType, DataRef};
use crate::ir::{NodeId, Op};
use std::ops::Range;

/// What a program runs.
#[derive(Clone, Debug)]
pub struct Plan {
    /// In the order in which they run.
    pub kernels: Vec<Kernel>,
    /// How many of the last kernels are streamed: products that compute gradients, which an update may take tile by tile,
    /// because no other kernel reads them.
    pub streams: usize,
    pub(crate) inputs: Vec<PlanInput>,
    pub(crate) buffers: Vec<Buffer>,
    /// The outputs that are not gradients, each at the beginning of a buffer.
    pub outputs: Vec<MemoryView>,
    /// The slab of the parameters.
    pub(crate) parameters: Buffer,
    /// The range of each gradient in the slab of gradients, which is laid out as that of the parameters.
    pub(crate) gradients: Vec<Range<usize>>,
    /// The list of nodes that the kernels compute, for reports.
    pub(crate) graph: Graph,
    /// The passes that ran on the list, each with the number of nodes after it. The first entry is what was recorded.
    pub(crate) passes: Vec<(&'static str, usize)>,
    /// The other passes that ran: they do not change the list.
    pub(crate) also: Vec<&'static str>,
    /// The bytes of all buffers if each value had one of its own.
    pub(crate) unshared: usize,
    /// What is rematerialised.
    pub(crate) rematerialised: Rematerialised,
    /// What is computed again, because a checkpoint or a budget of memory has it so.
    pub(crate) recomputed: Recomputed,
}

/// A kernel of a plan: one loop over memory.
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
    /// Multiplies matrices, for every index of the batch: c\[…, i, j\] = Σₖ a\[…, i, k\]·b\[…, k, j\].
    Product {
        /// \[batch…, m, k\].
        a: MemoryView,
        /// \[batch…, k, n\].
        b: MemoryView,
        /// \[batch…, m, n\].
        c: MemoryView,
    },
    /// Computes one op by its own kernel.
    Op {
        /// Which one.
        op: Op,
        /// Its operands, in order.
        x: Vec<MemoryView>,
        /// Its result.
        y: MemoryView,
    },
}

/// A memory, which memory views name by its number.
#[derive(Clone, Copy, Debug)]
pub struct Memory<'p> {
    /// What it holds.
    pub contents: Contents<'p>,
    /// The type of its elements.
    pub dtype: DType,
    /// How many elements it has.
    pub elements: usize,
}

/// What a memory holds. Kernels write buffers and gradients; they only read the others.
#[derive(Clone, Copy, Debug)]
pub enum Contents<'p> {
    /// The slab of the parameters.
    Parameters,
    /// The slab of their gradients, laid out as the parameters; empty if the plan computes none.
    Gradients,
    /// An input, by its name. Its values come with each run.
    Input(&'p str),
    /// Numbers that belong to the plan.
    Constant(DataRef<'p>),
    /// One value at a time; each starts at the first element.
    Buffer,
}

impl Contents<'_> {
    /// Whether kernels may write to it.
    pub fn is_written(&self) -> bool {
        matches!(self, Contents::Gradients | Contents::Buffer)
    }
}

impl Plan {
    /// The bytes of all buffers.
    pub(crate) fn buffer_bytes(&self) -> usize {
        self.buffers.iter().map(Buffer::bytes).sum()
    }

    /// All memories, by number: parameters, gradients, inputs and constants, buffers.
    pub fn memories(&self) -> impl ExactSizeIterator<Item = Memory<'_>> {
        let count = FIRST_INPUT as usize + self.inputs.len() + self.buffers.len();
        (0..count as u32).map(|number| self.memory(number).expect("a memory of this number"))
    }

    /// The memory of a number.
    pub fn memory(&self, number: u32) -> Option<Memory<'_>> {
        let of = |contents, Buffer { dtype, elements }| Memory { contents, dtype, elements };
        let input = match number {
            PARAMETERS => return Some(of(Contents::Parameters, self.parameters)),
            GRADIENTS => {
                let elements = if self.gradients.is_empty() { 0 } else { self.parameters.elements };
                return Some(of(Contents::Gradients, Buffer { elements, ..self.parameters }));
            }
            _ => (number - FIRST_INPUT) as usize,
        };
        let Some(given) = self.inputs.get(input) else {
            return Some(of(Contents::Buffer, *self.buffers.get(input - self.inputs.len())?));
        };
        let contents = match given {
            PlanInput::Given(input) => Contents::Input(&input.name),
            PlanInput::Constant(data) => Contents::Constant(data.borrow()),
        };
        Some(of(contents, Buffer { dtype: given.dtype(), elements: given.elements() }))
    }

    /// The number of the first buffer.
    #[inline]
    pub(crate) fn first_buffer(&self) -> u32 {
        FIRST_INPUT + self.inputs.len() as u32
    }

    /// Whether an output is all that its buffer holds in the end, so that it may be written elsewhere.
    pub(crate) fn is_alone(&self, output: usize) -> bool {
        let y = &self.outputs[output];
        let fits = self.memory(y.memory).is_some_and(|memory| {
            matches!(memory.contents, Contents::Buffer) && memory.elements == y.shape.elements()
        });
        fits && self.outputs.iter().filter(|other| other.memory == y.memory).count() == 1
    }

    /// The kernels of the streamed gradients, in the order of the slab.
    pub fn streamed(&self) -> &[Kernel] {
        &self.kernels[self.kernels.len() - self.streams..]
    }
}
