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

use super::again::is_computed;
use super::graph::Graph;
use super::hash::{Map, Set};
use crate::ir::{After, Inputs, NodeId, Op, Structure};
use crate::lists::IntoList;

/// Plans a list such that its buffers take at most so many bytes; the least that was found, if none does.
pub(super) fn within<P>(
    budget: usize,
    graph: &Graph,
    plan: impl Fn(Graph) -> P,
    bytes: impl Fn(&P) -> usize,
) -> P {
    let mut best = plan(graph.clone());
    let forward = Forward::of(graph);
    let mut segments = 2;
    while bytes(&best) > budget && segments <= forward.saved {
        let next = plan(recomputed(graph.clone(), &forward, segments));
        if bytes(&next) < bytes(&best) {
            best = next;
        }
        segments += (segments / 2).max(1);
    }
    best
}

fn is_view(graph: &Graph, id: NodeId) -> bool {
    graph.node(id).op.structure() == Structure::View
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
        // What somebody outside reads lives on.
        graph.outputs.iter().for_each(|&id| last[root[id as usize] as usize] = count);
        // Bytes that come and go before each place.
        let mut change = vec![(0, 0, 0); count as usize + 2];
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
            let near = (1..self.read.len() - 2).filter(|&place| off(place) <= 0.25 * part);
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
            || cuts.get(cuts.partition_point(|&cut| cut <= at)).is_some_and(|&cut| cut <= end)
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
        let (mut missing, mut seen) = (vec![], Set::default());
        let mut open = vec![x];
        while let Some(id) = open.pop() {
            if !self.copies.contains_key(&id) && seen.insert(id) {
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
