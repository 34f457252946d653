//! The 3-1-1 paper's network in its two readings.

use super::{flat, neurons};
use crate::manual::difference::central_difference;
use crate::manual::neuron311::{Neuron, TwoLayer, loss};
use crate::report::{Report, Sources, heading, list, same_end};
use crate::training::{EPOCHS, descend};
use std::error::Error;
use wengert::prelude::*;

const LEARNING_RATE: f64 = 0.005;

/// Four samples; the network as written, which the paper trains on one, takes the first.
const X: [[f64; 3]; 4] = [[0.5, -1.0, 2.0], [-1.5, 0.3, 0.8], [1.2, 0.7, -0.4], [-0.2, -0.9, -1.1]];
const Y: [f64; 4] = [1.0, 0.0, 1.0, 0.0];

/// One sigmoid neuron on one sample: what the paper's formulas and code describe.
pub(crate) fn show_as_written(report: &mut Report) -> Result<(), Box<dyn Error>> {
    heading("3-1-1 network as written (the 3-1-1 paper: its hidden neuron is the output; one sample)");
    println!("  A = σ(W·X + b),   L = ½·(A − Y)²,   ∂L/∂W = (A − Y)·A·(1 − A)·X   (24)");
    let mut params = Params::f64().with_seed(1);
    let net = ThreeOneOne::as_written(&mut params.scope("net"));
    let order = [net.hidden.weight, net.hidden.bias];
    let start = flat(&params, &order);
    let (x, y) = (X[0], Y[0]);

    let (dw, db) = Neuron::gradient(Neuron::from_flat(&start).forward(x), x, y);
    let numeric = central_difference(|p| loss(Neuron::from_flat(p).forward(x), y), &start);
    let tape = Tape::with(&params);
    let grads = net.loss(tape.constant([x]), tape.constant([[y]])).backward();
    let neurons = neurons::gradient(|p| neurons::three_one(p, &x, y), &start);
    let manual = [&dw[..], &[db]].concat();
    let sources = Sources { manual: &manual, tape: &grads, neurons: &neurons, numeric: &numeric };
    report.gradients("at the Xavier start", &params, &order, &sources);

    println!();
    println!(
        "  training from the tape, learning rate {LEARNING_RATE}; the printed loss is (A − Y)², twice L:"
    );
    descend(
        &mut params,
        LEARNING_RATE,
        |tape| net.loss(tape.constant([x]), tape.constant([[y]])),
        |epoch, loss, params| {
            let [w, b] = order.map(|p| list(params.get(p)));
            println!("  Epoch {epoch}: w = {w}, b = {b}, loss = {}", list(&[2.0 * loss]));
        },
    )?;
    let mut by_hand = Neuron::from_flat(&start);
    for _ in 0..EPOCHS {
        let (dw, db) = Neuron::gradient(by_hand.forward(x), x, y);
        by_hand.descend(dw, db, LEARNING_RATE);
    }
    same_end(&flat(&params, &order), &by_hand.to_flat());
    Ok(())
}

/// The network that the paper's list of layers promises, on four samples.
pub(crate) fn show_with_output_layer(report: &mut Report) -> Result<(), Box<dyn Error>> {
    heading("3-1-1 network with an output layer (as the 3-1-1 paper lists its layers; four samples)");
    println!(
        "  A₁ = σ(X·W₁ + b₁),  A₂ = σ(A₁·W₂ + b₂),  L = mean ½·(A₂ − Y)²,  ∂L/∂W₁ = mean δ₂·W₂·A₁·(1 − A₁)·X"
    );
    let mut params = Params::f64().with_seed(1);
    let net = ThreeOneOne::with_output_layer(&mut params.scope("net"));
    let output = net.output.expect("this reading has one");
    let order = [net.hidden.weight, net.hidden.bias, output.weight, output.bias];
    let start = flat(&params, &order);
    let targets = Y.map(|y| [y]);

    let manual = TwoLayer::from_flat(&start).gradient(&X, &Y).to_flat();
    let numeric = central_difference(|p| TwoLayer::from_flat(p).loss(&X, &Y), &start);
    let tape = Tape::with(&params);
    let grads = net.loss(tape.constant(X), tape.constant(targets)).backward();
    let neurons = neurons::gradient(|p| neurons::three_one_one(p, &X, &Y), &start);
    let sources = Sources { manual: &manual, tape: &grads, neurons: &neurons, numeric: &numeric };
    report.gradients("at the Xavier start", &params, &order, &sources);

    println!();
    println!(
        "  training from the tape, learning rate {LEARNING_RATE}; the printed loss is mean (A₂ − Y)², twice L:"
    );
    descend(
        &mut params,
        LEARNING_RATE,
        |tape| net.loss(tape.constant(X), tape.constant(targets)),
        |epoch, loss, params| {
            let [w1, b1, w2, b2] = order.map(|p| list(params.get(p)));
            let loss = list(&[2.0 * loss]);
            println!("  Epoch {epoch}: w1 = {w1}, b1 = {b1}, w2 = {w2}, b2 = {b2}, loss = {loss}");
        },
    )?;
    let mut by_hand = TwoLayer::from_flat(&start);
    for _ in 0..EPOCHS {
        let gradient = by_hand.gradient(&X, &Y);
        by_hand.descend(&gradient, LEARNING_RATE);
    }
    same_end(&flat(&params, &order), &by_hand.to_flat());
    Ok(())
}
