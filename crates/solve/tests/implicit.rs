//! Fixed points and roots against solutions in closed form and against differences, at several orders.

use autograd::{Params, Program, Tape, Var, check_grads};
use ndarray::{ArrayD, arr1, arr2};
use solve::{Linear, fixed_point, root};

/// All ways to solve the linear equations, for general matrices.
const WAYS: [Linear; 2] = [Linear::Dense, Linear::Gmres { restart: 4 }];

fn close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= tolerance, "element {i}: {a} and {b}");
    }
}

/// √a, whose derivatives are known at all orders.
#[test]
fn a_square_root_has_all_derivatives() {
    for way in WAYS.into_iter().chain([Linear::ConjugateGradient]) {
        let tape = Tape::new();
        let a = tape.var([2.0, 3.0]);
        let z = root(|z: Var<'_>| z.square() - a).linear(way).solve(tape.constant([1.0, 1.0]));
        close(&z.to_vec::<f64>(), &[2f64.sqrt(), 3f64.sqrt()], 1e-9);
        let [first] = z.sum().grad([a]);
        let [second] = first.sum().grad([a]);
        let [third] = second.sum().grad([a]);
        close(&first.to_vec::<f64>(), &[2.0, 3.0].map(|a: f64| 0.5 * a.powf(-0.5)), 1e-8);
        close(&second.to_vec::<f64>(), &[2.0, 3.0].map(|a: f64| -0.25 * a.powf(-1.5)), 1e-8);
        close(&third.to_vec::<f64>(), &[2.0, 3.0].map(|a: f64| 0.375 * a.powf(-2.5)), 1e-7);
        let v = tape.constant([1.0, 10.0]);
        close(&z.jvp(&[a], &[v]).to_vec::<f64>(), &[0.5 / 2f64.sqrt(), 5.0 / 3f64.sqrt()], 1e-8);
        let twice = z.jvp(&[a], &[v]).jvp(&[a], &[v]);
        close(
            &twice.to_vec::<f64>(),
            &[2.0, 3.0].map(|a: f64| a.powf(-1.5) * if a < 2.5 { -0.25 } else { -25.0 }),
            1e-7,
        );
    }
}

fn layer<'t>(w: Var<'t>, x: Var<'t>, z: Var<'t>) -> Var<'t> {
    (w.matmul(z) * 0.5 + x).tanh()
}

fn arguments() -> [ArrayD<f64>; 2] {
    [
        arr2(&[[0.3, -0.8, 0.2], [0.5, 0.1, -0.4], [-0.2, 0.6, 0.7]]).into_dyn(),
        arr1(&[0.4, -0.9, 0.1]).into_dyn(),
    ]
}

macro_rules! checked {
    ($name:ident, $x:ident, $z:expr) => {
        #[test]
        fn $name() {
            check_grads(|$x| $z.square().sum(), &arguments(), 3).unwrap();
        }
    };
}
checked!(dense, x, {
    let (w, b) = (x[0], x[1]);
    fixed_point(move |z| layer(w, b, z)).tolerance(1e-13).linear(Linear::Dense).solve(b.detach())
});
checked!(by_products, x, {
    let (w, b) = (x[0], x[1]);
    fixed_point(move |z| layer(w, b, z))
        .tolerance(1e-13)
        .linear(Linear::Gmres { restart: 3 })
        .solve(b.detach())
});

#[test]
fn every_iteration_finds_the_same() {
    let tape = Tape::new();
    let [w, x] = arguments().map(|a| tape.var(a));
    let guess = tape.constant([0.0; 3]);
    let f = || fixed_point(|z| layer(w, x, z)).tolerance(1e-12);
    let expected = f().solve(guess).to_vec::<f64>();
    for z in [
        f().damped(0.5).solve(guess),
        f().damped(1.0).solve(guess),
        f().newton(1.0).solve(guess),
        f().anderson(2).solve(guess),
    ] {
        close(&z.to_vec::<f64>(), &expected, 1e-11);
    }
    let as_root = root(|z| layer(w, x, z) - z).solve(guess);
    close(&as_root.to_vec::<f64>(), &expected, 1e-9);
}

/// Larger than what is solved as a whole: 60 elements, by products alone.
#[test]
fn large_equations_by_products() {
    let tape = Tape::new();
    let n = 60;
    let w = tape.var(ndarray::Array2::from_shape_fn((n, n), |(i, k)| 0.1 * ((i * 7 + k * 3) as f64).sin()));
    let x = tape.var(ndarray::Array1::from_shape_fn(n, |i| (i as f64).cos()));
    let guess = x.detach();
    let solve = |linear| fixed_point(|z| layer(w, x, z)).tolerance(1e-12).linear(linear).solve(guess);
    let of = |z: Var<'_>| z.square().sum().grad([x])[0].to_vec::<f64>();
    let expected = of(solve(Linear::Dense));
    close(&of(solve(Linear::Gmres { restart: 20 })), &expected, 1e-9);
    close(&of(fixed_point(|z| layer(w, x, z)).tolerance(1e-12).solve(guess)), &expected, 1e-9);
    // Iterated out, it is the same.
    let mut z = guess;
    for _ in 0..80 {
        z = layer(w, x, z);
    }
    close(&of(z), &expected, 1e-9);
}

#[test]
fn conjugate_gradients_where_the_matrix_is_symmetric() {
    let tape = Tape::new();
    let a = tape.var([[4.0, 1.0], [1.0, 3.0]]);
    let b = tape.var([1.0, 2.0]);
    let z =
        root(|z: Var<'_>| a.matmul(z) - b).linear(Linear::ConjugateGradient).solve(tape.constant([0.0, 0.0]));
    close(&z.to_vec::<f64>(), &[1.0 / 11.0, 7.0 / 11.0], 1e-9);
    let expected = a.solve(b).square().sum().grad([a, b]).map(|g| g.to_vec::<f64>());
    let found = z.square().sum().grad([a, b]).map(|g| g.to_vec::<f64>());
    close(&found.concat(), &expected.concat(), 1e-9);
}

#[test]
fn programs_and_parameters() {
    let mut params = Params::f64();
    let w = params.scope("deq").param("w", [3, 3], arguments()[0].as_slice().unwrap());
    let x = [0.4, -0.9, 0.1];
    let program = Program::trace(&params, |t| {
        let x = t.input("x", [3]);
        let z = fixed_point(|z| layer(t.param(w), x, z)).solve(x.full_like(0.0));
        t.outputs(z.square().sum()).with_gradients()
    })
    .unwrap();
    let mut state = program.state();
    let run = program.run(&mut state, &params, (&x,)).unwrap();
    let tape = Tape::with(&params);
    let z = fixed_point(|z| layer(tape.param(w), tape.constant(x), z)).solve(tape.constant([0.0; 3]));
    let y = z.square().sum();
    close(&[run.item(0)], &[y.item()], 1e-12);
    close(run.grads().get::<f64>(w).unwrap(), &y.grad([tape.param(w)])[0].to_vec::<f64>(), 1e-10);
}

#[test]
fn single_precision() {
    let tape = Tape::new();
    let a = tape.var([2.0f32, 3.0]);
    for linear in WAYS {
        let z = root(|z: Var<'_>| z.square() - a).linear(linear).solve(tape.constant([1.0f32, 1.0]));
        let [slope] = z.sum().grad([a]);
        let error = (slope - 0.5 / a.sqrt()).abs().max().item();
        assert!(error < 1e-4, "{linear:?}: {error}");
    }
}

fn message(f: impl FnOnce()) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).unwrap_err();
    panic.downcast_ref::<String>().expect("a text").clone()
}

#[test]
fn mistakes_say_what_is_wrong() {
    let tape = Tape::new();
    let z0 = tape.constant([1.0, 2.0]);
    let text = message(|| {
        fixed_point(|z: Var<'_>| z.sum()).solve(z0);
    });
    assert!(text.starts_with("fixed_point: f gives [] F64 for z of [2] F64"), "{text}");
    let text = message(|| {
        root(|z: Var<'_>| z.square() + 1.0).solve(z0 * 0.7);
    });
    assert!(text.starts_with("root: nothing found in 50 iterations"), "{text}");
    let text = message(|| {
        fixed_point(|z: Var<'_>| z * 0.5).damped(1.5);
    });
    assert!(text.starts_with("fixed_point: a damping of 1.5"), "{text}");
    let text = message(|| {
        root(|z: Var<'_>| z).tolerance(-1.0);
    });
    assert!(text.starts_with("root: a tolerance of -1"), "{text}");
}

/// What is not found in a program is NaN, and so is its derivative.
#[test]
fn what_a_program_does_not_find_is_nan() {
    let program = Program::trace(&Params::f64(), |t| {
        t.outputs(root(|z: Var<'_>| z.square() - t.input("a", [])).solve(t.constant(1.0)))
    })
    .unwrap();
    let mut state = program.state();
    let mut run = |a: f64| program.run(&mut state, &Params::f64(), (a,)).unwrap().item(0);
    assert!((run(4.0) - 2.0).abs() < 1e-9);
    assert!(run(-4.0).is_nan());
}
