//! The functions, their derivatives, and their curves.

use plot::Panel;
use wengert::prelude::*;

pub(crate) const FUNCTIONS: [(&str, Activation); 6] = [
    ("Sigmoid", Activation::Sigmoid),
    ("Tanh", Activation::Tanh),
    ("ReLU", Activation::Relu),
    ("Leaky ReLU (0.01)", Activation::LeakyRelu(0.01)),
    ("ELU", Activation::Elu(1.0)),
    ("Swish", Activation::Swish),
];

/// The points that the table shows.
pub(crate) const TABLE: [f64; 5] = [-5.0, -1.0, 0.0, 1.0, 5.0];

/// f, f′ and f″ at some points.
pub(crate) fn derivatives(function: Activation, at: &[f64]) -> [Vec<f64>; 3] {
    let tape = Tape::new();
    let x = tape.var(at);
    let f = function.apply(x);
    let [first] = f.sum().grad([x]);
    let [second] = first.sum().grad([x]);
    [f, first, second].map(|v| v.to_vec())
}

/// The three curves of a function.
pub(crate) fn panel(name: &str, function: Activation) -> Panel<'static> {
    let grid: Vec<f64> = (-250..=250).map(|i| f64::from(i) / 50.0).collect();
    let [f, first, second] = derivatives(function, &grid).map(|values| curve(&grid, &values));
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
