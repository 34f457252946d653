//! Six activation functions with their first and second derivatives.
//!
//! The notebook draws the functions; here the tape adds their derivatives. The first derivative is the gradient of the sum of f
//! over all points, because each point affects only its own term. The second derivative is the gradient of the first.
//!
//! `cargo run --release --example activations`

use plot::{Figure, Panel};
use std::error::Error;
use wengert::prelude::*;

const FUNCTIONS: [(&str, Activation); 6] = [
    ("Sigmoid", Activation::Sigmoid),
    ("Tanh", Activation::Tanh),
    ("ReLU", Activation::Relu),
    ("Leaky ReLU (0.01)", Activation::LeakyRelu(0.01)),
    ("ELU", Activation::Elu(1.0)),
    ("Swish", Activation::Swish),
];

/// The points that the table shows.
const TABLE: [f64; 5] = [-5.0, -1.0, 0.0, 1.0, 5.0];

fn main() -> Result<(), Box<dyn Error>> {
    let grid: Vec<f64> = (-250..=250).map(|i| f64::from(i) / 50.0).collect();
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
        figure = figure.panel(panel(name, &grid, derivatives(function, &grid)));
    }
    println!();
    println!("At a kink, where there is no derivative, the tape takes the one from the left.");
    println!("Figure: {}", figure.save("activations")?);
    Ok(())
}

/// f, f′ and f″ at some points.
fn derivatives(function: Activation, at: &[f64]) -> [Vec<f64>; 3] {
    let tape = Tape::new();
    let x = tape.var(at);
    let f = function.apply(x);
    let [first] = f.sum().grad([x]);
    let [second] = first.sum().grad([x]);
    [f, first, second].map(|v| v.to_vec())
}

fn panel(name: &str, grid: &[f64], values: [Vec<f64>; 3]) -> Panel<'static> {
    let [f, first, second] = values.map(|values| curve(grid, &values));
    Panel::new(name).x_label("x").y_label("value").line("f", &f).dashed("f′", &first).dashed("f″", &second)
}

/// The points of a curve, with a gap where it jumps.
fn curve(grid: &[f64], values: &[f64]) -> Vec<(f64, f64)> {
    let mut points: Vec<(f64, f64)> = Vec::with_capacity(grid.len());
    for (&x, &y) in grid.iter().zip(values) {
        if points.last().is_some_and(|&(_, before)| (y - before).abs() > 0.5) {
            points.push((x, f64::NAN));
        }
        points.push((x, y));
    }
    points
}
