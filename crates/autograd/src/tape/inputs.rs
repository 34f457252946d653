//! The inputs of a traced computation, whose values come with each run.

use super::List;
use crate::buffers::Value;
use crate::dtype::DataRef;
use crate::ir::{Meta, NodeId, Op};
use crate::mistake::Mistake;
use crate::params::Buffer;

/// An input of a traced computation.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) meta: Meta,
    /// The state that it reads; none for an input that is given.
    pub(crate) buffer: Option<Buffer>,
}

/// What a computation has to do with a buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StateUse {
    pub(crate) buffer: Buffer,
    /// Its values as they are now.
    pub(crate) current: NodeId,
    pub(crate) written: bool,
}

impl List {
    /// The node of a buffer's values, if the computation has read or written it.
    pub(crate) fn state(&self, buffer: Buffer) -> Option<NodeId> {
        self.states.iter().find(|state| state.buffer == buffer).map(|state| state.current)
    }

    /// What was written to buffers.
    pub(crate) fn written(&self) -> impl Iterator<Item = (Buffer, NodeId)> {
        self.states.iter().filter(|state| state.written).map(|state| (state.buffer, state.current))
    }

    /// Reads a buffer for the first time.
    #[track_caller]
    pub(crate) fn read_state(
        &mut self,
        buffer: Buffer,
        name: &str,
        meta: Meta,
        values: DataRef<'_>,
    ) -> NodeId {
        let value = if self.traced {
            Value::nowhere()
        } else {
            // The values are there already, and a copy as large can be had.
            let mut data = self.pool.take(meta.dtype, values.len()).expect("memory for a copy of a buffer");
            data.elements().copy_from(values);
            self.pool.keep(data, meta.shape.strides())
        };
        let number = u32::try_from(self.inputs.len()).expect("fewer inputs than nodes");
        self.inputs.push(Input { name: name.to_owned(), meta: meta.clone(), buffer: Some(buffer) });
        let current = self.leaf(Op::Input(number), meta, value);
        self.states.push(StateUse { buffer, current, written: false });
        current
    }

    /// Writes a buffer that was read.
    pub(crate) fn write_state(&mut self, buffer: Buffer, values: NodeId) {
        let state = self.states.iter_mut().find(|state| state.buffer == buffer).expect("it was read");
        (state.current, state.written) = (values, true);
    }

    /// The inputs of a traced computation. An eager one has none but the buffers it reads.
    pub(crate) fn traced_inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// An input of a traced computation.
    #[track_caller]
    pub(crate) fn input(&mut self, name: &str, meta: Meta) -> NodeId {
        if !self.traced {
            Mistake::new(format!("input `{name}`: this tape computes at once"))
                .rule("inputs belong to the tape that `Program::trace` gives")
                .hint("record the values with `tape.constant(…)`")
                .raise()
        }
        if self.inputs.iter().any(|input| input.name == name) {
            let mistake = Mistake::new(format!("input `{name}`: there is one of this name already"));
            mistake.rule("each input has a name of its own").raise();
        }
        let number = u32::try_from(self.inputs.len()).expect("fewer inputs than nodes");
        self.inputs.push(Input { name: name.to_owned(), meta: meta.clone(), buffer: None });
        self.leaf(Op::Input(number), meta, Value::nowhere())
    }
}
