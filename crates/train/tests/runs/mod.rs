//! A small training run with a part of everything that can differ after a restart: a buffer, an average of the weights, noise by keys, changed batches, a
//! schedule, a plateau in the session's numbers, shuffling, a smaller last batch.

use autograd::ndarray::{Array1, Array2};
use autograd::{Buffer, Key, Param, Params, Program, Tape, Var};
use optim::{Adam, Average, Pipeline, Schedule};
use std::fs;
use std::path::{Path, PathBuf};
use train::log::{Csv, JsonLines};
use train::{Batches, Better, Error, Report, Session, Trainer};

pub(crate) type Own = Session<Pipeline<Adam>>;
pub(crate) type Batch = (Array2<f64>, Array1<f64>);

/// A network of one hidden layer, and the mean of what went through it.
#[derive(Clone, Copy)]
pub(crate) struct Model {
    first: Param,
    second: Param,
    mean: Buffer,
}

impl Model {
    pub(crate) fn loss<'t>(&self, t: &'t Tape<'t>, x: Var<'t>, y: Var<'t>, key: Var<'t>) -> Var<'t> {
        let hidden = (x.matmul(t.param(self.first)) + 0.05 * key.normal([8])).tanh();
        t.write(self.mean, t.buffer(self.mean) * 0.9 + hidden.mean_over(0) * 0.1);
        let out = hidden.matmul(t.param(self.second)).reshape(y.shape());
        (out - y).square().mean()
    }
}

pub(crate) fn session() -> (Own, Model) {
    let mut params = Params::f64();
    let mut net = params.scope("net");
    let start = |n: usize, by: f64| (0..n).map(|i| (i as f64 * by).sin()).collect::<Vec<f64>>();
    let model = Model {
        first: net.param("first", [3, 8], &start(24, 1.7)[..]),
        second: net.param("second", [8, 1], &start(8, 0.9)[..]),
        mean: net.buffer("mean", [8], 0.0),
    };
    let optimizer = Pipeline::new(Adam::new(0.01).unwrap()).clip_norm(1.0).unwrap().accumulate(2).unwrap();
    let average = Average::warmed_up(0.9).unwrap();
    (Session::new(params, optimizer).with_key(Key::new(11)).with_average(average), model)
}

/// 22 rows in batches of 4; the last one has 2.
pub(crate) fn batches() -> Batches<Batch> {
    let x = Array2::from_shape_fn((22, 3), |(i, j)| (i as f64 * 0.7 + j as f64).cos());
    let y = x.map_axis(autograd::ndarray::Axis(1), |row| row[0] * row[1] - row[2]);
    Batches::of((x, y), 4, |loader| loader.shuffle(Key::new(5)))
        .map(|(x, y), key| (x + key.words()[0] as f64 * 1e-21, y))
}

pub(crate) fn trainer(folder: &Path) -> Trainer<'static> {
    Trainer::new(folder)
        .epochs(6)
        .best("error", Better::Smaller)
        .checkpoint_every(4)
        .schedule(Schedule::cosine(0.05, 0.001, 36))
        .log(Csv::new(folder.join("log.csv")))
        .log(JsonLines::new(folder.join("log.jsonl")))
}

/// The distance of the sum of all weights to what it passes in the third epoch, and a count in the session's numbers.
pub(crate) fn validate(session: &Own) -> Result<[(&'static str, f64); 2], Error> {
    let sum = session.params.slab_of::<f64>().iter().map(|w| w.abs()).sum::<f64>();
    Ok([("error", (sum - 18.8).abs()), ("seen", session.numbers.get("seen").copied().unwrap_or(0.0))])
}

fn seen(session: &mut Own, rows: usize) {
    *session.numbers.entry("seen".to_owned()).or_insert(0.0) += rows as f64;
}

pub(crate) fn eager(session: &mut Own, model: Model, (x, y): &Batch) -> Result<f64, Error> {
    seen(session, y.len());
    let noise = session.step_key();
    session.eager(|t| model.loss(t, t.constant(x), t.constant(y), t.constant(noise)))
}

/// A run from the session that a program has at its start.
pub(crate) fn run(trainer: &mut Trainer<'_>) -> Result<(Report, Own), Error> {
    let (mut session, model) = session();
    let report = trainer.run(&mut session, &batches(), |s, batch| eager(s, model, batch), validate)?;
    Ok((report, session))
}

/// The same by programs, one for each number of rows, on so many threads.
pub(crate) fn run_planned(trainer: &mut Trainer<'_>, threads: usize) -> Result<(Report, Own), Error> {
    let (mut session, model) = session();
    let mut planned = [4, 2].map(|rows| {
        let program = Program::trace(&session.params, |t| {
            let (x, y, key) = (t.input("x", [rows, 3]), t.input("y", [rows]), t.input_key("key"));
            t.outputs(model.loss(t, x, y, key)).with_gradients()
        });
        let program = program.unwrap();
        let state = program.state().with_threads(threads);
        (program, state)
    });
    let step = |session: &mut Own, (x, y): &Batch| {
        seen(session, y.len());
        let (program, state) = &mut planned[usize::from(y.len() == 2)];
        let key = session.step_key();
        session.planned(program, state, (x, y, key))
    };
    let report = trainer.run(&mut session, &batches(), step, validate)?;
    Ok((report, session))
}

/// An empty folder for a test.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    folder
}

/// All files of a folder with what is in them, but for that of its lock.
pub(crate) fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.ends_with(".lock"))
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap()))
        .collect();
    all.sort();
    all
}
