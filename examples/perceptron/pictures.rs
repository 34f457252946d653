//! Both trainings in one figure: the plane with its classes, and the errors of each pass.

use super::evidence::Triangle;
use super::training::{Training, score};
use plot::{Figure, Panel, PlotError, Saved};

/// Draws and writes the figure.
pub(crate) fn draw(
    separable: &Training,
    overlapping: &Training,
    triangle: &Triangle,
) -> Result<Saved, PlotError> {
    Figure::new("The perceptron on data that a line separates, and on data that no line does")
        .size(1200, 1000)
        .columns(2)
        .panel(plane("The notebook's data: separable", separable, separable.last_line()))
        .panel(errors("Errors per pass: none after the first", separable).y_range(-0.2..7.0))
        .panel(overlap(overlapping, triangle))
        .panel(errors("Errors per pass: it never settles", overlapping).y_range(0.0..40.0))
        .save("perceptron")
}

/// The classes that overlap, with the last lines and the proof that none of them separates.
pub(crate) fn overlap<'a>(overlapping: &Training, triangle: &Triangle) -> Panel<'a> {
    let [a, b, c] = triangle.corners.map(|[x1, x2]| (x1, x2));
    let (inside, outside) = (triangle.class, 1 - triangle.class);
    let title = "Overlapping classes: the last line and, grey, the 20 before";
    let mut overlap = plane(title, overlapping, overlapping.last_line())
        .y_range(-2.0..3.4)
        .line(format!("three of class {outside} …"), &[a, b, c, a])
        .points(format!("… around one of class {inside}"), &[(triangle.inside[0], triangle.inside[1])]);
    for &line in overlapping.lines.iter().rev().skip(1).take(20) {
        overlap = overlap.contours(move |x1, x2| score(line, x1, x2), &[0.0]);
    }
    overlap
}

/// The samples by class on the regions of a perceptron, and the line between these.
pub(crate) fn plane<'a>(title: &str, training: &Training, line: [f64; 3]) -> Panel<'a> {
    let class = |label: i64| -> Vec<(f64, f64)> {
        let samples = training.data.x.outer_iter().zip(&training.data.y);
        samples.filter(|&(_, &y)| y == label).map(|(x, _)| (x[0], x[1])).collect()
    };
    let region = move |x1, x2| if score(line, x1, x2) >= 0.0 { 1.0 } else { 0.0 };
    Panel::new(title)
        .x_label("feature 1")
        .y_label("feature 2")
        .points("class 0", &class(0))
        .points("class 1", &class(1))
        .regions(region)
        .boundary(move |x1, x2| score(line, x1, x2), 0.0)
}

/// Errors against passes, counted from 1.
pub(crate) fn errors<'a>(title: &str, training: &Training) -> Panel<'a> {
    let per_pass: Vec<(f64, f64)> = training
        .errors
        .iter()
        .enumerate()
        .map(|(pass, &errors)| (pass as f64 + 1.0, errors as f64))
        .collect();
    Panel::new(title).x_label("pass").y_label("errors of 100 samples").line("", &per_pass)
}
