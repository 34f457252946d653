//! Formulas as text: one walk over them, and a notation for each kind of page.

use super::{Expr, title};
use crate::ir::NodeId;
use crate::lists::{IntoList, OrderedMap};
use crate::table::Compare;
use crate::text::number;

/// How a value is called on a page.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    /// `W` of `W₁`.
    pub(crate) base: String,
    /// `1` of `W₁`.
    pub(crate) sub: String,
    /// The entry that is meant: `i` and `0` of `Xᵢ₀`.
    pub(crate) entry: Vec<String>,
    pub(crate) shape: Vec<usize>,
    /// Whether axis 0 counts independent rows.
    pub(crate) by_row: bool,
}

impl Label {
    /// The name in a line of text.
    pub(crate) fn plain(&self) -> String {
        let below = |c: char| c.to_digit(10).and_then(|d| "₀₁₂₃₄₅₆₇₈₉".chars().nth(d as usize)).unwrap_or(c);
        format!("{}{}", self.base, self.sub.chars().map(below).collect::<String>())
    }
}

/// Which entries of a value a formula speaks of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Index {
    /// All of them.
    Whole,
    /// Those of row i, where there are rows.
    Row,
    /// One entry of a value of so many axes.
    Entry(usize),
}

/// What the walk knows of the page.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) labels: OrderedMap<NodeId, Label>,
    pub(crate) output: NodeId,
}

/// How the parts of a formula are written.
pub(crate) trait Notation {
    /// A value, with the letters of an index and with the entry that is meant.
    fn name(&self, base: &str, sub: &str, index: &str, entry: &[String]) -> String;
    /// A number, whose minus sign is U+2212.
    fn number(&self, text: &str) -> String;
    /// What stands between the sides of an equation.
    fn equals(&self) -> String;
    fn half(&self) -> String;
    fn share(&self, n: usize) -> String;
    fn joined(&self, a: &str, sign: Sign, b: &str) -> String;
    fn negative(&self, a: &str) -> String;
    /// A quotient; a and b have their parentheses for a notation in one line.
    fn quotient(&self, a: &Part, b: &Part) -> String;
    fn power(&self, base: &str, exponent: &Part) -> String;
    fn partial(&self, y: &str, x: &str) -> String;
    fn differential(&self, x: &str, e: &str) -> String;
    /// Something in parentheses, or in brackets around these.
    fn group(&self, inner: &str, brackets: bool) -> String;
    fn call(&self, f: &str, arguments: &[Part], parameter: Option<&str>) -> String;
    fn total(&self, index: &str, body: &str) -> String;
    fn transposed(&self, a: &str) -> String;
    fn list(&self, items: &[String]) -> String;
    fn holds(&self, a: &str, relation: &str, b: &str) -> String;
    fn cases(&self, condition: &str, then: &str, otherwise: &str) -> String;
}

/// What stands between two parts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Sign {
    Plus,
    Minus,
    Times,
    /// Before parentheses with a name in them: some notations write nothing there.
    Beside,
    Entrywise,
}

/// A part of a formula, without parentheses and with them where it needs some.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) bare: String,
    pub(crate) safe: String,
    /// Whether it is one name or one number.
    pub(crate) atom: bool,
}

/// How tightly a formula holds together.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
enum Binding {
    Sum,
    Product,
    Power,
    Atom,
}

/// Writes formulas in a notation.
pub(crate) struct Writer<'a> {
    pub(crate) notation: &'a dyn Notation,
    pub(crate) context: &'a Context,
}

/// The longest formula that is written, in symbols: far beyond what anyone reads.
const LONGEST: usize = 240;

const LETTERS: [&str; 6] = ["i", "j", "k", "l", "m", "n"];

impl Writer<'_> {
    pub(crate) fn write(&self, e: &Expr, index: Index) -> String {
        if e.size() > LONGEST {
            return self.notation.name("…", "", "", &[]);
        }
        self.part(e, index).0
    }

    fn with(&self, e: &Expr, index: Index, at_least: Binding) -> String {
        let (text, binding) = self.part(e, index);
        self.guarded(e, text, binding, at_least)
    }

    /// In parentheses, if what is around holds more tightly.
    fn guarded(&self, e: &Expr, text: String, binding: Binding, at_least: Binding) -> String {
        if binding < at_least || (starts_negative(e) && at_least > Binding::Sum) {
            return self.notation.group(&text, false);
        }
        text
    }

    fn piece(&self, e: &Expr, index: Index) -> Part {
        // Written once: a formula may be deep.
        let (bare, binding) = self.part(e, index);
        let safe = self.guarded(e, bare.clone(), binding, Binding::Power);
        Part { bare, safe, atom: binding == Binding::Atom && !starts_negative(e) }
    }

    fn part(&self, e: &Expr, index: Index) -> (String, Binding) {
        let n = self.notation;
        match e {
            Expr::Number(0.5) => (n.half(), Binding::Atom),
            Expr::Number(c) | Expr::Datum(c) => (n.number(&digits(*c)), Binding::Atom),
            Expr::Vector(all, columns) => {
                let list = |all: &[f64]| n.list(&all.iter().map(|&x| n.number(&digits(x))).listed());
                match *columns < all.len() {
                    true => (n.list(&all.chunks(*columns).map(list).listed()), Binding::Atom),
                    false => (list(all), Binding::Atom),
                }
            }
            Expr::Share(terms) => (n.share(*terms), Binding::Product),
            Expr::Value(id) => (self.name(*id, index), Binding::Atom),
            Expr::Adjoint(id) => (self.partial(self.context.output, *id, index), Binding::Atom),
            Expr::Local(y, x) => (self.partial(*y, *x, index), Binding::Atom),
            Expr::Differential(x, e) => {
                let inner = self.write(e, index);
                let inner = match **e {
                    Expr::Value(_) | Expr::Apply(..) | Expr::Call(..) => inner,
                    _ => n.group(&inner, inner.contains('(')),
                };
                (n.differential(&self.name(*x, index), &inner), Binding::Product)
            }
            Expr::Neg(e) => (n.negative(&self.with(e, index, Binding::Product)), Binding::Sum),
            Expr::Sum(terms) => (self.sum(terms, index), Binding::Sum),
            Expr::Product(factors) => (self.product(factors, index), Binding::Product),
            Expr::Quotient(a, b) => {
                let parts = [self.piece(a, index), self.piece(b, index)];
                (n.quotient(&parts[0], &parts[1]), Binding::Product)
            }
            Expr::Power(base, exponent) => {
                let base = self.with(base, index, Binding::Atom);
                (n.power(&base, &self.piece(exponent, index)), Binding::Power)
            }
            Expr::Apply(f, x) => {
                let parts = [self.piece(x, index)];
                let parameter = f.parameter().map(|p| n.number(&digits(p)));
                let bare = is_bare(title(*f)) && parts[0].atom;
                let text = n.call(title(*f), &parts, parameter.as_deref());
                (text, if bare { Binding::Product } else { Binding::Atom })
            }
            Expr::Call(f, arguments) => {
                let parts: Vec<Part> = arguments.iter().map(|e| self.piece(e, index)).listed();
                (n.call(f, &parts, None), Binding::Atom)
            }
            Expr::Matrix(a, b, _) => {
                // Of a row of a product, the row of its first factor.
                let index = if let Index::Entry(_) = index { Index::Row } else { index };
                let at_least = |e: &Expr| match e {
                    Expr::Product(_) => Binding::Power,
                    _ => Binding::Product,
                };
                let [a, b] = [a, b].map(|e| self.with(e, index, at_least(e)));
                (n.joined(&a, Sign::Times, &b), Binding::Product)
            }
            Expr::Transposed(e) => (n.transposed(&self.with(e, index, Binding::Atom)), Binding::Atom),
            Expr::Total { axes, shape, body } => {
                let inner = match axes[..] {
                    [0] if body.has(&|part| self.is_by_row(part)) => Index::Row,
                    _ => Index::Entry(shape.len()),
                };
                let long = |axis: &&usize| shape[**axis] > 1;
                let letters: String =
                    axes.iter().filter(long).map(|&axis| LETTERS.get(axis).copied().unwrap_or("·")).collect();
                (n.total(&letters, &self.with(body, inner, Binding::Product)), Binding::Product)
            }
            Expr::Holds(relation, a, b) => {
                let [a, b] = [a, b].map(|e| self.write(e, index));
                (n.holds(&a, symbol(*relation), &b), Binding::Atom)
            }
            Expr::Cases(c, a, b) => {
                let [c, a, b] = [c, a, b].map(|e| self.write(e, index));
                (n.cases(&c, &a, &b), Binding::Atom)
            }
            Expr::Op(name, operands) if operands.is_empty() => (n.name(name, "", "", &[]), Binding::Atom),
            Expr::Op(name, operands) => {
                let parts: Vec<Part> = operands.iter().map(|e| self.piece(e, index)).listed();
                (n.call(name, &parts, None), Binding::Atom)
            }
        }
    }

    fn is_by_row(&self, e: &Expr) -> bool {
        let label = |id: &NodeId| self.context.labels.get(id).is_some_and(|label| label.by_row);
        match e {
            Expr::Value(id) | Expr::Adjoint(id) => label(id),
            Expr::Local(y, x) => label(y) || label(x),
            _ => false,
        }
    }

    fn sum(&self, terms: &[Expr], index: Index) -> String {
        let mut text = String::new();
        for (i, term) in terms.iter().enumerate() {
            let (negative, size) = without_sign(term);
            text = match (i, negative) {
                (0, _) => self.with(term, index, Binding::Sum),
                (_, false) => {
                    let b = self.with(term, index, Binding::Sum);
                    self.notation.joined(&text, Sign::Plus, &b)
                }
                (_, true) => {
                    let b = self.with(&size, index, Binding::Product);
                    self.notation.joined(&text, Sign::Minus, &b)
                }
            };
        }
        text
    }

    fn product(&self, factors: &[Expr], index: Index) -> String {
        let mut text = String::new();
        let mut scalar = true;
        for (i, factor) in factors.iter().enumerate() {
            let is_scalar = self.is_scalar(factor, index);
            if i == 0 {
                let (bare, binding) = self.part(factor, index);
                let grouped =
                    binding < Binding::Product && !matches!(factor, Expr::Number(_) | Expr::Datum(_));
                text = if grouped { self.notation.group(&bare, false) } else { bare };
            } else {
                let sign = match (scalar || is_scalar, factor) {
                    (false, _) => Sign::Entrywise,
                    (_, Expr::Sum(_)) if has_names(factor) => Sign::Beside,
                    (_, Expr::Power(base, _)) if matches!(**base, Expr::Sum(_)) && has_names(factor) => {
                        Sign::Beside
                    }
                    _ => Sign::Times,
                };
                text = self.notation.joined(&text, sign, &self.with(factor, index, Binding::Product));
            }
            scalar &= is_scalar;
        }
        text
    }

    /// Whether a formula is one number for what the index speaks of.
    fn is_scalar(&self, e: &Expr, index: Index) -> bool {
        let one = |shape: &[usize], by_row: bool| match index {
            Index::Entry(_) => true,
            Index::Row if by_row => shape.iter().skip(1).product::<usize>() == 1,
            _ => shape.iter().product::<usize>() == 1,
        };
        let value =
            |id: &NodeId| self.context.labels.get(id).is_none_or(|label| one(&label.shape, label.by_row));
        match e {
            Expr::Value(id) | Expr::Adjoint(id) => value(id),
            Expr::Local(y, x) => value(y) && value(x),
            Expr::Vector(..) => false,
            Expr::Matrix(_, _, shape) => one(shape, shape.len() > 1),
            Expr::Total { axes, shape, .. } => {
                let rest = shape.iter().enumerate().filter(|(i, _)| !axes.contains(i));
                rest.map(|(_, n)| n).product::<usize>() == 1
            }
            e => e.children().iter().all(|e| self.is_scalar(e, index)),
        }
    }

    fn partial(&self, y: NodeId, x: NodeId, index: Index) -> String {
        // What is differentiated is named whole if it is the output: ∂L/∂Aᵢ.
        let of = if y == self.context.output { Index::Whole } else { index };
        self.notation.partial(&self.name(y, of), &self.name(x, index))
    }

    pub(crate) fn name(&self, id: NodeId, index: Index) -> String {
        let Some(label) = self.context.labels.get(&id) else { return format!("v{id}") };
        let letters: String = match index {
            Index::Whole => String::new(),
            Index::Row => label.by_row.then_some("i").into_iter().collect(),
            Index::Entry(rank) => {
                // Rows are counted by the first axis; other values are aligned at their last.
                let from = if label.by_row { 0 } else { rank.saturating_sub(label.shape.len()) };
                let long = label.shape.iter().enumerate().filter(|(_, n)| **n > 1);
                long.map(|(axis, _)| LETTERS.get(from + axis).copied().unwrap_or("·")).collect()
            }
        };
        self.notation.name(&label.base, &label.sub, &letters, &label.entry)
    }
}

/// Functions that stand before a single name without parentheses: `sin x`.
pub(crate) fn is_bare(f: &str) -> bool {
    matches!(f, "sin" | "cos" | "tan" | "sinh" | "cosh" | "tanh" | "ln")
}

fn has_names(e: &Expr) -> bool {
    e.has(&|part| matches!(part, Expr::Value(_) | Expr::Adjoint(_) | Expr::Local(..)))
}

fn starts_negative(e: &Expr) -> bool {
    match e {
        Expr::Number(c) | Expr::Datum(c) => *c < 0.0 || (*c == 0.0 && c.is_sign_negative()),
        Expr::Neg(_) => true,
        Expr::Product(all) => all.first().is_some_and(starts_negative),
        Expr::Quotient(a, _) => starts_negative(a),
        _ => false,
    }
}

/// Whether a term is subtracted, and then what of it.
fn without_sign(term: &Expr) -> (bool, Expr) {
    match term {
        Expr::Neg(e) => (true, (**e).clone()),
        Expr::Number(c) if starts_negative(term) => (true, Expr::Number(-c)),
        Expr::Datum(c) if starts_negative(term) => (true, Expr::Datum(-c)),
        Expr::Product(all) if starts_negative(term) => {
            let (_, first) = without_sign(&all[0]);
            (true, Expr::Product([first].into_iter().chain(all[1..].iter().cloned()).listed()))
        }
        term => (false, term.clone()),
    }
}

fn symbol(relation: Compare) -> &'static str {
    match relation {
        Compare::Gt => ">",
        Compare::Ge => "≥",
        Compare::Lt => "<",
        Compare::Le => "≤",
        Compare::Eq => "=",
        Compare::Ne => "≠",
    }
}

/// Six significant digits, and a minus sign that is as wide as a plus.
pub(crate) fn digits(x: f64) -> String {
    number(x, 6).replace('-', "−")
}

/// An entry in brackets, such as `[0, 5]`; nothing where none is meant.
pub(crate) fn bracketed(entry: &[String]) -> String {
    if entry.is_empty() { String::new() } else { format!("[{}]", entry.join(", ")) }
}

/// Whether an entry may stand below the line: Xᵢ₀.
pub(crate) fn goes_below(sub: &str, entry: &[String]) -> bool {
    sub.is_empty() && entry.first().is_some_and(|first| first == "i") && entry.iter().all(|e| e.len() == 1)
}
