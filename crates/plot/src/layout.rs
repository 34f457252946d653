//! The positions of everything: panels in a grid, with axes and texts around each.

use crate::areas::Band;
use crate::axis::{Axis, TICK_SIZE, Tick};
use crate::error::PlotError;
use crate::figure::Figure;
use crate::font;
use crate::frame::Frame;
use crate::heat;
use crate::legend::{self, Legend};
use crate::marks;
use crate::palette::{FRAME, GRID, INK};
use crate::panel::Panel;
use crate::scene::{Anchor, Paint, Rect, Scene, Step};

const FIGURE_TITLE: f64 = 20.0;
const PANEL_TITLE: f64 = 17.0;
pub(crate) const LABEL_SIZE: f64 = 15.0;
/// Space between panels and around the figure.
const GAP: f64 = 12.0;
/// The longest side of a picture in pixels: a quarter of a gigabyte as pixels.
const LARGEST: u32 = 8192;
/// The shortest side of the space that a panel's data has.
const SMALLEST: f64 = 24.0;

/// The space around a panel's data.
#[derive(Clone, Copy, Debug, Default)]
struct Margins {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Margins {
    fn within(self, cell: Rect) -> Rect {
        let Margins { left, right, top, bottom } = self;
        Rect::new(cell.x + left, cell.y + top, cell.width - left - right, cell.height - top - bottom)
    }
}

/// Draws a figure.
pub(crate) fn draw(figure: &Figure<'_>) -> Result<Scene, PlotError> {
    let Figure { width, height, panels, .. } = figure;
    let columns =
        if figure.columns == 0 { panels.len() } else { figure.columns }.clamp(1, panels.len().max(1));
    let refuse = |reason| {
        let (width, height, panels) = (*width, *height, panels.len());
        PlotError::Size { width, height, panels, columns, reason }
    };
    if *width.max(height) > LARGEST {
        return Err(refuse("no side may be longer than 8192 pixels"));
    }
    let mut scene = Scene { width: *width, height: *height, items: Vec::new() };
    let (w, h) = (f64::from(*width), f64::from(*height));
    let size = fitting(&figure.title, FIGURE_TITLE, w - 2.0 * GAP);
    scene.text((w / 2.0, GAP + FIGURE_TITLE), &figure.title, size, Anchor::Middle, INK);

    let rows = panels.len().div_ceil(columns);
    let top = if figure.title.is_empty() { GAP } else { 2.0 * GAP + FIGURE_TITLE };
    let cell_width = (w - GAP * (columns + 1) as f64) / columns as f64;
    let cell_height = (h - top - GAP * rows as f64) / rows.max(1) as f64;
    let cell = |i: usize| {
        let (row, column) = ((i / columns) as f64, (i % columns) as f64);
        let (x, y) = (GAP + column * (cell_width + GAP), top + row * (cell_height + GAP));
        Rect::new(x, y, cell_width, cell_height)
    };
    let too_small = || refuse("that leaves no space for the data");

    let mut margins = Vec::with_capacity(panels.len());
    for (i, panel) in panels.iter().enumerate() {
        margins.push(needed(panel, cell(i))?.ok_or_else(too_small)?);
    }
    // Panels in a column have the same left and right ends, and panels in a row the same top and bottom.
    let common = |i: usize| {
        let (row, column) = (i / columns, i % columns);
        let mut all = Margins::default();
        for (k, m) in margins.iter().enumerate() {
            if k % columns == column {
                all = Margins { left: all.left.max(m.left), right: all.right.max(m.right), ..all };
            }
            if k / columns == row {
                all = Margins { top: all.top.max(m.top), bottom: all.bottom.max(m.bottom), ..all };
            }
        }
        all
    };
    for (i, panel) in panels.iter().enumerate() {
        let rect = common(i).within(cell(i));
        let frame = frame(panel, rect)?.ok_or_else(too_small)?;
        draw_panel(&mut scene, panel, &frame, cell(i))?;
    }
    Ok(scene)
}

/// The font size at which a text fits a width, within limits.
fn fitting(text: &str, size: f64, room: f64) -> f64 {
    let width = font::width(text, size);
    if width <= room { size } else { (size * room / width).max(TICK_SIZE) }
}

/// The space that titles, labels, ticks and legend of a panel need; `None` if the cell is too small.
fn needed(panel: &Panel<'_>, cell: Rect) -> Result<Option<Margins>, PlotError> {
    let label = |text: &str| if text.is_empty() { 0.0 } else { LABEL_SIZE + 8.0 };
    let title = if panel.title.is_empty() { 6.0 } else { PANEL_TITLE + 10.0 };
    let mut margins =
        Margins { left: label(&panel.y_label), right: 4.0, top: title, bottom: label(&panel.x_label) };
    if let Some(grid) = &panel.grid {
        let (left, bottom) = heat::label_space(grid);
        margins.left += left;
        margins.bottom += bottom;
        return Ok(Some(margins));
    }
    margins.right = 16.0;
    margins.bottom += TICK_SIZE + 12.0;
    // The ticks depend on the space, and the space depends on the ticks. So guess first, then use the width of the result.
    let Some(guess) = frame(panel, Margins { left: margins.left + 50.0, ..margins }.within(cell))? else {
        return Ok(None);
    };
    margins.left += tick_width(&guess.y.ticks(guess.rect.height, false)) + 12.0;
    if legend::inside(panel, &guess).is_none() {
        margins.top += legend::height_above(panel, guess.rect.width);
    }
    Ok(Some(margins))
}

fn tick_width(ticks: &[Tick]) -> f64 {
    ticks.iter().map(|tick| font::width(&tick.label, TICK_SIZE)).fold(0.0, f64::max)
}

/// The axes of a panel in a space, and what of the space they use; `None` if it is too small.
fn frame(panel: &Panel<'_>, rect: Rect) -> Result<Option<Frame>, PlotError> {
    if rect.width < SMALLEST || rect.height < SMALLEST {
        return Ok(None);
    }
    let points = || {
        let series = panel.series.iter().flat_map(|series| series.points.iter().copied());
        series.chain(panel.bands.iter().flat_map(Band::points))
    };
    let x = match &panel.x_range {
        Some(range) => Axis::given(range, false, &panel.title, 'x')?,
        None => Axis::fitted(points().map(|p| p.0), false),
    };
    let y = match &panel.y_range {
        Some(range) => Axis::given(range, panel.log_y, &panel.title, 'y')?,
        None => Axis::fitted(points().map(|p| p.1), panel.log_y),
    };
    let mut frame = Frame { rect, x, y };
    match &panel.grid {
        Some(grid) => frame.rect = shaped(rect, heat::aspect(grid)),
        None if panel.equal_axes && !panel.log_y => equalise(&mut frame, panel),
        None => {}
    }
    // Equal axes of very different ranges leave no space.
    if panel.grid.is_none() && (frame.rect.width < 1.0 || frame.rect.height < 1.0) {
        return Ok(None);
    }
    Ok(Some(frame))
}

/// The largest rectangle of an aspect, width over height, in the middle of another.
fn shaped(rect: Rect, aspect: f64) -> Rect {
    let (width, height) = (rect.width.min(rect.height * aspect), rect.height.min(rect.width / aspect));
    let (x, y) = rect.center();
    Rect::new(x - width / 2.0, y - height / 2.0, width, height)
}

/// Makes units equally long: the axis whose units are longer gets a wider range, or the space shrinks if the range
/// was given.
fn equalise(frame: &mut Frame, panel: &Panel<'_>) {
    let (dx, dy) = (frame.x.end - frame.x.start, frame.y.end - frame.y.start);
    let Rect { width, height, .. } = frame.rect;
    let unit = (width / dx).min(height / dy);
    let widen = |axis: &mut Axis, by: f64| {
        axis.start -= by / 2.0;
        axis.end += by / 2.0;
    };
    match (&panel.x_range, &panel.y_range) {
        (None, _) if width / dx > unit => widen(&mut frame.x, width / unit - dx),
        (_, None) if height / dy > unit => widen(&mut frame.y, height / unit - dy),
        _ => frame.rect = shaped(frame.rect, dx / dy),
    }
}

fn draw_panel(scene: &mut Scene, panel: &Panel<'_>, frame: &Frame, cell: Rect) -> Result<(), PlotError> {
    let Rect { x, y, .. } = frame.rect;
    let middle = frame.rect.center();
    // Below the data and left of it, where the labels of the axes may begin.
    let (below, beside);
    let mut title_at = y - 9.0;
    if let Some(grid) = &panel.grid {
        heat::draw(scene, panel, grid, frame.rect)?;
        let (left, bottom) = heat::label_space(grid);
        (below, beside) = (frame.rect.bottom() + bottom, x - left);
    } else {
        let (x_ticks, y_ticks) =
            (frame.x.ticks(frame.rect.width, true), frame.y.ticks(frame.rect.height, false));
        if panel.regions.is_none() && panel.contours.is_empty() {
            grid_lines(scene, frame, &x_ticks, &y_ticks);
        }
        marks::draw(scene, panel, frame)?;
        scene.path(frame.rect.steps(), Paint::stroke(FRAME, 1.0), None);
        ticks(scene, frame, &x_ticks, &y_ticks);
        (below, beside) = (frame.rect.bottom() + TICK_SIZE + 12.0, x - tick_width(&y_ticks) - 12.0);
        match legend::inside(panel, frame) {
            Some(legend) => legend.draw(scene),
            None => {
                let legend = Legend::above(panel, frame.rect);
                title_at -= legend.rect.height;
                legend.draw(scene);
            }
        }
    }
    // Titles may be wider than their panel's data, not wider than its cell.
    let size = fitting(&panel.title, PANEL_TITLE, cell.width);
    let half = font::width(&panel.title, size) / 2.0;
    let title_x = middle.0.min(cell.right() - half).max(cell.x + half);
    scene.text((title_x, title_at), &panel.title, size, Anchor::Middle, INK);
    scene.text((middle.0, below + LABEL_SIZE), &panel.x_label, LABEL_SIZE, Anchor::Middle, INK);
    scene.turned_text((beside - 6.0, middle.1), &panel.y_label, LABEL_SIZE, INK);
    Ok(())
}

fn grid_lines(scene: &mut Scene, frame: &Frame, x_ticks: &[Tick], y_ticks: &[Tick]) {
    let Rect { x, y, width, .. } = frame.rect;
    let bottom = frame.rect.bottom();
    let mut steps = Vec::new();
    for tick in x_ticks {
        let x = x + tick.at * width;
        steps.extend([Step::Move((x, y)), Step::Line((x, bottom))]);
    }
    for tick in y_ticks {
        let y = bottom - tick.at * frame.rect.height;
        steps.extend([Step::Move((x, y)), Step::Line((x + width, y))]);
    }
    scene.path(steps, Paint::stroke(GRID, 1.0), None);
}

fn ticks(scene: &mut Scene, frame: &Frame, x_ticks: &[Tick], y_ticks: &[Tick]) {
    let Rect { x, width, height, .. } = frame.rect;
    let bottom = frame.rect.bottom();
    let mut steps = Vec::new();
    for tick in x_ticks {
        let x = x + tick.at * width;
        steps.extend([Step::Move((x, bottom)), Step::Line((x, bottom + 4.0))]);
        scene.text((x, bottom + 7.0 + TICK_SIZE), &tick.label, TICK_SIZE, Anchor::Middle, INK);
    }
    for tick in y_ticks {
        let y = bottom - tick.at * height;
        steps.extend([Step::Move((x, y)), Step::Line((x - 4.0, y))]);
        scene.text((x - 8.0, y + 0.36 * TICK_SIZE), &tick.label, TICK_SIZE, Anchor::End, INK);
    }
    scene.path(steps, Paint::stroke(FRAME, 1.0), None);
}
