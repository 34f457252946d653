//! What belongs to one tensor stays with it: counters and averages of tensors that take no part in a step, that are
//! frozen, or that come later; and models that are clones.

use approx::assert_relative_eq;
use autograd::{Gradients, Param, Params, Tape};
use optim::{Adam, Momentum, Optimizer, Sgd, StepError};

/// Two tensors of one number each.
fn model() -> (Params, Param, Param) {
    let mut params = Params::f64();
    let a = params.scope("m").param("a", [1], 1.0);
    let b = params.scope("m").param("b", [1], 1.0);
    (params, a, b)
}

/// Gradients that are exactly the given numbers; a tensor that is not named has none.
fn gradients(params: &Params, given: &[(Param, f64)]) -> Gradients {
    let tape = Tape::with(params);
    given.iter().map(|&(p, g)| (tape.param(p) * g).sum()).reduce(|a, b| a + b).unwrap().backward()
}

fn value(params: &Params, p: Param) -> f64 {
    params.get::<f64>(p)[0]
}

/// Adam's step number t = `gradients.len()` after exactly these gradients, with the default decays.
fn adam_step(rate: f64, gradients: &[f64]) -> f64 {
    let t = gradients.len() as i32;
    let average = |decay: f64, of: fn(f64) -> f64| {
        let terms = gradients.iter().zip((0..t).rev()).map(|(&g, age)| decay.powi(age) * of(g));
        (1.0 - decay) * terms.sum::<f64>() / (1.0 - decay.powi(t))
    };
    rate * average(0.9, |g| g) / (average(0.999, |g| g * g).sqrt() + 1e-8)
}

#[test]
fn a_tensor_without_a_gradient_keeps_its_own_count() {
    let (mut params, a, b) = model();
    let mut adam = Adam::new(0.1).unwrap();
    let first = gradients(&params, &[(a, 2.0), (b, 2.0)]);
    adam.step(&mut params, &first).unwrap();
    let after_first = value(&params, b);
    assert_relative_eq!(1.0 - after_first, adam_step(0.1, &[2.0]), max_relative = 1e-12);

    for _ in 0..3 {
        let grads = gradients(&params, &[(a, 1.0)]);
        adam.step(&mut params, &grads).unwrap();
    }
    assert_eq!(value(&params, b), after_first);

    let before = value(&params, a);
    let last = gradients(&params, &[(a, -1.0), (b, -1.0)]);
    adam.step(&mut params, &last).unwrap();
    // The fifth step of the one, the second of the other.
    let step_of_a = adam_step(0.1, &[2.0, 1.0, 1.0, 1.0, -1.0]);
    let step_of_b = adam_step(0.1, &[2.0, -1.0]);
    assert_relative_eq!(before - value(&params, a), step_of_a, max_relative = 1e-12);
    assert_relative_eq!(after_first - value(&params, b), step_of_b, max_relative = 1e-12);
    // With one count for all, its correction would have been that of a fifth step.
    let common = |decay: f64| (1.0 - decay.powi(2)) / (1.0 - decay.powi(5));
    let wrong = step_of_b * common(0.9) / common(0.999).sqrt();
    assert!((wrong - step_of_b).abs() > 0.1 * step_of_b.abs());
}

#[test]
fn the_velocity_of_a_tensor_without_a_gradient_does_not_decay() {
    for mut momentum in [Momentum::new(0.5, 0.5).unwrap(), Momentum::pytorch(0.5, 0.5).unwrap()] {
        let (mut params, a, b) = model();
        for given in [&[(a, 1.0), (b, 1.0)][..], &[(a, 0.0)], &[(a, 0.0)], &[(a, 0.0), (b, 0.0)]] {
            let grads = gradients(&params, given);
            momentum.step(&mut params, &grads).unwrap();
        }
        // a: four steps of halving velocity; b: two of them.
        assert_eq!(value(&params, a), 1.0 - 0.5 - 0.25 - 0.125 - 0.0625);
        assert_eq!(value(&params, b), 1.0 - 0.5 - 0.25);
    }
}

#[test]
fn frozen_tensors_and_their_counters_stay() {
    let (mut params, a, b) = model();
    let mut adam = Adam::new(0.1).unwrap();
    // Gradients from before the freezing name b nevertheless; even one that is no number is of no concern.
    let both = gradients(&params, &[(a, 2.0), (b, 2.0)]);
    let mut broken = both.clone();
    broken.get_mut::<f64>(b).unwrap().fill(f64::NAN);
    params.set_frozen(b, true);
    adam.step(&mut params, &both).unwrap();
    adam.step(&mut params, &broken).unwrap();
    let fresh = gradients(&params, &[(a, 2.0), (b, 2.0)]);
    assert_eq!(fresh.get::<f64>(b), None);
    adam.step(&mut params, &fresh).unwrap();
    assert_eq!(value(&params, b), 1.0);

    params.set_frozen(b, false);
    let before = value(&params, a);
    let last = gradients(&params, &[(a, -1.0), (b, -4.0)]);
    adam.step(&mut params, &last).unwrap();
    assert_relative_eq!(
        before - value(&params, a),
        adam_step(0.1, &[2.0, 2.0, 2.0, -1.0]),
        max_relative = 1e-12
    );
    assert_relative_eq!(1.0 - value(&params, b), adam_step(0.1, &[-4.0]), max_relative = 1e-12);
}

#[test]
fn a_model_may_grow_between_steps() {
    let (mut params, a, b) = model();
    let mut adam = Adam::new(0.1).unwrap();
    let early = gradients(&params, &[(a, 2.0), (b, 2.0)]);
    adam.step(&mut params, &early).unwrap();
    let c = params.scope("m").param("c", [2], [5.0, 6.0]);

    // Gradients from before c existed still fit.
    let before = value(&params, a);
    adam.step(&mut params, &early).unwrap();
    assert_relative_eq!(before - value(&params, a), adam_step(0.1, &[2.0, 2.0]), max_relative = 1e-12);
    assert_eq!(params.get::<f64>(c), [5.0, 6.0]);

    let before = value(&params, a);
    let grads = gradients(&params, &[(a, -1.0), (c, 3.0)]);
    adam.step(&mut params, &grads).unwrap();
    assert_relative_eq!(before - value(&params, a), adam_step(0.1, &[2.0, 2.0, -1.0]), max_relative = 1e-12);
    for (i, start) in [5.0, 6.0].into_iter().enumerate() {
        let moved = start - params.get::<f64>(c)[i];
        assert_relative_eq!(moved, adam_step(0.1, &[3.0]), max_relative = 1e-12);
    }
}

#[test]
fn clones_of_a_model_share_handles_and_gradients() {
    let (mut params, a, b) = model();
    let mut copy = params.clone();
    let grads = gradients(&params, &[(a, 2.0), (b, -3.0)]);
    let mut sgd = Sgd::new(0.25).unwrap();
    sgd.step(&mut params, &grads).unwrap();
    assert_eq!((params.slab_of::<f64>(), copy.slab_of::<f64>()), (&[0.5, 1.75][..], &[1.0, 1.0][..]));
    // Neither the gradients nor the optimiser belong to another model.
    sgd.step(&mut copy, &grads).unwrap();
    assert_eq!((value(&copy, a), value(&copy, b)), (0.5, 1.75));
}

#[test]
fn gradients_of_a_clone_that_grew_otherwise_are_refused() {
    let (mut params, a, _) = model();
    let mut other = params.clone();
    let long = params.scope("m").param("long", [3], 1.0);
    let short = other.scope("m").param("short", [2], 1.0);
    assert_eq!(long.index(), short.index());
    let grads = gradients(&other, &[(a, 1.0), (short, 1.0)]);
    let mut sgd = Sgd::new(0.5).unwrap();
    assert_eq!(sgd.step(&mut params, &grads), Err(StepError::ForeignGradients));
    assert_eq!(params.slab_of::<f64>(), [1.0; 5]);
}
