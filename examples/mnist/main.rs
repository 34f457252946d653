//! A convolutional network reads handwritten digits: MNIST from a folder, or the small digits that come with `datasets`.
//!
//! `samples` has the pictures, `network` the layers, `training` the steps of a program over shuffled batches, `pictures` the
//! figures. The report of the held-out pictures is that of the example `digits`. The exit code tells whether enough of them were
//! read right, in the median of the seeds: 97.5 % for a part of MNIST, 99 % for all of it, 97 % for the small digits.
//!
//! MNIST is four files, `train-images-idx3-ubyte`, `train-labels-idx1-ubyte` and the same with `t10k` for `train`, plain or
//! as `.gz`; a sample with `test` for `t10k` will do. They are not part of this repository, whose licence could not cover them.
//! `beside_pytorch.py` trains the same network in PyTorch, for the time of an epoch.
//!
//! Source of the network: LeCun et al., *Gradient-based learning applied to document recognition*, 1998; with batch normalisation
//! (Ioffe & Szegedy 2015) and dropout (Srivastava et al. 2014).
//!
//! `cargo run --release --example mnist -- --data FOLDER --seeds 3` (`--threads N`: of the steps; `--quick`: one epoch, no verdict)

mod network;
mod pictures;
#[path = "../digits/report.rs"]
mod report;
mod samples;
mod training;

use report::Reading;
use samples::Samples;
use std::error::Error;
use std::num::NonZero;
use std::process::ExitCode;
use training::Trial;

/// What the command line says.
pub(crate) struct Options {
    data: Option<String>,
    seeds: NonZero<u32>,
    threads: Option<NonZero<usize>>,
    quick: bool,
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Options, Box<dyn Error>> {
        let mut options = Options { data: None, seeds: NonZero::<u32>::MIN, threads: None, quick: false };
        while let Some(name) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("a value has to follow {name}"));
            match &name[..] {
                "--quick" => options.quick = true,
                "--data" => options.data = Some(value()?),
                "--seeds" => options.seeds = value()?.parse()?,
                "--threads" => options.threads = Some(value()?.parse()?),
                _ => return Err(format!("{name}: there are --data, --seeds, --threads and --quick").into()),
            }
        }
        Ok(options)
    }
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let options = Options::read(std::env::args().skip(1))?;
    let [train, held_out] = match &options.data {
        Some(folder) => Samples::of_folder(folder)?,
        None => {
            println!("No `--data FOLDER` with the four files of MNIST (the head of `main.rs` names them):");
            println!("the network reads the small digits of `datasets` instead\n");
            Samples::small()?
        }
    };
    let goal = match (&options.data, train.len()) {
        (None, _) => 0.97,
        (_, ..60_000) => 0.975,
        _ => 0.99,
    };
    println!(
        "{} pictures to learn from, {} held out, {2}×{2} pixels",
        train.len(),
        held_out.len(),
        train.side()
    );

    let mut trials = vec![];
    for seed in 1..=options.seeds.get() {
        println!("\nseed {seed}");
        let trial = Trial::run(seed, &options, &train, &held_out)?;
        let reading = Reading::of(&held_out, trial.probabilities.clone());
        println!("{:.2} % of the held-out pictures read right", 100.0 * reading.accuracy());
        trials.push((trial, reading));
    }
    trials.sort_by(|(_, a), (_, b)| a.accuracy().total_cmp(&b.accuracy()));
    let (trial, reading) = &trials[(trials.len() - 1) / 2];
    if options.seeds.get() > 1 {
        println!("\nthe seed in the middle:");
    }
    reading.print();
    println!();
    for figure in pictures::draw(trial, &held_out, reading)? {
        println!("{figure}");
    }
    if options.quick {
        println!("A short training: no verdict");
        return Ok(ExitCode::SUCCESS);
    }
    let (share, seeds) = (100.0 * reading.accuracy(), options.seeds);
    println!("\n{share:.2} % read right, the median of {seeds}; the goal is {:.1} %", 100.0 * goal);
    Ok(if reading.accuracy() < goal { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
