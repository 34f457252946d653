//! Recording the body of a loop: its nodes become a list of its own, and what it takes from around it becomes arguments.

use super::record_op;
use crate::ir::{Body, Inputs, Line, Meta, NodeId, Op, Ports};
use crate::tape::{List, Region, Tape};
use crate::var::Var;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

/// What a body's arguments and results are for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Given {
    /// How many of the first arguments and results are carried from step to step.
    pub(crate) carried: usize,
    /// How many of the last arguments are the same in every step.
    pub(crate) captured: usize,
    /// How many of the results after those that are carried are stacked; the others are summed.
    pub(crate) stacked: usize,
    /// Whether work that is the same in every step is recorded around the body, and not in it.
    pub(crate) hoists: bool,
}

/// A body that is being recorded, without values.
pub(crate) struct Recording<'t> {
    tape: &'t Tape<'t>,
    region: Region<'t>,
    arguments: usize,
}

impl<'t> Recording<'t> {
    /// Begins to record a body with these arguments.
    #[track_caller]
    pub(crate) fn begin(tape: &'t Tape<'t>, arguments: &[Meta]) -> Recording<'t> {
        Recording { tape, region: Region::begin(tape, arguments), arguments: arguments.len() }
    }

    pub(crate) fn arguments(&self) -> Vec<Var<'t>> {
        let start = self.region.start();
        (0..self.arguments as NodeId).map(|i| Var::new(self.tape, start + i)).collect()
    }

    /// Records again what the results are computed from, of other arguments: `of` records an op of what stands in the place of its
    /// operands, and `other` makes that of what is around the body.
    #[track_caller]
    pub(crate) fn again<V: Copy>(
        self,
        results: &[Var<'t>],
        arguments: &[V],
        other: impl Fn(Var<'t>) -> V,
        of: impl FnMut(Op, Meta, &[V]) -> V,
    ) -> Vec<V> {
        let tape = self.tape;
        let start = self.region.end();
        tape.list().check_writes_since(start);
        let end = tape.len() as NodeId;
        let results: Vec<NodeId> = results.iter().map(|x| x.id()).collect();
        let argument = |id: NodeId| id.checked_sub(start).and_then(|i| arguments.get(i as usize)).copied();
        let leaf = |id: NodeId| argument(id).unwrap_or_else(|| other(Var::new(tape, id)));
        let results = again(tape, start..end, &results, leaf, of);
        tape.list_mut().expire(start, end);
        results
    }

    /// The body, and what it takes from around it. Work that is the same in every step is recorded around it. `known` are nodes
    /// whose values are those of arguments: nothing reads the nodes themselves.
    #[track_caller]
    pub(crate) fn end(
        self,
        results: &[Var<'t>],
        given: Given,
        known: &[(Var<'t>, Var<'t>)],
    ) -> (Arc<Body>, Vec<Var<'t>>) {
        self.end_keeping(results, given, known, None)
    }

    /// As [`end`](Recording::end), of a body that keeps these of its values for derivatives, in this order, whatever they are.
    #[track_caller]
    pub(crate) fn end_keeping(
        self,
        results: &[Var<'t>],
        given: Given,
        known: &[(Var<'t>, Var<'t>)],
        kept: Option<&[Var<'t>]>,
    ) -> (Arc<Body>, Vec<Var<'t>>) {
        let Recording { tape, region, arguments } = self;
        let start = region.end();
        tape.list().check_writes_since(start);
        let end = tape.len() as NodeId;
        let known = known.iter().map(|(x, argument)| (x.id(), argument.id())).collect();
        let hoists = given.hoists;
        let cut = Cut { hoists, ..Cut::new(&tape.list(), start, end, arguments, known) };
        let results: Vec<NodeId> = results.iter().map(|x| cut.known(x.id())).collect();
        let needed = cut.needed(&tape.list(), &results);
        let captured = cut.captures(&tape.list(), &needed, &results);
        let (lines, number) = cut.lines(&tape.list(), arguments, &captured, &needed);
        let Given { carried, captured: own, stacked, .. } = given;
        let ports = Ports {
            carried,
            read: arguments - carried - own,
            captured: own + captured.len(),
            stacked,
            summed: results.len() - carried - stacked,
        };
        let kept = kept.map(|kept| kept.iter().map(|x| number[&cut.known(x.id())]).collect());
        let body = Body::new(lines, results.iter().map(|x| number[x]).collect(), ports, kept);
        let outside = outside(tape, start, end, &captured);
        tape.list_mut().expire(start, end);
        let body = tape.list_mut().shared(body);
        (body, outside.into_iter().map(|id| Var::new(tape, id)).collect())
    }
}

/// A region of a list, to be cut out.
struct Cut {
    start: NodeId,
    end: NodeId,
    /// For each node of the region, what it depends on.
    depends: Vec<Depends>,
    /// The arguments that stand for nodes.
    known: HashMap<NodeId, NodeId>,
    /// Whether what does not vary stays outside.
    hoists: bool,
}

/// What a node of a region depends on, from least to most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Depends {
    /// On numbers in the text of the body.
    Nothing,
    /// On what is around it: it is the same in every step.
    Outside,
    /// On an argument: it varies from step to step.
    Arguments,
}

impl Cut {
    fn new(list: &List, start: NodeId, end: NodeId, arguments: usize, known: HashMap<NodeId, NodeId>) -> Cut {
        let mut cut = Cut { start, end, depends: Vec::new(), known, hoists: true };
        for id in start..end {
            let node = list.node(id);
            let depends = match node.op {
                Op::Argument(_) if ((id - start) as usize) < arguments => Depends::Arguments,
                Op::Full(_) => Depends::Nothing,
                _ if node.inputs.is_empty() => Depends::Outside,
                _ => {
                    let inputs = node.inputs.iter().map(|&x| cut.depends(x));
                    inputs.max().unwrap_or(Depends::Outside)
                }
            };
            cut.depends.push(depends);
        }
        cut
    }

    /// The node that has the value of a node.
    fn known(&self, id: NodeId) -> NodeId {
        *self.known.get(&id).unwrap_or(&id)
    }

    /// The nodes that have the values of a node's operands.
    fn operands<'a>(&'a self, list: &'a List, id: NodeId) -> impl Iterator<Item = NodeId> + 'a {
        list.node(id).inputs.iter().map(|&x| self.known(x))
    }

    fn depends(&self, id: NodeId) -> Depends {
        match id.checked_sub(self.start) {
            Some(index) if id < self.end => self.depends[index as usize],
            _ => Depends::Outside,
        }
    }

    /// Whether the body computes a node itself: if it varies, or is a view of what is around it. A view is cheaper than a copy
    /// of what it shows, and products read it as they would outside.
    fn is_inside(&self, list: &List, id: NodeId) -> bool {
        match self.depends(id) {
            Depends::Arguments | Depends::Nothing => true,
            Depends::Outside if !self.hoists && (self.start..self.end).contains(&id) => {
                !list.node(id).inputs.is_empty() || matches!(list.node(id).op, Op::Full(_))
            }
            Depends::Outside => {
                let view = matches!(list.node(id).op, Op::Permute(_) | Op::Broadcast(_) | Op::Detach(_));
                view || matches!(list.node(id).op, Op::Full(_))
            }
        }
    }

    /// The nodes that the body computes, in ascending order.
    fn needed(&self, list: &List, results: &[NodeId]) -> Vec<NodeId> {
        let mut found = BTreeSet::new();
        let mut open: Vec<NodeId> = results.to_vec();
        while let Some(id) = open.pop() {
            if self.is_inside(list, id) && found.insert(id) {
                open.extend(self.operands(list, id));
            }
        }
        found.into_iter().collect()
    }

    /// What the body takes from around it, in the order of its use.
    fn captures(&self, list: &List, needed: &[NodeId], results: &[NodeId]) -> Vec<NodeId> {
        let read = needed.iter().flat_map(|&id| self.operands(list, id));
        let mut captures: Vec<NodeId> = Vec::new();
        let mut seen = HashSet::new();
        for id in read.chain(results.iter().copied()) {
            if !self.is_inside(list, id) && seen.insert(id) {
                captures.push(id);
            }
        }
        captures
    }

    /// The list of the body, and the numbers of its nodes there. The arguments come first, and what is captured follows them.
    fn lines(
        &self,
        list: &List,
        arguments: usize,
        captures: &[NodeId],
        needed: &[NodeId],
    ) -> (Vec<Line>, HashMap<NodeId, NodeId>) {
        let mut lines: Vec<Line> = Vec::with_capacity(arguments + captures.len() + needed.len());
        let mut number = HashMap::new();
        for id in (0..arguments as NodeId).map(|i| self.start + i).chain(captures.iter().copied()) {
            let next = lines.len() as NodeId;
            let node = list.node(id);
            let (op, meta) = (Op::Argument(next), node.meta.clone());
            lines.push(Line { op, inputs: Inputs::new(), meta, site: node.origin.site });
            number.insert(id, next);
        }
        for &id in needed {
            let node = list.node(id);
            if let Op::Argument(_) = node.op {
                continue;
            }
            let inputs = Inputs::from_fn(node.inputs.len(), |i| number[&self.known(node.inputs[i])]);
            number.insert(id, lines.len() as NodeId);
            lines.push(Line { op: node.op.clone(), inputs, meta: node.meta.clone(), site: node.origin.site });
        }
        (lines, number)
    }
}

/// The nodes around a body that hold what it captures. What the region computed of nodes around it is recorded again, after it.
#[track_caller]
fn outside<'t>(tape: &'t Tape<'t>, start: NodeId, end: NodeId, captures: &[NodeId]) -> Vec<NodeId> {
    again(
        tape,
        start..end,
        captures,
        |id| id,
        |op, meta, x| {
            let x: Vec<Var<'t>> = x.iter().map(|&x| Var::new(tape, x)).collect();
            recorded(tape, op, meta, &x).id()
        },
    )
}

/// Records a node that was recorded before.
#[track_caller]
pub(crate) fn recorded<'t>(tape: &'t Tape<'t>, op: Op, meta: Meta, x: &[Var<'t>]) -> Var<'t> {
    match op {
        Op::Full(x) => tape.full(x, meta.shape, meta.dtype),
        op => record_op(op, x),
    }
}

/// Records again what nodes of a region are computed from, and gives what stands in the place of these nodes: `leaf` says what
/// stands in the place of what is not computed in the region, and `of` records an op of what stands in the place of its operands.
#[track_caller]
fn again<'t, V: Copy>(
    tape: &'t Tape<'t>,
    region: Range<NodeId>,
    wanted: &[NodeId],
    leaf: impl Fn(NodeId) -> V,
    mut of: impl FnMut(Op, Meta, &[V]) -> V,
) -> Vec<V> {
    let computed = |id: NodeId| {
        let list = tape.list();
        let is_leaf = || list.node(id).inputs.is_empty() && !matches!(list.node(id).op, Op::Full(_));
        region.contains(&id) && !is_leaf()
    };
    let mut needed = BTreeSet::new();
    let mut open: Vec<NodeId> = wanted.iter().copied().filter(|&id| computed(id)).collect();
    while let Some(id) = open.pop() {
        if needed.insert(id) {
            let inputs = tape.list().node(id).inputs.clone();
            open.extend(inputs.iter().copied().filter(|&x| computed(x)));
        }
    }
    let mut instead: HashMap<NodeId, V> = HashMap::new();
    for id in needed {
        let (op, inputs, meta, origin) = {
            let list = tape.list();
            let node = list.node(id);
            (node.op.clone(), node.inputs.clone(), node.meta.clone(), node.origin)
        };
        let x: Vec<V> = inputs.iter().map(|x| instead.get(x).copied().unwrap_or_else(|| leaf(*x))).collect();
        let new = tape.len();
        instead.insert(id, of(op, meta, &x));
        tape.list_mut().nodes[new..].iter_mut().for_each(|node| node.origin = origin);
    }
    wanted.iter().map(|&id| instead.get(&id).copied().unwrap_or_else(|| leaf(id))).collect()
}
