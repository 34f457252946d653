//! A table from CSV to report: a network learns to tell malignant tumours from benign ones by 30 measurements.
//!
//! `samples` reads the file, splits it in three and scales it by what is known of the first part; `training` has the loop, which
//! stops by the second part; `metrics` says how good the probabilities for the third part are, with every formula written out;
//! `pictures` draws curves, ROC, calibration and confusion, and `lab` writes the report. All of it runs for three seeds, each
//! with its own split and its own network. The exit code tells whether the median accuracy on the held-out tumours is enough.
//!
//! `cargo run --release --example tabular [-- --report FILE.html] [--quick]`

mod lab;
mod metrics;
mod pictures;
mod samples;
#[allow(dead_code, reason = "shared by examples, of which this one needs a part")]
#[path = "../activations/sheet.rs"]
mod sheet;
mod training;

use metrics::Verdict;
use samples::Samples;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use training::Training;

/// Seeds of the split, of the weights and of the order of the batches.
const SEEDS: [u32; 3] = [1, 2, 3];
/// Share of the held-out tumours that has to be told right, in the median of the seeds.
const GOAL: f64 = 0.95;
/// Where the report goes without `--report`.
const FILE: &str = "target/figures/tabular.html";

/// One seed: its data, how the network learnt and how it did.
struct Trial {
    seed: u32,
    samples: Samples,
    training: Training,
    verdict: Verdict,
}

impl Trial {
    fn run(seed: u32, quick: bool) -> Result<Trial, Box<dyn Error>> {
        let samples = Samples::read(seed)?;
        let mut training = Training::new(&samples, seed);
        training.run(&samples, seed, quick)?;
        let verdict = Verdict::of(&training.probabilities(&samples.test.x), &samples.test.y);
        Ok(Trial { seed, samples, training, verdict })
    }
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let trials = SEEDS.map(|seed| Trial::run(seed, quick));
    let mut trials: Vec<Trial> = trials.into_iter().collect::<Result<_, _>>()?;

    let [train, validation, test] = trials[0].samples.sizes();
    println!("{train} tumours to learn from, {validation} to stop by, {test} held out");
    println!("{}\n", trials[0].training.described());
    println!("seed  epoch  accuracy  sensitivity  specificity  area under ROC  log loss  Brier");
    for Trial { seed, training, verdict, .. } in &trials {
        let [sensitivity, specificity] = [verdict.sensitivity(), verdict.specificity()].map(|s| 100.0 * s);
        println!(
            "{seed:>4}  {:>5}  {:>6.1} %  {sensitivity:>9.1} %  {specificity:>9.1} %  {:>14.4}  {:>8.4}  {:.4}",
            training.best,
            100.0 * verdict.accuracy(),
            verdict.area(),
            verdict.log_loss(),
            verdict.brier()
        );
    }
    println!("\n{}", pictures::draw(&trials)?);
    let file = sheet::asked_for()?.unwrap_or_else(|| PathBuf::from(FILE));
    lab::write(&trials, &file)?;

    trials.sort_by(|a, b| a.verdict.accuracy().total_cmp(&b.verdict.accuracy()));
    let median = trials[SEEDS.len() / 2].verdict.accuracy();
    let (share, goal) = (100.0 * median, 100.0 * GOAL);
    println!(
        "\n{share:.1} % of the held-out tumours were told right (median of 3 seeds); the goal is {goal:.0} %"
    );
    Ok(if median < GOAL { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
