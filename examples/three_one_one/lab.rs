//! The section of a report: both trainings, and the network as written node by node.

use super::pictures::{activation, gradients, loss, parameters};
use super::sheet;
use super::training::{EPOCHS, LEARNING_RATE, Run, SEED, Trained, X, Y};
use report::{Picture, Section, Slide, Slides, Table};
use std::error::Error;
use wengert::autograd::Step;
use wengert::prelude::*;

/// The 3-1-1 network.
pub(crate) fn section(written: &Trained, layered: &Trained) -> Result<Section, Box<dyn Error>> {
    Ok(Section::new("The 3-1-1 network")
        .text(format!(
            "One sample, x = {X:?} with the target {Y}, {EPOCHS} epochs of gradient descent at rate {LEARNING_RATE} on \
             L = ½·(A − Y)², weights by Xavier from seed {SEED}. As written, the hidden neuron is the output: A = σ(W·X + b). \
             The second network has the output layer that the paper lists: A₁ = σ(W₁·X + b₁), A₂ = σ(W₂·A₁ + b₂)."
        ))
        .section(curves("as written", &written.run)?)
        .section(curves("with the output layer", &layered.run)?)
        .section(Section::new("Side by side").table(side_by_side(&written.run, &layered.run)))
        .section(derivation(written, layered))
        .section(tape(written))
        .section(steps(written)))
}

/// What a training did, epoch by epoch.
fn curves(name: &str, run: &Run) -> Result<Section, Box<dyn Error>> {
    let ends = |values: &[f64]| format!("from {:.4} to {:.4}", values[0], values[EPOCHS]);
    let picture = |panel, caption: &str, values: &[f64]| {
        sheet::picture(panel, caption, format!("{caption}, {name}: {}", ends(values)))
    };
    let named = run.parameters.iter().map(|(name, values)| format!("{name} {}", ends(values)));
    let all = format!("Weights and biases, {name}: {}", named.collect::<Vec<_>>().join(", "));
    Ok(Section::new(format!("Training {name}")).pictures([
        picture(loss(name, run), "Loss", &run.losses)?,
        picture(gradients(name, run), "Length of the gradient of the hidden weights", &run.gradients)?,
        picture(activation(name, run), "Activation and target", &run.activations)?,
        sheet::picture(parameters(name, run), "Weights and biases", all)?,
    ]))
}

fn side_by_side(written: &Run, layered: &Run) -> Table {
    let columns = ["network", "A, start", "A, end", "L, end", "‖∂L/∂W₁‖, start", "W₁ moved by"];
    let table = Table::new("Both networks after the same training", columns);
    [("as written", written), ("with the output layer", layered)].into_iter().fold(
        table,
        |table, (name, run)| {
            let numbers = [
                format!("{:.4}", run.activations[0]),
                format!("{:.4}", run.activations[EPOCHS]),
                format!("{:.6}", run.losses[EPOCHS]),
                format!("{:.6}", run.gradients[0]),
                format!("{:.4}", run.hidden_weights_moved()),
            ];
            table.row([name.to_owned()].into_iter().chain(numbers))
        },
    )
}

/// The gradients of both networks, derived from what the tape executed.
fn derivation(written: &Trained, layered: &Trained) -> Section {
    let page = |trained: &Trained| on_tape(trained, |_, loss| loss.derivation_of_all().mathml());
    Section::new("The derivation")
        .text("How the loss changes with each parameter, in symbols and in the numbers of the tape, before the first step.")
        .section(Section::new("As written").fragment(page(written)))
        .section(Section::new("With the output layer").fragment(page(layered)))
}

/// The loss of the sample, on a tape of its own.
fn on_tape<R>(trained: &Trained, look: impl FnOnce(&Tape<'_>, Var<'_>) -> R) -> R {
    let tape = Tape::with(&trained.start);
    let (x, y) = (tape.constant([X]).named("X"), tape.constant([[Y]]).named("Y"));
    let loss = trained.net.loss(x, y);
    look(&tape, loss)
}

/// The tape of the network as written, before its first step.
fn tape(trained: &Trained) -> Section {
    let caption = "The network as written: each node with its value and the gradient of the loss";
    let (svg, list) = on_tape(trained, |tape, loss| {
        (tape.drawing().with_gradients(loss).svg(), tape.listing().to_string())
    });
    let picture = Picture::new(svg, caption)
        .described(format!("{caption}. The list below has the same nodes in order."));
    Section::new("The tape with values and gradients").picture(picture.wide()).code(list)
}

/// The computation and its gradients, one node at a time.
fn steps(trained: &Trained) -> Section {
    let slides = on_tape(trained, |tape, loss| {
        let slide = |step: &Step| {
            let name = format!("{}, {}", step.phase, step.equation);
            let picture =
                Picture::new(tape.drawing().at_step(step).svg(), format!("The graph at the step: {name}"));
            Slide::new(name).lines(step.to_string()).picture(picture.wide())
        };
        loss.steps().iter().map(slide).collect()
    });
    Section::new("Step by step")
        .text(
            "First the values, from the leaves to the loss, then the gradients, from the loss to the leaves.",
        )
        .slides(Slides::new("The network as written, one node at a time", slides))
}
