//! Rematerialisation: a value that one fused kernel would store for others is computed again in each of them, where a few cheap
//! steps on what they find in memory anyway cost less than a store and the loads. It is then no buffer at all.
//!
//! The steps are the same ones on the same numbers, so no bit changes. Costs are counted in cheap steps, a sum or a product,
//! over all elements of a value. Measured with AVX-512, for `f32` and `f64` alike:
//!
//! | | values in the near caches | of [`far`](crate::target::Rematerialise::far) bytes and more |
//! |---|---|---|
//! | sum, product, comparison, choice | 1 | 1 |
//! | quotient, square root | 5 to 11 | 4 to 11 |
//! | exponential | 6 to 8 | 6 to 15 |
//! | σ, tanh | 11 to 14 | 12 to 20 |
//! | load | 0 to 2 | 2 to 6 |
//! | store | 2 to 4 | 4 to 8 |
//!
//! So only cheap steps are repeated, and no reduction or product of matrices. The idea is as old as compilers (Briggs,
//! Cooper and Torczon, *Rematerialization*, 1992). What to keep between the forward and the backward pass is a minimum cut of
//! the list in PyTorch's AOTAutograd; here it is asked value by value, in the order of the list: chains are short.
//!
//! It is general: it asks what a value costs and where it lies, for any chain of cheap functions.

mod copies;

use super::graph::Graph;
use super::hash::{Map, Set};
use super::units::{Fusion, NO_UNIT, Rematerialised, Role, Unit, Units, is_elementwise};
use crate::code::Extent;
use crate::ir::{NodeId, Op};
use crate::lists::IntoList;
use crate::target::Rematerialise;
use copies::copied;
use smallvec::{SmallVec, smallvec};

/// Steps of a chain; a longer one lies on the heap.
type Steps = SmallVec<[NodeId; 8]>;

/// Lets units compute values again instead of reading them from memory.
pub(super) fn rematerialise(mut units: Units<'_>) -> Units<'_> {
    let mut search = Search::new(&units.graph, &units.fusion);
    let mut rematerialised = Rematerialised::default();
    for v in std::mem::take(&mut search.candidates) {
        if search.spare(v) {
            rematerialised.values += 1;
            rematerialised.bytes += search.bytes(v);
        }
    }
    if rematerialised.values == 0 {
        return units;
    }
    let Search { in_memory, spared, .. } = search;
    let first = units.graph.numbers();
    units = copied(units, &in_memory, &spared);
    rematerialised.copies = first..units.graph.numbers();
    Units { rematerialised, ..units }
}

/// The nodes by which a value is computed, and what they read from memory: nodes, roots or views of them.
struct Chain {
    steps: Steps,
    sources: SmallVec<[NodeId; 4]>,
}

/// What is known of the units while values are spared.
struct Search<'a> {
    graph: &'a Graph,
    fusion: &'a Fusion,
    limits: &'static Rematerialise,
    /// Per node, whether it is a leaf or stored: other units find it in memory.
    in_memory: Vec<bool>,
    /// Values that may be spared, in order.
    candidates: Vec<NodeId>,
    last_use: Vec<u32>,
    /// Per node, how often its own unit reads it.
    own_uses: Vec<u32>,
    /// The units that read a value that may be spared.
    readers: Map<NodeId, SmallVec<[u32; 2]>>,
    /// What units were given: what they read from memory, or compute again.
    has: Set<(u32, NodeId)>,
    /// Roots that are computed again somewhere.
    spared: Set<NodeId>,
    /// Per unit, how many steps it was given.
    given: Vec<usize>,
}

impl<'a> Search<'a> {
    fn new(graph: &'a Graph, fusion: &'a Fusion) -> Search<'a> {
        let mut in_memory = graph.per_node(true);
        let mut candidates = vec![];
        for (id, _) in graph.iter() {
            let (unit, last_use) = (fusion.unit_of[id as usize], fusion.last_use[id as usize]);
            in_memory[id as usize] = unit == NO_UNIT || unit != last_use;
            if unit != NO_UNIT && unit != last_use && last_use != NO_UNIT && is_full_tile(graph, fusion, id) {
                candidates.push(id);
            }
        }
        let mut search = Search {
            graph,
            fusion,
            limits: &fusion.target.rematerialise,
            in_memory,
            candidates,
            last_use: vec![],
            own_uses: vec![],
            readers: Map::default(),
            has: Set::default(),
            spared: Set::default(),
            given: vec![],
        };
        let may_be = |&id: &NodeId| {
            search.bytes(id) >= search.limits.from_bytes && is_cheap(graph, id) && search.chain(id).is_some()
        };
        search.candidates = search.candidates.iter().copied().filter(may_be).listed();
        if !search.candidates.is_empty() {
            search.last_use = fusion.last_use.clone();
            search.own_uses = graph.per_node(0);
            search.given = vec![0; fusion.units.len()];
            search.note_readers();
        }
        search
    }

    /// Notes who reads what; values that somebody reads in another way than place by place are no longer asked about.
    fn note_readers(&mut self) {
        let (graph, fusion) = (self.graph, self.fusion);
        self.readers = self.candidates.iter().map(|&id| (id, SmallVec::new())).collect();
        for (id, node) in graph.iter() {
            let unit = fusion.unit_of[id as usize];
            if unit == NO_UNIT {
                continue;
            }
            for &x in &node.inputs {
                let root = fusion.views.root(x);
                match fusion.unit_of[root as usize] {
                    NO_UNIT => {}
                    from if from == unit => self.own_uses[root as usize] += 1,
                    from => {
                        let by_place = same_walk(fusion, unit, from) && fusion.views.is_whole(graph, x);
                        self.note_reader(root, unit, by_place);
                    }
                }
            }
        }
    }

    fn note_reader(&mut self, root: NodeId, unit: u32, by_place: bool) {
        if !by_place {
            self.readers.remove(&root);
        } else if let Some(readers) = self.readers.get_mut(&root)
            && !readers.contains(&unit)
        {
            readers.push(unit);
        }
    }

    /// Whether a unit reads a root, or computes it again. Of a long one that is only known of what it was given.
    fn has(&self, unit: u32, root: NodeId) -> bool {
        let members = self.fusion.units[unit as usize].nodes();
        let reads = |&id: &NodeId| {
            let inputs = &self.graph.node(id).inputs;
            inputs.iter().any(|&x| self.fusion.views.root(x) == root)
        };
        self.has.contains(&(unit, root))
            || (members.len() <= self.limits.looked_through && members.iter().any(reads))
    }

    fn bytes(&self, id: NodeId) -> usize {
        let meta = &self.graph.node(id).meta;
        meta.shape.elements() * meta.dtype.size()
    }

    /// Lets all readers of a value compute it again, if that is cheaper; tells whether.
    fn spare(&mut self, v: NodeId) -> bool {
        let (Some(readers), Some(chain)) = (self.readers.get(&v).cloned(), self.chain(v)) else {
            return false;
        };
        let (last, dying) = (*readers.iter().max().expect("somebody reads it"), self.dying(&chain));
        let saved = self.store(v) + self.load(v) * readers.len() as f64 + dying.len() as f64;
        let cost: f64 = readers.iter().map(|&unit| self.cost_in(unit, &chain)).sum();
        let has_room = |&unit: &u32| self.given[unit as usize] + chain.steps.len() <= self.limits.most;
        let pays = saved > cost + self.limits.margin
            && self.holds_less(v, &chain, last)
            && readers.iter().all(has_room);
        if pays {
            self.in_memory[v as usize] = false;
            self.forget_uses(&dying);
            self.note_sources(&chain.sources, &readers, last);
            for &unit in &readers {
                self.given[unit as usize] += chain.steps.len();
                self.has.extend(chain.steps.iter().map(|&step| (unit, step)));
            }
            self.spared.extend(chain.steps);
        }
        pays
    }

    /// What steps that a unit needs no more have read of it.
    fn forget_uses(&mut self, steps: &[NodeId]) {
        for &step in steps {
            for &x in &self.graph.node(step).inputs {
                let root = self.fusion.views.root(x) as usize;
                if self.fusion.unit_of[root] == self.fusion.unit_of[step as usize] {
                    self.own_uses[root] -= 1;
                }
            }
        }
    }

    /// What units read from now on, the last of them when.
    fn note_sources(&mut self, sources: &[NodeId], readers: &[u32], last: u32) {
        for &x in sources {
            let root = self.fusion.views.root(x);
            self.in_memory[root as usize] = true;
            let last_use = &mut self.last_use[root as usize];
            *last_use = last.max(*last_use);
            self.has.extend(readers.iter().map(|&unit| (unit, root)));
        }
    }

    /// How a value is computed from what is in memory, and from row values that may be stored as well.
    fn chain(&self, v: NodeId) -> Option<Chain> {
        let (graph, fusion) = (self.graph, self.fusion);
        let mut chain = Chain { steps: smallvec![v], sources: smallvec![] };
        let mut next = 0;
        while next < chain.steps.len() {
            let node = graph.node(chain.steps[next]);
            next += 1;
            for &x in &node.inputs {
                let root = fusion.views.root(x);
                if graph.full(root).is_some() || chain.steps.contains(&root) || chain.sources.contains(&x) {
                    continue;
                }
                let is_row_value = fusion.role[root as usize] == Role::Spread(Extent::Rows);
                if self.in_memory[root as usize] || is_row_value {
                    // Rearranged operands cost more than they save.
                    let is_repeated = graph.shape(root).elements() < graph.shape(v).elements();
                    chain.sources.push((is_repeated || fusion.views.is_whole(graph, x)).then_some(x)?);
                } else {
                    let walks = same_walk(fusion, fusion.unit_of[root as usize], fusion.unit_of[v as usize]);
                    let goes_along = walks && is_cheap(graph, root) && is_full_tile(graph, fusion, root);
                    if !goes_along || chain.steps.len() >= self.limits.longest {
                        return None;
                    }
                    chain.steps.push(root);
                }
            }
        }
        Some(chain)
    }

    /// The steps of a chain that its value's own unit needs no more.
    fn dying(&self, chain: &Chain) -> Steps {
        let own = self.fusion.unit_of[chain.steps[0] as usize];
        let mut left: SmallVec<[u32; 8]> = chain.steps.iter().map(|&x| self.own_uses[x as usize]).collect();
        let mut dying = Steps::new();
        if left[0] == 0 {
            dying.push(chain.steps[0]);
        }
        let mut next = 0;
        while next < dying.len() {
            for &x in &self.graph.node(dying[next]).inputs {
                let root = self.fusion.views.root(x);
                let Some(at) = chain.steps.iter().position(|&step| step == root) else { continue };
                if self.fusion.unit_of[root as usize] == own {
                    left[at] -= 1;
                    if left[at] == 0 {
                        dying.push(root);
                    }
                }
            }
            next += 1;
        }
        dying
    }

    /// What a chain costs a unit, beside what it has.
    fn cost_in(&self, unit: u32, chain: &Chain) -> f64 {
        let lacks = |&&x: &&NodeId| !self.has(unit, self.fusion.views.root(x));
        // The value itself is what the unit has read so far.
        let steps = 1 + chain.steps[1..].iter().filter(lacks).count();
        let reads = chain.sources.iter().filter(lacks).map(|&x| {
            let root = self.fusion.views.root(x);
            let share = self.bytes(root) as f64 / self.bytes(chain.steps[0]) as f64;
            if share < 1.0 { 1.0 + share * self.load(x) } else { self.load(x) }
        });
        steps as f64 + reads.sum::<f64>()
    }

    /// Whether no more is held in memory than before, at any time: what lives longer is no more than the value itself, but
    /// for row values.
    fn holds_less(&self, v: NodeId, chain: &Chain, last: u32) -> bool {
        let roots = chain.sources.iter().map(|&x| self.fusion.views.root(x));
        let longer = roots.filter(|&root| {
            let is_leaf = self.fusion.unit_of[root as usize] == NO_UNIT;
            !is_leaf && (!self.in_memory[root as usize] || self.last_use[root as usize] < last)
        });
        let held: usize = longer.map(|root| self.bytes(root)).sum();
        held <= self.bytes(v) + self.bytes(v) / self.limits.held
    }

    fn load(&self, x: NodeId) -> f64 {
        self.limits.load[usize::from(self.is_far(self.fusion.views.root(x)))]
    }

    fn store(&self, x: NodeId) -> f64 {
        self.limits.store[usize::from(self.is_far(x))]
    }

    fn is_far(&self, x: NodeId) -> bool {
        self.bytes(x) >= self.limits.far
    }
}

/// Whether a node is one cheap step.
fn is_cheap(graph: &Graph, id: NodeId) -> bool {
    let node = graph.node(id);
    let cheap = match node.op {
        Op::Unary(f) => f.is_cheap(),
        Op::Binary(f) => f.is_cheap(),
        _ => true,
    };
    cheap && is_elementwise(graph, node)
}

/// Whether a node has a number for each place that its unit walks.
fn is_full_tile(graph: &Graph, fusion: &Fusion, id: NodeId) -> bool {
    match fusion.units.get(fusion.unit_of[id as usize] as usize) {
        Some(Unit::Fused(group)) => {
            fusion.role[id as usize] == Role::Spread(Extent::Tile)
                && group.elements == graph.shape(id).elements()
        }
        _ => false,
    }
}

/// Whether two units walk the same number of places in the same type.
fn same_walk(fusion: &Fusion, a: u32, b: u32) -> bool {
    match (&fusion.units[a as usize], &fusion.units[b as usize]) {
        (Unit::Fused(a), Unit::Fused(b)) => (a.elements, a.dtype) == (b.elements, b.dtype),
        _ => false,
    }
}
