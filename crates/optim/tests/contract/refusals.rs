//! What is refused, with nothing changed.

use crate::{model, some_gradients};
use autograd::{Gradients, Params, Program, Tape};
use optim::{Adam, Momentum, Optimizer, Sgd, StepError};

#[test]
fn what_would_overflow_is_refused_and_changes_nothing() {
    // The square of the gradient overflows in F32.
    let mut params = Params::f32();
    let w = params.scope("m").param("w", [40], 1.0);
    let mut adam = Adam::new(0.1).unwrap();
    let step = |adam: &mut Adam, params: &mut Params, element: usize, x: f32| {
        let mut grads = Gradients::zeros(params);
        grads.get_mut::<f32>(w).unwrap()[element] = x;
        adam.step(params, &grads)
    };
    step(&mut adam, &mut params, 0, 1.0).unwrap();
    let before = (params.slab_of::<f32>().to_vec(), adam.state(&params));
    let error = step(&mut adam, &mut params, 37, 1e25).unwrap_err();
    let start = "v of `m.w` would become inf at element 37, where the gradient is 9.99999";
    let end = ": nothing was changed; lower the learning rate, or clip the gradients";
    let text = error.to_string();
    assert!(text.starts_with(start) && text.ends_with(end), "{text}");
    assert_eq!((params.slab_of::<f32>().to_vec(), adam.state(&params)), before);
    // The largest gradient that is allowed, and steps of an ordinary size after it.
    step(&mut adam, &mut params, 3, 1e19).unwrap();
    for _ in 0..3 {
        step(&mut adam, &mut params, 5, 1.0).unwrap();
    }
    assert!(params.get::<f32>(w)[5] < 0.8);

    // A rate that is finite, and results that are not.
    let mut params = Params::f64();
    let w = params.scope("m").param("w", [2], 1.0);
    let grads = {
        let tape = Tape::with(&params);
        (tape.param(w) * tape.constant([1.0, 1e20])).sum().backward()
    };
    let error = Sgd::new(1e300).unwrap().step(&mut params, &grads).unwrap_err();
    let StepError::NonFiniteResult { what, element: 1, .. } = error else { panic!("{error}") };
    assert_eq!(what, "the value");
    assert_eq!(params.get::<f64>(w), [1.0, 1.0]);
    // A momentum that has grown to the edge.
    let mut momentum = Momentum::new(1.0, 0.999).unwrap();
    let grads = (Tape::with(&params).param(w) * 1e305).sum().backward();
    let refused = (0..10_000).find_map(|_| momentum.step(&mut params, &grads).err()).expect("a refusal");
    assert!(matches!(refused, StepError::NonFiniteResult { .. }), "{refused}");
    assert!(params.get::<f64>(w).iter().all(|x| x.is_finite()));
    assert!(momentum.state_of::<f64>(&params, w, "v").unwrap().iter().all(|x| x.is_finite()));
    // 0/0.
    let mut point = [1.0];
    let error = Adam::new(0.1).unwrap().epsilon(0.0).unwrap().step_point(&mut point, &[0.0]).unwrap_err();
    assert!(matches!(error, StepError::NonFiniteResult { value, .. } if value.is_nan()));
    assert_eq!(point, [1.0]);
}

#[test]
fn parameters_that_a_user_has_changed_are_looked_at_again() {
    let mut params = Params::f64();
    let w = params.scope("m").param("w", [1], 1.0);
    let mut sgd = Sgd::new(1.0).unwrap();
    let grads = (Tape::with(&params).param(w) * -1e308).sum().backward();
    sgd.step(&mut params, &grads).unwrap();
    params.set(w, [1.7e308]);
    assert!(matches!(sgd.step(&mut params, &grads), Err(StepError::NonFiniteResult { .. })));
    assert_eq!(params.get::<f64>(w), [1.7e308]);
    let mut momentum = Momentum::new(1.0, 0.9).unwrap();
    let small = (Tape::with(&params).param(w) * 1.0).sum().backward();
    momentum.step(&mut params, &small).unwrap();
    momentum.state_of_mut::<f64>(&params, w, "v").unwrap()[0] = f64::INFINITY;
    assert!(matches!(momentum.step(&mut params, &small), Err(StepError::NonFiniteResult { .. })));
}

#[test]
fn hyperparameters_are_checked_in_the_type_that_they_are_used_in() {
    let step = |optimizer: &mut dyn Optimizer, mut params: Params| {
        let w = params.scope("m").param("w", [1], 1.0);
        let grads = Tape::with(&params).param(w).sum().backward();
        optimizer.step(&mut params, &grads).err().map(|error| error.to_string())
    };
    let adam = || Adam::new(0.1).unwrap().epsilon(1e-50).unwrap();
    assert_eq!(
        step(&mut adam(), Params::f32()).as_deref(),
        Some("epsilon (in F32) = 0: expected a number that does not round to 0: nothing was changed")
    );
    assert_eq!(step(&mut adam(), Params::f64()), None);
    let mut sgd = Sgd::new(1e39).unwrap();
    assert_eq!(
        step(&mut sgd, Params::f32()).as_deref(),
        Some("learning_rate (in F32) = inf: expected a finite number, at least 0: nothing was changed")
    );
    let mut near = Momentum::new(0.1, 1.0 - 1e-12).unwrap();
    assert_eq!(
        step(&mut near, Params::f32()).as_deref(),
        Some("momentum (in F32) = 1: expected a number in [0, 1): nothing was changed")
    );
    assert_eq!(step(&mut near, Params::f64()), None);
}

#[test]
fn clones_that_grow_apart_do_not_share_an_optimiser() {
    let (mut p, ..) = model(Params::f64());
    let mut q = p.clone();
    p.scope("more").param("a", [1], 0.0);
    q.scope("more").param("b", [1], 0.0);
    let mut sgd = Sgd::new(0.1).unwrap();
    let (of_p, of_q) = (some_gradients(&p, 1), some_gradients(&q, 1));
    sgd.step(&mut p, &of_p).unwrap();
    let error = sgd.step(&mut q, &of_q).unwrap_err();
    assert!(matches!(error, StepError::ForeignMemory { .. }), "{error}");
}

#[test]
fn a_step_that_trains_nothing_is_told_unless_it_is_meant() {
    let (mut params, weight, bias) = model(Params::f64());
    let mut adam = Adam::new(0.1).unwrap();
    [weight, bias].into_iter().for_each(|p| params.set_frozen(p, true));
    let grads = Tape::with(&params).param(weight).sum().backward();
    assert_eq!(adam.step(&mut params, &grads), Err(StepError::NothingTrained));
    assert_eq!(adam.step(&mut params, &grads.or_none()), Ok(()));
    params.set_frozen(weight, false);
    let constant = Tape::with(&params).constant(2.0).backward();
    assert_eq!(adam.step(&mut params, &constant), Err(StepError::NothingTrained));
    let program = Program::trace(&params, |t| t.outputs(t.input("x", [])).with_gradients()).unwrap();
    let error = program.step(&mut program.state(), &mut params, &mut adam, (1.0,)).unwrap_err();
    assert_eq!(error, StepError::NothingTrained);
    let meant = Program::trace(&params, |t| t.outputs(t.input("x", [])).with_gradients_or_none()).unwrap();
    assert_eq!(meant.step(&mut meant.state(), &mut params, &mut adam, (1.0,)), Ok(1.0));
}

#[test]
fn a_loss_that_is_no_number_is_refused() {
    let (mut params, weight, _) = model(Params::f64());
    let mut sgd = Sgd::new(0.1).unwrap();
    // The gradients are finite: the loss adds NaN to what they are of.
    let grads = (Tape::with(&params).param(weight).sum() + f64::NAN).backward();
    assert!(grads.get::<f64>(weight).unwrap().iter().all(|g| *g == 1.0));
    let error = sgd.step(&mut params, &grads).unwrap_err();
    assert!(matches!(error, StepError::NonFiniteLoss { value } if value.is_nan()), "{error}");
    // The mean of an empty batch.
    let program = Program::trace(&params, |t| {
        t.outputs((t.input("x", [0, 3]) * t.param(weight)).mean()).with_gradients()
    })
    .unwrap();
    let empty = ndarray::Array2::<f64>::zeros((0, 3));
    let error = program.step(&mut program.state(), &mut params, &mut sgd, (&empty,)).unwrap_err();
    assert!(error.to_string().contains("the mean of an empty batch is NaN"), "{error}");
    assert_eq!(params.get::<f64>(weight), [1.0, -2.0, 0.5]);
}

#[test]
fn a_parameter_that_is_thawed_after_tracing_is_told() {
    let (mut params, weight, bias) = model(Params::f64());
    params.set_frozen(bias, true);
    let program =
        Program::trace(&params, |t| t.outputs(t.param(weight).sum() + t.param(bias).sum()).with_gradients())
            .unwrap();
    let (mut state, mut sgd) = (program.state(), Sgd::new(0.5).unwrap());
    program.step(&mut state, &mut params, &mut sgd, ()).unwrap();
    params.set_frozen(bias, false);
    let error = program.step(&mut state, &mut params, &mut sgd, ()).unwrap_err();
    assert!(error.to_string().starts_with("`net.bias` was frozen when the program was traced"), "{error}");
    params.set_frozen(weight, true);
    params.set_frozen(bias, true);
    assert_eq!(program.step(&mut state, &mut params, &mut sgd, ()), Err(StepError::NothingTrained));
}
