//! One line for each adjoint, made of those before it.

use super::document::{Block, Line, Run, math, text};
use super::full::without_adjoint;
use super::model::{Contribution, total};
use super::page::{Page, plain_number, shape_text, shown, size};
use crate::ir::NodeId;
use crate::lists::{IntoList, OrderedMap};
use crate::symbol::{Expr, Index, product};

/// The most lines of a part of a page.
pub(super) const LINES: usize = 48;

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
    pub(super) fn ways(&self) -> OrderedMap<NodeId, Vec<Way>> {
        let mut ways: OrderedMap<NodeId, Vec<Way>> = OrderedMap::default();
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
                ways.or_insert_with(to, Vec::new).push(Way { through, local, term, functions });
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
        let values = values.filter(|all| shown(all, &[]).is_none())?;
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

/// The lines of a part, cut in the middle where there are too many.
pub(super) fn folded<T: Clone>(all: &[T]) -> (Vec<T>, usize) {
    if all.len() <= LINES {
        return (all.to_vec(), 0);
    }
    let ends = [&all[..LINES / 2], &all[all.len() - LINES / 2..]].concat();
    (ends, all.len() - LINES)
}

/// One sample: forward, then backward.
pub(super) fn write(page: &mut Page<'_>) {
    page.heading(vec![text("Forward: what was computed")]);
    let (milestones, left_out) = folded(&page.model.milestones.inner.iter().copied().listed());
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
    all: &OrderedMap<NodeId, Vec<Way>>,
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
            let spelled: Vec<Expr> = ways.iter().map(|way| spelled_out(page, way, all)).listed();
            if !page.model.is_by_row(q) && spelled.len() <= 4 {
                let spelled = Expr::Sum(spelled);
                let numbers = page.with_numbers(&spelled);
                lines.push(Line::more([spelled], Index::Whole).numbered(page.number()));
                let sides: Vec<Expr> = numbers.into_iter().chain(value).listed();
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
        Some(label) => format!("through {}", label.plain()),
        None => String::new(),
    };
    let most = ways.len().min(6);
    let mut terms: Vec<Expr> = ways[..most].iter().map(term).listed();
    if ways.len() > most {
        terms.push(Expr::Op(format!("… {} more", ways.len() - most), vec![]));
    }
    let mut line = Line::of(Expr::Adjoint(q), [Expr::Sum(terms)], index);
    line.ways = ways[..most].iter().map(name).listed();
    let runs = vec![
        math(Expr::Value(q)),
        text(" acts on "),
        math(Expr::Value(output)),
        text(format!(" in {} ways: they add up", ways.len())),
    ];
    line.note(runs)
}

/// A term with the formula of an adjoint that is short, instead of its name.
fn spelled_out(page: &Page<'_>, way: &Way, all: &OrderedMap<NodeId, Vec<Way>>) -> Expr {
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
        uses.iter().filter(|(of, _)| *of == id).map(|(_, n)| format!("({n})")).listed();
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
fn written_out(page: &mut Page<'_>, ways: &OrderedMap<NodeId, Vec<Way>>) {
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
