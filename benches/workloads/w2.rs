//! W2: one sigmoid neuron on three inputs, one sample, half the squared error, gradient descent: the cost of a step itself.

use super::setup::{Model, Setup};
use super::{Run, Step, Workload};
use ndarray::{ArrayD, arr2};
use std::hint::black_box;
use wengert::prelude::*;

const RATE: f64 = 0.005;

/// How many steps are made in one call where a call makes many.
const STEPS: usize = 1000;

pub(super) fn workloads() -> Vec<Workload> {
    let mut runs = Setup::runs(setup);
    runs.push(Run::many("steps-1t", STEPS, by_steps));
    runs.push(Run::new("native", || setup().native()));
    runs.push(Run::new("hand", by_hand));
    vec![Workload { name: "W2", expected: &[0.23064185], runs }]
}

struct Neuron(Linear);

impl Model for Neuron {
    type Batch = (ArrayD<f32>, ArrayD<f32>);

    fn loss<'t>(&self, _: &'t Tape<'t>, (x, y): (Var<'t>, Var<'t>)) -> Var<'t> {
        nn::loss::half_mse(self.0.forward(x).sigmoid(), y)
    }
}

fn setup() -> Setup<Neuron> {
    let mut params = Params::f32();
    let neuron = Linear::with_init(&mut params.scope("neuron"), 3, 1, [0.1, 0.2, -0.3], 0.0);
    let batch = (arr2(&[[0.5, -1.0, 2.0]]).into_dyn(), arr2(&[[1.0]]).into_dyn());
    let optimizer = Some(Sgd::new(RATE).expect("a valid rate"));
    Setup { model: Neuron(neuron), params, batch, optimizer }
}

/// Many steps in one call, each with a batch of its own.
fn by_steps() -> Step {
    let Setup { model, mut params, optimizer, .. } = setup();
    let program = Program::trace(&params, |t| {
        t.outputs(model.loss(t, (t.input("x", [1, 3]), t.input("y", [1, 1])))).with_gradients()
    });
    let program = program.expect("a plan");
    let mut state = program.state().with_threads(1);
    let mut sgd = optimizer.expect("it has one");
    let (xs, ys) = ([0.5f32, -1.0, 2.0].repeat(STEPS), [1.0f32].repeat(STEPS));
    Box::new(move |_| {
        let batches = black_box(&xs).chunks_exact(3).zip(ys.chunks_exact(1));
        let mut losses = program.steps(&mut state, &mut params, &mut sgd, batches);
        let first = losses.next().expect("a step").expect("finite gradients");
        losses.for_each(|loss| {
            black_box(loss.expect("finite gradients"));
        });
        first
    })
}

fn by_hand() -> Step {
    let (mut w, mut b) = ([0.1f32, 0.2, -0.3], 0.0f32);
    Box::new(move |_| {
        let x = black_box([0.5f32, -1.0, 2.0]);
        let z = x[0] * w[0] + x[1] * w[1] + x[2] * w[2] + b;
        let a = 1.0 / (1.0 + (-z).exp());
        let d = (a - 1.0) * a * (1.0 - a);
        for i in 0..3 {
            w[i] -= RATE as f32 * d * x[i];
        }
        b -= RATE as f32 * d;
        0.5 * f64::from(a - 1.0).powi(2)
    })
}
