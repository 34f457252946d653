//! Two parts of the notebook's code that differ from its mathematics, measured.

use crate::manual::adam::{NotebookAdam, Settings, TextbookAdam};
use crate::manual::mlp::Mlp as ManualMlp;
use crate::models::mlp::{LEARNING_RATE, NotebookMlp};
use crate::report::{heading, short};
use crate::training::EPOCHS;
use std::error::Error;
use wengert::prelude::*;

/// Finding 1: the notebook's `backward` updates weights that it still needs.
pub(crate) fn updated_too_early(mlp: &NotebookMlp) {
    heading("Finding 1: the notebook's MLP updates a layer's weights before it sends the error through them");
    println!(
        "  Its loop multiplies the error by the new Wᵀ, where the chain rule has the W of the forward pass, so the"
    );
    println!("  layers below are moved by something that is not the gradient of the loss; the tape's is.");
    println!();
    println!(
        "  first layer's ∂L/∂W: the error of the notebook's, max|notebook − exact| / max|exact|; and where it ends,"
    );
    println!(
        "  mean (o − y)² after {EPOCHS} steps, exact being the same loop with all updates after the last gradient"
    );
    println!();
    println!(
        "   rate   error, 1st step   2nd step   largest (at step)   tape, 1st step   notebook ends   exact ends"
    );
    for rate in [LEARNING_RATE, 0.5, 1.0] {
        run(mlp, rate);
    }
    println!();
    println!(
        "  The error grows with the learning rate: harmless at 0.01, while at 1, where descent along the gradient"
    );
    println!("  still finds its way, the notebook's loop does not.");
}

/// Trains both loops at one rate and prints their line.
fn run(mlp: &NotebookMlp, rate: f64) {
    let (mut notebook, mut corrected) = (mlp.by_hand(), mlp.by_hand());
    let first_exact = corrected.exact_gradients(&corrected.forward(&mlp.x), &mlp.y).swap_remove(0).dw;
    let grads = mlp.gradients();
    let tape = grads.get::<f64>(mlp.first_weight()).expect("the loss depends on the first layer");
    let tape = compare(tape, &first_exact).max_difference;

    let mut errors = Vec::with_capacity(EPOCHS);
    for _ in 0..EPOCHS {
        errors.push(notebook_step(&mut notebook, mlp, rate));
        let gradients = corrected.exact_gradients(&corrected.forward(&mlp.x), &mlp.y);
        corrected.descend(&gradients, rate);
    }
    // The errors of a run that has diverged are NaN and prove nothing.
    let finite = errors.iter().enumerate().filter(|(_, e)| e.is_finite());
    let (step, &largest) = finite.max_by(|a, b| a.1.total_cmp(b.1)).expect("the first step is finite");
    let [first, second, largest] = [errors[0], errors[1], largest].map(|e| format!("{:.1} %", 100.0 * e));
    let largest = format!("{largest} ({})", step + 1);
    let [notebook, exact] = [notebook, corrected].map(|net| end(&net, mlp));
    println!("  {rate:>5}{first:>18}{second:>11}{largest:>20}{tape:>17.1e}{notebook:>16}{exact:>13}");
}

/// One step of the notebook's loop; gives the error of the first layer's dW, relative to its largest entry.
fn notebook_step(net: &mut ManualMlp, mlp: &NotebookMlp, rate: f64) -> f64 {
    let pass = net.forward(&mlp.x);
    let exact = net.exact_gradients(&pass, &mlp.y);
    let literal = net.literal_step(&pass, &mlp.y, rate);
    compare(&literal[0].dw, &exact[0].dw).max_difference
}

/// The loss that the notebook prints, where a run ended.
fn end(net: &ManualMlp, mlp: &NotebookMlp) -> String {
    let loss = 2.0 * net.loss(&mlp.x, &mlp.y);
    if loss.is_finite() { format!("{loss:.8}") } else { "diverged".to_owned() }
}

const STEPS: usize = 50;
const ADAM_RATE: f64 = 0.1;
const ADAM_START: [f64; 2] = [3.0, 2.0];

/// Finding 2: the notebook's Adam counts calls where it should count steps.
pub(crate) fn one_counter_for_all() -> Result<(), Box<dyn Error>> {
    heading("Finding 2: the notebook's Adam counts a step per parameter");
    println!(
        "  Its t goes up with every call of update, so x is corrected with t = 1, 3, 5, … and y with t = 2, 4, 6, …,"
    );
    println!(
        "  though each has seen 1, 2, 3, … gradients; the engine counts per parameter, as the textbook does."
    );
    println!();
    println!("  minimising f(x, y) = x² + y² from (3, 2), learning rate {ADAM_RATE}, {STEPS} steps");
    let settings = Settings::with_rate(ADAM_RATE);
    let (mut notebook, mut textbook) = (NotebookAdam::new(settings, 2), TextbookAdam::new(settings, 2));
    let notebook = trajectory(|i, p| notebook.update(i, p, 2.0 * p));
    let textbook = trajectory(|i, p| textbook.update(i, p, 2.0 * p));
    let engine = engine_trajectory()?;

    println!();
    println!(
        "  {:<36}{:>10}{:>10}{:>15}{:>15}",
        "", "x, step 1", "y, step 1", "x at the end", "y at the end"
    );
    let runs = [
        ("the notebook", &notebook),
        ("the textbook", &textbook),
        ("the engine, gradients of the tape", &engine),
    ];
    for (name, path) in runs {
        let ([x1, y1], [x, y]) = (path[0], path[STEPS - 1]);
        println!("  {name:<36}{x1:>10.6}{y1:>10.6}{x:>15.9}{y:>15.9}");
    }
    println!();
    println!("  largest difference along the way");
    println!("    notebook from textbook   {:.6}", furthest(&notebook, &textbook));
    println!("    engine from textbook     {}", short(furthest(&engine, &textbook)));
    Ok(())
}

/// The points of a run that updates coordinate by coordinate.
fn trajectory(mut update: impl FnMut(usize, f64) -> f64) -> Vec<[f64; 2]> {
    let mut point = ADAM_START;
    let mut path = Vec::with_capacity(STEPS);
    for _ in 0..STEPS {
        point = [update(0, point[0]), update(1, point[1])];
        path.push(point);
    }
    path
}

/// The same run with the engine, x and y as two parameters.
fn engine_trajectory() -> Result<Vec<[f64; 2]>, Box<dyn Error>> {
    let mut params = Params::f64();
    let mut scope = params.scope("point");
    let [x, y] = [scope.param("x", [], ADAM_START[0]), scope.param("y", [], ADAM_START[1])];
    let mut adam = Adam::new(ADAM_RATE)?;
    let mut path = Vec::with_capacity(STEPS);
    for _ in 0..STEPS {
        let tape = Tape::with(&params);
        let grads = (tape.param(x).square() + tape.param(y).square()).backward();
        adam.step(&mut params, &grads)?;
        path.push([params.get(x)[0], params.get(y)[0]]);
    }
    Ok(path)
}

/// The largest difference of two runs in either coordinate.
fn furthest(a: &[[f64; 2]], b: &[[f64; 2]]) -> f64 {
    a.iter().flatten().zip(b.iter().flatten()).fold(0.0, |m, (a, b)| f64::max(m, (a - b).abs()))
}
