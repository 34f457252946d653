//! `vmap` from outside: derivatives through it and within it, nesting, loops, programs, keys, mistakes.

use autograd::custom::{Function, Loops, Point};
use autograd::transform::{
    grad, hessian, jacobian_back, jacobian_forward, jvp, laplacian, vmap, vmap_onto, vmap_over,
};
use autograd::{DType, Key, Params, Program, ProgramError, Shape, Tape, Var};
use ndarray::{ArrayViewD, ArrayViewMutD};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A function of every kind of op: a product, a reduction, a choice, an index, a loop.
fn f<'t>(w: Var<'t>, x: Var<'t>) -> Var<'t> {
    let tape = x.tape();
    let h = w.matmul(x).tanh();
    let picked = h.gather(0, h.argmax(0).reshape([1])).sum();
    let (last, all) = tape.scan(2, h, (), |h, ()| ((h * x.sum()).sin(), h));
    h.gt(0.0).select(last, h.square()).exp().sum().ln() * picked + all.softmax(-1).square().sum()
}

fn weights<'t>(tape: &'t Tape<'_>, models: usize) -> Var<'t> {
    let all: Vec<f64> = (0..models * 12).map(|i| (i as f64 * 0.7).sin()).collect();
    tape.var(all).reshape([models, 3, 4])
}

fn points<'t>(tape: &'t Tape<'_>, examples: usize) -> Var<'t> {
    let all: Vec<f64> = (0..examples * 4).map(|i| (i as f64 * 1.3).cos()).collect();
    tape.var(all).reshape([examples, 4])
}

#[track_caller]
fn near(a: Var<'_>, b: Var<'_>) {
    assert_eq!(a.shape(), b.shape());
    for (a, b) in a.to_vec::<f64>().iter().zip(b.to_vec::<f64>()) {
        assert!((a - b).abs() <= 1e-12 * b.abs().max(1.0), "{a} and {b}");
    }
}

/// f of each pair, by a loop.
fn one_by_one<'t>(w: Var<'t>, xs: Var<'t>, f: impl Fn(Var<'t>, Var<'t>) -> Var<'t>) -> Var<'t> {
    let models = (0..w.shape()[0] as isize).map(|m| {
        let each = (0..xs.shape()[0] as isize).map(|i| f(w.index(0, m), xs.index(0, i)));
        Var::stack(&each.collect::<Vec<_>>(), 0)
    });
    Var::stack(&models.collect::<Vec<_>>(), 0)
}

/// As [`one_by_one`], by two `vmap`s, one within the other.
fn at_once<'t>(w: Var<'t>, xs: Var<'t>, f: impl Fn(Var<'t>, Var<'t>) -> Var<'t> + Copy) -> Var<'t> {
    vmap(|w| vmap(|x| f(w, x))(xs))(w)
}

#[test]
fn nested_batches_and_their_derivatives_are_those_of_single_calls() {
    let tape = Tape::new();
    let (w, xs) = (weights(&tape, 2), points(&tape, 3));
    let (a, b) = (at_once(w, xs, f), one_by_one(w, xs, f));
    near(a, b);
    let [by_w, by_x] = a.square().sum().grad([w, xs]);
    let [want_w, want_x] = b.square().sum().grad([w, xs]);
    near(by_w, want_w);
    near(by_x, want_x);
    near(by_w.sin().sum().grad([xs])[0], want_w.sin().sum().grad([xs])[0]);
    let v = xs.cos();
    near(a.jvp(&[xs], &[v]), b.jvp(&[xs], &[v]));
}

#[test]
fn derivatives_within_a_batch_are_those_of_single_calls() {
    let tape = Tape::new();
    let (w, xs) = (weights(&tape, 2), points(&tape, 3));
    for g in [
        |w, x| grad(|w| f(w, x))(w),
        |w, x| grad(|x| f(w, x))(x),
        |w, x| hessian(|x| f(w, x))(x),
        |w, x: Var<'_>| jvp(|x| f(w, x))(x, x.cos()).1,
    ] as [for<'t> fn(Var<'t>, Var<'t>) -> Var<'t>; 4]
    {
        let (a, b) = (at_once(w, xs, g), one_by_one(w, xs, g));
        near(a, b);
        near(a.square().sum().grad([w])[0], b.square().sum().grad([w])[0]);
    }
}

/// A step of each example, by a loop over them or by `vmap`.
fn step<'t>(w: Var<'t>, xs: Var<'t>, one_by_one: bool) -> Var<'t> {
    let one = |x: Var<'t>| (x * w).sum_over(-1).sin() * x;
    match one_by_one {
        true => Var::stack(&(0..3).map(|i| one(xs.index(0, i))).collect::<Vec<_>>(), 0),
        false => vmap(one)(xs),
    }
}

#[test]
fn a_body_of_a_loop_may_hold_a_batch() {
    let tape = Tape::new();
    let (w, xs) = (weights(&tape, 1).index(0, 0), points(&tape, 3));
    let w = w.index(0, 0);
    let [a, b] = [false, true].map(|each| tape.scan(4, xs, (), |xs, ()| (step(w, xs, each), ())).0);
    near(a, b);
    near(a.sum().grad([w])[0], b.sum().grad([w])[0]);
}

/// The gradient of each model at each point.
fn all<'t>(w: Var<'t>, xs: Var<'t>) -> Var<'t> {
    at_once(w, xs, |w, x| grad(|w| f(w, x))(w))
}

#[test]
fn programs_give_what_is_recorded_at_once() -> Result<(), ProgramError> {
    for dtype in [DType::F64, DType::F32] {
        let params = if dtype == DType::F32 { Params::f32() } else { Params::f64() };
        let program =
            Program::trace(&params, |t| t.outputs(all(t.input("w", [2, 3, 4]), t.input("xs", [3, 4]))))?;
        let tape = Tape::new();
        let (w, xs) = (weights(&tape, 2), points(&tape, 3));
        let mut state = program.state();
        let want = all(w, xs).to_vec::<f64>();
        let got: Vec<f64> = match dtype {
            DType::F32 => {
                let (w, xs) =
                    (w.to_array::<f64>().mapv(|x| x as f32), xs.to_array::<f64>().mapv(|x| x as f32));
                let out = program.run(&mut state, &params, (&w, &xs))?;
                out.slice::<f32>(0).iter().map(|&x| f64::from(x)).collect()
            }
            _ => {
                let (w, xs) = (w.to_array::<f64>(), xs.to_array::<f64>());
                program.run(&mut state, &params, (&w, &xs))?.slice::<f64>(0).to_vec()
            }
        };
        let bound = if dtype == DType::F32 { 1e-4 } else { 1e-12 };
        assert!(got.iter().zip(&want).all(|(a, b)| (a - b).abs() <= bound * b.abs().max(1.0)), "{dtype}");
    }
    Ok(())
}

#[test]
fn each_key_gives_the_numbers_that_it_gives_alone() {
    let tape = Tape::new();
    let keys = [Key::new(1), Key::new(2).fold_in(7), Key::new(3)];
    let all = tape.constant(keys.map(Key::words));
    let drawn = vmap(|key| key.fold_in(5).uniform([2, 5]))(all);
    assert_eq!(drawn.shape(), Shape::from([3, 2, 5]));
    for (i, key) in keys.into_iter().enumerate() {
        let alone = tape.constant(key).fold_in(5).uniform([2, 5]);
        assert_eq!(drawn.index(0, i as isize).to_vec::<f64>(), alone.to_vec::<f64>());
    }
}

#[test]
fn axes_of_arguments_and_results_may_be_others() {
    let tape = Tape::new();
    let (a, b) = (points(&tape, 3).t(), points(&tape, 3));
    let y = vmap_onto([Some(-1), Some(0), None], -1, |[x, z, s]| x * z + s.sum())([a, b, b]);
    assert_eq!(y.shape(), Shape::from([4, 3]));
    near(y, a * b.t() + b.sum());
    // Results that belong together, one of which is the same for all.
    let [p, q] = vmap_over([Some(0)], |[x]| [x.sum(), x.full_like(2.0)])([b]);
    assert_eq!((p.shape(), q.shape()), (Shape::from([3]), Shape::from([3, 4])));
    near(p, b.sum_over(-1));
    // No examples give no results.
    let none = vmap(|x| f(weights(&tape, 1).index(0, 0), x))(points(&tape, 1).slice(0, 0..0));
    assert_eq!(none.shape(), Shape::from([0]));
}

/// The text of the panic that a function ends with.
fn message<R>(f: impl FnOnce() -> R) -> String {
    let Err(panic) = catch_unwind(AssertUnwindSafe(f)) else { panic!("no mistake was noticed") };
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn mistakes_name_what_differs() {
    let tape = Tape::new();
    let x = tape.var([[1.0, 2.0], [3.0, 4.0]]);
    let text = message(|| vmap(|x: Var<'_>| x * x.sum().item())(x));
    assert!(text.contains("has no values while it is recorded"), "{text}");
    let text = message(|| vmap_over([None], |[x]| x)([x]));
    assert!(text.starts_with("vmap: no argument has an axis of examples"), "{text}");
    let text = message(|| vmap_over([Some(0), Some(0)], |[x, y]| x * y)([x, tape.var([1.0])]));
    assert!(text.starts_with("vmap: [2, 1] examples"), "{text}");
    let text = message(|| vmap(|x: Var<'_>| x)(tape.var(1.0)));
    assert!(text.starts_with("vmap"), "{text}");
    let left = std::cell::Cell::new(None);
    vmap(|x| {
        left.set(Some(x));
        x
    })(x);
    let text = message(|| left.get().expect("it was traced") + 1.0);
    assert!(text.contains("of a mapped function is used outside of it"), "{text}");
}

/// (Σ x)·y with a slope by y that is three times too large, so that the rule is seen.
struct Steep;

impl Function for Steep {
    fn name(&self) -> &'static str {
        "steep"
    }
    fn value<'t>(&self, x: &[Var<'t>]) -> Var<'t> {
        x[0].sum() * x[1]
    }
    fn vjp<'t>(&self, at: &Point<'_, 't>, g: Var<'t>) -> Vec<Option<Var<'t>>> {
        let by_y = at.wants(1).then(|| 3.0 * g * at.x[0].sum());
        vec![Some((g * at.x[1]).broadcast_to(at.x[0].shape())), by_y]
    }
}

fn steep<'t>(w: Var<'t>, x: Var<'t>) -> Var<'t> {
    Var::call(Steep, &[x, w.sum()])
}

fn checkpoint<'t>(w: Var<'t>, x: Var<'t>) -> Var<'t> {
    x.tape().checkpoint(x, |x| (x.sum() * w).sin().sum())
}

/// The largest number, by loops.
struct Largest;

impl Loops for Largest {
    fn name(&self) -> &'static str {
        "largest"
    }
    fn shape(&self, _x: &[&Shape]) -> Result<Shape, String> {
        Ok(Shape::from([]))
    }
    fn fill(&self, x: &[ArrayViewD<'_, f64>], mut y: ArrayViewMutD<'_, f64>) -> Result<(), String> {
        y.fill(x[0].iter().copied().fold(f64::NEG_INFINITY, f64::max));
        Ok(())
    }
}

#[test]
fn functions_of_the_users_have_their_rules_in_a_batch() {
    let tape = Tape::new();
    let (w, xs) = (weights(&tape, 2).index(-1, 0), points(&tape, 3));
    for g in [
        steep as for<'t> fn(Var<'t>, Var<'t>) -> Var<'t>,
        |w, x| grad(|w| steep(w, x))(w),
        |w, x| jvp(|x| steep(w, x))(x, x.cos()).1,
    ] {
        let (a, b) = (at_once(w, xs, g), one_by_one(w, xs, g));
        near(a, b);
        near(a.square().sum().grad([w])[0], b.square().sum().grad([w])[0]);
        near(a.square().sum().grad([xs])[0], b.square().sum().grad([xs])[0]);
    }
    let (a, b) = (at_once(w, xs, checkpoint), one_by_one(w, xs, checkpoint));
    near(a, b);
    near(a.square().sum().grad([w])[0], b.square().sum().grad([w])[0]);
}

#[test]
fn loops_of_the_users_run_example_by_example() -> Result<(), ProgramError> {
    let tape = Tape::new();
    let xs = points(&tape, 3);
    near(vmap(|x| Var::by_loops(Largest, &[x]))(xs), xs.max_over(-1));
    let program = Program::trace(&Params::f64(), |t| {
        let x = t.input("x", [3, 4]);
        t.outputs(vmap(|x| Var::by_loops(Largest, &[x]))(x) + Var::by_loops(Largest, &[x]))
    })?;
    let text = program.explain().to_string();
    assert!(text.contains("by_loops ×3, one by one"), "{text}");
    Ok(())
}

/// Sums of many equal terms, of which one direction alone is work enough.
fn large<'t>(x: Var<'t>) -> Var<'t> {
    x.unsqueeze(-1).broadcast_to([3, 1000]).sin().sum_over(-1)
}

#[test]
fn jacobians_of_large_functions_are_those_of_small_ones() {
    let tape = Tape::new();
    let x = tape.var([0.5, -1.0, 2.0]);
    for (i, x) in [0.5f64, -1.0, 2.0].into_iter().enumerate() {
        let point = tape.var([x, x, x]);
        for j in [jacobian_forward(large)(point), jacobian_back(large)(point)] {
            let want = |k: usize| if k == i { 1000.0 * x.cos() } else { 0.0 };
            let row: Vec<f64> = (0..3).map(want).collect();
            assert!(
                j.index(0, i as isize).to_vec::<f64>().iter().zip(row).all(|(a, b)| (a - b).abs() < 1e-9)
            );
        }
    }
    let laplace = laplacian(|p| large(p.reshape([3])).sum().reshape([1]))(x.reshape([1, 3])).to_vec::<f64>();
    let want: f64 = [0.5f64, -1.0, 2.0].iter().map(|x| -1000.0 * x.sin()).sum();
    assert!((laplace[0] - want).abs() < 1e-9);
}
