//! A batch: what happens in row i, and what all rows share.

use super::document::{Block, Grid, Line, Run, math, text};
use super::page::{Page, number_text, shape_text, shown, size, with_shapes};
use super::steps::{Way, folded, several_ways};
use crate::ir::{NodeId, Op};
use crate::lists::{IntoList, sort_by};
use crate::symbol::{Expr, Index, product};

/// The most rows of a table.
const ROWS: usize = 8;

pub(super) fn write(page: &mut Page<'_>, rows: usize) {
    page.heading(vec![text(format!("Forward: what was computed, for {rows} samples, a row each"))]);
    let (milestones, left_out) = folded(&page.model.milestones.inner.iter().copied().listed());
    let lines = milestones.into_iter().map(|m| forward_line(page, m)).listed();
    page.blocks.push(Block::Lines(lines));
    page.say_folded(left_out);
    table_of_values(page, rows);

    let ways = page.ways();
    let (by_row, mut shared): (Vec<NodeId>, Vec<NodeId>) =
        page.model.adjoints().into_iter().partition(|&id| comes_first(page, id));
    let is_product = |q: &NodeId| {
        ways.get(q).is_some_and(|ways| ways.iter().any(|way| matches!(way.term, Expr::Matrix(..))))
    };
    let key = |q: &NodeId| (std::cmp::Reverse(ways.get(q).map(|ways| ways[0].through)), is_product(q));
    sort_by(&mut shared, |a, b| key(a).cmp(&key(b)));
    let asked: Vec<NodeId> = page.model.asked.iter().copied().filter(|id| shared.contains(id)).listed();
    let mut heading = vec![text("Backward: rows have nothing to do with each other until ")];
    heading.extend(if asked.len() > 3 { vec![text("the parameters")] } else { page.names(&asked) });
    heading.push(text(", which all of them use"));
    page.heading(heading);
    let (by_row, left_out) = folded(&by_row);
    let mut lines = vec![];
    for &q in &by_row {
        let Some(ways) = ways.get(&q) else { continue };
        lines.push(row_line(page, q, ways));
    }
    page.blocks.push(Block::Lines(lines));
    page.say_folded(left_out);
    table_of_adjoints(page, &by_row, rows);
    page.blocks.push(Block::Gap);
    let (shared, left_out) = folded(&shared);
    for &q in &shared {
        let Some(ways) = ways.get(&q) else { continue };
        shared_lines(page, q, ways, rows);
    }
    page.say_folded(left_out);
}

/// Rows, and what lies between the output and the rows: other lines use it.
fn comes_first(page: &Page<'_>, id: NodeId) -> bool {
    page.model.is_by_row(id) || page.model.milestones.inner.contains(&id)
}

fn forward_line(page: &mut Page<'_>, m: NodeId) -> Line {
    let formula = page.model.formula(m);
    let n = page.number();
    let line = Line::of(Expr::Value(m), [formula.clone()], Index::Whole);
    if !page.model.is_by_row(m) {
        let note = is_mean(&formula).then(|| vec![text("the mean of the rows")]);
        let size = page.size_note(m, page.numbers.and_then(|_| page.model.value(m)));
        return line.also(page.value(m), Index::Whole).note(note).note(size).numbered(n);
    }
    let shapes = match formula.has(&|part| matches!(part, Expr::Matrix(..))) {
        true => vec![text(shape_text(page.model.shape(m)) + " = "), math(with_shapes(&page.model, &formula))],
        false => vec![text(shape_text(page.model.shape(m)))],
    };
    let row = vec![Run::Equation(Expr::Value(m), formula, Index::Row)];
    line.note(shapes).note(row).numbered(n)
}

fn is_mean(formula: &Expr) -> bool {
    match formula {
        Expr::Product(all) => {
            matches!(all.first(), Some(Expr::Share(_))) && matches!(all.last(), Some(Expr::Total { .. }))
        }
        _ => false,
    }
}

/// A column of numbers, one cell for each row.
struct Column {
    head: Vec<Run>,
    values: Vec<f64>,
    by_number: bool,
}

impl Column {
    fn cell(&self, row: usize, rows: usize) -> Vec<Run> {
        let width = self.values.len() / rows;
        let values = &self.values[row * width..(row + 1) * width];
        match shown(values, &[]) {
            Some(e) => vec![Run::Math(e, Index::Whole)],
            None => vec![text("size "), number_text(size(values))],
        }
    }
}

fn table(page: &mut Page<'_>, columns: &[Column], rows: usize) {
    let few = if rows <= ROWS { rows } else { ROWS - 2 };
    let mut grid = Grid { head: vec![vec![text("i")]], ..Grid::default() };
    grid.head.extend(columns.iter().map(|c| c.head.clone()));
    for i in 0..few {
        let cells = columns.iter().map(|c| c.cell(i, rows));
        grid.rows.push([vec![text((i + 1).to_string())]].into_iter().chain(cells).listed());
    }
    grid.right = (0..columns.len()).filter(|&i| columns[i].by_number).map(|i| i + 1).listed();
    page.blocks.push(Block::Gap);
    page.blocks.push(Block::Grid(grid));
    if rows > few {
        page.remark(format!("  … {} rows more", rows - few));
    }
}

fn table_of_values(page: &mut Page<'_>, rows: usize) {
    if page.numbers.is_none() {
        return;
    }
    let leaves = page.model.milestones.leaves.iter().chain(&page.model.milestones.inner);
    let named: Vec<NodeId> = leaves.copied().filter(|&id| page.model.is_by_row(id)).listed();
    let mut columns = vec![];
    for id in named.into_iter().take(6) {
        let Some(values) = page.model.value(id) else { continue };
        let by_number = values.len() == rows;
        columns.push(Column { head: vec![Run::Math(Expr::Value(id), Index::Row)], values, by_number });
    }
    let formulas = page.model.formulas(page.model.output);
    let summed = page.model.segment(page.model.output).into_iter().find_map(|id| {
        let node = page.model.node(id);
        matches!(node.op, Op::Sum(_)).then(|| node.inputs[0])
    });
    let summed = summed.filter(|&id| page.model.shape(id).iter().product::<usize>() == rows);
    if let Some((formula, values)) = summed.and_then(|id| Some((formulas.get(&id)?, page.model.value(id)?))) {
        columns.push(Column { head: vec![Run::Math(formula.clone(), Index::Row)], values, by_number: true });
    }
    table(page, &columns, rows);
}

fn table_of_adjoints(page: &mut Page<'_>, by_row: &[NodeId], rows: usize) {
    let mut columns = vec![];
    for &id in by_row.iter().filter(|&&id| page.model.is_by_row(id)).take(6) {
        let Some(values) = page.adjoint_values(id) else { continue };
        let by_number = values.len() == rows;
        columns.push(Column { head: vec![Run::Math(Expr::Adjoint(id), Index::Row)], values, by_number });
    }
    if !columns.is_empty() {
        table(page, &columns, rows);
    }
}

fn row_line(page: &mut Page<'_>, q: NodeId, ways: &[Way]) -> Line {
    let n = page.number();
    let [way] = ways else { return several_ways(page, q, ways).numbered(n) };
    let share = match &way.term {
        Expr::Product(all) => all.iter().find(|e| matches!(e, Expr::Share(_))).cloned(),
        _ => None,
    };
    let note = match share {
        Some(share) => Some(vec![math(share), text(" is the mean's")]),
        None => page.derivation_note(&way.functions, n),
    };
    let value = page.adjoint(q).filter(|_| !page.model.is_by_row(q) && way.term.number().is_none());
    Line::of(Expr::Adjoint(q), [way.term.clone()], Index::Row)
        .also(value, Index::Whole)
        .note(note)
        .numbered(n)
}

/// The lines of a value that all rows use.
fn shared_lines(page: &mut Page<'_>, q: NodeId, ways: &[Way], rows: usize) {
    let n = page.number();
    let [way] = ways else {
        let line = several_ways(page, q, ways).also(page.adjoint(q), Index::Whole).numbered(n);
        return page.blocks.push(Block::Lines(vec![line]));
    };
    let value = page.adjoint(q);
    let left = Expr::Adjoint(q);
    match &way.term {
        Expr::Matrix(a, g, shape) if matches!(**a, Expr::Transposed(_)) => {
            let shapes = Expr::Matrix(
                Box::new(with_shapes(&page.model, a)),
                Box::new(with_shapes(&page.model, g)),
                vec![],
            );
            let note = vec![text(shape_text(page.model.shape(q)) + " = "), math(shapes)];
            let sum = over_rows(a, g, shape, rows);
            let line = Line::of(left, [sum, way.term.clone()], Index::Whole).note(note).numbered(n);
            let mut lines = vec![line];
            lines.extend(value.map(|value| Line::more([value], Index::Whole)));
            page.blocks.push(Block::Lines(lines));
            super::entry::write(page, q, a, g, rows);
        }
        Expr::Total { axes, shape, body } if axes[..] == [0] => {
            let shown_body = match &**body {
                Expr::Adjoint(_) => Expr::Product(vec![(**body).clone(), Expr::Datum(1.0)]),
                e => e.clone(),
            };
            let sum = Expr::Total { axes: vec![0], shape: shape.clone(), body: Box::new(shown_body) };
            let mut note = vec![text(format!("{rows} rows use ")), math(Expr::Value(q))];
            note.push(text(": what they hand on adds up"));
            let mut lines = vec![Line::of(left, [sum], Index::Whole).note(note).numbered(n)];
            let terms = match &**body {
                Expr::Adjoint(id) => {
                    page.adjoint_values(*id).filter(|all| all.len() == rows && rows <= super::page::SHOWN)
                }
                _ => None,
            };
            let terms = terms.map(|all| Expr::Sum(all.into_iter().map(Expr::Datum).listed()));
            let sides: Vec<Expr> = terms.into_iter().chain(value).listed();
            if !sides.is_empty() {
                lines.push(Line::more(sides, Index::Whole));
            }
            page.blocks.push(Block::Lines(lines));
        }
        term => {
            let size = page.size_note(q, page.adjoint_values(q));
            let line = Line::of(left, [term.clone()], page.index(q)).also(value, Index::Whole);
            page.blocks.push(Block::Lines(vec![line.note(size).numbered(n)]));
        }
    }
}

/// Aᵀ·G as a sum over rows.
fn over_rows(a: &Expr, g: &Expr, shape: &[usize], rows: usize) -> Expr {
    let Expr::Transposed(a) = a else { return a.clone() };
    let columns = shape.last().copied().unwrap_or(1);
    let body = match columns {
        1 => product([(**a).clone(), g.clone()]),
        _ => Expr::Matrix(Box::new(Expr::Transposed(a.clone())), Box::new(g.clone()), shape.to_vec()),
    };
    Expr::Total { axes: vec![0], shape: vec![rows, columns], body: Box::new(body) }
}
