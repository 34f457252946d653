//! What is shaded: bands between two curves, and intervals of one axis.

use std::ops::Range;

/// The opacity of shaded areas, unless another is set.
pub(crate) const OPACITY: f64 = 0.2;

/// The area between two curves.
#[derive(Debug)]
pub(crate) struct Band {
    pub(crate) name: String,
    /// The index of the series whose colour it has.
    pub(crate) n: usize,
    pub(crate) x: Vec<f64>,
    pub(crate) low: Vec<f64>,
    pub(crate) high: Vec<f64>,
}

/// An interval of one axis.
#[derive(Debug)]
pub(crate) struct Span {
    pub(crate) name: String,
    /// `x` or `y`.
    pub(crate) axis: char,
    pub(crate) range: Range<f64>,
}

impl Band {
    /// The points of both curves.
    pub(crate) fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        [&self.low, &self.high].into_iter().flat_map(|y| self.x.iter().copied().zip(y.iter().copied()))
    }
}
