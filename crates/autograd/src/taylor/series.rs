//! Truncated power series as numbers: the derivative column of the table, computed with them, gives all coefficients of a function.
//!
//! For y = f(x) with f′ = s(x, y), y·′ = s·x·′ says of the coefficients of tᵏ: yₖ = Σⱼ j/k·xⱼ·sₖ₋ⱼ, j from 1 to k. So yₖ takes those of s
//! below k, and these take those of x and y below k: each coefficient is computed once it is asked for, and once. Functions
//! that are each other's derivatives, such as sin and cos, find each other.
//!
//! Source: Griewank & Walther, *Evaluating Derivatives*, 2008, section 13.2.

use crate::number::{BinaryRow, Num, Number, Operator, Slope, UnaryRow, Zero};
use crate::op::total;
use crate::record::record;
use crate::rows::{VisitBinary, VisitUnary, times};
use crate::table::{Binary, Compare, Unary};
use crate::var::Var;
use std::cell::RefCell;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// The series that a function and its derivatives meet.
pub(super) struct Arena<'t> {
    like: Var<'t>,
    nodes: RefCell<Vec<Node<'t>>>,
}

/// A series of an arena.
#[derive(Clone, Copy)]
pub(super) struct Series<'a, 't> {
    arena: &'a Arena<'t>,
    id: usize,
}

struct Node<'t> {
    kind: Kind<'t>,
    /// The coefficients from that of t⁰ on, as far as they were asked for; `None` is zero.
    known: Vec<Option<Var<'t>>>,
    /// The derivatives by the operands, once they were asked for.
    slopes: Option<[Derivative; 2]>,
}

/// A derivative that is a series, and what zeros do in products with it.
type Derivative = Option<(Zero, Slope<usize>)>;

/// What a series is, of others by their numbers.
#[derive(Clone, Copy)]
enum Kind<'t> {
    /// Coefficients that are given; those that are not are zero.
    Given,
    Literal(f64),
    /// a ∘ c, or c ∘ a.
    WithLiteral(Operator, usize, f64, bool),
    Unary(Unary, usize),
    Binary(Binary, usize, usize),
    Select(Var<'t>, usize, usize),
    /// The first coefficient of one series, and the others of another, which is the same but for rounding.
    Begun(usize, usize),
}

impl<'t> Arena<'t> {
    pub(super) fn new(like: Var<'t>) -> Arena<'t> {
        Arena { like, nodes: RefCell::default() }
    }

    /// A series with these coefficients, and no others.
    pub(super) fn given(&self, coefficients: impl IntoIterator<Item = Option<Var<'t>>>) -> Series<'_, 't> {
        self.push(Kind::Given, coefficients.into_iter().collect())
    }

    /// y = f(x), whose value is known.
    pub(super) fn unary<'a>(&'a self, f: Unary, x: Series<'a, 't>, y: Var<'t>) -> Series<'a, 't> {
        self.push(Kind::Unary(f, x.id), vec![Some(y)])
    }

    /// y = f(a, b), whose value is known.
    pub(super) fn binary<'a>(&'a self, f: Binary, x: [Series<'a, 't>; 2], y: Var<'t>) -> Series<'a, 't> {
        self.push(Kind::Binary(f, x[0].id, x[1].id), vec![Some(y)])
    }

    fn push(&self, kind: Kind<'t>, known: Vec<Option<Var<'t>>>) -> Series<'_, 't> {
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(Node { kind, known, slopes: None });
        Series { arena: self, id: nodes.len() - 1 }
    }

    /// The series of a kind: the one that is there, or a new one.
    fn of(&self, kind: Kind<'t>) -> Series<'_, 't> {
        let found = self.nodes.borrow().iter().position(|node| node.kind.is(&kind));
        found.map_or_else(|| self.push(kind, vec![]), |id| Series { arena: self, id })
    }

    /// The coefficient of tᵏ.
    #[track_caller]
    fn coefficient(&self, id: usize, k: usize) -> Option<Var<'t>> {
        loop {
            let (kind, len) = {
                let node = &self.nodes.borrow()[id];
                if let Some(&known) = node.known.get(k) {
                    return known;
                }
                (node.kind, node.known.len())
            };
            let next = if len == 0 { Some(self.first(kind)) } else { self.later(id, kind, len) };
            self.nodes.borrow_mut()[id].known.push(next);
        }
    }

    #[track_caller]
    fn value(&self, id: usize) -> Var<'t> {
        self.coefficient(id, 0).expect("each series has a value")
    }

    #[track_caller]
    fn first(&self, kind: Kind<'t>) -> Var<'t> {
        match kind {
            Kind::Given => unreachable!("a given series has a value"),
            Kind::Literal(c) => self.like.full_like(c),
            Kind::WithLiteral(operator, a, c, false) => self.value(a).and_literal(operator, c),
            Kind::WithLiteral(operator, a, c, true) => self.value(a).after_literal(operator, c),
            Kind::Unary(f, a) => record(f, &[self.value(a)]),
            Kind::Binary(f, a, b) => record(f, &[self.value(a), self.value(b)]),
            Kind::Select(mask, a, b) => mask.select(self.value(a), self.value(b)),
            Kind::Begun(a, _) => self.value(a),
        }
    }

    /// The coefficient of tᵏ, k ≥ 1, where all before are known.
    #[track_caller]
    fn later(&self, id: usize, kind: Kind<'t>, k: usize) -> Option<Var<'t>> {
        match kind {
            Kind::Given | Kind::Literal(_) => None,
            Kind::WithLiteral(Operator::Add, a, ..) | Kind::WithLiteral(Operator::Sub, a, _, false) => {
                self.coefficient(a, k)
            }
            Kind::WithLiteral(Operator::Sub, a, ..) => self.coefficient(a, k).map(|a| -a),
            Kind::WithLiteral(operator, a, c, _) => {
                self.coefficient(a, k).map(|a| a.and_literal(operator, c))
            }
            Kind::Unary(Unary::Square, a) => self.product(a, a, k),
            Kind::Unary(_, a) => self.chain(id, [a, a], k),
            Kind::Binary(Binary::Mul, a, b) => self.product(a, b, k),
            Kind::Binary(Binary::Div, a, b) => self.quotient(id, a, b, k),
            Kind::Binary(_, a, b) => self.chain(id, [a, b], k),
            Kind::Select(mask, a, b) => {
                let (a, b) = (self.coefficient(a, k), self.coefficient(b, k));
                let like = a.or(b)?;
                let or_zero = |x: Option<Var<'t>>| x.unwrap_or_else(|| like.full_like(0.0));
                Some(mask.select(or_zero(a), or_zero(b)))
            }
            Kind::Begun(_, rest) => self.coefficient(rest, k),
        }
    }

    /// (a·b)ₖ = Σ aⱼ·bₖ₋ⱼ; of a square, each product once.
    #[track_caller]
    fn product(&self, a: usize, b: usize, k: usize) -> Option<Var<'t>> {
        let term = |j: usize| Some(self.coefficient(a, j)? * self.coefficient(b, k - j)?);
        if a != b {
            return total((0..=k).map(term));
        }
        let twice = total((0..k.div_ceil(2)).map(term)).map(|x| x * 2.0);
        total([twice, if k.is_multiple_of(2) { term(k / 2) } else { None }])
    }

    /// y = a/b: yₖ = (aₖ − Σ bⱼ·yₖ₋ⱼ)/b₀, j from 1 to k.
    #[track_caller]
    fn quotient(&self, y: usize, a: usize, b: usize, k: usize) -> Option<Var<'t>> {
        let term = |j: usize| Some(self.coefficient(b, j)? * self.coefficient(y, k - j)?);
        let rest = match (self.coefficient(a, k), total((1..=k).map(term))) {
            (Some(a), Some(sum)) => a - sum,
            (Some(a), None) => a,
            (None, sum) => -sum?,
        };
        let b = self.of(Kind::Unary(Unary::Recip, b));
        Some(times(Zero::OfDerivative, Slope::Varying(self.value(b.id)), rest))
    }

    /// yₖ = Σ j/k·xⱼ·sₖ₋ⱼ, over the operands x with their slopes s.
    #[track_caller]
    fn chain(&self, y: usize, operands: [usize; 2], k: usize) -> Option<Var<'t>> {
        let slopes = self.slopes(y);
        let mut terms = vec![];
        for (x, slope) in operands.into_iter().zip(slopes) {
            match slope {
                None | Some((_, Slope::Constant(0.0))) => {}
                Some((_, Slope::Constant(1.0))) => terms.push(self.coefficient(x, k)),
                Some((_, Slope::Constant(c))) => {
                    terms.push(self.coefficient(x, k).map(|x| if c == -1.0 { -x } else { x * c }));
                }
                Some((zero, Slope::Varying(s))) => terms.extend((1..=k).rev().map(|j| {
                    let (x, s) = (self.coefficient(x, j)?, self.coefficient(s, k - j)?);
                    let term = times(zero, Slope::Varying(s), x);
                    Some(if j == k { term } else { term * (j as f64 / k as f64) })
                })),
            }
        }
        total(terms)
    }

    /// The derivatives of a function as series.
    #[track_caller]
    pub(super) fn slopes(&self, y: usize) -> [Derivative; 2] {
        let (kind, known) = {
            let node = &self.nodes.borrow()[y];
            (node.kind, node.slopes)
        };
        if let Some(known) = known {
            return known;
        }
        let series = |id: usize| Num(Series { arena: self, id });
        let slopes = match kind {
            Kind::Unary(f, x) => {
                let (zero, slope) = f.visit(OfUnary(series(x), series(y)));
                [Some((zero, self.begun(f, slope, series(y)))), None]
            }
            Kind::Binary(f, a, b) => f.visit(OfBinary(series(a), series(b), series(y))),
            _ => unreachable!("only functions of the table have slopes"),
        };
        self.nodes.borrow_mut()[y].slopes = Some(slopes);
        slopes
    }

    /// The slope in the form of a textbook, which is shorter, where only its first coefficient would cancel.
    #[track_caller]
    fn begun(&self, f: Unary, slope: Slope<usize>, y: Num<Series<'_, 't>>) -> Slope<usize> {
        let (rest, Slope::Varying(first)) = (
            match f {
                Unary::Tanh => 1.0 - y * y,
                Unary::Sigmoid => y - y * y,
                _ => return slope,
            },
            slope,
        ) else {
            return slope;
        };
        Slope::Varying(self.of(Kind::Begun(first, rest.0.id)).id)
    }
}

impl<'a, 't> Series<'a, 't> {
    /// The coefficient of tᵏ; `None` is zero.
    #[track_caller]
    pub(super) fn at(self, k: usize) -> Option<Var<'t>> {
        self.arena.coefficient(self.id, k)
    }

    /// The derivatives of a function of the table by its operands, and what zeros do in products with them.
    #[track_caller]
    pub(super) fn slopes(self) -> [Option<(Zero, Slope<Series<'a, 't>>)>; 2] {
        let of = |(zero, slope): (Zero, Slope<usize>)| {
            let slope = match slope {
                Slope::Constant(c) => Slope::Constant(c),
                Slope::Varying(id) => Slope::Varying(Series { arena: self.arena, id }),
            };
            (zero, slope)
        };
        self.arena.slopes(self.id).map(|slope| slope.map(of))
    }
}

impl Kind<'_> {
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Kind::Literal(a), Kind::Literal(b)) => a.to_bits() == b.to_bits(),
            (Kind::WithLiteral(f, a, c, after), Kind::WithLiteral(g, b, d, then)) => {
                (*f as u8, a, after) == (*g as u8, b, then) && c.to_bits() == d.to_bits()
            }
            (Kind::Unary(f, a), Kind::Unary(g, b)) => f == g && a == b,
            (Kind::Binary(f, a, b), Kind::Binary(g, c, d)) => (f, a, b) == (g, c, d),
            (Kind::Select(m, a, b), Kind::Select(n, c, d)) => (m.id(), a, b) == (n.id(), c, d),
            (Kind::Begun(a, b), Kind::Begun(c, d)) => (a, b) == (c, d),
            _ => false,
        }
    }
}

/// The slope of a row over series.
struct OfUnary<'a, 't>(Num<Series<'a, 't>>, Num<Series<'a, 't>>);
impl VisitUnary for OfUnary<'_, '_> {
    type Output = (Zero, Slope<usize>);
    #[track_caller]
    fn row<F: UnaryRow>(self, p: f64) -> Self::Output {
        (F::ZEROS[1], number_of(F::slope(self.0, self.1, p)))
    }
}

struct OfBinary<'a, 't>(Num<Series<'a, 't>>, Num<Series<'a, 't>>, Num<Series<'a, 't>>);
impl VisitBinary for OfBinary<'_, '_> {
    type Output = [Derivative; 2];
    #[track_caller]
    fn row<F: BinaryRow>(self) -> Self::Output {
        let slopes = F::slopes(self.0, self.1, self.2, [true; 2]);
        let mut zeros = F::ZEROS.iter().map(|zeros| zeros[1]);
        slopes.map(|slope| zeros.next().zip(slope.map(number_of)))
    }
}

fn number_of(slope: Slope<Series<'_, '_>>) -> Slope<usize> {
    match slope {
        Slope::Constant(c) => Slope::Constant(c),
        Slope::Varying(series) => Slope::Varying(series.id),
    }
}

macro_rules! operators {
    ($($Trait:ident $method:ident;)*) => {
        $(
            impl $Trait for Series<'_, '_> {
                type Output = Self;
                #[track_caller]
                fn $method(self, other: Self) -> Self {
                    Series { id: self.arena.of(Kind::Binary(Binary::$Trait, self.id, other.id)).id, ..self }
                }
            }
        )*
    };
}
operators! { Add add; Sub sub; Mul mul; Div div; }

impl Neg for Series<'_, '_> {
    type Output = Self;
    #[track_caller]
    fn neg(self) -> Self {
        Series { id: self.arena.of(Kind::Unary(Unary::Neg, self.id)).id, ..self }
    }
}

impl<'t> Number for Series<'_, 't> {
    type Mask = Var<'t>;

    #[track_caller]
    fn literal(self, value: f64) -> Self {
        Series { id: self.arena.of(Kind::Literal(value)).id, ..self }
    }
    #[track_caller]
    fn and_literal(self, operator: Operator, c: f64) -> Self {
        Series { id: self.arena.of(Kind::WithLiteral(operator, self.id, c, false)).id, ..self }
    }
    #[track_caller]
    fn after_literal(self, operator: Operator, c: f64) -> Self {
        if let Operator::Div = operator {
            return self.literal(c) / self;
        }
        Series { id: self.arena.of(Kind::WithLiteral(operator, self.id, c, true)).id, ..self }
    }
    #[track_caller]
    fn holds(self, relation: Compare, other: Self) -> Var<'t> {
        self.arena.value(self.id).holds(relation, self.arena.value(other.id))
    }
    #[track_caller]
    fn select(mask: Var<'t>, then: Self, otherwise: Self) -> Self {
        Series { id: then.arena.of(Kind::Select(mask, then.id, otherwise.id)).id, ..then }
    }
    #[track_caller]
    fn apply<F: UnaryRow>(self, p: f64) -> Self {
        Series { id: self.arena.of(Kind::Unary(F::named(p), self.id)).id, ..self }
    }
    #[track_caller]
    fn apply_with<F: BinaryRow>(self, other: Self) -> Self {
        Series { id: self.arena.of(Kind::Binary(F::NAMED, self.id, other.id)).id, ..self }
    }
}
