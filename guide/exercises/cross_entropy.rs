//! Exercise 4. The cross-entropy of scores z for class c is L = −ln p_c with p = softmax(z). Its gradient by z is famous for being
//! short: p minus something. `class.one_hot(3, DType::F64)` could be of use.
use guide::{GAP, check};
use wengert::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let tape = Tape::new();
    let z = tape.var([[2.0, -1.0, 0.5]]);
    let class = tape.constant([2]);
    let p = z.softmax(1);
    let loss = nn::loss::cross_entropy(z, class);

    let something = GAP;

    println!("{}", check("∂L/∂z", p - something, loss.grad([z])[0]));
    Ok(())
}
