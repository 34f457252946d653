//! A figure: panels side by side.

use crate::panel::Panel;

/// Panels in a grid below a common title.
///
/// ```
/// use plot::{Figure, Panel};
/// let panel = Panel::new("Loss").x_label("step").y_label("loss").log_y().line("training", &[(0.0, 1.0), (9.0, 0.1)]);
/// let folder = std::env::temp_dir().join("wengert-plot-example");
/// let saved = Figure::new("A first run").size(600, 400).panel(panel).save_in(&folder, "first_run")?;
/// assert!(saved.svg.ends_with("first_run.svg") && saved.png.exists());
/// # std::fs::remove_dir_all(folder).ok();
/// # Ok::<(), plot::PlotError>(())
/// ```
#[derive(Debug)]
pub struct Figure<'a> {
    pub(crate) title: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) columns: usize,
    pub(crate) panels: Vec<Panel<'a>>,
}

impl<'a> Figure<'a> {
    /// A figure of 1000×600 pixels without panels; the title may be empty.
    pub fn new(title: impl Into<String>) -> Figure<'a> {
        Figure { title: title.into(), width: 1000, height: 600, columns: 0, panels: Vec::new() }
    }

    /// Width and height in pixels.
    pub fn size(mut self, width: u32, height: u32) -> Figure<'a> {
        (self.width, self.height) = (width, height);
        self
    }

    /// How many panels stand in a row; without it, all of them.
    pub fn columns(mut self, columns: usize) -> Figure<'a> {
        self.columns = columns;
        self
    }

    /// Adds a panel: to the right, or to the next row where this one is full.
    pub fn panel(mut self, panel: Panel<'a>) -> Figure<'a> {
        self.panels.push(panel);
        self
    }
}
