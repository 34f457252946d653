//! One figure: the losses, and what two heads attend to.

use crate::Look;
use crate::model::{BLOCKS, CONTEXT, Memory, Model};
use crate::text::Text;
use plot::{Figure, Panel, PlotError, Saved};
use wengert::prelude::*;

/// Characters of the maps.
const SHOWN: usize = 48;

/// Draws and writes the figure.
pub(crate) fn draw(
    model: &Model,
    params: &Params,
    text: &Text,
    learnt: usize,
    looks: &[Look],
    trigram: f64,
) -> Result<Saved, PlotError> {
    let curve = |value: usize| looks.iter().map(|look| (look[0], look[value])).collect::<Vec<_>>();
    let line: Vec<(f64, f64)> = looks.iter().map(|look| (look[0], trigram)).collect();
    let losses = Panel::new("Loss")
        .x_label("step")
        .y_label("nats a character")
        .line("while learning, with dropout", &curve(1))
        .line("held out", &curve(2))
        .dashed("trigram model, held out", &line);

    let tape = Tape::with(params);
    let window = &text.numbers[learnt..learnt + SHOWN.min(CONTEXT)];
    let (_, weights) = model.next(tape.constant(window), &mut Memory::default());
    let shown = text.write(window).replace('\n', "¶");
    let map = |block: usize, head: usize| {
        let weights = weights[block].index(0, head as isize).to_vec::<f32>();
        // Dark is much, and the root shows little as well.
        let pixels: Vec<f64> = weights.iter().map(|&w| 1.0 - f64::from(w).sqrt()).collect();
        Panel::new(format!("Block {block}, head {head}: {shown}"))
            .x_label("attends to")
            .y_label("character")
            .image(window.len(), window.len(), &pixels)
    };
    let figure = Figure::new("A transformer reads sonnets").size(1700, 560).columns(3);
    figure.panel(losses).panel(map(0, 0)).panel(map(BLOCKS - 1, 0)).save("char_transformer")
}
