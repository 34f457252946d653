//! The legend: in a corner that is free of data, or else in rows above the panel.

use crate::areas::{Band, Span};
use crate::clip::Bounds;
use crate::font;
use crate::frame::Frame;
use crate::marks::{line_paint, radius, runs};
use crate::palette::{self, INK, WHITE};
use crate::panel::{Panel, Style};
use crate::scene::{Anchor, Color, Paint, Point, Rect, Scene, Step};
use crate::shade::SPAN;

const SIZE: f64 = 14.0;
const LINE_HEIGHT: f64 = 20.0;
/// Length of the sample of a series, and from there to its name.
const SAMPLE: f64 = 26.0;
const TO_NAME: f64 = 7.0;
const PADDING: f64 = 7.0;
/// From one entry to the next in a row.
const BETWEEN: f64 = 18.0;

/// An entry: a sample of the series and its name.
#[derive(Debug)]
struct Entry {
    name: String,
    kind: Kind,
    /// The left end of its line, half way up.
    at: Point,
}

/// What a sample shows.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// The index of the series among those of its panel, and the size of its markers.
    Series {
        style: Style,
        n: usize,
        radius: f64,
    },
    Area {
        color: Color,
        opacity: f64,
    },
}

impl Entry {
    fn new(name: &str, kind: Kind) -> Entry {
        Entry { name: name.to_owned(), kind, at: (0.0, 0.0) }
    }

    fn width(&self) -> f64 {
        SAMPLE + TO_NAME + font::width(&self.name, SIZE)
    }
}

/// A legend and its position.
#[derive(Debug)]
pub(crate) struct Legend {
    pub(crate) rect: Rect,
    boxed: bool,
    entries: Vec<Entry>,
}

fn entries(panel: &Panel<'_>) -> Vec<Entry> {
    let (radius, opacity) = (radius(panel), panel.opacity);
    let mut entries = Vec::new();
    for (n, series) in panel.series.iter().enumerate() {
        entries.push(Entry::new(&series.name, Kind::Series { style: series.style, n, radius }));
        entries.extend(panel.bands.iter().filter(|band| band.n == n).map(|band| of_band(band, opacity)));
    }
    if panel.series.is_empty() {
        entries.extend(panel.bands.iter().map(|band| of_band(band, opacity)));
    }
    let of_span = |span: &Span| Entry::new(&span.name, Kind::Area { color: SPAN, opacity });
    entries.extend(panel.spans.iter().map(of_span));
    entries.retain(|entry| !entry.name.is_empty());
    entries
}

fn of_band(band: &Band, opacity: f64) -> Entry {
    Entry::new(&band.name, Kind::Area { color: palette::series(band.n), opacity })
}

/// The legend in the first corner or side of the panel where it covers no data; `None` if there is none.
pub(crate) fn inside(panel: &Panel<'_>, frame: &Frame) -> Option<Legend> {
    let mut entries = entries(panel);
    let width = entries.iter().map(Entry::width).fold(0.0, f64::max) + 2.0 * PADDING;
    let height = entries.len() as f64 * LINE_HEIGHT + PADDING;
    let room = frame.rect.grown(-8.0);
    if entries.is_empty() {
        return Some(Legend { rect: Rect::new(room.x, room.y, 0.0, 0.0), boxed: false, entries });
    }
    // A larger legend would cover most of the panel.
    if width > 0.85 * room.width || height > 0.6 * room.height {
        return None;
    }
    let taken = occupied(panel, frame);
    let (right, bottom) = (room.right() - width, room.bottom() - height);
    let (center, middle) = ((room.x + right) / 2.0, (room.y + bottom) / 2.0);
    let corners = [(right, room.y), (room.x, room.y), (right, bottom), (room.x, bottom)];
    let sides = [(center, room.y), (center, bottom), (right, middle), (room.x, middle)];
    let candidates = corners.into_iter().chain(sides).map(|(x, y)| Rect::new(x, y, width, height));
    let rect = candidates.into_iter().find(|rect| free(rect.grown(6.0), &taken))?;
    for (i, entry) in entries.iter_mut().enumerate() {
        entry.at = (rect.x + PADDING, rect.y + PADDING / 2.0 + (i as f64 + 0.5) * LINE_HEIGHT);
    }
    Some(Legend { rect, boxed: true, entries })
}

/// Lines and points that cover the data in the frame, in pixels. A point is a line of one.
fn occupied(panel: &Panel<'_>, frame: &Frame) -> Vec<Vec<Point>> {
    let mut taken = Vec::new();
    for series in &panel.series {
        if series.style == Style::Points {
            taken.extend(series.points.iter().filter_map(|&p| frame.visible(p, 0.0)).map(|p| vec![p]));
        } else {
            taken.extend(runs(&series.points, frame));
        }
    }
    for band in &panel.bands {
        for y in [&band.low, &band.high] {
            let curve: Vec<_> = band.x.iter().copied().zip(y.iter().copied()).collect();
            taken.extend(runs(&curve, frame));
        }
    }
    taken
}

/// Whether none of the lines meets a rectangle.
fn free(rect: Rect, taken: &[Vec<Point>]) -> bool {
    let bounds = Bounds { low: (rect.x, rect.y), high: (rect.right(), rect.bottom()) };
    taken.iter().all(|line| match line[..] {
        [p] => !bounds.contains(p),
        _ => line.windows(2).all(|pair| bounds.segment(pair[0], pair[1]).is_none()),
    })
}

/// The height of the rows of a legend above a panel of some width.
pub(crate) fn height_above(panel: &Panel<'_>, width: f64) -> f64 {
    let entries = entries(panel);
    let rows = entries.len().div_ceil(columns(&entries, width));
    if rows == 0 { 0.0 } else { rows as f64 * LINE_HEIGHT + 6.0 }
}

/// The widest entry with the space to the next.
fn pitch(entries: &[Entry]) -> f64 {
    entries.iter().map(Entry::width).fold(0.0, f64::max) + BETWEEN
}

/// How many entries stand in a row. There are as few rows as possible, of lengths as equal as possible.
fn columns(entries: &[Entry], width: f64) -> usize {
    let fitting = (((width + BETWEEN) / pitch(entries)) as usize).max(1);
    let rows = entries.len().div_ceil(fitting).max(1);
    entries.len().div_ceil(rows).max(1)
}

impl Legend {
    /// The legend in rows above a panel.
    pub(crate) fn above(panel: &Panel<'_>, frame: Rect) -> Legend {
        let mut entries = entries(panel);
        let (columns, pitch) = (columns(&entries, frame.width), pitch(&entries));
        let height = height_above(panel, frame.width);
        let rect = Rect::new(frame.x, frame.y - height, frame.width, height);
        let left = frame.center().0 - (columns as f64 * pitch - BETWEEN) / 2.0;
        for (i, entry) in entries.iter_mut().enumerate() {
            let (row, column) = ((i / columns) as f64, (i % columns) as f64);
            entry.at = (left + column * pitch, rect.y + (row + 0.5) * LINE_HEIGHT);
        }
        Legend { rect, boxed: false, entries }
    }

    pub(crate) fn draw(&self, scene: &mut Scene) {
        if self.boxed {
            let paint = Paint { opacity: 0.88, ..Paint::fill(WHITE).and_stroke([205, 205, 205], 1.0) };
            scene.path(self.rect.steps(), paint, None);
        }
        for entry in &self.entries {
            let (x, y) = entry.at;
            sample(scene, entry);
            let at = (x + SAMPLE + TO_NAME, y + 0.36 * SIZE);
            scene.text(at, &entry.name, SIZE, Anchor::Start, INK);
        }
    }
}

fn sample(scene: &mut Scene, entry: &Entry) {
    let (x, y) = entry.at;
    let middle = (x + SAMPLE / 2.0, y);
    let (style, n, radius) = match entry.kind {
        Kind::Series { style, n, radius } => (style, n, radius),
        Kind::Area { color, opacity } => {
            let area = Rect::new(x, y - 6.0, SAMPLE, 12.0);
            return scene.path(area.steps(), Paint { opacity, ..Paint::fill(color) }, None);
        }
    };
    let color = palette::series(n);
    if style == Style::Points {
        let steps = palette::marker(n, middle, radius.max(4.0));
        return scene.path(steps, Paint::fill(color).and_stroke(WHITE, 0.8), None);
    }
    let line = vec![Step::Move((x, y)), Step::Line((x + SAMPLE, y))];
    scene.path(line, line_paint(style, n), None);
    if style == Style::Path {
        scene.path(palette::star(middle, 7.0), Paint::fill(color).and_stroke(WHITE, 0.8), None);
    }
}
