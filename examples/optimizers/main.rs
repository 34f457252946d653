//! The paths of three optimisers on two surfaces.
//!
//! First the notebook's: x² + y² from (3, 2), 50 steps at rate 0.1 for plain descent (SGD), classical momentum and
//! Adam. Then Rosenbrock's valley, which is narrow and curved, each optimiser at a rate that suits it. Gradients are
//! the tape's; the optimisers update points.
//!
//! `cargo run --release --example optimizers`

mod surface;

use plot::{Figure, Panel};
use std::error::Error;
use surface::{BOWL, Surface, VALLEY};
use wengert::prelude::*;

/// A point counts as arrived when the value is below this.
const THRESHOLD: f64 = 1e-3;

/// The points that an optimiser went through, from the start.
type Way = Vec<(f64, f64)>;

/// The learning rates of plain descent, momentum and Adam.
struct Rates {
    sgd: f64,
    momentum: f64,
    adam: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let rates = Rates { sgd: 0.1, momentum: 0.1, adam: 0.1 };
    let [bowl, bowl_values] = compare_on(&BOWL, [3.0, 2.0], 50, &rates)?;
    let rates = Rates { sgd: 1e-3, momentum: 1e-3, adam: 0.05 };
    let [valley, valley_values] = compare_on(&VALLEY, [-1.5, 2.0], 2000, &rates)?;

    let saved = Figure::new("Three optimisers on two surfaces")
        .size(1300, 1000)
        .columns(2)
        .panel(bowl.x_range(-3.4..3.4).equal_axes())
        .panel(valley.x_range(-2.0..2.0).y_range(-0.8..3.2))
        .panel(bowl_values)
        .panel(valley_values)
        .save("optimizers")?;
    println!();
    println!("Figure: {saved}");
    Ok(())
}

/// Runs the three optimisers from one start and prints the results. Returns the panels of their paths and of the values along
/// them.
fn compare_on(
    surface: &'static Surface,
    start: [f64; 2],
    steps: usize,
    rates: &Rates,
) -> Result<[Panel<'static>; 2], Box<dyn Error>> {
    println!();
    println!("{} from ({}, {}), {steps} steps", surface.formula, start[0], start[1]);
    println!("  {:<10}{:>9}  {:>24}{:>12}  below {THRESHOLD:e} since step", "", "rate", "ends at", "value");
    let momentum = Momentum::new(rates.momentum, 0.9)?;
    // The shortest path comes last, so that it is drawn over the others.
    let ways = [
        ("Adam", rates.adam, descend(surface, start, steps, Adam::new(rates.adam)?)?),
        ("Momentum", rates.momentum, descend(surface, start, steps, momentum)?),
        ("SGD", rates.sgd, descend(surface, start, steps, Sgd::new(rates.sgd)?)?),
    ];
    let mut plane = Panel::new(format!("{}, {steps} steps", surface.formula)).x_label("x").y_label("y");
    plane = plane.contours_of(|points| surface.values(points), surface.levels);
    let mut fall = Panel::new("Value after each step").x_label("step").y_label(surface.formula).log_y();
    fall = fall.y_span("arrived", 0.0..THRESHOLD);
    for (name, rate, way) in ways {
        let values = surface.values(&way);
        report(name, rate, &way, &values);
        plane = plane.path(format!("{name}, rate {rate}"), &way);
        let values: Vec<_> = values.into_iter().enumerate().map(|(step, v)| (step as f64, v)).collect();
        fall = fall.line(name, &values);
    }
    Ok([plane, fall])
}

fn descend(
    surface: &Surface,
    mut point: [f64; 2],
    steps: usize,
    mut optimizer: impl Optimizer,
) -> Result<Way, optim::StepError> {
    let mut tape = Tape::new();
    let mut way = vec![(point[0], point[1])];
    for _ in 0..steps {
        let gradient = surface.gradient(&mut tape, point);
        optimizer.step_point(&mut point, &gradient)?;
        way.push((point[0], point[1]));
    }
    Ok(way)
}

fn report(name: &str, rate: f64, way: &Way, values: &[f64]) {
    // The step after the last one above the limit, because some paths pass below it and leave again.
    let settled = values.iter().rposition(|&v| v >= THRESHOLD).map_or(0, |step| step + 1);
    let settled = if settled < values.len() { settled.to_string() } else { "not reached".to_owned() };
    if let (Some((x, y)), Some(value)) = (way.last(), values.last()) {
        let end = format!("({x:.6}, {y:.6})");
        println!("  {name:<10}{rate:>9}  {end:>24}{value:>12.2e}  {settled}");
    }
}
