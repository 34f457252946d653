//! The figure: the network before, during and after training; the notebook's network at its end and much later; the losses.

use super::learning::{LOOKS, Learning};
use super::notebook::{Notebook, PATIENT_EPOCHS};
use super::samples::Samples;
use super::training::{EPOCHS, Epoch, Training};
use plot::{Figure, Panel, PlotError, Saved};
use wengert::prelude::*;

/// Draws and writes the figure.
pub(crate) fn draw(notebook: &Notebook, learning: &Learning) -> Result<Saved, PlotError> {
    let mut figure =
        Figure::new("Two moons, one network: the notebook's start and steps against Xavier and Adam");
    figure = figure.size(1900, 900).columns(4);
    for (epoch, params) in LOOKS.into_iter().chain([EPOCHS]).zip(&learning.looks) {
        let name = format!("Xavier and Adam, epoch {epoch}");
        // One legend serves all planes; on the others it would hide the boundary.
        let classes = if epoch == 0 { ["class 0", "class 1"] } else { [""; 2] };
        figure = figure.panel(plane(&name, classes, &learning.samples, &learning.training, params));
    }
    for (epoch, training) in [(EPOCHS, &notebook.training), (PATIENT_EPOCHS, &notebook.patient)] {
        let name = format!("The notebook, epoch {epoch}");
        figure = figure.panel(plane(&name, [""; 2], &notebook.samples, training, &training.params));
    }
    figure.panel(errors(notebook, learning)).panel(gradients(notebook, learning)).save("mlp_moons")
}

/// The points on the output of the network.
pub(crate) fn plane<'a>(
    name: &str,
    classes: [&str; 2],
    samples: &Samples,
    training: &'a Training,
    params: &'a Params,
) -> Panel<'a> {
    let right = 100.0 * samples.accuracy(&training.net, params);
    Panel::new(format!("{name}: {right:.0} % right"))
        .x_label("x₁")
        .y_label("x₂")
        .points(classes[0], &samples.of_class(0.0))
        .points(classes[1], &samples.of_class(1.0))
        .regions_of(|points| training.outputs(params, points))
        .boundary_of(|points| training.outputs(params, points), 0.5)
}

/// Both losses in each epoch.
pub(crate) fn errors<'a>(notebook: &Notebook, learning: &Learning) -> Panel<'a> {
    let curve = |training: &Training| over_epochs(training, |epoch| epoch.error);
    Panel::new("Mean squared error")
        .x_label("epoch")
        .y_label("mean (o − y)²")
        .log_y()
        .line("the notebook", &curve(&notebook.training))
        .line("Xavier and Adam", &curve(&learning.training))
}

/// Lengths of gradients in each epoch.
pub(crate) fn gradients<'a>(notebook: &Notebook, learning: &Learning) -> Panel<'a> {
    let curve = |training: &Training, layer: usize| over_epochs(training, |epoch| epoch.gradients[layer]);
    Panel::new("Length of the gradient")
        .x_label("epoch")
        .y_label("Euclidean length of ∂L/∂W")
        .log_y()
        .y_range(5e-5..2e2)
        .line("notebook, layer 1", &curve(&notebook.training, 0))
        .line("Xavier, Adam, layer 1", &curve(&learning.training, 0))
        .dashed("notebook, layer 3", &curve(&notebook.training, 2))
        .dashed("Xavier, Adam, layer 3", &curve(&learning.training, 2))
}

fn over_epochs(training: &Training, value: impl Fn(&Epoch) -> f64) -> Vec<(f64, f64)> {
    training.epochs.iter().enumerate().map(|(epoch, seen)| (epoch as f64, value(seen))).collect()
}
