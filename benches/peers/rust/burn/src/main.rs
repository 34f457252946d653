//! burn: tensors of its flex backend with autodiff; its Adam on a module in W4, plain updates elsewhere.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{DType, Device, Gradients, Int, Tensor, TensorData, activation, module};
use gemm as _; // for its features
use measure::{Program, lcg};
use std::hint::black_box;

fn main() {
    let program = Program::of("burn");
    let all: [(&str, fn(&Program, &str)); 9] = [
        ("W2", w2),
        ("W3-f32", w3),
        ("W3-f64", w3),
        ("W4", w4),
        ("W5", w5),
        ("W6-1000000", w6),
        ("W6-10000", w6),
        ("W6-100", w6),
        ("W9", w9),
    ];
    for (name, workload) in all {
        if program.wants(name) {
            workload(&program, name);
        }
    }
}

fn device() -> Device {
    Device::flex().autodiff()
}

fn tensor<const D: usize>(seed: u64, shape: [usize; D], scale: f64) -> Tensor<D> {
    tensor_of(seed, shape, scale, DType::F32)
}

fn tensor_of<const D: usize>(seed: u64, shape: [usize; D], scale: f64, dtype: DType) -> Tensor<D> {
    let data = TensorData::new(lcg(seed, shape.iter().product(), scale), shape);
    Tensor::from_data(data, (&device(), dtype))
}

fn zeros(n: usize) -> Tensor<2> {
    Tensor::zeros([1, n], &device())
}

fn by_fan_in(fan_in: usize) -> f64 {
    1.0 / (fan_in as f64).sqrt()
}

fn item(loss: Tensor<1>) -> f64 {
    loss.into_data().iter::<f64>().next().expect("one number")
}

fn sum_of<const D: usize>(tensor: &Tensor<D>, gradients: &Gradients) -> f64 {
    tensor.grad(gradients).expect("a gradient").into_data().iter::<f64>().sum()
}

/// Weights, then biases.
fn network(sizes: &[usize], first_seed: u64, scale: fn(usize) -> f64, dtype: DType) -> Vec<Tensor<2>> {
    let weight = |(seed, size): (u64, &[usize])| tensor_of(seed, [size[0], size[1]], scale(size[0]), dtype);
    let weights = (first_seed..).zip(sizes.windows(2)).map(weight);
    let biases = sizes[1..].iter().map(|&n| tensor_of(1, [1, n], 0.0, dtype));
    weights.chain(biases).map(Tensor::require_grad).collect()
}

fn forward(params: &[Tensor<2>], x: &Tensor<2>, activation: fn(Tensor<2>) -> Tensor<2>) -> Tensor<2> {
    let (weights, biases) = params.split_at(params.len() / 2);
    let mut a = x.clone();
    for (i, (weight, bias)) in weights.iter().zip(biases).enumerate() {
        a = a.matmul(weight.clone()) + bias.clone();
        if i + 1 < weights.len() {
            a = activation(a);
        }
    }
    a
}

fn mse(a: Tensor<2>, y: &Tensor<2>) -> Tensor<1> {
    (a - y.clone()).powi_scalar(2).mean()
}

/// Gradient descent.
fn train(
    program: &Program,
    workload: &str,
    mut params: Vec<Tensor<2>>,
    rate: f64,
    loss: impl Fn(&[Tensor<2>]) -> Tensor<1>,
) {
    let first = item(loss(&params));
    program.measure(workload, &[first], || {
        let mut gradients = loss(&params).backward();
        for param in &mut params {
            let slope = param.grad_remove(&mut gradients).expect("a gradient");
            *param = Tensor::from_inner(param.clone().inner() - slope * rate).require_grad();
        }
    });
}

fn w2(program: &Program, workload: &str) {
    let x = Tensor::from_floats([[0.5, -1.0, 2.0]], &device());
    let params =
        vec![Tensor::from_floats([[0.1], [0.2], [-0.3]], &device()).require_grad(), zeros(1).require_grad()];
    let y = Tensor::ones([1, 1], &device());
    train(program, workload, params, 0.005, |params| {
        mse(activation::sigmoid(forward(params, &x, activation::sigmoid)), &y) * 0.5
    });
}

fn w3(program: &Program, workload: &str) {
    let dtype = if workload == "W3-f32" { DType::F32 } else { DType::F64 };
    let params = network(&[2, 10, 5, 1], 3, |_| 0.5, dtype);
    let (x, y) = (tensor_of(20, [200, 2], 1.0, dtype), tensor_of(21, [200, 1], 1.0, dtype));
    train(program, workload, params, 0.005, |params| mse(forward(params, &x, activation::sigmoid), &y));
}

#[derive(Module, Debug)]
struct Classifier {
    layers: Vec<Linear>,
}

impl Classifier {
    fn new(sizes: &[usize]) -> Classifier {
        let layer = |(seed, size): (u64, &[usize])| {
            let mut layer = LinearConfig::new(size[0], size[1]).init(&device());
            layer.weight =
                layer.weight.map(|_| tensor(seed, [size[0], size[1]], by_fan_in(size[0])).require_grad());
            layer.bias = layer.bias.map(|bias| bias.map(|b| (b * 0.0).detach().require_grad()));
            layer
        };
        Classifier { layers: (1..).zip(sizes.windows(2)).map(layer).collect() }
    }

    fn loss(&self, x: &Tensor<2>, labels: &Tensor<1, Int>) -> Tensor<1> {
        let (last, hidden) = self.layers.split_last().expect("layers");
        let a = hidden.iter().fold(x.clone(), |a, layer| activation::relu(layer.forward(a)));
        activation::log_softmax(last.forward(a), 1).gather(1, labels.clone().unsqueeze_dim(1)).mean().neg()
    }
}

fn w4(program: &Program, workload: &str) {
    let x = tensor(50, [64, 784], 1.0);
    let labels = Tensor::from_data(
        TensorData::from((0..64).map(|i| i % 10).collect::<Vec<i64>>().as_slice()),
        &device(),
    );
    let mut net = Classifier::new(&[784, 256, 128, 10]);
    let mut adam = AdamConfig::new().with_epsilon(1e-8).init();
    let first = item(net.loss(&x, &labels));
    program.measure(workload, &[first], || {
        let gradients = GradientsParams::from_grads(net.loss(&x, &labels).backward(), &net);
        net = adam.step(1e-3, net.clone(), gradients);
    });
}

fn w5(program: &Program, workload: &str) {
    let params = network(&[1024, 4096, 4096, 1024], 1, by_fan_in, DType::F32);
    let (x, y) = (tensor(50, [256, 1024], 1.0), tensor(51, [256, 1024], 1.0));
    train(program, workload, params, 0.01, |params| mse(forward(params, &x, activation::relu), &y));
}

fn w6(program: &Program, workload: &str) {
    let n = workload.strip_prefix("W6-").and_then(|n| n.parse().ok()).expect("a number");
    let variables = [60, 61, 62].map(|seed| tensor(seed, [n], 1.0).require_grad());
    let loss = || {
        let [x, y, z] = variables.clone();
        let first = (x.clone() * y.clone() + z).tanh() * activation::sigmoid(x.clone());
        (first + x.powi_scalar(2) * 0.5 * y.neg().exp()).sum()
    };
    let gradients = loss().backward();
    let sum = variables.iter().map(|v| sum_of(v, &gradients)).sum();
    program.measure(workload, &[item(loss()), sum], || {
        let gradients = loss().backward();
        black_box(variables.each_ref().map(|v| v.grad(&gradients)));
    });
}

const WIDTH: usize = 128;
const HEADS: usize = 4;
const BATCH: usize = 8;
const LENGTH: usize = 64;

/// A pre-norm transformer block with causal attention.
struct Block {
    /// Gains, then biases.
    norms: [Tensor<1>; 4],
    /// Query, key and value at once; the projection; the two layers of the feed-forward part. Then their biases.
    layers: [Tensor<2>; 8],
    mask: Tensor<4>,
}

impl Block {
    fn new() -> Block {
        let sizes = [(WIDTH, 3 * WIDTH), (WIDTH, WIDTH), (WIDTH, 4 * WIDTH), (4 * WIDTH, WIDTH)];
        let layer = |i: usize| match sizes.get(i) {
            Some(&(m, n)) => tensor(i as u64 + 1, [m, n], by_fan_in(m)).require_grad(),
            None => zeros(sizes[i - 4].1).require_grad(),
        };
        let norm =
            |i| if i < 2 { Tensor::ones([WIDTH], &device()) } else { Tensor::zeros([WIDTH], &device()) };
        let hidden = |i: usize| if i % LENGTH > i / LENGTH { f32::NEG_INFINITY } else { 0.0 };
        let mask: Vec<f32> = (0..LENGTH * LENGTH).map(hidden).collect();
        Block {
            norms: std::array::from_fn(|i| norm(i).require_grad()),
            layers: std::array::from_fn(layer),
            mask: Tensor::from_data(TensorData::new(mask, [1, 1, LENGTH, LENGTH]), &device()),
        }
    }

    /// x is [batch·length, width].
    fn forward(&self, x: &Tensor<2>) -> Tensor<2> {
        let x = x.clone() + self.linear(self.attention(self.linear(self.norm(x.clone(), 0), 0)), 1);
        x.clone() + self.linear(activation::gelu_approximate(self.linear(self.norm(x, 1), 2)), 3)
    }

    fn linear(&self, x: Tensor<2>, i: usize) -> Tensor<2> {
        x.matmul(self.layers[i].clone()) + self.layers[i + 4].clone()
    }

    fn norm(&self, x: Tensor<2>, i: usize) -> Tensor<2> {
        module::layer_norm(x, self.norms[i].clone(), Some(self.norms[i + 2].clone()), 1e-5)
    }

    fn attention(&self, qkv: Tensor<2>) -> Tensor<2> {
        let size = WIDTH / HEADS;
        let qkv = qkv.reshape([BATCH, LENGTH, 3, HEADS, size]).permute([2, 0, 3, 1, 4]);
        let [q, k, v] =
            [0, 1, 2].map(|i| qkv.clone().slice([i..i + 1]).reshape([BATCH, HEADS, LENGTH, size]));
        let scores = q.matmul(k.swap_dims(2, 3)) * by_fan_in(size) + self.mask.clone();
        activation::softmax(scores, 3).matmul(v).swap_dims(1, 2).reshape([BATCH * LENGTH, WIDTH])
    }
}

fn w9(program: &Program, workload: &str) {
    let (block, x) = (Block::new(), tensor(70, [BATCH * LENGTH, WIDTH], 1.0));
    let loss = || block.forward(&x).powi_scalar(2).mean();
    let gradients = loss().backward();
    let norms: f64 = block.norms.iter().map(|param| sum_of(param, &gradients)).sum();
    let layers: f64 = block.layers.iter().map(|param| sum_of(param, &gradients)).sum();
    program.measure(workload, &[item(loss()), norms + layers], || {
        black_box(loss().backward());
    });
}
