//! W5: wide layers, where matrix products are all: a network [1024, 4096, 4096, 1024] with ReLU, batch 256, mean squared
//! error, gradient descent.

use super::Workload;
use super::data::{array, by_fan_in, mlp};
use super::setup::{Model, Setup};
use ndarray::ArrayD;
use wengert::prelude::*;

pub(super) fn workloads() -> Vec<Workload> {
    vec![Workload { name: "W5", expected: &[], runs: Setup::runs(setup) }]
}

struct Wide(Mlp);

impl Model for Wide {
    type Batch = (ArrayD<f32>, ArrayD<f32>);

    fn loss<'t>(&self, _: &'t Tape<'t>, (x, y): (Var<'t>, Var<'t>)) -> Var<'t> {
        nn::loss::mse(self.0.forward(x), y)
    }
}

fn setup() -> Setup<Wide> {
    let mut params = Params::f32();
    let net = mlp(&mut params, &[1024, 4096, 4096, 1024], Activation::Relu, 1, by_fan_in);
    let batch = (array(50, &[256, 1024]), array(51, &[256, 1024]));
    Setup { model: Wide(net), params, batch, optimizer: Some(Sgd::new(0.01).expect("a valid rate")) }
}
