//! Cost against size: the time of tracing, planning and running, and the memory, for batch size, depth and number of nodes.
//!
//! Every cost grows in proportion to the size. The table gives the cost per unit, which is constant for sizes that are large
//! enough to hide the fixed part.
//!
//! `cargo run --release --example cost` takes seconds; `-- --all` goes to a tape of ten million nodes (2 GB).

use plot::{Figure, Panel};
use std::error::Error;
use std::time::Instant;
use wengert::prelude::*;

/// One size and what it costs.
struct Cost {
    size: usize,
    /// Seconds of recording and planning; for a tape, of recording only.
    plan: f64,
    /// Seconds of a step; for a tape, of its gradient.
    run: f64,
    bytes: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let all = std::env::args().any(|a| a == "--all");
    let batches = costs(&[10, 100, 1_000, 10_000, 100_000], |batch| network(batch, &[2, 10, 5, 1], batch))?;
    report("Batch of the network [2, 10, 5, 1]", "sample", &batches);
    let depths = costs(&[2, 10, 30, 100, 300, 1_000], |depth| {
        network(20, &[&[2], &vec![10; depth][..], &[1]].concat(), depth)
    })?;
    report("Hidden layers of 10, batch 20", "layer", &depths);
    let most = if all { 7 } else { 6 };
    let sizes: Vec<usize> = (2..=most).map(|power| 10usize.pow(power)).collect();
    let tapes = costs(&sizes, |nodes| Ok(tape(nodes)))?;
    report("Eager tape: x ← sin x", "node", &tapes);
    let saved = Figure::new("What size costs")
        .size(1500, 520)
        .panel(panel("Batch of [2, 10, 5, 1]", "samples", &batches, ["trace and plan", "step"]))
        .panel(panel("Depth, batch 20", "hidden layers", &depths, ["trace and plan", "step"]))
        .panel(panel("Eager tape", "nodes", &tapes, ["record", "gradient"]))
        .save("cost")?;
    println!("{saved}");
    Ok(())
}

fn costs(
    sizes: &[usize],
    cost: impl Fn(usize) -> Result<Cost, Box<dyn Error>>,
) -> Result<Vec<Cost>, Box<dyn Error>> {
    sizes.iter().map(|&size| cost(size)).collect()
}

/// A training step of a network, as a program.
fn network(batch: usize, sizes: &[usize], size: usize) -> Result<Cost, Box<dyn Error>> {
    let mut params = Params::f32();
    let net = Mlp::new(&mut params.scope("net"), sizes, Activation::Tanh);
    let mut sgd = Sgd::new(0.01)?;
    let (x, y) = (vec![0.5f32; 2 * batch], vec![0.25f32; batch]);
    let start = Instant::now();
    let program = Program::trace(&params, |t| {
        let (x, y) = (t.input("x", [batch, 2]), t.input("y", [batch, 1]));
        t.outputs(nn::loss::mse(net.forward(x), y)).with_gradients()
    })?;
    let plan = start.elapsed().as_secs_f64();
    let mut state = program.state().with_threads(1);
    let run = median(|| program.step(&mut state, &mut params, &mut sgd, (&x, &y)).map(drop))?;
    Ok(Cost { size, plan, run, bytes: state.bytes() })
}

/// A chain on the eager tape, and its gradient.
fn tape(nodes: usize) -> Cost {
    let tape = Tape::new();
    let x = tape.var(0.5);
    let start = Instant::now();
    let y = (1..nodes).fold(x, |y, _| y.sin());
    let plan = start.elapsed().as_secs_f64();
    let bytes = tape.bytes();
    let start = Instant::now();
    let [slope] = y.grad([x]);
    std::hint::black_box(slope.item());
    Cost { size: nodes, plan, run: start.elapsed().as_secs_f64(), bytes }
}

/// The median of a few runs, fewer if they take long.
fn median<E: Error + 'static>(mut f: impl FnMut() -> Result<(), E>) -> Result<f64, Box<dyn Error>> {
    f()?;
    let mut times = vec![];
    let begin = Instant::now();
    while times.len() < 3 || (times.len() < 51 && begin.elapsed().as_millis() < 200) {
        let start = Instant::now();
        f()?;
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

fn report(title: &str, unit: &str, costs: &[Cost]) {
    println!("{title}");
    println!(
        "  {:>10}  {:>12}  {:>12}  {:>12}  {:>16}  {:>16}  {:>14}",
        "size",
        "plan (ms)",
        "run (ms)",
        "memory (kB)",
        format!("plan ns/{unit}"),
        format!("run ns/{unit}"),
        format!("bytes/{unit}")
    );
    for c in costs {
        let n = c.size as f64;
        println!(
            "  {:>10}  {:>12.4}  {:>12.4}  {:>12.1}  {:>16.1}  {:>16.1}  {:>14.1}",
            c.size,
            c.plan * 1e3,
            c.run * 1e3,
            c.bytes as f64 / 1e3,
            c.plan / n * 1e9,
            c.run / n * 1e9,
            c.bytes as f64 / n
        );
    }
    println!();
}

/// Both axes in powers of ten, so that proportion is a slope of one.
fn panel(title: &str, unit: &str, costs: &[Cost], [plan, run]: [&str; 2]) -> Panel<'static> {
    let curve = |value: fn(&Cost) -> f64| -> Vec<(f64, f64)> {
        costs.iter().map(|c| ((c.size as f64).log10(), value(c))).collect()
    };
    Panel::new(title)
        .x_label(format!("log₁₀ of {unit}"))
        .y_label("milliseconds; megabytes")
        .log_y()
        .line(plan, &curve(|c| c.plan * 1e3))
        .line(run, &curve(|c| c.run * 1e3))
        .dashed("memory (MB)", &curve(|c| c.bytes as f64 / 1e6))
}
