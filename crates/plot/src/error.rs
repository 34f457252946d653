//! The errors of drawing and writing figures.

use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// Why a figure could not be drawn or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PlotError {
    /// The figure is too small to hold its panels, or too large for a picture.
    #[error("a figure of {width}×{height} pixels cannot hold {panels} panels in {columns} columns: {reason}")]
    Size {
        /// Width asked for.
        width: u32,
        /// Height asked for.
        height: u32,
        /// How many panels the figure has.
        panels: usize,
        /// In how many columns.
        columns: usize,
        /// What is too small or too large.
        reason: &'static str,
    },
    /// A range that was asked for is empty, reversed, not finite, or not positive on a logarithmic axis.
    #[error("panel `{panel}`: the {axis} range {start}..{end} cannot be drawn: {reason}")]
    Range {
        /// Title of the panel.
        panel: String,
        /// `x` or `y`.
        axis: char,
        /// Start of the range.
        start: f64,
        /// End of the range.
        end: f64,
        /// The rule that it breaks.
        reason: &'static str,
    },
    /// An opacity that is none.
    #[error("panel `{panel}`: an opacity of {opacity} cannot be drawn: it has to lie between 0 and 1")]
    Opacity {
        /// Title of the panel.
        panel: String,
        /// The opacity asked for.
        opacity: f64,
    },
    /// Data of one length where another is needed.
    #[error("panel `{panel}`: {what}: {given} given, {wanted} needed")]
    Length {
        /// Title of the panel.
        panel: String,
        /// Which data.
        what: &'static str,
        /// How many there are.
        given: usize,
        /// How many there should be.
        wanted: usize,
    },
    /// The picture could not be turned into a PNG.
    #[error("a picture of {width}×{height} pixels could not be encoded as PNG: {message}")]
    Encode {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// The error of the encoder.
        message: String,
    },
    /// A name is no plain file name.
    #[error("`{name}` cannot name a figure: it is empty or leads to another folder")]
    Name {
        /// The name given.
        name: String,
    },
    /// A file or folder could not be written.
    #[error("could not write {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
}
