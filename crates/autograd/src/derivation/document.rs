//! A page as data: what a derivation says, before it is written in a notation.

use crate::lists::IntoList;
use crate::symbol::{Context, Expr, Index};

/// A derivation, ready to be written.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) context: Context,
    pub(super) blocks: Vec<Block>,
}

#[derive(Debug)]
pub(super) enum Block {
    /// A heading, and what is said under it.
    Heading(Vec<Run>, Option<&'static str>),
    /// An empty line of a text.
    Gap,
    Prose(Vec<Run>),
    /// Said to readers of a page, and left out where formulas are inserted into a text of somebody else's.
    Remark(Vec<Run>),
    Lines(Vec<Line>),
    /// A product, each factor above the derivative that it is, and above its number.
    Braces {
        left: Expr,
        factors: Vec<[Expr; 3]>,
        number: Option<usize>,
    },
    Grid(Grid),
}

/// A piece of a sentence.
#[derive(Clone, Debug)]
pub(super) enum Run {
    Text(String),
    Math(Expr, Index),
    /// a = b.
    Equation(Expr, Expr, Index),
}

/// One line of an equation: `left = side = side`.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub(super) left: Option<(Expr, Index)>,
    pub(super) sides: Vec<(Expr, Index)>,
    /// Names of the terms of the first side, to stand below it.
    pub(super) ways: Vec<String>,
    pub(super) notes: Vec<Vec<Run>>,
    pub(super) number: Option<usize>,
}

/// A table.
#[derive(Debug, Default)]
pub(super) struct Grid {
    pub(super) head: Vec<Vec<Run>>,
    pub(super) rows: Vec<Vec<Vec<Run>>>,
    /// Columns whose cells are aligned at the right.
    pub(super) right: Vec<usize>,
    /// Whether the last row is a sum of the others.
    pub(super) adds_up: bool,
}

impl Line {
    pub(super) fn of(left: Expr, sides: impl IntoIterator<Item = Expr>, index: Index) -> Line {
        let sides = sides.into_iter().map(|e| (e, index)).listed();
        Line { left: Some((left, index)), sides, ..Line::default() }
    }

    /// A line that goes on with `=`.
    pub(super) fn more(sides: impl IntoIterator<Item = Expr>, index: Index) -> Line {
        let sides = sides.into_iter().map(|e| (e, index)).listed();
        Line { sides, ..Line::default() }
    }

    pub(super) fn note(mut self, note: impl Into<Option<Vec<Run>>>) -> Line {
        self.notes.extend(note.into());
        self
    }

    pub(super) fn numbered(mut self, number: usize) -> Line {
        self.number = Some(number);
        self
    }

    pub(super) fn also(mut self, side: Option<Expr>, index: Index) -> Line {
        self.sides.extend(side.map(|e| (e, index)));
        self
    }
}

pub(super) fn text(text: impl Into<String>) -> Run {
    Run::Text(text.into())
}

pub(super) fn math(e: Expr) -> Run {
    Run::Math(e, Index::Whole)
}
