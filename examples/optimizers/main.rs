//! The paths of three optimisers on two surfaces.
//!
//! First the notebook's: x² + y² from (3, 2), 50 steps at rate 0.1 for plain descent (SGD), classical momentum and
//! Adam. Then Rosenbrock's valley, which is narrow and curved, each optimiser at a rate that suits it. Gradients are
//! the tape's; the optimisers update points.
//!
//! `surface` has the functions, `ways` what the optimisers do on them, and `lab` writes the section of a report.
//!
//! `cargo run --release --example optimizers [-- --report FILE.html]`

mod lab;
#[path = "../activations/sheet.rs"]
mod sheet;
mod surface;
mod ways;

use plot::Figure;
use std::error::Error;
use ways::{Comparison, THRESHOLD};

fn main() -> Result<(), Box<dyn Error>> {
    let both = ways::run()?;
    both.iter().for_each(print);
    let [bowl, valley] = &both;
    let saved = Figure::new("Three optimisers on two surfaces")
        .size(1300, 1000)
        .columns(2)
        .panel(bowl.plane())
        .panel(valley.plane())
        .panel(bowl.fall())
        .panel(valley.fall())
        .save("optimizers")?;
    println!();
    println!("Figure: {saved}");
    sheet::write_if_asked("optimizers", || lab::section(&both))
}

fn print(comparison: &Comparison) {
    let Comparison { surface, start, steps, ways } = comparison;
    println!();
    println!("{} from ({}, {}), {steps} steps", surface.formula, start[0], start[1]);
    println!("  {:<10}{:>9}  {:>24}{:>12}  below {THRESHOLD:e} since step", "", "rate", "ends at", "value");
    for way in ways {
        let [end, value, settled] = way.end();
        println!("  {:<10}{:>9}  {end:>24}{value:>12}  {settled}", way.name, way.rate);
    }
}
