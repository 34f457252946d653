//! Exercise 6. Attention with a causal mask, from products, a softmax and `select`: the score where one may look, and what elsewhere?
use guide::{GAP, check};
use wengert::nn::attention::{Mask, scaled_dot_product};
use wengert::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let tape = Tape::new();
    let q = tape.var([[1.0, 0.0], [0.5, -1.0], [0.2, 2.0]]);
    let k = tape.var([[0.3, 1.0], [1.0, -0.5], [-0.4, 0.1]]);
    let v = tape.var([[1.0], [2.0], [4.0]]);
    let may_look = tape.lower_triangle(3, 3, 0);

    let scale = GAP;
    let elsewhere = GAP;
    let weights = may_look.select(q.matmul(k.t()) * scale, elsewhere).softmax(1);
    let answer = weights.matmul(v);

    println!("{}", check("attention", answer, scaled_dot_product(q, k, v, Mask::Causal)));
    Ok(())
}
