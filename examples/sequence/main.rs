//! An LSTM forecasts a series with two seasons, a drift and noise, and is compared with forecasts that need no network.
//!
//! The network reads 48 values and forecasts the next 24 at once. It never sees the last fifth of the series while it learns.
//! Beside it: the last value again, and the value a season ago. The exit code tells whether the network beats both.
//!
//! Source of the layer: Hochreiter & Schmidhuber, *Long Short-Term Memory*, 1997.
//!
//! `cargo run --release --example sequence` (`-- --quick`: fewer steps, no verdict)

use ndarray::{Array2, Array3};
use plot::{Figure, Panel};
use std::error::Error;
use std::f64::consts::TAU;
use std::process::ExitCode;
use std::time::Instant;
use wengert::nn::Lstm;
use wengert::prelude::*;

/// How many values are read, and how many are forecast.
const READ: usize = 48;
const AHEAD: usize = 24;
/// The long season and the short one.
const SEASONS: [usize; 2] = [24, 7];
const LENGTH: usize = 2000;
const UNITS: usize = 32;
const BATCH: usize = 32;
const NOISE: f64 = 0.1;

/// A season of 24 whose height swells and ebbs, one of 7, and noise.
fn series() -> Vec<f64> {
    let mut rng = datasets::RandomState::new(11);
    let season = |t: usize, length: usize| (TAU * t as f64 / length as f64).sin();
    let value = |t: usize| (1.0 + 0.5 * season(t, 300)) * season(t, SEASONS[0]) + 0.4 * season(t, SEASONS[1]);
    (0..LENGTH).map(|t| value(t) + NOISE * rng.standard_normal()).collect()
}

struct Forecaster {
    lstm: Lstm,
    head: Linear,
}

impl Forecaster {
    fn new(params: &mut Params) -> Forecaster {
        let lstm = Lstm::new(&mut params.scope("lstm"), 1, UNITS);
        Forecaster { lstm, head: Linear::new(&mut params.scope("head"), UNITS, AHEAD) }
    }

    /// The next values of \[n, ahead\], from those of \[time, n, 1\].
    fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        let (all, _) = self.lstm.forward(x, None, None);
        self.head.forward(all.index(0, -1))
    }
}

/// What is read, of \[time, n, 1\], and what follows, of \[n, ahead\], for windows that begin at these places.
fn windows(series: &[f64], starts: &[usize]) -> (Array3<f64>, Array2<f64>) {
    let read = Array3::from_shape_fn((READ, starts.len(), 1), |(t, i, _)| series[starts[i] + t]);
    let next = Array2::from_shape_fn((starts.len(), AHEAD), |(i, t)| series[starts[i] + READ + t]);
    (read, next)
}

/// The root mean square of the distance.
fn rms(errors: impl Iterator<Item = f64>) -> f64 {
    let (n, sum) = errors.fold((0, 0.0), |(n, sum), e| (n + 1, sum + e * e));
    (sum / f64::from(n)).sqrt()
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let quick = std::env::args().any(|a| a == "--quick");
    let steps: usize = if quick { 50 } else { 2500 };
    let series = series();
    let border = LENGTH * 4 / 5;
    let mut params = Params::f64().with_seed(1);
    let net = Forecaster::new(&mut params);
    let program = Program::trace(&params, |t| {
        let (x, y) = (t.input("x", [READ, BATCH, 1]), t.input("y", [BATCH, AHEAD]));
        t.outputs(nn::loss::mse(net.forward(x), y)).with_gradients()
    })?;

    println!(
        "{} numbers forecast {AHEAD} values from {READ}; the noise alone is {NOISE}\n",
        params.elements()
    );
    println!(" step   √mean squared error");
    let rate = Schedule::warmup(1e-2, 1e-3, 50).then(Schedule::cosine(1e-2, 1e-4, steps as u64));
    let mut clipped = Pipeline::new(Adam::new(1e-2)?).clip_norm(1.0)?;
    let (mut state, mut rng, mut losses) = (program.state(), datasets::RandomState::new(1), vec![]);
    let start = Instant::now();
    for step in 0..=steps {
        let starts = rng.choice(border - READ - AHEAD, BATCH)?;
        let (x, y) = windows(&series, &starts);
        clipped.set_hyperparameter("learning_rate", rate.at(step as u64))?;
        let loss = program.step(&mut state, &mut params, &mut clipped, (&x, &y))?;
        if step % (steps / 50) == 0 {
            losses.push((step as f64, loss.sqrt()));
        }
        if step % (steps / 5) == 0 {
            println!("{step:>5}   {:.4}", loss.sqrt());
        }
    }
    println!("\n{:.2} ms a step", start.elapsed().as_secs_f64() * 1e3 / (steps + 1) as f64);

    let starts: Vec<usize> = (border..LENGTH - READ - AHEAD).collect();
    let (x, y) = windows(&series, &starts);
    let tape = Tape::with(&params);
    let forecast = net.forward(tape.constant(&x)).to_vec::<f64>();
    let (season, last) = (SEASONS[0], READ - 1);
    let by = |f: &dyn Fn(usize, usize) -> f64| {
        rms((0..starts.len()).flat_map(|i| (0..AHEAD).map(move |t| (i, t))).map(|(i, t)| f(i, t) - y[[i, t]]))
    };
    let errors = [
        ("the network", by(&|i, t| forecast[i * AHEAD + t])),
        ("the last value", by(&|i, _| x[[last, i, 0]])),
        ("a season ago", by(&|i, t| x[[READ + t - season, i, 0]])),
    ];
    println!("root mean square error on the fifth of the series that was held out:");
    for (name, error) in errors {
        println!("  {name:<16} {error:.3}");
    }

    let time = |from: usize, v: &[f64]| {
        v.iter().enumerate().map(|(t, &v)| ((from + t) as f64, v)).collect::<Vec<_>>()
    };
    let shown = border..border + 6 * AHEAD + READ;
    let mut panel =
        Panel::new("Six forecasts of 24 values, one after the other").x_label("time").y_label("value");
    panel = panel.line("series", &time(shown.start, &series[shown]));
    let all: Vec<(f64, f64)> = (0..6)
        .flat_map(|k| time(starts[k * AHEAD] + READ, &forecast[k * AHEAD * AHEAD..(k * AHEAD + 1) * AHEAD]))
        .collect();
    panel = panel.dashed("forecast", &all);
    let training =
        Panel::new("Training").x_label("step").y_label("√mean squared error").log_y().line("", &losses);
    let figure = Figure::new("An LSTM forecasts").size(1500, 480).columns(2);
    println!("Figure: {}", figure.panel(panel).panel(training).save("sequence")?);
    if quick {
        println!("A short training: no verdict");
        return Ok(ExitCode::SUCCESS);
    }
    let better = errors[0].1 < errors[1].1.min(errors[2].1);
    println!("{}", if better { "Better than both" } else { "NOT BETTER" });
    Ok(if better { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
