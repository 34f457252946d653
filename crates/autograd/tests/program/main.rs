//! Programs at their edges.

mod again;
#[path = "../caught/mod.rs"]
mod caught;
mod mistakes;
mod threads;
mod values;

use autograd::{DType, Params, Passes, Program};

/// Every choice of one pass less, all, and none.
fn every_choice() -> Vec<Passes> {
    let mut all = vec![Passes::all(), Passes::none()];
    let switches: [fn(&mut Passes); 13] = [
        |p| p.dead = false,
        |p| p.fold = false,
        |p| p.cse = false,
        |p| p.algebra = false,
        |p| p.orient = false,
        |p| p.thin = false,
        |p| p.expand = false,
        |p| p.fuse = false,
        |p| p.recompute = false,
        |p| p.share = false,
        |p| p.pair = false,
        |p| p.stream = false,
        |p| p.pool = false,
    ];
    for off in switches {
        let mut passes = Passes::all();
        off(&mut passes);
        all.push(passes);
    }
    all
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
