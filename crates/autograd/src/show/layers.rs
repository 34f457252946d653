//! Layered layout: boxes in rows, each above those that its edges lead to (Sugiyama, Tagawa and Toda 1981).
//!
//! The row of an item is the length of the longest path to it. Leaves, and items computed from leaves alone, sink to the row
//! above their first use. An edge over several rows has a lane in each row that it passes. The order within rows comes from
//! barycentres (`order`). Horizontal positions minimise the squares of the edges' horizontal lengths, row by row. The time is
//! about linear in boxes and edges.

use super::order::{Link, Rows, sort};
use crate::lists::{IntoList, sort_by};

/// The space between neighbours of a row, and beside a lane.
const GAP: f64 = 26.0;
const LANE: f64 = 14.0;

/// The least and the largest space between rows. Edges that go far sideways get more space.
const LEAST: f64 = 34.0;
const MOST: f64 = 90.0;
/// The space between a row of ports and the next row. The border of the box runs there.
const PORTS: f64 = 12.0;

/// An edge over more rows than this runs straight, also across items, so that the time stays linear for long lists.
const FARTHEST: usize = 100;

/// How often each row is moved towards its neighbours above and below.
const ROUNDS: usize = 16;

/// The row that an item must stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowKind {
    First,
    Between,
    Last,
}

/// A card, a box or a port, by its size.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowItem {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) row: RowKind,
    /// Whether it is a box. Boxes are aligned by their centres, whatever the ends of the edges between them.
    pub(super) boxed: bool,
}

/// The edges of one value, from the bottom of an item to the tops of later items. An end has a horizontal offset from the
/// item's left border; without an offset, the edges that end on an item share its top.
#[derive(Clone, Debug)]
pub(super) struct Net {
    pub(super) from: (usize, f64),
    pub(super) to: Vec<(usize, Option<f64>)>,
}

/// The top left corners of the items, and the courses of the nets.
#[derive(Debug, Default)]
pub(super) struct Layered {
    pub(super) corners: Vec<(f64, f64)>,
    pub(super) width: f64,
    pub(super) height: f64,
    /// The pieces of each net.
    pub(super) courses: Vec<Vec<Piece>>,
}

/// A piece of an edge: from a point straight down to the end of its row, sideways, and straight down again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) from: (f64, f64),
    /// The end of the row above and the start of the row below.
    pub(super) between: (f64, f64),
    pub(super) to: (f64, f64),
    /// The item that the piece ends on.
    pub(super) target: Option<usize>,
}

/// The elements of the rows: the items and, after them, the lanes where long edges pass a row.
struct Layers<'a> {
    items: &'a [RowItem],
    rows: Rows,
    /// RowKind and width of each element.
    row_of: Vec<usize>,
    width: Vec<f64>,
    links: Vec<Link>,
    /// For each link, its net, and the target if the link ends on an item.
    ends: Vec<(usize, Option<usize>)>,
    /// Whether an edge leads to the element.
    has_source: Vec<bool>,
    /// The centres of the elements.
    x: Vec<f64>,
}

/// Arranges items in rows, with the nets between them.
pub(super) fn arrange(items: &[RowItem], nets: &[Net]) -> Layered {
    if items.is_empty() {
        return Layered::default();
    }
    let mut layers = Layers::new(items, nets);
    sort(&mut layers.rows, &layers.links, &layers.width, layers.row_of.len());
    layers.set_positions();
    layers.spread_ends();
    layers.layered(nets.len())
}

/// The row of each item.
fn ranks(items: &[RowItem], nets: &[Net]) -> Vec<usize> {
    let mut nets_of: Vec<Vec<usize>> = vec![vec![]; items.len()];
    // Items that depend on nothing else, such as a leaf or a reshaped leaf; and how many edges leave each item.
    let mut sinks: Vec<bool> = items.iter().map(|item| item.row == RowKind::Between).listed();
    let mut leaving = vec![0; items.len()];
    for (n, net) in nets.iter().enumerate() {
        nets_of[net.from.0].push(n);
        leaving[net.from.0] += net.to.len();
    }
    let targets = |i: usize| nets_of[i].iter().flat_map(|&n| nets[n].to.iter().map(|&(to, _)| to));
    let first = usize::from(items.iter().any(|item| item.row == RowKind::First));
    let mut rank: Vec<usize> = items.iter().map(|i| if i.row == RowKind::First { 0 } else { first }).listed();
    for i in 0..items.len() {
        for to in targets(i) {
            rank[to] = rank[to].max(rank[i] + 1);
            sinks[to] &= sinks[i] && leaving[i] == 1;
        }
    }
    for i in (0..items.len()).rev().filter(|&i| sinks[i]) {
        if let Some(below) = targets(i).map(|to| rank[to]).min() {
            rank[i] = below - 1;
        }
    }
    let end = items.iter().zip(&rank).filter(|(item, _)| item.row != RowKind::Last).map(|(_, r)| r + 1).max();
    for (item, rank) in items.iter().zip(&mut rank) {
        if item.row == RowKind::Last {
            *rank = end.unwrap_or(0);
        }
    }
    rank
}

impl<'a> Layers<'a> {
    fn new(items: &'a [RowItem], nets: &[Net]) -> Layers<'a> {
        let row_of = ranks(items, nets);
        let width = items.iter().map(|item| item.width).listed();
        let mut layers = Layers {
            items,
            rows: vec![],
            row_of,
            width,
            links: vec![],
            ends: vec![],
            has_source: vec![],
            x: vec![],
        };
        for (n, net) in nets.iter().enumerate() {
            layers.add_net(n, net);
        }
        layers.has_source = vec![false; layers.row_of.len()];
        layers.links.iter().for_each(|link| layers.has_source[link.below.0] = true);
        let count = layers.row_of.iter().max().map_or(0, |last| last + 1);
        layers.rows = vec![vec![]; count];
        for (element, &row) in layers.row_of.iter().enumerate() {
            layers.rows[row].push(element);
        }
        layers
    }

    /// Adds the links of a net from row to row. The edges of a net share their lanes.
    fn add_net(&mut self, n: usize, net: &Net) {
        let (from, offset) = net.from;
        let centre = |items: &[RowItem], i: usize| items[i].width / 2.0;
        let mut above = (from, offset - centre(self.items, from));
        let mut targets = net.to.clone();
        sort_by(&mut targets, |(a, _), (b, _)| self.row_of[*a].cmp(&self.row_of[*b]));
        let mut row = self.row_of[from];
        for (to, at) in targets {
            let far = self.row_of[to] - self.row_of[from] > FARTHEST;
            while !far && row + 1 < self.row_of[to] {
                row += 1;
                self.row_of.push(row);
                self.width.push(0.0);
                let lane = self.row_of.len() - 1;
                self.links.push(Link { above, below: (lane, Some(0.0)) });
                self.ends.push((n, None));
                above = (lane, 0.0);
            }
            let at = at.map(|at| at - centre(self.items, to));
            self.links.push(Link { above, below: (to, at) });
            self.ends.push((n, Some(to)));
        }
    }

    /// The distance between the centres of neighbours.
    fn apart(&self, a: usize, b: usize) -> f64 {
        let lane = |e: usize| e >= self.items.len();
        let gap = if lane(a) || lane(b) { LANE } else { GAP };
        (self.width[a] + self.width[b]) / 2.0 + gap
    }

    /// Moves each row towards the other ends of its edges, upwards and downwards by turns.
    fn set_positions(&mut self) {
        self.x = vec![0.0; self.row_of.len()];
        for row in &self.rows {
            let mut x = 0.0;
            for (i, &e) in row.iter().enumerate() {
                x += if i == 0 { self.width[e] / 2.0 } else { self.apart(row[i - 1], e) };
                self.x[e] = x;
            }
        }
        let mut ups: Vec<Vec<usize>> = vec![vec![]; self.row_of.len()];
        let mut downs = ups.clone();
        for (l, link) in self.links.iter().enumerate() {
            ups[link.below.0].push(l);
            downs[link.above.0].push(l);
        }
        let count = self.rows.len();
        for round in 0..ROUNDS {
            for r in 0..count {
                let r = if round % 2 == 0 { r } else { count - 1 - r };
                let (up, down) = (round % 2 == 0 || round + 3 > ROUNDS, round % 2 == 1 || round + 3 > ROUNDS);
                self.settle(r, |e| {
                    let ups = ups[e].iter().filter(|_| up);
                    ups.chain(downs[e].iter().filter(|_| down)).copied().listed()
                });
            }
        }
        let left = |e: usize| self.x[e] - self.width[e] / 2.0;
        let least = (0..self.x.len()).map(left).fold(f64::INFINITY, f64::min);
        self.x.iter_mut().for_each(|x| *x -= least);
    }

    /// The weight of an edge for the position of one of its ends. Long edges weigh most, so that they become straight. Leaves
    /// move to the items that use them, not the other way round.
    fn pull(&self, link: usize, on: usize) -> f64 {
        let Link { above, below } = self.links[link];
        let is_lane = |e: usize| e >= self.items.len();
        match (is_lane(above.0), is_lane(below.0)) {
            (true, true) => 8.0,
            _ if is_lane(on) => 1.0,
            _ if !self.has_source[above.0] => 0.05,
            (false, false) => 1.0,
            _ => 0.05,
        }
    }

    /// Sets the positions of a row: those nearest to the wishes of its edges that keep the order and the gaps. This is least
    /// squares under an order; neighbours that clash are pooled.
    fn settle(&mut self, row: usize, links: impl Fn(usize) -> Vec<usize>) {
        let elements = &self.rows[row];
        // Blocks of elements that touch: weight, wanted position of the first element, number of elements.
        let mut blocks: Vec<(f64, f64, usize)> = vec![];
        let mut room = 0.0;
        let mut offsets = vec![];
        for (i, &e) in elements.iter().enumerate() {
            room += if i == 0 { 0.0 } else { self.apart(elements[i - 1], e) };
            offsets.push(room);
            let (mut weight, mut wanted) = (1e-3, 1e-3 * self.x[e]);
            for link in links(e) {
                let Link { above, below } = self.links[link];
                let boxed = |e: usize| self.items.get(e).is_some_and(|item| item.boxed);
                let (from, to) = match boxed(above.0) && boxed(below.0) {
                    true => (0.0, 0.0),
                    false => (above.1, below.1.unwrap_or(0.0)),
                };
                let position = match below.0 == e {
                    true => self.x[above.0] + from - to,
                    false => self.x[below.0] + to - from,
                };
                let w = self.pull(link, e);
                weight += w;
                wanted += w * position;
            }
            let mut block = (weight, wanted / weight - room, 1);
            while let Some(&(w, at, n)) = blocks.last().filter(|last| last.1 > block.1) {
                blocks.pop();
                block = (w + block.0, (w * at + block.0 * block.1) / (w + block.0), n + block.2);
            }
            blocks.push(block);
        }
        let mut i = 0;
        for (_, at, n) in blocks {
            for _ in 0..n {
                self.x[elements[i]] = at + offsets[i];
                i += 1;
            }
        }
    }

    /// Spreads the edges that end on one item over its top, in the order of their sources. An edge from right above becomes
    /// straight. Without such an edge, all are spread evenly.
    fn spread_ends(&mut self) {
        let mut arriving: Vec<Vec<usize>> = vec![vec![]; self.items.len()];
        for (l, link) in self.links.iter().enumerate().filter(|(_, link)| link.below.1.is_none()) {
            arriving[link.below.0].push(l);
        }
        for (item, links) in arriving.into_iter().enumerate().filter(|(_, links)| !links.is_empty()) {
            let from = |l: &usize| self.x[self.links[*l].above.0] + self.links[*l].above.1 - self.x[item];
            let mut links: Vec<(f64, usize)> = links.iter().map(|l| (from(l), *l)).listed();
            sort_by(&mut links, |a, b| a.0.total_cmp(&b.0));
            let (width, last) = (self.width[item], links.len() - 1);
            let step = (width * 0.7 / links.len() as f64).min(48.0);
            let position = |i: usize, first: f64| first + i as f64 * step;
            let even = -(last as f64) / 2.0 * step;
            let nearest = (0..links.len()).min_by(|&a, &b| links[a].0.abs().total_cmp(&links[b].0.abs()));
            let straight = nearest.map(|i| links[i].0 - i as f64 * step).filter(|&first| {
                let most = width / 2.0 - 12.0;
                position(0, first) >= -most && position(last, first) <= most
            });
            for (i, &(_, l)) in links.iter().enumerate() {
                self.links[l].below.1 = Some(position(i, straight.unwrap_or(even)));
            }
        }
    }

    /// Stacks the rows and makes the pieces between them.
    fn layered(&self, nets: usize) -> Layered {
        let end = |(e, at): (usize, f64)| self.x[e] + at;
        let mut sideways = vec![0.0f64; self.rows.len()];
        for link in &self.links {
            let far = (end(link.above) - end((link.below.0, link.below.1.unwrap_or(0.0)))).abs();
            let row = self.row_of[link.above.0];
            sideways[row] = sideways[row].max(far);
        }
        let tall = |row: &Vec<usize>| {
            row.iter().filter_map(|&e| self.items.get(e)).map(|item| item.height).fold(0.0, f64::max)
        };
        let (mut spans, mut y) = (vec![], 0.0);
        for (row, elements) in self.rows.iter().enumerate() {
            spans.push((y, y + tall(elements)));
            let ports = tall(elements) == 0.0 || self.rows.get(row + 1).is_some_and(|next| tall(next) == 0.0);
            let room = if ports { PORTS + sideways[row] / 4.0 } else { LEAST + sideways[row] / 10.0 };
            y += tall(elements) + room.min(MOST);
        }
        let corner = |i: usize| {
            let (top, bottom) = spans[self.row_of[i]];
            let item = &self.items[i];
            // An item without a source stands at the bottom of its row, near its targets.
            (self.x[i] - item.width / 2.0, if self.has_source[i] { top } else { bottom - item.height })
        };
        let corners: Vec<(f64, f64)> = (0..self.items.len()).map(corner).listed();
        let mut courses = vec![vec![]; nets];
        for (link, &(net, target)) in self.links.iter().zip(&self.ends) {
            let (above, below) = (link.above.0, link.below.0);
            let (upper, lower) = (spans[self.row_of[above]], spans[self.row_of[below]]);
            let from = corners.get(above).map_or(upper.0, |c| c.1 + self.items[above].height);
            let to = corners.get(below).map_or(lower.0, |c| c.1);
            courses[net].push(Piece {
                from: (end(link.above), from),
                between: (upper.1, lower.0),
                to: (end((below, link.below.1.unwrap_or(0.0))), to),
                target,
            });
        }
        let right = |e: usize| self.x[e] + self.width[e] / 2.0;
        let width = (0..self.x.len()).map(right).fold(0.0, f64::max);
        Layered { corners, width, height: spans.last().map_or(0.0, |span| span.1), courses }
    }
}
