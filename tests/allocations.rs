//! What a program allocates: nothing after its first run, on one thread; and the tape of scalars.

#![expect(unsafe_code, reason = "an allocator that counts")]

mod models;

use models::Model;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use wengert::autograd::{StepError, scalar};
use wengert::prelude::*;

struct Counting;

/// Of all threads: those of a pool, and that of the test harness, which allocates when it likes.
static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Of this thread.
    static OWN: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    ALLOCATIONS.fetch_add(1, Relaxed);
    OWN.with(|own| own.set(own.get() + 1));
}

// SAFETY: every call goes to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(at, layout) }
    }
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many allocations `times` calls make: on this thread and, where there are more, on any.
fn allocations(threads: usize, times: usize, mut f: impl FnMut()) -> usize {
    let so_far = || if threads == 1 { OWN.get() } else { ALLOCATIONS.load(Relaxed) };
    let before = so_far();
    (0..times).for_each(|_| f());
    so_far() - before
}

/// Allocations of runs and of steps after the first.
fn of_steps(model: &Model, threads: usize, mut optimizer: impl Optimizer) -> [usize; 2] {
    let program = model.program();
    let mut state = program.state().with_threads(threads);
    let (mut params, inputs) = (model.params.clone(), model.inputs());
    program.step(&mut state, &mut params, &mut optimizer, &inputs[..]).expect("a step");
    let runs = allocations(threads, 100, || {
        black_box(program.run(&mut state, &params, &inputs[..]).expect("a run").item(0));
    });
    let steps = allocations(threads, 10, || {
        program.step(&mut state, &mut params, &mut optimizer, &inputs[..]).expect("a step");
    });
    [runs, steps]
}

#[test]
fn a_program_allocates_in_its_first_step_alone() {
    let all = [
        models::neuron(),
        models::regression("textbook", &[2, 10, 5, 1], 200, Activation::Sigmoid),
        models::classifier(),
        models::elements(10_000),
        models::transformer(2, 24, 32),
        models::recurrent(7, 4, 8),
        models::solver(100),
    ];
    let mut found = vec![];
    for model in &all {
        let by_sgd = of_steps(model, 1, Sgd::new(1e-4).expect("a valid rate"));
        let by_momentum = of_steps(model, 1, Momentum::new(1e-4, 0.9).expect("valid rates"));
        let by_adam = of_steps(model, 1, Adam::new(1e-4).expect("a valid rate"));
        for (optimizer, count) in [("SGD", by_sgd), ("momentum", by_momentum), ("Adam", by_adam)] {
            if count != [0, 0] {
                found.push(format!("{} by {optimizer}: {count:?} in 100 runs and 10 steps", model.name));
            }
        }
    }
    found.extend(of_state_that_is_written());
    the_tape_of_scalars();
    scopes_that_were_entered_once();
    random_numbers();
    a_planted_allocation_is_found(&all[0]);

    // What follows has threads, so that those of all threads count, and the test harness may add some of its own.
    for model in [&all[2], &models::elements(200_000)] {
        let [runs, _] = of_steps(model, 2, Sgd::new(1e-4).expect("a valid rate"));
        println!("{} with two threads: {runs} allocations in 100 runs", model.name);
        if runs > 3 {
            found.push(format!("{} with two threads: {runs} allocations in 100 runs", model.name));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Keys are inputs, derived keys and random numbers are results like others.
fn random_numbers() {
    let mut params = Params::f32().with_seed(1);
    let net = Linear::new(&mut params.scope("net"), 300, 1);
    let program = Program::trace(&params, |t| {
        let (x, mode) = (t.input("x", [200, 300]), Mode::Train(t.input_key("key")));
        let x = Dropout::new(0.1).forward(x, mode.fold_in(0));
        t.outputs(Dropout::new(0.5).forward(net.forward(x), mode.fold_in(1)).mean()).with_gradients()
    });
    let program = program.expect("a program");
    let x = [[0.5f32; 300]; 200];
    let mut state = program.state();
    let mut run = |n| {
        black_box(program.run(&mut state, &params, (&x, Key::new(1).fold_in(n))).expect("a run").item(0));
    };
    run(0);
    assert_eq!(allocations(1, 20, || run(1)), 0);
}

/// A step that writes state back, and one with clipping by norm and two micro-batches.
fn of_state_that_is_written() -> Option<String> {
    let mut params = Params::f64();
    let mut net = params.scope("net");
    let (w, mean) = (net.param("w", [50], 1.0), net.buffer("mean", [50], 0.0));
    let program = Program::trace(&params, |t| {
        t.write(mean, t.buffer(mean) * 0.5 + t.input("x", [50]) * 0.5);
        t.outputs((t.param(w) * t.buffer(mean)).square().sum()).with_gradients()
    })
    .expect("a plan");
    let mut state = program.state().with_threads(1);
    let adam = Adam::new(1e-3).expect("a valid rate");
    let mut optimizer =
        optim::Pipeline::new(adam).clip_norm(1.0).and_then(|p| p.accumulate(2)).expect("a limit");
    let x = [0.5; 50];
    let mut step = || {
        program.step(&mut state, &mut params, &mut optimizer, (&x,)).expect("a step");
    };
    (0..2).for_each(|_| step());
    let count = allocations(1, 10, step);
    (count > 0).then(|| format!("{count} allocations in 10 steps that write state"))
}

/// A tape allocates nothing while it is no longer than before.
fn the_tape_of_scalars() {
    let (mut tape, mut gradient) = (scalar::Tape::new(), [0.0; 2]);
    let mut sweep = || {
        tape.clear();
        let (x, w) = (tape.var(0.5), tape.var(2.0));
        let y = (0..1000).fold(x, |y, _| (w * x).tanh() + y * w.sin());
        y.grad_into(&[x, w], &mut gradient);
        black_box(&gradient);
    };
    sweep();
    assert_eq!(allocations(1, 100, sweep), 0);
}

/// They cost nothing more, on a tape that is reset and in memory that is handed on.
fn scopes_that_were_entered_once() {
    let mut params = Params::f64();
    let net = Mlp::new(&mut params.scope("net"), &[2, 3, 1], Activation::Tanh);
    let mut tape = Tape::with(&params);
    let enter = |tape: &mut Tape<'_>| {
        tape.reset();
        for layer in &net.layers {
            tape.scope("encoder", || drop(black_box(tape.within([layer.weight, layer.bias]))));
        }
    };
    assert!(allocations(1, 1, || enter(&mut tape)) > 0);
    assert_eq!(allocations(1, 100, || enter(&mut tape)), 0);
    let mut tape = Tape::reusing(tape.into_storage(), &params);
    assert_eq!(allocations(1, 100, || enter(&mut tape)), 0);
}

/// A control: one planted allocation per step is counted.
fn a_planted_allocation_is_found(model: &Model) {
    struct Planted(Sgd);
    impl Optimizer for Planted {
        fn update(&mut self, params: &mut Params, grads: &Gradients) -> Result<(), StepError> {
            black_box(Box::new(1u8));
            self.0.update(params, grads)
        }
    }
    assert_eq!(of_steps(model, 1, Planted(Sgd::new(1e-4).expect("a valid rate"))), [0, 10]);
}
