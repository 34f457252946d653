//! The notebook's multi-layer perceptron on the two moons.

use super::{flat, neurons};
use crate::manual::difference::central_difference;
use crate::manual::mlp::{self as manual, flatten, printed_loss};
use crate::report::{Report, Sources, heading, same_end};
use crate::training::{EPOCHS, descend};
use std::error::Error;
use wengert::prelude::*;

const SIZES: [usize; 4] = [2, 10, 5, 1];

/// The notebook's learning rate.
pub(crate) const LEARNING_RATE: f64 = 0.01;

/// Data, network and the weights of the start.
pub(crate) struct NotebookMlp {
    /// Samples, row-major.
    pub(crate) x: Vec<f64>,
    /// One label per sample, 0 or 1.
    pub(crate) y: Vec<f64>,
    params: Params,
    net: Mlp,
}

impl NotebookMlp {
    /// The notebook's data; its weights as NumPy draws them after `np.random.seed(0)`.
    pub(crate) fn new() -> Result<NotebookMlp, datasets::Error> {
        let moons = datasets::make_moons(200).noise(0.1).random_state(42).generate()?;
        let mut params = Params::f64();
        let net = Mlp::new(&mut params.scope("mlp"), &SIZES, Activation::Sigmoid);
        let mut numpy = datasets::RandomState::new(0);
        for layer in &net.layers {
            params.get_mut::<f64>(layer.weight).fill_with(|| 0.1 * numpy.standard_normal());
        }
        let x = moons.x.iter().copied().collect();
        let y = moons.y.iter().map(|&label| label as f64).collect();
        Ok(NotebookMlp { x, y, params, net })
    }

    /// L = ½·mean (o − y)², whose gradient the notebook follows; it prints mean (o − y)².
    fn loss<'t>(&self, tape: &'t Tape<'_>) -> Var<'t> {
        let rows = self.y.len();
        let x = tape.constant(&self.x).reshape([rows, SIZES[0]]);
        let y = tape.constant(&self.y).reshape([rows, 1]);
        nn::loss::half_mse(self.net.forward(x), y)
    }

    /// The gradients at the start, from the tape.
    pub(crate) fn gradients(&self) -> Gradients {
        self.loss(&Tape::with(&self.params)).backward()
    }

    /// The first layer's weights.
    pub(crate) fn first_weight(&self) -> Param {
        self.net.layers[0].weight
    }

    /// The hand-written network with the weights of the start.
    pub(crate) fn by_hand(&self) -> manual::Mlp {
        manual::Mlp::from_flat(&SIZES, &flat(&self.params, &self.order()))
    }

    fn order(&self) -> Vec<Param> {
        self.net.layers.iter().flat_map(|layer| [layer.weight, layer.bias]).collect()
    }

    /// The comparison and the training.
    pub(crate) fn show(&self, report: &mut Report) -> Result<(), Box<dyn Error>> {
        heading("Multi-layer perceptron [2, 10, 5, 1] (the notebook; make_moons, 200 samples)");
        println!(
            "  a₀ = x,  zᵢ = aᵢ·Wᵢ + bᵢ,  aᵢ₊₁ = σ(zᵢ),  o = last z,  L = ½·mean (o − y)²,  ∂L/∂Wᵢ = aᵢᵀ·δᵢ / m"
        );
        let by_hand = self.by_hand();
        let manual = flatten(&by_hand.exact_gradients(&by_hand.forward(&self.x), &self.y));
        let loss = |p: &[f64]| manual::Mlp::from_flat(&SIZES, p).loss(&self.x, &self.y);
        let numeric = central_difference(loss, &by_hand.to_flat());
        let neurons = neurons::gradient(|p| neurons::mlp(&SIZES, p, &self.x, &self.y), &by_hand.to_flat());
        let tape = self.gradients();
        let sources = Sources { manual: &manual, tape: &tape, neurons: &neurons, numeric: &numeric };
        report.gradients("at the start, N(0, 0.1²) weights of seed 0", &self.params, &self.order(), &sources);
        self.train()
    }

    fn train(&self) -> Result<(), Box<dyn Error>> {
        println!();
        println!(
            "  training from the tape, learning rate {LEARNING_RATE}; the printed loss is mean (o − y)², twice L:"
        );
        let mut params = self.params.clone(); // a clone has the same handles
        descend(
            &mut params,
            LEARNING_RATE,
            |tape| self.loss(tape),
            |epoch, loss, _| println!("  Epoch {epoch}, Loss: {:.4}", 2.0 * loss),
        )?;

        let mut exact = self.by_hand();
        let mut literal = self.by_hand();
        for _ in 0..EPOCHS {
            let gradients = exact.exact_gradients(&exact.forward(&self.x), &self.y);
            exact.descend(&gradients, LEARNING_RATE);
            literal.literal_step(&literal.forward(&self.x), &self.y, LEARNING_RATE);
        }
        same_end(&flat(&params, &self.order()), &exact.to_flat());
        let loss = |net: &manual::Mlp| printed_loss(net.forward(&self.x).output(), &self.y);
        let from_tape = 2.0 * self.loss(&Tape::with(&params)).item();
        println!("  loss after {EPOCHS} epochs: from the tape         {from_tape:.16}");
        println!("                          by hand, exact        {:.16}", loss(&exact));
        println!("                          the notebook's loop   {:.16}  (see finding 1)", loss(&literal));
        Ok(())
    }
}
