//! The example of the documentation: a network of 2, 16 and 1 units on 200 samples.

use autograd::Params;
use bench::{Criterion, Input, Model, criterion_group, criterion_main};
use nn::{Activation, Mlp};
use optim::Sgd;

fn two_layers(c: &mut Criterion) {
    let mut params = Params::f32();
    let net = Mlp::new(&mut params.scope("net"), &[2, 16, 1], Activation::Tanh);
    let model = Model {
        name: "two-layers",
        params,
        inputs: vec![Input::f32([200, 2], 0.5), Input::f32([200, 1], 1.0)],
        optimizer: Sgd::new(0.01).expect("a valid rate"),
    };
    bench::training(c, &model, |_, x| nn::loss::mse(net.forward(x[0]), x[1]));
}

criterion_group!(benches, two_layers);
criterion_main!(benches);
