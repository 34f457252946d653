//! State as data: interrupted and continued, refused where it does not fit.

use crate::{AmsGrad, model, some_gradients};
use autograd::{DType, Data, Params, StateError};
use optim::{Adafactor, Adam, Descent, Lookahead, Momentum, NovoGrad, Optimizer, Rprop, Sgd};

/// The state after each of 12 steps, interrupted after each of them and continued from its data in a new process, as it were.
fn interrupted(make: impl Fn() -> Box<dyn Optimizer>, params: fn() -> Params) {
    let slab = |params: &Params| match params.dtype() {
        DType::F32 => params.slab_of::<f32>().iter().map(|x| u64::from(x.to_bits())).collect::<Vec<_>>(),
        _ => params.slab_of::<f64>().iter().map(|x| x.to_bits()).collect(),
    };
    let steps = |optimizer: &mut dyn Optimizer, params: &mut Params, steps: std::ops::Range<usize>| {
        for step in steps {
            let grads = some_gradients(params, step);
            optimizer.step(params, &grads).unwrap();
        }
    };
    let (mut whole, ..) = model(params());
    steps(&mut *make(), &mut whole, 0..12);
    for stop in 0..=12 {
        let (mut first, ..) = model(params());
        let mut optimizer = make();
        steps(&mut *optimizer, &mut first, 0..stop);
        let data = optimizer.state(&first);
        // Another model of the same names, with other initial values.
        let (mut second, ..) = model(params());
        match second.dtype() {
            DType::F32 => second.slab_mut::<f32>().copy_from_slice(first.slab_of::<f32>()),
            _ => second.slab_mut::<f64>().copy_from_slice(first.slab_of::<f64>()),
        }
        let mut optimizer = make();
        optimizer.set_state(&second, &data).unwrap();
        assert_eq!(optimizer.state(&second), data);
        steps(&mut *optimizer, &mut second, stop..12);
        assert_eq!(slab(&second), slab(&whole), "stopped after {stop} steps");
    }
}

#[test]
fn an_interrupted_optimiser_goes_on_to_the_same_bits() {
    for params in [Params::f32 as fn() -> Params, Params::f64] {
        interrupted(
            || Box::new(Adam::new(0.01).unwrap().group("*.bias", |a| a.beta1 = 0.5).unwrap()),
            params,
        );
        interrupted(|| Box::new(Momentum::new(0.01, 0.9).unwrap()), params);
        interrupted(|| Box::new(Sgd::new(0.01).unwrap()), params);
        interrupted(|| Box::new(Rprop::new(0.01).unwrap()), params);
        interrupted(|| Box::new(Lookahead::new(Sgd::new(0.1).unwrap(), 5, 0.5).unwrap()), params);
        interrupted(|| Box::new(Adafactor::new(0.01).unwrap()), params);
        interrupted(|| Box::new(NovoGrad::new(0.01).unwrap()), params);
        interrupted(|| Box::new(Descent::of(AmsGrad { rate: 0.01, decay: 0.1 }).unwrap()), params);
    }
}

#[test]
fn a_state_that_does_not_fit_is_refused_and_changes_nothing() {
    let (mut params, weight, _) = model(Params::f64());
    let mut adam = Adam::new(0.1).unwrap();
    let grads = some_gradients(&params, 3);
    adam.step(&mut params, &grads).unwrap();
    let data = adam.state(&params);
    assert_eq!(data.counter("net.weight"), Some(1));
    assert_eq!(data.number("beta2"), Some(0.999));
    let m = adam.state_of::<f64>(&params, weight, "m").unwrap().to_vec();
    assert_eq!(data.tensor("net.weight/m").unwrap().data, Data::F64(m));
    let wrong = |change: &dyn Fn(&mut optim::OptimizerState)| -> StateError {
        let mut data = data.clone();
        change(&mut data);
        let mut other = adam.clone();
        let error = other.set_state(&params, &data).unwrap_err();
        assert_eq!(other.state(&params), adam.state(&params));
        error
    };
    let error = wrong(&|data| data.tensors[0].data = Data::F32(vec![0.0; 3]));
    assert_eq!(error.to_string(), "optimiser state `net.weight/m`: [3] F32; expected [3] F64");
    let error = wrong(&|data| data.tensors[0].data = Data::F64(vec![0.0; 2]));
    assert_eq!(error.field, "net.weight/m");
    let error = wrong(&|data| data.counters[0].0 = "net.wait".to_owned());
    assert_eq!(error.to_string(), "optimiser state `net.wait`: a counter; expected the name of a parameter");
    assert_eq!(wrong(&|data| drop(data.tensors.remove(1))).field, "net.weight/v");
    assert_eq!(wrong(&|data| data.tensors[2].name = "net.bias/w".to_owned()).field, "net.bias/m");
    assert_eq!(wrong(&|data| drop(data.numbers.remove(0))).field, "learning_rate");
    assert_eq!(wrong(&|data| data.numbers[1].1 = 1.0).expected, "a number in [0, 1)");
    assert_eq!(wrong(&|data| data.numbers.push(("rho".to_owned(), 0.0))).field, "rho");
}
