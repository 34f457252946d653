//! Two figures: the training curves with the confusion matrix, and the pictures that were read wrong.

use crate::report::Reading;
use crate::samples::{DIGITS, SIDE, Samples};
use crate::training::{Epoch, Training};
use plot::{Figure, Panel, PlotError, Saved};

/// Columns of the figure of mistakes.
const COLUMNS: usize = 5;
/// The most rows of the figure of mistakes.
const ROWS: usize = 2;

/// Draws and writes the figures.
pub(crate) fn draw(
    training: &Training,
    held_out: &Samples,
    reading: &Reading,
) -> Result<Vec<Saved>, PlotError> {
    let mut saved = vec![
        Figure::new("Handwritten digits, 64 pixels to 64 hidden units to 10 digits")
            .size(1500, 520)
            .panel(loss(training))
            .panel(accuracy(training))
            .panel(confusion(reading))
            .save("digits")?,
    ];
    if !reading.mistakes.is_empty() {
        saved.push(mistakes(held_out, reading).save("digits_mistakes")?);
    }
    Ok(saved)
}

fn loss(training: &Training) -> Panel<'static> {
    Panel::new("Loss")
        .x_label("epoch")
        .y_label("mean cross-entropy (nats)")
        .log_y()
        .line("learnt from", &curve(training, |epoch| epoch.train.loss))
        .dashed("held out", &curve(training, |epoch| epoch.held_out.loss))
}

/// From 90 % up: the first epochs are far below, and what happens later would be a flat line beside them.
fn accuracy(training: &Training) -> Panel<'static> {
    Panel::new("Pictures read right")
        .x_label("epoch")
        .y_label("share (%)")
        .y_range(90.0..100.3)
        .line("learnt from", &curve(training, |epoch| 100.0 * epoch.train.accuracy))
        .dashed("held out", &curve(training, |epoch| 100.0 * epoch.held_out.accuracy))
}

fn curve(training: &Training, value: impl Fn(&Epoch) -> f64) -> Vec<(f64, f64)> {
    training.epochs.iter().enumerate().map(|(number, epoch)| (number as f64, value(epoch))).collect()
}

fn confusion(reading: &Reading) -> Panel<'static> {
    let title = format!("The {} held-out pictures", reading.pictures());
    let digits: Vec<usize> = (0..DIGITS).collect();
    Panel::new(title).x_label("read as").y_label("digit").matrix(&reading.confusion, &digits, &digits)
}

/// Dark ink on light paper, as they were written; in the title the digit, what it was read as, and how probable that was.
fn mistakes(held_out: &Samples, reading: &Reading) -> Figure<'static> {
    let (all, pictures) = (reading.mistakes.len(), reading.pictures());
    let shown = all.min(COLUMNS * ROWS);
    let which = if shown == all { format!("All {all}") } else { format!("{shown} of {all}") };
    let title = format!("{which} mistakes on {pictures} held-out pictures, the most certain first");
    let height = 60 + 250 * shown.div_ceil(COLUMNS);
    let figure = Figure::new(title).size(220 * COLUMNS as u32, height as u32).columns(COLUMNS);
    reading.mistakes.iter().take(shown).fold(figure, |figure, m| {
        let pixels: Vec<f64> = held_out.x.row(m.sample).iter().map(|&ink| 1.0 - f64::from(ink)).collect();
        let title = format!("{} read as {} ({:.0} %)", m.digit, m.read_as, 100.0 * m.certainty);
        figure.panel(Panel::new(title).image(SIDE, SIDE, &pixels))
    })
}
