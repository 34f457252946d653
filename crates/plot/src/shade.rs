//! Shaded areas: bands between two curves, and intervals of one axis.

use crate::areas::{Band, Span};
use crate::axis::Axis;
use crate::error::PlotError;
use crate::frame::Frame;
use crate::palette::{self, FRAME};
use crate::panel::Panel;
use crate::scene::{Color, Paint, Point, Rect, Scene, Step};
use crate::simplify::simplified;
use std::ops::Range;

/// The colour of intervals.
pub(crate) const SPAN: Color = FRAME;
/// How far beyond the frame an area is drawn, in pixels, so that its border is not seen.
const BEYOND: f64 = 8.0;

impl Band {
    /// The pieces of the band as areas in the units of the axes, each from one NaN to the next.
    fn areas(&self, frame: &Frame) -> Vec<Vec<Point>> {
        let mut areas = Vec::new();
        let (mut low, mut high): (Vec<Point>, Vec<Point>) = (Vec::new(), Vec::new());
        for ((&x, &a), &b) in self.x.iter().zip(&self.low).zip(&self.high) {
            let place = || Some((frame.x.units(x)?, edge(&frame.y, a)?, edge(&frame.y, b)?));
            match place() {
                Some((x, a, b)) => {
                    low.push((x, a));
                    high.push((x, b));
                }
                None => areas.push(outline(&mut low, &mut high)),
            }
        }
        areas.push(outline(&mut low, &mut high));
        areas.retain(|area| !area.is_empty());
        areas
    }
}

/// The way along one curve and back along the other.
fn outline(low: &mut Vec<Point>, high: &mut Vec<Point>) -> Vec<Point> {
    let mut outline = std::mem::take(high);
    outline.extend(std::mem::take(low).into_iter().rev());
    outline
}

/// The place of an end of an interval. Beyond what an axis can show, that is just beyond its end; NaN has none.
fn edge(axis: &Axis, v: f64) -> Option<f64> {
    let length = axis.end - axis.start;
    match axis.units(v) {
        Some(units) => Some(units),
        None if v.is_nan() => None,
        None if v > 0.0 => Some(axis.end + length),
        None => Some(axis.start - length),
    }
}

/// Draws all areas of a panel.
pub(crate) fn draw(scene: &mut Scene, panel: &Panel<'_>, frame: &Frame) -> Result<(), PlotError> {
    let opacity = panel.opacity;
    if !(0.0..=1.0).contains(&opacity) {
        return Err(PlotError::Opacity { panel: panel.title.clone(), opacity });
    }
    let paint = |color| Paint { opacity, ..Paint::fill(color) };
    for span in &panel.spans {
        let rect = interval(span, &panel.title, frame)?;
        scene.path(rect.map_or_else(Vec::new, Rect::steps), paint(SPAN), Some(frame.rect));
    }
    for band in &panel.bands {
        for (what, given) in
            [("low ends of a band", band.low.len()), ("high ends of a band", band.high.len())]
        {
            let wanted = band.x.len();
            if given != wanted {
                return Err(PlotError::Length { panel: panel.title.clone(), what, given, wanted });
            }
        }
        let mut steps = Vec::new();
        for area in band.areas(frame) {
            steps.extend(area_steps(area, frame));
        }
        scene.path(steps, paint(palette::series(band.n)), Some(frame.rect));
    }
    Ok(())
}

fn area_steps(area: Vec<Point>, frame: &Frame) -> Vec<Step> {
    // A band at one point has no width: it is drawn as a bar of two pixels.
    if let [high, low] = area[..] {
        let ((x, top), (_, bottom)) = (frame.pixel(high), frame.pixel(low));
        let visible = frame.rect.grown(BEYOND);
        if !(visible.x..=visible.right()).contains(&x) {
            return Vec::new();
        }
        let [top, bottom] = [top.min(bottom), top.max(bottom)].map(|y| y.clamp(visible.y, visible.bottom()));
        return Rect::new(x - 1.0, top, 2.0, bottom - top).steps();
    }
    let within: Vec<Point> = frame.bounds(BEYOND).area(area).into_iter().map(|p| frame.pixel(p)).collect();
    let corners = simplified(&within);
    let mut steps: Vec<Step> = corners.iter().skip(1).map(|&p| Step::Line(p)).collect();
    if let Some(&first) = corners.first() {
        steps.insert(0, Step::Move(first));
        steps.push(Step::Close);
    }
    steps
}

/// An interval as a rectangle over the whole frame, `None` if it lies outside.
fn interval(span: &Span, panel: &str, frame: &Frame) -> Result<Option<Rect>, PlotError> {
    let Range { start, end } = span.range;
    if start.partial_cmp(&end) != Some(std::cmp::Ordering::Less) {
        let (panel, axis) = (panel.to_owned(), span.axis);
        let reason = "the end of a span has to lie above its start";
        return Err(PlotError::Range { panel, axis, start, end, reason });
    }
    let axis = if span.axis == 'x' { &frame.x } else { &frame.y };
    let (Some(start), Some(end)) = (edge(axis, start), edge(axis, end)) else { return Ok(None) };
    if end < axis.start || start > axis.end {
        return Ok(None);
    }
    let Rect { x, y, width, height } = frame.rect;
    let [a, b] = [start, end].map(|v| axis.fraction(v).clamp(0.0, 1.0));
    Ok(Some(match span.axis {
        'x' => Rect::new(x + a * width, y, (b - a) * width, height),
        _ => Rect::new(x, y + (1.0 - b) * height, width, (b - a) * height),
    }))
}
