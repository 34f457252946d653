//! Handwritten digits: a network with one hidden layer trains on 1,437 real pictures and is tested on 360 others.
//!
//! `samples` has the data and the split, `training` the loop over mini-batches, `report` the results on the held-out pictures,
//! and `pictures` the figures: curves, confusion matrix, and the mistakes themselves. The exit code tells whether enough of
//! the held-out pictures were read right.
//!
//! `cargo run --release --example digits`

mod pictures;
mod report;
mod samples;
mod training;

use report::Reading;
use samples::Samples;
use std::error::Error;
use std::process::ExitCode;
use training::Training;

/// Share of the held-out pictures that has to be read right.
const GOAL: f64 = 0.96;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let (train, held_out) = Samples::split()?;
    let mut training = Training::new();
    training.run(&train, &held_out)?;
    training.print(&train, &held_out);

    let reading = Reading::of(&held_out, training.probabilities(&held_out));
    reading.print();
    println!();
    for figure in pictures::draw(&training, &held_out, &reading)? {
        println!("{figure}");
    }

    let (share, goal) = (100.0 * reading.accuracy(), 100.0 * GOAL);
    println!("\n{share:.1} % of the held-out pictures were read right; the goal is {goal:.0} %");
    Ok(if reading.accuracy() < GOAL { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
