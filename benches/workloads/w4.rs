//! W4: a classifier of images of 28 × 28: a network [784, 256, 128, 10] with ReLU, batch 64, cross entropy, Adam.

use super::Workload;
use super::data::{array, by_fan_in, mlp};
use super::setup::{Model, Setup};
use ndarray::{Array1, ArrayD};
use wengert::prelude::*;

pub(super) fn workloads() -> Vec<Workload> {
    vec![Workload { name: "W4", expected: &[2.307978], runs: Setup::runs(setup) }]
}

struct Classifier(Mlp);

impl Model for Classifier {
    type Batch = (ArrayD<f32>, ArrayD<i64>);

    fn loss<'t>(&self, _: &'t Tape<'t>, (x, labels): (Var<'t>, Var<'t>)) -> Var<'t> {
        nn::loss::cross_entropy(self.0.forward(x), labels)
    }
}

fn setup() -> Setup<Classifier, Adam> {
    let mut params = Params::f32();
    let net = mlp(&mut params, &[784, 256, 128, 10], Activation::Relu, 1, by_fan_in);
    let batch = (array(50, &[64, 784]), Array1::from_iter((0..64).map(|i| i % 10)).into_dyn());
    Setup { model: Classifier(net), params, batch, optimizer: Some(Adam::new(1e-3).expect("a valid rate")) }
}
