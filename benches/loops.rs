//! Loops as one op beside the same loops unrolled: an LSTM over time, and a Runge-Kutta solver of small equations.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use wengert::autograd::scalar;
use wengert::prelude::*;

const UNITS: usize = 64;
const BATCH: usize = 32;

/// The weights of an LSTM cell.
struct Cell {
    input: Param,
    state: Param,
    bias: Param,
}

impl Cell {
    fn new(params: &mut Params) -> Cell {
        let numbers = |n: usize, k: f64| {
            (0..n).map(|i| ((i as f64 + k) * 0.618).fract() * 0.2 - 0.1).collect::<Vec<f64>>()
        };
        let mut scope = params.scope("lstm");
        Cell {
            input: scope.param("input", [UNITS, 4 * UNITS], &numbers(UNITS * 4 * UNITS, 0.3)[..]),
            state: scope.param("state", [UNITS, 4 * UNITS], &numbers(UNITS * 4 * UNITS, 0.7)[..]),
            bias: scope.param("bias", [4 * UNITS], 0.0),
        }
    }

    fn step<'t>(&self, [h, c]: [Var<'t>; 2], x: Var<'t>) -> [Var<'t>; 2] {
        let gates = x.matmul(self.input) + h.matmul(self.state) + self.bias;
        let gate = |i: usize| gates.slice(1, i * UNITS..(i + 1) * UNITS);
        let c = gate(0).sigmoid() * c + gate(1).sigmoid() * gate(2).tanh();
        [gate(3).sigmoid() * c.tanh(), c]
    }
}

fn lstm(params: &Params, cell: &Cell, steps: usize, scan: bool) -> Program {
    let program = Program::trace(params, |t| {
        let xs = t.input("xs", [steps, BATCH, UNITS]);
        let zero = t.full(0.0, [BATCH, UNITS], DType::F64);
        let mut state = [zero, zero];
        if scan {
            state = t.scan(steps, state, xs, |state, x| (cell.step(state, x), ())).0;
        } else {
            for i in 0..steps {
                state = cell.step(state, xs.index(0, i as isize));
            }
        }
        t.outputs(state[0].square().sum()).with_gradients()
    });
    program.expect("a plan")
}

fn lstms(c: &mut Criterion) {
    let mut params = Params::f64();
    let cell = Cell::new(&mut params);
    let mut group = c.benchmark_group("lstm-64x32");
    group.sample_size(10);
    for (name, scan) in [("scan", true), ("unrolled", false)] {
        for steps in [10, 100] {
            let program = lstm(&params, &cell, steps, scan);
            let mut state = program.state().with_threads(1);
            let xs = vec![0.1; steps * BATCH * UNITS];
            let xs = ndarray::ArrayD::from_shape_vec(vec![steps, BATCH, UNITS], xs).expect("a shape");
            println!("{name} of {steps} steps: {} bytes of state", state.bytes());
            group.bench_function(BenchmarkId::new(format!("step-{name}"), steps), |b| {
                b.iter(|| black_box(program.run(&mut state, &params, (xs.view(),)).expect("a run").item(0)));
            });
            group.bench_function(BenchmarkId::new(format!("trace-and-plan-{name}"), steps), |b| {
                b.iter(|| black_box(lstm(&params, &cell, steps, scan).kernels()));
            });
        }
    }
    group.finish();
}

const SOLVER_STEPS: usize = 10_000;
const DT: f64 = 0.001;

/// The slopes of prey and predators: Lotka and Volterra.
fn slopes<T: scalar::Real>([x, y]: [T; 2], [a, b]: [T; 2]) -> [T; 2] {
    [x * a - x * y * b, x * y * 0.5 - y * 0.8]
}

/// One step of the classical method of fourth order.
fn runge_kutta<T: scalar::Real>(z: [T; 2], p: [T; 2]) -> [T; 2] {
    let moved = |k: [T; 2], by: f64| [z[0] + k[0] * by, z[1] + k[1] * by];
    let k1 = slopes(z, p);
    let k2 = slopes(moved(k1, DT / 2.0), p);
    let k3 = slopes(moved(k2, DT / 2.0), p);
    let k4 = slopes(moved(k3, DT), p);
    let next = |i: usize| z[i] + (k1[i] + k2[i] * 2.0 + k3[i] * 2.0 + k4[i]) * (DT / 6.0);
    [next(0), next(1)]
}

fn solvers(c: &mut Criterion) {
    let mut group = c.benchmark_group("lotka-volterra-10000");
    group.sample_size(10);
    let params = Params::f64();
    let program = Program::trace(&params, |t| {
        let p = t.input("p", [2]);
        let p = [p.index(0, 0), p.index(0, 1)];
        let start = [t.constant(1.0), t.constant(0.5)];
        let ([x, _], ()) = t.scan(SOLVER_STEPS, start, (), |z, ()| (runge_kutta(z, p), ()));
        let [a, b] = x.grad(p);
        t.outputs([x, a, b])
    });
    let program = program.expect("a plan");
    let mut state = program.state().with_threads(1);
    let scanned = |state: &mut State| {
        let run = program.run(state, &params, (black_box([1.1, 0.4]),)).expect("a run");
        [run.item(0), run.item(1), run.item(2)]
    };
    let mut tape = scalar::Tape::new();
    let on_tape = |tape: &mut scalar::Tape| {
        tape.clear();
        let p = [tape.var(black_box(1.1)), tape.var(0.4)];
        let start = [tape.var(1.0), tape.var(0.5)];
        let z = (0..SOLVER_STEPS).fold(start, |z, _| runge_kutta(z, p));
        let [a, b] = z[0].grad(p);
        [z[0].value(), a, b]
    };
    let (found, wanted) = (scanned(&mut state), on_tape(&mut tape));
    assert!(found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-9 * b.abs()), "{found:?} {wanted:?}");
    group.bench_function("scan", |b| b.iter(|| scanned(&mut state)));
    group.bench_function("scalar-tape", |b| b.iter(|| on_tape(&mut tape)));
    group.finish();
}

criterion_group!(loops, solvers, lstms);
criterion_main!(loops);
