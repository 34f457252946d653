//! dfdx: networks whose shapes are types. It initialises them itself, so the losses are not those of the others.

use dfdx::data::OneHotEncode;
use dfdx::losses::{cross_entropy_with_logits_loss, mse_loss};
use dfdx::nn::builders::{Linear, ReLU, Sigmoid};
use dfdx::optim::{Adam, AdamConfig, Sgd, SgdConfig};
use dfdx::prelude::*;
use measure::{Program, lcg_f32};
use std::hint::black_box;

type Neuron = (Linear<3, 1>, Sigmoid);
type Regression = ((Linear<2, 10>, Sigmoid), (Linear<10, 5>, Sigmoid), Linear<5, 1>);
type Classifier = ((Linear<784, 256>, ReLU), (Linear<256, 128>, ReLU), Linear<128, 10>);
type Wide = ((Linear<1024, 4096>, ReLU), (Linear<4096, 4096>, ReLU), Linear<4096, 1024>);

fn main() {
    let program = Program::of("dfdx");
    let cpu = Cpu::default();
    macro_rules! train {
        ($workload:literal, $Net:ty, $T:ty, $n:literal, $inputs:literal, $optimizer:expr, $loss:expr) => {
            if program.wants($workload) {
                let mut net = cpu.build_module::<$Net, $T>();
                let mut gradients = Some(net.alloc_grads());
                let mut optimizer = $optimizer(&net);
                let x: Tensor<Rank2<$n, $inputs>, $T, _> = cpu.sample_uniform();
                program.measure($workload, &[], || {
                    let output = net.forward_mut(x.clone().trace(gradients.take().unwrap()));
                    let mut slopes = $loss(output).backward();
                    optimizer.update(&mut net, &slopes).unwrap();
                    net.zero_grads(&mut slopes);
                    gradients = Some(slopes);
                });
            }
        };
    }
    macro_rules! sgd {
        ($rate:literal) => {
            |net: &_| Sgd::new(net, SgdConfig { lr: $rate, ..Default::default() })
        };
    }
    let one: Tensor<Rank2<1, 1>, f32, _> = cpu.ones();
    train!("W2", Neuron, f32, 1, 3, sgd!(0.005), |a| mse_loss(a, one.clone()) * 0.5);
    let y: Tensor<Rank2<200, 1>, f32, _> = cpu.sample_uniform();
    train!("W3-f32", Regression, f32, 200, 2, sgd!(0.005), |a| mse_loss(a, y.clone()));
    let y: Tensor<Rank2<200, 1>, f64, _> = cpu.sample_uniform();
    train!("W3-f64", Regression, f64, 200, 2, sgd!(0.005), |a| mse_loss(a, y.clone()));
    let labels = cpu.one_hot_encode(Const::<10>, (0..64usize).map(|i| i % 10).collect::<Vec<_>>());
    let labels = labels.realize::<(Const<64>, Const<10>)>();
    let adam = |net: &_| Adam::new(net, AdamConfig { lr: 1e-3, ..Default::default() });
    train!("W4", Classifier, f32, 64, 784, adam, |a| cross_entropy_with_logits_loss(a, labels.clone()));
    let y: Tensor<Rank2<256, 1024>, f32, _> = cpu.sample_uniform();
    train!("W5", Wide, f32, 256, 1024, sgd!(0.01), |a| mse_loss(a, y.clone()));
    w6::<1_000_000>(&program, &cpu, "W6-1000000");
    w6::<10_000>(&program, &cpu, "W6-10000");
    w6::<100>(&program, &cpu, "W6-100");
}

fn w6<const N: usize>(program: &Program, cpu: &Cpu, workload: &str) {
    if !program.wants(workload) {
        return;
    }
    let variable = |seed| -> Tensor<Rank1<N>, f32, Cpu> { cpu.tensor(lcg_f32(seed, N, 1.0)) };
    let [x, y, z] = [60, 61, 62].map(variable);
    let loss = || {
        let first = (x.leaky_trace() * y.leaky_trace() + z.leaky_trace()).tanh() * x.leaky_trace().sigmoid();
        let second = x.leaky_trace().square() * 0.5 * y.leaky_trace().negate().exp();
        (first + second).sum::<Rank0, _>()
    };
    let gradients = loss().backward();
    let sum = [&x, &y, &z].into_iter().flat_map(|v| gradients.get(v).as_vec()).map(f64::from).sum();
    program.measure(workload, &[f64::from(loss().array()), sum], || {
        let gradients = loss().backward();
        black_box((gradients.get(&x), gradients.get(&y), gradients.get(&z)));
    });
}
