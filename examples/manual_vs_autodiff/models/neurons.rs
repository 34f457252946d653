//! The models once more, written neuron by neuron: each weight and each activation a scalar of its own.
//!
//! The parameters are in one row, as everywhere in this example: for each layer the weights \[fan-in, fan-out\] and then the
//! biases. The functions are generic over [`Real`], so they also run on plain numbers and on dual numbers.

use std::ops::Mul;
use wengert::autograd::scalar::{self, Real};

/// The gradient of a loss of this module by one sweep over a tape of scalars.
pub(crate) fn gradient(
    loss: impl for<'t> FnOnce(&[scalar::Var<'t>]) -> scalar::Var<'t>,
    params: &[f64],
) -> Vec<f64> {
    scalar::gradient(loss, params).1
}

/// The notebook's perceptron: Σ (step(z) − y)·z over the rows, step(z) held constant.
pub(crate) fn perceptron<T: Real>(params: &[T], x: &[f64], y: &[f64]) -> T {
    let row = |(x, &y): (&[f64], &f64)| {
        let z = layer(params, x)[0];
        let step = z.if_ge(z.constant(0.0), z.constant(1.0), z.constant(0.0));
        (step - y) * z
    };
    total(x.chunks_exact(params.len() - 1).zip(y).map(row))
}

/// The 3-1-1 paper's neuron: ½·(σ(w·x + b) − y)².
pub(crate) fn three_one<T: Real>(params: &[T], x: &[f64; 3], y: f64) -> T {
    half_square(layer(params, x)[0].sigmoid() - y)
}

/// With the output layer that the paper lists: the mean of ½·(A₂ − y)² over the samples.
pub(crate) fn three_one_one<T: Real, const N: usize>(params: &[T], x: &[[f64; 3]; N], y: &[f64; N]) -> T {
    let (hidden, output) = params.split_at(4);
    let row = |(x, &y): (&[f64; 3], &f64)| {
        let a1 = layer(hidden, x)[0].sigmoid();
        half_square(layer(output, &[a1])[0].sigmoid() - y)
    };
    total(x.iter().zip(y).map(row)) / N as f64
}

/// The notebook's network with sigmoid neurons and a linear output: the mean of ½·(o − y)².
pub(crate) fn mlp<T: Real>(sizes: &[usize], params: &[T], x: &[f64], y: &[f64]) -> T {
    let (first, mut rest) = params.split_at((sizes[0] + 1) * sizes[1]);
    let mut deeper = vec![];
    for pair in sizes[1..].windows(2) {
        let (own, others) = rest.split_at((pair[0] + 1) * pair[1]);
        deeper.push(own);
        rest = others;
    }
    let row = |(x, &y): (&[f64], &f64)| {
        let start = layer(first, x);
        let output = deeper.iter().fold(start, |z, params| {
            let a: Vec<T> = z.into_iter().map(T::sigmoid).collect();
            layer(params, &a)
        });
        half_square(output[0] - y)
    };
    total(x.chunks_exact(sizes[0]).zip(y).map(row)) / y.len() as f64
}

/// zₖ = Σⱼ xⱼ·wⱼₖ + bₖ, for inputs that are data or other neurons.
fn layer<T: Real + Mul<X, Output = T>, X: Copy>(params: &[T], x: &[X]) -> Vec<T> {
    let fan_out = params.len() / (x.len() + 1);
    let (w, b) = params.split_at(x.len() * fan_out);
    let neuron = |k| w[k..].iter().step_by(fan_out).zip(x).fold(b[k], |sum, (&w, &x)| sum + w * x);
    (0..fan_out).map(neuron).collect()
}

fn half_square<T: Real>(error: T) -> T {
    error * error * 0.5
}

fn total<T: Real>(terms: impl Iterator<Item = T>) -> T {
    terms.reduce(|sum, term| sum + term).expect("a sample at least")
}
