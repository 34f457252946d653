//! Exercise 1. A neuron with tanh: z = w·x + b, a = tanh z, L = ½(a − y)². Fill the gaps with formulas of a, x and y.
use guide::{GAP, check};
use wengert::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (x, y) = (0.8, 1.0);
    let tape = Tape::new();
    let (w, b) = (tape.var(0.5), tape.var(-0.1));
    let z = w * x + b;
    let a = z.tanh();
    let loss = 0.5 * (a - y).square();

    let by_a = GAP;
    let by_z = GAP;
    let by_w = GAP;

    let [tape_a, tape_z, tape_w] = loss.grad([a, z, w]);
    println!("{}", check("∂L/∂a", by_a, tape_a));
    println!("{}", check("∂L/∂z", by_z, tape_z));
    println!("{}", check("∂L/∂w", by_w, tape_w));
    Ok(())
}
