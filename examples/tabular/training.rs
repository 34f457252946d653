//! The network and the loop, which keeps the weights of the epoch that was best for the second part.

use crate::samples::{Part, Samples};
use ndarray::{Array2, Axis};
use std::error::Error;
use wengert::prelude::*;

/// Units of the hidden layer.
const HIDDEN: usize = 16;
/// AdamW's η and λ.
const RATE: f64 = 3e-3;
const DECAY: f64 = 0.1;
/// Tumours per step.
const BATCH: usize = 32;
/// Epochs at most, and without a better one before the loop gives up.
const EPOCHS: usize = 200;
const PATIENCE: usize = 25;
/// Epochs of a short run.
const QUICK: usize = 20;

/// A network in training.
pub(crate) struct Training {
    net: Mlp,
    params: Params,
    /// The mean loss of each epoch on the first and on the second part, from before the first step.
    pub(crate) losses: Vec<[f64; 2]>,
    /// The epoch whose weights are kept.
    pub(crate) best: usize,
}

impl Training {
    /// A network before its first step.
    pub(crate) fn new(samples: &Samples, seed: u32) -> Training {
        let mut params = Params::f64().with_seed(seed.into());
        let sizes = [samples.train.x.ncols(), HIDDEN, 1];
        let net = Mlp::new(&mut params.scope("net"), &sizes, Activation::Relu);
        Training { net, params, losses: Vec::new(), best: 0 }
    }

    /// Trains until the loss on the second part has not fallen for some epochs.
    pub(crate) fn run(&mut self, samples: &Samples, seed: u32, quick: bool) -> Result<(), Box<dyn Error>> {
        let mut rule = AdamW::new(RATE)?.weight_decay(DECAY)?;
        let mut rng = datasets::RandomState::new(seed);
        let mut kept = self.params.clone();
        let mut storage = Storage::default();
        self.look(samples);
        for epoch in 1..=if quick { QUICK } else { EPOCHS } {
            for batch in rng.permutation(samples.train.len())?.chunks(BATCH) {
                storage = self.step(&samples.train.at(batch), &mut rule, storage)?;
            }
            let loss = self.look(samples);
            if loss < self.losses[self.best][1] {
                (self.best, kept) = (epoch, self.params.clone());
            } else if epoch >= self.best + PATIENCE {
                break;
            }
        }
        self.params = kept;
        Ok(())
    }

    /// One step. It reuses the memory of the last step and hands it on to the next.
    fn step(&mut self, batch: &Part, rule: &mut AdamW, storage: Storage) -> Result<Storage, Box<dyn Error>> {
        let tape = Tape::reusing(storage, &self.params);
        let grads = self.loss(&tape, batch).backward();
        let storage = tape.into_storage();
        rule.step(&mut self.params, &grads)?;
        Ok(storage)
    }

    /// Adds both losses as they are now, and gives the second.
    fn look(&mut self, samples: &Samples) -> f64 {
        let losses = [&samples.train, &samples.validation].map(|part| {
            let tape = Tape::with(&self.params);
            self.loss(&tape, part).item()
        });
        self.losses.push(losses);
        losses[1]
    }

    /// The mean cross-entropy.
    fn loss<'t>(&self, tape: &'t Tape, part: &Part) -> Var<'t> {
        let logits = self.net.forward(tape.constant(&part.x));
        nn::loss::each::bce_with_logits(logits, tape.constant(part.y.clone().insert_axis(Axis(1)))).mean()
    }

    /// The probability that each tumour is malignant.
    pub(crate) fn probabilities(&self, x: &Array2<f64>) -> Vec<f64> {
        let tape = Tape::with(&self.params);
        self.net.forward(tape.constant(x)).sigmoid().to_vec()
    }

    /// What is trained, and how.
    pub(crate) fn described(&self) -> String {
        format!(
            "Mlp of {HIDDEN} hidden ReLU units, {} numbers; AdamW, η = {RATE}, λ = {DECAY}, batches of {BATCH}, at most {EPOCHS} \
             epochs, kept where the validation loss is least",
            self.params.elements()
        )
    }
}
