//! Which values get lines: names, layers, what is used twice; and whether axis 0 counts rows.

use crate::ir::{NodeId, Op, Structure};
use crate::lists::{IntoList, OrderedMap, OrderedSet};
use crate::reachable::{Reachable, ancestors};
use crate::table::Binary;
use crate::tape::List;

/// The longest formula between two milestones, in symbols; functions count more.
const LONGEST: usize = 24;
/// The most operands that a formula names.
pub(super) const OPERANDS: usize = 6;

/// The nodes that are called by a name: leaves, and milestones between them.
#[derive(Debug, Default)]
pub(super) struct Milestones {
    pub(super) leaves: OrderedSet<NodeId>,
    pub(super) inner: OrderedSet<NodeId>,
    /// Milestones that are W·x + b, and elementwise functions of such.
    pub(super) affine: OrderedSet<NodeId>,
    pub(super) activations: OrderedSet<NodeId>,
    /// Named nodes whose axis 0 counts rows that no op mixes.
    pub(super) by_row: OrderedSet<NodeId>,
    /// The length of axis 0, if there are rows.
    pub(super) rows: Option<usize>,
}

impl Milestones {
    pub(super) fn has(&self, id: NodeId) -> bool {
        self.leaves.contains(&id) || self.inner.contains(&id)
    }
}

/// Finds the milestones of a computation.
pub(super) struct Finder<'a> {
    list: &'a List,
    output: NodeId,
    asked: &'a [NodeId],
    nodes: Vec<NodeId>,
    uses: OrderedMap<NodeId, usize>,
    /// Values behind a `detach`: they are data to the derivative.
    detached: OrderedSet<NodeId>,
}

/// Where what lies behind a `detach` meets what has a derivative.
fn detached(list: &List, output: NodeId, asked: &[NodeId]) -> OrderedSet<NodeId> {
    let moves: OrderedSet<NodeId> = Reachable::new(list, asked, output).order.iter().copied().collect();
    let (mut behind, mut border) = (OrderedSet::default(), OrderedSet::default());
    for id in ancestors(&[output], |id| &list.node(id).inputs) {
        let node = list.node(id);
        if moves.contains(&id) {
            border.extend(node.inputs.iter().copied().filter(|input| behind.contains(input)));
        } else if matches!(node.op, Op::Detach(_)) || node.inputs.iter().any(|input| behind.contains(input)) {
            behind.insert(id);
        }
    }
    border
}

impl<'a> Finder<'a> {
    pub(super) fn new(list: &'a List, output: NodeId, asked: &'a [NodeId]) -> Finder<'a> {
        let detached = detached(list, output, asked);
        let inputs = |id: NodeId| if detached.contains(&id) { &[][..] } else { &list.node(id).inputs[..] };
        let nodes = ancestors(&[output], inputs);
        let mut uses = OrderedMap::default();
        for input in nodes.iter().flat_map(|&id| inputs(id)) {
            *uses.or_insert_with(*input, || 0) += 1;
        }
        Finder { list, output, asked, nodes, uses, detached }
    }

    /// The operands of a node that a page speaks of.
    fn inputs(&self, id: NodeId) -> &'a [NodeId] {
        if self.detached.contains(&id) { &[] } else { &self.list.node(id).inputs }
    }

    pub(super) fn find(&self) -> Milestones {
        let mut all = Milestones { inner: self.chosen(), ..Milestones::default() };
        for &id in &self.nodes {
            let node = self.list.node(id);
            let number =
                node.meta.shape.elements() == 1 && matches!(node.op, Op::Constant) && !self.list.is_traced();
            let named = self.list.given_name(id).is_some() || self.asked.contains(&id);
            if node.inputs.is_empty()
                && !all.inner.contains(&id)
                && (named || !(number || matches!(node.op, Op::Full(_))))
            {
                all.leaves.insert(id);
            }
        }
        let unread = |id: &&NodeId| self.list.node(**id).inputs.is_empty() && !all.inner.contains(id);
        let unread: Vec<NodeId> = self.asked.iter().filter(unread).copied().listed();
        all.leaves.extend(unread);
        self.rename_views(&mut all);
        self.cut_long_formulas(&mut all);
        for &id in &all.inner {
            if self.is_affine(id) {
                all.affine.insert(id);
            } else if self.activated(id).is_some_and(|z| self.is_affine(z)) {
                all.activations.insert(id);
            }
        }
        self.find_rows(&mut all);
        all
    }

    /// Named nodes, the output, what was asked, what leaves a layer, and what is used twice.
    fn chosen(&self) -> OrderedSet<NodeId> {
        let mut chosen = OrderedSet::of(self.output);
        let inner = |id: NodeId| !self.inputs(id).is_empty();
        chosen.extend(self.asked.iter().copied().filter(|&id| inner(id) && self.uses.contains_key(&id)));
        for &id in &self.nodes {
            if !inner(id) {
                continue;
            }
            if self.list.given_name(id).is_some() {
                chosen.insert(id);
            } else if self.uses.get(&id).is_some_and(|&n| n > 1) {
                chosen.extend(self.without_layout(id));
            }
            let scope = self.list.node(id).origin.scope;
            for &input in self.inputs(id) {
                let theirs = &self.list.node(input).origin;
                if inner(input) && theirs.scope != scope && theirs.scope != Default::default() {
                    chosen.extend(self.without_layout(input));
                }
            }
        }
        // What a nonlinear function is applied to, where that is a product and perhaps a bias.
        let inside = self.nodes.iter().filter_map(|&id| self.activated(id));
        let affine: Vec<NodeId> = inside.filter(|&z| self.is_affine(z)).listed();
        chosen.extend(affine);
        chosen
    }

    /// The node that a view shows: views have no lines of their own. `None` if it is a leaf.
    fn without_layout(&self, mut id: NodeId) -> Option<NodeId> {
        loop {
            let node = self.list.node(id);
            match &node.inputs[..] {
                [] => return None,
                [x] if is_layout(&node.op) && self.list.given_name(id).is_none() => id = *x,
                _ => return Some(id),
            }
        }
    }

    /// What an elementwise function of one argument is applied to.
    fn activated(&self, id: NodeId) -> Option<NodeId> {
        let node = self.list.node(id);
        match (&node.op, &node.inputs[..]) {
            (Op::Unary(_), [x]) => self.without_layout(*x),
            _ => None,
        }
    }

    /// A product of matrices with a leaf, plus something or not; or a sum of products with a leaf.
    fn is_affine(&self, id: NodeId) -> bool {
        let node = self.list.node(id);
        let is_product = |id: NodeId| {
            self.without_layout(id).is_some_and(|id| match &self.list.node(id).op {
                Op::Matmul(_) => true,
                Op::Sum(_) => self
                    .list
                    .node(id)
                    .inputs
                    .first()
                    .is_some_and(|&x| matches!(self.list.node(x).op, Op::Binary(Binary::Mul))),
                _ => false,
            })
        };
        match &node.op {
            Op::Binary(Binary::Add) => node.inputs.iter().any(|&x| is_product(x)),
            Op::Matmul(_) => true,
            _ => false,
        }
    }

    /// A view that has a name, of data that has none, is that data by its name.
    fn rename_views(&self, all: &mut Milestones) {
        let named: Vec<(NodeId, NodeId)> =
            all.inner.iter().filter_map(|&id| Some((id, self.leaf_under(id)?))).listed();
        for (view, leaf) in named {
            let is_free = self.list.given_name(leaf).is_none()
                && !self.asked.contains(&leaf)
                && !matches!(self.list.node(leaf).op, Op::Parameter(_) | Op::Input(_))
                && self.uses.get(&leaf).is_some_and(|&n| n == 1);
            if is_free && view != self.output {
                all.inner.remove(&view);
                all.leaves.insert(view);
                all.leaves.remove(&leaf);
            }
        }
    }

    /// The leaf that a node shows, if views alone lie between them.
    fn leaf_under(&self, mut id: NodeId) -> Option<NodeId> {
        loop {
            let node = self.list.node(id);
            match &node.inputs[..] {
                [] => return Some(id),
                [x] if is_layout(&node.op) => id = *x,
                _ => return None,
            }
        }
    }

    /// Where a formula would become too long, its operands get names.
    fn cut_long_formulas(&self, all: &mut Milestones) {
        let mut sizes: OrderedMap<NodeId, usize> = OrderedMap::default();
        for &id in &self.nodes {
            let node = self.list.node(id);
            // The derivative of functions in functions repeats what is inside.
            let mut size = match &node.op {
                op if is_layout(op) => 0,
                Op::Unary(_) => 3,
                _ => 1,
            };
            for &input in node.inputs.iter().take(OPERANDS) {
                size += if all.has(input) { 1 } else { sizes.get(&input).copied().unwrap_or(1) };
            }
            if size > LONGEST {
                for &input in &node.inputs {
                    if sizes.get(&input).is_some_and(|&n| n > 4) && !all.has(input) {
                        all.inner.insert(input);
                    }
                }
                size = 1 + node.inputs.len().min(OPERANDS);
            }
            sizes.insert(id, size);
        }
    }

    /// The rows of a batch: axis 0 of the data, as far as no op mixes it.
    fn find_rows(&self, all: &mut Milestones) {
        let is_data = |id: NodeId| {
            let op = self.leaf_under(id).map(|leaf| &self.list.node(leaf).op);
            matches!(op, Some(Op::Constant | Op::Input(_)))
        };
        let is_table = |id: &&NodeId| is_data(**id) && self.list.node(**id).meta.shape.len() >= 2;
        let Some(&first) = all.leaves.iter().find(is_table) else { return };
        let n = self.list.node(first).meta.shape[0];
        if n < 2 {
            return;
        }
        let mut by_row: OrderedSet<NodeId> = OrderedSet::default();
        for &id in &self.nodes {
            let node = self.list.node(id);
            let has = |i: usize| node.inputs.get(i).is_some_and(|x| by_row.contains(x));
            let keeps_rows = node.meta.shape.first() == Some(&n);
            let yes = keeps_rows
                && match &node.op {
                    _ if all.leaves.contains(&id) => is_data(id),
                    op if op.rule().is_none() => false,
                    Op::Matmul(_) => {
                        let batch = node.meta.shape.len() > 2;
                        has(0) && (batch || !has(1))
                    }
                    Op::Permute(op) => has(0) && op.axes.first() == Some(&0),
                    Op::Broadcast(op) if op.to.len() > self.list.node(node.inputs[0]).meta.shape.len() => {
                        false
                    }
                    Op::Reshape(_) | Op::Broadcast(_) => {
                        has(0) && self.list.node(node.inputs[0]).meta.shape.first() == Some(&n)
                    }
                    Op::Take(op) => has(usize::from(op.axis == 0)),
                    Op::IndexAdd(op) => has(0) && op.axis > 0,
                    Op::SearchSorted(_) => has(1),
                    op if op.structure() == Structure::Map => (0..node.inputs.len()).any(has),
                    op => has(0) && !op.axes().contains(&0),
                };
            if yes {
                by_row.insert(id);
            }
        }
        // What is repeated along new first axes is counted by a later one.
        for &id in &self.nodes {
            let node = self.list.node(id);
            if let (Op::Broadcast(op), [x]) = (&node.op, &node.inputs[..])
                && op.to.len() > self.list.node(*x).meta.shape.len()
            {
                by_row.remove(x);
            }
        }
        all.rows = Some(n);
        all.by_row = by_row;
    }
}

/// Whether an op only changes how values lie: it has no line on a page.
fn is_layout(op: &Op) -> bool {
    matches!(
        op,
        Op::Broadcast(_) | Op::Reshape(_) | Op::Permute(_) | Op::Cast(_) | Op::Copy(_) | Op::Detach(_)
    )
}
