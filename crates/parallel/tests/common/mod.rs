//! A model with everything that could differ between ranks: dropout, batch normalisation, and around it clipping, a schedule, Adam and
//! an average of the weights.
#![allow(dead_code, reason = "each test uses a part")]

use autograd::ndarray::{Array, Array1, Array2, s};
use autograd::{DType, Gradients, Key, Optimizer, Outputs, Param, Params, Program, Tape};
use nn::{Activation, BatchNorm, Dropout, Linear, Mode, loss};
use optim::{Adam, Average, Pipeline, Schedule};
use parallel::{Error, ShardedStep, Shards, World};

/// 24 rows a batch: a multiple of 8 and of 12.
pub(crate) const ROWS: usize = 24;
pub(crate) const STEPS: u64 = 6;

#[derive(Clone)]
pub(crate) struct Model {
    first: Linear,
    norm: BatchNorm,
    last: Linear,
    pub(crate) dropout: Dropout,
}

pub(crate) fn model() -> (Params, Model) {
    let mut params = Params::f32().with_seed(3);
    let mut net = params.scope("net");
    let first = Linear::new(&mut net.scope("0"), 3, 7);
    let norm = BatchNorm::new(&mut net.scope("1"), 7);
    let last = Linear::new(&mut net.scope("2"), 7, 5);
    (params, Model { first, norm, last, dropout: Dropout::new(0.25) })
}

impl Model {
    /// The loss of a shard of so many rows, and the share of rows that are classified right.
    pub(crate) fn trace<'t>(&self, t: &'t Tape<'t>, rows: usize) -> Outputs {
        let x = t.input("x", [rows, 3]);
        let labels = t.input_of("labels", DType::I64, [rows]);
        let mode = Mode::Train(t.input_key("key"));
        let h = self.norm.forward(self.first.forward(x), &mode);
        let h = self.dropout.forward(Activation::Relu.apply(h), mode);
        let scores = self.last.forward(h);
        let [found, expected] = [scores.argmax(-1), labels].map(|x| x.cast(DType::F32)); // devices compare floats alone
        let right = found.eq(expected).cast(DType::F32).mean();
        t.outputs([loss::cross_entropy(scores, labels), right]).with_names(["loss", "right"]).with_gradients()
    }
}

/// The rows of a step.
pub(crate) fn batch(step: u64) -> (Array2<f32>, Array1<i64>) {
    let number = |i: usize| ((i as f64 + 100.0 * step as f64) * 0.618_034).fract() as f32 * 4.0 - 2.0;
    let x = Array::from_shape_fn([ROWS, 3], |(i, j)| number(3 * i + j));
    let labels = (0..ROWS).map(|i| ((number(3 * i) + 2.0) * 1.2499) as i64).collect();
    (x, labels)
}

pub(crate) fn key(step: u64) -> Key {
    Key::new(11).fold_in(step)
}

pub(crate) fn optimizer() -> Pipeline<Adam> {
    let adam = Adam::new(0.05).unwrap().group("*.bias", |adam| adam.learning_rate = 0.01).unwrap();
    Pipeline::new(adam).clip_norm(0.5).unwrap()
}

pub(crate) fn schedule() -> Schedule {
    Schedule::cosine(0.05, 0.001, STEPS)
}

/// What a training leaves: parameters, buffers, the average of the weights.
pub(crate) struct Trained {
    pub(crate) params: Params,
    pub(crate) average: Average,
    pub(crate) losses: Vec<f64>,
}

impl Trained {
    /// A hash of all bits.
    pub(crate) fn hash(&self) -> u64 {
        let averages = self.params.iter().flat_map(|p| self.average.get::<f32>(&self.params, p).to_vec());
        let buffers = self.params.buffers().flat_map(|b| self.params.buffer_values::<f32>(b).to_vec());
        let numbers = self.params.slab_of::<f32>().iter().copied().chain(averages).chain(buffers);
        let bits = numbers.map(|x| u64::from(x.to_bits())).chain(self.losses.iter().map(|x| x.to_bits()));
        bits.fold(0xcbf2_9ce4_8422_2325, |h, x| (h ^ x).wrapping_mul(0x100_0000_01b3))
    }
}

pub(crate) fn traced<'w>(
    shards: &Shards<'w>,
    params: &Params,
    model: &Model,
    count: usize,
) -> Result<ShardedStep<'w>, Error> {
    shards.clone().key("key").trace(params, |t| model.trace(t, ROWS / count))
}

/// Makes a step of this rank's rows.
pub(crate) fn step(
    step: &ShardedStep<'_>,
    number: u64,
    params: &mut Params,
    optimizer: &mut impl Optimizer,
) -> Result<Vec<f64>, Error> {
    let ((x, labels), rows) = (batch(number), step.part().rows(ROWS));
    let inputs = (x.slice(s![rows.clone(), ..]), labels.slice(s![rows]), key(number));
    step.step_outputs(params, optimizer, inputs)
}

/// How a step is cut.
pub(crate) type Change = for<'w> fn(Shards<'w>) -> Shards<'w>;

/// Trains on this rank.
pub(crate) fn train(world: &impl World, count: usize, change: Change) -> Result<Trained, Error> {
    let (mut params, model) = model();
    let sharded = traced(&change(world.shards(count)), &params, &model, count)?;
    let (mut optimizer, mut average) = (optimizer(), Average::exponential(0.9).unwrap());
    let mut losses = vec![];
    for number in 0..STEPS {
        optimizer.set_learning_rate(schedule().at(number)).unwrap();
        losses.extend(step(&sharded, number, &mut params, &mut optimizer)?);
        average.update(&params);
    }
    Ok(Trained { params, average, losses })
}

/// The numbers of a node of the tree, written out once more: the left one has ⌈n/2⌉ shards.
fn tree(shards: &[Vec<f32>]) -> Vec<f32> {
    match shards {
        [one] => one.clone(),
        _ => {
            let (left, right) = shards.split_at(shards.len().div_ceil(2));
            tree(left).iter().zip(tree(right)).map(|(a, b)| a + b).collect()
        }
    }
}

/// One after the other.
fn row(shards: &[Vec<f32>]) -> Vec<f32> {
    let add = |sum: Vec<f32>, x: &Vec<f32>| sum.iter().zip(x).map(|(a, b)| a + b).collect();
    shards[1..].iter().fold(shards[0].clone(), add)
}

/// Trains by programs and an optimiser alone, without anything of the crate: one gradient after the other. `in_order` adds in
/// another order.
pub(crate) fn by_hand(count: usize, in_order: bool) -> Trained {
    let (mut params, model) = model();
    let program = Program::trace(&params, |t| model.trace(t, ROWS / count)).unwrap();
    let mut state = program.state().with_threads(1);
    let (mut optimizer, mut average) = (optimizer(), Average::exponential(0.9).unwrap());
    let mut losses = vec![];
    let each = ROWS / count;
    for number in 0..STEPS {
        let (x, labels) = batch(number);
        let shard = |s: usize| {
            let rows = s * each..(s + 1) * each;
            let (x, labels) = (x.slice(s![rows.clone(), ..]), labels.slice(s![rows]));
            let run = program.run(&mut state, &params, (x, labels, key(number).fold_in(s as u64))).unwrap();
            let mut numbers = run.grads().slab_of::<f32>().to_vec();
            numbers.extend([run.item("loss") as f32, run.item("right") as f32]);
            let mut written = params.clone();
            run.write_back(&mut written);
            params.buffers().for_each(|b| numbers.extend_from_slice(written.buffer_values::<f32>(b)));
            numbers
        };
        let shards: Vec<Vec<f32>> = (0..count).map(shard).collect();
        let sum = if in_order { row(&shards) } else { tree(&shards) };
        let mean: Vec<f32> = sum.into_iter().map(|x| x / count as f32).collect();
        let mut grads = Gradients::zeros(&params);
        for p in params.iter() {
            grads.get_mut::<f32>(p).unwrap().copy_from_slice(&mean[params.range(p)]);
        }
        optimizer.set_learning_rate(schedule().at(number)).unwrap();
        optimizer.step(&mut params, &grads).unwrap();
        let mut rest = &mean[params.elements()..];
        losses.extend(rest[..2].iter().map(|x| f64::from(*x)));
        rest = &rest[2..];
        for b in params.buffers() {
            let (now, later) = rest.split_at(params.buffer_shape(b).elements());
            let shaped = Array::from_shape_vec(&params.buffer_shape(b)[..], now.to_vec()).unwrap();
            params.set_buffer(b, shaped);
            rest = later;
        }
        average.update(&params);
    }
    Trained { params, average, losses }
}

/// All parameters, for a test that changes one.
pub(crate) fn first(params: &Params) -> Param {
    params.iter().next().unwrap()
}
