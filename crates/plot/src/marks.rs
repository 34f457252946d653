//! Drawing the content of a panel: background, contours, series.

use crate::contour::{self, Samples};
use crate::error::PlotError;
use crate::frame::Frame;
use crate::palette::{self, CONTOUR, INK, WHITE};
use crate::panel::{Field, Panel, Series, Style};
use crate::scene::{Color, Item, Paint, Point, Rect, Scene, Step};
use crate::shade;
use crate::simplify::{distance, simplified};

/// Pixels from one sample of a function to the next, for lines and for backgrounds. Backgrounds are blended between samples,
/// which make up most of an SVG's size.
const LINE_SAMPLING: f64 = 3.0;
const REGION_SAMPLING: f64 = 4.0;
/// How far beyond the frame lines are drawn, in pixels: so far that ends and corners there cannot be seen.
const BEYOND: f64 = 16.0;
/// The least distance of dots on a path, in pixels. A short path shows each step; a long path has too many steps.
fn dot_distance(steps: usize) -> f64 {
    if steps <= 200 { 7.0 } else { 18.0 }
}

/// Draws all of a panel but its axes.
pub(crate) fn draw(scene: &mut Scene, panel: &Panel<'_>, frame: &Frame) -> Result<(), PlotError> {
    if let Some(p) = &panel.regions {
        regions(scene, panel, p, frame)?;
    }
    for (field, levels) in &panel.contours {
        contours(scene, panel, (field, levels), frame, Paint::stroke(CONTOUR, 1.0))?;
    }
    shade::draw(scene, panel, frame)?;
    for (field, level) in &panel.boundaries {
        contours(scene, panel, (field, &[*level]), frame, Paint::stroke(INK, 1.8))?;
    }
    let radius = radius(panel);
    for (n, series) in panel.series.iter().enumerate() {
        draw_series(scene, series, n, frame, radius);
    }
    Ok(())
}

/// The size of markers: smaller where there are many.
pub(crate) fn radius(panel: &Panel<'_>) -> f64 {
    let points = panel.series.iter().filter(|s| s.style == Style::Points).map(|s| s.points.len()).sum();
    match points {
        0..=60 => 5.0,
        61..=250 => 4.2,
        251..=800 => 3.2,
        _ => 2.4,
    }
}

/// The values of a function at some pixels.
fn sample(
    panel: &Panel<'_>,
    field: &Field<'_>,
    pixels: &[Point],
    frame: &Frame,
) -> Result<Vec<f64>, PlotError> {
    let points: Vec<(f64, f64)> = pixels.iter().map(|&p| frame.value(p)).collect();
    let values = field(&points);
    if values.len() == points.len() {
        return Ok(values);
    }
    let (panel, what) = (panel.title.clone(), "values of a function of many points");
    Err(PlotError::Length { panel, what, given: values.len(), wanted: points.len() })
}

fn regions(scene: &mut Scene, panel: &Panel<'_>, p: &Field<'_>, frame: &Frame) -> Result<(), PlotError> {
    let Rect { x, y, width, height } = frame.rect;
    let [cols, rows] = [width, height].map(|length| (length / REGION_SAMPLING).ceil());
    let pixel = |i: usize| {
        let (row, col) = ((i / cols as usize) as f64, (i % cols as usize) as f64);
        (x + (col + 0.5) / cols * width, y + (row + 0.5) / rows * height)
    };
    let pixels: Vec<Point> = (0..cols as usize * rows as usize).map(pixel).collect();
    let colors = sample(panel, p, &pixels, frame)?.into_iter().map(palette::probability).collect();
    let (cols, rows) = (cols as u32, rows as u32);
    scene.items.push(Item::Image { rect: frame.rect, cols, rows, colors, smooth: true });
    Ok(())
}

fn contours(
    scene: &mut Scene,
    panel: &Panel<'_>,
    (field, levels): (&Field<'_>, &[f64]),
    frame: &Frame,
    paint: Paint,
) -> Result<(), PlotError> {
    let Rect { x, y, width, height } = frame.rect;
    let [nx, ny] = [width, height].map(|length| (length / LINE_SAMPLING).ceil());
    let (dx, dy) = (width / nx, height / ny);
    let cols = nx as usize + 1;
    let pixel = |i: usize| (x + (i % cols) as f64 * dx, y + (i / cols) as f64 * dy);
    let pixels: Vec<Point> = (0..cols * (ny as usize + 1)).map(pixel).collect();
    let samples = Samples { cols, values: sample(panel, field, &pixels, frame)? };
    let mut steps = Vec::new();
    for &level in levels {
        for line in contour::lines(&samples, level) {
            let line: Vec<Point> = line.into_iter().map(|(i, j)| (x + i * dx, y + j * dy)).collect();
            steps.extend(polyline(&line));
        }
    }
    scene.path(steps, paint, Some(frame.rect));
    Ok(())
}

fn draw_series(scene: &mut Scene, series: &Series, n: usize, frame: &Frame, radius: f64) {
    let color = palette::series(n);
    let clip = Some(frame.rect);
    if series.style == Style::Points {
        let points = series.points.iter().filter_map(|&p| frame.visible(p, radius));
        let steps = points.flat_map(|p| palette::marker(n, p, radius)).collect();
        return scene.path(steps, Paint::fill(color).and_stroke(WHITE, 0.8), clip);
    }
    let runs = runs(&series.points, frame);
    let steps: Vec<Step> = runs.iter().flat_map(|run| polyline(run)).collect();
    scene.path(steps, line_paint(series.style, n), clip);
    // A line of one point would not be seen.
    let lone = runs.iter().filter(|run| run.len() == 1).map(|run| Step::Circle(run[0], 2.5));
    scene.path(lone.collect(), Paint::fill(color), clip);
    if series.style == Style::Path {
        ornaments(scene, series, color, frame);
    }
}

/// The stroke of the n-th series in a given style. Dashes are long or short by turns.
pub(crate) fn line_paint(style: Style, n: usize) -> Paint {
    let color = palette::series(n);
    let dash = if n % 2 == 1 { (7.0, 4.5) } else { (2.5, 2.5) };
    match style {
        Style::Dashed => Paint { dash: Some(dash), ..Paint::stroke(color, 2.0) },
        Style::Path => Paint::stroke(color, 1.6),
        Style::Line | Style::Points => Paint::stroke(color, 2.2),
    }
}

/// Dots along a path, a ring at its start, a star at its end.
fn ornaments(scene: &mut Scene, series: &Series, color: Color, frame: &Frame) {
    let way: Vec<Point> = series.points.iter().filter_map(|&p| frame.units(p)).collect();
    let [first, .., last] = way[..] else { return };
    let [first, last] = [first, last].map(|p| frame.pixel(p));
    let mut dots = Vec::new();
    let (mut latest, apart) = (first, dot_distance(way.len()));
    for p in way.iter().map(|&p| frame.pixel(p)).filter(|&p| frame.rect.grown(BEYOND).contains(p)) {
        if distance(p, latest) >= apart {
            dots.push(Step::Circle(p, 2.6));
            latest = p;
        }
    }
    scene.path(dots, Paint::fill(color), Some(frame.rect));
    // Marks at the edge of the panel are drawn whole; marks beyond it are left out.
    let visible = |p: &Point| frame.rect.grown(1.0).contains(*p);
    if let Some(p) = Some(first).filter(visible) {
        scene.path(vec![Step::Circle(p, 5.0)], Paint::fill(WHITE).and_stroke(color, 2.0), None);
    }
    if let Some(p) = Some(last).filter(visible) {
        scene.path(palette::star(p, 9.5), Paint::fill(color).and_stroke(WHITE, 1.0), None);
    }
}

/// The visible parts of a line through points, in pixels. It is interrupted where a point cannot be drawn and where it leaves the
/// frame; a point that repeats the one before is left out.
pub(crate) fn runs(points: &[(f64, f64)], frame: &Frame) -> Vec<Vec<Point>> {
    let bounds = frame.bounds(BEYOND);
    let mut runs: Vec<Vec<Point>> = Vec::new();
    let mut before = None;
    for &point in points {
        let here = frame.units(point);
        match (before, here) {
            (None, Some(b)) if bounds.contains(b) => runs.push(vec![frame.pixel(b)]),
            (Some(a), Some(b)) => {
                if let Some((from, to)) = bounds.segment(a, b) {
                    if !bounds.contains(a) {
                        runs.push(vec![frame.pixel(from)]);
                    }
                    let to = frame.pixel(to);
                    runs.last_mut()
                        .filter(|run| run.last() != Some(&to))
                        .into_iter()
                        .for_each(|run| run.push(to));
                }
            }
            _ => {}
        }
        before = here;
    }
    runs
}

/// A line through points as a path, without those that make no visible difference.
fn polyline(points: &[Point]) -> impl Iterator<Item = Step> + use<> {
    let kept = simplified(points);
    let steps = kept.into_iter().enumerate();
    steps.map(|(i, p)| if i == 0 { Step::Move(p) } else { Step::Line(p) })
}
