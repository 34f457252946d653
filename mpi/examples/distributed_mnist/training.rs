//! A training on any world, from its newest checkpoint on.

use autograd::{DType, Key, Params};
use files::{Checkpoint, Keeper};
use ndarray::{Array1, Array2, Axis};
use nn::{Activation, BatchNorm, Dropout, Init, Linear, Mode};
use optim::{Adam, Average, Optimizer, Pipeline, Schedule};
use parallel::{Shards, World};
use std::error::Error;
use std::path::PathBuf;
use train::Loader;

/// Hidden units, and digits.
const UNITS: usize = 128;
const DIGITS: usize = 10;
/// Adam's η at its greatest.
const RATE: f64 = 3e-3;

/// What a training is: all of it decides the bits, but for the folder, the owners, and how often a checkpoint is written.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) steps: u64,
    /// Pictures of a step, on all ranks together.
    pub(crate) batch: usize,
    /// The parts of a step whose gradients are added: the same number on any number of ranks.
    pub(crate) shards: usize,
    pub(crate) dropout: f64,
    /// The owner of a slice of the parameters updates it, instead of every rank all of them.
    pub(crate) owners: bool,
    /// Where checkpoints are, and after how many steps there is one.
    pub(crate) checkpoints: Option<(PathBuf, u64)>,
}

/// What came of it: the same on all ranks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Trained {
    pub(crate) resumed: u64,
    pub(crate) loss: f64,
    /// The share of held-out pictures that is read right, by the averaged weights.
    pub(crate) read_right: f64,
    /// Of the bits of weights, running statistics and averaged weights.
    pub(crate) hash: u64,
    /// How many numbers are added in a step.
    pub(crate) numbers: usize,
}

/// Pictures, \[n, pixels\] with ink from 0 to 1, and their digits.
pub(crate) struct Samples {
    pub(crate) x: Array2<f32>,
    pub(crate) y: Array1<i64>,
}

impl Samples {
    /// Those to learn from and those held out: the small digits that come with `datasets`.
    pub(crate) fn small() -> Result<[Samples; 2], Box<dyn Error>> {
        let digits = datasets::digits();
        let split = datasets::train_test_split(digits.len()).test_size(0.2).stratify(&digits.y);
        let (train, held_out) = split.generate()?.apply(&digits)?;
        Ok([train, held_out].map(|data| Samples { x: data.x.mapv(|ink| (ink / 16.0) as f32), y: data.y }))
    }

    /// Those of the four files of MNIST in a folder.
    pub(crate) fn mnist(folder: &str) -> Result<[Samples; 2], Box<dyn Error>> {
        let (train, held_out) = datasets::idx::mnist(folder)?;
        Ok([train, held_out].map(|images| {
            let x = images.x_f32();
            let (n, pixels): (usize, usize) = (x.len_of(Axis(0)), x.shape()[1..].iter().product());
            let x = x.into_shape_with_order((n, pixels)).expect("pixels follow each other");
            Samples { x, y: images.y }
        }))
    }

    fn rows(&self, rows: &[usize]) -> (Array2<f32>, Array1<i64>) {
        (self.x.select(Axis(0), rows), self.y.select(Axis(0), rows))
    }
}

struct Net {
    hidden: Linear,
    norm: BatchNorm,
    dropout: Dropout,
    out: Linear,
}

impl Net {
    fn new(params: &mut Params, pixels: usize, dropout: f64) -> Net {
        let init = Init::kaiming_normal(Activation::Relu.gain());
        Net {
            hidden: Linear::with_init(&mut params.scope("hidden"), pixels, UNITS, init, Init::Zeros),
            norm: BatchNorm::new(&mut params.scope("norm"), UNITS),
            dropout: Dropout::new(dropout),
            out: Linear::new(&mut params.scope("out"), UNITS, DIGITS),
        }
    }

    fn forward<'t>(&self, x: autograd::Var<'t>, mode: Mode<'t>) -> autograd::Var<'t> {
        let hidden = self.norm.forward(self.hidden.forward(x), &mode).relu();
        self.out.forward(self.dropout.forward(hidden, mode))
    }
}

/// Trains to the end of the plan. `before` is called before each step, with its number.
pub(crate) fn train(
    world: &impl World,
    plan: &Plan,
    [train, held_out]: &[Samples; 2],
    mut before: impl FnMut(u64) -> Result<(), Box<dyn Error>>,
) -> Result<Trained, Box<dyn Error>> {
    let pixels = train.x.len_of(Axis(1));
    let mut params = Params::f32().with_seed(1);
    let net = Net::new(&mut params, pixels, plan.dropout);
    let mut shards: Shards<'_> = world.shards(plan.shards).key("key");
    if plan.owners {
        shards = shards.owners_update();
    }
    let rows = plan.batch / plan.shards;
    let step = shards.trace(&params, |t| {
        let (x, y) = (t.input("x", [rows, pixels]), t.input_of("y", DType::I64, [rows]));
        let logits = net.forward(x, Mode::Train(t.input_key("key")));
        t.outputs(nn::loss::cross_entropy(logits, y)).with_gradients()
    })?;
    let mut adam = Pipeline::new(Adam::new(RATE)?).clip_norm(1.0)?;
    let mut average = Average::exponential(0.98)?;
    let rate = Schedule::warmup(RATE, 0.1, 10).then(Schedule::cosine(RATE, RATE / 100.0, plan.steps));
    let loader = Loader::new(train.y.len(), plan.batch).shuffle(Key::new(1)).drop_last();

    let keeper = plan.checkpoints.as_ref().map(|(folder, every)| (Keeper::new(folder), *every));
    let newest = keeper.as_ref().map_or(Ok(None), |(keeper, _)| keeper.newest())?;
    let mut resumed = 0;
    if let Some((at, checkpoint)) = newest {
        step.check_shards(checkpoint.count("shards")? as usize)?;
        checkpoint.load_params(&mut params)?;
        step.set_optimizer_state(&params, &mut adam, &checkpoint.optimizer("adam")?)?;
        average.set_state(&params, &checkpoint.optimizer("average")?)?;
        resumed = at;
    }
    let (mut loss, key) = (f64::NAN, Key::new(2));
    for done in resumed..plan.steps {
        before(done)?;
        let batch = loader.rows(loader.position(done));
        let (x, y) = train.rows(&batch[shards.part().rows(plan.batch)]);
        adam.set_learning_rate(rate.at(done))?;
        loss = step.step(&mut params, &mut adam, (&x, &y, key.fold_in(done)))?;
        average.update(&params);
        let Some((keeper, every)) = &keeper else { continue };
        if (done + 1).is_multiple_of(*every) {
            let state = step.optimizer_state(&params, &adam)?; // of all ranks, where each has a part
            if world.rank() == 0 {
                let checkpoint = Checkpoint::new().with_params(&params).with_optimizer("adam", &state);
                let checkpoint = checkpoint.with_optimizer("average", &average.state(&params));
                keeper.write(done + 1, &checkpoint.with_count("shards", plan.shards as u64))?;
            }
        }
    }
    let of_weights = hash(0xcbf2_9ce4_8422_2325, &params);
    average.swap(&mut params);
    let tape = autograd::Tape::with(&params);
    let logits = net.forward(tape.constant(&held_out.x), Mode::Eval);
    let read: Vec<i64> = logits.argmax(-1).to_vec();
    let right = read.iter().zip(&held_out.y).filter(|(read, digit)| read == digit).count();
    Ok(Trained {
        resumed,
        loss,
        read_right: right as f64 / read.len() as f64,
        hash: hash(of_weights, &params),
        numbers: step.numbers(),
    })
}

/// FNV-1a of the bits of all parameters and buffers, going on from another hash.
fn hash(from: u64, params: &Params) -> u64 {
    let weights = params.iter().flat_map(|p| params.get::<f32>(p));
    let buffers = params.buffers().flat_map(|b| params.buffer_values::<f32>(b));
    let bytes = weights.chain(buffers).flat_map(|x| x.to_bits().to_le_bytes());
    bytes.fold(from, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}
