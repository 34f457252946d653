//! Figures for examples and reports: lines, points, bands, intervals, decision regions, contours, images and heat maps.
//!
//! A [`Figure`] is a grid of [`Panel`]s, each built by saying what is on it. It is written as SVG and as PNG, both from
//! the same list of shapes, without any library of the system: the font is part of the crate.
//!
//! ```
//! use plot::{Figure, Panel};
//!
//! let losses: Vec<(f64, f64)> = (1..=50).map(|step| (f64::from(step), 1.0 / f64::from(step))).collect();
//! let p = |x: f64, y: f64| 1.0 / (1.0 + (y - x * x).exp());
//!
//! let loss = Panel::new("Loss").x_label("step").y_label("mean squared error").log_y().line("training", &losses);
//! let plane = Panel::new("Decision")
//!     .x_range(-2.0..2.0)
//!     .y_range(-1.0..3.0)
//!     .regions(p)
//!     .boundary(p, 0.5)
//!     .points("class 0", &[(0.0, 2.0), (0.4, 1.3)])
//!     .points("class 1", &[(1.5, 0.1), (-1.2, -0.4)]);
//! let figure = Figure::new("Training").size(1000, 480).panel(loss).panel(plane);
//!
//! let folder = std::env::temp_dir().join("wengert-plot");
//! let saved = figure.save_in(&folder, "training")?; // or `save("training")`: to target/figures
//! println!("{saved}");
//! # std::fs::remove_dir_all(folder).ok();
//! # Ok::<(), plot::PlotError>(())
//! ```
//!
//! Colours are those of Okabe and Ito, which colour-blind readers tell apart; markers and dashes tell series apart
//! without any colour. Points that are not finite are left out; a line that leaves the range keeps its slope. No data makes a panel panic: a figure that cannot be drawn is a
//! [`PlotError`].

mod areas;
mod axis;
mod clip;
mod contour;
mod error;
mod figure;
mod files;
mod font;
mod frame;
mod heat;
mod layout;
mod legend;
mod marks;
mod palette;
mod panel;
mod raster;
mod scene;
mod shade;
mod simplify;
mod svg;

pub use error::PlotError;
pub use figure::Figure;
pub use files::Saved;
pub use panel::Panel;
