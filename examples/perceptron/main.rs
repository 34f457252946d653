//! Rosenblatt's perceptron on data that a line separates, and on data that no line separates.
//!
//! The notebook's data can be separated by a line, and Novikoff's theorem bounds how often the rule errs before it has
//! found one. The second set has overlapping classes and some flipped labels: three samples of one class surround a
//! sample of the other, so that no line separates them, and the rule goes on erring for ever. `training` takes its
//! steps from the tape, `evidence` holds what can be proven of a data set, `pictures` draws both, `lab`
//! writes the section of a report.
//!
//! `cargo run --release --example perceptron [-- --report FILE.html]`

mod evidence;
mod lab;
mod pictures;
#[path = "../activations/sheet.rs"]
mod sheet;
mod training;

use evidence::{Bound, Triangle};
use std::error::Error;
use training::{LEARNING_RATE, Training};

fn main() -> Result<(), Box<dyn Error>> {
    println!(
        "The perceptron, sample by sample from the tape: Sgd at rate {LEARNING_RATE}, zero weights at the start"
    );
    heading("The notebook's data (make_classification, 100 samples)");
    let separable = Training::separable()?;
    separable.print();
    let bound = Bound::of(&separable)?;
    bound.words().iter().for_each(|line| println!("  {line}"));

    heading("Overlapping classes (class_sep 0.5, flip_y 0.2)");
    let overlapping = Training::overlapping()?;
    overlapping.print();
    let triangle = Triangle::of(&overlapping)?;
    triangle.words().iter().for_each(|line| println!("  {line}"));
    overlapping.print_halves();

    println!();
    println!("{}", pictures::draw(&separable, &overlapping, &triangle)?);
    sheet::write_if_asked("perceptron", || lab::section(&separable, &overlapping, &bound, &triangle))?;
    Ok(())
}

/// A section of the report.
fn heading(title: &str) {
    println!("\n{title}\n{}", "─".repeat(title.chars().count()));
}
