//! Scopes: names for parts of a computation. Each node belongs to one.

use super::{List, Tape};
use crate::ir::NodeId;
use crate::origin::{Context, ScopeKind};
use crate::params::Param;

/// Until it is dropped, what is recorded belongs to a scope: made by [`Tape::within`].
#[derive(Debug)]
#[must_use = "the scope ends when this is dropped: bind it, `let _layer = …`"]
pub struct Within<'t> {
    tape: &'t Tape<'t>,
    before: Context,
}

impl Drop for Within<'_> {
    fn drop(&mut self) {
        self.tape.list_mut().context = self.before;
    }
}

impl<'p> Tape<'p> {
    /// Runs `f`; what it records belongs to a scope of this name, which error messages and listings show. Scopes within
    /// scopes join their names by dots, and adjoints belong to the scope of what they are adjoints of.
    ///
    /// A panic within `f` ends the scope like any other way out. Each name is kept once, as long as the tape and its
    /// [`Storage`](crate::Storage): entering the same scopes in each step allocates nothing, whereas a name with
    /// the number of the step in it would be kept for every step.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, -1.0]);
    /// let y = tape.scope("encoder", || x.ln() * 2.0);
    /// assert_eq!(y.scope().as_deref(), Some("encoder"));
    /// assert_eq!(x.scope(), None);
    /// ```
    pub fn scope<'t, R>(&'t self, name: &str, f: impl FnOnce() -> R) -> R
    where
        'p: 't,
    {
        let _scope = self.enter(name, ScopeKind::Named);
        f()
    }

    /// Lets what is recorded belong to the layer that has these parameters, until the result is dropped. The layer's
    /// name is what the full names of its parameters have in common: `net.1` for `net.1.weight` and `net.1.bias`.
    ///
    /// A layer within a layer replaces it; within a [`scope`](Tape::scope) of the user, its name follows the name of
    /// that scope. It does nothing for handles that the tape cannot read, and for parameters without a scope in common.
    ///
    /// ```
    /// use autograd::{Param, Params, Tape, Var};
    /// struct Scale { factor: Param }
    /// impl Scale {
    ///     #[track_caller]
    ///     fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
    ///         let _layer = x.tape().within([self.factor]);
    ///         x * self.factor
    ///     }
    /// }
    /// let mut params = Params::f64();
    /// let layer = Scale { factor: params.scope("net").scope("scale").param("factor", [], 2.0) };
    /// let tape = Tape::with(&params);
    /// let y = tape.scope("left", || layer.forward(tape.var(1.0)));
    /// assert_eq!(y.scope().as_deref(), Some("left.net.scale"));
    /// ```
    pub fn within<'t, const N: usize>(&'t self, layer: [Param; N]) -> Within<'t>
    where
        'p: 't,
    {
        let name = self.params().and_then(|params| params.scope_of(&layer));
        self.enter(name.unwrap_or_default(), ScopeKind::Layer)
    }

    fn enter<'t>(&'t self, name: &str, kind: ScopeKind) -> Within<'t>
    where
        'p: 't,
    {
        let list = &mut *self.list_mut();
        let before = list.context;
        list.context.scope = list.scopes.within(before.scope, name, kind);
        Within { tape: self, before }
    }

    /// Until the result is dropped, new nodes get the line and the scope of `node`.
    pub(crate) fn inheriting<'t>(&'t self, node: NodeId) -> Within<'t>
    where
        'p: 't,
    {
        let list = &mut *self.list_mut();
        let origin = list.node(node).origin;
        let here = Context { site: Some(origin.site), scope: origin.scope };
        Within { tape: self, before: std::mem::replace(&mut list.context, here) }
    }
}

/// Until it is dropped, a sweep runs whose nodes stay on the tape, or do not.
#[derive(Debug)]
pub(crate) struct Sweeping<'t> {
    tape: &'t Tape<'t>,
    before: bool,
}

impl Drop for Sweeping<'_> {
    fn drop(&mut self) {
        self.tape.list_mut().passing = self.before;
    }
}

impl<'t> Tape<'t> {
    /// Notes whether what a sweep records stays on the tape, until the result is dropped.
    pub(crate) fn sweeping(&'t self, stays: bool) -> Sweeping<'t> {
        Sweeping { tape: self, before: std::mem::replace(&mut self.list_mut().passing, !stays) }
    }
}

impl List {
    /// Whether nothing stays of what the sweep that runs records, and values are there at once.
    pub(crate) fn is_passing(&self) -> bool {
        self.passing && !self.is_traced()
    }

    /// Whether a sweep is recording.
    pub(crate) fn in_sweep(&self) -> bool {
        self.context.site.is_some()
    }

    /// The full name of the scope that a node was recorded in.
    pub(crate) fn scope_name(&self, id: NodeId) -> Option<String> {
        self.scopes.name(self.node(id).origin.scope)
    }

    /// Notes that a node is the adjoint of another, or a part of it.
    pub(crate) fn note_adjoint(&mut self, id: NodeId, of: NodeId) {
        self.nodes[id as usize].origin.note_adjoint_of(of);
    }
}
