//! The update rules against their formulas, written out as sums over the whole history instead of recurrences.

use approx::{assert_abs_diff_eq, assert_relative_eq};
use autograd::{Float, Gradients, Param, Params, Tape};
use optim::{Adam, Momentum, Optimizer, Sgd};

const START: [f64; 5] = [0.5, -1.25, 2.0, -0.375, 1.0];

/// Numbers that `f32` holds exactly, so that both precisions see the same history.
fn gradient(step: usize) -> [f64; 5] {
    std::array::from_fn(|i| (((step * 7 + i * 5) % 13) as f64 - 5.5) / 8.0)
}

/// Two tensors, so that offsets in the slab matter.
fn model(mut params: Params) -> (Params, [Param; 2]) {
    let a = params.scope("m").param("a", [3], &START[..3]);
    let b = params.scope("m").param("b", [1, 2], &START[3..]);
    (params, [a, b])
}

/// Gradients that are exactly the given numbers: those of Σ g·p.
fn gradients<T: Float>(params: &Params, given: &[(Param, &[f64])]) -> Gradients {
    let tape = Tape::with(params);
    let term = |&(p, g): &(Param, &[f64])| {
        let g: Vec<T> = g.iter().map(|&x| T::from_f64(x)).collect();
        (tape.constant(&g).reshape(params.shape(p)) * p).sum()
    };
    given.iter().map(term).reduce(|a, b| a + b).unwrap().backward()
}

/// The slab after each of `steps` steps, widened; `before` runs ahead of each.
fn run<T: Float, O: Optimizer>(
    params: Params,
    mut optimizer: O,
    steps: usize,
    mut before: impl FnMut(&mut O, usize),
) -> Vec<Vec<f64>> {
    let (mut params, [a, b]) = model(params);
    let step = |step: usize| {
        before(&mut optimizer, step);
        let g = gradient(step);
        let grads = gradients::<T>(&params, &[(a, &g[..3]), (b, &g[3..])]);
        optimizer.step(&mut params, &grads).unwrap();
        params.slab_of::<T>().iter().map(|p| p.to_f64()).collect()
    };
    (0..steps).map(step).collect()
}

fn assert_close(got: &[f64], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len());
    for (&got, &want) in got.iter().zip(want) {
        assert_abs_diff_eq!(got, want, epsilon = tolerance);
    }
}

/// Runs an optimiser on both kinds of slab and holds every step against a formula.
fn check<O: Optimizer + Clone>(optimizer: &O, want: impl Fn(usize, usize) -> f64) {
    let steps = 12;
    let doubles = run::<f64, O>(Params::f64(), optimizer.clone(), steps, |_, _| {});
    let singles = run::<f32, O>(Params::f32(), optimizer.clone(), steps, |_, _| {});
    for t in 0..steps {
        let want: Vec<f64> = (0..5).map(|i| want(t, i)).collect();
        assert_close(&doubles[t], &want, 1e-14);
        assert_close(&singles[t], &want, 2e-6);
    }
}

/// Σ decay^(t−s)·g_s for s up to t, optionally of another function of g.
fn history(t: usize, i: usize, decay: f64, of: impl Fn(usize, f64) -> f64) -> f64 {
    (0..=t).map(|s| decay.powi((t - s) as i32) * of(s, gradient(s)[i])).sum()
}

#[test]
fn sgd_subtracts_the_sum_of_scaled_gradients() {
    let rate = 0.03;
    let want = |t, i: usize| START[i] - rate * history(t, i, 1.0, |_, g| g);
    check(&Sgd::new(rate).unwrap(), want);
}

#[test]
fn momentum_of_either_form_subtracts_all_velocities() {
    let (rate, mu) = (0.03, 0.9);
    let want =
        |t: usize, i: usize| START[i] - (0..=t).map(|k| rate * history(k, i, mu, |_, g| g)).sum::<f64>();
    check(&Momentum::new(rate, mu).unwrap(), want);
    check(&Momentum::pytorch(rate, mu).unwrap(), want);
}

#[test]
fn the_forms_of_momentum_part_where_the_rate_changes() {
    let (rate, mu) = (|s: usize| if s < 4 { 0.1 } else { 0.025 }, 0.75);
    let schedule = |m: &mut Momentum, step: usize| m.set_learning_rate(rate(step)).unwrap();
    let classical = run::<f64, _>(Params::f64(), Momentum::new(0.1, mu).unwrap(), 8, schedule);
    let pytorch = run::<f64, _>(Params::f64(), Momentum::pytorch(0.1, mu).unwrap(), 8, schedule);
    for t in 0..8 {
        // The rate belongs to the gradient in the one form, to the step in the other.
        let by_gradient: Vec<f64> = (0..5)
            .map(|i| START[i] - (0..=t).map(|k| history(k, i, mu, |s, g| rate(s) * g)).sum::<f64>())
            .collect();
        let by_step: Vec<f64> = (0..5)
            .map(|i| START[i] - (0..=t).map(|k| rate(k) * history(k, i, mu, |_, g| g)).sum::<f64>())
            .collect();
        assert_close(&classical[t], &by_gradient, 1e-14);
        assert_close(&pytorch[t], &by_step, 1e-14);
        let apart = by_gradient.iter().zip(&by_step).any(|(a, b)| (a - b).abs() > 1e-3);
        assert_eq!(apart, t >= 4, "step {t}");
    }
}

#[test]
fn momentum_zero_is_plain_descent() {
    let sgd = run::<f64, _>(Params::f64(), Sgd::new(0.1).unwrap(), 5, |_, _| {});
    for momentum in [Momentum::new(0.1, 0.0).unwrap(), Momentum::pytorch(0.1, 0.0).unwrap()] {
        assert_eq!(run::<f64, _>(Params::f64(), momentum, 5, |_, _| {}), sgd);
    }
}

#[test]
fn adam_follows_its_averages() {
    let adam = |rate: f64, beta1: f64, beta2: f64, epsilon: f64| {
        let want = move |t: usize, i: usize| {
            let update = |k: usize| {
                let m = (1.0 - beta1) * history(k, i, beta1, |_, g| g);
                let v = (1.0 - beta2) * history(k, i, beta2, |_, g| g * g);
                let t = k as i32 + 1;
                let (m, v) = (m / (1.0 - beta1.powi(t)), v / (1.0 - beta2.powi(t)));
                rate * m / (v.sqrt() + epsilon)
            };
            START[i] - (0..=t).map(update).sum::<f64>()
        };
        let adam = Adam::new(rate).unwrap().betas(beta1, beta2).unwrap().epsilon(epsilon).unwrap();
        check(&adam, want);
    };
    adam(0.05, 0.9, 0.999, 1e-8);
    adam(0.01, 0.5, 0.75, 0.25);
    adam(0.01, 0.0, 0.0, 1e-3);
}

/// The figures of the first two steps, worked out on paper for the gradients 2 and −1.
#[test]
fn adam_takes_the_first_two_steps_of_the_paper() {
    let mut adam = Adam::new(0.1).unwrap();
    let mut point = [3.0];
    adam.step_point(&mut point, &[2.0]).unwrap();
    // m = 0.2, v = 0.004, corrected 2 and 4: a step of the rate, but for ε.
    assert_relative_eq!(point[0], 3.0 - 0.1 * 2.0 / (2.0 + 1e-8), max_relative = 1e-15);
    adam.step_point(&mut point, &[-1.0]).unwrap();
    // m = 0.9·0.2 − 0.1 = 0.08, v = 0.999·0.004 + 0.001 = 0.004996, corrections 0.19 and 0.001999.
    let second = 0.1 * (0.08 / 0.19) / ((0.004996f64 / 0.001999).sqrt() + 1e-8);
    assert_relative_eq!(point[0], 2.9 + 1e-9 * 0.5 - second, max_relative = 1e-13);
    // The same as a figure.
    assert_abs_diff_eq!(point[0], 2.873_366_297_5, epsilon = 1e-9);
}

#[test]
fn adam_without_epsilon_moves_by_the_rate_whatever_the_scale() {
    let mut point = [0.0; 3];
    let mut adam = Adam::new(0.5).unwrap().epsilon(0.0).unwrap();
    adam.step_point(&mut point, &[1e-6, -1e9, 3.0]).unwrap();
    assert_close(&point, &[-0.5, 0.5, -0.5], 1e-14);
}

#[test]
fn a_step_on_the_slab_is_a_step_on_the_point() {
    fn both<O: Optimizer + Clone>(optimizer: O) {
        let slabs = run::<f64, O>(Params::f64(), optimizer.clone(), 10, |_, _| {});
        let (mut optimizer, mut point) = (optimizer, START);
        for (step, slab) in slabs.iter().enumerate() {
            optimizer.step_point(&mut point, &gradient(step)).unwrap();
            assert_eq!(point[..], slab[..], "step {step}");
        }
    }
    both(Sgd::new(0.07).unwrap());
    both(Momentum::new(0.07, 0.9).unwrap());
    both(Momentum::pytorch(0.07, 0.9).unwrap());
    both(Adam::new(0.07).unwrap());
}

#[test]
fn a_new_rate_counts_from_the_next_step_on() {
    let mut sgd = Sgd::new(0.5).unwrap();
    let mut point = [1.0];
    sgd.step_point(&mut point, &[1.0]).unwrap();
    sgd.set_learning_rate(0.125).unwrap();
    assert_eq!((point, sgd.learning_rate()), ([0.5], 0.125));
    sgd.step_point(&mut point, &[1.0]).unwrap();
    assert_eq!(point, [0.375]);
    sgd.set_learning_rate(0.0).unwrap();
    sgd.step_point(&mut point, &[1.0]).unwrap();
    assert_eq!(point, [0.375]);

    // Adam keeps its averages: after the same gradients, a tenth of the rate is a tenth of the step.
    let (mut fast, mut adam, mut p) = (Adam::new(0.5).unwrap(), Adam::new(0.5).unwrap(), [0.0]);
    adam.step_point(&mut p, &[2.0]).unwrap();
    fast.step_point(&mut [0.0], &[2.0]).unwrap();
    adam.set_learning_rate(0.05).unwrap();
    let (mut slow_step, mut fast_step) = ([0.0], [0.0]);
    adam.step_point(&mut slow_step, &[-3.0]).unwrap();
    fast.step_point(&mut fast_step, &[-3.0]).unwrap();
    assert_relative_eq!(slow_step[0] * 10.0, fast_step[0], max_relative = 1e-14);
}
