//! The training run of the 3-1-1 paper, and the same run with the output layer that the paper lists but leaves out.
//!
//! Both networks learn one sample. The first is the paper's as its formulas and its code have it: one sigmoid neuron
//! that is hidden layer and output at once. The printed lines are the paper's, without a stray `%` of its format string.
//! `training` has the runs, `pictures` draws the figure, and `lab` writes the section of a report.
//!
//! `cargo run --release --example three_one_one [-- --report FILE.html]`

mod lab;
mod pictures;
#[path = "../activations/sheet.rs"]
mod sheet;
mod training;

use std::error::Error;
use training::{EPOCHS, LEARNING_RATE, Run, Trained, X, Y};
use wengert::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    println!("The 3-1-1 network: x = {X:?}, y = {Y}, learning rate {LEARNING_RATE}, {EPOCHS} epochs");
    println!(
        "The printed loss is (A − Y)² before the step, twice L = ½·(A − Y)²; the parameters are those after it."
    );

    heading("As written: A = σ(W·X + b)");
    let written = Trained::new(ThreeOneOne::as_written)?;
    written.run.lines.iter().for_each(|line| println!("  {line}"));

    heading("With the output layer: A₁ = σ(W₁·X + b₁), A₂ = σ(W₂·A₁ + b₂)");
    let layered = Trained::new(ThreeOneOne::with_output_layer)?;
    layered.run.lines.iter().for_each(|line| println!("  {line}"));

    side_by_side(&written.run, &layered.run);
    println!("\n{}", pictures::draw(&written.run, &layered.run)?);
    sheet::write_if_asked("three_one_one", || lab::section(&written, &layered))?;
    Ok(())
}

/// Prints the effect of the second layer, on the first step and at the end.
fn side_by_side(written: &Run, layered: &Run) {
    heading("Side by side");
    println!(
        "  {:<24}{:>10}{:>10}{:>11}{:>18}{:>10}",
        "", "A, start", "A, end", "L, end", "‖∂L/∂W₁‖, start", "W₁ moved"
    );
    for (name, run) in [("as written", written), ("with the output layer", layered)] {
        let (start, end, loss) = (run.activations[0], run.activations[EPOCHS], run.losses[EPOCHS]);
        let (gradient, moved) = (run.gradients[0], run.hidden_weights_moved());
        println!("  {name:<24}{start:>10.4}{end:>10.4}{loss:>11.6}{gradient:>18.6}{moved:>10.4}");
    }
    let logit = |a: f64| (a / (1.0 - a)).ln();
    let rise = logit(layered.activations[EPOCHS]) - logit(layered.activations[0]);
    let bias = layered.parameters.last().map_or(0.0, |(_, values)| values[EPOCHS] - values[0]);
    println!(
        "  With two layers the hidden layer's gradient has a further factor, W₂·A₂·(1 − A₂), of at most ¼·|W₂|. The"
    );
    println!(
        "  hidden weights hardly move: of the {rise:.3} by which Z₂ = W₂·A₁ + b₂ rises the output's bias gives {bias:.3}."
    );
}

/// A section of the report.
fn heading(title: &str) {
    println!("\n{title}\n{}", "─".repeat(title.chars().count()));
}
