//! Proofs about a data set: that a line separates it, with a bound on the errors until one is found; or that no line does.

use super::training::{Training, score};
use std::error::Error;
use wengert::prelude::*;

/// Novikoff's bound on the number of errors, with the line found as the witness that data are separable.
///
/// If some (w*, b*) of length 1 has ỹ·(w*·x + b*) ≥ γ > 0 for every sample, ỹ = ±1, and R is the largest length of
/// (x, 1), the rule errs at most (R/γ)² times, in whatever order the samples come. Source: Novikoff 1962.
pub(crate) struct Bound {
    radius: f64,
    margin: f64,
    errors: usize,
}

impl Bound {
    /// The bound by the line that the training ended with.
    pub(crate) fn of(training: &Training) -> Result<Bound, Box<dyn Error>> {
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
        Ok(Bound { radius, margin, errors: training.errors.iter().sum() })
    }

    /// What the theorem says.
    pub(crate) fn words(&self) -> [String; 2] {
        let Bound { radius, margin, errors } = self;
        let bound = (radius / margin).powi(2);
        [
            format!(
                "A line separates these data, so the rule must come to rest (Novikoff 1962): with R = {radius:.2} and the"
            ),
            format!(
                "margin γ = {margin:.4} of the line found it errs at most (R/γ)² = {bound:.0} times; it erred {errors} times."
            ),
        ]
    }
}

/// A sample and three of the other class around it.
pub(crate) struct Triangle {
    /// The sample.
    pub(crate) inside: [f64; 2],
    /// Its class.
    pub(crate) class: i64,
    /// The three others.
    pub(crate) corners: [[f64; 2]; 3],
    /// The numbers of all four, the inner one first.
    samples: [usize; 4],
}

impl Triangle {
    /// Finds the proof that no line separates the classes.
    ///
    /// A half-plane that holds three points holds their triangle: a sample of the other class within it is on their side
    /// of every line.
    pub(crate) fn of(training: &Training) -> Result<Triangle, Box<dyn Error>> {
        let data = &training.data;
        let (inside, corners) = surrounded(data).ok_or("no triangle shows that the classes overlap")?;
        let point = |i: usize| [data.x[[i, 0]], data.x[[i, 1]]];
        let [a, b, c] = corners;
        let samples = [inside, a, b, c];
        Ok(Triangle { inside: point(inside), class: data.y[inside], corners: corners.map(point), samples })
    }

    /// What it proves.
    pub(crate) fn words(&self) -> [String; 4] {
        let ([inside, a, b, c], label) = (self.samples, self.class);
        let other = 1 - label;
        [
            format!(
                "No line separates these data: sample {inside} of class {label} lies within the triangle of samples {a}, {b} and"
            ),
            format!("{c} of class {other}, so every line has one of the four on its wrong side. The convergence theorem"),
            "(Novikoff 1962) needs separable data. Here every pass meets an error, every error moves the line, and the".into(),
            "rule never settles.".into(),
        ]
    }
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
