//! Recomputation within a memory budget: of what the backward pass reads, only some values are kept, and the others are computed
//! again from them when their cotangent comes.
//!
//! What the first output, the loss, is computed from is the forward pass; all else is the backward pass. The forward pass is cut
//! into segments, at places where few bytes lie across the cut. Those bytes are kept, and so is the last segment, where
//! the backward pass begins. A value of another segment is computed again, once, when the backward pass first reads the segment:
//! its operands are read after the deepest adjoint so far, by `After`. So it is no common expression with the first time, and
//! units keep the order. A chain of n equal layers in k segments holds k + n/k values: 2·√n at best.
//!
//! The segments are as few as fit the budget, found by planning: 2, 3, 4, 6, 8, …  The numbers are the same ones: no bit changes.
//! Source: T. Chen and others, "Training deep nets with sublinear memory cost", 2016.

use super::cse::cse;
use super::data::Plan;
use super::graph::Graph;
use super::hash::Map;
use super::verify::{self, Verified};
use crate::ir::{After, Inputs, NodeId, Op, Structure};
use crate::lists::IntoList;

/// What is computed again, by a budget or by checkpoints: its cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Recomputed {
    /// How many values.
    pub(crate) values: usize,
    pub(crate) bytes: usize,
    pub(crate) flops: usize,
}

impl Recomputed {
    /// What a list computes twice because it waits the second time.
    pub(super) fn of(graph: &Graph) -> Recomputed {
        if !graph.iter().any(|(_, node)| matches!(node.op, Op::After(_))) {
            return Recomputed::default();
        }
        let at_once = |out: &mut Graph, id| match out.node(id).op {
            Op::After(_) => out.operand(id),
            _ => out.keep(id),
        };
        let (all, once) = (cse(graph.clone()), cse(graph.clone().rewrite(at_once)));
        let (all, once) = (Recomputed::total(&all), Recomputed::total(&once));
        Recomputed {
            values: all.values - once.values,
            bytes: all.bytes - once.bytes,
            flops: all.flops - once.flops,
        }
    }

    fn total(graph: &Graph) -> Recomputed {
        let mut total = Recomputed::default();
        for (_, node) in graph.iter().filter(|(id, _)| is_computed(graph, *id)) {
            let x = node.inputs.iter().map(|&x| &graph.shape(x)[..]).listed();
            total.values += 1;
            total.bytes += node.meta.shape.elements() * node.meta.dtype.size();
            total.flops += node.op.flops(&x, &node.meta.shape);
        }
        total
    }
}

/// Plans a list such that its buffers take at most so many bytes; the least that was found, if none does.
pub(super) fn within(budget: usize, graph: &Graph, plan: impl Fn(Graph) -> Verified<Plan>) -> Verified<Plan> {
    let mut best = plan(graph.clone());
    let forward = Forward::of(graph);
    let mut segments = 2;
    while best.buffer_bytes() > budget && segments <= forward.saved {
        let next = recomputed(graph.clone(), &forward, segments);
        verify::graph(&next);
        let next = plan(next);
        if next.buffer_bytes() < best.buffer_bytes() {
            best = next;
        }
        segments += (segments / 2).max(1);
    }
    best
}

fn is_view(graph: &Graph, id: NodeId) -> bool {
    graph.node(id).op.structure() == Structure::View
}

/// Whether a node is computed: no leaf and no view.
fn is_computed(graph: &Graph, id: NodeId) -> bool {
    !matches!(graph.node(id).op.structure(), Structure::View | Structure::Leaf)
}

const NONE: u32 = u32::MAX;

/// The forward pass of a list.
struct Forward {
    /// Per node, the node that it is a view of, or itself.
    root: Vec<NodeId>,
    /// Per node, its place in the forward pass; `NONE` if it is not in it.
    place: Vec<u32>,
    /// Per node, the last place that reads it, itself or a view of it.
    last: Vec<u32>,
    /// Per place, the bytes that lie across a cut before it.
    across: Vec<usize>,
    /// Per place, the bytes before it that the backward pass reads.
    read: Vec<usize>,
    /// How many values the backward pass reads.
    saved: usize,
}

impl Forward {
    fn of(graph: &Graph) -> Forward {
        let mut needed = graph.per_node(false);
        graph.outputs.first().into_iter().for_each(|&id| needed[id as usize] = true);
        for (id, node) in graph.iter().rev() {
            if needed[id as usize] {
                node.inputs.iter().for_each(|&x| needed[x as usize] = true);
            }
        }
        let (mut root, mut place, mut last) = (graph.per_node(NONE), graph.per_node(NONE), graph.per_node(0));
        let mut is_saved = graph.per_node(false);
        let mut count = 0;
        for (id, node) in graph.iter() {
            root[id as usize] = if is_view(graph, id) { root[node.inputs[0] as usize] } else { id };
            if needed[id as usize] {
                place[id as usize] = count;
                count += 1;
            }
            for &x in &node.inputs {
                let x = root[x as usize] as usize;
                match needed[id as usize] {
                    true => last[x] = count - 1,
                    false => is_saved[x] = true,
                }
            }
        }
        // Bytes that come and go before each place.
        let mut change = vec![(0, 0, 0); count as usize + 1];
        let mut saved = 0;
        for (id, node) in
            graph.iter().filter(|(id, _)| is_computed(graph, *id) && place[*id as usize] != NONE)
        {
            let (at, end) = (place[id as usize], last[id as usize]);
            let bytes = node.meta.shape.elements() * node.meta.dtype.size();
            if end > at {
                change[at as usize + 1].0 += bytes;
                change[end as usize + 1].1 += bytes;
            }
            if is_saved[id as usize] {
                change[at as usize + 1].2 += bytes;
                saved += 1;
            }
        }
        let (mut across, mut read) = (vec![0], vec![0]);
        for (place, (begin, end, saved)) in change.into_iter().enumerate().skip(1) {
            across.push(across[place - 1] + begin - end);
            read.push(read[place - 1] + saved);
        }
        Forward { root, place, last, across, read, saved }
    }

    /// The first places of the segments but the first: the narrowest ones near where equal parts of what the backward pass reads
    /// would begin.
    fn cuts(&self, segments: usize) -> Vec<u32> {
        let part = self.read[self.read.len() - 1] as f64 / segments as f64;
        let cut = |number: usize| {
            let off = |place: usize| (self.read[place] as f64 - number as f64 * part).abs();
            let near = (1..self.read.len() - 1).filter(|&place| off(place) <= 0.25 * part);
            let by_width =
                |&a: &usize, &b: &usize| self.across[a].cmp(&self.across[b]).then(off(a).total_cmp(&off(b)));
            near.min_by(by_width).map(|place| place as u32)
        };
        let mut cuts = (1..segments).filter_map(cut).listed();
        cuts.dedup();
        cuts
    }

    /// Whether a value is in memory when the backward pass begins.
    fn is_kept(&self, graph: &Graph, id: NodeId, cuts: &[u32]) -> bool {
        let (at, end) = (self.place[id as usize], self.last[id as usize]);
        let is_last = cuts.last().is_none_or(|&cut| at >= cut);
        at == NONE
            || is_last
            || !is_computed(graph, id)
            || cuts.iter().any(|&cut| at < cut && cut <= end)
            || graph.outputs.contains(&id)
    }
}

/// The list, with all but so many segments of its forward pass computed again for the backward pass.
fn recomputed(graph: Graph, forward: &Forward, segments: usize) -> Graph {
    let cuts = forward.cuts(segments);
    let kept = |id: NodeId| {
        let root = forward.root[id as usize];
        root == NONE || forward.is_kept(&graph, root, &cuts)
    };
    let kept: Vec<bool> = (0..graph.numbers()).map(kept).listed();
    let mut again =
        Again { forward, cuts, kept, copies: Map::default(), waiting: Map::default(), from: vec![] };
    let (mut depth, mut deepest) = (graph.per_node(0_u32), None::<NodeId>);
    graph.rewrite(|out, id| {
        if forward.place[id as usize] != NONE {
            return out.keep(id);
        }
        let inputs = out.node(id).inputs.clone();
        depth[id as usize] =
            1 + inputs.iter().map(|&x| depth.get(x as usize).copied().unwrap_or(0)).max().unwrap_or(0);
        if let Some(after) = deepest {
            for (i, &x) in inputs.iter().enumerate() {
                if !again.is_kept(x) {
                    let copy = again.copy(out, x, after);
                    out.read_instead(id, i, copy);
                }
            }
        }
        let is_deepest = |&before: &NodeId| depth[id as usize] > depth[before as usize];
        if is_computed(out, id) && deepest.as_ref().is_none_or(is_deepest) {
            deepest = Some(id);
        }
        out.keep(id)
    })
}

/// What is computed again.
struct Again<'a> {
    forward: &'a Forward,
    cuts: Vec<u32>,
    /// Per node, whether the backward pass may read it as it is.
    kept: Vec<bool>,
    /// The copies of nodes.
    copies: Map<NodeId, NodeId>,
    /// Per segment, what it is computed from, held back.
    waiting: Map<(usize, NodeId), NodeId>,
    /// Per segment, what it waits for.
    from: Vec<(usize, NodeId)>,
}

impl Again<'_> {
    fn is_kept(&self, id: NodeId) -> bool {
        self.kept.get(id as usize).is_none_or(|&kept| kept)
    }

    /// A copy of a node, after another one is known.
    fn copy(&mut self, out: &mut Graph, x: NodeId, after: NodeId) -> NodeId {
        let mut missing = vec![];
        let mut open = vec![x];
        while let Some(id) = open.pop() {
            if !self.copies.contains_key(&id) && !missing.contains(&id) {
                missing.push(id);
                open.extend(out.node(id).inputs.iter().filter(|&&x| !self.is_kept(x)));
            }
        }
        missing.sort_by_key(|&id| self.forward.place[id as usize]);
        for id in missing {
            let inputs = out.node(id).inputs.clone();
            let segment = self.cuts.partition_point(|&cut| cut <= self.forward.place[id as usize]);
            let inputs = Inputs::from_fn(inputs.len(), |i| match self.copies.get(&inputs[i]) {
                Some(&copy) => copy,
                None => self.held_back(out, segment, inputs[i], after),
            });
            let copy = out.copy(id, inputs);
            self.copies.insert(id, copy);
        }
        self.copies[&x]
    }

    fn held_back(&mut self, out: &mut Graph, segment: usize, x: NodeId, after: NodeId) -> NodeId {
        if let Op::Full(_) = out.node(x).op {
            return x;
        }
        let known = self.from.iter().find(|(known, _)| *known == segment).map(|(_, after)| *after);
        let after = known.unwrap_or_else(|| {
            self.from.push((segment, after));
            after
        });
        *self.waiting.entry((segment, x)).or_insert_with(|| {
            let origin = out.node(x).origin;
            out.add(After, [x, after].into(), origin)
        })
    }
}
