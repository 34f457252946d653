//! What a page speaks of: the values that get lines, and the formulas between them.

use super::names::labels;
use crate::ir::{NodeId, Op, Structure};
use crate::params::Params;
use crate::reachable::{Reachable, ancestors};
use crate::symbol::{
    Context, Expr, Sketch, called, of_two, product, quotient, slope, slopes_of_two, sum, title,
};
use crate::table::Unary;
use crate::tape::{List, Node};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The longest formula between two milestones, in symbols; functions count more.
const LONGEST: usize = 24;
/// The most operands that a formula names.
const OPERANDS: usize = 6;

/// The nodes that are called by a name: leaves, and milestones between them.
#[derive(Debug, Default)]
pub(super) struct Milestones {
    pub(super) leaves: BTreeSet<NodeId>,
    pub(super) inner: BTreeSet<NodeId>,
    /// Milestones that are W·x + b, and elementwise functions of such.
    pub(super) affine: HashSet<NodeId>,
    pub(super) activations: HashSet<NodeId>,
    /// Named nodes whose axis 0 counts rows that no op mixes.
    pub(super) by_row: HashSet<NodeId>,
    /// The length of axis 0, if there are rows.
    pub(super) rows: Option<usize>,
}

impl Milestones {
    pub(super) fn has(&self, id: NodeId) -> bool {
        self.leaves.contains(&id) || self.inner.contains(&id)
    }
}

/// A computation as a page shows it.
pub(super) struct Model<'a> {
    pub(super) list: &'a List,
    pub(super) params: Option<&'a Params>,
    pub(super) output: NodeId,
    pub(super) asked: Vec<NodeId>,
    pub(super) milestones: Milestones,
    pub(super) context: Context,
    /// On a path from an asked value to the output.
    on_path: HashSet<NodeId>,
}

/// What a milestone hands to one of its operands.
#[derive(Debug)]
pub(super) struct Contribution {
    pub(super) to: NodeId,
    /// A term for each way from the milestone to the operand.
    pub(super) terms: Vec<Expr>,
    /// The functions whose derivatives it contains.
    pub(super) functions: Vec<&'static str>,
}

impl<'a> Model<'a> {
    pub(super) fn new(
        list: &'a List,
        params: Option<&'a Params>,
        output: NodeId,
        asked: &[NodeId],
    ) -> Model<'a> {
        let on_path: HashSet<NodeId> = Reachable::new(list, asked, output).order.iter().copied().collect();
        let milestones = Finder::new(list, output, asked).find();
        let labels = labels(list, params, &milestones, output);
        let context = Context { labels, output };
        Model { list, params, output, asked: asked.to_vec(), milestones, context, on_path }
    }

    pub(super) fn node(&self, id: NodeId) -> &'a Node {
        self.list.node(id)
    }

    pub(super) fn shape(&self, id: NodeId) -> &'a [usize] {
        &self.list.node(id).meta.shape
    }

    pub(super) fn is_asked(&self, id: NodeId) -> bool {
        self.asked.contains(&id)
    }

    pub(super) fn is_on_path(&self, id: NodeId) -> bool {
        self.on_path.contains(&id)
    }

    pub(super) fn is_by_row(&self, id: NodeId) -> bool {
        self.milestones.by_row.contains(&id)
    }

    /// The milestones that have a derivative, from the output down, without the output.
    pub(super) fn adjoints(&self) -> Vec<NodeId> {
        let named = self.milestones.inner.iter().chain(&self.milestones.leaves);
        let mut all: Vec<NodeId> =
            named.copied().filter(|&id| id != self.output && self.is_on_path(id)).collect();
        // A value is done when the first of those that read it is.
        let mut done: HashMap<NodeId, (NodeId, usize)> = HashMap::new();
        for &milestone in self.milestones.inner.iter().rev() {
            for (i, operand) in self.operands(milestone).into_iter().enumerate() {
                done.insert(operand, (milestone, i));
            }
        }
        let inner = |id: &NodeId| self.milestones.inner.contains(id);
        all.sort_by_key(|id| {
            let (milestone, i) = done.get(id).copied().unwrap_or((0, 0));
            (std::cmp::Reverse(milestone), inner(id), i)
        });
        all
    }

    /// The milestones that read a value directly and have a derivative, in order.
    pub(super) fn readers(&self, id: NodeId) -> Vec<NodeId> {
        let reads = |m: &&NodeId| self.is_on_path(**m) && self.operands(**m).contains(&id);
        self.milestones.inner.iter().filter(reads).copied().collect()
    }

    /// The nodes between a milestone and its named operands, itself included, in ascending order.
    pub(super) fn segment(&self, milestone: NodeId) -> Vec<NodeId> {
        let mut nodes = BTreeSet::from([milestone]);
        let mut open = vec![milestone];
        while let Some(id) = open.pop() {
            for &input in &self.node(id).inputs {
                if !self.milestones.has(input) && nodes.insert(input) {
                    open.push(input);
                }
            }
        }
        nodes.into_iter().collect()
    }

    /// The named operands of a milestone, in the order in which its formula names them.
    pub(super) fn operands(&self, milestone: NodeId) -> Vec<NodeId> {
        let backwards = |id: NodeId| self.node(id).inputs.iter().rev().copied();
        let (mut found, mut seen) = (vec![], HashSet::new());
        let mut open: Vec<NodeId> = backwards(milestone).collect();
        while let Some(id) = open.pop() {
            match (seen.insert(id), self.milestones.has(id)) {
                (true, true) => found.push(id),
                (true, false) => open.extend(backwards(id)),
                (false, _) => {}
            }
        }
        found
    }

    /// The formula of a milestone.
    pub(super) fn formula(&self, milestone: NodeId) -> Expr {
        self.formulas(milestone).remove(&milestone).unwrap_or(Expr::Value(milestone))
    }

    /// The formulas of a milestone and of the nodes between it and its operands.
    pub(super) fn formulas(&self, milestone: NodeId) -> HashMap<NodeId, Expr> {
        let mut formulas = HashMap::new();
        if self.milestones.leaves.contains(&milestone) {
            return formulas;
        }
        for id in self.segment(milestone) {
            let formula = self.formula_of(id, &formulas);
            formulas.insert(id, formula);
        }
        formulas
    }

    fn read(&self, id: NodeId, formulas: &HashMap<NodeId, Expr>) -> Expr {
        match self.milestones.has(id) {
            true => Expr::Value(id),
            false => formulas.get(&id).cloned().unwrap_or(Expr::Value(id)),
        }
    }

    fn formula_of(&self, id: NodeId, formulas: &HashMap<NodeId, Expr>) -> Expr {
        let node = self.node(id);
        let shown = node.inputs.iter().take(OPERANDS);
        let mut x: Vec<Expr> = shown.map(|&input| self.read(input, formulas)).collect();
        match &node.op {
            Op::Full(c) => Expr::Number(*c),
            Op::Constant => self.value(id).map_or(Expr::Value(id), |v| Expr::Number(v[0])),
            Op::Unary(f) => called(*f, x.remove(0)),
            Op::Binary(crate::table::Binary::Div) => match (&x[0], &x[1]) {
                (total @ Expr::Total { axes, shape, .. }, Expr::Number(n))
                    if axes.iter().map(|&a| shape[a] as f64).product::<f64>() == *n =>
                {
                    product([Expr::Share(*n as usize), total.clone()])
                }
                (a, b) => quotient(a.clone(), b.clone()),
            },
            Op::Binary(f) => of_two(*f, x.remove(0), x.remove(0)),
            Op::Compare(relation) => Expr::Holds(*relation, Box::new(x.remove(0)), Box::new(x.remove(0))),
            op => {
                let sketch = self.sketch(node, &x, Expr::Value(id));
                let rule = op.rule().and_then(|rule| rule.formula(&sketch));
                rule.unwrap_or_else(|| self.generic(node, x))
            }
        }
    }

    fn sketch<'s>(&self, node: &'s Node, x: &'s [Expr], y: Expr) -> Sketch<'s>
    where
        'a: 's,
    {
        let shapes = node.inputs.iter().map(|&input| self.shape(input)).collect();
        Sketch { x, y, shapes, shape: &node.meta.shape }
    }

    /// An op by its name.
    fn generic(&self, node: &Node, mut x: Vec<Expr>) -> Expr {
        if node.inputs.len() > OPERANDS {
            x.push(Expr::Op(format!("… {} more", node.inputs.len() - OPERANDS), vec![]));
        }
        let attributes = node.op.attributes().filter(|text| text.len() < 40);
        x.extend(attributes.map(|text| Expr::Op(text, vec![])));
        Expr::Op(node.op.name().to_owned(), x)
    }

    /// What a milestone hands on to its operands, given its own adjoint.
    pub(super) fn contributions(&self, milestone: NodeId, adjoint: Expr) -> Vec<Contribution> {
        let formulas = self.formulas(milestone);
        let mut cotangents: BTreeMap<NodeId, (Vec<Expr>, Vec<&'static str>)> = BTreeMap::new();
        cotangents.insert(milestone, (vec![adjoint], vec![]));
        let mut found = vec![];
        while let Some((id, (terms, functions))) = cotangents.pop_last() {
            if id != milestone && self.milestones.has(id) {
                found.push(Contribution { to: id, terms, functions });
                continue;
            }
            let node = self.node(id);
            // Ways that part and meet again within a formula are one way on the page.
            let mut each = vec![];
            for g in terms {
                for (i, term) in self.handed_on(id, &g, &formulas) {
                    each.push((node.inputs[i], term));
                }
            }
            for (input, term) in each {
                let entry = cotangents.entry(input).or_default();
                entry.0.push(term);
                entry.1.extend(&functions);
                entry.1.extend(function_name(&node.op));
            }
        }
        found.reverse();
        found
    }

    /// The cotangents of the operands of a node, as formulas.
    fn handed_on(&self, id: NodeId, g: &Expr, formulas: &HashMap<NodeId, Expr>) -> Vec<(usize, Expr)> {
        let node = self.node(id);
        let x: Vec<Expr> = node.inputs.iter().map(|&input| self.read(input, formulas)).collect();
        let y = self.read(id, formulas);
        let wanted = |i: &usize| self.is_on_path(node.inputs[*i]);
        let times = |s: Expr| (s != Expr::ZERO).then(|| product([g.clone(), s]));
        let of = |i: usize| match &node.op {
            Op::Unary(f) => times(slope(*f, &x[0], &y)),
            Op::Binary(f) => times(slopes_of_two(*f, &x[0], &x[1], &y)[i].clone()),
            op => {
                let sketch = self.sketch(node, &x, y.clone());
                let rule = op.rule().and_then(|rule| rule.formula_vjp(&sketch, i, g));
                Some(rule.unwrap_or_else(|| transposed_map(op, g)))
            }
        };
        (0..node.inputs.len()).filter(wanted).filter_map(|i| Some((i, of(i)?))).collect()
    }

    /// The elements of a value, if the tape has them.
    pub(super) fn value(&self, id: NodeId) -> Option<Vec<f64>> {
        let node = self.node(id);
        let nowhere = match node.value.source {
            crate::buffers::Source::Nowhere => true,
            crate::buffers::Source::Parameters => self.list.is_traced(),
            _ => false,
        };
        (!nowhere).then(|| self.list.strided(id, self.params).numbers().collect())
    }
}

/// The name of a function whose derivative deserves a word.
fn function_name(op: &Op) -> Option<&'static str> {
    match op {
        Op::Unary(Unary::Neg | Unary::Square | Unary::Recip | Unary::Powf(_)) => None,
        Op::Unary(f) => Some(title(*f)),
        Op::Binary(crate::table::Binary::Maximum) => Some("max"),
        Op::Binary(crate::table::Binary::Minimum) => Some("min"),
        _ => None,
    }
}

/// The transpose of a linear op, applied to a cotangent: what an op without a formula hands on.
fn transposed_map(op: &Op, g: &Expr) -> Expr {
    Expr::Op(format!("{}ᵀ", op.name()), vec![g.clone()])
}

/// Finds the milestones of a computation.
struct Finder<'a> {
    list: &'a List,
    output: NodeId,
    asked: &'a [NodeId],
    nodes: Vec<NodeId>,
    uses: HashMap<NodeId, usize>,
}

impl<'a> Finder<'a> {
    fn new(list: &'a List, output: NodeId, asked: &'a [NodeId]) -> Finder<'a> {
        let nodes = ancestors(&[output], |id| &list.node(id).inputs);
        let mut uses = HashMap::new();
        for input in nodes.iter().flat_map(|&id| &list.node(id).inputs) {
            *uses.entry(*input).or_default() += 1;
        }
        Finder { list, output, asked, nodes, uses }
    }

    fn find(&self) -> Milestones {
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
    fn chosen(&self) -> BTreeSet<NodeId> {
        let mut chosen = BTreeSet::from([self.output]);
        let inner = |id: NodeId| !self.list.node(id).inputs.is_empty();
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
            for &input in &self.list.node(id).inputs {
                let theirs = &self.list.node(input).origin;
                if inner(input) && theirs.scope != scope && theirs.scope != Default::default() {
                    chosen.extend(self.without_layout(input));
                }
            }
        }
        // What a nonlinear function is applied to, where that is a product and perhaps a bias.
        let inside = self.nodes.iter().filter_map(|&id| self.activated(id));
        let affine: Vec<NodeId> = inside.filter(|&z| self.is_affine(z)).collect();
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
        let is_product =
            |id: NodeId| {
                self.without_layout(id).is_some_and(|id| match &self.list.node(id).op {
                    Op::Matmul(_) => true,
                    Op::Sum(_) => self.list.node(id).inputs.first().is_some_and(|&x| {
                        matches!(self.list.node(x).op, Op::Binary(crate::table::Binary::Mul))
                    }),
                    _ => false,
                })
            };
        match &node.op {
            Op::Binary(crate::table::Binary::Add) => node.inputs.iter().any(|&x| is_product(x)),
            Op::Matmul(_) => true,
            _ => false,
        }
    }

    /// A view that has a name, of data that has none, is that data by its name.
    fn rename_views(&self, all: &mut Milestones) {
        let named: Vec<(NodeId, NodeId)> =
            all.inner.iter().filter_map(|&id| Some((id, self.leaf_under(id)?))).collect();
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
        let mut sizes: HashMap<NodeId, usize> = HashMap::new();
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
        let mut by_row: HashSet<NodeId> = HashSet::new();
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
                    Op::Reshape(_) | Op::Broadcast(_) => {
                        has(0) && self.list.node(node.inputs[0]).meta.shape.first() == Some(&n)
                    }
                    op if op.structure() == Structure::Map => (0..node.inputs.len()).any(has),
                    op => has(0) && !op.axes().contains(&0),
                };
            if yes {
                by_row.insert(id);
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

/// The sum of the terms of a contribution.
pub(super) fn total(terms: &[Expr]) -> Expr {
    sum(terms.iter().cloned())
}
