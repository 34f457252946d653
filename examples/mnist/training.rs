//! The steps of a program over shuffled batches, and what the network reads afterwards.

use crate::Options;
use crate::network::Net;
use crate::samples::{DIGITS, Samples};
use ndarray::{Array2, Axis};
use std::error::Error;
use std::num::NonZero;
use std::time::Instant;
use wengert::prelude::*;

/// Pictures of a step; what is left of an epoch is left out of it.
pub(crate) const BATCH: usize = 64;
/// Adam's η at its greatest.
const RATE: f64 = 3e-3;
/// Pictures that are read at a time when nothing is learnt.
const READ: usize = 250;

/// What an epoch gave.
pub(crate) struct Epoch {
    /// Mean cross-entropy of its steps, in nats.
    pub(crate) learnt: f64,
    /// That of the held-out pictures after it.
    pub(crate) held_out: f64,
    /// The share of them that is read right.
    pub(crate) accuracy: f64,
}

/// A training from one seed.
pub(crate) struct Trial {
    pub(crate) epochs: Vec<Epoch>,
    /// Of each digit for each held-out picture, \[pictures, digits\].
    pub(crate) probabilities: Array2<f32>,
}

impl Trial {
    /// The number of epochs is fixed beforehand. Stopping at the best score on the held-out pictures would be training on them.
    pub(crate) fn run(
        seed: u32,
        options: &Options,
        train: &Samples,
        held_out: &Samples,
    ) -> Result<Trial, Box<dyn Error>> {
        let (epochs, steps) = (epochs(options), train.len() / BATCH);
        let mut params = Params::f32().with_seed(seed.into());
        let net = Net::new(&mut params, train.side());
        let program = Program::trace(&params, |t| {
            let x = t.input("x", [BATCH, 1, train.side(), train.side()]);
            let y = t.input_of("y", DType::I64, [BATCH]);
            let logits = net.forward(x, Mode::Train(t.input_key("key")));
            t.outputs(nn::loss::cross_entropy(logits, y)).with_gradients()
        })?;
        let mut reader = Jit::new(|t, inputs| t.outputs(net.forward(inputs[0], Mode::Eval).softmax(-1)));
        let mut state = program.state();
        if let Some(threads) = options.threads.map(NonZero::get) {
            (state, reader) = (state.with_threads(threads), reader.with_threads(threads));
        }
        let warm = (steps as u64).min(100);
        let rate = Schedule::warmup(RATE, 0.1, warm);
        let rate = rate.then(Schedule::cosine(RATE, RATE / 100.0, (epochs * steps) as u64 - warm));
        let (mut adam, mut rng) = (Adam::new(RATE)?, datasets::RandomState::new(seed));
        let (key, mut step) = (Key::new(seed.into()), 0);
        let mut trial = Trial { epochs: vec![], probabilities: Array2::zeros((0, DIGITS)) };
        println!("{} numbers, {} steps of {BATCH} pictures an epoch", params.elements(), steps);
        println!("epoch    loss   held out   read right   seconds");
        for epoch in 1..=epochs {
            let (start, mut sum) = (Instant::now(), 0.0);
            for batch in rng.permutation(train.len())?.chunks_exact(BATCH) {
                let (x, y) = (train.x.select(Axis(0), batch), train.y.select(Axis(0), batch));
                adam.set_hyperparameter("learning_rate", rate.at(step))?;
                sum += program.step(&mut state, &mut params, &mut adam, (&x, &y, key.fold_in(step)))?;
                step += 1;
            }
            let seconds = start.elapsed().as_secs_f64();
            trial.probabilities = Array2::zeros((0, DIGITS));
            for x in held_out.x.axis_chunks_iter(Axis(0), READ) {
                let run = reader.run(&params, (&x,))?;
                trial.probabilities.append(Axis(0), run.get::<f32>(0).into_dimensionality()?)?;
            }
            let (held_out, accuracy) = score(held_out, &trial.probabilities);
            let learnt = sum / steps as f64;
            println!(
                "{epoch:>5}  {learnt:>6.4}   {held_out:>8.4}   {:>8.2} %   {seconds:>7.2}",
                100.0 * accuracy
            );
            trial.epochs.push(Epoch { learnt, held_out, accuracy });
        }
        Ok(trial)
    }
}

fn epochs(options: &Options) -> usize {
    match (options.quick, &options.data) {
        (true, _) => 1,
        (_, Some(_)) => 6,
        // An epoch of fewer pictures is fewer steps.
        (_, None) => 30,
    }
}

/// Mean cross-entropy, and the share read right.
fn score(samples: &Samples, probabilities: &Array2<f32>) -> (f64, f64) {
    let (mut loss, mut right) = (0.0, 0);
    for (sample, p) in probabilities.outer_iter().enumerate() {
        let digit = samples.digit(sample);
        loss -= f64::from(p[digit].max(f32::MIN_POSITIVE)).ln();
        right += usize::from(largest(&p.to_vec()) == digit);
    }
    (loss / samples.len() as f64, right as f64 / samples.len() as f64)
}

/// The index of the largest number.
pub(crate) fn largest(row: &[f32]) -> usize {
    (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b])).expect("a row has numbers")
}
