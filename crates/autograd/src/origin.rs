//! Where nodes come from: the source line that recorded one, the scope it belongs to, and what it is the adjoint of.

use crate::ir::NodeId;
use std::collections::HashMap;
use std::panic::Location;

/// The number of a scope in its [`Scopes`]; 0 means outside of all scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct ScopeId(u32);

/// Where a node comes from. Small and `Copy`, because every node has one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    /// The line that recorded it. An adjoint has the line of the node that it belongs to.
    pub(crate) site: &'static Location<'static>,
    pub(crate) scope: ScopeId,
    adjoint_of: NodeId,
}

impl Origin {
    /// Two numbers that no node has. They mark nodes that no sweep recorded, and nodes that a sweep recorded on the way to an
    /// adjoint.
    const RECORDED: NodeId = NodeId::MAX;
    const ON_THE_WAY: NodeId = NodeId::MAX - 1;

    /// The origin of a node that is recorded now. `here` is the line of the call.
    pub(crate) fn new(context: Context, here: &'static Location<'static>) -> Origin {
        let adjoint_of = if context.site.is_some() { Origin::ON_THE_WAY } else { Origin::RECORDED };
        Origin { site: context.site.unwrap_or(here), scope: context.scope, adjoint_of }
    }

    /// The same at another line.
    pub(crate) fn at(self, site: &'static Location<'static>) -> Origin {
        Origin { site, ..self }
    }

    /// Whether a sweep recorded the node, as an adjoint or a tangent or on the way to one.
    pub(crate) fn is_derivative(&self) -> bool {
        self.adjoint_of != Origin::RECORDED
    }

    /// The number of the node whose adjoint, or a part of it, this node is.
    pub(crate) fn adjoint_of(&self) -> Option<NodeId> {
        (self.adjoint_of < Origin::ON_THE_WAY).then_some(self.adjoint_of)
    }

    /// Notes what the node is the adjoint of. Only the first note counts: the adjoint of a sum is also the adjoint of its
    /// terms.
    pub(crate) fn note_adjoint_of(&mut self, id: NodeId) {
        if self.adjoint_of >= Origin::ON_THE_WAY {
            self.adjoint_of = id;
        }
    }
}

/// The scope, and the line if a sweep runs, of the nodes that are recorded next.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Context {
    /// While a sweep runs, the line that its nodes inherit.
    pub(crate) site: Option<&'static Location<'static>>,
    pub(crate) scope: ScopeId,
}

/// The names of scopes. Each is kept once, so entering the same scopes again allocates nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scopes {
    entries: Vec<ScopeEntry>,
    /// The numbers of scopes, by the scope around them, their kind and their name.
    numbers: HashMap<(ScopeId, ScopeKind), HashMap<Box<str>, usize>>,
    /// The scope that was found last. A loop enters its scopes in the same order each time, and a layer often consists of one
    /// other layer of the same name. So the search tries the next scope and the same scope first.
    last: usize,
}

#[derive(Clone, Debug, PartialEq)]
struct ScopeEntry {
    parent: ScopeId,
    name: Box<str>,
    kind: ScopeKind,
}

/// Where the name of a scope comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ScopeKind {
    /// From the user. The name is relative to the surrounding scope.
    Named,
    /// From a layer: its full name in the model. It replaces the layer around it.
    Layer,
}

impl Scopes {
    /// The scope of this name within another one.
    pub(crate) fn within(&mut self, around: ScopeId, name: &str, kind: ScopeKind) -> ScopeId {
        if name.is_empty() {
            return around;
        }
        let parent = match (kind, self.entry(around)) {
            (ScopeKind::Layer, Some(ScopeEntry { kind: ScopeKind::Layer, parent, .. })) => *parent,
            _ => around,
        };
        let next = if self.last + 1 < self.entries.len() { self.last + 1 } else { 0 };
        let is_it = |entry: &ScopeEntry| entry.parent == parent && entry.kind == kind && *entry.name == *name;
        let guess = [next, self.last].into_iter().find(|&i| self.entries.get(i).is_some_and(is_it));
        self.last = guess.unwrap_or_else(|| self.number(parent, name, kind));
        ScopeId(u32::try_from(self.last + 1).expect("fewer than 2³² scopes"))
    }

    fn number(&mut self, parent: ScopeId, name: &str, kind: ScopeKind) -> usize {
        let numbers = self.numbers.entry((parent, kind)).or_default();
        if let Some(&number) = numbers.get(name) {
            return number;
        }
        let number = self.entries.len();
        numbers.insert(name.into(), number);
        self.entries.push(ScopeEntry { parent, name: name.into(), kind });
        number
    }

    /// The full name, such as `encoder.net.1`; none outside of all scopes.
    pub(crate) fn name(&self, id: ScopeId) -> Option<String> {
        let entry = self.entry(id)?;
        Some(match self.name(entry.parent) {
            Some(parent) => format!("{parent}.{}", entry.name),
            None => entry.name.to_string(),
        })
    }

    /// The line and the scope, as messages show them.
    pub(crate) fn site(&self, origin: &Origin) -> String {
        match self.name(origin.scope) {
            Some(scope) => format!("{} in `{scope}`", origin.site),
            None => origin.site.to_string(),
        }
    }

    fn entry(&self, id: ScopeId) -> Option<&ScopeEntry> {
        self.entries.get((id.0 as usize).checked_sub(1)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_join_and_layers_replace_each_other() {
        let mut scopes = Scopes::default();
        let outside = ScopeId::default();
        let encoder = scopes.within(outside, "encoder", ScopeKind::Named);
        let net = scopes.within(encoder, "net", ScopeKind::Layer);
        let first = scopes.within(net, "net.0", ScopeKind::Layer);
        let inner = scopes.within(first, "inner", ScopeKind::Named);
        let deepest = scopes.within(inner, "net.0.a", ScopeKind::Layer);
        let name = |id| scopes.name(id).unwrap_or_default();
        assert_eq!(
            [outside, encoder, net, first, inner, deepest].map(name),
            [
                "",
                "encoder",
                "encoder.net",
                "encoder.net.0",
                "encoder.net.0.inner",
                "encoder.net.0.inner.net.0.a"
            ]
        );
    }

    #[test]
    fn a_scope_has_one_number_however_often_it_is_entered() {
        let mut scopes = Scopes::default();
        let enter = |scopes: &mut Scopes| {
            ["a", "b", "a", "", "c"].map(|name| scopes.within(ScopeId::default(), name, ScopeKind::Named))
        };
        let first = enter(&mut scopes);
        assert_eq!((first[0], first[3]), (first[2], ScopeId::default()));
        assert_eq!(enter(&mut scopes), first);
        assert_eq!(scopes.entries.len(), 3);
    }
}
