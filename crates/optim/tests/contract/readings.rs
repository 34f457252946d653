//! One formula, read as a loop and as recorded data.

use crate::some_gradients;
use autograd::{AnyTensor, DType, Float, Params};
use optim::{
    Adadelta, Adam, AmsGrad, Descent, Formula, Momentum, NAdam, Optimizer, RmsProp, Rprop, Sgd, Yogi,
};

/// The bits of a loop over slices and of the recorded rule.
fn read_twice<F: Formula<S, C>, const S: usize, const C: usize>(formula: &F, make: fn() -> Params) {
    fn of<F: Formula<S, C>, T: Float, const S: usize, const C: usize>(formula: &F, make: fn() -> Params) {
        let mut params = make();
        let n = 100;
        let values: Vec<f64> = (0..n).map(|i| (f64::from(i) * 0.37).sin()).collect();
        let w = params.scope("m").param("w", [n as usize], &values[..]);
        let mut optimizer = Descent::of(formula.clone()).unwrap();
        let program = Descent::<F, S, C>::recorded([n as usize], T::DTYPE).unwrap();
        let (none, mut state) = (make(), program.state());
        let mut remembered: Vec<Vec<T>> = vec![vec![T::default(); n as usize]; S];
        for t in 1..=5 {
            let grads = some_gradients(&params, t as usize);
            let mut inputs: Vec<Vec<T>> = formula.coefficients(t).map(|x| vec![T::from_f64(x)]).to_vec();
            inputs.push(params.get::<T>(w).to_vec());
            inputs.push(grads.get::<T>(w).unwrap().to_vec());
            inputs.extend(remembered.iter().cloned());
            let inputs: Vec<&dyn AnyTensor> = inputs.iter().map(|x| x as &dyn AnyTensor).collect();
            let run = program.run(&mut state, &none, &inputs[..]).unwrap();
            optimizer.step(&mut params, &grads).unwrap();
            assert_eq!(run.slice::<T>("p"), params.get::<T>(w), "step {t}");
            for (k, name) in F::STATE.into_iter().enumerate() {
                let new = run.slice::<T>(name);
                assert_eq!(new, optimizer.state_of::<T>(&params, w, name).unwrap(), "step {t}, {name}");
                remembered[k] = new.to_vec();
            }
        }
        assert_eq!(program.kernels(), 1);
    }
    match make().dtype() {
        DType::F32 => of::<F, f32, S, C>(formula, make),
        _ => of::<F, f64, S, C>(formula, make),
    }
}

/// The formula of each optimiser, for both types.
macro_rules! readings {
    ($($name:ident $optimizer:expr;)*) => {
        $(#[test]
        fn $name() {
            let formula = $optimizer.formula().clone();
            for make in [Params::f32 as fn() -> Params, Params::f64] {
                read_twice(&formula, make);
            }
        })*
    };
}
readings! {
    sgd_is_read_twice Sgd::new(0.1).unwrap().weight_decay(0.1).unwrap();
    momentum_is_read_twice Momentum::new(0.1, 0.9).unwrap().nesterov().unwrap();
    adam_is_read_twice Adam::new(0.1).unwrap();
    amsgrad_is_read_twice AmsGrad::new(0.1).unwrap();
    nadam_is_read_twice NAdam::new(0.1).unwrap();
    rmsprop_is_read_twice RmsProp::new(0.1).unwrap().centred();
    adadelta_is_read_twice Adadelta::new(0.1).unwrap();
    rprop_is_read_twice Rprop::new(0.1).unwrap();
    yogi_is_read_twice Yogi::new(0.1).unwrap();
    a_users_own_is_read_twice Descent::of(crate::AmsGrad { rate: 0.1, decay: 0.01 }).unwrap();
}
