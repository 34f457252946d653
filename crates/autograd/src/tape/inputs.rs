//! The inputs of a traced computation, whose values come with each run.

use super::List;
use crate::buffers::Value;
use crate::ir::{Meta, NodeId, Op};
use crate::mistake::Mistake;

/// An input of a traced computation.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) meta: Meta,
}

impl List {
    /// The inputs of a traced computation. An eager one has none.
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
        self.inputs.push(Input { name: name.to_owned(), meta: meta.clone() });
        self.leaf(Op::Input(number), meta, Value::nowhere())
    }
}
