//! A lab report: what was trained, on what, and how it went, as one HTML file.
//!
//! The file needs nothing beside it: no network, no server, no script. It has figures as SVG, formulas as MathML with a font
//! for them, tables, and slides that move with a slider where JavaScript is on, and stand one below the other where it is off.
//! It reads in light and in dark, on a phone, on paper, by keyboard and by screen reader.
//!
//! ```
//! use report::{Picture, Report, Section, Slide, Slides, Table};
//!
//! let svg = |r: f64| format!(r#"<svg width="40" height="40"><circle cx="20" cy="20" r="{r}" fill="teal"/></svg>"#);
//! let slide = |r: f64| Slide::new(format!("radius {r}")).picture(Picture::new(svg(r), format!("A circle of radius {r}")));
//! let section = Section::new("Circles")
//!     .text("An area grows with the square of the radius.")
//!     .fragment("<math display=\"block\"><mi>A</mi><mo>=</mo><mi>π</mi><msup><mi>r</mi><mn>2</mn></msup></math>")
//!     .table(Table::new("Areas", ["radius", "area"]).row(["1", "3.14"]).row(["2", "12.57"]))
//!     .slides(Slides::new("Growing", [5.0, 10.0, 15.0].map(slide).to_vec()));
//! let report = Report::new("Areas").lead("What a radius does.").facts([("seed", "1")]).section(section);
//!
//! let file = std::env::temp_dir().join("wengert-report.html");
//! report.write(&file)?;
//! assert_eq!(std::fs::read_to_string(&file)?, report.to_html());
//! # std::fs::remove_file(file).ok();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! All text is escaped, and of pictures and fragments only what neither runs nor loads anything is taken: no name of a layer
//! or of a data set becomes markup. What cannot be shown is replaced by a line that says why; nothing panics. A report has
//! no clock in it: the same content gives the same bytes.

mod error;
mod files;
mod fragment;
mod names;
mod page;
mod picture;
mod report;
mod section;
mod share;
mod styles;
mod svg;
mod table;
mod text;
mod theme;
mod thin;
mod tokens;

pub use error::ReportError;
pub use picture::{Picture, Slide, Slides};
pub use report::Report;
pub use section::Section;
pub use table::Table;
