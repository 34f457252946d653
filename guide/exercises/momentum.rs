//! Exercise 5. Three steps of momentum by hand, v ← μ·v + g and p ← p − η·v, on L = p². The library checks where three steps end.
use guide::{GAP, check};
use wengert::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (rate, mu) = (0.1, 0.9);
    let (mut p, mut v) = (2.0, 0.0);
    for _ in 0..3 {
        let g = GAP;
        v = mu * v + g;
        let step = GAP;
        p -= step;
    }

    let mut params = Params::f64();
    let param = params.scope("point").param("p", [], 2.0);
    let mut momentum = Momentum::pytorch(rate, mu)?;
    for _ in 0..3 {
        let tape = Tape::with(&params);
        let grads = tape.param(param).square().backward();
        momentum.step(&mut params, &grads)?;
    }
    let tape = Tape::with(&params);
    println!("{}", check("p after three steps", p, tape.param(param)));
    Ok(())
}
