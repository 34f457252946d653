//! W10: a convolutional network for images of 28 × 28: kernels of 3 × 3 with 16 and 32 channels, each with ReLU and the largest
//! of 2 × 2, then a layer of 10; batch 64, cross entropy, SGD.

use super::Workload;
use super::data::{array, by_fan_in, lcg, linear};
use super::setup::{Model, Setup};
use ndarray::{Array1, ArrayD};
use nn::Conv2d;
use wengert::autograd::{ConvForm, PoolForm};
use wengert::prelude::*;

pub(super) fn workloads() -> Vec<Workload> {
    vec![Workload { name: "W10", expected: &[2.3043993], runs: Setup::runs(setup) }]
}

struct Convnet(Conv2d, Conv2d, Linear);

impl Model for Convnet {
    type Batch = (ArrayD<f32>, ArrayD<i64>);

    fn loss<'t>(&self, _: &'t Tape<'t>, (x, labels): (Var<'t>, Var<'t>)) -> Var<'t> {
        let Convnet(first, second, last) = self;
        let halves = PoolForm::of(2);
        let h = first.forward(x).relu().max_pool2d(halves);
        let h = second.forward(h).relu().max_pool2d(halves);
        nn::loss::cross_entropy(last.forward(h.reshape([64, 32 * 7 * 7])), labels)
    }
}

fn setup() -> Setup<Convnet> {
    let mut params = Params::f32();
    let mut scope = params.scope("net");
    let form = ConvForm::default().padding(1);
    let mut conv = |name, seed, inputs, outputs| {
        let weight = lcg(seed, outputs * inputs * 9, by_fan_in(inputs * 9));
        Conv2d::with_init(&mut scope.scope(name), [inputs, outputs], 3, form, &weight[..])
    };
    let (first, second) = (conv("first", 1, 1, 16), conv("second", 2, 16, 32));
    let last = linear(&mut scope.scope("last"), 3, 32 * 7 * 7, 10, by_fan_in(32 * 7 * 7));
    let batch = (array(80, &[64, 1, 28, 28]), Array1::from_iter((0..64).map(|i| i % 10)).into_dyn());
    let optimizer = Some(Sgd::new(0.01).expect("a valid rate"));
    Setup { model: Convnet(first, second, last), params, batch, optimizer }
}
