//! One line for each adjoint, made of those before it.

use super::document::{Block, Grid, Line, Run, math, text};
use super::full::without_adjoint;
use super::model::{Contribution, total};
use super::page::{Page, number_text, plain_number, shape_text, shown, size, with_shapes};
use crate::ir::{NodeId, Op};
use crate::symbol::{Expr, Index, product};
use std::collections::HashMap;

/// The most lines of a part of a page.
pub(super) const LINES: usize = 48;

/// The most rows of a table.
const ROWS: usize = 8;

/// A way in which a value acts on the output.
pub(super) struct Way {
    /// The milestone that reads it.
    pub(super) through: NodeId,
    /// ∂through/∂x, where the derivative is ∂output/∂through times that.
    pub(super) local: Option<Expr>,
    /// What is handed back in this way.
    pub(super) term: Expr,
    pub(super) functions: Vec<&'static str>,
}

impl Page<'_> {
    /// The ways in which each value acts, by what reads it.
    pub(super) fn ways(&self) -> HashMap<NodeId, Vec<Way>> {
        let mut ways: HashMap<NodeId, Vec<Way>> = HashMap::new();
        let on_path = self.model.milestones.inner.iter().rev().filter(|&&m| self.model.is_on_path(m));
        for &through in on_path {
            let is_output = through == self.model.output;
            for Contribution { to, terms, functions } in
                self.model.contributions(through, Expr::Adjoint(through))
            {
                let locals: Option<Vec<Expr>> =
                    terms.iter().map(|term| without_adjoint(term, through)).collect();
                let local = locals.map(|all| total(&all));
                let term = match (is_output, &local) {
                    (true, Some(local)) => local.clone(),
                    (true, None) => without_seed(&total(&terms), through),
                    (false, _) => total(&terms),
                };
                ways.entry(to).or_default().push(Way { through, local, term, functions });
            }
        }
        ways
    }

    pub(super) fn index(&self, id: NodeId) -> Index {
        if self.model.is_by_row(id) { Index::Row } else { Index::Whole }
    }

    pub(super) fn names(&self, ids: &[NodeId]) -> Vec<Run> {
        let mut runs = vec![];
        for (i, &id) in ids.iter().enumerate() {
            runs.extend((i > 0).then(|| text(if i + 1 == ids.len() { " and " } else { ", " })));
            runs.push(math(Expr::Value(id)));
        }
        runs
    }

    /// The largest adjoint of a tensor in words, where it is too long to be shown.
    pub(super) fn size_note(&self, id: NodeId, values: Option<Vec<f64>>) -> Option<Vec<Run>> {
        let values = values.filter(|all| shown(all).is_none())?;
        Some(vec![text(format!(
            "{}, size {}",
            shape_text(self.model.shape(id)),
            plain_number(size(&values))
        ))])
    }
}

/// The derivative of the output by itself is 1.
fn without_seed(e: &Expr, output: NodeId) -> Expr {
    match e {
        Expr::Adjoint(id) if *id == output => Expr::ONE,
        Expr::Product(all) => product(all.iter().map(|e| without_seed(e, output))),
        e => e.map(&mut |part| without_seed(part, output)),
    }
}

pub(super) fn write(page: &mut Page<'_>) {
    let rows = page
        .model
        .milestones
        .rows
        .filter(|_| page.model.adjoints().iter().any(|&id| page.model.is_by_row(id)));
    match rows {
        Some(rows) => write_rows(page, rows),
        None => write_single(page),
    }
}

/// The lines of a part, cut in the middle where there are too many.
pub(super) fn folded<T: Clone>(all: &[T]) -> (Vec<T>, usize) {
    if all.len() <= LINES {
        return (all.to_vec(), 0);
    }
    let ends = [&all[..LINES / 2], &all[all.len() - LINES / 2..]].concat();
    (ends, all.len() - LINES)
}

fn write_single(page: &mut Page<'_>) {
    page.heading(vec![text("Forward: what was computed")]);
    let (milestones, left_out) = folded(&page.model.milestones.inner.iter().copied().collect::<Vec<_>>());
    let mut lines = vec![];
    for m in milestones {
        let note = page.size_note(m, page.numbers.and_then(|_| page.model.value(m)));
        let line =
            Line::of(Expr::Value(m), [page.model.formula(m)], Index::Whole).also(page.value(m), Index::Whole);
        lines.push(line.note(note).numbered(page.number()));
    }
    page.blocks.push(Block::Lines(lines));
    page.say_folded(left_out);
    let ways = page.ways();
    let adjoints = page.model.adjoints();
    let heading = vec![text("Backward: from "), math(Expr::Value(page.model.output)), text(" to its inputs")];
    page.heading(heading);
    if let (Some(Block::Heading(_, prose)), true) = (page.blocks.last_mut(), adjoints.len() > 2) {
        *prose = Some(
            "Each line takes a derivative that is known by now and multiplies it by one local derivative.",
        );
    }
    let mut uses: Vec<(NodeId, usize)> = vec![];
    let (adjoints, left_out) = folded(&adjoints);
    let mut lines = vec![];
    for &q in &adjoints {
        let Some(ways_of_q) = ways.get(&q) else { continue };
        lines.extend(adjoint_lines(page, q, ways_of_q, &ways, &mut uses));
    }
    page.blocks.push(Block::Lines(lines));
    page.say_folded(left_out);
    most_used(page, &uses);
    written_out(page, &ways);
}

impl Page<'_> {
    pub(super) fn say_folded(&mut self, left_out: usize) {
        if left_out > 0 {
            self.remark(format!("  {left_out} lines in the middle are left out."));
        }
    }
}

fn adjoint_lines(
    page: &mut Page<'_>,
    q: NodeId,
    ways: &[Way],
    all: &HashMap<NodeId, Vec<Way>>,
    uses: &mut Vec<(NodeId, usize)>,
) -> Vec<Line> {
    let n = page.number();
    uses.extend(ways.iter().filter(|way| way.through != page.model.output).map(|way| (way.through, n)));
    let size_note = page.size_note(q, page.adjoint_values(q));
    let value = page.adjoint(q);
    match ways {
        [way] => {
            let note = page.derivation_note(&way.functions, n);
            let line = Line::of(Expr::Adjoint(q), one_way(page, q, way), Index::Whole);
            vec![line.also(value, Index::Whole).note(note).note(size_note).numbered(n)]
        }
        ways => {
            let mut lines = vec![several_ways(page, q, ways).note(size_note).numbered(n)];
            let spelled: Vec<Expr> = ways.iter().map(|way| spelled_out(page, way, all)).collect();
            if !page.model.is_by_row(q) && spelled.len() <= 4 {
                let spelled = Expr::Sum(spelled);
                let numbers = page.with_numbers(&spelled);
                lines.push(Line::more([spelled], Index::Whole).numbered(page.number()));
                let sides: Vec<Expr> = numbers.into_iter().chain(value).collect();
                if !sides.is_empty() {
                    lines.push(Line::more(sides, Index::Whole));
                }
            }
            lines
        }
    }
}

/// The derivative through one milestone: as a product of derivatives, and with the local one as a formula.
fn one_way(page: &Page<'_>, q: NodeId, way: &Way) -> Vec<Expr> {
    if way.through == page.model.output {
        return vec![way.term.clone()];
    }
    let adjoint = Expr::Adjoint(way.through);
    match &way.local {
        Some(local) => {
            let by_name = Expr::Product(vec![adjoint.clone(), Expr::Local(way.through, q)]);
            let by_formula = match local {
                Expr::Number(1.0) => Expr::Product(vec![adjoint, Expr::Datum(1.0)]),
                _ => way.term.clone(),
            };
            vec![by_name, by_formula]
        }
        None => vec![way.term.clone()],
    }
}

/// The sum of what comes back in several ways, with a name below each.
pub(super) fn several_ways(page: &Page<'_>, q: NodeId, ways: &[Way]) -> Line {
    let index = page.index(q);
    let output = page.model.output;
    let term = |way: &Way| match (&way.local, way.through == output) {
        (Some(_), false) if index == Index::Whole => {
            Expr::Product(vec![Expr::Adjoint(way.through), Expr::Local(way.through, q)])
        }
        _ => way.term.clone(),
    };
    let name = |way: &Way| match page.label(way.through) {
        _ if way.through == output => "directly".to_owned(),
        Some(label) => format!("through {}{}", label.base, label.sub),
        None => String::new(),
    };
    let most = ways.len().min(6);
    let mut terms: Vec<Expr> = ways[..most].iter().map(term).collect();
    if ways.len() > most {
        terms.push(Expr::Op(format!("… {} more", ways.len() - most), vec![]));
    }
    let mut line = Line::of(Expr::Adjoint(q), [Expr::Sum(terms)], index);
    line.ways = ways[..most].iter().map(name).collect();
    let runs = vec![
        math(Expr::Value(q)),
        text(" acts on "),
        math(Expr::Value(output)),
        text(format!(" in {} ways: they add up", ways.len())),
    ];
    line.note(runs)
}

/// A term with the formula of an adjoint that is short, instead of its name.
fn spelled_out(page: &Page<'_>, way: &Way, all: &HashMap<NodeId, Vec<Way>>) -> Expr {
    let short = all.get(&way.through).and_then(|ways| match &ways[..] {
        [above] if above.through == page.model.output && above.term.size() <= 3 => Some(above.term.clone()),
        _ => None,
    });
    match (&way.local, short) {
        (Some(local), Some(above)) => product([above, local.clone()]),
        _ => way.term.clone(),
    }
}

/// The adjoint that most lines use.
fn most_used(page: &mut Page<'_>, uses: &[(NodeId, usize)]) {
    let count = |id: NodeId| uses.iter().filter(|(of, _)| *of == id).count();
    let Some(most) = uses.iter().map(|(id, _)| count(*id)).max().filter(|&n| n > 1) else { return };
    let Some(&(id, _)) = uses.iter().find(|(id, _)| count(*id) == most) else { return };
    let mut lines: Vec<String> =
        uses.iter().filter(|(of, _)| *of == id).map(|(_, n)| format!("({n})")).collect();
    let times = match most {
        2 => "twice".to_owned(),
        3 => "three times".to_owned(),
        4 => "four times".to_owned(),
        n => format!("{n} times"),
    };
    if lines.len() > 6 {
        lines.truncate(5);
        lines.push("others".to_owned());
    }
    let last = lines.pop().unwrap_or_default();
    let words = format!(
        " was computed once and used {times}, by {} and {last}: that is backpropagation.",
        lines.join(", ")
    );
    page.blocks.push(Block::Remark(vec![math(Expr::Adjoint(id)), text(words)]));
}

/// The longest way to an asked value, as one product.
fn written_out(page: &mut Page<'_>, ways: &HashMap<NodeId, Vec<Way>>) {
    let output = page.model.output;
    let path = |mut at: NodeId| {
        let mut factors = vec![];
        while at != output {
            let [way] = &ways.get(&at)?[..] else { return None };
            let name = if way.through == output { Expr::Adjoint(at) } else { Expr::Local(way.through, at) };
            let local = way.local.clone()?;
            let number = match page.numbers {
                Some(_) => page.local(way.through, at)?,
                None => Expr::Op(String::new(), vec![]),
            };
            factors.insert(0, [local, name, number]);
            at = way.through;
        }
        Some(factors)
    };
    let mut longest: Option<(NodeId, Vec<[Expr; 3]>)> = None;
    for &q in &page.model.asked {
        let Some(found) = path(q) else { continue };
        if found.len() > longest.as_ref().map_or(2, |(_, factors)| factors.len()) {
            longest = Some((q, found));
        }
    }
    let Some((q, factors)) = longest.filter(|(_, factors)| factors.len() <= 8) else { return };
    let heading =
        vec![text("Written out, from "), math(Expr::Value(output)), text(" to "), math(Expr::Value(q))];
    page.heading(heading);
    let number = Some(page.number());
    page.blocks.push(Block::Braces { left: Expr::Adjoint(q), factors, number });
}

// A batch: row i, and what all rows share.

fn write_rows(page: &mut Page<'_>, rows: usize) {
    page.heading(vec![text(format!("Forward: what was computed, for {rows} samples, a row each"))]);
    let (milestones, left_out) = folded(&page.model.milestones.inner.iter().copied().collect::<Vec<_>>());
    let lines = milestones.into_iter().map(|m| forward_line(page, m)).collect();
    page.blocks.push(Block::Lines(lines));
    page.say_folded(left_out);
    table_of_values(page, rows);

    let ways = page.ways();
    let (by_row, mut shared): (Vec<NodeId>, Vec<NodeId>) =
        page.model.adjoints().into_iter().partition(|&id| page.model.is_by_row(id));
    let is_product = |q: &NodeId| {
        ways.get(q).is_some_and(|ways| ways.iter().any(|way| matches!(way.term, Expr::Matrix(..))))
    };
    shared.sort_by_key(|q| (std::cmp::Reverse(ways.get(q).map(|ways| ways[0].through)), is_product(q)));
    let asked: Vec<NodeId> = page.model.asked.iter().copied().filter(|id| shared.contains(id)).collect();
    let mut heading = vec![text("Backward: rows have nothing to do with each other until ")];
    heading.extend(if asked.len() > 3 { vec![text("the parameters")] } else { page.names(&asked) });
    heading.push(text(if asked.len() == 1 {
        ", which all of them use".to_owned()
    } else {
        ", which all of them use".to_owned()
    }));
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
        Expr::Neg(e) => is_mean(e),
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
        match shown(values) {
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
        grid.rows.push([vec![text((i + 1).to_string())]].into_iter().chain(cells).collect());
    }
    grid.right = (0..columns.len()).filter(|&i| columns[i].by_number).map(|i| i + 1).collect();
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
    let named: Vec<NodeId> = leaves.copied().filter(|&id| page.model.is_by_row(id)).collect();
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
    if let Some(id) = summed.filter(|&id| page.model.shape(id).iter().product::<usize>() == rows) {
        if let (Some(formula), Some(values)) = (formulas.get(&id), page.model.value(id)) {
            columns.push(Column {
                head: vec![Run::Math(formula.clone(), Index::Row)],
                values,
                by_number: true,
            });
        }
    }
    table(page, &columns, rows);
}

fn table_of_adjoints(page: &mut Page<'_>, by_row: &[NodeId], rows: usize) {
    let mut columns = vec![];
    for &id in by_row.iter().take(6) {
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
    Line::of(Expr::Adjoint(q), [way.term.clone()], Index::Row).note(note).numbered(n)
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
            let terms = terms.map(|all| Expr::Sum(all.into_iter().map(Expr::Datum).collect()));
            let sides: Vec<Expr> = terms.into_iter().chain(value).collect();
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
