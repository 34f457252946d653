//! The section of a report: the line in the plane before, during and after training, on both sets of data.

use super::evidence::{Bound, Triangle};
use super::pictures::{errors, overlap, plane};
use super::sheet;
use super::training::{LEARNING_RATE, Training, score};
use report::{Picture, Section, Slide, Slides};
use std::error::Error;
use wengert::prelude::*;

/// The perceptron on both sets.
pub(crate) fn section(
    separable: &Training,
    overlapping: &Training,
    bound: &Bound,
    triangle: &Triangle,
) -> Result<Section, Box<dyn Error>> {
    let (first, second) = (separable.errors.first().unwrap_or(&0), overlapping.errors.len());
    let least = overlapping.errors.iter().min().unwrap_or(&0);
    Ok(Section::new("The perceptron")
        .text(format!(
            "Rosenblatt's rule, sample by sample, is gradient descent on L = (step(z) − y)·z with step(z) held constant, z = w·x + b. \
             It starts from zero weights; the rate of {LEARNING_RATE} only scales them."
        ))
        .section(
            Section::new("Data that a line separates: make_classification, 100 samples, random_state 42")
                .slides(passes("The regions before, during and after training", separable, &[1, 2, separable.errors.len()])?)
                .picture(sheet::picture(
                    errors("Errors per pass", separable).y_range(-0.2..7.0),
                    "The errors of each pass, each counted before its step",
                    format!("Errors per pass: {first} in the first, none after it"),
                )?)
                .note(bound.words().join(" ")),
        )
        .section(
            Section::new("Data that no line separates: class_sep 0.5, flip_y 0.2, random_state 7")
                .slides(passes("The regions before, during and after training", overlapping, &[1, 2, 5, 20, second])?)
                .pictures([
                    sheet::picture(
                        overlap(overlapping, triangle),
                        "The last 21 lines, and a triangle of one class around a sample of the other",
                        "The plane with both classes mixed; the lines of the last passes lie in different directions",
                    )?,
                    sheet::picture(
                        errors("Errors per pass", overlapping).y_range(0.0..40.0),
                        "The errors of each pass never end",
                        format!("Errors per pass over {second} passes: never fewer than {least}"),
                    )?,
                ])
                .note(triangle.words().join(" ")),
        )
        .section(tape(overlapping)?))
}

/// A slide before the training, and one after each of some passes.
fn passes(caption: &str, training: &Training, passes: &[usize]) -> Result<Slides, Box<dyn Error>> {
    let mut slides = Vec::with_capacity(passes.len() + 1);
    for &pass in [0].iter().chain(passes) {
        let line = if pass == 0 { [0.0; 3] } else { training.lines[pass - 1] };
        let name = match pass {
            0 => "Before training".to_owned(),
            1 => "After 1 pass".to_owned(),
            _ => format!("After {pass} passes"),
        };
        let [w1, w2, b] = line;
        let text = format!("w = [{w1:.4}, {w2:.4}], b = {b:.4}");
        let picture = sheet::picture(
            plane(&name, training, line),
            name.clone(),
            format!("{name}, the plane with both classes; {text}"),
        )?;
        slides.push(Slide::new(name).text(text).picture(picture));
    }
    Ok(Slides::new(caption, slides))
}

/// The tape of a step: that of the first sample that the line at the end leaves on its wrong side.
fn tape(training: &Training) -> Result<Section, Box<dyn Error>> {
    let data = &training.data;
    let line = training.last_line();
    let wrong = |&i: &usize| (score(line, data.x[[i, 0]], data.x[[i, 1]]) >= 0.0) != (data.y[i] == 1);
    let i = (0..data.len()).find(wrong).ok_or("no line separates these data")?;
    let tape = Tape::with(&training.params);
    let x = tape.constant([[data.x[[i, 0]], data.x[[i, 1]]]]);
    let loss = training.model.loss(x, tape.constant([data.y[i] as f64]));
    let caption = format!(
        "The next step on sample {i}, which is on its wrong side: each node with its value and its gradient"
    );
    let picture = Picture::new(tape.drawing().with_gradients(loss).svg(), caption);
    Ok(Section::new("The tape with values and gradients").picture(picture.wide()))
}
