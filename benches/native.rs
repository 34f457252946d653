//! Compiled programs beside loops written by hand: W2, W3 and W6, in turns, and how long W9 takes to print.
//!
//! `cargo bench --bench native` prints a table. Each round measures all ways of a workload one after the other; what is told is the
//! least time of each, which a busy machine spoils least.

#[path = "workloads/all.rs"]
#[expect(dead_code, reason = "a call is one step here")]
mod all;

use all::{Show, Step, all};
use std::hint::black_box;
use std::time::Instant;
use wengert::emit::Emit;
use wengert::emit::native::Compiler;
use wengert::nn::attention::Mask;
use wengert::prelude::*;

const WAYS: [&str; 3] = ["hand", "native", "program-1t"];
const ROUNDS: usize = 31;
/// Seconds of a measurement.
const LENGTH: f64 = 2e-3;

fn main() {
    println!(
        "| workload | hand | native | program | native : hand | program : hand |\n|---|---|---|---|---|---|"
    );
    for workload in all().iter().filter(|w| w.runs.iter().any(|run| run.id == "native")) {
        let run = |id: &str| workload.runs.iter().find(|run| run.id == id).expect("a way of each kind");
        let mut steps = WAYS.map(|id| run(id).prepare(workload.name, workload.expected).0);
        let rounds: Vec<[f64; 3]> = (0..ROUNDS).map(|_| steps.each_mut().map(nanoseconds)).collect();
        let least = |way: usize| rounds.iter().map(|round| round[way]).fold(f64::INFINITY, f64::min);
        let ratio = |way: usize| least(way) / least(0);
        println!(
            "| {} | {} | {} | {} | {:.2} | {:.2} |",
            workload.name,
            time(least(0)),
            time(least(1)),
            time(least(2)),
            ratio(1),
            ratio(2)
        );
    }
    steps_in_one_call();
    printing();
}

/// W2 again, ten thousand steps in a call, beside as many of the loop by hand.
fn steps_in_one_call() {
    const STEPS: usize = 10_000;
    let mut params = Params::f32();
    let neuron = Linear::with_init(&mut params.scope("neuron"), 3, 1, [0.1, 0.2, -0.3], 0.0);
    let program = Program::trace(&params, |t| {
        let y = neuron.forward(t.input("x", [1, 3])).sigmoid();
        t.outputs(nn::loss::half_mse(y, t.input("y", [1, 1]))).with_gradients()
    });
    let (program, mut sgd) = (program.expect("a plan"), Sgd::new(0.005).expect("a rate"));
    let training = Compiler::default().compile_training(&program, &params, &sgd).expect("a C compiler");
    let (x, y) = ([[0.5f32, -1.0, 2.0]], [[1.0f32]]);
    let w2 = all();
    let w2 = w2.iter().find(|workload| workload.name == "W2").expect("a workload");
    let hand = w2.runs.iter().find(|run| run.id == "hand").expect("a loop by hand");
    let mut by_hand = hand.prepare(w2.name, w2.expected).0;
    let mut least = [f64::INFINITY; 2];
    for _ in 0..ROUNDS {
        let start = Instant::now();
        (0..STEPS).for_each(|_| {
            black_box(by_hand(Show::Loss));
        });
        let hand = start.elapsed().as_secs_f64() * 1e9 / STEPS as f64;
        let start = Instant::now();
        black_box(training.steps(&mut params, &mut sgd, STEPS, (&x, &y)).expect("finite gradients"));
        let native = start.elapsed().as_secs_f64() * 1e9 / STEPS as f64;
        least = [least[0].min(hand), least[1].min(native)];
    }
    let [hand, native] = least;
    println!(
        "\nW2, {STEPS} steps in a call: {native:.1} ns a step, by hand {hand:.1} ns, ratio {:.2}",
        native / hand
    );
}

/// How long the block of W9 with its gradients takes to print.
fn printing() {
    let mut params = Params::f32().with_seed(1);
    let block = TransformerBlock::new(&mut params.scope("block"), 128, 4);
    let program = Program::trace(&params, |t| {
        let y = block.forward(t.input("x", [8, 64, 128]), Mask::Causal);
        t.outputs(y.square().mean()).with_gradients()
    });
    let program = program.expect("a plan");
    let mut least = [f64::INFINITY; 2];
    let mut bytes = 0;
    for _ in 0..20 {
        let start = Instant::now();
        let source = program.emit_c(&params, "w9").expect("a text");
        least[0] = least[0].min(start.elapsed().as_secs_f64());
        bytes = source.to_string().len();
        least[1] = least[1].min(start.elapsed().as_secs_f64());
    }
    let (kernels, [printed, all]) = (program.kernels(), least.map(|t| t * 1e3));
    println!(
        "\nW9: {kernels} kernels printed in {printed:.1} ms; with the values of all parameters, {} kB, {all:.1} ms",
        bytes / 1000
    );
}

/// The time of a step.
fn nanoseconds(step: &mut Step) -> f64 {
    let once = Instant::now();
    black_box(step(Show::Loss));
    let steps = (LENGTH / once.elapsed().as_secs_f64().max(1e-7)).clamp(1.0, 20_000.0) as usize;
    let start = Instant::now();
    (0..steps).for_each(|_| {
        black_box(step(Show::Loss));
    });
    start.elapsed().as_secs_f64() / steps as f64 * 1e9
}

fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        t if t < 1e3 => format!("{t:.1} ns"),
        t if t < 1e6 => format!("{:.2} µs", t / 1e3),
        t => format!("{:.2} ms", t / 1e6),
    }
}
