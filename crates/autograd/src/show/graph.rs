//! The content of a drawing: cards, the edges between them, and the boxes around them.

use super::fold::{Tree, fold};
use super::words::{Numbers, Words};
use crate::ir::{NodeId, Op};
use crate::lists::{IntoList, sort_by, sort_once};
use crate::text::{clipped, columns, shortened};
use std::collections::{HashMap, HashSet};

/// Longest line of a card, in columns.
const WIDEST: usize = 40;

/// The deepest nesting of scopes that have boxes of their own.
const DEEPEST: usize = 8;

/// The name of the scope around all nodes that a sweep has recorded.
const SWEPT: &str = "\0";

/// The sign of the card of a step, and the gradient of a card that later steps compute.
const MARK: &str = "▶ ";
const PENDING: &str = "gradient not computed yet";

/// What the caller asked for.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) title: String,
    pub(super) output: Option<NodeId>,
    /// The gradients of the nodes that have one, in words.
    pub(super) gradients: Option<HashMap<NodeId, String>>,
    pub(super) adjoints: bool,
    pub(super) fold_above: usize,
    pub(super) step: Option<Shown>,
}

/// The step that a drawing shows.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    /// The node of the step.
    pub(super) node: NodeId,
    /// The last node that has a value.
    pub(super) computed: NodeId,
    /// The nodes that later steps give a gradient, and those of them that have a part of it.
    pub(super) pending: HashSet<NodeId>,
    pub(super) partial: HashSet<NodeId>,
    /// The columns that the longest gradient of each node takes, at any step.
    pub(super) room: HashMap<NodeId, usize>,
}

impl Options {
    /// How many elements of a tensor a card shows, and their significant digits.
    pub(super) const NUMBERS: usize = 3;
    pub(super) const DIGITS: usize = 4;
}

impl Default for Options {
    fn default() -> Options {
        Options {
            title: String::new(),
            output: None,
            gradients: None,
            adjoints: false,
            fold_above: 200,
            step: None,
        }
    }
}

/// Cards in an order in which every edge points forwards and the cards of a box follow each other.
#[derive(Debug)]
pub(super) struct CardGraph {
    pub(super) title: String,
    /// What was folded, if anything.
    pub(super) note: Option<String>,
    pub(super) cards: Vec<Card>,
    /// Pairs of an operand and a result, sorted and without repeats.
    pub(super) edges: Vec<(usize, usize)>,
    /// Pairs of a result and the adjoint with which the backward sweep from that result begins.
    pub(super) seeds: Vec<(usize, usize)>,
    pub(super) parts: Vec<PicturePart>,
}

/// A card, or a box with its content.
#[derive(Debug)]
pub(super) enum PicturePart {
    Card(usize),
    Scope { name: String, parts: Vec<PicturePart> },
}

/// What a card stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum CardKind {
    Data,
    Variable,
    Parameter,
    Operation,
    Output,
    Derivative,
    Folded,
}

/// A node, or several folded nodes.
#[derive(Debug)]
pub(super) struct Card {
    pub(super) kind: CardKind,
    pub(super) heading: String,
    /// The value. For folded nodes: their number and their ops.
    pub(super) data: Vec<String>,
    pub(super) gradient: Option<String>,
    /// The text that appears when the pointer rests on the card.
    pub(super) tip: String,
    /// Whether the step that is shown is about this card.
    pub(super) current: bool,
    /// The least columns of the card: so many that it has the same size at every step.
    pub(super) room: usize,
}

impl CardGraph {
    pub(super) fn of(words: &Words<'_>, options: &Options) -> CardGraph {
        let shown = shown(words, options);
        let (tree, note) = fold(tree(words, &shown), shown.len(), options.fold_above);
        let mut graph = CardGraph {
            title: options.title.clone(),
            note,
            cards: vec![],
            edges: vec![],
            seeds: vec![],
            parts: vec![],
        };
        let mut reader = Reader { words, options, used: used(words, &shown), card_of: HashMap::new() };
        graph.parts = reader.parts(&mut graph.cards, &tree);
        graph.edges = reader.edges();
        graph.seeds = reader.seeds();
        graph
    }
}

/// The nodes to be shown, in ascending order.
fn shown(words: &Words<'_>, options: &Options) -> Vec<NodeId> {
    let n = words.list.nodes.len() as NodeId;
    let mut keep: Vec<bool> = match options.output {
        Some(output) => (0..n).map(|id| id == output).listed(),
        None => (0..n).map(|id| !words.is_swept(id)).listed(),
    };
    // A node is shown with all nodes that it is computed from.
    let close = |keep: &mut Vec<bool>| {
        for id in (0..keep.len()).rev() {
            if keep[id] {
                words.list.nodes[id].inputs.iter().for_each(|&input| keep[input as usize] = true);
            }
        }
    };
    close(&mut keep);
    if options.adjoints {
        let belongs = |id: NodeId, keep: &[bool]| {
            words.adjoint_of(id).map_or(options.output.is_none(), |of| keep[of as usize])
        };
        for id in 0..n {
            keep[id as usize] |= words.is_swept(id) && belongs(id, &keep);
        }
        close(&mut keep);
    }
    (0..n).filter(|&id| keep[id as usize] && !words.is_of_a_body(id)).listed()
}

/// For each node: whether it is an operand of a shown node.
fn used(words: &Words<'_>, shown: &[NodeId]) -> Vec<bool> {
    let mut used = vec![false; words.list.nodes.len()];
    for input in shown.iter().flat_map(|&id| &words.list.node(id).inputs) {
        used[*input as usize] = true;
    }
    used
}

/// The scopes around a node, outermost first. Those of adjoints are within a scope of their own.
fn path(words: &Words<'_>, id: NodeId) -> Vec<String> {
    let by_name = || words.name(id).and_then(|name| name.rsplit_once('.')).map(|(scope, _)| scope.to_owned());
    let is_parameter = matches!(words.list.node(id).op, Op::Parameter(_));
    let scope = words.scope(id).or_else(|| by_name().filter(|_| is_parameter));
    let scopes = scope.iter().flat_map(|scope| scope.splitn(DEEPEST, '.')).map(str::to_owned);
    words.is_swept(id).then(|| SWEPT.to_owned()).into_iter().chain(scopes).listed()
}

/// A node with the scopes around it, and the leaves that no earlier node uses. Each leaf has the depth of its box.
struct ScopedNode {
    id: NodeId,
    path: Vec<String>,
    is_adjoint: bool,
    leaves: Vec<(NodeId, usize)>,
}

/// The scopes as a tree over the list. A scope that is left and entered again has a box for each stay, so that no edge runs
/// back into a box. A leaf moves to the node that first uses it, but only into boxes of its own scopes.
fn tree(words: &Words<'_>, shown: &[NodeId]) -> Vec<Tree> {
    let used = used(words, shown);
    let is_leaf = |id: NodeId| words.list.node(id).inputs.is_empty();
    let mut moved = vec![false; words.list.nodes.len()];
    let mut nodes = vec![];
    for &id in shown.iter().filter(|&&id| !is_leaf(id) || !used[id as usize]) {
        let path = path(words, id);
        let mut leaves = vec![];
        for &leaf in words.list.node(id).inputs.iter().filter(|&&input| is_leaf(input)) {
            if !std::mem::replace(&mut moved[leaf as usize], true) {
                let own = self::path(words, leaf);
                leaves.push((leaf, own.iter().zip(&path).take_while(|(a, b)| a == b).count()));
            }
        }
        nodes.push(ScopedNode { id, path, is_adjoint: words.adjoint_of(id).is_some(), leaves });
    }
    group(&nodes, 0)
}

fn group(nodes: &[ScopedNode], depth: usize) -> Vec<Tree> {
    let mut parts = vec![];
    for stay in nodes.chunk_by(|a, b| a.path.len() > depth && a.path.get(depth) == b.path.get(depth)) {
        let leaves = stay.iter().flat_map(|node| &node.leaves).filter(|(_, home)| *home == depth);
        parts.extend(leaves.map(|&(leaf, _)| Tree::Node(leaf)));
        match stay[0].path.get(depth) {
            None => parts.push(Tree::Node(stay[0].id)),
            Some(_) => {
                parts.push(Tree::Scope { name: title(stay, depth), parts: group(stay, depth + 1) });
            }
        }
    }
    parts
}

/// The full name of the scope that the nodes share at a depth. The scope of a sweep is named after what the sweep computes.
fn title(stay: &[ScopedNode], depth: usize) -> String {
    match &stay[0].path[..=depth] {
        [first] if first == SWEPT => match stay.iter().any(|node| node.is_adjoint) {
            true => "adjoints".to_owned(),
            false => "tangents".to_owned(),
        },
        [first, names @ ..] if first == SWEPT => names.join("."),
        names => names.join("."),
    }
}

/// Makes cards of nodes.
struct Reader<'a> {
    words: &'a Words<'a>,
    options: &'a Options,
    used: Vec<bool>,
    card_of: HashMap<NodeId, usize>,
}

impl Reader<'_> {
    fn parts(&mut self, cards: &mut Vec<Card>, tree: &[Tree]) -> Vec<PicturePart> {
        let mut parts = vec![];
        for part in tree {
            let (nodes, card) = match part {
                Tree::Scope { name, parts: inner } => {
                    let inner = self.parts(cards, inner);
                    parts.push(PicturePart::Scope { name: clipped(name, WIDEST), parts: inner });
                    continue;
                }
                Tree::Node(id) => (std::slice::from_ref(id), self.card(*id)),
                Tree::Folded { name, nodes } => (&nodes[..], self.folded(name.as_deref(), nodes)),
            };
            self.card_of.extend(nodes.iter().map(|&id| (id, cards.len())));
            parts.push(PicturePart::Card(cards.len()));
            cards.push(card);
        }
        parts
    }

    fn edges(&self) -> Vec<(usize, usize)> {
        let mut edges = vec![];
        for (&id, &to) in &self.card_of {
            let sources = self.words.list.node(id).inputs.iter().filter_map(|input| self.card_of.get(input));
            edges.extend(sources.filter(|&&from| from != to).map(|&from| (from, to)));
        }
        sort_once(&mut edges);
        edges
    }

    fn seeds(&self) -> Vec<(usize, usize)> {
        let list = &self.words.list;
        let mut seeds = vec![];
        for (&id, &to) in self.card_of.iter().filter(|(id, _)| list.node(**id).inputs.is_empty()) {
            let from = self.words.adjoint_of(id).and_then(|of| self.card_of.get(&of).copied());
            seeds.extend(from.filter(|&from| from < to).map(|from| (from, to)));
        }
        sort_once(&mut seeds);
        seeds
    }

    fn card(&self, id: NodeId) -> Card {
        let words = self.words;
        let kind = self.kind(id);
        let name = format!("v{id}");
        let equation = words.equation(id);
        let heading = match (kind, words.name(id)) {
            (CardKind::Parameter, Some(parameter)) => format!("{name} {parameter}"),
            _ => equation.clone(),
        };
        let mut data = vec![];
        if let Some(of) = words.adjoint_of(id) {
            data.push(format!("adjoint of v{of}"));
        }
        let shape = words.list.node(id).meta.shape.to_string();
        let spaced = if shape == "[]" { String::new() } else { format!(" {shape}") };
        let value = match words.numbers(id, Options::NUMBERS, Options::DIGITS) {
            Numbers::Known(numbers) => format!("data{spaced} {}", words.short(id, &numbers)),
            Numbers::Released => format!("data {shape} released"),
            Numbers::Traced => format!("data {shape}"),
        };
        let later = format!("data{spaced} not computed yet");
        let room = self.room(id, &[&heading, &value, &later]);
        let is_later = self.step().is_some_and(|step| id > step.computed);
        data.push(if is_later { later } else { value });
        let scope = words.scope(id).map(|scope| format!("\n{scope}")).unwrap_or_default();
        let tip =
            format!("{equation}\n{shape} {}{scope}\n{}", words.list.node(id).meta.dtype, words.site(id));
        let gradient = (kind != CardKind::Derivative || self.has_gradient(id)).then(|| self.gradient(id));
        let clip = |line: String| clipped(&line, WIDEST);
        let current = self.step().is_some_and(|step| step.node == id);
        let data = data.into_iter().map(clip).listed();
        Card { kind, heading: clip(marked(heading, current)), data, gradient, tip, current, room }
    }

    /// The columns that a card takes at any step, by its heading and the texts of its value.
    fn room(&self, id: NodeId, lines: &[&str; 3]) -> usize {
        let Some(step) = self.step() else { return 0 };
        let [heading, value, later] = lines.map(columns);
        let gradient = step.room.get(&id).map_or(0, |numbers| numbers + columns("grad  so far"));
        let room = [heading + columns(MARK), value, later, gradient, columns(PENDING)];
        room.into_iter().max().unwrap_or(0).min(WIDEST)
    }

    fn step(&self) -> Option<&Shown> {
        self.options.step.as_ref()
    }

    fn has_gradient(&self, id: NodeId) -> bool {
        self.options.gradients.as_ref().is_some_and(|gradients| gradients.contains_key(&id))
    }

    fn gradient(&self, id: NodeId) -> String {
        let Some(gradients) = &self.options.gradients else { return "gradient not computed".to_owned() };
        let is =
            |set: fn(&Shown) -> &HashSet<NodeId>| self.step().is_some_and(|step| set(step).contains(&id));
        match gradients.get(&id) {
            Some(words) if is(|step| &step.partial) => clipped(&format!("grad {words} so far"), WIDEST),
            Some(words) => clipped(&format!("grad {words}"), WIDEST),
            None if is(|step| &step.pending) => PENDING.to_owned(),
            None => "no gradient".to_owned(),
        }
    }

    fn kind(&self, id: NodeId) -> CardKind {
        let is_output = self.options.output.map_or(!self.used[id as usize], |output| output == id);
        match self.words.list.node(id).op {
            _ if self.words.is_swept(id) => CardKind::Derivative,
            Op::Variable => CardKind::Variable,
            Op::Parameter(_) => CardKind::Parameter,
            Op::Constant | Op::Full(_) | Op::Input(_) => CardKind::Data,
            _ if is_output => CardKind::Output,
            _ => CardKind::Operation,
        }
    }

    fn folded(&self, scope: Option<&str>, nodes: &[NodeId]) -> Card {
        let ids = || nodes.iter().copied();
        let (first, last) = (ids().min().unwrap_or(0), ids().max().unwrap_or(0));
        let name = format!("v{first} … v{last}");
        let mut ops: Vec<&str> = ids().map(|id| self.words.list.node(id).op.name()).listed();
        sort_by(&mut ops, Ord::cmp);
        let count = format!("{} nodes folded", nodes.len());
        let data = vec![count, clipped(&shortened(&ops, WIDEST - 12), WIDEST)];
        let current = self.step().is_some_and(|step| nodes.contains(&step.node));
        let heading = clipped(&marked(scope.unwrap_or(&name).to_owned(), current), WIDEST);
        let (from, to) = (self.words.site(first), self.words.site(last));
        let tip = format!("{name}\n{from} … {to}");
        let room = self.step().map_or(0, |_| (columns(scope.unwrap_or(&name)) + columns(MARK)).min(WIDEST));
        Card { kind: CardKind::Folded, heading, data, gradient: None, tip, current, room }
    }
}

/// The heading of a card, with a sign if the step that is shown is about it: not by its colour alone.
fn marked(heading: String, current: bool) -> String {
    if current { format!("{MARK}{heading}") } else { heading }
}
