//! The two moons: the notebook's network, which barely learns, and the same network with better training.
//!
//! Both have the layers [2, 10, 5, 1], sigmoids, the loss ½·mean (o − y)² and 1,000 epochs of full batches of 200 points.
//! Only the initial weights and the optimiser differ. `samples` has the data and `training` the loop. `notebook` has the first
//! run and the reason why it stalls. `learning` has the second run, over five seeds with held-out points. `pictures` draws the
//! figure, and `lab` writes the section of a report. The exit code tells whether the worst of the five seeds was good enough.
//!
//! `cargo run --release --example mlp_moons [-- --report FILE.html]`

mod lab;
mod learning;
mod notebook;
mod pictures;
mod samples;
#[path = "../activations/sheet.rs"]
mod sheet;
mod training;

use indicatif::{ProgressBar, ProgressStyle};
use std::error::Error;
use std::process::ExitCode;
use training::EPOCHS;

/// Share of the held-out points that the worst seed has to have right.
const GOAL: f64 = 0.97;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    // A progress bar on stderr, hidden if that is no terminal.
    let bar = ProgressBar::new((notebook::PATIENT_EPOCHS + learning::RUNS * EPOCHS) as u64);
    bar.set_style(ProgressStyle::with_template("  {bar:40} {pos}/{len} epochs, {eta} left")?);

    let notebook = notebook::run(notebook::PATIENT_EPOCHS, &bar)?;
    let learning = learning::run(&learning::SEEDS, &bar)?;
    bar.finish_and_clear();

    notebook.print();
    learning.print();
    println!("\n{}", pictures::draw(&notebook, &learning)?);
    sheet::write_if_asked("mlp_moons", || lab::section(&notebook, &learning))?;

    let worst = learning.worst();
    if worst < GOAL {
        println!(
            "the worst seed has {:.1} % of the held-out points right, less than {:.0} %",
            100.0 * worst,
            100.0 * GOAL
        );
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}
