//! What the examples share to write a report: the option, the facts of a run, a panel as a picture.

use plot::{Figure, Panel, PlotError};
use report::{Picture, Report, Section};
use std::error::Error;
use std::path::{Path, PathBuf};

/// The file that `--report FILE` names.
pub(crate) fn asked_for() -> Result<Option<PathBuf>, String> {
    let mut arguments = std::env::args_os().skip_while(|argument| argument != "--report");
    match (arguments.next(), arguments.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(file)) => Ok(Some(file.into())),
        (Some(_), None) => Err("--report needs a file: --report FILE.html".to_owned()),
    }
}

/// Writes a report of one section where `--report FILE` names a file.
pub(crate) fn write_if_asked(
    example: &str,
    section: impl FnOnce() -> Result<Section, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let Some(file) = asked_for()? else { return Ok(()) };
    let section = section()?;
    let report = start(&format!("Wengert: {example}"), example).section(section);
    write(&report, &file)
}

/// Writes a report and says where.
pub(crate) fn write(report: &Report, file: &Path) -> Result<(), Box<dyn Error>> {
    report.write(file)?;
    println!("Report: {} ({} kB)", file.display(), std::fs::metadata(file)?.len().div_ceil(1000));
    Ok(())
}

/// A report with what it takes to make it again.
pub(crate) fn start(title: &str, example: &str) -> Report {
    Report::new(title).facts([
        (
            "Versions",
            concat!(
                "Wengert ",
                env!("CARGO_PKG_VERSION"),
                ", Rust ",
                env!("CARGO_PKG_RUST_VERSION"),
                " or later"
            ),
        ),
        ("Numbers", "64 bits; the same bits on every machine and on any number of threads"),
        ("To make it again", &format!("cargo run --release --example {example} -- --report FILE.html")),
    ])
}

/// A panel as a picture of its own.
pub(crate) fn picture(
    panel: Panel<'_>,
    caption: impl Into<String>,
    description: impl Into<String>,
) -> Result<Picture, PlotError> {
    let svg = Figure::new("").size(430, 340).panel(panel).svg()?;
    Ok(Picture::new(svg, caption).described(description))
}
