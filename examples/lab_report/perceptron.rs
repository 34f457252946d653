//! The example `perceptron`, as a section.

use super::sheet;
use report::Section;
use std::error::Error;

#[path = "../perceptron/evidence.rs"]
mod evidence;
#[path = "../perceptron/lab.rs"]
mod lab;
#[path = "../perceptron/pictures.rs"]
mod pictures;
#[path = "../perceptron/training.rs"]
mod training;

/// Trains on both sets as the example does.
pub(crate) fn section() -> Result<Section, Box<dyn Error>> {
    let (separable, overlapping) = (training::Training::separable()?, training::Training::overlapping()?);
    let (bound, triangle) = (evidence::Bound::of(&separable)?, evidence::Triangle::of(&overlapping)?);
    lab::section(&separable, &overlapping, &bound, &triangle)
}
