//! Exercise 3. Two layers and a batch, as matrices: A = tanh(X·W₁), O = A·W₂, L = ½·Σ(O − Y)². Write the gradients as products of
//! matrices: `a.matmul(b)`, `a.t()`, and `*` entry by entry.
use guide::{GAP, check};
use wengert::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let tape = Tape::new();
    let x = tape.constant([[0.5, -1.0], [1.5, 0.3], [-0.7, 0.2]]);
    let y = tape.constant([[1.0], [0.0], [0.5]]);
    let (w1, w2) = (tape.var([[0.1, -0.4, 0.6], [0.7, 0.2, -0.3]]), tape.var([[0.5], [-0.8], [0.2]]));
    let a = x.matmul(w1).tanh();
    let o = a.matmul(w2);
    let loss = 0.5 * (o - y).square().sum();

    let error = GAP;
    let by_w2 = GAP;
    let error_below = GAP;
    let by_w1 = GAP;

    let [tape_w1, tape_w2] = loss.grad([w1, w2]);
    println!("{}", check("∂L/∂O", error, loss.grad([o])[0]));
    println!("{}", check("∂L/∂W₂", by_w2, tape_w2));
    println!("{}", check("∂L/∂(X·W₁)", error_below, loss.grad([a])[0] * (1.0 - a * a)));
    println!("{}", check("∂L/∂W₁", by_w1, tape_w1));
    Ok(())
}
