//! Colours that tell the kinds of cards apart, and their names in the legend.

use super::graph::Kind;

/// Of the edge from a result to the adjoint with which a sweep begins.
pub(super) const SEED: &str = "#cc79a7";

/// How a card looks.
pub(super) struct Style {
    pub(super) name: &'static str,
    pub(super) fill: &'static str,
    pub(super) stroke: &'static str,
    pub(super) dashed: bool,
}

impl Kind {
    /// Strokes are of the palette of M. Okabe and K. Ito, fills are their tints.
    pub(super) fn style(self) -> Style {
        let (name, fill, stroke) = match self {
            Kind::Data => ("data", "#f0f1f3", "#8a94a0"),
            Kind::Variable => ("variable", "#e1f1fc", "#2f8fcb"),
            Kind::Parameter => ("parameter", "#dff3ea", "#009e73"),
            Kind::Operation => ("operation", "#ffffff", "#52606d"),
            Kind::Output => ("output", "#fdf0d5", "#e08e00"),
            Kind::Derivative => ("adjoint or tangent", "#f8e9f2", "#cc79a7"),
            Kind::Folded => ("folded nodes", "#f7f7fb", "#6b7280"),
        };
        Style { name, fill, stroke, dashed: self == Kind::Folded }
    }
}
