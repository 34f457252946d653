//! The example `mlp_moons`, as a section.

use super::sheet;
use indicatif::ProgressBar;
use report::Section;
use std::error::Error;

#[path = "../mlp_moons/lab.rs"]
mod lab;
#[path = "../mlp_moons/learning.rs"]
mod learning;
#[path = "../mlp_moons/notebook.rs"]
mod notebook;
#[path = "../mlp_moons/pictures.rs"]
mod pictures;
#[path = "../mlp_moons/samples.rs"]
mod samples;
#[path = "../mlp_moons/training.rs"]
mod training;

/// Trains as the example does; quick, with one seed and without the notebook's long run.
pub(crate) fn section(quick: bool) -> Result<Section, Box<dyn Error>> {
    let bar = ProgressBar::hidden();
    let (patient, seeds) =
        if quick { (2 * training::EPOCHS, 1) } else { (notebook::PATIENT_EPOCHS, learning::SEEDS.len()) };
    let notebook = notebook::run(patient, &bar)?;
    let learning = learning::run(&learning::SEEDS[..seeds], &bar)?;
    lab::section(&notebook, &learning)
}
