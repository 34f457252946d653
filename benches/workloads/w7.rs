//! W7: a chain of a million scalar operations, v ← 0.999999999·sin v + 1e-15 for 333,334 rounds, and its derivative: what
//! a node costs.

use super::{Run, Show, Step, Workload};
use std::hint::black_box;
use wengert::autograd::scalar::{self, Real};
use wengert::prelude::*;

const ROUNDS: usize = 333_334;
const FACTOR: f64 = 0.999999999;
const OFFSET: f64 = 1e-15;

pub(super) fn workloads() -> Vec<Workload> {
    let runs = vec![
        Run::new("program-1t", program),
        Run::new("eager-1t", eager),
        Run::new("scan", by_scan),
        Run::new("scalar", by_scalars),
        Run::new("hand", by_hand),
    ];
    vec![Workload { name: "W7", expected: &[0.0029994154234, 2.0485138328e-7], runs }]
}

fn chain<T: Real>(x: T) -> T {
    (0..ROUNDS).fold(x, |v, _| v.sin() * FACTOR + OFFSET)
}

fn program() -> Step {
    let params = Params::f64();
    let program = Program::trace(&params, |tape| {
        let x = tape.input("x", []);
        let v = chain(x);
        tape.outputs([v, v.grad([x])[0]])
    });
    let program = program.expect("a plan");
    let mut state = program.state().with_threads(1);
    Box::new(move |show| {
        let run = program.run(&mut state, &params, (0.5,)).expect("a run");
        run.item(if show == Show::Loss { 0 } else { 1 })
    })
}

fn eager() -> Step {
    let mut tape = Tape::new();
    Box::new(move |show| {
        tape.reset();
        let x = tape.var(0.5);
        let v = chain(x);
        let [slope] = v.grad([x]);
        if show == Show::Loss { v.item() } else { slope.item() }
    })
}

fn by_scan() -> Step {
    let params = Params::f64();
    let program = Program::trace(&params, |tape| {
        let x = tape.input("x", []);
        let (v, ()) = tape.scan(ROUNDS, x, (), |v, ()| (v.sin() * FACTOR + OFFSET, ()));
        tape.outputs([v, v.grad([x])[0]])
    });
    let program = program.expect("a plan");
    let mut state = program.state().with_threads(1);
    Box::new(move |show| {
        let run = program.run(&mut state, &params, (black_box(0.5),)).expect("a run");
        run.item(if show == Show::Loss { 0 } else { 1 })
    })
}

fn by_scalars() -> Step {
    let mut tape = scalar::Tape::new();
    Box::new(move |show| {
        tape.clear();
        let x = tape.var(black_box(0.5));
        let v = chain(x);
        let [slope] = v.grad([x]);
        if show == Show::Loss { v.value() } else { slope }
    })
}

fn by_hand() -> Step {
    let mut points = vec![0.0; ROUNDS];
    Box::new(move |show| {
        let mut v = black_box(0.5f64);
        for point in &mut points {
            *point = v;
            v = v.sin() * FACTOR + OFFSET;
        }
        let mut slope = 1.0;
        for point in points.iter().rev() {
            slope *= FACTOR * point.cos();
        }
        let (v, slope) = black_box((v, slope));
        if show == Show::Loss { v } else { slope }
    })
}
