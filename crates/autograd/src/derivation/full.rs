//! Every local derivative line by line, then one product for each variable: for one sample and a short way.

use super::document::{Block, Line, Run, math, text};
use super::model::total;
use super::page::Page;
use crate::ir::NodeId;
use crate::lists::IntoList;
use crate::symbol::{Expr, Index, definition, expand, finish, product, simplified};

const WHOLE: Index = Index::Whole;

/// The most milestones on the way.
const MILESTONES: usize = 5;

/// Whether every milestone on the way is one number that is reached in one way.
pub(super) fn is_possible(page: &Page<'_>) -> bool {
    let model = &page.model;
    let on_way: Vec<NodeId> =
        model.milestones.inner.iter().copied().filter(|&m| model.is_on_path(m)).listed();
    let numbers = on_way.iter().all(|&m| model.shape(m).iter().product::<usize>() == 1);
    let single = |&q: &NodeId| match model.readers(q)[..] {
        [m] => page.local_formula(m, q).is_some(),
        _ => false,
    };
    numbers
        && on_way.len() <= MILESTONES
        && !model.adjoints().is_empty()
        && model.adjoints().iter().all(single)
}

pub(super) fn write(page: &mut Page<'_>) {
    let adjoints = page.model.adjoints();
    let mut results = vec![];
    for &q in &adjoints {
        let m = page.model.readers(q)[0];
        results.push((q, m, section(page, m, q)));
    }
    page.heading(vec![text("Chain rule")]);
    let asked: Vec<NodeId> = adjoints.iter().copied().filter(|&q| page.model.is_asked(q)).listed();
    let lines = asked.into_iter().flat_map(|q| chain(page, q, &results)).listed();
    page.blocks.push(Block::Lines(lines));
}

/// How m changes with q.
fn section(page: &mut Page<'_>, m: NodeId, q: NodeId) -> Expr {
    let formula = page.model.formula(m);
    let [y, x] = [m, q].map(Expr::Value);
    page.heading(vec![text("How "), math(y.clone()), text(" changes with "), math(x)]);
    let left = if m == page.model.output { Expr::Adjoint(q) } else { Expr::Local(m, q) };
    let meaning = match &formula {
        Expr::Apply(f, x) => definition(*f, (**x).clone()),
        _ => None,
    };
    let mut lines = vec![
        Line::of(y.clone(), meaning.into_iter().chain([formula.clone()]), WHOLE).numbered(page.number()),
    ];
    let unopened = Expr::Differential(q, Box::new(formula.clone()));
    lines.push(Line::of(left, [unopened.clone()], WHOLE).numbered(page.number()));

    let mut last = unopened;
    let mut say = |page: &mut Page<'_>, e: &Expr, note: Vec<Run>| {
        if *e != last {
            let note = (!note.is_empty()).then_some(note);
            lines.push(Line::more([e.clone()], WHOLE).note(note).numbered(page.number()));
            last = e.clone();
        }
    };
    let (mut e, rules) = expand(&formula, q);
    say(page, &e, rule_note(&rules));
    if e.has(&|part| *part == formula) && formula.size() > 1 {
        e = replaced(&e, &formula, &y);
        say(page, &e, vec![Run::Equation(y, formula.clone(), WHOLE)]);
    }
    for _ in 0..8 {
        if !e.has(&|part| matches!(part, Expr::Differential(..))) {
            break;
        }
        let (next, rules) = finish(&e);
        e = next;
        say(page, &e, rule_note(&rules));
    }
    let mut result = simplified(&e);
    if result.has(&|part| matches!(part, Expr::Differential(..))) {
        // No rule on paper: what the table gives.
        result = page.local_formula(m, q).unwrap_or(result);
    }
    say(page, &result, vec![]);
    let value = page.local(m, q);
    let numbers = match result {
        Expr::Number(_) => vec![],
        Expr::Value(_) => value.into_iter().listed(),
        _ => page.with_numbers(&result).into_iter().chain(value).listed(),
    };
    if !numbers.is_empty() {
        lines.push(Line::more(numbers, WHOLE));
    }
    page.blocks.push(Block::Lines(lines));
    result
}

fn rule_note(rules: &[String]) -> Vec<Run> {
    let mut rules = rules.to_vec();
    rules.dedup();
    if rules.is_empty() { vec![] } else { vec![text(rules.join(", "))] }
}

fn replaced(e: &Expr, from: &Expr, to: &Expr) -> Expr {
    if e == from { to.clone() } else { e.map(&mut |part| replaced(part, from, to)) }
}

/// The product of the local derivatives on the way to q.
fn chain(page: &mut Page<'_>, q: NodeId, results: &[(NodeId, NodeId, Expr)]) -> Vec<Line> {
    let mut way = vec![];
    let mut at = q;
    while let Some((x, m, result)) = results.iter().find(|(x, ..)| *x == at) {
        way.insert(0, (*m, *x, result.clone()));
        at = *m;
    }
    let output = page.model.output;
    let name = |m: NodeId, x: NodeId| if m == output { Expr::Adjoint(x) } else { Expr::Local(m, x) };
    let names: Vec<Expr> = way.iter().map(|&(m, x, _)| name(m, x)).listed();
    let formula = product(way.iter().map(|(_, _, result)| result.clone()));
    let sides = match names.len() {
        1 => vec![formula],
        _ => vec![Expr::Product(names), formula],
    };
    let mut lines = vec![Line::of(Expr::Adjoint(q), sides, WHOLE).numbered(page.number())];
    let numbers: Option<Vec<Expr>> = way.iter().map(|&(m, x, _)| page.local(m, x)).collect();
    let numbers = numbers.filter(|all| all.len() > 1).map(Expr::Product);
    let sides: Vec<Expr> = numbers.into_iter().chain(page.adjoint(q)).listed();
    if !sides.is_empty() {
        lines.push(Line::more(sides, WHOLE));
    }
    lines
}

impl Page<'_> {
    /// ∂m/∂q as a formula, if all ways from m to q are elementwise.
    pub(super) fn local_formula(&self, m: NodeId, q: NodeId) -> Option<Expr> {
        let found = self.model.contributions(m, Expr::Adjoint(m));
        let way = found.into_iter().find(|c| c.to == q)?;
        let locals: Option<Vec<Expr>> = way.terms.iter().map(|term| without_adjoint(term, m)).collect();
        locals.map(|locals| total(&locals))
    }
}

/// What ∂output/∂m is multiplied by; `None` if the term is no product with it.
pub(super) fn without_adjoint(term: &Expr, m: NodeId) -> Option<Expr> {
    let adjoint = Expr::Adjoint(m);
    match term {
        e if *e == adjoint => Some(Expr::ONE),
        Expr::Neg(e) => without_adjoint(e, m).map(crate::symbol::neg),
        Expr::Product(all) => {
            let at = all.iter().position(|e| *e == adjoint)?;
            let rest = product(all.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, e)| e.clone()));
            (!rest.has(&|part| *part == adjoint)).then_some(rest)
        }
        _ => None,
    }
}
