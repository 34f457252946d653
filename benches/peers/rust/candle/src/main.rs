//! candle: its tensors with `backward`, the optimisers of candle-nn.

use candle_core::{D, DType, Device, Result, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW, SGD, loss, ops};
use gemm as _; // for its features
use measure::{Program, lcg};
use std::hint::black_box;

const CPU: Device = Device::Cpu;

fn main() -> Result<()> {
    let program = Program::of("candle");
    w2(&program)?;
    w3(&program, "W3-f32", DType::F32)?;
    w3(&program, "W3-f64", DType::F64)?;
    w4(&program)?;
    w5(&program)?;
    for (name, n) in [("W6-1000000", 1_000_000), ("W6-10000", 10_000), ("W6-100", 100)] {
        w6(&program, name, n)?;
    }
    w9(&program)
}

fn tensor(seed: u64, shape: &[usize], scale: f64, dtype: DType) -> Result<Tensor> {
    Tensor::from_vec(lcg(seed, shape.iter().product(), scale), shape, &CPU)?.to_dtype(dtype)
}

fn by_fan_in(fan_in: usize) -> f64 {
    1.0 / (fan_in as f64).sqrt()
}

/// x·W + b.
struct Linear {
    weight: Var,
    bias: Var,
}

impl Linear {
    fn new(seed: u64, fan_in: usize, fan_out: usize, scale: f64, dtype: DType) -> Result<Linear> {
        let weight = Var::from_tensor(&tensor(seed, &[fan_in, fan_out], scale, dtype)?)?;
        Ok(Linear { weight, bias: Var::zeros(fan_out, dtype, &CPU)? })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.matmul(&self.weight)?.broadcast_add(&self.bias)
    }
}

struct Mlp(Vec<Linear>);

impl Mlp {
    fn new(sizes: &[usize], first_seed: u64, scale: fn(usize) -> f64, dtype: DType) -> Result<Mlp> {
        let layer =
            |(seed, size): (u64, &[usize])| Linear::new(seed, size[0], size[1], scale(size[0]), dtype);
        (first_seed..).zip(sizes.windows(2)).map(layer).collect::<Result<_>>().map(Mlp)
    }

    fn forward(&self, x: &Tensor, activation: fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
        let (last, hidden) = self.0.split_last().expect("layers");
        let mut a = x.clone();
        for layer in hidden {
            a = activation(&layer.forward(&a)?)?;
        }
        last.forward(&a)
    }

    fn variables(&self) -> Vec<Var> {
        self.0.iter().flat_map(|layer| [layer.weight.clone(), layer.bias.clone()]).collect()
    }
}

fn train(
    program: &Program,
    workload: &str,
    mut optimizer: impl Optimizer,
    loss: impl Fn() -> Result<Tensor>,
) -> Result<()> {
    let first = loss()?.to_dtype(DType::F64)?.to_scalar()?;
    program.measure(workload, &[first], || optimizer.backward_step(&loss().unwrap()).unwrap());
    Ok(())
}

fn gradients(
    program: &Program,
    workload: &str,
    variables: &[Var],
    loss: impl Fn() -> Result<Tensor>,
) -> Result<()> {
    let (value, grads) = (loss()?, loss()?.backward()?);
    let mut sum = 0.0;
    for variable in variables {
        sum +=
            grads.get(variable).expect("a gradient").to_dtype(DType::F64)?.sum_all()?.to_scalar::<f64>()?;
    }
    program.measure(workload, &[f64::from(value.to_scalar::<f32>()?), sum], || {
        black_box(loss().unwrap().backward().unwrap());
    });
    Ok(())
}

fn w2(program: &Program) -> Result<()> {
    if !program.wants("W2") {
        return Ok(());
    }
    let neuron = Linear {
        weight: Var::new(&[[0.1f32], [0.2], [-0.3]], &CPU)?,
        bias: Var::zeros(1, DType::F32, &CPU)?,
    };
    let (x, y) = (Tensor::new(&[[0.5f32, -1.0, 2.0]], &CPU)?, Tensor::new(&[[1f32]], &CPU)?);
    let sgd = SGD::new(vec![neuron.weight.clone(), neuron.bias.clone()], 0.005)?;
    train(program, "W2", sgd, || (ops::sigmoid(&neuron.forward(&x)?)? - &y)?.sqr()?.mean_all()? * 0.5)
}

fn w3(program: &Program, workload: &str, dtype: DType) -> Result<()> {
    if !program.wants(workload) {
        return Ok(());
    }
    let net = Mlp::new(&[2, 10, 5, 1], 3, |_| 0.5, dtype)?;
    let (x, y) = (tensor(20, &[200, 2], 1.0, dtype)?, tensor(21, &[200, 1], 1.0, dtype)?);
    let sgd = SGD::new(net.variables(), 0.005)?;
    train(program, workload, sgd, || loss::mse(&net.forward(&x, ops::sigmoid)?, &y))
}

fn w4(program: &Program) -> Result<()> {
    if !program.wants("W4") {
        return Ok(());
    }
    let net = Mlp::new(&[784, 256, 128, 10], 1, by_fan_in, DType::F32)?;
    let x = tensor(50, &[64, 784], 1.0, DType::F32)?;
    let labels = Tensor::from_iter((0..64).map(|i| i % 10u32), &CPU)?;
    let adam =
        AdamW::new(net.variables(), ParamsAdamW { lr: 1e-3, weight_decay: 0.0, ..Default::default() })?;
    train(program, "W4", adam, || loss::cross_entropy(&net.forward(&x, Tensor::relu)?, &labels))
}

fn w5(program: &Program) -> Result<()> {
    if !program.wants("W5") {
        return Ok(());
    }
    let net = Mlp::new(&[1024, 4096, 4096, 1024], 1, by_fan_in, DType::F32)?;
    let (x, y) = (tensor(50, &[256, 1024], 1.0, DType::F32)?, tensor(51, &[256, 1024], 1.0, DType::F32)?);
    let sgd = SGD::new(net.variables(), 0.01)?;
    train(program, "W5", sgd, || loss::mse(&net.forward(&x, Tensor::relu)?, &y))
}

fn w6(program: &Program, workload: &str, n: usize) -> Result<()> {
    if !program.wants(workload) {
        return Ok(());
    }
    let variable = |seed| Var::from_tensor(&tensor(seed, &[n], 1.0, DType::F32)?);
    let variables = [variable(60)?, variable(61)?, variable(62)?];
    let [x, y, z] = variables.each_ref().map(|v| v.as_tensor());
    gradients(program, workload, &variables, || {
        let first = ((x * y)? + z)?.tanh()? * ops::sigmoid(x)?;
        let second = (x.sqr()? * 0.5)? * y.neg()?.exp()?;
        (first? + second?)?.sum_all()
    })
}

const WIDTH: usize = 128;
const HEADS: usize = 4;
const BATCH: usize = 8;
const LENGTH: usize = 64;

struct LayerNorm {
    gain: Var,
    bias: Var,
}

impl LayerNorm {
    fn new() -> Result<LayerNorm> {
        Ok(LayerNorm {
            gain: Var::ones(WIDTH, DType::F32, &CPU)?,
            bias: Var::zeros(WIDTH, DType::F32, &CPU)?,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
        let deviation = (centred.sqr()?.mean_keepdim(D::Minus1)? + 1e-5)?.sqrt()?;
        centred.broadcast_div(&deviation)?.broadcast_mul(&self.gain)?.broadcast_add(&self.bias)
    }
}

/// A pre-norm transformer block with causal attention.
struct Block {
    norms: [LayerNorm; 2],
    /// Query, key and value at once; the projection; the two layers of the feed-forward part.
    layers: [Linear; 4],
    mask: Tensor,
}

impl Block {
    fn new() -> Result<Block> {
        let layer = |seed, fan_in, fan_out| Linear::new(seed, fan_in, fan_out, by_fan_in(fan_in), DType::F32);
        let hidden = |i: usize| if i % LENGTH > i / LENGTH { f32::NEG_INFINITY } else { 0.0 };
        Ok(Block {
            norms: [LayerNorm::new()?, LayerNorm::new()?],
            layers: [
                layer(1, WIDTH, 3 * WIDTH)?,
                layer(2, WIDTH, WIDTH)?,
                layer(3, WIDTH, 4 * WIDTH)?,
                layer(4, 4 * WIDTH, WIDTH)?,
            ],
            mask: Tensor::from_iter((0..LENGTH * LENGTH).map(hidden), &CPU)?.reshape((LENGTH, LENGTH))?,
        })
    }

    fn variables(&self) -> Vec<Var> {
        let norms = self.norms.iter().flat_map(|norm| [norm.gain.clone(), norm.bias.clone()]);
        norms.chain(self.layers.iter().flat_map(|layer| [layer.weight.clone(), layer.bias.clone()])).collect()
    }

    /// x is [batch·length, width].
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let [joint, projection, up, down] = &self.layers;
        let x = (x + projection.forward(&self.attention(&joint.forward(&self.norms[0].forward(x)?)?)?)?)?;
        let hidden = up.forward(&self.norms[1].forward(&x)?)?.gelu()?;
        x + down.forward(&hidden)?
    }

    fn attention(&self, qkv: &Tensor) -> Result<Tensor> {
        let size = WIDTH / HEADS;
        let qkv = qkv.reshape((BATCH, LENGTH, 3, HEADS, size))?.permute((2, 0, 3, 1, 4))?.contiguous()?;
        let (q, k, v) = (qkv.get(0)?, qkv.get(1)?, qkv.get(2)?);
        let scores = (q.matmul(&k.transpose(2, 3)?.contiguous()?)? * by_fan_in(size))?;
        let weights = ops::softmax(&scores.broadcast_add(&self.mask)?, D::Minus1)?;
        weights.matmul(&v)?.transpose(1, 2)?.contiguous()?.reshape((BATCH * LENGTH, WIDTH))
    }
}

fn w9(program: &Program) -> Result<()> {
    if !program.wants("W9") {
        return Ok(());
    }
    let block = Block::new()?;
    let x = tensor(70, &[BATCH * LENGTH, WIDTH], 1.0, DType::F32)?;
    gradients(program, "W9", &block.variables(), || block.forward(&x)?.sqr()?.mean_all())
}
