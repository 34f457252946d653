//! Bodies of loops, while they are recorded: a part of the list whose nodes have no values, and end with it.

use super::{List, Tape};
use crate::buffers::{Source, Value};
use crate::ir::{Body, Inputs, Meta, NodeId, Op};
use crate::mistake::Mistake;
use crate::params::Params;
use std::sync::Arc;

/// Until it is dropped, nodes are recorded without values.
#[derive(Debug)]
pub(crate) struct Region<'t> {
    tape: &'t Tape<'t>,
    start: NodeId,
    /// Whether a panic has left it.
    left: bool,
}

impl<'t> Region<'t> {
    /// Begins with the arguments.
    #[track_caller]
    pub(crate) fn begin(tape: &'t Tape<'t>, arguments: &[Meta]) -> Region<'t> {
        let mut list = tape.list_mut();
        list.bodies += 1;
        let start = list.nodes.len() as NodeId;
        drop(list);
        // From here on, a panic ends the region.
        let region = Region { tape, start, left: true };
        for (number, meta) in arguments.iter().enumerate() {
            tape.list_mut().leaf(Op::Argument(number as u32), meta.clone(), Value::nowhere());
        }
        region
    }

    /// Ends it. Its nodes are to be cut out, and then to expire.
    pub(crate) fn end(mut self) -> NodeId {
        self.left = false;
        self.start
    }

    /// The number of its first node.
    pub(crate) fn start(&self) -> NodeId {
        self.start
    }
}

impl Drop for Region<'_> {
    fn drop(&mut self) {
        let list = &mut *self.tape.list_mut();
        list.bodies -= 1;
        if self.left {
            list.expire(self.start, list.nodes.len() as NodeId);
        }
    }
}

/// How many bodies a tape remembers.
const BODIES: usize = 64;

impl List {
    /// The body that was recorded before, if it is equal: training records the same loop in each step, and its plan is made once.
    pub(crate) fn shared(&mut self, body: Body) -> Arc<Body> {
        if let Some(known) = self.loops.iter().find(|known| ***known == body) {
            return known.clone();
        }
        let body = Arc::new(body);
        self.loops.push_back(body.clone());
        if self.loops.len() > BODIES {
            self.loops.pop_front();
        }
        body
    }

    /// Refuses writes to state within a body.
    #[track_caller]
    pub(crate) fn check_writes_since(&self, start: NodeId) {
        let written = self.states.iter().find(|state| state.written && state.current >= start);
        if let Some(state) = written {
            Mistake::new("the body of a loop or of a mapped function writes a buffer")
                .line("written", self.describe(state.current, None))
                .rule("what changes from step to step is carried, and what differs between examples is a result")
                .hint("write what the loop or the function gives, after it")
                .raise();
        }
    }

    /// Panics because a variable of a loop's body is used after the loop.
    #[cold]
    #[track_caller]
    pub(crate) fn left_its_loop(&self, id: NodeId, params: Option<&Params>) -> ! {
        Mistake::new(format!(
            "v{id}: a variable of a loop's body or of a mapped function is used outside of it"
        ))
        .line("x", self.describe(id, params))
        .rule("what a body computes has a value in each step or for each example, and none after it")
        .hint("return it: as a carry of a loop it has its last value, as a result all of them, stacked")
        .raise()
    }

    /// Makes what a region computed arguments of no loop: whoever still holds one of them is told so.
    pub(crate) fn expire(&mut self, start: NodeId, end: NodeId) {
        self.expired = true;
        for node in &mut self.nodes[start as usize..end as usize] {
            if !node.inputs.is_empty() || matches!(node.op, Op::Full(_) | Op::Argument(_)) {
                (node.op, node.inputs) = (Op::Argument(u32::MAX), Inputs::new());
                node.source = Source::Nowhere;
            }
        }
    }
}
