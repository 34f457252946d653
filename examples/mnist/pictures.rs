//! Two figures: the curves with the confusion matrix, and the mistakes.

use crate::report::Reading;
use crate::samples::{DIGITS, Samples};
use crate::training::{Epoch, Trial};
use plot::{Figure, Panel, PlotError, Saved};

/// Rows and columns of the figure of mistakes.
const SHEET: [usize; 2] = [3, 6];

/// Draws and writes the figures.
pub(crate) fn draw(trial: &Trial, held_out: &Samples, reading: &Reading) -> Result<Vec<Saved>, PlotError> {
    let curve = |value: fn(&Epoch) -> f64| -> Vec<(f64, f64)> {
        (1u32..).zip(&trial.epochs).map(|(number, epoch)| (f64::from(number), value(epoch))).collect()
    };
    let loss = Panel::new("Loss")
        .x_label("epoch")
        .y_label("mean cross-entropy (nats)")
        .log_y()
        .line("while learning, with dropout", &curve(|epoch| epoch.learnt))
        .dashed("held out", &curve(|epoch| epoch.held_out));
    // From 90 % up: what happens later would be a flat line beside the first epochs.
    let accuracy = Panel::new("Held-out pictures read right")
        .x_label("epoch")
        .y_label("share (%)")
        .y_range(90.0..100.3)
        .line("", &curve(|epoch| 100.0 * epoch.accuracy));
    let digits: Vec<usize> = (0..DIGITS).collect();
    let confusion = Panel::new(format!("The {} held-out pictures", held_out.len()))
        .x_label("read as")
        .y_label("digit")
        .matrix(&reading.confusion, &digits, &digits);
    let figure = Figure::new("A convolutional network reads digits").size(1500, 520);
    let mut saved = vec![figure.panel(loss).panel(accuracy).panel(confusion).save("mnist")?];
    if !reading.mistakes.is_empty() {
        saved.push(mistakes(held_out, reading).save("mnist_mistakes")?);
    }
    Ok(saved)
}

/// Dark ink on light paper; in the title the digit, what it was read as, and how probable that was.
fn mistakes(held_out: &Samples, reading: &Reading) -> Figure<'static> {
    let ([rows, columns], all, side) = (SHEET, reading.mistakes.len(), held_out.side());
    let shown = all.min(rows * columns);
    let which = if shown == all { format!("All {all}") } else { format!("{shown} of {all}") };
    let title = format!("{which} mistakes on {} held-out pictures, the most certain first", held_out.len());
    let height = 60 + 220 * shown.div_ceil(columns);
    let figure = Figure::new(title).size(190 * columns as u32, height as u32).columns(columns);
    reading.mistakes.iter().take(shown).fold(figure, |figure, m| {
        let pixels: Vec<f64> = held_out
            .x
            .index_axis(ndarray::Axis(0), m.sample)
            .map(|&ink| 1.0 - f64::from(ink))
            .into_iter()
            .collect();
        let title = format!("{} as {} ({:.0} %)", m.digit, m.read_as, 100.0 * m.certainty);
        figure.panel(Panel::new(title).image(side, side, &pixels))
    })
}
