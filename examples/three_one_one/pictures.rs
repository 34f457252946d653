//! Six panels: a column for each network, a row each for loss, parameters and activation on the same scale.

use super::training::{Run, Y};
use plot::{Figure, Panel, PlotError, Saved};

/// Draws and writes the figure.
pub(crate) fn draw(written: &Run, layered: &Run) -> Result<Saved, PlotError> {
    let mut figure = Figure::new("The 3-1-1 network on one sample: as written, and with its output layer");
    figure = figure.size(1300, 1250).columns(2);
    for draw in [loss, parameters, activation] {
        figure = figure.panel(draw("as written", written)).panel(draw("with the output layer", layered));
    }
    figure.save("three_one_one")
}

/// The loss in each epoch.
pub(crate) fn loss<'a>(name: &str, run: &Run) -> Panel<'a> {
    axes("Loss", name, "L = ½·(A − Y)²").y_range(0.0..0.4).line("", &over_epochs(&run.losses))
}

/// Each weight and bias in each epoch.
pub(crate) fn parameters<'a>(name: &str, run: &Run) -> Panel<'a> {
    let panel = axes("Weights and biases", name, "value").y_range(-1.0..1.5);
    run.parameters.iter().fold(panel, |panel, (name, values)| panel.line(name, &over_epochs(values)))
}

/// The output in each epoch, and the target.
pub(crate) fn activation<'a>(name: &str, run: &Run) -> Panel<'a> {
    let target = vec![Y; run.activations.len()];
    axes("Activation and target", name, "A")
        .y_range(0.0..1.05)
        .line("activation A", &over_epochs(&run.activations))
        .dashed("target Y", &over_epochs(&target))
}

/// The length of the gradient of the hidden weights in each epoch.
pub(crate) fn gradients<'a>(name: &str, run: &Run) -> Panel<'a> {
    axes("Length of the gradient", name, "Euclidean length of ∂L/∂W").line("", &over_epochs(&run.gradients))
}

fn axes<'a>(what: &str, name: &str, y: &str) -> Panel<'a> {
    Panel::new(format!("{what}, {name}")).x_label("epoch").y_label(y)
}

fn over_epochs(values: &[f64]) -> Vec<(f64, f64)> {
    values.iter().enumerate().map(|(epoch, &value)| (epoch as f64, value)).collect()
}
