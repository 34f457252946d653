//! Series along a line and Laplacians: closed forms, programs beside the tape, both precisions, and what is nested.

use autograd::transform::{Wrt, derivatives_along, hessian, laplacian, taylor};
use autograd::{DType, Params, Program, Tape, Var};

/// Coefficients of f(x + t) at x, up to the sixth.
fn series(f: impl for<'t> Fn(Var<'t>) -> Var<'t>, x: f64) -> Vec<f64> {
    let tape = Tape::new();
    let found = taylor(&f, 6)(tape.var(x), tape.constant(1.0));
    assert!(found.nested.is_empty());
    found.coefficients.iter().map(|c| c.item()).collect()
}

fn close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= tolerance * b.abs().max(1.0), "element {i}: {a} and {b}");
    }
}

#[test]
fn series_of_a_textbook() {
    let x = 0.3f64;
    let factorial = |k: i32| (1..=k).map(f64::from).product::<f64>();
    let all = |c: &dyn Fn(i32) -> f64| (0..=6).map(c).collect::<Vec<_>>();
    close(&series(|x| x.exp(), x), &all(&|k| x.exp() / factorial(k)), 1e-14);
    let sine = |k: i32| (x + f64::from(k) * std::f64::consts::FRAC_PI_2).sin() / factorial(k);
    close(&series(|x| x.sin(), x), &all(&sine), 1e-13);
    let ln = |k: i32| if k == 0 { x.ln() } else { -(-1f64 / x).powi(k) / f64::from(k) };
    close(&series(|x| x.ln(), x), &all(&ln), 1e-12);
    close(&series(|x| 1.0 / (1.0 - x), x), &all(&|k| (1.0 - x).powi(-k - 1)), 1e-12);
    let root = |k: i32| (0..k).map(|j| (0.5 - f64::from(j)) / f64::from(j + 1)).product::<f64>();
    close(&series(|x| x.sqrt(), x), &all(&|k| root(k) * x.powf(0.5 - f64::from(k))), 1e-12);
    close(
        &series(|x| x.powf(5.0), x),
        &[x.powi(5), 5.0 * x.powi(4), 10.0 * x.powi(3), 10.0 * x * x, 5.0 * x, 1.0, 0.0],
        1e-13,
    );
    // tanh at 0: 1, 0, −1/3, 0, 2/15, 0.
    close(&series(|x| x.tanh(), 0.0), &[0.0, 1.0, 0.0, -1.0 / 3.0, 0.0, 2.0 / 15.0, 0.0], 1e-15);
    // σ at 0: ½, ¼, 0, −1/48, 0, 1/480.
    close(&series(|x| x.sigmoid(), 0.0), &[0.5, 0.25, 0.0, -1.0 / 48.0, 0.0, 1.0 / 480.0, 0.0], 1e-15);
    close(&series(|x| x.atan(), 0.0), &[0.0, 1.0, 0.0, -1.0 / 3.0, 0.0, 0.2, 0.0], 1e-15);
}

/// Where a function saturates, coefficients keep their digits.
#[test]
fn coefficients_of_tanh_far_out() {
    let found = series(|x| x.tanh(), 20.0);
    // 1 − 2·e^(−2x) + …: the coefficient of tᵏ is −2·(−2)ᵏ/k!·e^(−40).
    let expected: Vec<f64> = (1..=6)
        .map(|k: i32| -2.0 * (-2f64).powi(k) / (1..=k).map(f64::from).product::<f64>() * (-40f64).exp())
        .collect();
    for (a, b) in found[1..].iter().zip(&expected) {
        assert!((a - b).abs() <= 1e-12 * b.abs(), "{a:e} and {b:e}");
    }
}

#[test]
fn what_has_no_rule_is_named() {
    let tape = Tape::new();
    let x = tape.var([0.1, 0.5, -0.3]);
    let v = tape.constant([1.0, 0.0, 2.0]);
    fn f(x: Var<'_>) -> Var<'_> {
        (x.softmax(0).prod() + x.softmax(0).sum()).exp()
    }
    let found = taylor(f, 3)(x, v);
    assert!(
        found.nested.contains(&"softmax") && found.nested.iter().filter(|n| **n == "softmax").count() == 1
    );
    let mut y = f(x);
    for k in 1..4 {
        y = y.jvp(&[x], &[v]);
        let factorial = (1..=k).product::<usize>() as f64;
        assert!((found.coefficients[k].item() * factorial - y.item()).abs() < 1e-12);
    }
}

fn network<'t>(x: Var<'t>) -> Var<'t> {
    let n = x.shape()[x.rank() - 1];
    let w = |rows: usize, columns: usize| {
        let all: Vec<f64> = (0..rows * columns).map(|i| (i as f64 * 0.7).sin() * 0.6).collect();
        x.tape().constant(&all).reshape([rows, columns]).cast(x.dtype())
    };
    let h = (x.matmul(w(n, 8)) + 0.1).tanh();
    (h.matmul(w(8, 8)).sigmoid() * h).matmul(w(8, 1)).index(-1, 0)
}

#[test]
fn the_laplacian_is_the_trace_of_the_hessian() {
    let tape = Tape::new();
    let points = [[0.1, -0.4, 0.9], [1.2, 0.3, -0.5]];
    let found = laplacian(network)(tape.var(points));
    let traces = points.map(|p| hessian(network)(tape.var(p)).diagonal(0).sum().item());
    close(&found.to_vec::<f64>(), &traces, 1e-12);
    // Itself it has a derivative.
    let x = tape.var(points);
    let [slope] = laplacian(network)(x).sum().grad([x]);
    let step = 1e-5;
    let moved = |sign: f64| laplacian(network)(x + sign * step).sum().item();
    assert!((slope.sum().item() - (moved(1.0) - moved(-1.0)) / (2.0 * step)).abs() < 1e-7);
}

#[test]
fn programs_and_single_precision_are_as_the_tape() {
    for dtype in [DType::F64, DType::F32] {
        let params = Params::of(dtype);
        let program = Program::trace(&params, |t| {
            let x = t.input("x", [2, 3]);
            let mut all = derivatives_along(network, 4)(x, x.full_like(0.5));
            all.push(laplacian(network)(x));
            t.outputs(all)
        })
        .unwrap();
        let tape = Tape::new();
        let points = [[0.1, -0.4, 0.9], [1.2, 0.3, -0.5]];
        let x = tape.var(points);
        let mut eager = derivatives_along(network, 4)(x, x.full_like(0.5));
        eager.push(laplacian(network)(x));
        let mut state = program.state();
        let run = match dtype {
            DType::F64 => program.run(&mut state, &params, (points,)).unwrap(),
            _ => program.run(&mut state, &params, (points.map(|p| p.map(|x| x as f32)),)).unwrap(),
        };
        for (i, y) in eager.iter().enumerate() {
            let found: Vec<f64> = match dtype {
                DType::F64 => run.slice::<f64>(i).to_vec(),
                _ => run.slice::<f32>(i).iter().map(|&x| f64::from(x)).collect(),
            };
            close(&found, &y.to_vec::<f64>(), if dtype == DType::F64 { 1e-12 } else { 1e-4 });
        }
    }
}

#[test]
fn parts_of_a_model() {
    let mut params = Params::f64();
    let mut net = params.scope("net");
    let (a, b) = (net.scope("0").param("w", [2], [1.0, 2.0]), net.scope("01").param("w", [], 3.0));
    params.set_frozen(b, false);
    let tape = Tape::with(&params);
    let y = (tape.param(a).square() * tape.param(b)).sum();
    assert_eq!(Wrt::parameters(&tape).members().len(), 2);
    let first = Wrt::scope(&tape, "net.0");
    assert_eq!(first.members().len(), 1);
    assert_eq!(first.grad(y)[0].to_vec::<f64>(), [6.0, 12.0]);
    assert_eq!(first.hessian(y)[0][0].to_vec::<f64>(), [6.0, 0.0, 0.0, 6.0]);
    assert_eq!(Wrt::scope(&tape, "net.01.w").grad(y)[0].item(), 5.0);
    let panic =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| Wrt::scope(&tape, "nte").members().len()));
    let text = panic.unwrap_err().downcast_ref::<String>().unwrap().clone();
    assert!(text.starts_with("wrt: `nte` has no parameters that are trained\n  rule:"), "{text}");
}

#[test]
fn a_tangent_that_does_not_fit_is_refused() {
    let tape = Tape::new();
    let (x, v) = (tape.var([1.0, 2.0]), tape.constant([1.0]));
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| taylor(|x| x.exp(), 3)(x, v)));
    let text = panic.unwrap_err().downcast_ref::<String>().unwrap().clone();
    assert!(text.starts_with("taylor: input and tangent do not fit"), "{text}");
}
