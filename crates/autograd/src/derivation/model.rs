//! What a page speaks of: the values that get lines, and the formulas between them.

use super::milestones::{Finder, Milestones, OPERANDS};
use super::names::labels;
use crate::ir::{NodeId, Op};
use crate::lists::{IntoList, OrderedMap, OrderedSet, sort_by};
use crate::params::Params;
use crate::reachable::Reachable;
use crate::symbol::{
    Context, Expr, Sketch, called, of_two, product, quotient, slope, slopes_of_two, sum, title,
};
use crate::table::{Binary, Unary};
use crate::tape::{List, Node};
use std::collections::HashSet;

/// A computation as a page shows it.
pub(super) struct Model<'a> {
    pub(super) list: &'a List,
    pub(super) params: Option<&'a Params>,
    pub(super) output: NodeId,
    pub(super) asked: Vec<NodeId>,
    pub(super) milestones: Milestones,
    pub(super) context: Context,
    /// On a path from an asked value to the output.
    on_path: OrderedSet<NodeId>,
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
        let on_path: OrderedSet<NodeId> = Reachable::new(list, asked, output).order.iter().copied().collect();
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
            named.copied().filter(|&id| id != self.output && self.is_on_path(id)).listed();
        // A value is done when the first of those that read it is.
        let mut done: OrderedMap<NodeId, (NodeId, usize)> = OrderedMap::default();
        for &milestone in self.milestones.inner.iter().rev() {
            for (i, operand) in self.operands(milestone).into_iter().enumerate() {
                done.insert(operand, (milestone, i));
            }
        }
        let inner = |id: &NodeId| self.milestones.inner.contains(id);
        let key = |id: &NodeId| {
            let (milestone, i) = done.get(id).copied().unwrap_or((0, 0));
            (std::cmp::Reverse(milestone), inner(id), i)
        };
        sort_by(&mut all, |a, b| key(a).cmp(&key(b)));
        all
    }

    /// The milestones that read a value directly and have a derivative, in order.
    pub(super) fn readers(&self, id: NodeId) -> Vec<NodeId> {
        let reads = |m: &&NodeId| self.is_on_path(**m) && self.operands(**m).contains(&id);
        self.milestones.inner.iter().filter(reads).copied().listed()
    }

    /// The nodes between a milestone and its named operands, itself included, in ascending order.
    pub(super) fn segment(&self, milestone: NodeId) -> Vec<NodeId> {
        let mut nodes = OrderedSet::of(milestone);
        let mut open = vec![milestone];
        while let Some(id) = open.pop() {
            for &input in &self.node(id).inputs {
                if !self.milestones.has(input) && nodes.insert(input) {
                    open.push(input);
                }
            }
        }
        nodes.to_vec()
    }

    /// The named operands of a milestone, in the order in which its formula names them.
    pub(super) fn operands(&self, milestone: NodeId) -> Vec<NodeId> {
        let backwards = |id: NodeId| self.node(id).inputs.iter().rev().copied();
        let (mut found, mut seen) = (vec![], HashSet::new());
        let mut open: Vec<NodeId> = backwards(milestone).listed();
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
    pub(super) fn formulas(&self, milestone: NodeId) -> OrderedMap<NodeId, Expr> {
        let mut formulas = OrderedMap::default();
        if self.milestones.leaves.contains(&milestone) {
            return formulas;
        }
        for id in self.segment(milestone) {
            let formula = self.formula_of(id, &formulas);
            formulas.insert(id, formula);
        }
        formulas
    }

    fn read(&self, id: NodeId, formulas: &OrderedMap<NodeId, Expr>) -> Expr {
        match self.milestones.has(id) {
            true => Expr::Value(id),
            false => formulas.get(&id).cloned().unwrap_or(Expr::Value(id)),
        }
    }

    fn formula_of(&self, id: NodeId, formulas: &OrderedMap<NodeId, Expr>) -> Expr {
        let node = self.node(id);
        let shown = node.inputs.iter().take(OPERANDS);
        let mut x: Vec<Expr> = shown.map(|&input| self.read(input, formulas)).listed();
        match &node.op {
            Op::Full(c) => Expr::Number(*c),
            Op::Constant => self.value(id).map_or(Expr::Value(id), |v| Expr::Number(v[0])),
            Op::Unary(f) => called(*f, x.remove(0)),
            Op::Binary(Binary::Div) => match (&x[0], &x[1]) {
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
        let shapes = node.inputs.iter().map(|&input| self.shape(input)).listed();
        Sketch { x, y, shapes, shape: &node.meta.shape }
    }

    /// An op by its name; its attributes stand in the listing of the tape.
    fn generic(&self, node: &Node, mut x: Vec<Expr>) -> Expr {
        if node.inputs.len() > OPERANDS {
            x.push(Expr::Op(format!("… {} more", node.inputs.len() - OPERANDS), vec![]));
        }
        Expr::Op(node.op.name().to_owned(), x)
    }

    /// What a milestone hands on to its operands, given its own adjoint.
    pub(super) fn contributions(&self, milestone: NodeId, adjoint: Expr) -> Vec<Contribution> {
        let formulas = self.formulas(milestone);
        let mut cotangents: OrderedMap<NodeId, (Vec<Expr>, Vec<&'static str>)> = OrderedMap::default();
        cotangents.insert(milestone, (vec![adjoint], vec![]));
        let mut found = vec![];
        while let Some((id, (terms, functions))) = cotangents.pop() {
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
                let entry = cotangents.or_insert_with(input, Default::default);
                entry.0.push(term);
                entry.1.extend(&functions);
                entry.1.extend(function_name(&node.op));
            }
        }
        found.reverse();
        found
    }

    /// The cotangents of the operands of a node, as formulas.
    fn handed_on(&self, id: NodeId, g: &Expr, formulas: &OrderedMap<NodeId, Expr>) -> Vec<(usize, Expr)> {
        let node = self.node(id);
        let x: Vec<Expr> = node.inputs.iter().map(|&input| self.read(input, formulas)).listed();
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
        (0..node.inputs.len()).filter(wanted).filter_map(|i| Some((i, of(i)?))).listed()
    }

    /// The elements of a value, if the tape has them.
    pub(super) fn value(&self, id: NodeId) -> Option<Vec<f64>> {
        let node = self.node(id);
        let nowhere = match node.source {
            crate::buffers::Source::Nowhere => true,
            crate::buffers::Source::Parameters(_) => self.list.is_traced(),
            _ => false,
        };
        (!nowhere).then(|| self.list.strided(id, self.params).numbers().listed())
    }
}

/// The name of a function whose derivative deserves a word.
fn function_name(op: &Op) -> Option<&'static str> {
    match op {
        Op::Unary(Unary::Neg | Unary::Square | Unary::Recip | Unary::Powf(_)) => None,
        Op::Unary(f) => Some(title(*f)),
        Op::Binary(Binary::Maximum) => Some("max"),
        Op::Binary(Binary::Minimum) => Some("min"),
        _ => None,
    }
}

/// The transpose of a linear op, applied to a cotangent: what an op without a formula hands on.
fn transposed_map(op: &Op, g: &Expr) -> Expr {
    Expr::Op(format!("{}ᵀ", op.name()), vec![g.clone()])
}

/// The sum of the terms of a contribution.
pub(super) fn total(terms: &[Expr]) -> Expr {
    sum(terms.iter().cloned())
}
