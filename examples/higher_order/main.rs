//! Uses of higher derivatives.
//!
//! Newton's method needs the Hessian, which is the gradient of the gradient. A physics-informed network learns a
//! differential equation: its loss holds the second derivative of the network with respect to the input, and is
//! differentiated once more, with respect to the parameters. The exit code tells whether the network solved it.
//!
//! `cargo run --release --example higher_order`

mod newton;
mod physics;

use plot::Figure;
use std::error::Error;
use std::process::ExitCode;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let [paths, values] = newton::show()?;
    println!();
    let solution = physics::solve()?;
    let [curve, loss] = solution.panels();

    let figure = Figure::new("Second derivatives from the tape").size(1300, 960).columns(2);
    let saved = figure.panel(paths).panel(values).panel(curve).panel(loss).save("higher_order")?;
    println!();
    println!("Figure: {saved}");
    Ok(solution.verdict())
}
