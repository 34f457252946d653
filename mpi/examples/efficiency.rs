//! How much faster a training step is on several ranks: three models, small to large, with one thread for each rank.
//!
//! ```sh
//! cargo build --release --example efficiency
//! for ranks in 1 2; do mpirun --oversubscribe -n $ranks target/release/examples/efficiency; done
//! ```
//!
//! The models have the sizes of W4, W5 and W15 of `benches/peers`. Without `mpirun` it also times the same step as one program that is
//! not cut into shards. Words after the program choose models by their names.

use ndarray::{Array1, Array2, s};
use std::error::Error;
use std::ops::Range;
use std::time::Instant;
use wengert::autograd::{AnyTensor, Outputs};
use wengert::nn::attention::Mask;
use wengert::nn::embedding::{Embedding, Positions};
use wengert::optim::HyperparameterError;
use wengert::parallel::World as _;
use wengert::prelude::*;
use wengert_mpi::World;

const SHARDS: usize = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let world = World::join()?;
    for (name, model) in [("W4", classifier as fn(&World) -> _), ("W5", wide), ("W15", language_model)] {
        if words.is_empty() || words.iter().any(|word| word == name) {
            model(&world)?;
        }
    }
    Ok(())
}

/// A classifier of small images.
fn classifier(world: &World) -> Result<(), Box<dyn Error>> {
    let mut params = Params::f32().with_seed(1);
    let net = Mlp::new(&mut params.scope("net"), &[784, 256, 128, 10], Activation::Relu);
    let (x, y) = (waves(64, 784), Array1::from_iter((0..64).map(|i| i % 10)));
    let trace = |t: &Tape<'_>, rows: usize| {
        let (x, y) = (t.input("x", [rows, 784]), t.input_of("y", DType::I64, [rows]));
        t.outputs(nn::loss::cross_entropy(net.forward(x), y)).with_gradients()
    };
    let inputs = |rows: Range<usize>| -> Inputs {
        vec![Box::new(x.slice(s![rows.clone(), ..]).to_owned()), Box::new(y.slice(s![rows]).to_owned())]
    };
    Timing { world, name: "W4", batch: 64, steps: 300 }.print(params, || Adam::new(1e-3), trace, inputs)
}

/// Wide layers, where matrix products are all, and gradients are many.
fn wide(world: &World) -> Result<(), Box<dyn Error>> {
    let mut params = Params::f32().with_seed(1);
    let net = Mlp::new(&mut params.scope("net"), &[1024, 4096, 4096, 1024], Activation::Relu);
    let (x, y) = (waves(256, 1024), waves(256, 1024));
    let trace = |t: &Tape<'_>, rows: usize| {
        let (x, y) = (t.input("x", [rows, 1024]), t.input("y", [rows, 1024]));
        t.outputs(nn::loss::mse(net.forward(x), y)).with_gradients()
    };
    let inputs = |rows: Range<usize>| -> Inputs {
        vec![Box::new(x.slice(s![rows.clone(), ..]).to_owned()), Box::new(y.slice(s![rows, ..]).to_owned())]
    };
    Timing { world, name: "W5", batch: 256, steps: 8 }.print(params, || Sgd::new(0.01), trace, inputs)
}

/// A small GPT: 6 blocks of width 256 with 8 heads, 4,096 words, texts of 128.
fn language_model(world: &World) -> Result<(), Box<dyn Error>> {
    let (texts, context, words, width) = (16, 128, 4096, 256);
    let mut params = Params::f32().with_seed(1);
    let mut scope = params.scope("gpt");
    let init = Init::Normal(0.02);
    let tokens = Embedding::new(&mut scope.scope("tokens"), words, width, init);
    let positions = Positions::new(&mut scope.scope("positions"), context, width, init);
    let block = |i: usize| TransformerBlock::new(&mut scope.scope(&format!("block{i}")), width, 8);
    let blocks: Vec<TransformerBlock> = (0..6).map(block).collect();
    let norm = LayerNorm::new(&mut scope.scope("norm"), width);
    let head = Linear::without_bias(&mut scope.scope("head"), width, words);
    let read = Array2::from_shape_fn((texts, context), |(i, j)| ((i * 129 + j) * 104_729 % words) as i64);
    let next = Array2::from_shape_fn((texts, context), |(i, j)| ((i * 129 + j + 1) * 104_729 % words) as i64);
    let trace = |t: &Tape<'_>, rows: usize| {
        let [read, next] = ["read", "next"].map(|name| t.input_of(name, DType::I64, [rows, context]));
        let x = positions.forward(tokens.forward(read), 0);
        let x = blocks.iter().fold(x, |x, block| block.forward(x, Mask::Causal));
        let logits = head.forward(norm.forward(x)).reshape([rows * context, words]);
        t.outputs(nn::loss::cross_entropy(logits, next.reshape([rows * context]))).with_gradients()
    };
    let inputs = |rows: Range<usize>| -> Inputs {
        vec![
            Box::new(read.slice(s![rows.clone(), ..]).to_owned()),
            Box::new(next.slice(s![rows, ..]).to_owned()),
        ]
    };
    let adam = || Pipeline::new(AdamW::new(3e-4)?).clip_norm(1.0);
    Timing { world, name: "W15", batch: texts, steps: 8 }.print(params, adam, trace, inputs)
}

type Inputs = Vec<Box<dyn AnyTensor>>;

fn waves(rows: usize, columns: usize) -> Array2<f32> {
    Array2::from_shape_fn((rows, columns), |(i, j)| ((i * columns + j) as f32 * 0.37).sin())
}

/// How a model is timed.
struct Timing<'w> {
    world: &'w World,
    name: &'static str,
    batch: usize,
    steps: usize,
}

impl Timing<'_> {
    fn print<O: Optimizer>(
        &self,
        params: Params,
        optimizer: impl Fn() -> Result<O, HyperparameterError>,
        trace: impl for<'t> Fn(&'t Tape<'t>, usize) -> Outputs,
        inputs: impl Fn(Range<usize>) -> Inputs,
    ) -> Result<(), Box<dyn Error>> {
        let shards = self.world.shards(SHARDS).with_threads(1);
        let sharded = shards.trace(&params, |t| trace(t, self.batch / SHARDS))?;
        let rows = inputs(sharded.part().rows(self.batch));
        let rows: Vec<&dyn AnyTensor> = rows.iter().map(Box::as_ref).collect();
        let (mut model, mut updates) = (params.clone(), optimizer()?);
        let [best, median] = self.times(|| Ok(sharded.step(&mut model, &mut updates, &rows[..])?))?;
        if self.world.rank() == 0 {
            let (ranks, numbers) = (self.world.size(), sharded.numbers());
            println!(
                "{}: {SHARDS} shards, ranks: {ranks}: {best:.2} ms, median {median:.2}; {numbers} numbers",
                self.name
            );
        }
        if self.world.size() == 1 {
            let whole = Program::trace(&params, |t| trace(t, self.batch))?;
            let (mut state, mut model, mut updates) =
                (whole.state().with_threads(1), params.clone(), optimizer()?);
            let all = inputs(0..self.batch);
            let all: Vec<&dyn AnyTensor> = all.iter().map(Box::as_ref).collect();
            let [best, median] =
                self.times(|| Ok(whole.step(&mut state, &mut model, &mut updates, &all[..])?))?;
            println!("{}: one program: {best:.2} ms, median {median:.2}", self.name);
        }
        Ok(())
    }

    /// The shortest and the median time of a step, in milliseconds.
    fn times(
        &self,
        mut step: impl FnMut() -> Result<f64, Box<dyn Error>>,
    ) -> Result<[f64; 2], Box<dyn Error>> {
        step()?;
        let mut times = vec![];
        for _ in 0..self.steps {
            let begun = Instant::now();
            step()?;
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        Ok([times[0], times[self.steps / 2]])
    }
}
