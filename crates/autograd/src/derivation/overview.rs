//! A large computation on one page: shapes and sizes, what each parameter is given, one entry in full.

use super::document::{Block, Grid, Run, math, text};
use super::entry::{Entry, write_alone};
use super::page::{Page, number_text, plain_number, shape_text, size, with_shapes};
use super::steps::{Way, folded};
use crate::ir::{NodeId, Op};
use crate::lists::{IntoList, OrderedMap};
use crate::symbol::{Expr, Index, slope, sum, title};
use crate::table::Unary;

pub(super) fn write(page: &mut Page<'_>) {
    let ways = page.ways();
    opening(page);
    both_ways(page, &ways);
    let largest = given(page, &ways);
    if let Some(entry) = largest {
        let from_data = page.model.milestones.leaves.contains(&entry.reads());
        write_alone(page, &entry, from_data);
    }
    rules(page, &ways);
}

fn opening(page: &mut Page<'_>) {
    let output = page.model.output;
    let sizes = layer_sizes(page);
    let on = page.model.milestones.rows.map(|n| format!(" on {n} samples, a row each")).unwrap_or_default();
    let mut runs = match sizes.len() {
        0 => vec![text("The computation of "), math(Expr::Value(output)), text(format!("{on}. "))],
        _ => vec![text(format!("The network {}{on}. ", sizes.join(" → ")))],
    };
    runs.extend([Run::Equation(Expr::Value(output), page.model.formula(output), Index::Whole)]);
    if let Some(value) = page.value(output) {
        runs.extend([text(" = "), math(value)]);
    }
    page.blocks.push(Block::Prose(runs));
    page.blocks.push(Block::Gap);
}

/// The widths of a chain of affine layers; nothing if the layers are no chain.
fn layer_sizes(page: &Page<'_>) -> Vec<String> {
    let mut sizes: Vec<usize> = vec![];
    let affine = page.model.milestones.inner.iter().filter(|id| page.model.milestones.affine.contains(id));
    for &id in affine {
        let weights = page.model.operands(id);
        let weight = weights.iter().find_map(|&w| {
            match (page.model.milestones.leaves.contains(&w), page.model.shape(w)) {
                (true, &[from, to]) if !page.model.is_by_row(w) => Some([from, to]),
                _ => None,
            }
        });
        let Some([from, to]) = weight else { return vec![] };
        match sizes.last() {
            None => sizes.extend([from, to]),
            Some(&last) if last == from => sizes.push(to),
            Some(_) => return vec![],
        }
    }
    sizes.iter().map(usize::to_string).listed()
}

/// Values down the left side, derivatives up the right side.
fn both_ways(page: &mut Page<'_>, ways: &OrderedMap<NodeId, Vec<Way>>) {
    let inner = page.model.milestones.inner.iter().copied().filter(|&id| id != page.model.output);
    let all: Vec<NodeId> = inner.listed();
    let has_adjoint = |id: &NodeId| ways.contains_key(id);
    let count = all.iter().filter(|id| has_adjoint(id)).count();
    let mut up = all.len() + count + page.next;
    let mut rows = vec![];
    for &id in &all {
        let mut row = vec![
            vec![Run::Equation(Expr::Value(id), short_formula(page, id), Index::Whole)],
            vec![text(format!("({})", page.number()))],
            vec![text(shape_text(page.model.shape(id)))],
            page.numbers
                .and_then(|_| page.model.value(id))
                .map(|v| vec![number_text(size(&v))])
                .unwrap_or_default(),
        ];
        if let Some(ways) = ways.get(&id) {
            up -= 1;
            let term = sum(ways.iter().map(|way| short_term(way, id)));
            row.push(vec![Run::Equation(Expr::Adjoint(id), term, Index::Whole)]);
            row.push(vec![text(format!("({up})"))]);
            row.push(page.adjoint_values(id).map(|v| vec![number_text(size(&v))]).unwrap_or_default());
        }
        rows.push(row);
    }
    page.next += count;
    if rows.is_empty() {
        return;
    }
    let (rows, left_out) = folded(&rows);
    let head = ["Forward", "", "shape", "size", "Backward", "", "size"].map(|word| vec![text(word)]);
    page.blocks.push(Block::Grid(Grid { head: head.to_vec(), rows, right: vec![3, 6], adds_up: false }));
    page.say_folded(left_out);
    page.remark("  (size: root mean square; read the left side down and the right side up)");
}

/// The longest formula of a cell, in symbols.
const CELL: usize = 22;

/// The formula of a value, or what it is a function of.
fn short_formula(page: &Page<'_>, id: NodeId) -> Expr {
    let formula = page.model.formula(id);
    if formula.size() <= CELL {
        return formula;
    }
    let mut operands: Vec<Expr> = page.model.operands(id).into_iter().map(Expr::Value).listed();
    if operands.len() > 4 {
        operands.truncate(3);
        operands.push(Expr::Op("…".to_owned(), vec![]));
    }
    Expr::Op("f".to_owned(), operands)
}

/// What comes back through a milestone, by the name of the local derivative where its formula is long.
fn short_term(way: &Way, of: NodeId) -> Expr {
    if way.term.size() <= CELL {
        return way.term.clone();
    }
    Expr::Product(vec![Expr::Adjoint(way.through), Expr::Local(way.through, of)])
}

/// What each leaf is given; the entry of a matrix with the largest derivative.
fn given(page: &mut Page<'_>, ways: &OrderedMap<NodeId, Vec<Way>>) -> Option<Entry> {
    let leaves = page.model.milestones.leaves.clone();
    let asked: Vec<NodeId> = page.model.adjoints().into_iter().filter(|id| leaves.contains(id)).listed();
    let all =
        page.model.milestones.rows.map(|n| format!(": all {n} rows use it, and what they hand on adds up"));
    page.heading(vec![text(format!("What each parameter is given{}", all.unwrap_or_default()))]);
    let mut largest: Option<Entry> = None;
    let mut rows = vec![];
    for q in asked {
        let Some(ways) = ways.get(&q) else { continue };
        let term = sum(ways.iter().map(|way| short_term(way, q)));
        let shape = shape_text(page.model.shape(q));
        let shapes = match &term {
            Expr::Matrix(..) => vec![text(shape + " = "), math(with_shapes(&page.model, &term))],
            _ => vec![text(shape)],
        };
        if let Expr::Matrix(a, g, _) = &term {
            let found = page.entry_of(q, a, g);
            let asked = |entry: &Option<(NodeId, Vec<usize>)>| entry.as_ref().is_some_and(|(of, _)| *of == q);
            let better = |entry: &Entry| {
                asked(&page.entry)
                    || (page.entry.is_none() && largest.as_ref().is_none_or(|l| entry.size() > l.size()))
            };
            if let Some(entry) = found.filter(better) {
                largest = Some(entry);
            }
        }
        let mut row = vec![vec![Run::Equation(Expr::Adjoint(q), term, Index::Whole)], shapes];
        if let Some(values) = page.adjoint_values(q) {
            row.push(vec![number_text(size(&values))]);
            row.push(largest_at(page.model.shape(q), &values));
        }
        rows.push(row);
    }
    let (rows, left_out) = folded(&rows);
    page.blocks.push(Block::Grid(Grid { rows, right: vec![2], ..Grid::default() }));
    page.say_folded(left_out);
    largest
}

fn largest_at(shape: &[usize], values: &[f64]) -> Vec<Run> {
    let larger = |best: usize, k: usize| if values[k].abs() > values[best].abs() { k } else { best };
    let Some(&value) = values.get((0..values.len()).fold(0, larger)) else { return vec![] };
    let mut rest = (0..values.len()).fold(0, larger);
    let mut index = vec![];
    for &n in shape.iter().rev() {
        index.insert(0, (rest % n.max(1)).to_string());
        rest /= n.max(1);
    }
    match index.is_empty() {
        true => vec![],
        false => vec![text(format!("largest at [{}]: {}", index.join(", "), plain_number(value)))],
    }
}

/// The rules that the page uses, each once.
fn rules(page: &mut Page<'_>, ways: &OrderedMap<NodeId, Vec<Way>>) {
    let terms = || ways.iter().flat_map(|(_, ways)| ways).map(|way| &way.term);
    let product = terms().any(|e| e.has(&|part| matches!(part, Expr::Matrix(..))));
    let functions = functions(page);
    if !product && functions.is_empty() {
        return;
    }
    page.heading(vec![text("The rules, each once")]);
    if product {
        let [a, b, c] = ["A", "B", "C"].map(|name| page.symbol(name, String::new(), vec![]));
        let of = |x: Expr, y: Expr| Expr::Matrix(Box::new(x), Box::new(y), vec![]);
        let turned = |x: NodeId| Expr::Transposed(Box::new(Expr::Value(x)));
        let [da, db, dc] = [a, b, c].map(Expr::Adjoint);
        let both = |left: Expr, right: Expr| Run::Equation(left, right, Index::Whole);
        page.blocks.push(Block::Prose(vec![
            text("  "),
            both(Expr::Value(c), of(Expr::Value(a), Expr::Value(b))),
            text(":   "),
            both(da, of(dc.clone(), turned(b))),
            text(",  "),
            both(db, of(turned(a), dc)),
            text("     (a product of matrices)"),
        ]));
    }
    for f in functions {
        let [x, y] = ["x", "y"].map(|name| Expr::Value(page.symbol(name, String::new(), vec![])));
        let applied = Expr::Apply(f, Box::new(x.clone()));
        let slope = slope(f, &x, &y);
        if matches!(slope, Expr::Op(..)) {
            continue;
        }
        let prime = Expr::Op("y′".to_owned(), vec![]);
        let runs = [
            text("  "),
            Run::Equation(y, applied, Index::Whole),
            text(":  "),
            Run::Equation(prime, slope, Index::Entry(0)),
        ];
        page.blocks.push(Block::Prose(runs.to_vec()));
    }
    page.blocks.push(Block::Prose(vec![text("  ∘ multiplies entry by entry")]));
}

/// The functions of one argument on the way, in the order of the tape.
fn functions(page: &Page<'_>) -> Vec<Unary> {
    let mut all: Vec<Unary> = vec![];
    for &m in page.model.milestones.inner.iter().filter(|&&m| page.model.is_on_path(m)) {
        for id in page.model.segment(m) {
            let Op::Unary(f) = page.model.node(id).op else { continue };
            let trivial =
                matches!(f, Unary::Neg | Unary::Square | Unary::Recip | Unary::Powf(_) | Unary::Exp);
            if !trivial && page.model.is_on_path(id) && all.iter().all(|known| title(*known) != title(f)) {
                all.push(f);
            }
        }
    }
    all.truncate(12);
    all
}
