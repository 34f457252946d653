//! One entry of the derivative by a matrix, with all its terms.

use super::document::{Block, Grid, Line, math, text};
use super::page::{Page, SHOWN};
use crate::ir::NodeId;
use crate::lists::{IntoList, places};
use crate::symbol::{Expr, Index};

/// The largest terms that are shown of many.
const TERMS: usize = 4;

/// The product Aᵀ·G over rows that gives the derivative by a matrix, in numbers.
pub(super) struct Entry {
    matrix: NodeId,
    a: NodeId,
    g: NodeId,
    at: [usize; 2],
    terms: Vec<[f64; 2]>,
    value: f64,
}

impl Page<'_> {
    /// The entry that was asked for, or the one with the largest derivative; none if the tape has no numbers.
    pub(super) fn entry_of(&self, q: NodeId, a: &Expr, g: &Expr) -> Option<Entry> {
        let (Expr::Transposed(a), Expr::Adjoint(g)) = (a, g) else { return None };
        let Expr::Value(a) = **a else { return None };
        let &[rows, columns] = self.model.shape(q) else { return None };
        let gradient = self.adjoint_values(q)?;
        let (left, right) = (self.model.value(a)?, self.adjoint_values(*g)?);
        if rows * columns == 0 || left.len() % rows != 0 || left.len() / rows * columns != right.len() {
            return None;
        }
        let asked = self.entry.as_ref().filter(|(of, _)| *of == q);
        let at = match asked.map(|(_, at)| &at[..]) {
            Some(&[i, j]) if i < rows && j < columns => [i, j],
            _ => {
                let larger =
                    |best: usize, k: usize| if gradient[k].abs() > gradient[best].abs() { k } else { best };
                let best = (0..gradient.len()).fold(0, larger);
                [best / columns, best % columns]
            }
        };
        let terms =
            (0..left.len() / rows).map(|i| [left[i * rows + at[0]], right[i * columns + at[1]]]).listed();
        let value = gradient[at[0] * columns + at[1]];
        Some(Entry { matrix: q, a, g: *g, at, terms, value })
    }
}

/// Below the line of a matrix: one of its entries in full.
pub(super) fn write(page: &mut Page<'_>, q: NodeId, a: &Expr, g: &Expr, _rows: usize) {
    let Some(entry) = page.entry_of(q, a, g) else { return };
    let asked = page.entry.as_ref().is_some_and(|(of, _)| *of == q);
    let counted = page.model.shape(q).contains(&1).then_some(entry.at[0] + entry.at[1] + 1);
    let name = page.entry(q, counted, entry.at.map(|k| k.to_string()).to_vec());
    let which = if asked { "the entry that was asked" } else { "the entry that is largest" };
    page.blocks.push(Block::Prose(vec![
        text(format!("    in full, {which}, ")),
        math(Expr::Adjoint(name)),
        text(":"),
    ]));
    if entry.terms.len() > SHOWN {
        return page.blocks.push(Block::Grid(entry.largest_terms()));
    }
    let term = |[a, g]: &[f64; 2]| Expr::Product(vec![Expr::Datum(*a), Expr::Datum(*g)]);
    let sum = Expr::Sum(entry.terms.iter().map(term).listed());
    page.blocks.push(Block::Lines(vec![Line::more([sum, Expr::Datum(entry.value)], Index::Whole)]));
}

/// A part of an overview.
pub(super) fn write_alone(page: &mut Page<'_>, entry: &Entry, from_data: bool) {
    let indices = entry.at.map(|k| k.to_string());
    let name = page.entry(entry.matrix, None, indices.to_vec());
    let unit = if from_data { "input" } else { "neuron" };
    let [from, to] = entry.at.map(ordinal);
    page.heading(vec![
        text("One entry in full: "),
        math(Expr::Adjoint(name)),
        text(format!(", from the {from} {unit} to the {to}{}", if from_data { " neuron" } else { "" })),
    ]);
    let a = page.entry(entry.a, None, vec!["i".to_owned(), indices[0].clone()]);
    let g = page.entry(entry.g, None, vec!["i".to_owned(), indices[1].clone()]);
    let body = Expr::Product(vec![Expr::Value(a), Expr::Adjoint(g)]);
    let sum = Expr::Total { axes: vec![0], shape: vec![entry.terms.len()], body: Box::new(body) };
    let many = entry.terms.len() > TERMS + 2;
    let note = many.then(|| vec![text(format!("{} terms, the largest:", entry.terms.len()))]);
    page.blocks.push(Block::Lines(vec![Line::more([sum], Index::Whole).note(note)]));
    page.blocks.push(Block::Grid(entry.largest_terms()));
}

impl Entry {
    pub(super) fn size(&self) -> f64 {
        self.value.abs()
    }

    pub(super) fn reads(&self) -> NodeId {
        self.a
    }

    fn largest_terms(&self) -> Grid {
        let product = |i: usize| self.terms[i][0] * self.terms[i][1];
        let order = places(self.terms.len(), &|i, j| product(j).abs().total_cmp(&product(i).abs()));
        let most = if order.len() > TERMS + 2 { TERMS } else { order.len() };
        let mut grid = Grid { right: vec![2], adds_up: true, ..Grid::default() };
        for (k, &i) in order[..most].iter().enumerate() {
            let factors = self.terms[i].map(Expr::Datum).to_vec();
            grid.rows.push(vec![
                vec![text(if k == 0 { "= " } else { "+ " }), math(Expr::Product(factors))],
                vec![text(format!("i = {i}"))],
                vec![math(Expr::Datum(product(i)))],
            ]);
        }
        if most < order.len() {
            let rest: f64 = self.value - order[..most].iter().map(|&i| product(i)).sum::<f64>();
            grid.rows.push(vec![
                vec![text(format!("+ {} others", order.len() - most))],
                vec![],
                vec![math(Expr::Datum(rest))],
            ]);
        }
        grid.rows.push(vec![vec![], vec![], vec![math(Expr::Datum(self.value))]]);
        grid
    }
}

/// First, second, third, … of a number counted from 0.
fn ordinal(k: usize) -> String {
    const WORDS: [&str; 12] = [
        "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
        "eleventh", "twelfth",
    ];
    match (WORDS.get(k), (k + 1) % 10, (k + 1) % 100 / 10) {
        (Some(word), ..) => (*word).to_owned(),
        (None, 1, tens) if tens != 1 => format!("{}st", k + 1),
        (None, 2, tens) if tens != 1 => format!("{}nd", k + 1),
        (None, 3, tens) if tens != 1 => format!("{}rd", k + 1),
        _ => format!("{}th", k + 1),
    }
}
