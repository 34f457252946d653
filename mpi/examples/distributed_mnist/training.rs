//! A training on any world, from its newest checkpoint on.

use ndarray::{Array1, Array2, Axis};
use std::error::Error;
use std::path::PathBuf;
use wengert::nn::BatchNorm;
use wengert::parallel::World;
use wengert::prelude::*;
use wengert::train::{self, Better};

/// Hidden units, and digits.
const UNITS: usize = 128;
const DIGITS: usize = 10;
/// Adam's η at its greatest.
const RATE: f64 = 3e-3;

/// What a training is: all of it decides the bits, but for the owners, the folder, and how often a checkpoint is written.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) steps: u64,
    /// Pictures of a step, on all ranks together.
    pub(crate) batch: usize,
    /// The parts of a step whose gradients are added: the same number on any number of ranks.
    pub(crate) shards: usize,
    pub(crate) dropout: f64,
    pub(crate) seed: u64,
    /// The owner of a slice of the parameters updates it, instead of every rank all of them.
    pub(crate) owners: bool,
    /// Where checkpoints are, and after how many steps there is one.
    pub(crate) folder: PathBuf,
    pub(crate) checkpoint_every: u64,
}

/// What came of it: the same on all ranks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Trained {
    /// The step that the training went on from, if there was a checkpoint.
    pub(crate) resumed: Option<u64>,
    /// The share of held-out pictures that is read right.
    pub(crate) read_right: f64,
    /// Of the bits of weights and running statistics.
    pub(crate) hash: u64,
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

    fn forward<'t>(&self, x: Var<'t>, mode: Mode<'t>) -> Var<'t> {
        let hidden = self.norm.forward(self.hidden.forward(x), &mode).relu();
        self.out.forward(self.dropout.forward(hidden, mode))
    }

    /// The share of pictures that is read right.
    fn score(&self, params: &Params, samples: &Samples) -> f64 {
        let tape = Tape::with(params);
        let read: Vec<i64> = self.forward(tape.constant(&samples.x), Mode::Eval).argmax(-1).to_vec();
        let right = read.iter().zip(&samples.y).filter(|(read, digit)| read == digit).count();
        right as f64 / read.len() as f64
    }
}

/// Trains to the end of the plan. `before` is called before each step, with its number.
pub(crate) fn train(
    world: &impl World,
    plan: &Plan,
    [pictures, held_out]: [Samples; 2],
    before: impl Fn(u64) -> Result<(), train::Error>,
) -> Result<Trained, Box<dyn Error>> {
    let pixels = pictures.x.len_of(Axis(1));
    let mut params = Params::f32().with_seed(plan.seed);
    let net = Net::new(&mut params, pixels, plan.dropout);
    let shards = world.shards(plan.shards).key("key");
    let shards = if plan.owners { shards.owners_update() } else { shards };
    let rows = plan.batch / plan.shards;
    let step = shards.trace(&params, |t| {
        let (x, y) = (t.input("x", [rows, pixels]), t.input_of("y", DType::I64, [rows])); // of one shard
        let logits = net.forward(x, Mode::Train(t.input_key("key")));
        t.outputs(nn::loss::cross_entropy(logits, y)).with_gradients()
    })?;
    let part = step.part();
    let batches =
        Batches::of((pictures.x, pictures.y), plan.batch, |rows| rows.shuffle(Key::new(1)).drop_last())
            .part(move |rows| part.rows(rows));
    let rate = Schedule::warmup(RATE, 0.1, 10).then(Schedule::cosine(RATE, RATE / 100.0, plan.steps));
    let mut session = Session::new(params, Pipeline::new(Adam::new(RATE)?).clip_norm(1.0)?);
    let mut trainer = Trainer::new(&plan.folder)
        .steps(plan.steps)
        .schedule(rate)
        .checkpoint_every(plan.checkpoint_every)
        .best("read right", Better::Larger);
    let report = trainer.run_on(
        &step,
        &mut session,
        &batches,
        |session, (x, y)| {
            before(session.step())?;
            let key = session.step_key();
            Ok(step.step(&mut session.params, &mut session.optimizer, (x, y, key))?)
        },
        |session| Ok([("read right", net.score(&session.params, &held_out))]),
    )?;
    Ok(Trained {
        resumed: report.resumed,
        read_right: net.score(&session.params, &held_out),
        hash: hash(&session.params),
    })
}

/// FNV-1a of the bits of all parameters and buffers.
fn hash(params: &Params) -> u64 {
    let weights = params.iter().flat_map(|p| params.get::<f32>(p));
    let buffers = params.buffers().flat_map(|b| params.buffer_values::<f32>(b));
    let bytes = weights.chain(buffers).flat_map(|x| x.to_bits().to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}
