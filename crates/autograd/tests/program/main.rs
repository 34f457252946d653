//! Programs: special cases.

#[path = "../caught/mod.rs"]
mod caught;
mod integers;
mod mistakes;
mod passes;
mod rematerialise;
mod threads;
mod tiles;
mod values;

use autograd::{DType, Params, Passes, Program};

/// All passes, no passes, all but one, and those that change no bit.
fn every_choice() -> impl Iterator<Item = Passes> {
    let all = [Passes::all(), Passes::none(), Passes::exact()].into_iter();
    all.chain(Passes::names().map(|name| Passes::all().without(name)))
}

/// The cross entropy of a linear model of two features and three classes.
fn classifier() -> (Params, Program) {
    let mut params = Params::f64();
    let w = params.scope("net").param("w", [2, 3], [0.1, 0.2, 0.3, -0.4, 0.5, -0.6]);
    let program = Program::trace(&params, |t| {
        let (x, labels) = (t.input("x", [2, 2]), t.input_of("labels", DType::I64, [2]));
        t.outputs(-x.matmul(w).log_softmax(-1).pick(labels).mean()).with_gradients()
    });
    (params, program.unwrap())
}
