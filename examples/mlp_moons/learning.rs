//! The run that learns: the same network and loss with Xavier weights and Adam, for five seeds with held-out points.

use super::notebook::{self, heading};
use super::samples::Samples;
use super::training::{EPOCHS, SIZES, Training};
use indicatif::ProgressBar;
use nn::Init;
use std::error::Error;
use wengert::prelude::*;

/// Adam's, found by trying 0.02, 0.05 and 0.1.
const LEARNING_RATE: f64 = 0.05;
/// A seed draws the split and the weights.
pub(crate) const SEEDS: [u32; 5] = [1, 2, 3, 4, 5];
/// Points drawn, of which 200 are trained on as in the notebook.
const POINTS: usize = 1000;
/// Points held out: enough to tell 99 % from 98 %.
const HELD_OUT: usize = 800;
/// The epochs at which the figure shows the network, besides the end.
pub(crate) const LOOKS: [usize; 3] = [0, 50, 300];
/// How many trainings [`run`] makes.
pub(crate) const RUNS: usize = 4 * SEEDS.len();

/// The results of every seed in each way to train, and the data of the first seed's figure.
pub(crate) struct Learning {
    /// Training points of the first seed.
    pub(crate) samples: Samples,
    /// The first seed's run in the way that learns.
    pub(crate) training: Training,
    /// Its parameters at the [`LOOKS`], then at the end.
    pub(crate) looks: Vec<Params>,
    /// A start and an optimiser each, the way that learns first.
    pub(crate) ways: Vec<Way>,
    seeds: Vec<u32>,
}

/// A start and an optimiser, with the shares of training and held-out points that each seed gets right.
pub(crate) struct Way {
    /// What they are.
    pub(crate) name: &'static str,
    /// Of each seed.
    pub(crate) results: Vec<[f64; 2]>,
}

impl Way {
    /// Trains with every seed.
    fn run(
        name: &'static str,
        seeds: &[u32],
        init: Init,
        optimizer: impl Optimizer + Clone,
        bar: &ProgressBar,
    ) -> Result<Way, Box<dyn Error>> {
        let mut results = Vec::with_capacity(seeds.len());
        for &seed in seeds {
            let (train, test) = split(seed)?;
            let mut training = network(seed, init);
            training.train(&train, &mut optimizer.clone(), EPOCHS, bar)?;
            results.push([&train, &test].map(|points| points.accuracy(&training.net, &training.params)));
        }
        Ok(Way { name, results })
    }

    /// The smallest share of held-out points.
    pub(crate) fn worst(&self) -> f64 {
        self.results.iter().fold(1.0, |worst, [_, held_out]| f64::min(worst, *held_out))
    }
}

/// Trains with Xavier weights and Adam, and with one or both replaced by the notebook's choice.
pub(crate) fn run(seeds: &[u32], bar: &ProgressBar) -> Result<Learning, Box<dyn Error>> {
    let (adam, sgd) = (Adam::new(LEARNING_RATE)?, Sgd::new(notebook::LEARNING_RATE)?);
    let (xavier, small) = (Init::XavierNormal, Init::Normal(0.1));
    let ways = vec![
        Way::run("Xavier, Adam 0.05", seeds, xavier, adam.clone(), bar)?,
        Way::run("N(0, 0.1²), Adam 0.05", seeds, small, adam.clone(), bar)?,
        Way::run("Xavier, Sgd 0.01", seeds, xavier, sgd.clone(), bar)?,
        Way::run("N(0, 0.1²), Sgd 0.01", seeds, small, sgd, bar)?,
    ];
    let (training, samples, looks) = watched(adam)?;
    Ok(Learning { samples, training, looks, ways, seeds: seeds.to_vec() })
}

/// The first seed once more, with a copy of the parameters at each look.
fn watched(mut adam: Adam) -> Result<(Training, Samples, Vec<Params>), Box<dyn Error>> {
    let (samples, _) = split(SEEDS[0])?;
    let mut training = network(SEEDS[0], Init::XavierNormal);
    let mut looks = Vec::with_capacity(LOOKS.len());
    for until in LOOKS.into_iter().chain([EPOCHS]) {
        let epochs = until - training.epochs.len();
        training.train(&samples, &mut adam, epochs, &ProgressBar::hidden())?;
        looks.push(training.params.clone());
    }
    Ok((training, samples, looks))
}

/// Points to train on and points held out.
fn split(seed: u32) -> Result<(Samples, Samples), datasets::Error> {
    let data = datasets::make_moons(POINTS).noise(0.1).random_state(42).generate()?;
    let split = datasets::train_test_split(POINTS).test_size(HELD_OUT).stratify(&data.y).random_state(seed);
    let (train, test) = split.generate()?.apply(&data)?;
    Ok((train.into(), test.into()))
}

fn network(seed: u32, weights: Init) -> Training {
    let mut params = Params::f64().with_seed(seed.into());
    let net = Mlp::with_init(&mut params.scope("mlp"), &SIZES, Activation::Sigmoid, weights);
    Training::new(net, params)
}

impl Learning {
    /// The smallest share of held-out points that a seed of the way that learns has right.
    pub(crate) fn worst(&self) -> f64 {
        self.ways[0].worst()
    }

    /// Prints the table of all ways and seeds.
    pub(crate) fn print(&self) {
        heading("The same network, started by Xavier and trained by Adam");
        println!(
            "  {} points of such moons to train on, {HELD_OUT} held out, {EPOCHS} epochs; a seed draws split and weights",
            POINTS - HELD_OUT
        );
        println!("  % of the points right, training / held out; the worst is of the held-out ones");
        println!();
        let seeds: String = self.seeds.iter().map(|seed| format!("{:>15}", format!("seed {seed}"))).collect();
        println!("  {:<22}{seeds}{:>8}", "weights, optimiser", "worst");
        for way in &self.ways {
            let row: String = way
                .results
                .iter()
                .map(|r| format!("{:>7.1} / {:>5.1}", 100.0 * r[0], 100.0 * r[1]))
                .collect();
            println!("  {:<22}{row}{:>8.1}", way.name, 100.0 * way.worst());
        }
        println!();
        println!(
            "  It takes both. From tiny weights Adam's worst seed has {:.1} % right; and without Adam, whose steps",
            100.0 * self.ways[1].worst()
        );
        println!(
            "  do not shrink with the gradient, {EPOCHS} epochs at the notebook's rate are too few from either start."
        );
    }
}
