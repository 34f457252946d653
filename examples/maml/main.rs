//! Learning to learn: a start from which one step of gradient descent, on ten points, fits a sine of any height and phase.
//!
//! The inner loop takes a step w′ = w − a·∂L/∂w on the ten points of a task. The outer loop asks how well w′ does on ten others, and
//! changes w by the gradient of *that*: a gradient through a gradient. All tasks of a batch have their own w′, so the weights
//! have an axis of tasks, and one gradient gives the steps of all.
//!
//! Beside it, the same network is trained on all sines at once: it learns their mean, and a step from there helps little. The
//! exit code tells whether learning to learn pays: the error after five steps on tasks that neither has seen.
//!
//! Source: Finn, Abbeel & Levine, *Model-Agnostic Meta-Learning*, 2017, algorithm 2 and section 5.1.
//!
//! `cargo run --release --example maml` (`-- --quick`: fewer steps, no verdict)

use ndarray::Array3;
use plot::{Figure, Panel};
use std::error::Error;
use std::f64::consts::PI;
use std::process::ExitCode;
use std::time::Instant;
use wengert::prelude::*;

const TASKS: usize = 25;
/// Points to learn from, and as many to be asked about.
const SHOTS: usize = 10;
/// The step within a task.
const INNER: f64 = 0.01;
const HIDDEN: usize = 40;
/// How many steps a network takes on a new task when it is compared.
const STEPS: usize = 10;

/// The weights of three layers, in turn with their biases.
struct Net {
    start: [Param; 6],
}

impl Net {
    fn new(params: &mut Params) -> Net {
        let mut scope = params.scope("start");
        let mut layer = |name: &str, from: usize, to: usize| {
            let mut layer = scope.scope(name);
            [
                layer.param("weight", [from, to], Init::kaiming_uniform(Activation::Relu.gain())),
                layer.param("bias", [1, to], 0.0),
            ]
        };
        let [[w0, b0], [w1, b1], [w2, b2]] =
            [layer("0", 1, HIDDEN), layer("1", HIDDEN, HIDDEN), layer("2", HIDDEN, 1)];
        Net { start: [w0, b0, w1, b1, w2, b2] }
    }

    /// The start, once for each task.
    fn of_tasks<'t>(&self, t: &'t Tape<'_>, tasks: usize) -> [Var<'t>; 6] {
        self.start.map(|p| {
            let w = p.on(t);
            let [rows, columns] = [w.shape()[0], w.shape()[1]];
            w.unsqueeze(0).broadcast_to([tasks, rows, columns])
        })
    }
}

/// The network with given weights, on points of \[tasks, n, 1\].
fn forward<'t>([w0, b0, w1, b1, w2, b2]: [Var<'t>; 6], x: Var<'t>) -> Var<'t> {
    let h = (x.matmul(w0) + b0).relu();
    let h = (h.matmul(w1) + b1).relu();
    h.matmul(w2) + b2
}

/// The sum over tasks of their mean squared errors: the tasks share no weight, so its gradient is each task's own.
fn losses<'t>(w: [Var<'t>; 6], x: Var<'t>, y: Var<'t>) -> Var<'t> {
    (forward(w, x) - y).square().mean_over([1, 2]).sum()
}

/// One step of gradient descent in each task.
fn adapt<'t>(w: [Var<'t>; 6], x: Var<'t>, y: Var<'t>) -> [Var<'t>; 6] {
    let slopes = losses(w, x, y).grad(w);
    std::array::from_fn(|i| w[i] - slopes[i] * INNER)
}

/// Points of random sines: to learn from, and to be asked about, each x and y of \[tasks, shots, 1\].
fn draw(rng: &mut datasets::RandomState, tasks: usize, shots: usize) -> [Array3<f64>; 4] {
    let sines: Vec<[f64; 2]> = (0..tasks).map(|_| [rng.uniform(0.1, 5.0), rng.uniform(0.0, PI)]).collect();
    let mut points = || Array3::from_shape_simple_fn((tasks, shots, 1), || rng.uniform(-5.0, 5.0));
    let [x, asked] = [points(), points()];
    let sine = |x: &Array3<f64>| {
        Array3::from_shape_fn((tasks, shots, 1), |(i, j, _)| sines[i][0] * (x[[i, j, 0]] - sines[i][1]).sin())
    };
    let [y, wanted] = [sine(&x), sine(&asked)];
    [x, y, asked, wanted]
}

/// Trains a start, by what a step makes of it or as it is.
fn train(learn_to_learn: bool, steps: usize) -> Result<(Params, Net), Box<dyn Error>> {
    let mut params = Params::f64().with_seed(1);
    let net = Net::new(&mut params);
    let program = Program::trace(&params, |t| {
        let [x, y, asked, wanted] =
            ["x", "y", "asked", "wanted"].map(|name| t.input(name, [TASKS, SHOTS, 1]));
        let start = net.of_tasks(t, TASKS);
        let w = if learn_to_learn { adapt(start, x, y) } else { start };
        t.outputs(losses(w, asked, wanted) / TASKS as f64).with_gradients()
    })?;
    let (mut adam, mut state) = (Adam::new(1e-3)?, program.state());
    let mut rng = datasets::RandomState::new(7);
    let (start, mut mean) = (Instant::now(), f64::NAN);
    println!("{}", if learn_to_learn { "Learning to learn" } else { "Learning all sines at once" });
    for step in 0..=steps {
        let [x, y, asked, wanted] = draw(&mut rng, TASKS, SHOTS);
        let loss = program.step(&mut state, &mut params, &mut adam, (&x, &y, &asked, &wanted))?;
        mean = if step == 0 { loss } else { 0.99 * mean + 0.01 * loss };
        if step % (steps / 4) == 0 {
            println!("  step {step:>6}   error {mean:.3}");
        }
    }
    println!("  {:.2} ms a step of {TASKS} tasks", start.elapsed().as_secs_f64() * 1e3 / (steps + 1) as f64);
    Ok((params, net))
}

/// The error after 0, 1, … steps on 600 new tasks.
fn after_steps(params: &Params, net: &Net) -> Vec<(f64, f64)> {
    const NEW: usize = 600;
    let [x, y, asked, wanted] = draw(&mut datasets::RandomState::new(99), NEW, SHOTS);
    let tape = Tape::with(params);
    let [x, y, asked, wanted] = [&x, &y, &asked, &wanted].map(|v| tape.constant(v));
    let mut w = net.of_tasks(&tape, NEW);
    let mut errors = vec![];
    for step in 0..=STEPS {
        errors.push((step as f64, losses(w, asked, wanted).item() / NEW as f64));
        w = adapt(w, x, y);
    }
    errors
}

/// What a start makes of one task: the curve before, after one step, and after ten.
fn curves(params: &Params, net: &Net, title: &str) -> Panel<'static> {
    let (height, phase) = (3.5, 0.6);
    let truth = |x: f64| height * (x - phase).sin();
    let seen: Vec<f64> = (0..SHOTS).map(|i| -4.5 + 4.5 * i as f64 / (SHOTS - 1) as f64).collect();
    let grid: Vec<f64> = (0..=200).map(|i| -5.0 + 0.05 * f64::from(i)).collect();
    let tape = Tape::with(params);
    let on = |v: &[f64]| tape.constant(v).reshape([1, v.len(), 1]);
    let heights: Vec<f64> = seen.iter().map(|&x| truth(x)).collect();
    let (x, y, all) = (on(&seen), on(&heights), on(&grid));
    let line = |v: Vec<f64>| grid.iter().copied().zip(v).collect::<Vec<_>>();
    let mut panel = Panel::new(title).x_label("x").y_range(-5.0..5.0);
    panel = panel.line("the sine", &line(grid.iter().map(|&x| truth(x)).collect()));
    let mut w = net.of_tasks(&tape, 1);
    for step in 0..=STEPS {
        if [0, 1, STEPS].contains(&step) {
            panel = panel.dashed(format!("{step} steps"), &line(forward(w, all).to_vec()));
        }
        w = adapt(w, x, y);
    }
    panel.points("seen", &seen.into_iter().zip(heights).collect::<Vec<_>>())
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let quick = std::env::args().any(|a| a == "--quick");
    let steps = if quick { 100 } else { 15_000 };
    let (learner, net) = train(true, steps)?;
    let (mean, plain) = train(false, steps)?;
    let [ours, others] = [after_steps(&learner, &net), after_steps(&mean, &plain)];
    println!("\nmean squared error on 600 new sines after so many steps on {SHOTS} points\n");
    println!("steps   learnt to learn   learnt all at once");
    for i in [0, 1, 5, STEPS] {
        println!("{i:>5}   {:>15.3}   {:>18.3}", ours[i].1, others[i].1);
    }
    let errors =
        Panel::new("Error on new sines").x_label("steps on ten points").y_label("mean squared error").log_y();
    let errors = errors.line("learnt to learn", &ours).dashed("learnt all at once", &others);
    let figure = Figure::new("A gradient through a gradient step").size(1500, 480).columns(3).panel(errors);
    let figure = figure.panel(curves(&learner, &net, "From a start that learnt to learn"));
    println!("\nFigure: {}", figure.panel(curves(&mean, &plain, "From the mean of all sines")).save("maml")?);
    if quick {
        println!("A short training: no verdict");
        return Ok(ExitCode::SUCCESS);
    }
    let pays = ours[5].1 < 0.25 * others[5].1;
    println!("{}", if pays { "It pays: less than a quarter of the error" } else { "IT DOES NOT PAY" });
    Ok(if pays { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
