//! A network of one layer that is as deep as it has to be: a point goes through it until it no longer changes.
//!
//! The hidden numbers of a point x are the z with z = tanh(W·z + U·x + b). They are found by Anderson's iteration, whatever way it takes;
//! the gradient comes from the theorem of implicit functions, at the solution alone, so that nothing of the iteration is kept. W is scaled
//! so that it always contracts. The task: which of two moons a point belongs to.
//!
//! The gradient is held against that of the layer applied 100 times, which keeps everything. The exit code tells whether they agree and
//! the moons are told apart.
//!
//! The idea is that of Bai, Kolter & Koltun, *Deep Equilibrium Models*, 2019.
//!
//! `cargo run --release --example deep_equilibrium` (`-- --quick`: fewer steps of training, no verdict)

use std::error::Error;
use std::process::ExitCode;
use wengert::prelude::*;
use wengert::solve::fixed_point;

const HIDDEN: usize = 16;
const POINTS: usize = 200;

/// The layer and what reads it.
#[derive(Debug)]
struct Model {
    w: Param,
    inner: Linear,
    read: Linear,
}

impl Model {
    fn new(params: &mut Params) -> Model {
        let mut scope = params.scope("net");
        let start: Vec<f64> = (0..HIDDEN * HIDDEN).map(|i| 0.2 * (i as f64 * 1.7).sin()).collect();
        Model {
            w: scope.param("w", [HIDDEN, HIDDEN], &start[..]),
            inner: Linear::new(&mut scope.scope("inner"), 2, HIDDEN),
            read: Linear::new(&mut scope.scope("read"), HIDDEN, 1),
        }
    }

    /// One application of the layer to points, of \[points, hidden\]. |W| < 1, and tanh never steepens.
    fn layer<'t>(&self, z: Var<'t>, from_x: Var<'t>) -> Var<'t> {
        let w = z.tape().param(self.w);
        let w = w * (0.9 / w.norm().maximum(0.9));
        (z.matmul(w) + from_x).tanh()
    }

    /// The logits by the equilibrium, or by so many applications.
    fn forward<'t>(&self, x: Var<'t>, applications: Option<usize>) -> Var<'t> {
        let from_x = self.inner.forward(x);
        let start = from_x.full_like(0.0);
        let z = match applications {
            Some(n) => (0..n).fold(start, |z, _| self.layer(z, from_x)),
            None => fixed_point(|z| self.layer(z, from_x)).tolerance(1e-8).max_iterations(60).solve(start),
        };
        self.read.forward(z).index(-1, 0)
    }
}

/// The cross-entropy of logits.
fn loss<'t>(logits: Var<'t>, labels: Var<'t>) -> Var<'t> {
    (logits.softplus() - labels * logits).mean()
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let steps: usize = if std::env::args().any(|a| a == "--quick") { 20 } else { 300 };
    let moons = datasets::make_moons(POINTS).noise(0.1).random_state(1).generate()?;
    let labels = moons.y.mapv(|label| label as f64);
    let mut params = Params::f64().with_seed(1);
    let model = Model::new(&mut params);

    let gradient = |applications| {
        let tape = Tape::with(&params);
        let y = loss(model.forward(tape.constant(&moons.x), applications), tape.constant(&labels));
        let bytes = tape.bytes();
        (y.backward().slab_of::<f64>().to_vec(), bytes)
    };
    let ((implicit, small), (unrolled, large)) = (gradient(None), gradient(Some(100)));
    let apart = implicit.iter().zip(&unrolled).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    println!("The gradient at the equilibrium and that of 100 layers: {apart:.1e} apart");
    println!("What the tape holds: {} kB and {} kB", small / 1000, large / 1000);

    let program = Program::trace(&params, |t| {
        let (x, y) = (t.input("x", [POINTS, 2]), t.input("y", [POINTS]));
        t.outputs(loss(model.forward(x, None), y)).with_gradients()
    })?;
    let (mut adam, mut state) = (Adam::new(0.02)?, program.state());
    println!("\n step   loss");
    for step in 0..=steps {
        let loss = program.step(&mut state, &mut params, &mut adam, (&moons.x, &labels))?;
        if step % (steps / 5) == 0 {
            println!("{step:>5}   {loss:.4}");
        }
    }
    let tape = Tape::with(&params);
    let logits = model.forward(tape.constant(&moons.x), None).to_vec::<f64>();
    let right = logits.iter().zip(&labels).filter(|(z, y)| (**z > 0.0) == (**y > 0.5)).count();
    println!("\n{right} of {POINTS} points are told apart");
    if steps < 300 {
        println!("A short training: no verdict");
        return Ok(ExitCode::SUCCESS);
    }
    let learnt = apart < 1e-6 && right * 100 >= POINTS * 97;
    println!("{}", if learnt { "Learnt" } else { "NOT LEARNT" });
    Ok(if learnt { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
