//! W8: second derivatives of the network of W3 in `f64`: the product of the Hessian with one vector, reverse over reverse,
//! and the whole Hessian, a row for each of the 91 parameters.

use super::data::lcg;
use super::setup::{Batch, Model, Setup};
use super::w3::{self, Regression};
use super::{Run, Show, Step, Workload};
use std::hint::black_box;
use wengert::autograd::{AnyTensor, Param};
use wengert::prelude::*;

pub(super) fn workloads() -> Vec<Workload> {
    let workload = |name, expected, second: Second| {
        let runs = vec![
            Run::new("program-1t", move || program(second, 1)),
            Run::new("program-2t", move || program(second, 2)),
            Run::new("eager-1t", move || eager(second)),
        ];
        Workload { name, expected, runs }
    };
    vec![
        workload("W8-hvp", &[0.32684815, 4.0807308562], hessian_times),
        workload("W8-hessian", &[0.32684815, 27.3021976198], hessian),
    ]
}

/// Second derivatives of a loss at parameters, given a vector in parts by parameter.
type Second = for<'t> fn(Var<'t>, &[Var<'t>], &[Var<'t>]) -> Vec<Var<'t>>;

/// H·u, the gradient of ⟨∇L, u⟩, in parts by parameter.
fn hessian_times<'t>(loss: Var<'t>, at: &[Var<'t>], u: &[Var<'t>]) -> Vec<Var<'t>> {
    let gradient = loss.grads(at);
    let slopes = gradient.iter().zip(u).map(|(&g, &u)| (g * u).sum());
    slopes.reduce(|sum, slope| sum + slope).expect("parameters").grads(at)
}

/// Every row of H: for each entry of the gradient its own gradient, in parts by parameter.
fn hessian<'t>(loss: Var<'t>, at: &[Var<'t>], _: &[Var<'t>]) -> Vec<Var<'t>> {
    let mut rows = vec![];
    for entries in loss.grads(at) {
        let mut unit = vec![0.0; entries.shape().elements()];
        for k in 0..unit.len() {
            unit[k] = 1.0;
            let cotangent = loss.tape().constant(&unit).reshape(entries.shape());
            rows.extend(entries.vjp(cotangent, at));
            unit[k] = 0.0;
        }
    }
    rows
}

/// The parameters in the order of the workload, weights and then biases, and the vector in parts of their lengths.
fn parameters(model: &Regression<f64>, params: &Params) -> Vec<(Param, Vec<f64>)> {
    let layers = &model.0.layers;
    let order = layers.iter().map(|layer| layer.weight).chain(layers.iter().map(|layer| layer.bias));
    let mut vector = lcg(99, params.elements(), 1.0).into_iter();
    order.map(|p| (p, vector.by_ref().take(params.shape(p).elements()).collect())).collect()
}

/// The derivatives recorded and planned once.
fn program(second: Second, threads: usize) -> Step {
    let Setup { model, params, batch, .. } = w3::setup::<f64>();
    let (parameters, mut outputs) = (parameters(&model, &params), 0);
    let program = Program::trace(&params, |tape| {
        let loss = model.loss(tape, batch.declare(tape));
        let at: Vec<Var<'_>> = parameters.iter().map(|&(p, _)| tape.param(p)).collect();
        let u: Vec<Var<'_>> = at.iter().map(|p| tape.input(&format!("u{}", p.id()), p.shape())).collect();
        let derivatives = second(loss, &at, &u);
        outputs = derivatives.len() + 1;
        tape.outputs([&[loss], &derivatives[..]].concat())
    });
    let program = program.expect("a plan");
    let mut state = program.state().with_threads(threads);
    Box::new(move |show| {
        let run = batch.give(|data| {
            let vector = parameters.iter().map(|(_, u)| u as &dyn AnyTensor);
            let inputs: Vec<_> = data.iter().copied().chain(vector).collect();
            program.run(&mut state, &params, &inputs[..]).expect("a run")
        });
        match show {
            Show::Loss => run.item(0),
            Show::GradientSum => (1..outputs).map(|i| run.get::<f64>(i).sum()).sum(),
        }
    })
}

/// The derivatives recorded anew each time.
fn eager(second: Second) -> Step {
    let Setup { model, params, batch, .. } = w3::setup::<f64>();
    let (parameters, mut storage) = (parameters(&model, &params), Storage::default());
    Box::new(move |show| {
        let tape = Tape::reusing(std::mem::take(&mut storage), &params);
        let at: Vec<Var<'_>> = parameters.iter().map(|&(p, _)| tape.param(p)).collect();
        let u: Vec<Var<'_>> =
            at.iter().zip(&parameters).map(|(p, (_, u))| tape.constant(u).reshape(p.shape())).collect();
        let loss = model.loss(&tape, batch.record(&tape));
        let derivatives = black_box(second(loss, &at, &u));
        let value = match show {
            Show::Loss => loss.item(),
            Show::GradientSum => derivatives.iter().map(|d| d.sum().item()).sum(),
        };
        storage = tape.into_storage();
        value
    })
}
