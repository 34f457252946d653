//! The section of a report: both trainings, what they give, and why.

use super::learning::{LOOKS, Learning};
use super::notebook::Notebook;
use super::pictures::{errors, gradients, plane};
use super::samples::Samples;
use super::sheet;
use super::training::{EPOCHS, SIZES, Training};
use report::{Picture, Section, Slide, Slides, Table};
use std::error::Error;
use wengert::prelude::*;

/// The two moons.
pub(crate) fn section(notebook: &Notebook, learning: &Learning) -> Result<Section, Box<dyn Error>> {
    Ok(Section::new("The two moons")
        .text(format!(
            "A network {SIZES:?} of sigmoids learns 200 points of make_moons (noise 0.1, random_state 42) from full batches, \
             with L = ½·mean (o − y)². The notebook starts from N(0, 0.1²), drawn as np.random.seed(0) does, and descends at \
             rate 0.01; the same network learns with Xavier weights and Adam at rate 0.05 (seed 1)."
        ))
        .section(regions(notebook, learning)?)
        .section(curves(notebook, learning)?)
        .section(ways(learning))
        .section(tape(&learning.samples, &learning.training, &learning.looks[0])))
}

/// Decision regions before, during and after training.
fn regions(notebook: &Notebook, learning: &Learning) -> Result<Section, Box<dyn Error>> {
    let mut slides = Vec::new();
    for (epoch, params) in LOOKS.into_iter().chain([EPOCHS]).zip(&learning.looks) {
        let name = format!("Epoch {epoch}");
        let picture = region(&name, &learning.samples, &learning.training, params)?;
        let error = learning.samples.error(&learning.training.net, params);
        slides.push(Slide::new(name).text(format!("mean (o − y)² = {error:.5}")).picture(picture));
    }
    let late = notebook.patient.epochs.len();
    let ends = [(EPOCHS, &notebook.training), (late, &notebook.patient)].map(|(epoch, training)| {
        region(&format!("The notebook, epoch {epoch}"), &notebook.samples, training, &training.params)
    });
    let [soon, late] = ends;
    Ok(Section::new("Decision regions before, during and after training")
        .slides(Slides::new("Xavier weights and Adam", slides))
        .pictures([soon?, late?])
        .note(
            "The notebook's network is flat for long: on its way back the gradient meets small weights and, in each sigmoid, \
             a slope of at most ¼.",
        ))
}

fn region(
    name: &str,
    samples: &Samples,
    training: &Training,
    params: &Params,
) -> Result<Picture, Box<dyn Error>> {
    let right = 100.0 * samples.accuracy(&training.net, params);
    let panel = plane(name, ["class 0", "class 1"], samples, training, params);
    Ok(sheet::picture(
        panel,
        format!("{name}: {right:.0} % of the points right"),
        format!(
            "{name}: the plane with the points of both moons, colored by the class that the network gives; {right:.0} % of the \
             points lie in the region of their class"
        ),
    )?)
}

/// Loss and gradients over the epochs.
fn curves(notebook: &Notebook, learning: &Learning) -> Result<Section, Box<dyn Error>> {
    let ends = |training: &Training| {
        let [first, last] =
            [training.epochs.first(), training.epochs.last()].map(|e| e.map_or(0.0, |e| e.error));
        format!("from {first:.4} to {last:.4}")
    };
    let (slow, fast) = (ends(&notebook.training), ends(&learning.training));
    Ok(Section::new("Loss and lengths of the gradients").pictures([
        sheet::picture(
            errors(notebook, learning),
            "The mean squared error in each epoch",
            format!("Error over 1,000 epochs: the notebook's goes {slow}, that of Xavier and Adam {fast}"),
        )?,
        sheet::picture(
            gradients(notebook, learning),
            "The length of ∂L/∂W of the first and of the last layer in each epoch",
            "The notebook's gradients stay near 1e-3; those of Xavier and Adam begin larger and fall as the error falls",
        )?,
    ]))
}

/// What each start and optimiser gives.
fn ways(learning: &Learning) -> Section {
    let columns = ["weights, optimiser", "training, worst seed", "held out, worst seed"];
    let table = learning.ways.iter().fold(
        Table::new("Share of the points that is right after 1,000 epochs", columns),
        |table, way| {
            let training = way.results.iter().fold(1.0, |worst, [training, _]| f64::min(worst, *training));
            let percent = |share: f64| format!("{:.1} %", 100.0 * share);
            table.row([way.name.to_owned(), percent(training), percent(way.worst())])
        },
    );
    Section::new("It takes both, the start and the optimiser").table(table)
}

/// The network's tape before its first step.
fn tape(samples: &Samples, training: &Training, start: &Params) -> Section {
    let tape = Tape::with(start);
    let loss = samples.loss(&training.net, &tape);
    let svg = tape.drawing().with_gradients(loss).svg();
    let picture = Picture::new(
        svg,
        "The computation of the loss on 200 points, each node with its values and its gradient",
    )
    .described(format!(
        "A graph from the inputs down to the loss, {} nodes, with a box for each of the three layers",
        tape.len()
    ));
    Section::new("The tape with values and gradients").picture(picture.wide())
}
