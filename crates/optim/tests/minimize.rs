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

/// ½·xᵀAx − bᵀx, of the reference cases.
fn quadratic(x: Var<'_>) -> Var<'_> {
    let a = x.tape().constant([
        [0.8678790953, -0.1017829011, -0.1480813444, 0.1342352484],
        [-0.1017829011, 1.0714150581, 0.020238328, 0.2489147126],
        [-0.1480813444, 0.020238328, 1.8095218776, 0.3572079878],
        [0.1342352484, 0.2489147126, 0.3572079878, 2.7321824703],
    ]);
    let b = x.tape().constant([2.0478082353, -0.4100913075, -1.7528745031, 1.8282316596]);
    x.dot(0.5 * a.matmul(x) - b)
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
        ("quadratic", quadratic, vec![0.3790177722, 0.4841385101, -1.0350118236, 0.3237288789], [8, 7, 5]),
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

/// Those of `least_squares(method="lm")` with all tolerances 1e-12, which counts evaluations: 21, and 10 for the curve below.
#[test]
fn squares_are_minimised_in_no_more_evaluations_than_scipy() {
    let valley: Function = |p| {
        let [x, y] = parts(p);
        Var::stack(&[1.0 - x, 10.0 * (y - x.square())], 0)
    };
    let found = levenberg_marquardt().run(valley, [-1.2, 1.0]).unwrap();
    assert!(found.converged() && found.evaluations <= 21 && found.x == [1.0, 1.0], "{found:?}");
    let by_marquardt = levenberg_marquardt().damping(0.01).run(valley, [-1.2, 1.0]).unwrap();
    assert!(by_marquardt.converged() && by_marquardt.x == [1.0, 1.0], "{by_marquardt:?}");
}

/// A short memory finds the same.
#[test]
fn a_memory_of_one_pair_is_enough() {
    let found = lbfgs().memory(1).run(rosenbrock, [-1.2, 1.0]).unwrap();
    assert!(found.converged() && found.x.iter().all(|x| (x - 1.0).abs() < 1e-7), "{found:?}");
}

const T: [f64; 5] = [0.0, 1.0, 2.0, 3.0, 4.0];
const Y: [f64; 5] = [3.1, 1.9, 1.2, 0.9, 0.7];

fn decay<'t>(t: Var<'t>, p: Var<'t>) -> Var<'t> {
    let [a, b, c] = parts(p);
    a * (-b * t).exp() + c
}

fn line<'t>(x: Var<'t>, p: Var<'t>) -> Var<'t> {
    let [slope, height] = parts(p);
    slope * x + height
}

fn close(got: &[f64], want: &[f64], relative: f64) {
    assert_eq!(got.len(), want.len());
    for (got, want) in got.iter().zip(want) {
        assert!((got - want).abs() <= relative * want.abs(), "{got}, want {want}");
    }
}

/// The figures are those of `scipy.optimize.curve_fit`, SciPy 1.17, whose derivatives are differences.
#[test]
fn curves_and_covariances_are_those_of_scipy() {
    let fit = curve_fit(decay, T, Y, [1.0, 1.0, 0.0]).unwrap();
    close(&fit.parameters, &[2.612074914640008, 0.631782024051398, 0.491952413489367], 1e-7);
    let covariance = [
        [0.002506972186511, -0.001040320630764, -0.002039902812115],
        [-0.001040320630764, 0.000971193419975, 0.001372772265252],
        [-0.002039902812115, 0.001372772265252, 0.002327960335492],
    ];
    close(fit.covariance.as_slice().unwrap(), &covariance.concat(), 1e-6);
    assert!(fit.minimum.converged() && fit.minimum.evaluations <= 10, "{:?}", fit.minimum);
    // Units do not matter.
    let small = curve_fit(decay, T, Y.map(|y| y * 1e-12), [1e-12, 1.0, 0.0]).unwrap();
    close(&small.parameters, &[2.612074914640008e-12, 0.631782024051398, 0.491952413489367e-12], 1e-7);
}

#[test]
fn errors_of_the_data_weigh_as_in_scipy() {
    let (x, y, start) = ([0.0, 1.0, 2.0], [1.0, 3.0, 6.0], [1.0, 0.0]);
    let run = |fit: CurveFit<'_>| {
        let fit = fit.run(line, x, y, start).unwrap();
        (fit.parameters.clone(), fit.errors())
    };
    let (p, errors) = run(CurveFit::new());
    close(&p, &[2.5, 5.0 / 6.0], 1e-9);
    close(&errors, &[0.28867513072337775, 0.3726779968052988], 1e-7);
    let (p, errors) = run(CurveFit::new().sigma([0.1, 0.1, 0.2]).absolute_sigma(true));
    close(&p, &[7.0 / 3.0, 8.0 / 9.0], 1e-9);
    close(&errors, &[0.09999999994678159, 0.0942809041582063], 1e-7);
    let (_, errors) = run(CurveFit::new().sigma([0.1, 0.1, 0.2]));
    close(&errors, &[0.3333333331559386, 0.31426968052735427], 1e-7);
    let covariance = [[0.04, 0.01, 0.0], [0.01, 0.04, 0.01], [0.0, 0.01, 0.09]];
    let (p, errors) = run(CurveFit::new().sigma(covariance).absolute_sigma(true));
    close(&p, &[2.3809523784502384, 0.9047619123166484], 1e-7);
    close(&errors, &[0.17182493811082836, 0.1951800152136819], 1e-7);
    let (_, errors) = run(CurveFit::new().sigma(0.3).absolute_sigma(true));
    close(&errors, &[0.21213203198520406, 0.27386127792825143], 1e-7);
}

#[test]
fn a_covariance_that_the_data_do_not_determine_is_infinite() {
    let fit = curve_fit(line, [0.0, 1.0], [1.0, 3.0], [1.0, 0.0]).unwrap(); // as many data as parameters
    close(&fit.parameters, &[2.0, 1.0], 1e-9);
    assert!(fit.covariance.iter().all(|c| *c == f64::INFINITY));
    // Only the product of the two counts.
    let fit = curve_fit(|x, p| p.index(0, 0) * p.index(0, 1) * x, T, Y, [1.0, 2.0]).unwrap();
    assert!(fit.covariance.iter().all(|c| *c == f64::INFINITY), "{fit:?}");
}

/// Data on the curve: residuals become 0.
#[test]
fn exact_data_are_met_exactly() {
    let y = T.map(|t| 2.0 * (-0.5 * t).exp() + 1.0);
    let fit = curve_fit(decay, T, y, [1.0, 1.0, 0.0]).unwrap();
    close(&fit.parameters, &[2.0, 0.5, 1.0], 1e-13);
    assert!(fit.minimum.iterations < 20, "{:?}", fit.minimum);
}

#[test]
fn models_of_single_precision_keep_what_is_frozen() {
    let mut params = Params::f32();
    let mut net = params.scope("net");
    let [w, b, unused] =
        [net.param("w", [2], [1.0, 1.0]), net.param("b", [], 5.0), net.param("unused", [2, 2], 3.0)];
    params.set_frozen(b, true);
    let held = |found: Result<Minimum, MinimizeError>, params: &Params| {
        assert_eq!(found.unwrap().x.len(), 6);
        assert!(params.get::<f32>(w).iter().all(|w| (w + 2.5).abs() < 1e-3), "{params}");
        assert_eq!((params.get::<f32>(b), params.get::<f32>(unused)), (&[5.0][..], &[3.0; 4][..]));
    };
    for method in 0..3 {
        params.set(w, &[1.0f32, 1.0][..]);
        let found = match method {
            0 => lbfgs().run_model(&mut params, |t| (t.param(w) * 2.0 + b).square().sum()),
            1 => newton_cg().run_model(&mut params, |t| (t.param(w) * 2.0 + b).square().sum()),
            _ => gauss_newton().run_model(&mut params, |t| t.param(w) * 2.0 + b),
        };
        held(found, &params);
    }
}

/// Runs a method where there is no minimum, nothing to find, or no derivative.
fn ends<M: Method>(make: impl Fn() -> Minimizer<'static, M>) {
    let falls: Function = |x| (-x).exp().sum() - x.sum();
    let found = make().max_iterations(40).run(falls, [0.0, 1.0]).unwrap();
    assert!(found.value < -1.0 && found.iterations <= 40, "{found:?}");
    let kink: Function = |x| x.abs().sum() + 0.1 * x.sum();
    let found = make().run(kink, [1.0, 0.3]).unwrap();
    assert!(found.value < 1.43, "{found:?}");
    let flat: Function = |x| 0.0 * x.sum() + 3.0;
    let found = make().run(flat, [1.0]).unwrap();
    assert_eq!((found.iterations, found.why, found.value), (0, Stopped::Converged, 3.0));
    let beside_a_pole: Function = |x| (x - x.ln()).sum(); // not a number below 0
    let found = make().run(beside_a_pole, [1e-3, 20.0]).unwrap();
    assert!(found.converged() && found.x.iter().all(|x| (x - 1.0).abs() < 1e-6), "{found:?}");
    let tall: Function = |x| 1e8 + (x - 1.0).square().sum(); // differences drown in rounding
    let found = make().run(tall, [0.0, 3.0]).unwrap();
    assert!(found.x.iter().all(|x| (x - 1.0).abs() < 1e-4), "{found:?}");
    let found = make().max_iterations(0).run(tall, [0.0]).unwrap();
    assert_eq!((found.why, found.evaluations, found.x), (Stopped::Iterations, 1, vec![0.0]));
    assert!(make().run(tall, [0.0; 0]).unwrap().converged());
}

#[test]
fn minimisers_end_wherever_they_are() {
    ends(lbfgs);
    ends(newton_cg);
    ends(trust_region);
    ends(|| lbfgs().memory(1).wolfe(1e-4, 0.1));
}

#[test]
fn least_squares_end_without_a_solution() {
    for start in [[1.0, 1.0], [-3.0, 0.5]] {
        let found = levenberg_marquardt().max_iterations(200).run(|p| p.exp(), start).unwrap();
        assert!(found.value < 1e-3, "{found:?}");
        let found = gauss_newton().max_iterations(50).run(|p| p.exp(), start).unwrap();
        assert!(found.value < 1e-3, "{found:?}");
        let found = levenberg_marquardt().run(|p| p.abs().sqrt() + 1.0, start).unwrap();
        assert!(found.iterations < 1000 && found.value.is_finite(), "{found:?}");
    }
}

#[test]
fn full_steps_stop_where_the_function_is_not_finite() {
    let found = newton_cg().full_steps().rate(10.0).run(|x| (x - x.ln()).sum(), [3.0]).unwrap();
    assert_eq!((found.why, found.x), (Stopped::NonFinite, vec![3.0]));
}

#[test]
fn refusals_name_what_is_wrong() {
    let text = |found: Result<Minimum, MinimizeError>| found.unwrap_err().to_string();
    let f: Function = |x| x.square().sum();
    assert_eq!(text(lbfgs().first_step(0.0).run(f, [1.0])), "first_step = 0: expected above 0");
    assert_eq!(text(lbfgs().memory(0).run(f, [1.0])), "memory = 0: expected at least 1");
    assert_eq!(text(lbfgs().tolerance(f64::NAN).run(f, [1.0])), "tolerance = NaN: expected at least 0");
    assert_eq!(text(lbfgs().wolfe(0.5, 0.4).run(f, [1.0])), "c2 = 0.4: expected above c1 and below 1");
    assert_eq!(text(newton_cg().damping(-1.0).run(f, [1.0])), "damping = -1: expected at least 0");
    assert_eq!(
        text(trust_region().radius(2.0, 1.0).run(f, [1.0])),
        "radius = 2: expected above 0, at most the largest"
    );
    let nan = text(lbfgs().run(f, [1.0, f64::NAN]));
    assert_eq!(nan, "start: element 1 is NaN: expected a finite number");
    let start = text(lbfgs().run(|x| x.ln().sum(), [-1.0]));
    assert!(
        start.starts_with("the function or its gradient is not finite at the start (its value is NaN)"),
        "{start}"
    );
    let mut params = Params::f64();
    assert_eq!(
        text(lbfgs().run_model(&mut params, |t| t.constant(1.0))),
        "parameters has shape [0]: expected at least one that is not frozen"
    );
    let fit =
        |sigma: &[f64]| CurveFit::new().sigma(sigma).run(line, T, Y, [1.0, 0.0]).unwrap_err().to_string();
    assert_eq!(fit(&[1.0; 3]), "sigma has shape [3]: expected [], [5] or [5×5]");
    assert_eq!(fit(&[1.0, 1.0, 0.0, 1.0, 1.0]), "sigma: element 2 is 0: expected above 0");
    let few = curve_fit(line, [1.0], [1.0], [1.0, 0.0]).unwrap_err().to_string();
    assert_eq!(few, "y has shape [1]: expected at least 2 numbers, as many as there are parameters");
}

#[test]
#[should_panic(expected = "minimize: the function gives more than one number")]
fn a_loss_is_one_number() {
    let _ = lbfgs().run(|x| x.square(), [1.0, 2.0]);
}

#[test]
#[should_panic(expected = "curve_fit: f gives [5×2], y has [5]")]
fn a_curve_has_a_number_for_each_of_y() {
    let _ = curve_fit(|x, p| x.unsqueeze(1) * p, T, Y, [1.0, 2.0]);
}

/// An error leaves the parameters as they were.
#[test]
fn a_model_is_as_it_was_after_an_error() {
    let mut params = Params::f64();
    let w = params.scope("net").param("w", [2], [1.0, -1.0]);
    assert!(lbfgs().run_model(&mut params, |t| t.param(w).ln().sum()).is_err());
    assert_eq!(params.get::<f64>(w), [1.0, -1.0]);
}
