//! Minimisers: that they find minima in no more iterations than SciPy, that they always end, and what they refuse.

use autograd::{Params, Var};
use optim::minimize::{
    CurveFit, Method, MinimizeError, Minimizer, Minimum, Stopped, curve_fit, gauss_newton, lbfgs,
    levenberg_marquardt, newton_cg, trust_region,
};

type Function = for<'t> fn(Var<'t>) -> Var<'t>;

fn parts<'t, const N: usize>(x: Var<'t>) -> [Var<'t>; N] {
    std::array::from_fn(|i| x.index(0, i as isize))
}

fn rosenbrock(x: Var<'_>) -> Var<'_> {
    let n = x.shape()[0];
    let (head, tail) = (x.slice(0, ..n - 1), x.slice(0, 1..));
    (100.0 * (tail - head.square()).square() + (1.0 - head).square()).sum()
}

fn beale(p: Var<'_>) -> Var<'_> {
    let [x, y] = parts(p);
    let power = |k: f64| x * y.powf(k) - x;
    (1.5 + power(1.0)).square() + (2.25 + power(2.0)).square() + (2.625 + power(3.0)).square()
}

fn himmelblau(p: Var<'_>) -> Var<'_> {
    let [x, y] = parts(p);
    (x.square() + y - 11.0).square() + (x + y.square() - 7.0).square()
}

fn coupled(x: Var<'_>) -> Var<'_> {
    let products = x.slice(0, 1..) * x.slice(0, ..x.shape()[0] - 1);
    (x.cosh() - 0.5 * x).sum() + 0.1 * products.sum()
}

/// A function, a start, and the iterations of SciPy 1.17: `L-BFGS-B` (10 pairs, gtol 1e-8), `Newton-CG` (xtol 1e-10), `trust-ncg` (gtol 1e-8).
fn problems() -> Vec<(&'static str, Function, Vec<f64>, [usize; 3])> {
    let spread = (0..50).map(|i| -2.0 + 4.0 * f64::from(i) / 49.0).collect();
    vec![
        ("rosenbrock of 2", rosenbrock, vec![-1.2, 1.0], [38, 85, 30]),
        ("rosenbrock of 3", rosenbrock, vec![-1.2, 1.0, 0.8], [48, 160, 72]),
        ("rosenbrock of 5", rosenbrock, vec![0.5; 5], [31, 34, 32]),
        ("rosenbrock of 20", rosenbrock, [-1.2, 1.0].repeat(10), [140, 156, 132]),
        ("beale", beale, vec![1.0, 1.0], [16, 15, 12]),
        ("himmelblau", himmelblau, vec![0.0, 0.0], [11, 9, 10]),
        ("coupled", coupled, spread, [12, 7, 21]),
    ]
}

fn held(name: &str, found: &Minimum, most: usize) {
    println!("{name}: {} of {most} iterations, {} evaluations", found.iterations, found.evaluations);
    assert!(found.converged() && found.gradient_norm <= 1e-8, "{name}: {found:?}");
    let allowed = most + most.div_ceil(10);
    assert!(found.iterations <= allowed, "{name}: {} iterations, SciPy takes {most}", found.iterations);
}

#[test]
fn minima_are_found_in_no_more_iterations_than_scipy() {
    for (name, f, start, [first, second, third]) in problems() {
        held(&format!("L-BFGS, {name}"), &lbfgs().run(f, &start[..]).unwrap(), first);
        held(&format!("Newton-CG, {name}"), &newton_cg().run(f, &start[..]).unwrap(), second);
        held(&format!("trust region, {name}"), &trust_region().run(f, &start[..]).unwrap(), third);
    }
}

/// A short memory finds the same.
#[test]
fn a_memory_of_one_pair_is_enough() {
    let found = lbfgs().memory(1).run(rosenbrock, [-1.2, 1.0]).unwrap();
    assert!(found.converged() && found.x.iter().all(|x| (x - 1.0).abs() < 1e-7), "{found:?}");
}
