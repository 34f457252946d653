//! W8: second derivatives of the network of W3 in `f64`: the product of the Hessian with one vector, reverse over reverse,
//! and the whole Hessian, a row for each of the 91 parameters.

use super::data::lcg;
use super::setup::{Batch, Model, Setup};
use super::w3::{self, Regression};
use super::{Run, Show, Step, Workload};
use std::hint::black_box;
use wengert::autograd::Param;
use wengert::prelude::*;

pub(super) fn workloads() -> Vec<Workload> {
    let workload = |name, expected, eager: fn() -> Step| {
        let runs = vec![Run::new("eager-1t", eager)];
        Workload { name, expected, runs }
    };
    vec![
        workload("W8-hvp", &[0.32684815, 4.0807308562], || {
            eager(|loss, at| hessian_times(loss, at, &directions(at)))
        }),
        workload("W8-hessian", &[0.32684815, 27.3021976198], || eager(hessian)),
    ]
}

/// H·u, the gradient of ⟨∇L, u⟩, in parts by parameter.
fn hessian_times<'t>(loss: Var<'t>, at: &[Var<'t>], u: &[Var<'t>]) -> Vec<Var<'t>> {
    let gradient = loss.grads(at);
    let slopes = gradient.iter().zip(u).map(|(&g, &u)| (g * u).sum());
    slopes.reduce(|sum, slope| sum + slope).expect("parameters").grads(at)
}

/// Every row of H: for each entry of the gradient its own gradient, in parts by parameter.
fn hessian<'t>(loss: Var<'t>, at: &[Var<'t>]) -> Vec<Var<'t>> {
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

/// The vector that is multiplied, cut to the parameters' shapes.
fn directions<'t>(at: &[Var<'t>]) -> Vec<Var<'t>> {
    let u = lcg(99, at.iter().map(|p| p.shape().elements()).sum(), 1.0);
    let mut rest = &u[..];
    let cut = |p: &Var<'t>| {
        let (part, others) = rest.split_at(p.shape().elements());
        rest = others;
        p.tape().constant(part).reshape(p.shape())
    };
    at.iter().map(cut).collect()
}

/// The parameters in the order of the workload: weights, then biases.
fn order(model: &Regression<f64>) -> Vec<Param> {
    let layers = &model.0.layers;
    layers.iter().map(|layer| layer.weight).chain(layers.iter().map(|layer| layer.bias)).collect()
}

/// The second derivatives recorded anew each time.
fn eager(second: for<'t> fn(Var<'t>, &[Var<'t>]) -> Vec<Var<'t>>) -> Step {
    let Setup { model, params, batch, .. } = w3::setup::<f64>();
    let (order, mut storage) = (order(&model), Storage::default());
    Box::new(move |show| {
        let tape = Tape::reusing(std::mem::take(&mut storage), &params);
        let at: Vec<Var<'_>> = order.iter().map(|&p| tape.param(p)).collect();
        let loss = model.loss(&tape, batch.record(&tape));
        let derivatives = black_box(second(loss, &at));
        let value = match show {
            Show::Loss => loss.item(),
            Show::GradientSum => derivatives.iter().map(|d| d.sum().item()).sum(),
        };
        storage = tape.into_storage();
        value
    })
}
