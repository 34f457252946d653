//! The example `optimizers`, as a section.

use super::sheet;
use report::Section;
use std::error::Error;

#[path = "../optimizers/lab.rs"]
mod lab;
#[path = "../optimizers/surface.rs"]
mod surface;
#[path = "../optimizers/ways.rs"]
mod ways;

/// Runs the optimisers as the example does.
pub(crate) fn section() -> Result<Section, Box<dyn Error>> {
    lab::section(&ways::run()?)
}
