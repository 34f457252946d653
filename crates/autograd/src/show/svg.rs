//! A tape as an SVG picture.

use super::graph::{Card, CardGraph, CardKind};
use super::layers::Piece;
use super::layout::{Arrangement, CHARACTER, EdgePiece, LINE_HEIGHT, PAD, Rect};
use super::style::{CURRENT, CURRENT_NAME, SEED, Style};
use crate::lists::{IntoList, sort_once};
use crate::text::{columns, markup};
use std::fmt::Write;

/// The space around everything.
const MARGIN: f64 = 24.0;
/// Font sizes of text and of the title.
const SIZE: f64 = 12.0;
const TITLE: f64 = 17.0;
const FONT: &str = "DejaVu Sans Mono,Menlo,Consolas,Liberation Mono,monospace";

const INK: &str = "#1f2933";
const PALE: &str = "#616e7c";
const EDGE: &str = "#7b8794";
/// The colour of gradients.
const GRADIENT: &str = "#b5400a";

/// Length of an arrow's head.
const HEAD: f64 = 7.0;

/// The graph as the text of a file.
pub(super) fn write(graph: &CardGraph) -> String {
    let layout = Arrangement::of(graph);
    let mut kinds: Vec<CardKind> = graph.cards.iter().map(|card| card.kind).listed();
    sort_once(&mut kinds);
    let (above, wide) = head(graph, &kinds);
    let width = layout.width.max(wide) + 2.0 * MARGIN;
    let height = MARGIN + above.0 + layout.height + MARGIN;
    let (w, h) = (Coordinate(width.ceil()), Coordinate(height.ceil()));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" role=\"img\" \
         font-family=\"{FONT}\" font-size=\"{SIZE}\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
    );
    out += &above.1;
    let (x, y) = ((width - layout.width) / 2.0, MARGIN + above.0);
    _ = writeln!(out, "<g transform=\"translate({} {})\">", Coordinate(x), Coordinate(y));
    for (_, rect) in &layout.boxes {
        scope(&mut out, *rect);
    }
    layout.lines.iter().for_each(|line| course(&mut out, line));
    for (name, rect) in &layout.boxes {
        // The halo keeps the name readable where an edge passes.
        let halo = "stroke=\"#f6f8fa\" stroke-width=\"5\" stroke-linejoin=\"round\" paint-order=\"stroke\"";
        let bold = format!("fill=\"{PALE}\" font-weight=\"bold\" {halo}");
        text(&mut out, (rect.x + PAD.0, rect.y + LINE_HEIGHT + 1.0), name, &bold);
    }
    for (card, rect) in &layout.cards {
        draw(&mut out, &graph.cards[*card], *rect);
    }
    out + "</g>\n</svg>\n"
}

/// Title, note and legend: their height, their text and their width.
fn head(graph: &CardGraph, kinds: &[CardKind]) -> ((f64, String), f64) {
    let (mut out, mut y, mut wide) = (String::new(), MARGIN, 0.0f64);
    if !graph.title.is_empty() {
        _ = writeln!(out, "<title>{}</title>", markup(&graph.title));
        let style = format!("fill=\"{INK}\" font-weight=\"bold\" font-size=\"{TITLE}\"");
        text(&mut out, (MARGIN, y + TITLE), &graph.title, &style);
        wide = wide.max(columns(&graph.title) as f64 * CHARACTER * TITLE / SIZE);
        y += TITLE + 14.0;
    }
    if let Some(note) = &graph.note {
        text(&mut out, (MARGIN, y + SIZE), note, &format!("fill=\"{GRADIENT}\""));
        wide = wide.max(columns(note) as f64 * CHARACTER);
        y += LINE_HEIGHT + 8.0;
    }
    let mut x = MARGIN;
    for kind in kinds {
        let style = kind.style();
        frame(&mut out, Rect { x, y, width: 18.0, height: 13.0 }, &style, 3.0);
        text(&mut out, (x + 25.0, y + 11.0), style.name, &format!("fill=\"{PALE}\""));
        x += 25.0 + columns(style.name) as f64 * CHARACTER + 20.0;
    }
    if graph.cards.iter().any(|card| card.current) {
        ring(&mut out, Rect { x, y, width: 18.0, height: 13.0 }, 0.0);
        text(&mut out, (x + 25.0, y + 11.0), CURRENT_NAME, &format!("fill=\"{PALE}\""));
        x += 25.0 + columns(CURRENT_NAME) as f64 * CHARACTER + 20.0;
    }
    ((y + 13.0 + 20.0 - MARGIN, out), wide.max(x - MARGIN))
}

fn frame(out: &mut String, rect: Rect, style: &Style, radius: f64) {
    let dash = if style.dashed { " stroke-dasharray=\"5 3\"" } else { "" };
    _ = writeln!(
        out,
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{radius}\" fill=\"{}\" stroke=\"{}\" stroke-width=\"1.4\"{dash}/>",
        Coordinate(rect.x),
        Coordinate(rect.y),
        Coordinate(rect.width),
        Coordinate(rect.height),
        style.fill,
        style.stroke
    );
}

/// The frame around the card of the step that is shown.
fn ring(out: &mut String, rect: Rect, gap: f64) {
    _ = writeln!(
        out,
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{}\" fill=\"none\" stroke=\"{CURRENT}\" stroke-width=\"4\"/>",
        Coordinate(rect.x - gap),
        Coordinate(rect.y - gap),
        Coordinate(rect.width + 2.0 * gap),
        Coordinate(rect.height + 2.0 * gap),
        Coordinate(4.0 + gap),
    );
}

fn text(out: &mut String, (x, y): (f64, f64), line: &str, style: &str) {
    _ = writeln!(
        out,
        "<text x=\"{}\" y=\"{}\" {style}>{}</text>",
        Coordinate(x),
        Coordinate(y),
        markup(line)
    );
}

fn draw(out: &mut String, card: &Card, rect: Rect) {
    _ = writeln!(out, "<g><title>{}</title>", markup(&card.tip));
    frame(out, rect, &card.kind.style(), 6.0);
    if card.current {
        ring(out, rect, 4.0);
    }
    let mut y = rect.y + PAD.1 + SIZE;
    let mut line = |words: &str, style: &str| {
        text(out, (rect.x + PAD.0, y), words, style);
        y += LINE_HEIGHT;
    };
    line(&card.heading, &format!("fill=\"{INK}\" font-weight=\"bold\""));
    card.data.iter().for_each(|data| line(data, &format!("fill=\"{INK}\"")));
    if let Some(gradient) = &card.gradient {
        let color = if gradient.starts_with("grad ") { GRADIENT } else { PALE };
        line(gradient, &format!("fill=\"{color}\""));
    }
    out.push_str("</g>\n");
}

fn scope(out: &mut String, rect: Rect) {
    _ = writeln!(
        out,
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"9\" fill=\"#6b83a0\" fill-opacity=\"0.06\" stroke=\"#9aa5b1\"/>",
        Coordinate(rect.x),
        Coordinate(rect.y),
        Coordinate(rect.width),
        Coordinate(rect.height)
    );
}

/// Draws a piece of an edge: down, sideways, down. The bend has vertical ends, so that pieces join smoothly.
fn course(out: &mut String, line: &EdgePiece) {
    let EdgePiece { piece: Piece { from, between: (end, begin), to, .. }, arrow, seed } = *line;
    let (ink, dash) = if seed { (SEED, " stroke-dasharray=\"4 3\"") } else { (EDGE, "") };
    let tip = to.1;
    let last = if arrow { tip - HEAD + 1.0 } else { tip };
    let begin = begin.min(last);
    let bend = (begin - end) * 0.5;
    let n = Coordinate;
    _ = write!(out, "<path d=\"M{} {}", n(from.0), n(from.1));
    if end > from.1 {
        _ = write!(out, "V{}", n(end));
    }
    let x = (n(from.0), n(to.0));
    _ = write!(out, "C{} {} {} {} {} {}", x.0, n(end + bend), x.1, n(begin - bend), x.1, n(begin));
    if last > begin {
        _ = write!(out, "V{}", n(last));
    }
    _ = writeln!(out, "\" fill=\"none\" stroke=\"{ink}\" stroke-width=\"1.4\"{dash}/>");
    if arrow {
        let (x, y) = (to.0, tip - HEAD);
        _ = writeln!(
            out,
            "<path d=\"M{} {}L{} {}L{} {}Z\" fill=\"{ink}\"/>",
            n(x),
            n(tip),
            n(x - 3.6),
            n(y),
            n(x + 3.6),
            n(y)
        );
    }
}

/// A coordinate, printed with at most one decimal.
struct Coordinate(f64);

impl std::fmt::Display for Coordinate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tenths = (self.0 * 10.0).round();
        if tenths % 10.0 == 0.0 {
            write!(f, "{}", (tenths / 10.0) as i64)
        } else {
            write!(f, "{:.1}", tenths / 10.0)
        }
    }
}
