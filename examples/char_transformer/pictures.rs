//! One figure: the losses, and what two heads attend to.

use crate::Look;
use crate::model::{BLOCKS, CONTEXT, Memory, Model};
use crate::text::Text;
use plot::{Figure, Panel, PlotError, Saved};
use wengert::prelude::*;

/// Characters of the maps.
const SHOWN: usize = 20;

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
    let visible = |c| match c {
        '\n' => '¶',
        ' ' => '·',
        c => c,
    };
    let names: Vec<char> = text.write(window).chars().map(visible).collect();
    let map = |block: usize, head: usize| {
        let weights = weights[block].index(0, head as isize).to_vec::<f32>();
        let percent: Vec<usize> = weights.iter().map(|&w| (100.0 * w).round() as usize).collect();
        let rows: Vec<&[usize]> = percent.chunks(window.len()).collect();
        Panel::new(format!("What head {head} of block {block} attends to (%)"))
            .x_label("a character before it, or itself")
            .y_label("a character")
            .matrix(&rows, &names, &names)
    };
    let figure = Figure::new("A transformer reads sonnets").size(2000, 640).columns(3);
    figure.panel(losses).panel(map(0, 0)).panel(map(BLOCKS - 1, 0)).save("char_transformer")
}
