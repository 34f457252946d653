//! Symbols as numbers: what the derivative column of the table computes is written down.

use super::functions::{called, of_two};
use super::{Expr, cases, neg, product, quotient, sum};
use crate::number::{BinaryRow, Number, UnaryRow};
use crate::table::{Compare, Unary};
use std::cell::RefCell;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// Where the formulas of symbols are kept, so that a symbol is `Copy`.
#[derive(Debug, Default)]
pub(super) struct Sheet(RefCell<Vec<Expr>>);

impl Sheet {
    pub(super) fn symbol(&self, e: Expr) -> Symbol<'_> {
        let mut all = self.0.borrow_mut();
        all.push(e);
        Symbol { sheet: self, index: all.len() - 1 }
    }
}

/// A formula on a sheet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Symbol<'s> {
    sheet: &'s Sheet,
    index: usize,
}

impl<'s> Symbol<'s> {
    #[inline(never)]
    pub(super) fn formula(self) -> Expr {
        self.sheet.0.borrow()[self.index].clone()
    }

    // Not inlined into each row of the table: speed does not matter here.
    #[inline(never)]
    fn with(self, other: Symbol<'s>, f: &dyn Fn(Expr, Expr) -> Expr) -> Symbol<'s> {
        self.sheet.symbol(f(self.formula(), other.formula()))
    }

    #[inline(never)]
    fn called(self, f: Unary) -> Symbol<'s> {
        self.sheet.symbol(called(f, self.formula()))
    }
}

impl Add for Symbol<'_> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.with(other, &|a, b| sum([a, b]))
    }
}
impl Sub for Symbol<'_> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.with(other, &|a, b| sum([a, neg(b)]))
    }
}
impl Mul for Symbol<'_> {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        self.with(other, &|a, b| product([a, b]))
    }
}
impl Div for Symbol<'_> {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        self.with(other, &quotient)
    }
}
impl Neg for Symbol<'_> {
    type Output = Self;
    #[inline(never)]
    fn neg(self) -> Self {
        self.sheet.symbol(neg(self.formula()))
    }
}

impl<'s> Number for Symbol<'s> {
    /// A comparison, as a formula.
    type Mask = Symbol<'s>;

    #[inline(never)]
    fn literal(self, value: f64) -> Self {
        self.sheet.symbol(Expr::Number(value))
    }
    fn holds(self, relation: Compare, other: Self) -> Self {
        self.with(other, &|a, b| Expr::Holds(relation, Box::new(a), Box::new(b)))
    }
    #[inline(never)]
    fn select(mask: Self, then: Self, otherwise: Self) -> Self {
        mask.sheet.symbol(cases(mask.formula(), then.formula(), otherwise.formula()))
    }
    fn apply<F: UnaryRow>(self, p: f64) -> Self {
        self.called(F::named(p))
    }
    fn apply_with<F: BinaryRow>(self, other: Self) -> Self {
        self.with(other, &|a, b| of_two(F::NAMED, a, b))
    }
}
