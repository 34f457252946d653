//! Rosenblatt's perceptron on data that a line separates, and on data that no line separates.
//!
//! The notebook's data can be separated by a line, and Novikoff's theorem bounds how often the rule errs before it has
//! found one. The second set has overlapping classes and some flipped labels: three samples of one class surround a
//! sample of the other, so that no line separates them, and the rule goes on erring for ever. `training` takes its
//! steps from the tape, `evidence` holds what can be proven of a data set, `pictures` draws both.
//!
//! `cargo run --release --example perceptron`

mod evidence;
mod pictures;
mod training;

use std::error::Error;
use training::{LEARNING_RATE, Training};
use wengert::prelude::*;

/// Enough passes to see that nothing changes after a pass without errors.
const SEPARABLE_PASSES: usize = 10;
/// Enough passes to see that the errors do not end.
const OVERLAPPING_PASSES: usize = 100;

fn main() -> Result<(), Box<dyn Error>> {
    println!(
        "The perceptron, sample by sample from the tape: Sgd at rate {LEARNING_RATE}, zero weights at the start"
    );
    let plane = |samples| {
        let data = datasets::make_classification(samples).n_features(2).n_informative(2).n_redundant(0);
        data.n_clusters_per_class(1)
    };

    let data = plane(100).random_state(42).generate()?;
    heading("The notebook's data (make_classification, 100 samples)");
    let separable = Training::run(data, SEPARABLE_PASSES)?;
    separable.print();
    evidence::novikoff(&separable)?;

    let data = plane(100).class_sep(0.5).flip_y(0.2).random_state(7).generate()?;
    heading("Overlapping classes (class_sep 0.5, flip_y 0.2)");
    let overlapping = Training::run(data, OVERLAPPING_PASSES)?;
    overlapping.print();
    let triangle = evidence::no_line_separates(&overlapping)?;

    println!();
    println!("{}", pictures::draw(&separable, &overlapping, &triangle)?);
    Ok(())
}

/// A section of the report.
fn heading(title: &str) {
    println!("\n{title}\n{}", "─".repeat(title.chars().count()));
}
