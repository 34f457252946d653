//! Colours that tell the kinds of cards apart, and their names in the legend.

use super::graph::CardKind;

/// The colour of the edge from a result to the adjoint with which a sweep begins.
pub(super) const SEED: &str = "#cc79a7";

/// The colour around the card of the step that is shown. It stands out from white and from black, at least 3 to 1.
pub(super) const CURRENT: &str = "#8b3ff0";

/// The name of that colour in the legend.
pub(super) const CURRENT_NAME: &str = "this step";

/// How a card looks.
pub(super) struct Style {
    pub(super) name: &'static str,
    pub(super) fill: &'static str,
    pub(super) stroke: &'static str,
    pub(super) dashed: bool,
}

impl CardKind {
    /// Strokes use the palette of M. Okabe and K. Ito. Fills are tints of them.
    pub(super) fn style(self) -> Style {
        let (name, fill, stroke) = match self {
            CardKind::Data => ("data", "#f0f1f3", "#8a94a0"),
            CardKind::Variable => ("variable", "#e1f1fc", "#2f8fcb"),
            CardKind::Parameter => ("parameter", "#dff3ea", "#009e73"),
            CardKind::Operation => ("operation", "#ffffff", "#52606d"),
            CardKind::Output => ("output", "#fdf0d5", "#e08e00"),
            CardKind::Derivative => ("adjoint or tangent", "#f8e9f2", "#cc79a7"),
            CardKind::Folded => ("folded nodes", "#f7f7fb", "#6b7280"),
        };
        Style { name, fill, stroke, dashed: self == CardKind::Folded }
    }
}
