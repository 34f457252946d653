//! Gradients by hand against gradients from the tape.
//!
//! Four small models of two texts, "the notebook" and "the 3-1-1 paper": `manual` derives their gradients with pen and
//! paper, `models` writes down nothing but the forward pass and lets the tape differentiate. `report` sets both beside
//! a central difference, each model is then trained from the tape, and `findings` shows where the notebook's own code
//! departs from the mathematics. The exit code tells whether manual gradients and tape agree.
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
