//! Six activation functions with their first and second derivatives.
//!
//! The notebook draws the functions; here the tape adds their derivatives. The first derivative is the gradient of the sum of f
//! over all points, because each point affects only its own term. The second derivative is the gradient of the first.
//!
//! `curves` has the functions, and `lab` writes the section of a report, `sheet` is what all
//! examples with a report share.
//!
//! `cargo run --release --example activations [-- --report FILE.html]`

mod curves;
mod lab;
mod sheet;

use curves::{FUNCTIONS, TABLE, derivatives, panel};
use plot::Figure;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut figure = Figure::new("Activation functions and their derivatives").size(1300, 800).columns(3);

    println!("Activation functions, derivatives from the tape");
    println!();
    println!("{:<18} {:<4}{}", "", "", TABLE.map(|x| format!("{:>11}", format!("x = {x}"))).concat());
    for (name, function) in FUNCTIONS {
        let at_table = derivatives(function, &TABLE);
        for (label, values) in ["f", "f′", "f″"].into_iter().zip(&at_table) {
            let title = if label == "f" { name } else { "" };
            let values: String = values.iter().map(|v| format!("{v:>11.6}")).collect();
            println!("{title:<18} {label:<4}{values}");
        }
        figure = figure.panel(panel(name, function));
    }
    println!();
    println!("At a kink, where there is no derivative, the tape takes the one from the left.");
    println!("Figure: {}", figure.save("activations")?);
    sheet::write_if_asked("activations", lab::section)
}
