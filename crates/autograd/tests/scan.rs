//! Loops: the values and derivatives of a scan are those of an ordinary loop over its steps.

use autograd::{DType, Params, Passes, Program, Shape, Tape, Var};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// One step of a small recurrent network.
fn cell<'t>(h: Var<'t>, x: Var<'t>, w: Var<'t>, u: Var<'t>) -> Var<'t> {
    (x.matmul(w) + h.matmul(u)).tanh()
}

const STEPS: usize = 7;

/// Inputs, start, and two weights.
fn data<'t>(tape: &'t Tape<'t>) -> [Var<'t>; 4] {
    let numbers =
        |n: usize, k: f64| (0..n).map(|i| ((i as f64 + k) * 0.618).fract() - 0.5).collect::<Vec<_>>();
    let var = |shape: &[usize], k: f64| tape.var(numbers(shape.iter().product(), k)).reshape(shape);
    [var(&[STEPS, 3, 2], 0.1), var(&[3, 4], 0.2), var(&[2, 4], 0.3), var(&[4, 4], 0.4)]
}

/// The loss by a loop, unrolled or as one op.
fn loss<'t>(x: [Var<'t>; 4], scan: bool) -> Var<'t> {
    let [xs, start, w, u] = x;
    if scan {
        let tape = xs.tape();
        let (last, all) = tape.scan(STEPS, start, xs, |h, x| {
            let h = cell(h, x, w, u);
            (h, h.square())
        });
        return last.sum() + all.sum();
    }
    let (mut h, mut all) = (start, vec![]);
    for t in 0..STEPS {
        h = cell(h, xs.index(0, t as isize), w, u);
        all.push(h.square().reshape([1, 3, 4]));
    }
    h.sum() + Var::concat(&all, 0).sum()
}

fn bits(x: Var<'_>) -> Vec<u64> {
    x.to_vec::<f64>().iter().map(|x| x.to_bits()).collect()
}

fn close(a: Var<'_>, b: Var<'_>) {
    for (a, b) in a.to_vec::<f64>().iter().zip(b.to_vec::<f64>()) {
        assert!((a - b).abs() <= 1e-12 * (1.0 + b.abs()), "{a} and {b}");
    }
}

#[test]
fn the_values_are_those_of_a_loop_to_the_last_bit() {
    let tape = Tape::new();
    let x = data(&tape);
    assert_eq!(bits(loss(x, true)), bits(loss(x, false)));
}

#[test]
fn the_gradients_are_those_of_a_loop() {
    let tape = Tape::new();
    let x = data(&tape);
    let (scanned, unrolled) = (loss(x, true).grad(x), loss(x, false).grad(x));
    scanned.into_iter().zip(unrolled).for_each(|(a, b)| close(a, b));
}

#[test]
fn second_and_third_derivatives_are_those_of_a_loop() {
    let tape = Tape::new();
    let x = data(&tape);
    let directional = |scan: bool| {
        let first: Var<'_> = loss(x, scan).grad(x).iter().map(|g| g.square().sum()).sum();
        let second: Var<'_> = first.grad(x).iter().map(|g| g.sin().sum()).sum();
        let forward = first.jvp(&[x[3]], &[x[3].full_like(0.5)]);
        [first, second, forward, second.grad(x)[3].sum()]
    };
    directional(true).into_iter().zip(directional(false)).for_each(|(a, b)| close(a, b));
}

/// Along each variable alone and along all: a product in the body then has two tangents, one, or none.
#[test]
fn tangents_of_gradients_are_those_of_a_loop() {
    let tape = Tape::new();
    let x = data(&tape);
    let along = x.map(|x| (x * 3.0).sin());
    let [scanned, unrolled] = [true, false].map(|scan| loss(x, scan).grad(x));
    for moved in [vec![0], vec![1], vec![2], vec![3], vec![0, 1, 2, 3]] {
        let wrt: Vec<Var<'_>> = moved.iter().map(|&i| x[i]).collect();
        let tangents: Vec<Var<'_>> = moved.iter().map(|&i| along[i]).collect();
        for (a, b) in scanned.iter().zip(unrolled) {
            close(a.jvp(&wrt, &tangents), b.jvp(&wrt, &tangents));
        }
    }
}

/// The second gradient replays a loop that sums: its history has a tangent too.
#[test]
fn tangents_of_second_gradients_are_those_of_a_loop() {
    let tape = Tape::new();
    let x = data(&tape);
    let along = x.map(|x| (x * 3.0).sin());
    let [scanned, unrolled] = [true, false].map(|scan| {
        let first: Var<'_> = loss(x, scan).grad(x).iter().map(|g| g.square().sum()).sum();
        first.grad(x).map(|g| g.jvp(&x, &along))
    });
    scanned.into_iter().zip(unrolled).for_each(|(a, b)| close(a, b));
}

#[test]
fn programs_agree_with_the_tape() {
    let mut params = Params::f64();
    let mut scope = params.scope("net");
    let (w, u) = (scope.param("w", [2, 4], 0.3), scope.param("u", [4, 4], -0.2));
    for passes in [Passes::all(), Passes::exact(), Passes::none()] {
        let program = Program::trace_with(passes, &params, |t| {
            let (xs, start) = (t.input("xs", [STEPS, 3, 2]), t.input("start", [3, 4]));
            t.outputs(loss([xs, start, t.param(w), t.param(u)], true)).with_gradients()
        })
        .unwrap();
        let tape = Tape::with(&params);
        let [xs, start, ..] = data(&tape);
        let eager = loss([xs, start, tape.param(w), tape.param(u)], true);
        let grads = eager.backward();
        let mut state = program.state();
        let array = |x: Var<'_>| x.to_array::<f64>();
        let run = program.run(&mut state, &params, (array(xs), array(start))).unwrap();
        assert!((run.item(0) - eager.item()).abs() < 1e-13);
        for p in [w, u] {
            let (a, b) = (run.grads().get::<f64>(p).unwrap(), grads.get::<f64>(p).unwrap());
            a.iter().zip(b).for_each(|(a, b)| assert!((a - b).abs() < 1e-13, "{a} {b}"));
        }
    }
}

#[test]
fn a_program_is_as_short_for_many_steps_as_for_few() {
    let params = Params::f64();
    let trace = |steps: usize| {
        let program = Program::trace(&params, |t| {
            let (xs, a) = (t.input("xs", [steps]), t.input("a", []));
            let (last, ()) = t.scan(steps, xs.index(0, 0), xs, |h, x| ((h * a + x).sin(), ()));
            t.outputs([last, last.grad([a])[0]])
        });
        program.unwrap()
    };
    let (few, many) = (trace(10), trace(100_000));
    assert_eq!(few.kernels(), many.kernels());
    let xs: Vec<f64> = (0..100_000).map(|i| (f64::from(i) * 0.7).cos()).collect();
    let run = many.run(&mut many.state(), &params, (&xs[..], 0.5)).map(|run| [run.item(0), run.item(1)]);
    let (mut h, mut dh) = (xs[0], 0.0);
    for x in xs {
        let z = h * 0.5 + x;
        (h, dh) = (z.sin(), z.cos() * (dh * 0.5 + h));
    }
    let found = run.unwrap();
    assert!((found[0] - h).abs() < 1e-12 && (found[1] - dh).abs() < 1e-12, "{found:?} {h} {dh}");
}

#[test]
fn a_body_uses_what_is_around_it_and_computes_it_once() {
    let mut params = Params::f64();
    let w = params.scope("m").param("w", [2], [0.5, 2.0]);
    let tape = Tape::with(&params);
    let x = tape.var([1.0, -1.0]);
    let (last, _) = tape.scan(3, x, (), |h, ()| {
        let scale = (tape.param(w) * 0.1).exp(); // the same in every step
        (h * scale + tape.constant([1.0, 2.0]), ())
    });
    let scale = |w: f64| (w * 0.1).exp();
    let by_hand = |x: f64, w: f64, c: f64| (0..3).fold(x, |h, _| h * scale(w) + c);
    assert_eq!(last.to_vec::<f64>(), [by_hand(1.0, 0.5, 1.0), by_hand(-1.0, 2.0, 2.0)]);
    let slope = last.sum().backward().get::<f64>(w).unwrap().to_vec();
    let e = 1e-6;
    let difference = (by_hand(1.0, 0.5 + e, 1.0) - by_hand(1.0, 0.5 - e, 1.0)) / (2.0 * e);
    assert!((slope[0] - difference).abs() < 1e-8);
}

#[test]
fn threads_do_not_change_a_bit() {
    let run = |threads: usize| {
        let mut tape = Tape::new();
        tape.set_threads(threads);
        let x = tape.full(0.01, [2, 300, 300], DType::F64);
        let w = tape.var(vec![0.001; 90_000]).reshape([300, 300]);
        let (last, ()) = tape.scan(2, x.index(0, 0), x, |h, x| ((h.matmul(w) + x).sin(), ()));
        [bits(last), bits(last.sum().grad([w])[0])]
    };
    assert_eq!(run(1), run(3));
}

fn message(f: impl for<'t> FnOnce(&'t Tape<'t>)) -> String {
    let tape = Tape::new();
    let panic = catch_unwind(AssertUnwindSafe(|| f(&tape))).expect_err("a mistake");
    panic
        .downcast_ref::<String>()
        .cloned()
        .unwrap_or_else(|| panic.downcast_ref::<&str>().unwrap().to_string())
}

#[test]
fn mistakes_are_told_at_the_call() {
    let start = |t: &Tape<'_>| t.constant([1.0, 2.0]).shape().elements();
    assert_eq!(start(&Tape::new()), 2);
    let told = message(|t| {
        t.scan(3, t.constant(1.0), t.constant([1.0, 2.0]), |h, x| (h + x, ()));
    });
    assert!(told.contains("input 0 has shape [2]") && told.contains("3 steps"), "{told}");
    let told = message(|t| {
        t.scan(2, t.constant(1.0), t.constant([[1.0], [2.0]]), |h, x| (h + x, ()));
    });
    assert!(told.contains("carry 0 was [] F64 and becomes [1] F64"), "{told}");
    let told = message(|t| {
        let mut kept = None;
        t.scan(2, t.constant(1.0), (), |h, ()| {
            let h = h.exp();
            kept = Some(h);
            (h, ())
        });
        let _ = (kept.unwrap() + 1.0).item();
    });
    assert!(told.contains("loop"), "{told}");
    let told = message(|t| {
        t.scan(2, t.constant(1.0), (), |h, ()| if h.item() > 0.0 { (h, ()) } else { (-h, ()) });
    });
    assert!(told.contains("no value"), "{told}");
}

#[test]
fn a_panic_in_a_body_leaves_the_tape_in_order() {
    let tape = Tape::new();
    let x = tape.var(1.0);
    let stop = |h: Var<'_>| -> () { panic!("stop at {}", (h * 2.0).shape()) };
    let failed = catch_unwind(AssertUnwindSafe(|| tape.scan(2, x, (), |h, ()| (h, stop(h)))));
    assert!(failed.is_err() && tape.find_nonfinite().is_none());
    assert_eq!((x + 1.0).item(), 2.0);
}

#[test]
fn a_fault_in_a_step_is_a_typed_error() {
    let params = Params::f64();
    let program = Program::trace(&params, |t| {
        let (x, index) = (t.input("x", [4]), t.input_of("index", DType::I64, [3, 1]));
        let (_, y) = t.scan(3, (), index, |(), i| ((), x.gather(0, i)));
        t.outputs(y)
    })
    .unwrap();
    let mut state = program.state();
    let run = program.run(&mut state, &params, ([1.0, 2.0, 3.0, 4.0], [[0i64], [3], [1]]));
    assert_eq!(run.unwrap().slice::<f64>(0), [1.0, 4.0, 2.0]);
    let failed = program.run(&mut state, &params, ([1.0, 2.0, 3.0, 4.0], [[0i64], [9], [1]])).unwrap_err();
    assert!(failed.to_string().contains('9'), "{failed}");
}

#[test]
fn the_search_for_nan_names_the_step() {
    let tape = Tape::new();
    let xs = tape.constant([1.0, 2.0, 3.0, 4.0, 5.0]);
    let (_, ys) = tape.scan(5, tape.constant(3.5), xs, |h, x| (h - x, (h - x).ln()));
    assert!(ys.to_vec::<f64>()[2].is_nan()); // 3.5 − 1 − 2 − 3 is negative
    let found = tape.find_nonfinite().unwrap();
    assert_eq!(found.op, "scan");
    assert!(found.to_string().contains("step: result 0 of step 3 of 5"), "{found}");
}

/// The gradient of a weight is one product behind the loop, not a sum of products in it.
#[test]
fn products_are_summed_behind_the_loop() {
    let tape = Tape::new();
    let x = data(&tape);
    loss(x, true).grad([x[2], x[3]]);
    let listing = tape.listing().to_string();
    assert_eq!(listing.matches("matmul").count(), 2, "{listing}");
}

#[test]
fn a_list_shows_a_loop_in_one_line() {
    let tape = Tape::new();
    let (last, _) = tape.scan(100, tape.var(1.0), (), |h, ()| ((h * 0.5).cos(), h));
    let listing = tape.listing().to_string();
    assert!(listing.contains("scan(v0, body 2 ops, steps 100"), "{listing}");
    assert!(!listing.contains("argument") && listing.lines().count() == 6, "{listing}");
    assert!(tape.drawing().svg().contains("scan"));
    assert!(last.derivation([]).to_string().contains("scan"));
}

/// Halves towards zero, and counts how often it is asked.
struct Counted(std::sync::Arc<std::sync::atomic::AtomicUsize>);
impl autograd::custom::Loops for Counted {
    fn name(&self) -> &'static str {
        "counted"
    }
    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        Ok(x[0].clone())
    }
    fn fill(
        &self,
        x: &[ndarray::ArrayViewD<'_, f64>],
        mut y: ndarray::ArrayViewMutD<'_, f64>,
    ) -> Result<(), String> {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        y.assign(&x[0].mapv(|x| (0.5 * x).floor()));
        Ok(())
    }
}

#[test]
fn a_loop_that_has_come_to_rest_computes_no_more() {
    let count = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let tape = Tape::new();
    let start = tape.constant([200.0; 40]);
    let (last, sums) = tape.scan(1000, start, (), |x, ()| {
        let next = Var::by_loops(Counted(count.clone()), &[x]);
        (next, next.sum())
    });
    assert_eq!(last.to_vec::<f64>(), [0.0; 40]);
    let sums = sums.to_vec::<f64>();
    assert_eq!((sums.len(), sums[0], sums[6], sums[7], sums[999]), (1000, 4000.0, 40.0, 0.0, 0.0));
    // 200 is 0 after 8 halvings; one more shows that nothing changes.
    assert_eq!(count.load(std::sync::atomic::Ordering::Relaxed), 9);
}

#[test]
fn numbers_at_rest_are_stacked_and_summed_as_in_a_plain_loop() {
    let tape = Tape::new();
    let (x, a) = (tape.var(100.0), tape.var(0.25));
    let (last, all) = tape.scan(60, x, (), |x, ()| ((x * 0.5).floor() + a * 0.0, x + a));
    let mut now = 100.0;
    let expected: Vec<f64> = (0..60)
        .map(|_| {
            let y = now + 0.25;
            now = (now * 0.5f64).floor();
            y
        })
        .collect();
    assert_eq!((last.item(), all.to_vec::<f64>()), (0.0, expected));
    assert_eq!(all.sum().grad([a])[0].item(), 60.0);
}
