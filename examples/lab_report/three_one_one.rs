//! The example `three_one_one`, as a section.

use super::sheet;
use report::Section;
use std::error::Error;
use wengert::prelude::*;

#[path = "../three_one_one/lab.rs"]
mod lab;
#[path = "../three_one_one/pictures.rs"]
mod pictures;
#[path = "../three_one_one/training.rs"]
mod training;

/// Trains both networks as the example does.
pub(crate) fn section() -> Result<Section, Box<dyn Error>> {
    let written = training::Trained::new(ThreeOneOne::as_written)?;
    let layered = training::Trained::new(ThreeOneOne::with_output_layer)?;
    lab::section(&written, &layered)
}
