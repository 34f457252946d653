//! Panels that are grids: grey images and tables of counts.

use crate::axis::TICK_SIZE;
use crate::error::PlotError;
use crate::font;
use crate::palette::{self, FRAME, INK, WHITE};
use crate::panel::{Grid, Panel};
use crate::scene::{Anchor, Item, Paint, Rect, Scene, Step};

/// Width over height of a grid of square cells.
pub(crate) fn aspect(grid: &Grid) -> f64 {
    let (rows, cols) = match grid {
        Grid::Image { rows, cols, .. } => (*rows, *cols),
        Grid::Matrix { rows, cols, .. } => (rows.len(), cols.len()),
    };
    cols.max(1) as f64 / rows.max(1) as f64
}

/// The space that labels need left of a grid and below it.
pub(crate) fn label_space(grid: &Grid) -> (f64, f64) {
    match grid {
        Grid::Image { .. } => (4.0, 4.0),
        Grid::Matrix { rows, .. } => {
            let widest = rows.iter().map(|label| font::width(label, TICK_SIZE)).fold(0.0, f64::max);
            (widest + 12.0, TICK_SIZE + 10.0)
        }
    }
}

/// Draws a grid to fill a rectangle.
pub(crate) fn draw(scene: &mut Scene, panel: &Panel<'_>, grid: &Grid, rect: Rect) -> Result<(), PlotError> {
    let check = |what, given, wanted| {
        if given == wanted {
            return Ok(());
        }
        Err(PlotError::Length { panel: panel.title.clone(), what, given, wanted })
    };
    match grid {
        Grid::Image { rows, cols, pixels } => {
            check("pixels of an image", pixels.len(), rows.saturating_mul(*cols))?;
            image(scene, rect, *rows, *cols, pixels);
        }
        Grid::Matrix { counts, rows, cols } => {
            check("rows of a matrix", counts.len(), rows.len())?;
            for row in counts {
                check("columns of a matrix", row.len(), cols.len())?;
            }
            matrix(scene, rect, counts, rows, cols);
        }
    }
    scene.path(rect.steps(), Paint::stroke(FRAME, 1.0), None);
    Ok(())
}

fn image(scene: &mut Scene, rect: Rect, rows: usize, cols: usize, pixels: &[f64]) {
    // An image without pixels is an empty frame. NaN is shown white.
    if pixels.is_empty() {
        return;
    }
    let grey = |&v: &f64| if v.is_nan() { WHITE } else { palette::blend([0; 3], WHITE, v) };
    let colors = pixels.iter().map(grey).collect();
    let (cols, rows) = (cols as u32, rows as u32);
    scene.items.push(Item::Image { rect, cols, rows, colors, smooth: false });
}

/// Colours show the share of each row, so that they do not depend on the number of samples of a class.
fn matrix(scene: &mut Scene, rect: Rect, counts: &[Vec<usize>], rows: &[String], cols: &[String]) {
    let (width, height) = (rect.width / cols.len().max(1) as f64, rect.height / rows.len().max(1) as f64);
    let longest = counts.iter().flatten().map(|n| font::width(&n.to_string(), 1.0)).fold(1.0, f64::max);
    let size = (0.42 * height).min(0.8 * width / longest).clamp(5.0, 22.0);
    for (i, row) in counts.iter().enumerate() {
        let total = row.iter().fold(0.0, |sum, &n| sum + n as f64);
        for (j, &n) in row.iter().enumerate() {
            let share = if total > 0.0 { n as f64 / total } else { 0.0 };
            let cell = Rect::new(rect.x + j as f64 * width, rect.y + i as f64 * height, width, height);
            let shade = palette::blend(WHITE, palette::series(0), 0.9 * share.powf(0.6));
            scene.path(cell.steps(), Paint::fill(shade), None);
            let ink = match share {
                0.0 => [170; 3],
                s if s > 0.45 => WHITE,
                _ => INK,
            };
            let (x, y) = cell.center();
            scene.text((x, y + 0.36 * size), &n.to_string(), size, Anchor::Middle, ink);
        }
    }
    let mut lines = Vec::new();
    for i in 1..rows.len() {
        let y = rect.y + i as f64 * height;
        lines.extend([Step::Move((rect.x, y)), Step::Line((rect.right(), y))]);
    }
    for j in 1..cols.len() {
        let x = rect.x + j as f64 * width;
        lines.extend([Step::Move((x, rect.y)), Step::Line((x, rect.bottom()))]);
    }
    scene.path(lines, Paint::stroke([225, 225, 225], 1.0), None);
    for (i, label) in rows.iter().enumerate() {
        let y = rect.y + (i as f64 + 0.5) * height + 0.36 * TICK_SIZE;
        scene.text((rect.x - 8.0, y), label, TICK_SIZE, Anchor::End, INK);
    }
    for (j, label) in cols.iter().enumerate() {
        let x = rect.x + (j as f64 + 0.5) * width;
        scene.text((x, rect.bottom() + 6.0 + TICK_SIZE), label, TICK_SIZE, Anchor::Middle, INK);
    }
}
