//! Descriptions of nodes, for messages.

use super::{Input, List};
use crate::ir::{Custom, NodeId, Op};
use crate::origin::Scopes;
use crate::params::Params;

impl List {
    /// Takes over the names of another computation's inputs and scopes.
    pub(crate) fn adopt_names(&mut self, inputs: Vec<Input>, scopes: Scopes) {
        (self.inputs, self.scopes) = (inputs, scopes);
    }

    /// What a node is: `v4 = param net.1.weight [4×3] F64`, with the name in backquotes.
    pub(crate) fn summary(&self, id: NodeId, params: Option<&Params>) -> String {
        let node = self.node(id);
        let name = match (&node.op, self.name(id, params)) {
            (_, Some(name)) => format!(" `{name}`"),
            (Op::Full(x), None) if x.abs() >= 1e16 => format!(" of {x:e}"),
            (Op::Full(x), None) => format!(" of {x}"),
            (_, None) => String::new(),
        };
        format!("v{id} = {}{name} {} {}", node.op.name(), node.meta.shape, node.meta.dtype)
    }

    /// The name that the user gave to a node.
    pub(crate) fn given_name(&self, id: NodeId) -> Option<&str> {
        self.names.get(&id).map(|name| &**name)
    }

    /// Gives a node a name, in place of an earlier one.
    pub(crate) fn give_name(&mut self, id: NodeId, name: &str) {
        self.names.insert(id, name.into());
    }

    /// The nodes whose gradients are to be kept.
    pub(crate) fn retained(&self) -> &[NodeId] {
        &self.retained
    }

    /// Keeps the gradient of a node.
    pub(crate) fn retain(&mut self, id: NodeId) {
        if !self.retained.contains(&id) {
            self.retained.push(id);
        }
    }

    /// What the cotangents of nodes of a name pass through.
    pub(crate) fn hook(&self, name: &str) -> Option<Custom> {
        self.hooks.get(name).cloned()
    }

    /// Lets them pass through it, in place of another one.
    pub(crate) fn set_hook(&mut self, name: &str, hook: Custom) {
        self.hooks.insert(name.into(), hook);
    }

    /// The name of a parameter or an input.
    pub(crate) fn name(&self, id: NodeId, params: Option<&Params>) -> Option<String> {
        match (&self.node(id).op, params) {
            (Op::Parameter(p), Some(params)) => Some(params.name(*p).to_owned()),
            (Op::Input(number), _) => self.inputs.get(*number as usize).map(|input| input.name.clone()),
            _ => None,
        }
    }

    /// What a node is and where it comes from: its line, its scope and, for an adjoint, the node that it belongs to.
    pub(crate) fn describe(&self, id: NodeId, params: Option<&Params>) -> String {
        let origin = &self.node(id).origin;
        let of = origin.adjoint_of().map(|of| format!(", adjoint of v{of}")).unwrap_or_default();
        format!("{}{of}, recorded at {}", self.summary(id, params), self.scopes.site(origin))
    }

    /// The scope that is open, as the head of a message shows it after the name of an op.
    pub(crate) fn within_scope(&self) -> String {
        self.scopes.name(self.context.scope).map(|scope| format!(" in `{scope}`")).unwrap_or_default()
    }
}
