//! The embedded font: how wide a text is, and the outlines of its glyphs.

use std::sync::OnceLock;
use ttf_parser::{Face, GlyphId, OutlineBuilder};

/// DejaVu Sans with the characters that figures use: Latin, Greek, super- and subscripts, mathematical signs.
static BYTES: &[u8] = include_bytes!("../assets/DejaVuSans-subset.ttf");

/// What an SVG asks for; the second and third have about the same widths.
pub(crate) const FAMILY: &str = "DejaVu Sans,Verdana,Geneva,sans-serif";

fn face() -> &'static Face<'static> {
    static FACE: OnceLock<Face<'static>> = OnceLock::new();
    FACE.get_or_init(|| Face::parse(BYTES, 0).expect("the embedded font is well-formed"))
}

/// Glyph of a character; what the font does not have becomes its box for missing ones.
fn glyph(c: char) -> GlyphId {
    face().glyph_index(c).unwrap_or_default()
}

/// The width of a text of a size in pixels.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    let units: f64 = text.chars().map(|c| f64::from(face().glyph_hor_advance(glyph(c)).unwrap_or(0))).sum();
    units * size / f64::from(face().units_per_em())
}

/// Draws the outlines of a text in units of the font, the base line at 0; gives the units of an em.
pub(crate) fn outline<B: OutlineBuilder>(
    text: &str,
    mut glyph_at: impl FnMut(f32) -> B,
    mut done: impl FnMut(B),
) -> f32 {
    let mut x = 0.0;
    for c in text.chars() {
        let id = glyph(c);
        let mut builder = glyph_at(x);
        face().outline_glyph(id, &mut builder);
        done(builder);
        x += f32::from(face().glyph_hor_advance(id).unwrap_or(0));
    }
    f32::from(face().units_per_em())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_font_has_what_figures_write() {
        for c in "Aaz019.,:%()[]−·×²³⁻⁰⁹₀αβσθπ∂∇∞≈≤≥√Σ→—–…′″‖∥ℝ⟨⟩é".chars()
        {
            assert!(face().glyph_index(c).is_some(), "{c}");
        }
    }

    #[test]
    fn widths_grow_with_text_and_size() {
        assert_eq!(width("", 20.0), 0.0);
        assert!(width("mm", 20.0) > width("ii", 20.0));
        assert!((width("mm", 40.0) - 2.0 * width("mm", 20.0)).abs() < 1e-9);
    }
}
