//! Steps that are refused: the texts of the errors, and that nothing has changed.

use autograd::{Float, Gradients, Param, Params, Tape};
use optim::{Adam, HyperparameterError, Momentum, Optimizer, Sgd, StepError};

/// Three tensors; the last one is the one that goes wrong.
fn model(mut params: Params) -> (Params, [Param; 3]) {
    let mut net = params.scope("net");
    let handles = [
        net.param("w", [2], [1.0, -2.0]),
        net.param("v", [2], 0.5),
        net.scope("out").param("bias", [3], 0.25),
    ];
    (params, handles)
}

/// Gradients of the last tensor as given, those of the others 1.
fn gradients<T: Float>(params: &Params, [w, v, bias]: [Param; 3], last: [f64; 3]) -> Gradients {
    let tape = Tape::with(params);
    let last = last.map(T::from_f64);
    let loss = (tape.constant(&last[..]) * bias).sum() + tape.param(w).sum() + tape.param(v).sum();
    loss.backward()
}

fn bits<T: Float>(params: &Params) -> Vec<u64> {
    params.slab_of::<T>().iter().map(|p| p.to_f64().to_bits()).collect()
}

/// A refused step between good ones has to leave no trace in either parameters or memory.
fn leaves_no_trace<T: Float, O: Optimizer + Clone>(params: Params, mut optimizer: O) {
    let (mut params, handles) = model(params);
    for refused in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let (mut untouched, mut reference) = (params.clone(), optimizer.clone());
        let bad = gradients::<T>(&params, handles, [0.5, 1.0, refused]);
        let error = optimizer.step(&mut params, &bad).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "the gradient of `net.out.bias` is {refused} at element 2: nothing was changed; `loss.find_nonfinite()` or \
                 `program.find_nonfinite(…)` tells where it came from"
            )
        );
        assert_eq!(bits::<T>(&params), bits::<T>(&untouched));

        for k in [1.0, -0.5] {
            let good = gradients::<T>(&params, handles, [k, 2.0 * k, -k]);
            optimizer.step(&mut params, &good).unwrap();
            reference.step(&mut untouched, &good).unwrap();
            assert_eq!(bits::<T>(&params), bits::<T>(&untouched), "after {refused}");
        }
    }
    // The steps were no empty ones.
    assert!(params.get::<T>(handles[0])[0].to_f64() < 0.99);
}

#[test]
fn a_gradient_that_is_no_number_changes_nothing() {
    fn both<O: Optimizer + Clone>(optimizer: O) {
        leaves_no_trace::<f64, O>(Params::f64(), optimizer.clone());
        leaves_no_trace::<f32, O>(Params::f32(), optimizer);
    }
    both(Sgd::new(0.1).unwrap());
    both(Momentum::new(0.1, 0.9).unwrap());
    both(Momentum::pytorch(0.1, 0.9).unwrap());
    both(Adam::new(0.1).unwrap());
}

#[test]
fn the_fields_name_the_first_element_that_is_wrong() {
    let (mut params, handles) = model(Params::f64());
    let bad = gradients::<f64>(&params, handles, [0.0, f64::INFINITY, f64::NAN]);
    let error = Sgd::new(0.1).unwrap().step(&mut params, &bad).unwrap_err();
    let parameter = "net.out.bias".to_owned();
    assert_eq!(error, StepError::NonFiniteGradient { parameter, element: 1, value: f64::INFINITY });

    let mut point = [1.0, 2.0];
    let error = Adam::new(0.1).unwrap().step_point(&mut point, &[0.0, f64::NAN]).unwrap_err();
    assert!(
        error.to_string().starts_with("the gradient of `point` is NaN at element 1: nothing was changed; `")
    );
    assert_eq!(point, [1.0, 2.0]);
}

#[test]
fn a_refused_point_leaves_no_trace() {
    let mut adam = Adam::new(0.1).unwrap();
    let mut point = [1.0, 2.0];
    adam.step_point(&mut point, &[1.0, -1.0]).unwrap();
    let (mut reference, mut untouched) = (adam.clone(), point);
    assert!(adam.step_point(&mut point, &[0.0, f64::NEG_INFINITY]).is_err());
    assert!(adam.step_point(&mut point, &[0.0]).is_err());
    adam.step_point(&mut point, &[0.5, 3.0]).unwrap();
    reference.step_point(&mut untouched, &[0.5, 3.0]).unwrap();
    assert_eq!(point.map(f64::to_bits), untouched.map(f64::to_bits));
}

#[test]
fn a_refused_first_step_does_not_bind_the_optimiser() {
    let (mut params, handles) = model(Params::f64());
    let bad = gradients::<f64>(&params, handles, [f64::NAN; 3]);
    let mut momentum = Momentum::new(0.1, 0.9).unwrap();
    assert!(momentum.step(&mut params, &bad).is_err());
    assert!(momentum.step_point(&mut [0.0; 2], &[f64::NAN; 2]).is_err());
    assert!(momentum.step_point(&mut [0.0; 2], &[1.0; 3]).is_err());
    momentum.step_point(&mut [0.0; 4], &[1.0; 4]).unwrap();
}

#[test]
fn gradients_of_another_model_are_refused() {
    let (mut params, _) = model(Params::f64());
    let (other, handles) = model(Params::f64());
    let grads = gradients::<f64>(&other, handles, [1.0; 3]);
    let before = bits::<f64>(&params);
    let mut sgd = Sgd::new(0.1).unwrap();
    let error = sgd.step(&mut params, &grads).unwrap_err();
    assert_eq!(error, StepError::ForeignGradients);
    assert_eq!(
        error.to_string(),
        "the gradients belong to another model than the parameters: nothing was changed"
    );
    assert_eq!(bits::<f64>(&params), before);
    // Nor did it bind the optimiser to that model.
    sgd.step_point(&mut [1.0], &[1.0]).unwrap();
}

/// The error of a step with an optimiser that was used before, and that the parameters have stayed.
fn foreign<T: Float>(optimizer: &mut impl Optimizer, params: Params) -> (u32, StepError) {
    let (mut params, handles) = model(params);
    let grads = gradients::<T>(&params, handles, [1.0; 3]);
    let before = bits::<T>(&params);
    let error = optimizer.step(&mut params, &grads).unwrap_err();
    assert_eq!(bits::<T>(&params), before);
    (params.id(), error)
}

#[test]
fn an_optimiser_serves_one_model() {
    let (mut params, handles) = model(Params::f32());
    let grads = gradients::<f32>(&params, handles, [1.0; 3]);
    let mut adam = Adam::new(0.1).unwrap();
    adam.step(&mut params, &grads).unwrap();
    let id = params.id();

    let (other, error) = foreign::<f32>(&mut adam, Params::f32());
    let (used, given) = (format!("model {id}, F32"), format!("model {other}, F32"));
    assert_eq!(error, StepError::ForeignMemory { used, given });
    assert_eq!(
        error.to_string(),
        format!(
            "the optimiser was used with model {id}, F32 before and is now given model {other}, F32: make one for each"
        )
    );
    let (other, error) = foreign::<f64>(&mut adam, Params::f64());
    assert_eq!(
        error.to_string(),
        format!(
            "the optimiser was used with model {id}, F32 before and is now given model {other}, F64: make one for each"
        )
    );
    let mut point = [1.0, 2.0];
    let error = adam.step_point(&mut point, &[1.0, 1.0]).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the optimiser was used with model {id}, F32 before and is now given a point of 2 elements: make one for each"
        )
    );
    assert_eq!(point, [1.0, 2.0]);
    // The refusals have not cost it its own model.
    adam.step(&mut params, &grads).unwrap();
}

#[test]
fn an_optimiser_serves_points_of_one_length() {
    let mut sgd = Sgd::new(0.5).unwrap();
    sgd.step_point(&mut [1.0, 2.0], &[1.0, 1.0]).unwrap();
    let mut longer = [1.0; 3];
    let error = sgd.step_point(&mut longer, &[1.0; 3]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the optimiser was used with a point of 2 elements before and is now given a point of 3 elements: make one for each"
    );
    assert_eq!(longer, [1.0; 3]);
    let (id, error) = foreign::<f64>(&mut sgd, Params::f64());
    assert_eq!(
        error.to_string(),
        format!(
            "the optimiser was used with a point of 2 elements before and is now given model {id}, F64: make one for each"
        )
    );
}

#[test]
fn a_point_and_its_gradient_are_of_one_length() {
    let mut point = [1.0; 3];
    let error = Sgd::new(0.1).unwrap().step_point(&mut point, &[1.0; 2]).unwrap_err();
    assert_eq!(error, StepError::LengthMismatch { point: 3, gradient: 2 });
    assert_eq!(error.to_string(), "the point has 3 elements, its gradient 2");
    assert_eq!(point, [1.0; 3]);
}

fn text<T>(result: Result<T, HyperparameterError>) -> String {
    result.err().expect("a refusal").to_string()
}

#[test]
fn rates_are_finite_and_not_negative() {
    for (rate, shown) in
        [(-0.5, "-0.5"), (f64::NAN, "NaN"), (f64::INFINITY, "inf"), (f64::NEG_INFINITY, "-inf")]
    {
        let want = format!("learning_rate = {shown}: expected a finite number, at least 0");
        assert_eq!(text(Sgd::new(rate)), want);
        assert_eq!(text(Momentum::new(rate, 0.9)), want);
        assert_eq!(text(Momentum::pytorch(rate, 0.9)), want);
        assert_eq!(text(Adam::new(rate)), want);
        let mut sgd = Sgd::new(0.25).unwrap();
        assert_eq!(text(sgd.set_learning_rate(rate)), want);
        assert_eq!(sgd.learning_rate(), 0.25);
    }
    assert!(Sgd::new(0.0).is_ok());
}

#[test]
fn decays_are_below_one() {
    for (decay, shown) in [(1.0, "1"), (-0.25, "-0.25"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
        let want = |name| format!("{name} = {shown}: expected a number in [0, 1)");
        assert_eq!(text(Momentum::new(0.1, decay)), want("momentum"));
        assert_eq!(text(Momentum::pytorch(0.1, decay)), want("momentum"));
        let adam = || Adam::new(0.1).unwrap();
        assert_eq!(text(adam().betas(decay, 0.9)), want("beta1"));
        assert_eq!(text(adam().betas(0.9, decay)), want("beta2"));
    }
    assert!(Momentum::new(0.1, 0.0).is_ok() && Adam::new(0.1).unwrap().betas(0.0, 0.0).is_ok());
}

#[test]
fn epsilon_is_finite_and_not_negative() {
    for (epsilon, shown) in [(-1.0, "-1"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
        let want = format!("epsilon = {shown}: expected a finite number, at least 0");
        assert_eq!(text(Adam::new(0.1).unwrap().epsilon(epsilon)), want);
    }
    let error = Momentum::new(0.1, 1.5).unwrap_err();
    let fields = HyperparameterError { name: "momentum".into(), value: 1.5, expected: "a number in [0, 1)" };
    assert_eq!(error, fields);
}

#[test]
fn options_that_exclude_each_other_are_refused() {
    assert_eq!(
        text(optim::Momentum::pytorch(0.1, 0.0).unwrap().nesterov()),
        "momentum = 0: expected a number in (0, 1), for Nesterov's look-ahead"
    );
    assert!(optim::Rprop::new(0.1).unwrap().factors(1.5, 0.5).is_err());
    assert!(optim::Average::exponential(1.0).is_err() && optim::Plateau::new(-1.0).is_err());
    assert!(optim::Lookahead::new(Sgd::new(0.1).unwrap(), 0, 0.5).is_err());
    assert!(optim::Lookahead::new(Sgd::new(0.1).unwrap(), 5, 1.5).is_err());
}

#[test]
fn a_rule_for_matrices_refuses_a_vector_by_name() {
    let mut params = Params::f64();
    let bias = params.scope("net").param("bias", [2], 1.0);
    let grads = Tape::with(&params).param(bias).square().sum().backward();
    let error = optim::Muon::new(0.1).unwrap().step(&mut params, &grads).unwrap_err();
    assert_eq!(error.to_string(), "`net.bias`: Muon updates matrices, and the shape is [2]");
    assert_eq!(params.get::<f64>(bias), [1.0, 1.0]);
}

#[test]
#[should_panic(expected = "then: the first schedule has no end")]
fn a_schedule_without_an_end_has_no_next() {
    let endless = optim::Schedule::constant(0.1);
    let _ = endless.then(optim::Schedule::constant(0.2));
}
