//! What the values of a page are called.

use super::milestones::Milestones;
use crate::ir::{NodeId, Op};
use crate::lists::{IntoList, OrderedMap};
use crate::params::Params;
use crate::symbol::Label;
use crate::tape::List;
use std::collections::{HashMap, HashSet};

/// The labels of the leaves and of the milestones.
pub(super) fn labels(
    list: &List,
    params: Option<&Params>,
    milestones: &Milestones,
    output: NodeId,
) -> OrderedMap<NodeId, Label> {
    let layers = Layers::of(list, params, &milestones.leaves);
    let mut names = Names { list, taken: HashSet::new(), labels: OrderedMap::default(), milestones };
    let all = || milestones.leaves.iter().chain(&milestones.inner).copied();
    for id in all() {
        if let Some(name) = list.given_name(id) {
            names.give(id, split(name));
        }
    }
    if !names.labels.contains_key(&output) {
        let scalar = list.node(output).meta.shape.elements() == 1;
        names.give(output, (if scalar { "L" } else { "y" }.to_owned(), String::new()));
    }
    names.name_leaves(params, &layers);
    names.name_layers(&layers);
    names.name_rest();
    names.labels
}

/// `W1` and `W₁` are W with the index 1.
fn split(name: &str) -> (String, String) {
    let digit =
        |c: char| c.to_digit(10).or_else(|| "₀₁₂₃₄₅₆₇₈₉".chars().position(|d| d == c).map(|d| d as u32));
    let clean: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).take(40).collect();
    let base = clean.trim_end_matches(|c| digit(c).is_some());
    let sub: String =
        clean[base.len()..].chars().filter_map(digit).filter_map(|d| char::from_digit(d, 10)).collect();
    match base.trim_end_matches('_') {
        "" => (clean, String::new()),
        base => (base.to_owned(), sub),
    }
}

/// The layers with a weight or a bias, and the index of each.
struct Layers(HashMap<String, String>);

impl Layers {
    fn of(list: &List, params: Option<&Params>, leaves: &[NodeId]) -> Layers {
        let mut scopes: Vec<String> = vec![];
        for &id in leaves {
            let Some((scope, "weight" | "bias")) =
                parameter(list, params, id).and_then(|n| n.rsplit_once('.'))
            else {
                continue;
            };
            if !scopes.iter().any(|known| known == scope) {
                scopes.push(scope.to_owned());
            }
        }
        let parent = |scope: &str| scope.rsplit_once('.').map(|(parent, _)| parent.to_owned());
        let number = |scope: &str| scope.rsplit('.').next().and_then(|last| last.parse::<usize>().ok());
        let one_list = scopes.iter().all(|s| number(s).is_some() && parent(s) == parent(&scopes[0]));
        let index = |scope: &String| match (scopes.len(), number(scope)) {
            (1, _) => String::new(),
            (_, Some(k)) if one_list => (k.saturating_add(1)).to_string(),
            _ => scope.clone(),
        };
        let mut all: HashMap<String, String> = scopes.iter().map(|s| (s.clone(), index(s))).collect();
        if !one_list {
            shorten(&mut all);
        }
        Layers(all)
    }
}

/// Leaves out what all names begin with.
fn shorten(all: &mut HashMap<String, String>) {
    if all.len() < 2 {
        return;
    }
    while let Some(first) =
        all.values().next().and_then(|name| name.split_once('.')).map(|(first, _)| first.to_owned())
    {
        let rest = |name: &String| name.strip_prefix(&format!("{first}.")).map(str::to_owned);
        if !all.values().all(|name| rest(name).is_some()) {
            return;
        }
        all.values_mut().for_each(|name| *name = rest(name).unwrap_or_default());
    }
}

fn parameter<'a>(list: &List, params: Option<&'a Params>, id: NodeId) -> Option<&'a str> {
    match (&list.node(id).op, params) {
        (Op::Parameter(p), Some(params)) => Some(params.name(*p)),
        _ => None,
    }
}

struct Names<'a> {
    list: &'a List,
    taken: HashSet<(String, String)>,
    labels: OrderedMap<NodeId, Label>,
    milestones: &'a Milestones,
}

impl Names<'_> {
    /// Gives a name, with another index where it is taken.
    fn give(&mut self, id: NodeId, (base, sub): (String, String)) {
        if self.labels.contains_key(&id) {
            return;
        }
        let mut sub = sub;
        for k in 2.. {
            if self.taken.insert((base.clone(), sub.clone())) {
                break;
            }
            let stem = sub.trim_end_matches('\'').to_owned();
            sub = if stem.is_empty() { k.to_string() } else { format!("{stem}{}", "'".repeat(k - 1)) };
        }
        let shape = self.list.node(id).meta.shape.to_vec();
        let by_row = self.milestones.by_row.contains(&id);
        self.labels.insert(id, Label { base, sub, entry: vec![], shape, by_row });
    }

    fn name_leaves(&mut self, params: Option<&Params>, layers: &Layers) {
        let mut unnamed: [Vec<NodeId>; 3] = Default::default();
        for &id in self.milestones.leaves.iter() {
            let node = self.list.node(id);
            match parameter(self.list, params, id) {
                Some(name) => {
                    let (scope, last) = name.rsplit_once('.').unwrap_or(("", name));
                    let name = match (layers.0.get(scope), last) {
                        (Some(index), "weight") => ("W".to_owned(), index.clone()),
                        (Some(index), "bias") => ("b".to_owned(), index.clone()),
                        _ => split(last),
                    };
                    self.give(id, name);
                }
                None => match (&node.op, self.list.name(id, params)) {
                    (_, Some(name)) => self.give(id, split(&name)),
                    (Op::Variable, None) => unnamed[0].push(id),
                    (Op::Constant, None) => unnamed[1].push(id),
                    _ => unnamed[2].push(id),
                },
            }
        }
        let [variables, data, others] = unnamed;
        let one = variables.len() == 1;
        for (i, id) in variables.into_iter().enumerate() {
            self.give(id, ("x".to_owned(), if one { String::new() } else { (i + 1).to_string() }));
        }
        // One or two data: what goes in, and what should come out.
        let few = data.iter().filter(|id| !self.labels.contains_key(id)).count() <= 2;
        for (i, id) in data.into_iter().enumerate() {
            match few {
                true => self.give(id, (["X", "Y"][i.min(1)].to_owned(), String::new())),
                false => self.give(id, ("X".to_owned(), (i + 1).to_string())),
            }
        }
        // What lies behind a `detach`, and other values without a derivative.
        let one = others.len() == 1;
        for (i, id) in others.into_iter().enumerate() {
            self.give(id, ("c".to_owned(), if one { String::new() } else { (i + 1).to_string() }));
        }
    }

    /// Z for what an affine layer gives, A for the activation after it; other layers by their names.
    fn name_layers(&mut self, layers: &Layers) {
        let inner: Vec<NodeId> = self.milestones.inner.iter().copied().listed();
        for id in inner {
            let Some(scope) = self.list.scope_name(id) else { continue };
            let layer =
                layers.0.iter().find(|(name, _)| scope == **name || scope.ends_with(&format!(".{name}")));
            let name = match layer {
                Some((_, index)) if self.milestones.activations.contains(&id) => {
                    ("A".to_owned(), index.clone())
                }
                Some((_, index)) if self.milestones.affine.contains(&id) => ("Z".to_owned(), index.clone()),
                // The last value of a layer has its name; those on the way have none.
                _ if self.goes_on_in_scope(id) => continue,
                _ => split(scope.rsplit('.').next().unwrap_or(&scope)),
            };
            let name =
                if name.0.chars().all(|c| c.is_ascii_digit()) { ("h".to_owned(), name.0) } else { name };
            self.give(id, name);
        }
    }

    /// Whether a later milestone belongs to the same scope.
    fn goes_on_in_scope(&self, id: NodeId) -> bool {
        let scope = |id: NodeId| self.list.node(id).origin.scope;
        self.milestones.inner.iter().any(|&later| later > id && scope(later) == scope(id))
    }

    /// Z for products, A for functions of them, s for what is used twice.
    fn name_rest(&mut self) {
        let base = |id: &NodeId| match () {
            () if self.milestones.affine.contains(id) => "Z",
            () if self.milestones.activations.contains(id) => "A",
            () => "s",
        };
        let rest = self.milestones.inner.iter().filter(|id| !self.labels.contains_key(id));
        let rest: Vec<(NodeId, &str)> = rest.map(|id| (*id, base(id))).listed();
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for &(id, base) in &rest {
            let one = rest.iter().filter(|(_, other)| *other == base).count() == 1;
            let count = counts.entry(base).or_default();
            *count += 1;
            let sub = if one { String::new() } else { count.to_string() };
            self.give(id, (base.to_owned(), sub));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn digits_at_the_end_are_an_index() {
        for (name, base, sub) in [
            ("W", "W", ""),
            ("W1", "W", "1"),
            ("W₁₂", "W", "12"),
            ("w_3", "w", "3"),
            ("42", "42", ""),
            ("é2", "é", "2"),
        ] {
            assert_eq!(split(name), (base.to_owned(), sub.to_owned()));
        }
    }
}
