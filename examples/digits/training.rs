//! The network and the loop: mini-batches in a new order each epoch, one step for each.

use crate::samples::{DIGITS, SIDE, Samples};
use indicatif::{ProgressBar, ProgressStyle};
use ndarray::Array2;
use std::error::Error;
use std::time::{Duration, Instant};
use wengert::prelude::*;

/// Layers, from pixels to digits.
const SIZES: [usize; 3] = [SIDE * SIDE, 64, DIGITS];
/// Adam's η.
const RATE: f64 = 2e-3;
/// Pictures per step.
const BATCH: usize = 32;
/// The number of epochs is fixed beforehand. Stopping at the best score on the held-out pictures would be training on them.
const EPOCHS: usize = 40;
/// Epochs that the terminal shows.
const SHOWN: [usize; 7] = [0, 1, 2, 5, 10, 20, EPOCHS];

/// The scores of the network on some pictures.
#[derive(Clone, Copy)]
pub(crate) struct Score {
    /// Mean cross-entropy, in nats.
    pub(crate) loss: f64,
    /// The share of pictures that it reads right.
    pub(crate) accuracy: f64,
}

/// Both scores at the end of one epoch.
pub(crate) struct Epoch {
    pub(crate) train: Score,
    pub(crate) held_out: Score,
}

/// A network in training.
pub(crate) struct Training {
    net: Mlp,
    params: Params,
    /// From before the first step to after the last epoch.
    pub(crate) epochs: Vec<Epoch>,
    took: Duration,
}

impl Training {
    /// A network before its first step.
    pub(crate) fn new() -> Training {
        let mut params = Params::f32().with_seed(1);
        let net = Mlp::new(&mut params.scope("net"), &SIZES, Activation::Relu);
        Training { net, params, epochs: Vec::new(), took: Duration::ZERO }
    }

    /// Trains for all epochs and takes both scores after each.
    pub(crate) fn run(&mut self, train: &Samples, held_out: &Samples) -> Result<(), Box<dyn Error>> {
        let bar = progress()?;
        let mut adam = Adam::new(RATE)?;
        let mut rng = datasets::RandomState::new(1);
        let mut storage = Storage::default();
        self.look(train, held_out);
        for _ in 0..EPOCHS {
            let start = Instant::now();
            for batch in rng.permutation(train.len())?.chunks(BATCH) {
                storage = self.step(&train.at(batch), &mut adam, storage)?;
            }
            self.took += start.elapsed();
            let seen = self.look(train, held_out).held_out;
            bar.set_message(format!("held out: loss {:.3}, {:.1} % right", seen.loss, 100.0 * seen.accuracy));
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(())
    }

    /// One step. It reuses the memory of the last step and hands it on to the next.
    fn step(
        &mut self,
        batch: &Samples,
        adam: &mut Adam,
        storage: Storage,
    ) -> Result<Storage, Box<dyn Error>> {
        let tape = Tape::reusing(storage, &self.params);
        let logits = self.net.forward(tape.constant(&batch.x));
        let grads = nn::loss::cross_entropy(logits, tape.constant(&batch.y)).backward();
        let storage = tape.into_storage();
        adam.step(&mut self.params, &grads)?;
        Ok(storage)
    }

    /// Adds an epoch with the scores as they are now.
    fn look(&mut self, train: &Samples, held_out: &Samples) -> &Epoch {
        let epoch = Epoch { train: self.score(train), held_out: self.score(held_out) };
        self.epochs.push(epoch);
        &self.epochs[self.epochs.len() - 1]
    }

    fn score(&self, samples: &Samples) -> Score {
        let tape = Tape::with(&self.params);
        let logits = self.net.forward(tape.constant(&samples.x));
        let loss = nn::loss::cross_entropy(logits, tape.constant(&samples.y)).item();
        let logits = logits.to_vec::<f32>();
        let read_as = logits.chunks(DIGITS).map(largest).enumerate();
        let right = read_as.filter(|&(sample, digit)| digit == samples.digit(sample)).count();
        Score { loss, accuracy: right as f64 / samples.len() as f64 }
    }

    /// The probability of each digit for each picture, of \[pictures, digits\].
    pub(crate) fn probabilities(&self, samples: &Samples) -> Array2<f32> {
        let tape = Tape::with(&self.params);
        let probabilities = self.net.forward(tape.constant(&samples.x)).softmax(-1);
        let shape = (samples.len(), DIGITS);
        Array2::from_shape_vec(shape, probabilities.to_vec()).expect("a probability per picture and digit")
    }

    /// What was trained, how, and how it went.
    pub(crate) fn print(&self, train: &Samples, held_out: &Samples) {
        println!("{} pictures to learn from, {} held out", train.len(), held_out.len());
        println!("Mlp {SIZES:?}, ReLU, {}: {} numbers", self.params.dtype(), self.params.elements());
        let seconds = self.took.as_secs_f64();
        println!("Adam, η = {RATE}, batches of {BATCH}: {EPOCHS} epochs in {seconds:.2} s\n");
        println!("         learnt from         held out");
        println!("epoch   loss     right    loss     right");
        for (epoch, seen) in self.epochs.iter().enumerate().filter(|(epoch, _)| SHOWN.contains(epoch)) {
            let [train, held_out] = [seen.train, seen.held_out]
                .map(|score| format!("{:.3}  {:>6.1} %", score.loss, 100.0 * score.accuracy));
            println!("{epoch:>5}  {train}   {held_out}");
        }
    }
}

/// The index of the largest number; of equal numbers, the first.
pub(crate) fn largest(numbers: &[f32]) -> usize {
    (0..numbers.len()).rev().max_by(|&a, &b| numbers[a].total_cmp(&numbers[b])).unwrap_or(0)
}

/// A progress bar on stderr. It is hidden if that is no terminal.
fn progress() -> Result<ProgressBar, Box<dyn Error>> {
    let bar = ProgressBar::new(EPOCHS as u64);
    bar.set_style(ProgressStyle::with_template("  {bar:30} epoch {pos}/{len}, {msg}")?);
    Ok(bar)
}
