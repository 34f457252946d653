//! Memory for time: a training step of 64 layers that keeps all values, that recomputes by checkpoints, and that is given a
//! budget of memory. The gradients are the same to the last bit.
//!
//! `cargo run --release --example checkpoints` runs each way in a process of its own, so that each has its own peak of memory.

use std::error::Error;
use std::process::Command;
use std::time::Instant;
use wengert::ndarray::Array2;
use wengert::prelude::*;

const LAYERS: usize = 64;
const BATCH: usize = 4096;
const WIDTH: usize = 64;
/// The bytes of what one layer gives.
const VALUE: usize = BATCH * WIDTH * 4;

const WAYS: [&str; 5] =
    ["program", "program, checkpoints", "program, 28 values", "eager", "eager, checkpoints"];

fn main() -> Result<(), Box<dyn Error>> {
    if let Some(way) = std::env::args().nth(1) {
        println!("{}", measured(&way)?);
        return Ok(());
    }
    println!("{LAYERS} layers of {WIDTH}, {BATCH} samples: a layer's values take {:.2} MB", mega(VALUE));
    println!("{:22} {:>9} {:>9} {:>9}  gradients", "", "held", "peak", "a step");
    for way in WAYS {
        let run = Command::new(std::env::current_exe()?).arg(way).output()?;
        if !run.status.success() {
            return Err(format!("{way}: {}", String::from_utf8_lossy(&run.stderr)).into());
        }
        print!("{way:22} {}", String::from_utf8(run.stdout)?);
    }
    Ok(())
}

/// The weights, and the loss of a batch; cut into parts of so many layers.
fn model(params: &mut Params) -> Vec<Linear> {
    let mut net = params.scope("net");
    (0..LAYERS).map(|i| Linear::new(&mut net.scope(&i.to_string()), WIDTH, WIDTH)).collect()
}

fn loss<'t>(layers: &[Linear], x: Var<'t>, each: Option<usize>) -> Var<'t> {
    let run = |x: Var<'t>, part: &[Linear]| part.iter().fold(x, |x, layer| layer.forward(x).tanh());
    let y = match each {
        Some(each) => layers.chunks(each).fold(x, |x, part| x.tape().checkpoint(x, |x| run(x, part))),
        None => run(x, layers),
    };
    y.square().mean()
}

/// Bytes between kernels or on the tape, the peak of the process, the time of a step, and a sum over all gradients.
fn measured(way: &str) -> Result<String, Box<dyn Error>> {
    let mut params = Params::f32();
    let layers = model(&mut params);
    let data = Array2::from_shape_fn((BATCH, WIDTH), |(i, j)| ((i * WIDTH + j) as f32 * 0.37).sin());
    let each = way.contains("checkpoints").then_some(8);
    let mut seconds = f64::INFINITY;
    let (mut held, mut sum) = (0, 0.0);
    if way.starts_with("eager") {
        for _ in 0..3 {
            let began = Instant::now();
            let tape = Tape::with(&params);
            let grads = loss(&layers, tape.constant(&data), each).backward();
            seconds = seconds.min(began.elapsed().as_secs_f64());
            (held, sum) = (tape.bytes(), total(&grads));
        }
    } else {
        let budget = if way.contains("28 values") { 28 * VALUE } else { usize::MAX };
        let program = Program::trace(&params, |t| {
            let x = t.input("x", [BATCH, WIDTH]);
            t.outputs(loss(&layers, x, each)).with_gradients().within_memory(budget)
        })?;
        let explanation = program.explain().to_string();
        explanation.lines().filter(|line| line.starts_with("again")).for_each(|line| eprintln!("{line}"));
        let mut state = program.state();
        for _ in 0..3 {
            let began = Instant::now();
            let run = program.run(&mut state, &params, (&data,))?;
            seconds = seconds.min(began.elapsed().as_secs_f64());
            (held, sum) = (program.explain().memory(), total(run.grads()));
        }
    }
    Ok(format!("{:6.1} MB {:6.1} MB {:6.0} ms  {sum:e}", mega(held), mega(peak()), seconds * 1e3))
}

fn total(grads: &Gradients) -> f64 {
    grads.slab_of::<f32>().iter().map(|&g| f64::from(g)).sum()
}

fn mega(bytes: usize) -> f64 {
    bytes as f64 * 1e-6
}

/// The largest memory that the process has had, where Linux tells it; else 0.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<usize>().ok()).unwrap_or(0) << 10
}
