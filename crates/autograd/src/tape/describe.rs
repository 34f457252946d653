//! Nodes in words, for messages.

use super::List;
use crate::ir::{NodeId, Op};
use crate::params::Params;

impl List {
    /// What a node is: `v4 = param net.1.weight [4×3] F64`, with the name in backquotes.
    pub(crate) fn summary(&self, id: NodeId, params: Option<&Params>) -> String {
        let node = self.node(id);
        let name = match (&node.op, params) {
            (Op::Parameter(p), Some(params)) => format!(" `{}`", params.name(*p)),
            (Op::Input(place), _) => format!(" `{}`", self.traced_inputs()[*place as usize].name),
            (Op::Full(x), _) => format!(" of {x}"),
            _ => String::new(),
        };
        format!("v{id} = {}{name} {} {}", node.op.name(), node.meta.shape, node.meta.dtype)
    }

    /// What a node is and where it comes from: the line, the scope, and for a derivative what it is one of.
    pub(crate) fn describe(&self, id: NodeId, params: Option<&Params>) -> String {
        let origin = &self.node(id).origin;
        let of = origin.adjoint_of().map(|of| format!(", adjoint of v{of}")).unwrap_or_default();
        format!("{}{of}, recorded at {}", self.summary(id, params), self.scopes.place(origin))
    }

    /// The scope that is open, as the head of a message shows it after the name of an op.
    pub(crate) fn within_scope(&self) -> String {
        self.scopes.name(self.place.scope).map(|scope| format!(" in `{scope}`")).unwrap_or_default()
    }
}
