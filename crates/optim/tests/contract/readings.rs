//! One formula, read as a loop and as recorded data.

use crate::{AmsGrad, some_gradients};
use autograd::{AnyTensor, DType, Float, Params};
use optim::{AdamFormula, Descent, Formula, MomentumFormula, Optimizer, SgdFormula};

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

#[test]
fn a_rule_is_one_function_for_loops_and_for_other_executors() {
    for make in [Params::f32 as fn() -> Params, Params::f64] {
        read_twice(&SgdFormula { learning_rate: 0.1 }, make);
        read_twice(&MomentumFormula { learning_rate: 0.1, momentum: 0.9, rate_in_velocity: true }, make);
        read_twice(&AdamFormula { learning_rate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }, make);
        read_twice(&AmsGrad { rate: 0.1, decay: 0.01 }, make);
    }
}
