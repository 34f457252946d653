//! A network learns the law of motion from a path: ẏ = N(y³), by the gradient through a solver.
//!
//! The path is a spiral, ẏ = A·y³. The network sees short pieces of it: it starts from a point, takes ten steps of the
//! classical Runge–Kutta method (`odeint`), and is told how far each step came from the path. The steps are one loop, so the gradient
//! goes back through the solver step by step, and a program of a hundred steps is as short as one of ten. After training, the network
//! draws the whole spiral from its first point alone; the exit code tells how close it comes.
//!
//! The task is that of Chen et al., *Neural Ordinary Differential Equations*, 2018.
//!
//! `cargo run --release --example neural_ode` (`-- --quick`: fewer steps of training, no verdict)

use ndarray::{Array2, Array3};
use plot::{Figure, Panel};
use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;
use wengert::prelude::*;
use wengert::solve::odeint;

/// How many points the path has, and the time between two.
const POINTS: usize = 600;
const DT: f64 = 0.025;
/// Pieces of the path in a batch, and the points of a piece after its first.
const BATCH: usize = 32;
const LENGTH: usize = 10;
/// The mean distance from the spiral that counts as learnt; its first turn has radius 2. A law that is a little too slow is late
/// by more and more.
const GOAL: f64 = 0.25;

/// The points after y, of \[points, …, 2\].
fn path<'t>(f: impl Fn(Var<'t>) -> Var<'t>, y: Var<'t>, points: usize) -> Var<'t> {
    let times: Vec<f64> = (0..=points).map(|i| i as f64 * DT).collect();
    odeint(|_t, y| f(y)).rk4(1).solve(y, y.tape().constant(&times)).slice(0, 1..)
}

/// The law that the network has to find.
fn spiral<'t>(y: Var<'t>) -> Var<'t> {
    (y * y * y).matmul(y.tape().constant([[-0.1, -2.0], [2.0, -0.1]]))
}

/// The law by the network, which sees and gives numbers of the size of 1: the first turn has y³ up to 8, and speeds up to 16.
fn law<'t>(net: &Mlp, y: Var<'t>) -> Var<'t> {
    16.0 * net.forward(y * y * y / 8.0)
}

/// The whole path by a law, from the first point: of \[points, 2\].
fn whole<'t>(tape: &'t Tape<'_>, f: impl Fn(Var<'t>) -> Var<'t>) -> Array2<f64> {
    let start = tape.constant([[2.0, 0.0]]);
    let all = Var::concat(&[start, path(f, start, POINTS - 1).reshape([POINTS - 1, 2])], 0);
    Array2::from_shape_vec((POINTS, 2), all.to_vec()).expect("two numbers a point")
}

/// Random pieces of the path: their first points, and the others, of \[length, batch, 2\].
fn pieces(
    truth: &Array2<f64>,
    rng: &mut datasets::RandomState,
) -> Result<(Array2<f64>, Array3<f64>), datasets::Error> {
    let starts = rng.choice(POINTS - LENGTH, BATCH)?;
    let first = Array2::from_shape_fn((BATCH, 2), |(i, k)| truth[[starts[i], k]]);
    let rest = Array3::from_shape_fn((LENGTH, BATCH, 2), |(t, i, k)| truth[[starts[i] + t + 1, k]]);
    Ok((first, rest))
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let steps: usize = if std::env::args().any(|a| a == "--quick") { 200 } else { 4000 };
    let truth = whole(&Tape::new(), spiral);
    let mut params = Params::f64().with_seed(1);
    let net = Mlp::new(&mut params.scope("law"), &[2, 50, 2], Activation::Tanh);
    let program = Program::trace(&params, |t| {
        let (first, rest) = (t.input("first", [BATCH, 2]), t.input("rest", [LENGTH, BATCH, 2]));
        t.outputs((path(|y| law(&net, y), first, LENGTH) - rest).square().mean()).with_gradients()
    })?;

    println!("{} numbers learn a law of motion from pieces of {LENGTH} steps\n", params.elements());
    println!(" step   mean (y − path)²");
    let rate = Schedule::cosine(1e-2, 1e-4, steps as u64);
    let (mut adam, mut state, mut losses) = (Adam::new(1e-2)?, program.state(), vec![]);
    let mut rng = datasets::RandomState::new(1);
    let start = Instant::now();
    for step in 0..=steps {
        let (first, rest) = pieces(&truth, &mut rng)?;
        adam.set_learning_rate(rate.at(step as u64))?;
        let loss = program.step(&mut state, &mut params, &mut adam, (&first, &rest))?;
        if step % (steps / 100) == 0 {
            losses.push((step as f64, loss));
        }
        if step % (steps / 5) == 0 {
            println!("{step:>5}   {loss:.2e}");
        }
    }
    let each = start.elapsed().as_secs_f64() * 1e6 / (steps + 1) as f64;
    println!(
        "\n{each:.0} µs a step: {} evaluations of the law, and the way back through them",
        4 * LENGTH * BATCH
    );

    let drawn = whole(&Tape::with(&params), |y| law(&net, y));
    let apart = |t: usize| (drawn[[t, 0]] - truth[[t, 0]]).hypot(drawn[[t, 1]] - truth[[t, 1]]);
    let mean = (0..POINTS).map(apart).sum::<f64>() / POINTS as f64;
    println!("the whole spiral from its first point: {mean:.3} apart on average");

    let curve = |y: &Array2<f64>| y.rows().into_iter().map(|p| (p[0], p[1])).collect::<Vec<_>>();
    let spirals = Panel::new("The spiral, from its first point")
        .x_label("y₀")
        .y_label("y₁")
        .equal_axes()
        .path("the path", &curve(&truth))
        .path("the network", &curve(&drawn));
    let in_time: Vec<(f64, f64)> = (1..POINTS).map(|t| (t as f64 * DT, apart(t))).collect();
    let distance = Panel::new("How far apart").x_label("time").y_label("distance").log_y().line("", &in_time);
    let training =
        Panel::new("Training").x_label("step").y_label("mean (y − path)²").log_y().line("", &losses);
    let figure = Figure::new("A law of motion from a path").size(1500, 500).columns(3);
    println!("Figure: {}", figure.panel(spirals).panel(distance).panel(training).save("neural_ode")?);

    if steps < 4000 {
        println!("A short training: no verdict");
        return Ok(ExitCode::SUCCESS);
    }
    let learnt = mean <= GOAL;
    println!("{}", if learnt { "Learnt: within 0.25 of the spiral" } else { "NOT LEARNT" });
    Ok(if learnt { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
