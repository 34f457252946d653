//! The positions of cards, boxes and edges. Cards are arranged in rows. A box is arranged on its own, and then it stands in a
//! row like a card.
//!
//! An edge enters a box at a port on its top, and leaves it at a port on its bottom. The arrangement of the box chooses the
//! positions of its ports.

use super::graph::{Card, CardGraph, PicturePart};
use super::layers::{self, Net, Piece, RowItem, RowKind};
use crate::lists::{IntoList, OrderedMap, sort_once};
use crate::text::columns;
use std::ops::Range;

/// The width of a character of a monospaced font, and the height of a line.
pub(super) const CHARACTER: f64 = 7.25;
pub(super) const LINE_HEIGHT: f64 = 16.0;

/// The space between a card's border and its text.
pub(super) const PAD: (f64, f64) = (12.0, 7.0);

/// The space within a box beside, above (for the title) and below its content.
const INNER: (f64, f64, f64) = (16.0, 26.0, 12.0);

/// A rectangle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rect {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// The positions of all shapes, and the size of the whole.
#[derive(Debug, Default)]
pub(super) struct Arrangement {
    pub(super) width: f64,
    pub(super) height: f64,
    /// The number and the rectangle of each card.
    pub(super) cards: Vec<(usize, Rect)>,
    /// Outer boxes before inner ones.
    pub(super) boxes: Vec<(String, Rect)>,
    pub(super) lines: Vec<EdgePiece>,
    /// The horizontal positions of the ports: on top where a card's value enters, on the bottom where one leaves.
    enter: OrderedMap<EdgeSource, f64>,
    leave: OrderedMap<EdgeSource, f64>,
}

/// A piece of an edge.
#[derive(Clone, Copy, Debug)]
pub(super) struct EdgePiece {
    pub(super) piece: Piece,
    /// Whether it ends in an arrow.
    pub(super) arrow: bool,
    /// Whether it leads to the seed of a sweep.
    pub(super) seed: bool,
}

/// The card that an edge comes from, and whether the edge leads to the seed of a sweep. Edges with the same source share
/// their course.
type EdgeSource = (usize, bool);

/// An edge and the card that it leads to.
type ValueEdge = (EdgeSource, usize);

impl Arrangement {
    pub(super) fn of(graph: &CardGraph) -> Arrangement {
        let edges = graph.edges.iter().map(|&(from, to)| ((from, false), to));
        let seeds = graph.seeds.iter().map(|&(from, to)| ((from, true), to));
        arrange(graph, &graph.parts, 0..graph.cards.len(), &edges.chain(seeds).listed())
    }
}

/// All lines of a card.
pub(super) fn lines(card: &Card) -> impl Iterator<Item = &str> {
    let head = std::iter::once(&card.heading);
    head.chain(&card.data).chain(&card.gradient).map(String::as_str)
}

fn size(card: &Card) -> (f64, f64) {
    let longest = lines(card).map(columns).max().unwrap_or(0).max(card.room);
    (longest as f64 * CHARACTER + 2.0 * PAD.0, lines(card).count() as f64 * LINE_HEIGHT + 2.0 * PAD.1)
}

/// An element of a row: a card, a box with its content, or a port.
struct Child {
    cards: Range<usize>,
    inner: Option<(String, Arrangement)>,
    item: RowItem,
}

/// Arranges the parts that hold the cards `own`. `edges` are those that touch these cards.
fn arrange(graph: &CardGraph, parts: &[PicturePart], own: Range<usize>, edges: &[ValueEdge]) -> Arrangement {
    let ranges = ranges(parts, own.start);
    // The number of the child that holds a card, if it is one of these.
    let child = |card: usize| own.contains(&card).then(|| ranges.partition_point(|range| range.end <= card));
    let mut of_child: Vec<Vec<ValueEdge>> = vec![vec![]; parts.len()];
    let mut entering: Vec<EdgeSource> = vec![];
    let mut leaving: Vec<EdgeSource> = vec![];
    for &(from, to) in edges {
        let (a, b) = (child(from.0), child(to));
        [a, b.filter(|_| a != b)].into_iter().flatten().for_each(|c| of_child[c].push((from, to)));
        if a.is_none() {
            entering.push(from);
        } else if b.is_none() {
            leaving.push(from);
        }
    }
    for ports in [&mut entering, &mut leaving] {
        sort_once(ports);
    }
    let port = |row: RowKind| Child {
        cards: 0..0,
        inner: None,
        item: RowItem { width: 8.0, height: 0.0, row, boxed: false },
    };
    let mut children: Vec<Child> = entering.iter().map(|_| port(RowKind::First)).listed();
    for ((part, cards), edges) in parts.iter().zip(ranges.iter().cloned()).zip(&of_child) {
        children.push(make(graph, part, cards, edges));
    }
    children.extend(leaving.iter().map(|_| port(RowKind::Last)));

    // Numbers of children, with the ports.
    let (first, last) = (entering.len(), entering.len() + parts.len());
    let mut nets: OrderedMap<(usize, EdgeSource), Net> = OrderedMap::default();
    for &(from, to) in edges {
        let (a, b) = (child(from.0), child(to));
        if a == b {
            continue; // within a child, or beside all of them
        }
        let of = |ports: &[EdgeSource]| ports.binary_search(&from).expect("collected above");
        let (source, start) = match a {
            Some(a) => (first + a, children[first + a].bottom(from)),
            None => (of(&entering), 4.0),
        };
        let (target, end) = match b {
            Some(b) => (first + b, children[first + b].top(from)),
            None => (last + of(&leaving), Some(4.0)),
        };
        let net = nets.or_insert_with((source, from), || Net { from: (source, start), to: vec![] });
        if net.to.iter().all(|&(to, _)| to != target) {
            net.to.push((target, end));
        }
    }
    let seeds: Vec<bool> = nets.iter().map(|((_, (_, seed)), _)| *seed).listed();
    let nets: Vec<Net> = nets.into_entries().into_iter().map(|(_, net)| net).listed();
    assemble(children, (&nets, &seeds), &entering, &leaving)
}

/// The cards of each part.
fn ranges(parts: &[PicturePart], start: usize) -> Vec<Range<usize>> {
    fn count(part: &PicturePart) -> usize {
        match part {
            PicturePart::Card(_) => 1,
            PicturePart::Scope { parts, .. } => parts.iter().map(count).sum(),
        }
    }
    let mut end = start;
    let range = |part: &PicturePart| {
        let start = end;
        end += count(part);
        start..end
    };
    parts.iter().map(range).listed()
}

fn make(graph: &CardGraph, part: &PicturePart, cards: Range<usize>, edges: &[ValueEdge]) -> Child {
    let (inner, (width, height)) = match part {
        PicturePart::Card(card) => (None, size(&graph.cards[*card])),
        PicturePart::Scope { name, parts } => {
            let inner = arrange(graph, parts, cards.clone(), edges);
            let title = columns(name) as f64 * CHARACTER + 2.0 * PAD.0;
            let width = (inner.width + 2.0 * INNER.0).max(title);
            let height = inner.height + INNER.1 + INNER.2;
            (Some((name.clone(), inner)), (width, height))
        }
    };
    let item = RowItem { width, height, row: RowKind::Between, boxed: inner.is_some() };
    Child { cards, inner, item }
}

impl Child {
    /// The distance of a box's content from its left border.
    fn inset(&self, inner: &Arrangement) -> f64 {
        (self.item.width - inner.width) / 2.0
    }

    /// Where a card's value enters from above; `None` for a card, which has no ports.
    fn top(&self, value: EdgeSource) -> Option<f64> {
        let (_, inner) = self.inner.as_ref()?;
        Some(port(&inner.enter, value) + self.inset(inner))
    }

    /// Where a card's value leaves.
    fn bottom(&self, value: EdgeSource) -> f64 {
        match &self.inner {
            Some((_, inner)) => port(&inner.leave, value) + self.inset(inner),
            None => self.item.width / 2.0,
        }
    }
}

/// Where a value that enters or leaves a box has its port.
fn port(ports: &OrderedMap<EdgeSource, f64>, value: EdgeSource) -> f64 {
    *ports.get(&value).expect("a port for each value that enters or leaves")
}

/// Positions the children and moves their content with them.
fn assemble(
    children: Vec<Child>,
    (nets, seeds): (&[Net], &[bool]),
    entering: &[EdgeSource],
    leaving: &[EdgeSource],
) -> Arrangement {
    let items: Vec<RowItem> = children.iter().map(|child| child.item).listed();
    let layered = layers::arrange(&items, nets);
    let mut out = Arrangement { width: layered.width, height: layered.height, ..Arrangement::default() };
    let arrow = |piece: &Piece| {
        piece.target.is_some_and(|t| children[t].inner.is_none() && children[t].item.row == RowKind::Between)
    };
    for (course, seed) in layered.courses.iter().zip(seeds) {
        out.lines.extend(course.iter().map(|piece| EdgePiece {
            piece: *piece,
            arrow: arrow(piece),
            seed: *seed,
        }));
    }
    let last = children.len() - leaving.len();
    for (i, child) in children.into_iter().enumerate() {
        let (x, y) = layered.corners[i];
        let rect = Rect { x, y, width: child.item.width, height: child.item.height };
        let inset = child.inner.as_ref().map(|(_, inner)| child.inset(inner));
        match child.inner {
            Some((name, inner)) => {
                out.boxes.push((name, rect));
                out.take(inner, x + inset.unwrap_or(0.0), rect);
            }
            None if i < entering.len() => out.enter.insert(entering[i], x + 4.0),
            None if i >= last => out.leave.insert(leaving[i - last], x + 4.0),
            None => out.cards.push((child.cards.start, rect)),
        }
    }
    out
}

impl Arrangement {
    /// Adds the shapes of a box. Edges at its ports are extended to its border.
    fn take(&mut self, inner: Arrangement, x: f64, rect: Rect) {
        let y = rect.y + INNER.1;
        let bottom = inner.height;
        let at = |r: Rect| Rect { x: r.x + x, y: r.y + y, ..r };
        self.cards.extend(inner.cards.into_iter().map(|(card, r)| (card, at(r))));
        self.boxes.extend(inner.boxes.into_iter().map(|(name, r)| (name, at(r))));
        let entering = !inner.enter.is_empty();
        let leaving = !inner.leave.is_empty();
        for mut line in inner.lines {
            let piece = &mut line.piece;
            let (from_port, to_port) = (entering && piece.from.1 == 0.0, leaving && piece.to.1 == bottom);
            piece.from = (piece.from.0 + x, if from_port { rect.y } else { piece.from.1 + y });
            piece.between = (piece.between.0 + y, piece.between.1 + y);
            piece.to = (piece.to.0 + x, if to_port { rect.y + rect.height } else { piece.to.1 + y });
            self.lines.push(line);
        }
    }
}

#[cfg(test)]
mod tests;
