//! A variational autoencoder of handwritten digits: two numbers a picture, and pictures from two numbers.
//!
//! The encoder gives mean μ and deviation σ of z for a picture, z = μ + σ·ε is drawn, and the decoder gives the ink of each pixel. The
//! loss is how many nats the picture costs, given z, and the divergence ½·Σ(μ² + σ² − 1 − ln σ²) of z from a standard normal one.
//! ε comes from a key, which is an input of the program: the same key, the same step. The exit code tells whether
//! the pictures that were held out cost fewer nats than by the mean picture alone.
//!
//! Source: Kingma & Welling, *Auto-Encoding Variational Bayes*, 2014.
//!
//! `cargo run --release --example vae` (`-- --quick`: fewer epochs, no verdict)

use ndarray::{Array2, Axis};
use plot::{Figure, Panel};
use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;
use wengert::prelude::*;

const SIDE: usize = 8;
const PIXELS: usize = SIDE * SIDE;
const HIDDEN: usize = 96;
const BATCH: usize = 64;
/// How many nats fewer than the mean picture a picture has to cost.
const GOAL: f64 = 2.0;

struct Vae {
    encoder: Mlp,
    decoder: Mlp,
}

impl Vae {
    fn new(params: &mut Params) -> Vae {
        Vae {
            encoder: Mlp::new(&mut params.scope("encoder"), &[PIXELS, HIDDEN, HIDDEN, 4], Activation::Gelu),
            decoder: Mlp::new(&mut params.scope("decoder"), &[2, HIDDEN, HIDDEN, PIXELS], Activation::Gelu),
        }
    }

    /// μ and ln σ of \[n, 2\] each.
    fn encode<'t>(&self, x: Var<'t>) -> [Var<'t>; 2] {
        let both = self.encoder.forward(x * 2.0 - 1.0);
        [both.slice(1, 0..2), both.slice(1, 2..4)]
    }

    /// Nats a picture, of pixels between paper, 0, and ink, 1: the cost of the pixels, and that of z.
    fn nats<'t>(&self, x: Var<'t>, key: Var<'t>) -> [Var<'t>; 2] {
        let [mean, log] = self.encode(x);
        let z = mean + log.exp() * key.normal_of(x.dtype(), mean.shape());
        let n = x.shape()[0] as f64;
        let pixels = nn::loss::each::bce_with_logits(self.decoder.forward(z), x).sum() / n;
        let divergence = 0.5 * (mean.square() + (2.0 * log).exp() - 1.0 - 2.0 * log).sum() / n;
        [pixels, divergence]
    }

    /// Pixels of \[n, 64\] for z of \[n, 2\].
    fn decode<'t>(&self, z: Var<'t>) -> Var<'t> {
        self.decoder.forward(z).sigmoid()
    }
}

/// Nats a picture by the mean picture, which needs no z.
fn nats_of_mean(train: &Array2<f32>, held_out: &Array2<f32>) -> f64 {
    let mean = train.mean_axis(Axis(0)).expect("pictures");
    let cost = |(x, p): (&f32, &f32)| {
        let (x, p) = (f64::from(*x), f64::from(*p).clamp(1e-4, 1.0 - 1e-4));
        -(x * p.ln() + (1.0 - x) * (1.0 - p).ln())
    };
    held_out.rows().into_iter().map(|row| row.iter().zip(&mean).map(cost).sum::<f64>()).sum::<f64>()
        / held_out.nrows() as f64
}

/// From one picture to the next on a sheet, with a gap.
const PITCH: usize = SIDE + 2;

/// Pictures side by side, as one.
fn sheet(
    title: &str,
    [rows, columns]: [usize; 2],
    picture: impl Fn(usize, usize) -> Vec<f32>,
) -> Panel<'static> {
    let mut pixels = vec![0.3; rows * columns * PITCH * PITCH];
    for (r, c) in (0..rows).flat_map(|r| (0..columns).map(move |c| (r, c))) {
        for (k, ink) in picture(r, c).into_iter().enumerate() {
            let (i, j) = (r * PITCH + 1 + k / SIDE, c * PITCH + 1 + k % SIDE);
            pixels[i * columns * PITCH + j] = f64::from(ink);
        }
    }
    Panel::new(title).image(rows * PITCH, columns * PITCH, &pixels)
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let quick = std::env::args().any(|a| a == "--quick");
    let epochs = if quick { 3 } else { 150 };
    let digits = datasets::digits();
    let split = datasets::train_test_split(digits.len()).test_size(0.2).stratify(&digits.y);
    let (train, held_out) = split.generate()?.apply(&digits)?;
    let [seen, unseen] = [&train, &held_out].map(|data| data.x.mapv(|ink| (ink / 16.0) as f32));

    let mut params = Params::f32().with_seed(1);
    let vae = Vae::new(&mut params);
    let program = |n: usize| {
        Program::trace(&params, |t| {
            let (x, key) = (t.input("x", [n, PIXELS]), t.input_key("key"));
            let [pixels, divergence] = vae.nats(x, key);
            t.outputs([pixels + divergence, divergence]).with_gradients()
        })
    };
    let (step, look) = (program(BATCH)?, program(unseen.nrows())?);
    let (mut state, mut looking) = (step.state(), look.state());
    let (mut adam, mut rng) = (Adam::new(2e-3)?, datasets::RandomState::new(1));
    let (mut curves, start, mut key) = ([vec![], vec![]], Instant::now(), Key::new(1));
    println!(
        "{} pictures to learn from, {} held out; {} numbers\n",
        seen.nrows(),
        unseen.nrows(),
        params.elements()
    );
    println!("epoch   nats held out   of them z");
    for epoch in 0..=epochs {
        let run = look.run(&mut looking, &params, (&unseen, Key::new(0)))?;
        let (nats, divergence) = (run.item(0), run.item(1));
        curves[0].push((epoch as f64, nats));
        curves[1].push((epoch as f64, divergence));
        if epoch % (epochs / 3).max(1) == 0 {
            println!("{epoch:>5}   {nats:>13.3}   {divergence:>9.3}");
        }
        if epoch == epochs {
            break;
        }
        for batch in rng.permutation(seen.nrows())?.chunks_exact(BATCH) {
            key = key.fold_in(1);
            step.step(&mut state, &mut params, &mut adam, (&seen.select(Axis(0), batch), key))?;
        }
    }
    let (mean, last) = (nats_of_mean(&seen, &unseen), curves[0][epochs].1);
    println!("\n{:.1} s; by the mean picture a picture costs {mean:.3} nats", start.elapsed().as_secs_f64());

    let tape = Tape::with(&params);
    let places = vae.encode(tape.constant(&unseen))[0].to_vec::<f32>();
    let of_digit = |d: i64| {
        let at = |i: usize| (f64::from(places[2 * i]), f64::from(places[2 * i + 1]));
        (0..unseen.nrows()).filter(|&i| held_out.y[i] == d).map(at).collect::<Vec<_>>()
    };
    let mut plane = Panel::new("Held-out digits, as two numbers").x_label("z₀").y_label("z₁").equal_axes();
    for d in 0..10 {
        plane = plane.points(d.to_string(), &of_digit(d));
    }
    let draw = |z: [f32; 2]| vae.decode(tape.constant([z])).to_vec::<f32>();
    const GRID: usize = 12;
    let at = |i: usize| -2.5 + 5.0 * i as f32 / (GRID - 1) as f32;
    let map = sheet("What the decoder draws from −2.5 to 2.5", [GRID, GRID], |r, c| {
        draw([at(c), at(GRID - 1 - r)])
    });
    let pairs = sheet("Held-out digits, and what two numbers keep of them", [6, 10], |r, c| {
        match (r % 2, r / 2 * 10 + c) {
            (0, i) => unseen.row(i).to_vec(),
            (_, i) => draw([places[2 * i], places[2 * i + 1]]),
        }
    });
    let costs =
        Panel::new("Nats a held-out picture").x_label("epoch").line("all", &curves[0]).line("z", &curves[1]);
    let figure = Figure::new("Digits on a plane").size(1300, 1100).columns(2);
    println!("Figure: {}", figure.panel(plane).panel(map).panel(pairs).panel(costs).save("vae")?);
    if quick {
        println!("A short training: no verdict");
        return Ok(ExitCode::SUCCESS);
    }
    let enough = last <= mean - GOAL;
    println!(
        "{}",
        if enough { "Learnt: at least 2 nats cheaper than the mean picture" } else { "NOT LEARNT" }
    );
    Ok(if enough { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
