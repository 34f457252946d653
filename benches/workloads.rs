//! Whole training steps, as a user writes them: forward pass, loss, gradients, update.
//!
//! `cargo bench --bench workloads -- W3` runs one group. Group names are those of the workloads, ids say how the step is
//! run.

use criterion::{Criterion, criterion_group, criterion_main};
use ndarray::Array2;
use std::hint::black_box;
use wengert::prelude::*;

/// The stream of numbers in [−1, 1) that the workloads are defined with, the same in every language.
fn lcg(seed: u64, n: usize, scale: f64) -> Vec<f64> {
    let mut state = seed;
    let next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((state >> 11) as f64 / (1u64 << 53) as f64 * 2.0 - 1.0) * scale
    };
    std::iter::repeat_with(next).take(n).collect()
}

/// W3: the notebook's MLP [2, 10, 5, 1], batch 200, sigmoid, mean squared error, plain gradient descent.
struct W3 {
    params: Params,
    net: Mlp,
    x: Vec<f64>,
    y: Vec<f64>,
}

impl W3 {
    fn new(mut params: Params) -> W3 {
        let net = Mlp::with_init(&mut params.scope("net"), &[2, 10, 5, 1], Activation::Sigmoid, Init::Zeros);
        for (layer, seed) in net.layers.iter().zip(3..) {
            let [fan_in, fan_out] = params.shape(layer.weight)[..] else {
                unreachable!("weights are matrices")
            };
            let values =
                Array2::from_shape_vec((fan_in, fan_out), lcg(seed, fan_in * fan_out, 0.5)).expect("as many");
            match params.dtype() {
                DType::F32 => params.set(layer.weight, values.mapv(|x| x as f32)),
                _ => params.set(layer.weight, values),
            }
        }
        W3 { params, net, x: lcg(20, 400, 1.0), y: lcg(21, 200, 1.0) }
    }
}

fn w3(c: &mut Criterion) {
    macro_rules! eager {
        ($name:literal, $params:expr, $t:ty) => {
            let mut w = W3::new($params);
            let x: Vec<$t> = w.x.iter().map(|&x| x as $t).collect();
            let y: Vec<$t> = w.y.iter().map(|&y| y as $t).collect();
            let mut sgd = Sgd::new(0.005).expect("a valid rate");
            let mut storage = Storage::default();
            let mut step = || {
                let tape = Tape::reusing(std::mem::take(&mut storage), &w.params);
                let (x, y) = (tape.constant(&x).reshape([200, 2]), tape.constant(&y).reshape([200, 1]));
                let loss = nn::loss::mse(w.net.forward(x), y);
                let (value, grads) = (loss.item(), loss.backward());
                storage = tape.into_storage();
                sgd.step(&mut w.params, &grads).expect("finite gradients");
                value
            };
            let first = step();
            assert!((first - 0.32684815).abs() < 1e-7, "W3 starts at 0.32684815, not at {first}");
            c.benchmark_group($name).bench_function("eager-1t", |b| b.iter(|| black_box(step())));
        };
    }
    eager!("W3-f32", Params::new(), f32);
    eager!("W3-f64", Params::f64(), f64);
}

criterion_group!(workloads, w3);
criterion_main!(workloads);
