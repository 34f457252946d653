//! Two networks solve partial differential equations that they are taught, not the solutions.
//!
//! * Heat, uₜ = α·uₓₓ on [0, 1], u = sin πx at the start, 0 at both ends. The solution is e^(−απ²t)·sin πx.
//! * Burgers, uₜ + u·uₓ = ν·uₓₓ on [−1, 1], u = −sin πx at the start, 0 at both ends: a wave that steepens. Its solution is an
//!   integral (Cole 1951, Hopf 1950), which is computed here to compare.
//!
//! A trial function has the right start and ends whatever the network N is: u = u₀(x) + t·b(x)·N(t, x), where b is 0 at the ends. The
//! loss is the mean square of what is left of the equation at 1,000 points. It has second derivatives of the network, and is
//! differentiated once more by the weights (Raissi, Perdikaris & Karniadakis 2019). The exit code tells whether both are solved.
//!
//! `cargo run --release --example pinn` (`-- --quick`: fewer steps, no verdict)

use plot::{Figure, Panel};
use std::error::Error;
use std::f64::consts::PI;
use std::process::ExitCode;
use std::time::Instant;
use wengert::prelude::*;

const POINTS: usize = 1000;
/// The largest mean distance from the solution that counts as solved.
const GOAL: f64 = 0.01;

/// An equation with its start, its ends and its solution.
struct Equation {
    name: &'static str,
    x: [f64; 2],
    /// What has to be 0, of u, uₜ, uₓ, uₓₓ.
    residual: for<'t> fn([Var<'t>; 4]) -> Var<'t>,
    /// u at time 0, which is 0 at both ends.
    start: for<'t> fn(Var<'t>) -> Var<'t>,
    solution: fn(f64, f64) -> f64,
}

const ALPHA: f64 = 0.2;
const NU: f64 = 0.05;

const HEAT: Equation = Equation {
    name: "Heat",
    x: [0.0, 1.0],
    residual: |[_, ut, _, uxx]| ut - ALPHA * uxx,
    start: |x| (x * PI).sin(),
    solution: |t, x| (-ALPHA * PI * PI * t).exp() * (PI * x).sin(),
};

const BURGERS: Equation = Equation {
    name: "Burgers",
    x: [-1.0, 1.0],
    residual: |[u, ut, ux, uxx]| ut + u * ux - NU * uxx,
    start: |x| -(x * PI).sin(),
    solution: cole_hopf,
};

/// u(t, x) = −∫ sin π(x−η)·w dη / ∫ w dη with w = exp(−cos π(x−η)/2πν − η²/4νt), by the trapezoidal rule.
fn cole_hopf(t: f64, x: f64) -> f64 {
    if t == 0.0 {
        return -(PI * x).sin();
    }
    let width = 8.0 * (2.0 * NU * t).sqrt();
    let (mut above, mut below) = (0.0, 0.0);
    for k in -400..=400 {
        let eta = width * f64::from(k) / 400.0;
        let y = x - eta;
        let w = (-((PI * y).cos() - 1.0) / (2.0 * PI * NU) - eta * eta / (4.0 * NU * t)).exp();
        above += (PI * y).sin() * w;
        below += w;
    }
    -above / below
}

impl Equation {
    /// u(t, x) by the network, for t and x of \[n, 1\].
    fn trial<'t>(&self, net: &Mlp, t: Var<'t>, x: Var<'t>) -> Var<'t> {
        let [low, high] = self.x;
        let seen = Var::concat(&[t * 2.0 - 1.0, (x - low) * (2.0 / (high - low)) - 1.0], 1);
        (self.start)(x) + t * (x - low) * (high - x) * net.forward(seen)
    }

    /// The mean square of the residual. The points do not influence each other, so the derivatives at all points are the gradient of
    /// the sum.
    fn loss<'t>(&self, net: &Mlp, t: Var<'t>, x: Var<'t>) -> Var<'t> {
        let u = self.trial(net, t, x);
        let [ut, ux] = u.sum().grad([t, x]);
        let [uxx] = ux.sum().grad([x]);
        (self.residual)([u, ut, ux, uxx]).square().mean()
    }

    /// Trains a network. It gives the panels, and the mean distance from the solution.
    fn solve(&self, steps: usize) -> Result<([Panel<'static>; 3], f64), Box<dyn Error>> {
        let mut params = Params::f64().with_seed(2);
        let net = Mlp::new(&mut params.scope("u"), &[2, 32, 32, 1], Activation::Tanh);
        let mut rng = datasets::RandomState::new(5);
        let mut draw = |low, high| (0..POINTS).map(|_| rng.uniform(low, high)).collect::<Vec<f64>>();
        let (t, x) = (draw(0.0, 1.0), draw(self.x[0], self.x[1]));
        let program = Program::trace(&params, |tape| {
            let [t, x] = [&t, &x].map(|v| tape.var(v).reshape([POINTS, 1]));
            tape.outputs(self.loss(&net, t, x)).with_gradients()
        })?;
        let rate = Schedule::cosine(5e-3, 1e-5, steps as u64);
        let (mut adam, mut state, mut losses) = (Adam::new(5e-3)?, program.state(), vec![]);
        let start = Instant::now();
        for step in 0..=steps {
            adam.set_learning_rate(rate.at(step as u64))?;
            let loss = program.step(&mut state, &mut params, &mut adam, ())?;
            if step % (steps / 100) == 0 {
                losses.push((step as f64, loss));
            }
        }
        let took = start.elapsed().as_secs_f64();
        let (first, last) = (losses[0].1, losses[losses.len() - 1].1);
        println!("{}: {steps} steps in {took:.1} s, residual² {first:.1e} → {last:.1e}", self.name);

        let at = |t: f64, x: &[f64]| {
            let tape = Tape::with(&params);
            let times = tape.full(t, [x.len(), 1], DType::F64);
            self.trial(&net, times, tape.constant(x).reshape([x.len(), 1])).to_vec::<f64>()
        };
        let [low, high] = self.x;
        let across: Vec<f64> = (0..=100).map(|i| low + (high - low) * f64::from(i) / 100.0).collect();
        let (mut curves, mut apart, mut count) = (Panel::new(self.name).x_label("x").y_label("u"), 0.0, 0);
        for t in [0.0, 0.25, 0.5, 1.0] {
            let u = at(t, &across);
            let solution: Vec<f64> = across.iter().map(|&x| (self.solution)(t, x)).collect();
            apart += u.iter().zip(&solution).map(|(u, s)| (u - s).abs()).sum::<f64>();
            count += u.len();
            let line = |v: &[f64]| across.iter().copied().zip(v.iter().copied()).collect::<Vec<_>>();
            curves = curves.line(format!("network, t = {t}"), &line(&u));
            let name = if t == 1.0 { "solution" } else { "" };
            curves = curves.dashed(name, &line(&solution));
        }
        let apart = apart / count as f64;
        println!("  mean |u − solution| {apart:.1e}, {GOAL} allowed");
        let field = (0..=60).rev().flat_map(|i| at(f64::from(i) / 60.0, &across)).collect::<Vec<f64>>();
        let least = field.iter().copied().fold(0.0, f64::min);
        let field: Vec<f64> = field.iter().map(|u| (u - least) / (1.0 - least)).collect();
        let field = Panel::new(format!("{}: u over x, time upwards", self.name)).image(61, 101, &field);
        let loss = Panel::new("Mean square of the residual").x_label("step").log_y().line(self.name, &losses);
        Ok(([curves, field, loss], apart))
    }
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let quick = std::env::args().any(|a| a == "--quick");
    let steps = if quick { 100 } else { 4000 };
    let (mut figure, mut worst) = (Figure::new("Equations as teachers").size(1500, 900).columns(3), 0.0f64);
    for equation in [&HEAT, &BURGERS] {
        let (panels, apart) = equation.solve(steps)?;
        figure = panels.into_iter().fold(figure, Figure::panel);
        // `max` would pass over a NaN.
        worst = if apart.is_nan() { f64::INFINITY } else { worst.max(apart) };
    }
    println!("Figure: {}", figure.save("pinn")?);
    if quick {
        println!("A short training: no verdict");
        return Ok(ExitCode::SUCCESS);
    }
    println!("{}", if worst <= GOAL { "Solved: both" } else { "NOT SOLVED" });
    Ok(if worst <= GOAL { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
