//! Which examples a network does not believe: the gradient of each example alone, for all of them at once.
//!
//! A network learns on which side of a line points lie. Some labels are wrong. Each example pulls the weights its own way, and
//! those with a wrong label pull hardest when all others agree: the norm of the gradient of each finds them.
//!
//! `vmap` makes the gradient of one example, written as such, one of the whole batch: no loop over the examples, and about the
//! work of three gradients of the batch. The exit code tells whether the wrong labels are those that pull hardest.
//!
//! `cargo run --release --example per_example_gradients`

use std::error::Error;
use std::process::ExitCode;
use wengert::prelude::transform::vmap_over;
use wengert::prelude::*;

const POINTS: usize = 200;
const EPOCHS: usize = 300;
/// Every so many points one has the wrong label.
const WRONG: usize = 25;

/// Points in a square, and on which side of its diagonal they lie; some labels are wrong.
fn data() -> ([[f64; 2]; POINTS], [[f64; 1]; POINTS]) {
    let spread = |i: usize, step: f64| 2.0 * (i as f64 * step).fract() - 1.0;
    let points: [[f64; 2]; POINTS] =
        std::array::from_fn(|i| [spread(i, 0.754_877_666), spread(i, 0.569_840_290)]);
    let labels = std::array::from_fn(|i| {
        let side = if points[i][0] + points[i][1] > 0.0 { 1.0 } else { -1.0 };
        [if i % WRONG == 0 { -side } else { side }]
    });
    (points, labels)
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let (points, labels) = data();
    let mut params = Params::f64();
    let net = Mlp::new(&mut params.scope("net"), &[2, 8, 1], Activation::Tanh);

    let step = Program::trace(&params, |t| {
        let (x, y) = (t.input("x", [POINTS, 2]), t.input("y", [POINTS, 1]));
        t.outputs(nn::loss::mse(net.forward(x), y)).with_gradients()
    })?;
    let (mut state, mut adam) = (step.state(), Adam::new(0.01)?);
    for _ in 0..EPOCHS {
        let run = step.run(&mut state, &params, (&points, &labels))?;
        adam.step(&mut params, run.grads())?;
    }

    // The gradient of one example by all weights, which all examples share.
    let norms = Program::trace(&params, |t| {
        let (x, y) = (t.input("x", [POINTS, 2]), t.input("y", [POINTS, 1]));
        let weights: Vec<Var<'_>> = params.iter().map(|p| t.param(p)).collect();
        let squares = vmap_over([Some(0), Some(0)], |[x, y]| {
            let loss = nn::loss::mse(net.forward(x.unsqueeze(0)), y.unsqueeze(0));
            let squares = loss.grads(&weights).into_iter().map(|g| g.square().sum());
            squares.reduce(|sum, square| sum + square).expect("weights")
        });
        t.outputs(squares([x, y]).sqrt())
    })?;
    let mut state = norms.state();
    let norms = norms.run(&mut state, &params, (&points, &labels))?.slice::<f64>(0).to_vec();

    let mut order: Vec<usize> = (0..POINTS).collect();
    order.sort_by(|&a, &b| norms[b].total_cmp(&norms[a]));
    let suspects = POINTS / WRONG;
    println!("  point   norm of its gradient   label");
    for &i in &order[..suspects + 4] {
        println!("{i:7}   {:20.4}   {}", norms[i], if i % WRONG == 0 { "wrong" } else { "right" });
    }
    let right = order[..suspects].iter().filter(|i| *i % WRONG == 0).count();
    println!("{right} of the {suspects} that pull hardest have a wrong label");
    Ok(if 2 * right > suspects { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
