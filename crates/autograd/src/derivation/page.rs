//! What all pages have in common: numbers in formulas, numbers of equations, notes.

use super::document::{Block, Document, Run, math, text};
use super::model::Model;
use super::numbers::Numbers;
use crate::ir::{NodeId, Op};
use crate::lists::{IntoList, OrderedMap, sort_once};
use crate::symbol::{Expr, Index, Label, digits, has_kink, slope_at, value_at};

/// The most elements of a tensor that are shown.
pub(super) const SHOWN: usize = 6;

/// A page that is being written.
pub(super) struct Page<'a> {
    pub(super) model: Model<'a>,
    pub(super) numbers: Option<&'a Numbers>,
    pub(super) blocks: Vec<Block>,
    /// The number of the next equation.
    pub(super) next: usize,
    /// The equation that derived a function first.
    pub(super) derived: OrderedMap<&'static str, usize>,
    /// The entry of a matrix that was asked for.
    pub(super) entry: Option<(NodeId, Vec<usize>)>,
    extra: u32,
}

impl<'a> Page<'a> {
    pub(super) fn new(model: Model<'a>, numbers: Option<&'a Numbers>, next: usize) -> Page<'a> {
        Page { model, numbers, blocks: vec![], next, derived: OrderedMap::default(), entry: None, extra: 0 }
    }

    pub(super) fn finish(mut self) -> Document {
        self.cautions();
        if let Some(numbers) = self.numbers {
            let end = match numbers.digits {
                None => "to the last bit".to_owned(),
                Some(n) => format!("to {n} digits; the rest is the order of rounding"),
            };
            self.blocks.push(Block::Gap);
            self.remark(format!("The sweep over the tape gives the same numbers, {end}."));
        }
        Document { context: self.model.context, blocks: self.blocks }
    }

    /// How many rows there are, if some derivative is one of rows.
    pub(super) fn rows(&self) -> Option<usize> {
        let by_row = || self.model.adjoints().iter().any(|&id| self.model.is_by_row(id));
        self.model.milestones.rows.filter(|_| by_row())
    }

    pub(super) fn number(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }

    pub(super) fn heading(&mut self, runs: Vec<Run>) {
        if !self.blocks.is_empty() {
            self.blocks.push(Block::Gap);
        }
        self.blocks.push(Block::Heading(runs, None));
    }

    pub(super) fn remark(&mut self, words: impl Into<String>) {
        self.blocks.push(Block::Remark(vec![text(words)]));
    }

    /// The value of a node as part of a formula, if it is short.
    pub(super) fn value(&self, id: NodeId) -> Option<Expr> {
        self.numbers?;
        shown(&self.model.value(id)?, self.model.shape(id))
    }

    pub(super) fn adjoint_values(&self, id: NodeId) -> Option<Vec<f64>> {
        self.model.value(*self.numbers?.adjoints.get(&id)?)
    }

    /// ∂output/∂x as part of a formula, if it is short.
    pub(super) fn adjoint(&self, id: NodeId) -> Option<Expr> {
        shown(&self.adjoint_values(id)?, self.model.shape(id))
    }

    /// ∂y/∂x as part of a formula, if y is one number and it is short.
    pub(super) fn local(&self, y: NodeId, x: NodeId) -> Option<Expr> {
        shown(&self.model.value(*self.numbers?.locals.get(&(y, x))?)?, self.model.shape(x))
    }

    /// A formula with numbers for the names; `None` if one of them is too long.
    pub(super) fn with_numbers(&self, e: &Expr) -> Option<Expr> {
        let mut complete = true;
        let substituted = self.substituted(e, &mut complete);
        complete.then_some(substituted)
    }

    fn substituted(&self, e: &Expr, complete: &mut bool) -> Expr {
        let found = match e {
            Expr::Value(id) => self.value(*id),
            Expr::Adjoint(id) => self.adjoint(*id),
            Expr::Local(y, x) => self.local(*y, *x),
            Expr::Apply(f, x) => {
                let inside = self.substituted(x, complete);
                evaluate(&inside).map(|x| Expr::Datum(value_at(*f, x)))
            }
            Expr::Op(name, all) if name == "e" && all.is_empty() => Some(e.clone()),
            Expr::Number(_) | Expr::Datum(_) | Expr::Vector(..) | Expr::Share(_) => Some(e.clone()),
            Expr::Neg(_) | Expr::Sum(_) | Expr::Product(_) | Expr::Quotient(..) | Expr::Power(..) => {
                Some(e.map(&mut |part| self.substituted(part, complete)))
            }
            Expr::Matrix(a, b, _) => {
                let parts = [a, b].map(|e| self.substituted(e, complete));
                // Two vectors would need more than a sign between them.
                match parts.iter().any(|e| matches!(e, Expr::Vector(..))) {
                    true => None,
                    false => Some(Expr::Product(parts.to_vec())),
                }
            }
            _ => None,
        };
        *complete &= found.is_some();
        found.unwrap_or_else(|| e.clone())
    }

    /// "derivative of σ", or the equation where it stands already.
    pub(super) fn derivation_note(&mut self, functions: &[&'static str], number: usize) -> Option<Vec<Run>> {
        let first = functions.first()?;
        if let Some(earlier) = self.derived.get(first).filter(|&&n| n != number) {
            return Some(vec![text(format!("as in ({earlier})"))]);
        }
        self.derived.insert(first, number);
        Some(derivative_of(first))
    }

    /// A name for an entry of a value: it stands in formulas as the value's own name does. `counted` is the index of a value
    /// that has no index yet.
    pub(super) fn entry(&mut self, of: NodeId, counted: Option<usize>, entry: Vec<String>) -> NodeId {
        let label = self.model.context.labels.get(&of).cloned();
        let (base, sub) = label.map_or((format!("v{of}"), String::new()), |l| (l.base, l.sub));
        match counted.filter(|_| sub.is_empty()) {
            Some(k) => self.symbol(&base, k.to_string(), vec![]),
            None => self.symbol(&base, sub, entry),
        }
    }

    /// A name that stands for no value of the tape.
    pub(super) fn symbol(&mut self, base: &str, sub: String, entry: Vec<String>) -> NodeId {
        self.extra += 1;
        let id = NodeId::MAX - self.extra;
        let label = Label { base: base.to_owned(), sub, entry, shape: vec![], by_row: false };
        self.model.context.labels.insert(id, label);
        id
    }

    pub(super) fn label(&self, id: NodeId) -> Option<&Label> {
        self.model.context.labels.get(&id)
    }

    /// What was asked and has no derivative.
    pub(super) fn say_what_is_missing(&mut self) {
        let output = self.model.output;
        if self.model.asked.is_empty() {
            self.remark("Nothing is asked: name inputs, or take `derivation_of_all`.");
        }
        let missing: Vec<NodeId> =
            self.model.asked.iter().copied().filter(|&id| !self.model.is_on_path(id)).listed();
        for id in missing.into_iter().take(6) {
            let runs = vec![
                math(Expr::Adjoint(id)),
                text(" = 0: no path leads from "),
                math(Expr::Value(id)),
                text(" to "),
                math(Expr::Value(output)),
                text("."),
            ];
            self.blocks.push(Block::Prose(runs));
        }
    }

    /// What is not differentiated, which subgradients were taken, and where a zero met a pole.
    fn cautions(&mut self) {
        let mut said = vec![];
        for m in self.model.milestones.inner.iter().copied().filter(|&m| self.model.is_on_path(m)) {
            for id in self.model.segment(m) {
                let node = self.model.node(id);
                if matches!(node.op, Op::Detach(_)) {
                    said.push("`detach` cuts a path: what lies behind it counts as data.".to_owned());
                }
                let name = match &node.op {
                    Op::Unary(f) => Some(f.name()),
                    Op::Binary(crate::table::Binary::Maximum) => Some("max"),
                    Op::Binary(crate::table::Binary::Minimum) => Some("min"),
                    _ => None,
                };
                if let Some(kink) = name.and_then(has_kink) {
                    said.push(format!("{}{}.", capital(kink), self.at_kink(id)));
                }
                said.extend(self.zero_at_pole(id));
            }
        }
        sort_once(&mut said);
        for words in said.into_iter().take(8) {
            if !self.blocks.is_empty() && !matches!(self.blocks.last(), Some(Block::Remark(_))) {
                self.blocks.push(Block::Gap);
            }
            self.remark(words);
        }
    }

    /// How many elements are exactly at the kink of a function.
    fn at_kink(&self, id: NodeId) -> String {
        let node = self.model.node(id);
        let operands: Vec<Vec<f64>> =
            node.inputs.iter().filter_map(|&x| self.numbers.and_then(|_| self.model.value(x))).listed();
        let at = match (&node.op, &operands[..]) {
            (Op::Unary(f), [x]) if !matches!(f.name(), "floor" | "ceil" | "sign") => {
                x.iter().filter(|x| **x == 0.0).count()
            }
            (Op::Binary(_), [a, b]) => a.iter().zip(b).filter(|(a, b)| a == b).count(),
            _ => 0,
        };
        match at {
            0 => String::new(),
            1 => "; one entry is there".to_owned(),
            n => format!("; {n} entries are there"),
        }
    }

    /// Whether a zero met a slope that is not finite, which counts as 0.
    fn zero_at_pole(&self, id: NodeId) -> Option<String> {
        let node = self.model.node(id);
        let (Op::Unary(_), [x]) = (&node.op, &node.inputs[..]) else { return None };
        if !self.model.is_on_path(*x) {
            return None;
        }
        let values = self.numbers.and_then(|_| self.model.value(*x))?;
        let Op::Unary(f) = node.op else { return None };
        let infinite = values.iter().filter(|&&x| !slope_at(f, x).is_finite()).count();
        (infinite > 0).then(|| {
            let entries = if infinite == 1 { "one entry".to_owned() } else { format!("{infinite} entries") };
            format!(
                "The slope of {} is not finite at {entries}; where nothing is handed back to it, 0·∞ counts as 0.",
                f.name()
            )
        })
    }
}

pub(super) fn derivative_of(f: &str) -> Vec<Run> {
    vec![text("derivative of "), math(Expr::Op(f.to_owned(), vec![]))]
}

fn capital(words: &str) -> String {
    let mut all = words.chars();
    match all.next() {
        // A name of a function stays as it is written in a program.
        Some(c) if words.starts_with("a ") || words.starts_with("where") => {
            c.to_uppercase().chain(all).collect()
        }
        _ => words.to_owned(),
    }
}

/// A number, or a short list of numbers; a list of rows where two axes are longer than 1.
pub(super) fn shown(values: &[f64], shape: &[usize]) -> Option<Expr> {
    let rows = shape.iter().filter(|&&n| n > 1).count() > 1;
    let columns = if rows { shape.last().copied().unwrap_or(1) } else { values.len() };
    match values {
        [x] => Some(Expr::Datum(*x)),
        all if all.len() <= SHOWN && !all.is_empty() => Some(Expr::Vector(all.to_vec(), columns)),
        _ => None,
    }
}

/// The value of a formula of plain numbers.
fn evaluate(e: &Expr) -> Option<f64> {
    Some(match e {
        Expr::Number(c) | Expr::Datum(c) => *c,
        Expr::Share(n) => 1.0 / *n as f64,
        Expr::Neg(e) => -evaluate(e)?,
        Expr::Sum(all) => all.iter().map(evaluate).sum::<Option<f64>>()?,
        Expr::Product(all) => all.iter().map(evaluate).product::<Option<f64>>()?,
        Expr::Quotient(a, b) => evaluate(a)? / evaluate(b)?,
        _ => return None,
    })
}

/// Root mean square.
pub(super) fn size(values: &[f64]) -> f64 {
    let largest = values.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    if largest == 0.0 || !largest.is_finite() {
        return largest;
    }
    let squares: f64 = values.iter().map(|x| (x / largest).powi(2)).sum();
    largest * (squares / values.len().max(1) as f64).sqrt()
}

/// `[4×3]`.
pub(super) fn shape_text(shape: &[usize]) -> String {
    let lengths: Vec<String> = shape.iter().map(usize::to_string).listed();
    format!("[{}]", lengths.join("×"))
}

/// A formula with shapes for the names.
pub(super) fn with_shapes(model: &Model<'_>, e: &Expr) -> Expr {
    let named = |shape: &[usize]| Expr::Op(shape_text(shape), vec![]);
    match e {
        Expr::Value(id) | Expr::Adjoint(id) => named(model.shape(*id)),
        Expr::Transposed(inner) => match &**inner {
            Expr::Value(id) | Expr::Adjoint(id) => {
                // Leading axes are one in a product with a matrix.
                let (last, lead) = model.shape(*id).split_last().unwrap_or((&1, &[]));
                named(&[*last, lead.iter().product()])
            }
            _ => e.map(&mut |part| with_shapes(model, part)),
        },
        e => e.map(&mut |part| with_shapes(model, part)),
    }
}

pub(super) fn number_text(x: f64) -> Run {
    Run::Math(Expr::Datum(x), Index::Whole)
}

pub(super) fn plain_number(x: f64) -> String {
    digits(x)
}
