//! A network that solves y″ = −y, y(0) = 0, y′(0) = 1 on [0, 2π]. It is trained on the equation, not on the solution, sin.
//!
//! The trained function is y(t) = r + r²·N(t) with r = 1 − e⁻ᵗ. It has the right value and slope at 0 for any network N.
//! (So has t + t²·N(t), but t² reaches forty at the end of the interval, and training is slow.) The loss is the mean of
//! (y″ + y)² over some times. The times do not influence each other, so the derivatives at all times are the gradient of the
//! sum.

use indicatif::{ProgressBar, ProgressStyle};
use plot::Panel;
use std::error::Error;
use std::f64::consts::{PI, TAU};
use std::process::ExitCode;
use std::time::Instant;
use wengert::prelude::*;

const SIZES: [usize; 4] = [1, 16, 16, 1];
/// The number of times at which the equation must hold.
const TIMES: usize = 64;
const STEPS: usize = 4000;
/// The learning rate falls from the first to the second, by the same factor at every step.
const RATES: [f64; 2] = [1e-2, 1e-4];
/// The largest distance from sin that counts as solved.
const TOLERANCE: f64 = 1e-2;
/// The number of steps between two recorded losses.
const NOTE_EVERY: usize = 10;

/// The result of training.
pub(crate) struct Solution {
    curve: Vec<(f64, f64)>,
    losses: Vec<(f64, f64)>,
    largest_error: f64,
}

/// y(t) for t of [n, 1].
fn trial<'t>(net: &Mlp, t: Var<'t>) -> Var<'t> {
    let rise = 1.0 - (-t).exp();
    // The network sees times between −1 and 1.
    rise + rise.square() * net.forward(t / PI - 1.0)
}

/// The mean of (y″ + y)².
fn loss<'t>(net: &Mlp, t: Var<'t>) -> Var<'t> {
    let y = trial(net, t);
    let [slope] = y.sum().grad([t]);
    let [curvature] = slope.sum().grad([t]);
    (curvature + y).square().mean()
}

/// Trains the network and prints how it went.
pub(crate) fn solve() -> Result<Solution, Box<dyn Error>> {
    let mut params = Params::f64().with_seed(1);
    let net = Mlp::new(&mut params.scope("net"), &SIZES, Activation::Tanh);
    println!("y″ = −y, y(0) = 0, y′(0) = 1 on [0, 2π] by a network that is taught the equation");
    println!(
        "  y(t) = r + r²·N(t) with r = 1 − e⁻ᵗ, N a network of sizes {SIZES:?}, {} parameters",
        params.elements()
    );

    let start = Instant::now();
    let losses = train(&mut params, &net)?;
    let took = start.elapsed();

    let times = grid(401);
    let tape = Tape::with(&params);
    let y: Vec<f64> = trial(&net, tape.constant(&times).reshape([times.len(), 1])).to_vec();
    let largest_error = times.iter().zip(&y).map(|(t, y)| (y - t.sin()).abs()).fold(0.0, f64::max);
    // `fold` with `max` would pass over a NaN.
    let largest_error = if y.iter().all(|y| y.is_finite()) { largest_error } else { f64::NAN };

    let (first, last) = (losses[0].1, losses[losses.len() - 1].1);
    println!("  {STEPS} steps of Adam over {TIMES} times in {:.1} s", took.as_secs_f64());
    println!("  mean of (y″ + y)²: {first:.2e} at the start, {last:.2e} at the end");
    println!("  largest |y − sin t| at {} times: {largest_error:.1e}", times.len());
    Ok(Solution { curve: times.into_iter().zip(y).collect(), losses, largest_error })
}

/// So many times from 0 to 2π.
fn grid(n: usize) -> Vec<f64> {
    (0..n).map(|i| TAU * i as f64 / (n - 1) as f64).collect()
}

/// Gives the loss at some of the steps and after the last.
fn train(params: &mut Params, net: &Mlp) -> Result<Vec<(f64, f64)>, Box<dyn Error>> {
    let times = grid(TIMES);
    let mut adam = Adam::new(RATES[0])?;
    let mut storage = Storage::default();
    let mut losses = Vec::with_capacity(STEPS / NOTE_EVERY + 1);
    // Draws nothing if standard error is no terminal.
    let progress = ProgressBar::new(STEPS as u64);
    progress.set_style(ProgressStyle::with_template("  {bar:40} {pos}/{len} steps, {msg}, {eta} to go")?);
    for step in 0..=STEPS {
        let tape = Tape::reusing(storage, params);
        let loss = loss(net, tape.var(&times).reshape([TIMES, 1]));
        let value = loss.item();
        let gradients = loss.backward();
        storage = tape.into_storage();
        if step % NOTE_EVERY == 0 {
            losses.push((step as f64, value));
            progress.set_message(format!("loss {value:.1e}"));
        }
        if step < STEPS {
            adam.set_learning_rate(RATES[0] * (RATES[1] / RATES[0]).powf(step as f64 / STEPS as f64))?;
            adam.step(params, &gradients)?;
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    Ok(losses)
}

impl Solution {
    /// The solution beside sin, and the loss.
    pub(crate) fn panels(&self) -> [Panel<'static>; 2] {
        let sine: Vec<(f64, f64)> = self.curve.iter().map(|&(t, _)| (t, t.sin())).collect();
        let curve = Panel::new(format!("y″ = −y: largest error {:.1e}", self.largest_error))
            .x_label("t")
            .y_label("y")
            .line("network", &self.curve)
            .dashed("sin t", &sine);
        let loss = Panel::new("Loss: mean of (y″ + y)²")
            .x_label("step")
            .y_label("loss")
            .log_y()
            .line("", &self.losses);
        [curve, loss]
    }

    /// Prints whether the equation is solved and turns it into the exit code.
    pub(crate) fn verdict(&self) -> ExitCode {
        // Not `largest_error > TOLERANCE`, which is false for a NaN.
        if self.largest_error <= TOLERANCE {
            println!("Solved: within {TOLERANCE} of sin everywhere");
            ExitCode::SUCCESS
        } else {
            println!("NOT SOLVED: {:.1e} from sin, {TOLERANCE} allowed", self.largest_error);
            ExitCode::FAILURE
        }
    }
}
