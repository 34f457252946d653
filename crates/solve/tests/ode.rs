//! Differential equations against their solutions in closed form, with the derivatives of these.

use autograd::{DType, Params, Program, Tape, Var, check_grads};
use ndarray::arr1;
use solve::{Ode, odeint};

fn close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= tolerance, "element {i}: {a} and {b}");
    }
}

fn fine<F>(ode: Ode<F>) -> Ode<F> {
    ode.tolerance(1e-10, 1e-12)
}

#[test]
fn exponential_growth_and_all_its_derivatives() {
    let tape = Tape::new();
    let (y0, k) = (tape.var(1.5), tape.var(-0.7));
    let at = [0.0, 0.4, 1.0, 2.5];
    let times = tape.var(at);
    for rk4 in [false, true] {
        let ode = odeint(|_t, y| k * y);
        let y = if rk4 { ode.rk4(200).solve(y0, times) } else { fine(ode).solve(y0, times) };
        let exact = |t: f64| 1.5 * (-0.7 * t).exp();
        close(&y.to_vec::<f64>(), &at.map(exact), 1e-9);
        let last = y.index(0, 3);
        let [dy0, dk, dt] = last.grad([y0, k, times]);
        close(&[dy0.item(), dk.item()], &[exact(2.5) / 1.5, 2.5 * exact(2.5)], 1e-8);
        close(&dt.to_vec::<f64>(), &[0.7 * exact(2.5), 0.0, 0.0, -0.7 * exact(2.5)], 1e-8);
        // Between the ends: by the start, by its own time, and by no other.
        let [dt] = y.index(0, 1).grad([times]);
        close(&dt.to_vec::<f64>(), &[0.7 * exact(0.4), -0.7 * exact(0.4), 0.0, 0.0], 1e-6);
        let [second] = dk.grad([k]);
        close(&[second.item()], &[2.5 * 2.5 * exact(2.5)], 1e-7);
        let along = last.jvp(&[k, y0], &[tape.constant(1.0), tape.constant(2.0)]);
        close(&[along.item()], &[2.5 * exact(2.5) + 2.0 * exact(2.5) / 1.5], 1e-8);
    }
}

#[test]
fn an_oscillator_keeps_its_phase() {
    let tape = Tape::new();
    let (start, w) = (tape.var([1.0, 0.0]), tape.var(2.0));
    let times = tape.constant((0..=20).map(|i| f64::from(i) * 0.25).collect::<Vec<_>>());
    let ode = fine(odeint(|_t, y: Var<'_>| Var::stack(&[y.index(0, 1), -w.square() * y.index(0, 0)], 0)));
    let y = ode.solve(start, times);
    let expected: Vec<f64> = (0..=20)
        .flat_map(|i| {
            let t = f64::from(i) * 0.25;
            [(2.0 * t).cos(), -2.0 * (2.0 * t).sin()]
        })
        .collect();
    close(&y.to_vec::<f64>(), &expected, 1e-7);
    let [dw] = y.index(0, 20).index(0, 0).grad([w]);
    close(&[dw.item()], &[-5.0 * 10f64.sin()], 1e-6);
}

#[test]
fn logistic_growth_forwards_and_backwards() {
    let tape = Tape::new();
    let logistic = |t: f64, y0: f64| 1.0 / (1.0 + (1.0 / y0 - 1.0) * (-t).exp());
    let y0 = tape.var([0.1, 0.5, 0.9]);
    for way in [1.0, -1.0] {
        let times = tape.constant([0.0, way, 2.0 * way]);
        let y = fine(odeint(|_t, y: Var<'_>| y * (1.0 - y))).solve(y0, times);
        let expected: Vec<f64> =
            [0.0, way, 2.0 * way].iter().flat_map(|&t| [0.1, 0.5, 0.9].map(|y0| logistic(t, y0))).collect();
        close(&y.to_vec::<f64>(), &expected, 1e-7);
        let slope = |y0: f64| (logistic(2.0 * way, y0 + 1e-6) - logistic(2.0 * way, y0 - 1e-6)) / 2e-6;
        let [dy0] = y.index(0, 2).sum().grad([y0]);
        close(&dy0.to_vec::<f64>(), &[0.1, 0.5, 0.9].map(slope), 1e-6);
    }
}

#[test]
fn a_time_in_the_equation_and_a_time_alone() {
    let tape = Tape::new();
    let y = fine(odeint(|t: Var<'_>, _y| t.cos())).solve(tape.var(0.0), tape.constant([0.0, 1.0, 3.0]));
    close(&y.to_vec::<f64>(), &[0.0, 1f64.sin(), 3f64.sin()], 1e-8);
    let alone = odeint(|_t, y: Var<'_>| y).solve(tape.var([3.0]), tape.constant([1.0]));
    assert_eq!((alone.shape().to_vec(), alone.to_vec::<f64>()), (vec![1, 1], vec![3.0]));
    let still = odeint(|_t, y: Var<'_>| y).solve(tape.var(3.0), tape.constant([1.0, 1.0, 1.0]));
    assert_eq!(still.to_vec::<f64>(), [3.0; 3]);
}

#[test]
fn derivatives_agree_with_differences() {
    let at = [arr1(&[0.3, -0.8]).into_dyn(), arr1(&[0.5, 1.2]).into_dyn(), arr1(&[0.0, 0.7, 1.1]).into_dyn()];
    fn f<'t>(x: &[Var<'t>]) -> Var<'t> {
        let k = x[1];
        odeint(move |t: Var<'t>, y: Var<'t>| (k * y).sin() + t * y).rk4(4).solve(x[0], x[2]).square().sum()
    }
    check_grads(f, &at, 2).unwrap();
}

#[test]
fn programs_are_as_the_tape() {
    let mut params = Params::f64();
    let k = params.scope("law").param("k", [], 0.8);
    let times = [0.0, 0.5, 1.5];
    let program = Program::trace(&params, |t| {
        let (y0, k) = (t.input("y0", [2]), t.param(k));
        let y = odeint(|_t, y: Var<'_>| -k * y * y).max_steps(100).solve(y0, t.constant(times));
        t.outputs([y.square().sum(), y]).with_gradients()
    })
    .unwrap();
    let mut state = program.state();
    let run = program.run(&mut state, &params, (&[1.0, 2.0],)).unwrap();
    let tape = Tape::with(&params);
    let y = odeint(|_t, y: Var<'_>| -tape.param(k) * y * y).solve(tape.var([1.0, 2.0]), tape.constant(times));
    close(run.slice::<f64>(1), &y.to_vec::<f64>(), 1e-14);
    let [dk] = y.square().sum().grad([tape.param(k)]);
    close(run.grads().get::<f64>(k).unwrap(), &[dk.item()], 1e-12);
    let exact = |t: f64, y0: f64| y0 / (1.0 + 0.8 * t * y0);
    let expected: Vec<f64> = times.iter().flat_map(|&t| [exact(t, 1.0), exact(t, 2.0)]).collect();
    close(run.slice::<f64>(1), &expected, 1e-6);
}

#[test]
fn what_a_program_does_not_reach_is_nan() {
    let program = Program::trace(&Params::f64(), |t| {
        let ode = odeint(|_t, y: Var<'_>| y.square()).max_steps(40);
        t.outputs(ode.solve(t.input("y0", []), t.constant([0.0, 0.5, 2.0])))
    })
    .unwrap();
    let mut state = program.state();
    let run = program.run(&mut state, &Params::f64(), (1.0,)).unwrap();
    let y = run.slice::<f64>(0);
    assert!((y[1] - 2.0).abs() < 1e-4 && y[2].is_nan(), "{y:?}");
}

#[test]
fn single_precision() {
    let tape = Tape::new();
    let y0 = tape.var([1.0f32, 2.0]);
    for rk4 in [true, false] {
        let ode = odeint(|_t, y: Var<'_>| -y);
        let ode = if rk4 { ode.rk4(10) } else { ode };
        let y = ode.solve(y0, tape.constant([0.0f32, 1.0, 2.0]));
        assert_eq!(y.dtype(), DType::F32);
        let (y, e) = (y.to_vec::<f32>(), (-2f32).exp());
        assert!((y[4] - e).abs() < 1e-4 && (y[5] - 2.0 * e).abs() < 1e-4, "{y:?}");
    }
}

fn message(f: impl FnOnce()) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).unwrap_err();
    panic.downcast_ref::<String>().expect("a text").clone()
}

#[test]
fn mistakes_say_what_is_wrong() {
    let tape = Tape::new();
    let y0 = tape.var([1.0, 2.0]);
    let times = tape.constant([0.0, 1.0]);
    let text = message(|| {
        odeint(|_t, y: Var<'_>| y.sum()).solve(y0, times);
    });
    assert!(text.starts_with("odeint: f gives [] F64 for y of [2] F64"), "{text}");
    let text = message(|| {
        odeint(|_t, y: Var<'_>| y).solve(y0, tape.constant([0.0, 2.0, 1.0]));
    });
    assert!(text.starts_with("odeint: times [0.0, 2.0, 1.0]"), "{text}");
    let text = message(|| {
        odeint(|_t, y: Var<'_>| y).solve(y0, tape.constant([[0.0, 2.0]]));
    });
    assert!(text.starts_with("odeint: times of [1×2]"), "{text}");
    let text = message(|| {
        odeint(|_t, y: Var<'_>| y).solve(y0, tape.constant([0.0f32, 2.0]));
    });
    assert!(text.starts_with("odeint: y0 is F64, the times are F32"), "{text}");
    let text = message(|| {
        odeint(|_t, y: Var<'_>| y.square()).solve(y0, tape.constant([0.0, 2.0]));
    });
    assert!(text.starts_with("odeint: the steps became too short"), "{text}");
    let text = message(|| {
        odeint(|_t, y: Var<'_>| -1e4 * y).max_steps(20).solve(y0, tape.constant([0.0, 2.0]));
    });
    assert!(text.starts_with("odeint: 20 steps did not reach the end"), "{text}");
    let text = message(|| {
        odeint(|_t, y: Var<'_>| y).rk4(3).tolerance(1e-3, 0.0);
    });
    assert!(text.starts_with("odeint: `tolerance` of `rk4`"), "{text}");
    let text = message(|| {
        odeint(|_t, y: Var<'_>| y).tolerance(0.0, f64::NAN);
    });
    assert!(text.starts_with("odeint: a tolerance of 0 and NaN"), "{text}");
}

#[test]
fn the_adjoint_has_the_derivatives_of_the_solution() {
    let tape = Tape::new();
    let (y0, k) = (tape.var([1.5, 0.5]), tape.var(-0.7));
    let times = tape.var([0.0, 0.4, 1.0, 2.5]);
    let y = fine(odeint(|t: Var<'_>, y: Var<'_>| k * y + 0.0 * t)).adjoint().solve(y0, times);
    let exact = |t: f64, y0: f64| y0 * (-0.7 * t).exp();
    let at = [0.0, 0.4, 1.0, 2.5];
    let expected: Vec<f64> = at.iter().flat_map(|&t| [exact(t, 1.5), exact(t, 0.5)]).collect();
    close(&y.to_vec::<f64>(), &expected, 1e-7);
    // A loss of all times.
    let weights = tape.constant([[1.0], [2.0], [-1.0], [0.5]]);
    let loss = (y * weights).sum();
    let w = [1.0, 2.0, -1.0, 0.5];
    let sum = |f: &dyn Fn(f64) -> f64| at.iter().zip(w).map(|(&t, w)| w * f(t)).sum::<f64>();
    let e = |t: f64| (-0.7 * t).exp();
    let [dy0, dk, dt] = loss.grad([y0, k, times]);
    close(&dy0.to_vec::<f64>(), &[sum(&e), sum(&e)], 1e-7);
    close(&[dk.item()], &[sum(&|t| 2.0 * t * e(t))], 1e-7);
    let own: Vec<f64> = at.iter().zip(w).map(|(&t, w)| -1.4 * w * e(t)).collect();
    // By the first time: all points move against it, and the first one does not move at all.
    close(&dt.to_vec::<f64>(), &[1.4 * sum(&e) + own[0], own[1], own[2], own[3]], 1e-6);
    let [second] = dk.grad([k]);
    close(&[second.item()], &[sum(&|t| 2.0 * t * t * e(t))], 1e-6);
    let moved = loss.jvp(&[k, y0], &[tape.constant(1.0), tape.constant([1.0, 1.0])]);
    close(&[moved.item()], &[sum(&|t| 2.0 * t * e(t) + 2.0 * e(t))], 1e-7);
    let moved = loss.jvp(&[times], &[tape.constant([1.0, 0.0, 0.0, 2.0])]);
    close(&[moved.item()], &[dt.to_vec::<f64>()[0] + 2.0 * own[3]], 1e-6);
}

#[test]
fn the_adjoint_in_a_program() {
    let mut params = Params::f64();
    let a = params.scope("law").param("a", [2, 2], [-0.1, -2.0, 2.0, -0.1]);
    let gradient = |adjoint: bool| {
        let program = Program::trace(&params, |t| {
            let ode = odeint(|_t, y: Var<'_>| t.param(a).matmul(y)).tolerance(1e-9, 1e-11).max_steps(200);
            let ode = if adjoint { ode.adjoint() } else { ode };
            let y = ode.solve(t.input("y0", [2]), t.constant([0.0, 0.5, 1.0]));
            t.outputs(y.square().sum()).with_gradients()
        })
        .unwrap();
        let mut state = program.state();
        let run = program.run(&mut state, &params, (&[2.0, 0.0],)).unwrap();
        run.grads().get::<f64>(a).unwrap().to_vec()
    };
    close(&gradient(true), &gradient(false), 1e-6);
}
