//! Proofs about a data set: that a line separates it, with a bound on the errors until one is found; or that no line does.

use crate::training::{Training, score};
use std::error::Error;
use wengert::prelude::*;

/// Prints Novikoff's bound on the number of errors, with the line found as the witness that data are separable.
///
/// If some (w*, b*) of length 1 has ỹ·(w*·x + b*) ≥ γ > 0 for every sample, ỹ = ±1, and R is the largest length of
/// (x, 1), the rule errs at most (R/γ)² times, in whatever order the samples come. Source: Novikoff 1962.
pub(crate) fn novikoff(training: &Training) -> Result<(), Box<dyn Error>> {
    let data = &training.data;
    let line = training.last_line();
    let [w1, w2, b] = line;
    let length = (w1 * w1 + w2 * w2 + b * b).sqrt();
    let (mut margin, mut radius) = (f64::INFINITY, 0.0);
    for (x, &label) in data.x.outer_iter().zip(&data.y) {
        let side = if label == 1 { 1.0 } else { -1.0 };
        margin = f64::min(margin, side * score(line, x[0], x[1]) / length);
        radius = f64::max(radius, (x[0] * x[0] + x[1] * x[1] + 1.0).sqrt());
    }
    if margin <= 0.0 {
        return Err("the line found leaves a sample on its wrong side".into());
    }
    let (errors, bound) = (training.errors.iter().sum::<usize>(), (radius / margin).powi(2));
    println!(
        "  A line separates these data, so the rule must come to rest (Novikoff 1962): with R = {radius:.2} and the"
    );
    println!(
        "  margin γ = {margin:.4} of the line found it errs at most (R/γ)² = {bound:.0} times; it erred {errors} times."
    );
    Ok(())
}

/// A sample and three of the other class around it.
pub(crate) struct Triangle {
    /// The sample.
    pub(crate) inside: [f64; 2],
    /// Its class.
    pub(crate) class: i64,
    /// The three others.
    pub(crate) corners: [[f64; 2]; 3],
}

/// Finds and prints the proof that no line separates the classes.
///
/// A half-plane that holds three points holds their triangle: a sample of the other class within it is on their side
/// of every line.
pub(crate) fn no_line_separates(training: &Training) -> Result<Triangle, Box<dyn Error>> {
    let (inside, corners) = surrounded(&training.data).ok_or("no triangle shows that the classes overlap")?;
    let label = training.data.y[inside];
    let [a, b, c] = corners;
    println!(
        "  No line separates these data: sample {inside} of class {label} lies within the triangle of samples {a}, {b} and"
    );
    println!(
        "  {c} of class {}, so every line has one of the four on its wrong side. The convergence theorem",
        1 - label
    );
    println!(
        "  (Novikoff 1962) needs separable data. Here every pass meets an error, every error moves the line, and the"
    );
    println!("  rule never settles.");
    let (first, second) = training.errors.split_at(training.errors.len() / 2);
    for (name, half) in [("first", first), ("second", second)] {
        let (least, most) = (half.iter().min().unwrap_or(&0), half.iter().max().unwrap_or(&0));
        let mean = half.iter().sum::<usize>() as f64 / half.len() as f64;
        println!("    {name:<6} {} passes: {least} to {most} errors, on average {mean:.1}", half.len());
    }
    let point = |i: usize| [training.data.x[[i, 0]], training.data.x[[i, 1]]];
    Ok(Triangle { inside: point(inside), class: label, corners: corners.map(point) })
}

/// The sample that is deepest within a triangle of the other class, by its smallest barycentric coordinate.
fn surrounded(data: &datasets::Dataset) -> Option<(usize, [usize; 3])> {
    let mut deepest = (0.0, None);
    for inside in 0..data.len() {
        let others: Vec<usize> = (0..data.len()).filter(|&i| data.y[i] != data.y[inside]).collect();
        for (i, &a) in others.iter().enumerate() {
            for (j, &b) in others.iter().enumerate().skip(i + 1) {
                for &c in &others[j + 1..] {
                    let depth = depth(data, inside, [a, b, c]);
                    if depth > deepest.0 {
                        deepest = (depth, Some((inside, [a, b, c])));
                    }
                }
            }
        }
    }
    deepest.1
}

/// The smallest barycentric coordinate of a sample in a triangle: positive within, 1/3 at the centre.
fn depth(data: &datasets::Dataset, inside: usize, corners: [usize; 3]) -> f64 {
    let at = |i: usize| (data.x[[i, 0]], data.x[[i, 1]]);
    let area =
        |p: (f64, f64), q: (f64, f64), r: (f64, f64)| (q.0 - p.0) * (r.1 - p.1) - (r.0 - p.0) * (q.1 - p.1);
    let (p, [a, b, c]) = (at(inside), corners.map(at));
    let whole = area(a, b, c);
    if whole == 0.0 {
        return 0.0;
    }
    [area(p, b, c), area(a, p, c), area(a, b, p)]
        .into_iter()
        .fold(1.0, |least, part| f64::min(least, part / whole))
}
