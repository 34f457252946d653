//! Formulas as data: what a derivation prints. A formula over symbols comes from the same table as the numbers, since
//! [`Symbol`] is one more kind of number.

mod calculus;
mod functions;
mod notation;
mod number;
mod slopes;

pub(crate) use calculus::{expand, finish, simplified};
pub(crate) use functions::{called, definition, has_kink, of_two, slope_at, title, value_at};
pub(crate) use notation::{
    Context, Index, Label, Notation, Part, Sign, Writer, bracketed, digits, goes_below, is_bare,
};
pub(crate) use slopes::{slope, slopes_of_two};

use crate::ir::NodeId;
use crate::lists::IntoList;
use crate::table::{Compare, Unary};

/// A formula.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr {
    Number(f64),
    /// A number in the place of what it is the value of: it has parentheses behind an operator if it is negative.
    Datum(f64),
    /// The elements of a short tensor, and how many stand in a row.
    Vector(Vec<f64>, usize),
    /// 1/n, the share of a term in a mean. It is not multiplied out.
    Share(usize),
    /// A named value.
    Value(NodeId),
    /// ∂output/∂x.
    Adjoint(NodeId),
    /// ∂y/∂x.
    Local(NodeId, NodeId),
    /// The derivative of a formula by x, which is still to be found.
    Differential(NodeId, Box<Expr>),
    Neg(Box<Expr>),
    Sum(Vec<Expr>),
    /// Factors that are multiplied entry by entry.
    Product(Vec<Expr>),
    Quotient(Box<Expr>, Box<Expr>),
    Power(Box<Expr>, Box<Expr>),
    /// A function of one argument.
    Apply(Unary, Box<Expr>),
    /// A function of several.
    Call(&'static str, Vec<Expr>),
    /// A product of matrices, or of two vectors, with the shape of the result.
    Matrix(Box<Expr>, Box<Expr>, Vec<usize>),
    Transposed(Box<Expr>),
    /// The sum over axes of a value of this shape.
    Total {
        axes: Vec<usize>,
        shape: Vec<usize>,
        body: Box<Expr>,
    },
    /// 1 where the comparison holds, else 0.
    Holds(Compare, Box<Expr>, Box<Expr>),
    /// The first where a condition holds, else the second.
    Cases(Box<Expr>, Box<Expr>, Box<Expr>),
    /// Something with a name of its own, such as an op that has no better formula.
    Op(String, Vec<Expr>),
}

/// A node as formulas see it: those of its operands, its own name or formula, and shapes.
pub(crate) struct Sketch<'a> {
    pub(crate) x: &'a [Expr],
    pub(crate) y: Expr,
    /// Of the operands.
    pub(crate) shapes: Vec<&'a [usize]>,
    /// Of the result.
    pub(crate) shape: &'a [usize],
}

impl Expr {
    pub(crate) const ONE: Expr = Expr::Number(1.0);
    pub(crate) const ZERO: Expr = Expr::Number(0.0);

    /// How many symbols it has, roughly: how long it is on paper.
    pub(crate) fn size(&self) -> usize {
        1 + self.children().iter().map(|e| e.size()).sum::<usize>()
    }

    pub(crate) fn children(&self) -> Vec<&Expr> {
        match self {
            Expr::Number(_) | Expr::Datum(_) | Expr::Vector(..) | Expr::Share(_) => vec![],
            Expr::Value(_) | Expr::Adjoint(_) | Expr::Local(..) => vec![],
            Expr::Differential(_, e)
            | Expr::Neg(e)
            | Expr::Apply(_, e)
            | Expr::Transposed(e)
            | Expr::Total { body: e, .. } => {
                vec![e]
            }
            Expr::Sum(all) | Expr::Product(all) | Expr::Call(_, all) | Expr::Op(_, all) => {
                all.iter().listed()
            }
            Expr::Quotient(a, b) | Expr::Power(a, b) | Expr::Matrix(a, b, _) | Expr::Holds(_, a, b) => {
                vec![a, b]
            }
            Expr::Cases(a, b, c) => vec![a, b, c],
        }
    }

    /// The same formula with other parts in it.
    pub(crate) fn map(&self, f: &mut dyn FnMut(&Expr) -> Expr) -> Expr {
        let mut boxed = |e: &Expr| Box::new(f(e));
        match self {
            Expr::Differential(x, e) => Expr::Differential(*x, boxed(e)),
            Expr::Neg(e) => Expr::Neg(boxed(e)),
            Expr::Transposed(e) => Expr::Transposed(boxed(e)),
            Expr::Total { axes, shape, body } => {
                Expr::Total { axes: axes.clone(), shape: shape.clone(), body: boxed(body) }
            }
            Expr::Sum(all) => Expr::Sum(all.iter().map(f).listed()),
            Expr::Product(all) => Expr::Product(all.iter().map(f).listed()),
            Expr::Apply(function, e) => Expr::Apply(*function, boxed(e)),
            Expr::Call(name, all) => Expr::Call(name, all.iter().map(f).listed()),
            Expr::Op(name, all) => Expr::Op(name.clone(), all.iter().map(f).listed()),
            Expr::Quotient(a, b) => Expr::Quotient(boxed(a), boxed(b)),
            Expr::Power(a, b) => Expr::Power(boxed(a), boxed(b)),
            Expr::Matrix(a, b, shape) => Expr::Matrix(boxed(a), boxed(b), shape.clone()),
            Expr::Holds(relation, a, b) => Expr::Holds(*relation, boxed(a), boxed(b)),
            Expr::Cases(a, b, c) => Expr::Cases(boxed(a), boxed(b), boxed(c)),
            leaf => leaf.clone(),
        }
    }

    /// Whether some part satisfies `f`.
    pub(crate) fn has(&self, f: &dyn Fn(&Expr) -> bool) -> bool {
        f(self) || self.children().iter().any(|e| e.has(f))
    }

    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Expr::Number(c) => Some(*c),
            _ => None,
        }
    }
}

/// a + b + …, without zeros and without sums in sums.
pub(crate) fn sum(terms: impl IntoIterator<Item = Expr>) -> Expr {
    let mut all = vec![];
    for term in terms {
        match term {
            Expr::Sum(inner) => all.extend(inner),
            Expr::Number(0.0) => {}
            term => all.push(term),
        }
    }
    match all.len() {
        0 => Expr::ZERO,
        1 => all.remove(0),
        _ => Expr::Sum(all),
    }
}

pub(crate) fn neg(e: Expr) -> Expr {
    match e {
        Expr::Number(c) => Expr::Number(if c == 0.0 { 0.0 } else { -c }),
        Expr::Neg(e) => *e,
        e => Expr::Neg(Box::new(e)),
    }
}

/// The product of factors: numbers are multiplied and come first, ones vanish, equal factors in a row become a power.
pub(crate) fn product(factors: impl IntoIterator<Item = Expr>) -> Expr {
    let (mut number, mut all) = (1.0, vec![]);
    flatten(factors, &mut number, &mut all);
    if number == 0.0 {
        return Expr::ZERO;
    }
    let negative = number < 0.0;
    let number = f64::abs(number);
    if number != 1.0 {
        // Behind the share of a mean, which is said first.
        let shares = all.iter().take_while(|e| matches!(e, Expr::Share(_))).count();
        all.insert(shares, Expr::Number(number));
    }
    let product = match all.len() {
        0 => Expr::ONE,
        1 => all.remove(0),
        _ => Expr::Product(all),
    };
    if negative { neg(product) } else { product }
}

fn flatten(factors: impl IntoIterator<Item = Expr>, number: &mut f64, all: &mut Vec<Expr>) {
    for factor in factors {
        match factor {
            Expr::Product(inner) => flatten(inner, number, all),
            Expr::Number(c) => *number *= c,
            Expr::Neg(e) => {
                *number = -*number;
                flatten([*e], number, all);
            }
            factor => match all.last_mut() {
                Some(last) if base(last) == base(&factor) && is_plain(base(&factor)) => {
                    let (n, m) = (exponent(last), exponent(&factor));
                    *last = power(base(last).clone(), Expr::Number(n + m));
                }
                _ => all.push(factor),
            },
        }
    }
}

fn is_plain(e: &Expr) -> bool {
    !matches!(
        e,
        Expr::Share(_) | Expr::Matrix(..) | Expr::Differential(..) | Expr::Datum(_) | Expr::Vector(..)
    )
}

fn base(e: &Expr) -> &Expr {
    match e {
        Expr::Power(base, exponent) if exponent.number().is_some() => base,
        e => e,
    }
}

fn exponent(e: &Expr) -> f64 {
    match e {
        Expr::Power(_, exponent) => exponent.number().unwrap_or(1.0),
        _ => 1.0,
    }
}

pub(crate) fn quotient(a: Expr, b: Expr) -> Expr {
    match (a, b) {
        (a, Expr::Number(1.0)) => a,
        (Expr::Number(1.0), Expr::Number(n)) if n > 1.0 && n.fract() == 0.0 && n < 1e15 => {
            Expr::Share(n as usize)
        }
        (Expr::Number(a), Expr::Number(b)) if b != 0.0 => Expr::Number(a / b),
        (Expr::Neg(a), b) => neg(quotient(*a, b)),
        (a, b) => Expr::Quotient(Box::new(a), Box::new(b)),
    }
}

pub(crate) fn power(base: Expr, exponent: Expr) -> Expr {
    match exponent {
        Expr::Number(1.0) => base,
        Expr::Number(0.0) => Expr::ONE,
        exponent => Expr::Power(Box::new(base), Box::new(exponent)),
    }
}

pub(crate) fn transposed(e: Expr) -> Expr {
    match e {
        Expr::Transposed(e) => *e,
        e => Expr::Transposed(Box::new(e)),
    }
}

/// Σ over axes of a value of this shape; axes of length 1 need none.
pub(crate) fn total(axes: impl IntoIterator<Item = usize>, shape: &[usize], body: Expr) -> Expr {
    let axes: Vec<usize> = axes.into_iter().listed();
    match axes.iter().all(|&axis| shape[axis] == 1) {
        true => body,
        false => Expr::Total { axes, shape: shape.to_vec(), body: Box::new(body) },
    }
}

/// A·B, with the shape of the result; a 1 beside a matrix is the derivative of the output by itself.
pub(crate) fn matrix(a: Expr, b: Expr, shape: &[usize]) -> Expr {
    match (a, b) {
        (Expr::Number(1.0), e) | (e, Expr::Number(1.0)) => e,
        (a, b) => Expr::Matrix(Box::new(a), Box::new(b), shape.to_vec()),
    }
}

/// Rows of zeros with a 1 at each label.
pub(crate) fn one_hot(labels: Expr) -> Expr {
    Expr::Op("one_hot".to_owned(), vec![labels])
}

/// A cotangent that lies at the labels of a loss: what is there, and the rows with a 1 at each label.
pub(crate) fn picked(g: &Expr) -> Option<(Expr, Expr)> {
    let is_one_hot = |e: &Expr| matches!(e, Expr::Op(name, _) if name == "one_hot");
    match g {
        e if is_one_hot(e) => Some((Expr::ONE, e.clone())),
        Expr::Neg(e) => picked(e).map(|(rest, labels)| (neg(rest), labels)),
        Expr::Product(all) => {
            let at = all.iter().position(is_one_hot)?;
            let rest = all.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, e)| e.clone());
            Some((product(rest), all[at].clone()))
        }
        _ => None,
    }
}

/// The first where the condition holds, else the second.
pub(super) fn cases(condition: Expr, then: Expr, otherwise: Expr) -> Expr {
    match (&then, &otherwise) {
        (Expr::Number(1.0), Expr::Number(0.0)) => condition,
        (a, b) if a == b => then,
        _ => Expr::Cases(Box::new(condition), Box::new(then), Box::new(otherwise)),
    }
}

/// xⁿ for a constant n.
pub(super) fn to_the(x: Expr, n: f64) -> Expr {
    power(x, Expr::Number(n))
}
