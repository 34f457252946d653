//! ferrotorch: modules, losses and optimisers in the manner of PyTorch.

use ferrotorch_core::{FerrotorchResult as Result, Float, GeluApproximate, Tensor, from_vec, scalar};
use ferrotorch_nn::{CrossEntropyLoss, LayerNorm, Linear, MSELoss, Module, Parameter, Reduction};
use ferrotorch_optim::{Adam, AdamConfig, Optimizer, Sgd, SgdConfig};
use measure::{Program, lcg};
use std::hint::black_box;

fn main() -> Result<()> {
    let program = Program::of("ferrotorch");
    let all: [(&str, fn(&Program, &str) -> Result<()>); 9] = [
        ("W2", w2),
        ("W3-f32", w3::<f32>),
        ("W3-f64", w3::<f64>),
        ("W4", w4),
        ("W5", w5),
        ("W6-1000000", w6),
        ("W6-10000", w6),
        ("W6-100", w6),
        ("W9", w9),
    ];
    for (name, workload) in all {
        if program.wants(name) {
            workload(&program, name)?;
        }
    }
    Ok(())
}

fn number<T: Float>(x: f64) -> T {
    T::from(x).expect("a float")
}

fn tensor<T: Float>(seed: u64, shape: &[usize], scale: f64) -> Result<Tensor<T>> {
    from_vec(lcg(seed, shape.iter().product(), scale).into_iter().map(number).collect(), shape)
}

fn by_fan_in(fan_in: usize) -> f64 {
    1.0 / (fan_in as f64).sqrt()
}

/// A layer whose weights, stored as outputs by inputs, are given as inputs by outputs.
fn linear<T: Float>(values: &[f64], fan_in: usize, fan_out: usize) -> Result<Linear<T>> {
    let mut layer = Linear::new(fan_in, fan_out, true)?;
    let transposed = (0..values.len()).map(|k| number(values[k % fan_in * fan_out + k / fan_in])).collect();
    layer.weight = Parameter::new(from_vec(transposed, &[fan_out, fan_in])?);
    layer.bias = Some(Parameter::zeros(&[fan_out])?);
    Ok(layer)
}

struct Mlp<T: Float>(Vec<Linear<T>>);

impl<T: Float> Mlp<T> {
    fn new(sizes: &[usize], first_seed: u64, scale: fn(usize) -> f64) -> Result<Mlp<T>> {
        let layer = |(seed, size): (u64, &[usize])| {
            linear(&lcg(seed, size[0] * size[1], scale(size[0])), size[0], size[1])
        };
        (first_seed..).zip(sizes.windows(2)).map(layer).collect::<Result<_>>().map(Mlp)
    }

    fn forward(&self, x: &Tensor<T>, activation: fn(&Tensor<T>) -> Result<Tensor<T>>) -> Result<Tensor<T>> {
        let (last, hidden) = self.0.split_last().expect("layers");
        let mut a = x.clone();
        for layer in hidden {
            a = activation(&layer.forward(&a)?)?;
        }
        last.forward(&a)
    }

    fn parameters(&self) -> Vec<Parameter<T>> {
        self.0.iter().flat_map(|layer| layer.parameters().into_iter().cloned()).collect()
    }
}

fn train<T: Float>(
    program: &Program,
    workload: &str,
    mut optimizer: impl Optimizer<T>,
    loss: impl Fn() -> Result<Tensor<T>>,
) -> Result<()> {
    let first = loss()?.item()?.to_f64().expect("a float");
    program.measure(workload, &[first], || {
        optimizer.zero_grad().unwrap();
        loss().unwrap().backward().unwrap();
        optimizer.step().unwrap();
    });
    Ok(())
}

fn gradients(
    program: &Program,
    workload: &str,
    variables: &[Tensor<f32>],
    loss: impl Fn() -> Result<Tensor<f32>>,
) -> Result<()> {
    let step = || -> Result<(f64, Vec<Tensor<f32>>)> {
        let value = loss()?;
        value.backward()?;
        let mut grads = vec![];
        for variable in variables {
            grads.extend(variable.grad()?); // some have none; what that amounts to, the check tells
            variable.zero_grad()?;
        }
        Ok((f64::from(value.item()?), grads))
    };
    let (value, grads) = step()?;
    let mut sum = 0.0;
    for grad in &grads {
        sum += grad.data_vec()?.iter().map(|&g| f64::from(g)).sum::<f64>();
    }
    program.measure(workload, &[value, sum], || {
        black_box(step().unwrap());
    });
    Ok(())
}

fn w2(program: &Program, workload: &str) -> Result<()> {
    let neuron: Mlp<f32> = Mlp(vec![linear(&[0.1, 0.2, -0.3], 3, 1)?]);
    let (x, y, half) =
        (from_vec(vec![0.5, -1.0, 2.0], &[1, 3])?, from_vec(vec![1.0], &[1, 1])?, scalar(0.5)?);
    let (mse, sgd) = (MSELoss::new(Reduction::Mean), Sgd::new(neuron.parameters(), SgdConfig::new(0.005)));
    train(program, workload, sgd, || {
        mse.forward(&neuron.forward(&x, Tensor::sigmoid)?.sigmoid()?, &y)? * &half
    })
}

fn w3<T: Float>(program: &Program, workload: &str) -> Result<()> {
    let net = Mlp::<T>::new(&[2, 10, 5, 1], 3, |_| 0.5)?;
    let (x, y) = (tensor(20, &[200, 2], 1.0)?, tensor(21, &[200, 1], 1.0)?);
    let (mse, sgd) = (MSELoss::new(Reduction::Mean), Sgd::new(net.parameters(), SgdConfig::new(0.005)));
    train(program, workload, sgd, || mse.forward(&net.forward(&x, Tensor::sigmoid)?, &y))
}

fn w4(program: &Program, workload: &str) -> Result<()> {
    let net = Mlp::<f32>::new(&[784, 256, 128, 10], 1, by_fan_in)?;
    let x = tensor(50, &[64, 784], 1.0)?;
    let labels = from_vec((0..64u8).map(|i| f32::from(i % 10)).collect(), &[64])?;
    let cross_entropy = CrossEntropyLoss::new(Reduction::Mean, 0.0);
    let adam = Adam::new(net.parameters(), AdamConfig::default());
    train(program, workload, adam, || cross_entropy.forward(&net.forward(&x, Tensor::relu)?, &labels))
}

fn w5(program: &Program, workload: &str) -> Result<()> {
    let net = Mlp::<f32>::new(&[1024, 4096, 4096, 1024], 1, by_fan_in)?;
    let (x, y) = (tensor(50, &[256, 1024], 1.0)?, tensor(51, &[256, 1024], 1.0)?);
    let (mse, sgd) = (MSELoss::new(Reduction::Mean), Sgd::new(net.parameters(), SgdConfig::new(0.01)));
    train(program, workload, sgd, || mse.forward(&net.forward(&x, Tensor::relu)?, &y))
}

fn w6(program: &Program, workload: &str) -> Result<()> {
    let n = workload.strip_prefix("W6-").and_then(|n| n.parse().ok()).expect("a number");
    let variable = |seed| -> Result<Tensor<f32>> { Ok(tensor(seed, &[n], 1.0)?.requires_grad_(true)) };
    let (variables, half) = ([variable(60)?, variable(61)?, variable(62)?], scalar(0.5)?);
    let [x, y, z] = &variables;
    gradients(program, workload, &variables, || {
        let first = (((x * y)? + z)?.tanh_t()? * x.sigmoid()?)?;
        let second = (((&half * x)? * x)? * (-y)?.exp_t()?)?;
        (first + second)?.sum_all()
    })
}

const WIDTH: usize = 128;
const HEADS: usize = 4;
const BATCH: usize = 8;
const LENGTH: usize = 64;

/// A pre-norm transformer block with causal attention.
struct Block {
    norms: [LayerNorm<f32>; 2],
    /// Query, key and value at once; the projection; the two layers of the feed-forward part.
    layers: Mlp<f32>,
    mask: Tensor<f32>,
    scale: Tensor<f32>,
}

impl Block {
    fn new() -> Result<Block> {
        let layer = |seed, m, n| linear(&lcg(seed, m * n, by_fan_in(m)), m, n);
        let hidden = |i: usize| if i % LENGTH > i / LENGTH { -1e30 } else { 0.0 };
        Ok(Block {
            norms: [LayerNorm::new(vec![WIDTH], 1e-5, true)?, LayerNorm::new(vec![WIDTH], 1e-5, true)?],
            layers: Mlp(vec![
                layer(1, WIDTH, 3 * WIDTH)?,
                layer(2, WIDTH, WIDTH)?,
                layer(3, WIDTH, 4 * WIDTH)?,
                layer(4, 4 * WIDTH, WIDTH)?,
            ]),
            mask: from_vec((0..LENGTH * LENGTH).map(hidden).collect(), &[1, LENGTH, LENGTH])?,
            scale: scalar(by_fan_in(WIDTH / HEADS) as f32)?,
        })
    }

    fn variables(&self) -> Vec<Tensor<f32>> {
        let norms = self.norms.iter().flat_map(|norm| norm.parameters().into_iter().cloned());
        norms.chain(self.layers.parameters()).map(|parameter| parameter.tensor().clone()).collect()
    }

    /// x is [batch, length, width].
    fn forward(&self, x: &Tensor<f32>) -> Result<Tensor<f32>> {
        let [joint, projection, up, down] = &self.layers.0[..] else { unreachable!("four layers") };
        let attended = self.attention(&joint.forward(&self.norms[0].forward(x)?)?)?;
        let x = (x + projection.forward(&attended)?)?;
        let hidden = up.forward(&self.norms[1].forward(&x)?)?.gelu_with(GeluApproximate::Tanh)?;
        x + down.forward(&hidden)?
    }

    fn attention(&self, qkv: &Tensor<f32>) -> Result<Tensor<f32>> {
        let [batch, heads, length, width] = [BATCH, HEADS, LENGTH, WIDTH].map(|n| n as isize);
        let size = width / heads;
        let qkv = qkv.reshape_t(&[batch, length, 3, heads, size])?.permute(&[2, 0, 3, 1, 4])?.contiguous()?;
        let part = |i| qkv.narrow(0, i, 1)?.contiguous()?.reshape_t(&[batch * heads, length, size]);
        let (q, k, v) = (part(0)?, part(1)?, part(2)?);
        let scores = ((q.bmm(&k.transpose(1, 2)?.contiguous()?)? * &self.scale)? + &self.mask)?;
        let attended = scores.softmax()?.bmm(&v)?.reshape_t(&[batch, heads, length, size])?;
        attended.permute(&[0, 2, 1, 3])?.contiguous()?.reshape_t(&[batch, length, width])
    }
}

fn w9(program: &Program, workload: &str) -> Result<()> {
    let (block, x) = (Block::new()?, tensor(70, &[BATCH, LENGTH, WIDTH], 1.0)?);
    gradients(program, workload, &block.variables(), || {
        let output = block.forward(&x)?;
        (&output * &output)?.mean_all()
    })
}
