//! Drawings of the library's networks.

use crate::pictures::Album;
use std::error::Error;
use wengert::prelude::*;

/// The seed of the Xavier weights.
const SEED: u64 = 1;

/// One sample through the 3-1-1 network, drawn before and after the backward sweep.
pub(crate) fn three_one_one(album: &mut Album) -> Result<(), Box<dyn Error>> {
    let mut params = Params::f64().with_seed(SEED);
    let net = ThreeOneOne::with_output_layer(&mut params.scope("net"));
    let tape = Tape::with(&params);
    let loss = net.loss(tape.constant([[0.5, -1.0, 2.0]]), tape.constant([[1.0]]));
    println!("{}\n", tape.listing());

    let before = tape.drawing().titled("The 3-1-1 network: values alone");
    album.add("draw_the_tape_3_1_1_before", &before)?;
    let after = tape.drawing().titled("The 3-1-1 network: values and gradients").with_gradients(loss);
    album.add("draw_the_tape_3_1_1_after", &after)?;

    // The gradients in the picture equal those that an optimiser gets.
    let grads = loss.backward();
    for p in params.iter() {
        println!("∂L/∂{} = {:.4?}", params.name(p), grads.get::<f64>(p).unwrap_or_default());
    }
    println!("\n{}", after.dot());
    Ok(())
}

/// A small classifier of points of the plane, with its loss.
pub(crate) fn perceptron(album: &mut Album) -> Result<(), Box<dyn Error>> {
    let mut params = Params::f64().with_seed(SEED);
    let net = Mlp::new(&mut params.scope("net"), &[2, 4, 3, 1], Activation::Tanh);
    let tape = Tape::with(&params);
    let x = tape.constant([[0.0, 1.0], [1.0, 0.5], [-1.0, 0.2], [0.3, -0.7]]);
    let y = tape.constant([[1.0], [0.0], [1.0], [0.0]]);
    let output = net.forward(x);
    let loss = tape.scope("loss", || nn::loss::mse(output, y));
    println!("{}", tape.listing());
    let drawing = tape.drawing().titled("Mlp [2, 4, 3, 1]").with_gradients(loss);
    album.add("draw_the_tape_layers", &drawing)
}
