//! Exercise 2. y = x²·eˣ: x acts in two ways. Write what comes back along each.
use guide::{GAP, check};
use wengert::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let tape = Tape::new();
    let x = tape.var(1.5);
    let (s, e) = (x.square(), x.exp());
    let y = s * e;

    let through_s = GAP;
    let through_e = GAP;

    let [of_y_by_s, of_y_by_e] = y.grad([s, e]);
    let ([of_s], [of_e]) = (s.grad([x]), e.grad([x]));
    println!("{}", check("through x²", through_s, of_y_by_s * of_s));
    println!("{}", check("through eˣ", through_e, of_y_by_e * of_e));
    println!("{}", check("together", through_s + through_e, y.grad([x])[0]));
    Ok(())
}
