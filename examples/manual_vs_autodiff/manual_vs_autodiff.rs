//! Gradients by hand against gradients from the tape.
//!
//! There are four small models of two texts, "the notebook" and "the 3-1-1 paper". `manual` has their gradients, derived by
//! hand. `models` has only the forward passes, which the tape differentiates. `report` compares both with a central difference.
//! Then each model is trained with the tape. `findings` shows where the notebook's code departs from the mathematics. The exit
//! code tells whether manual gradients and tape agree.
//!
//! `cargo run --release --example manual_vs_autodiff`

mod findings;
mod manual;
mod models;
mod report;
mod training;

use report::Report;
use std::error::Error;
use std::process::ExitCode;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut report = Report::start();

    models::perceptron::show(&mut report)?;
    models::three_one_one::show_as_written(&mut report)?;
    models::three_one_one::show_with_output_layer(&mut report)?;
    let mlp = models::mlp::NotebookMlp::new()?;
    mlp.show(&mut report)?;

    findings::updated_too_early(&mlp);
    findings::one_counter_for_all()?;

    Ok(report.verdict())
}
