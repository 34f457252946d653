//! Five computations, each written as a program has it, with names for what a reader wants to see.

use wengert::autograd::{Derivation, Detail};
use wengert::prelude::*;

const X: [f64; 3] = [0.5, -1.0, 2.0];

/// A sigmoid neuron on one sample, every local derivative line by line. The numbers of the equations are those of the paper
/// that it comes from.
pub(crate) fn one_neuron<R>(write: impl FnOnce(Derivation<'_>) -> R) -> R {
    let tape = Tape::new();
    let (x, y) = (tape.constant(X).named("X"), tape.constant(1.0).named("Y"));
    let (w, b) = (tape.var([0.1, -0.2, 0.3]).named("W"), tape.var(0.0).named("b"));
    let z = ((w * x).sum() + b).named("Z");
    let a = z.sigmoid().named("A");
    let loss = (0.5 * (a - y).square()).named("L");
    write(loss.derivation([w, b]).detail(Detail::Full).numbered_from(5))
}

/// Two neurons in a row: each derivative is made of the one before it.
pub(crate) fn two_layers<R>(write: impl FnOnce(Derivation<'_>) -> R) -> R {
    let tape = Tape::new();
    let (x, y) = (tape.constant(X).named("X"), tape.constant(1.0).named("Y"));
    let (w1, b1) = (tape.var([0.1, -0.2, 0.3]).named("W1"), tape.var(0.0).named("b1"));
    let (w2, b2) = (tape.var(-0.4).named("W2"), tape.var(0.2).named("b2"));
    let z1 = ((w1 * x).sum() + b1).named("Z1");
    let a1 = z1.sigmoid().named("A1");
    let z2 = (w2 * a1 + b2).named("Z2");
    let a2 = z2.sigmoid().named("A2");
    let loss = (0.5 * (a2 - y).square()).named("L");
    write(loss.derivation([w1, b1, w2, b2]).detail(Detail::Steps))
}

/// A value that acts in two ways.
pub(crate) fn paths_that_meet<R>(write: impl FnOnce(Derivation<'_>) -> R) -> R {
    let tape = Tape::new();
    let x = tape.var(2.0).named("x");
    let s = x.sin().named("s");
    let y = (x * s).named("y");
    write(y.derivation([x]).detail(Detail::Steps))
}

/// A batch, explained for row i.
pub(crate) fn batch_of_four<R>(write: impl FnOnce(Derivation<'_>) -> R) -> R {
    let tape = Tape::new();
    let x =
        tape.constant([[0.5, -1.0, 2.0], [1.0, 0.0, -0.5], [-1.5, 0.5, 1.0], [0.0, 2.0, -1.0]]).named("X");
    let y = tape.constant([[1.0], [0.0], [1.0], [0.0]]).named("Y");
    let (w, b) = (tape.var([[0.1], [-0.2], [0.3]]).named("W"), tape.var([0.0]).named("b"));
    let z = (x.matmul(w) + b).named("Z");
    let a = z.sigmoid().named("A");
    let loss = (0.5 * (a - y).square()).mean().named("L");
    write(loss.derivation([w, b]).detail(Detail::Steps))
}

/// A network of the library on 200 samples, on one page. Parameters and layers have their names already.
pub(crate) fn network_on_moons<R>(
    write: impl FnOnce(Derivation<'_>) -> R,
) -> Result<R, Box<dyn std::error::Error>> {
    let moons = datasets::make_moons(200).noise(0.1).random_state(42).generate()?;
    let target = moons.y.mapv(|label| label as f64);
    let mut params = Params::f64().with_seed(1);
    let net = Mlp::new(&mut params.scope("net"), &[2, 10, 5, 1], Activation::Tanh);
    let tape = Tape::with(&params);
    let (x, y) = (tape.constant(&moons.x).named("X"), tape.constant(&target).named("Y"));
    let loss = nn::loss::mse(net.forward(x), y.reshape([200, 1])).named("L");
    Ok(write(loss.derivation_of_all().detail(Detail::Overview)))
}
