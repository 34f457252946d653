//! The loop that all runs share: full batches, any optimiser, a record of each epoch.

use super::samples::Samples;
use indicatif::ProgressBar;
use std::error::Error;
use wengert::prelude::*;

/// The notebook's layers.
pub(crate) const SIZES: [usize; 4] = [2, 10, 5, 1];
/// The notebook's `n_iterations`.
pub(crate) const EPOCHS: usize = 1000;

/// The record of one epoch, before its step.
#[derive(Clone, Copy)]
pub(crate) struct Epoch {
    /// mean (o − y)², which the notebook prints: twice the loss that is descended.
    pub(crate) error: f64,
    /// Euclidean length of ∂L/∂W, layer by layer from the input.
    pub(crate) gradients: [f64; SIZES.len() - 1],
}

/// A network in training.
#[derive(Clone)]
pub(crate) struct Training {
    /// Layers.
    pub(crate) net: Mlp,
    /// The values of the parameters.
    pub(crate) params: Params,
    /// One entry per epoch so far.
    pub(crate) epochs: Vec<Epoch>,
}

impl Training {
    /// A network before its first step.
    pub(crate) fn new(net: Mlp, params: Params) -> Training {
        Training { net, params, epochs: Vec::new() }
    }

    /// Trains for the given number of epochs. Each is one step on all samples.
    pub(crate) fn train(
        &mut self,
        samples: &Samples,
        optimizer: &mut impl Optimizer,
        epochs: usize,
        bar: &ProgressBar,
    ) -> Result<(), Box<dyn Error>> {
        for _ in 0..epochs {
            let tape = Tape::with(&self.params);
            let loss = samples.loss(&self.net, &tape);
            let (error, grads) = (2.0 * loss.item(), loss.backward());
            self.epochs.push(Epoch { error, gradients: lengths(&self.net, &grads) });
            optimizer.step(&mut self.params, &grads)?;
            bar.inc(1);
        }
        Ok(())
    }

    /// The outputs for points of the plane, in one forward pass.
    pub(crate) fn outputs(&self, params: &Params, points: &[(f64, f64)]) -> Vec<f64> {
        let flat: Vec<f64> = points.iter().flat_map(|&(x, y)| [x, y]).collect();
        let tape = Tape::with(params);
        self.net.forward(tape.constant(&flat).reshape([points.len(), 2])).to_vec()
    }
}

/// The length of each layer's ∂L/∂W; the loss depends on every layer, so none is missing.
fn lengths(net: &Mlp, grads: &Gradients) -> [f64; SIZES.len() - 1] {
    std::array::from_fn(|i| {
        let dw = grads.get::<f64>(net.layers[i].weight).unwrap_or_default();
        dw.iter().map(|g| g * g).sum::<f64>().sqrt()
    })
}
