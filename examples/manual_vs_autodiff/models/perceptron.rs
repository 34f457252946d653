//! The notebook's perceptron.

use super::{flat, neurons};
use crate::manual;
use crate::manual::difference::central_difference;
use crate::report::{Report, Sources, heading, list, same_end};
use std::error::Error;
use wengert::prelude::*;

const LEARNING_RATE: f64 = 0.01;

/// The notebook's `n_iterations`.
const MOST_PASSES: usize = 1000;

/// Weights and bias for the comparison.
///
/// Not the zero start: there z = 0 for every sample, on the jump of the step, and a central difference would see the
/// loss of both sides.
const POINT: [f64; 3] = [0.3, -0.2, 0.1];

/// Samples and labels of the notebook, row-major.
struct Data {
    x: Vec<f64>,
    y: Vec<f64>,
}

impl Data {
    fn new() -> Result<Data, datasets::Error> {
        let data = datasets::make_classification(100)
            .n_features(2)
            .n_redundant(0)
            .n_informative(2)
            .n_clusters_per_class(1)
            .random_state(42)
            .generate()?;
        Ok(Data { x: data.x.iter().copied().collect(), y: data.y.iter().map(|&y| y as f64).collect() })
    }

    fn sample(&self, i: usize) -> (&[f64], f64) {
        (&self.x[2 * i..2 * i + 2], self.y[i])
    }
}

/// The comparison and the training.
pub(crate) fn show(report: &mut Report) -> Result<(), Box<dyn Error>> {
    heading("Perceptron (the notebook; make_classification, 100 samples)");
    println!("  z = w·x + b,   L = (step(z) − y)·z with step(z) held constant,   ∂L/∂w = (step(z) − y)·x");
    let data = Data::new()?;
    let mut params = Params::f64();
    let model = Perceptron::new(&mut params.scope("perceptron"), 2);
    let start = params.clone();
    params.get_mut::<f64>(model.weight).copy_from_slice(&POINT[..2]);
    params.get_mut::<f64>(model.bias).copy_from_slice(&POINT[2..]);

    one_sample(report, &params, &model, &data);
    all_samples(report, &params, &model, &data);
    train(start, &model, &data)
}

/// The first sample on the wrong side; on the right side all gradients are 0.
fn one_sample(report: &mut Report, params: &Params, model: &Perceptron, data: &Data) {
    let by_hand = manual::perceptron::Perceptron::from_flat(&POINT);
    let wrong = |&i: &usize| {
        let (x, y) = data.sample(i);
        by_hand.predict(x) != y
    };
    let i = (0..data.y.len()).find(wrong).expect("the point separates the classes badly");
    let (x, y) = data.sample(i);

    let tape = Tape::with(params);
    let grads = model.loss(tape.constant(x).reshape([1, 2]), tape.constant([y])).backward();

    let (mut manual, db) = by_hand.gradient(x, y);
    manual.push(db);
    let loss = |p: &[f64]| manual::perceptron::Perceptron::from_flat(p).loss(x, y);
    let numeric = central_difference(loss, &POINT);
    let neurons = neurons::gradient(|p| neurons::perceptron(p, x, &[y]), &POINT);
    let sources = Sources { manual: &manual, tape: &grads, neurons: &neurons, numeric: &numeric };
    let (w, b) = (&POINT[..2], POINT[2]);
    let at = format!("of sample {i}, the first on the wrong side of w = {w:?}, b = {b}");
    report.gradients(&at, params, &[model.weight, model.bias], &sources);
}

/// The sum over the batch.
fn all_samples(report: &mut Report, params: &Params, model: &Perceptron, data: &Data) {
    let (x, y) = (&data.x, &data.y);
    let tape = Tape::with(params);
    let grads = model.loss(tape.constant(x).reshape([y.len(), 2]), tape.constant(y)).backward();

    let manual = manual::perceptron::Perceptron::from_flat(&POINT).total_gradient(x, y);
    let loss = |p: &[f64]| manual::perceptron::Perceptron::from_flat(p).total_loss(x, y);
    let numeric = central_difference(loss, &POINT);
    let neurons = neurons::gradient(|p| neurons::perceptron(p, x, y), &POINT);
    let sources = Sources { manual: &manual, tape: &grads, neurons: &neurons, numeric: &numeric };
    report.gradients(
        "of the sum over all samples, same point",
        params,
        &[model.weight, model.bias],
        &sources,
    );
}

/// Sample by sample from zero, as the notebook does, until a pass makes no error.
fn train(mut params: Params, model: &Perceptron, data: &Data) -> Result<(), Box<dyn Error>> {
    println!();
    println!("  training from the tape, one step per sample, learning rate {LEARNING_RATE}:");
    let mut sgd = Sgd::new(LEARNING_RATE)?;
    let mut by_hand = manual::perceptron::Perceptron::zeros(2);
    for pass in 0..MOST_PASSES {
        let mut errors = 0;
        for i in 0..data.y.len() {
            let (x, y) = data.sample(i);
            let tape = Tape::with(&params);
            let row = tape.constant(x).reshape([1, 2]);
            errors += usize::from(model.predict(row).item() != y);
            let grads = model.loss(row, tape.constant([y])).backward();
            sgd.step(&mut params, &grads)?;
            by_hand.update(x, y, LEARNING_RATE);
        }
        println!("  Pass {pass}, Errors: {errors}");
        if errors == 0 {
            break;
        }
    }
    println!("  w = {}, b = {}", list(params.get(model.weight)), list(params.get(model.bias)));
    let end = flat(&params, &[model.weight, model.bias]);
    same_end(&end, &[&by_hand.w[..], &[by_hand.b]].concat());
    Ok(())
}
