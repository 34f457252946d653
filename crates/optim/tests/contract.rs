//! What optimisers promise: a user's own rule, groups, state as data, refusals that change nothing, one rule in several readings.

use autograd::{
    AnyTensor, Buffer, DType, Data, Float, Gradients, Key, Num, Number, Param, Params, Program, Scope,
    StateError, Tape, Var,
};
use optim::{
    Adam, AdamFormula, Descent, Formula, Hyperparameters, Momentum, MomentumFormula, Optimizer, PerTensor,
    Pipeline, Range, Sgd, SgdFormula, StepError, TensorRule,
};

/// AMSGrad (Reddi et al. 2018, algorithm 2) with decoupled weight decay (Loshchilov & Hutter 2019):
/// v̂ = max(v̂, v),  p ← p − η·(m/(√v̂ + ε) + λ·p).
#[derive(Clone, Debug)]
struct AmsGrad {
    rate: f64,
    decay: f64,
}

impl Formula<3, 6> for AmsGrad {
    const STATE: [&'static str; 3] = ["m", "v", "largest"];
    fn coefficients(&self, _t: u64) -> [f64; 6] {
        [self.rate, self.decay, 0.9, 0.1, 0.99, 0.01]
    }
    fn update<N: Number>(
        [rate, decay, beta1, rest1, beta2, rest2]: [Num<N>; 6],
        p: Num<N>,
        g: Num<N>,
        [m, v, largest]: [Num<N>; 3],
    ) -> (Num<N>, [Num<N>; 3]) {
        let (m, v) = (beta1 * m + rest1 * g, beta2 * v + rest2 * g.square());
        let largest = largest.maximum(v);
        (p - rate * (m / (largest.sqrt() + 1e-8) + decay * p), [m, v, largest])
    }
    fn hyperparameters(&mut self, each: &mut Hyperparameters<'_>) {
        each("learning_rate", &mut self.rate, Range::NOT_NEGATIVE);
        each("weight_decay", &mut self.decay, Range::NOT_NEGATIVE);
    }
}

/// The same by hand.
#[derive(Default)]
struct ByHand {
    m: f64,
    v: f64,
    largest: f64,
}
impl ByHand {
    fn step(&mut self, p: f64, g: f64, rate: f64, decay: f64) -> f64 {
        (self.m, self.v) = (0.9 * self.m + 0.1 * g, 0.99 * self.v + 0.01 * (g * g));
        self.largest = self.largest.max(self.v);
        p - rate * (self.m / (self.largest.sqrt() + 1e-8) + decay * p)
    }
}

fn model(mut params: Params) -> (Params, Param, Param) {
    let mut net = params.scope("net");
    let (weight, bias) = (net.param("weight", [3], [1.0, -2.0, 0.5]), net.param("bias", [2], [0.25, 4.0]));
    (params, weight, bias)
}

/// Gradients made from numbers, other ones for each seed.
fn some_gradients(params: &Params, seed: usize) -> Gradients {
    let mut grads = Gradients::zeros(params);
    let mut k = seed;
    let mut next = || {
        k = (k * 37 + 11) % 101;
        k as f64 / 25.0 - 2.0
    };
    for p in params.iter() {
        match params.dtype() {
            DType::F32 => grads.get_mut::<f32>(p).unwrap().iter_mut().for_each(|g| *g = next() as f32),
            _ => grads.get_mut::<f64>(p).unwrap().iter_mut().for_each(|g| *g = next()),
        }
    }
    grads
}

#[test]
fn a_users_amsgrad_with_weight_decay_in_two_groups() {
    let (mut params, weight, bias) = model(Params::f64());
    let mut optimizer = Descent::of(AmsGrad { rate: 0.1, decay: 0.01 })
        .unwrap()
        .group("*.bias", |rule| (rule.rate, rule.decay) = (0.05, 0.0))
        .unwrap();
    let mut by_hand: Vec<ByHand> = (0..5).map(|_| ByHand::default()).collect();
    let mut expected = params.slab_of::<f64>().to_vec();
    for step in 0..20 {
        if step == 10 {
            optimizer.set_learning_rate(0.2).unwrap(); // that of the group keeps its ratio: 0.1
        }
        let grads = some_gradients(&params, step);
        let rate = if step < 10 { 0.1 } else { 0.2 };
        for (i, p) in expected.iter_mut().enumerate() {
            let (rate, decay) = if i < 3 { (rate, 0.01) } else { (rate / 2.0, 0.0) };
            *p = by_hand[i].step(*p, grads.slab_of::<f64>()[i], rate, decay);
        }
        optimizer.step(&mut params, &grads).unwrap();
    }
    let got = params.slab_of::<f64>();
    got.iter().zip(&expected).for_each(|(a, b)| assert!((a - b).abs() < 1e-14, "{a} {b}"));
    assert_eq!(optimizer.state_of::<f64>(&params, weight, "largest").unwrap()[0], by_hand[0].largest);
    assert_eq!(optimizer.steps_of(&params, bias), 20);
    let all: Vec<(String, f64)> = optimizer.hyperparameters();
    let all: Vec<(&str, f64)> = all.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let groups = [
        ("learning_rate", 0.2),
        ("weight_decay", 0.01),
        ("*.bias/learning_rate", 0.1),
        ("*.bias/weight_decay", 0.0),
    ];
    assert_eq!(all, groups);
    optimizer.set_hyperparameter("*.bias/weight_decay", 0.5).unwrap();
    assert_eq!(optimizer.hyperparameters()[3].1, 0.5);
    let error = optimizer.set_hyperparameter("*.bias/momentum", 0.5).unwrap_err();
    assert_eq!(error.to_string(), "*.bias/momentum = 0.5: expected a hyper-parameter that exists");
}

#[test]
fn a_group_without_parameters_is_told() {
    let (mut params, ..) = model(Params::f64());
    let grads = some_gradients(&params, 1);
    let mut sgd = Sgd::new(0.1).unwrap().group("*.biases", |sgd| sgd.learning_rate = 0.0).unwrap();
    let before = params.slab_of::<f64>().to_vec();
    let error = sgd.step(&mut params, &grads).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no parameter matches the pattern `*.biases` of a group: nothing was changed; there are `net.weight`, `net.bias`"
    );
    assert_eq!(params.slab_of::<f64>(), before);
}

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

#[test]
fn lazy_rows_are_updated_alone() {
    let mut params = Params::f64();
    let table = params.scope("net").param("table", [4, 2], 1.0);
    let bias = params.scope("net").param("bias", [2], 1.0);
    let mut adam = Adam::new(0.1).unwrap().lazy_rows(true);
    let gradients = |params: &Params, rows: &[usize]| {
        let mut grads = Gradients::zeros(params);
        rows.iter().for_each(|r| grads.get_mut::<f64>(table).unwrap()[2 * r..2 * r + 2].fill(1.0));
        grads.get_mut::<f64>(bias).unwrap().fill(1.0);
        grads.name_rows(table, rows);
        grads
    };
    let grads = gradients(&params, &[1, 2, 1]);
    adam.step(&mut params, &grads).unwrap();
    let after: Vec<f64> = params.get::<f64>(table).to_vec();
    assert_eq!((after[0], after[1], after[6], after[7]), (1.0, 1.0, 1.0, 1.0));
    assert!(after[2..6].iter().all(|x| (x - 0.9).abs() < 1e-8));
    let v = adam.state_of::<f64>(&params, table, "v").unwrap().to_vec();
    let grads = gradients(&params, &[3]);
    adam.step(&mut params, &grads).unwrap();
    // The averages of rows that were not named have not decayed.
    assert_eq!(params.get::<f64>(table)[..6], after[..6]);
    assert_eq!(adam.state_of::<f64>(&params, table, "v").unwrap()[..6], v[..6]);
    assert!(params.get::<f64>(table)[6] < 1.0);
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

/// Batch normalisation (Ioffe & Szegedy 2015, algorithms 1 and 2), as a user writes it.
struct BatchNorm {
    weight: Param,
    bias: Param,
    mean: Buffer,
    variance: Buffer,
}

impl BatchNorm {
    fn new(scope: &mut Scope<'_>, width: usize) -> BatchNorm {
        BatchNorm {
            weight: scope.param("weight", [width], 1.0),
            bias: scope.param("bias", [width], 0.0),
            mean: scope.buffer("mean", [width], 0.0),
            variance: scope.buffer("variance", [width], 1.0),
        }
    }

    fn forward<'t>(&self, x: Var<'t>, train: bool) -> Var<'t> {
        let t = x.tape();
        let (mean, variance) = if train {
            let mean = x.mean_over([0]);
            let variance = (x - mean).square().mean_over([0]);
            t.write(self.mean, t.buffer(self.mean) * 0.9 + mean * 0.1);
            t.write(self.variance, t.buffer(self.variance) * 0.9 + variance * 0.1);
            (mean, variance)
        } else {
            (t.buffer(self.mean), t.buffer(self.variance))
        };
        (x - mean) / (variance + 1e-5).sqrt() * self.weight + self.bias
    }
}

#[test]
fn a_users_batch_norm_keeps_its_statistics_eagerly_and_in_a_program() {
    let x = [[1.0, 10.0], [3.0, 30.0]];
    let make = || {
        let mut params = Params::f64();
        let norm = BatchNorm::new(&mut params.scope("norm"), 2);
        (params, norm)
    };
    fn loss<'t>(norm: &BatchNorm, x: Var<'t>) -> Var<'t> {
        norm.forward(x, true).tanh().sum()
    }
    let (mut eager, norm) = make();
    let mut sgd = Sgd::new(0.1).unwrap();
    for _ in 0..3 {
        let grads = loss(&norm, Tape::with(&eager).constant(x)).backward();
        sgd.step(&mut eager, &grads).unwrap();
    }
    let (mut planned, norm) = make();
    let mut sgd = Sgd::new(0.1).unwrap();
    let program =
        Program::trace(&planned, |t| t.outputs(loss(&norm, t.input("x", [2, 2]))).with_gradients()).unwrap();
    assert_eq!((program.inputs().count(), program.outputs().count()), (1, 1));
    let mut state = program.state();
    for _ in 0..3 {
        program.step(&mut state, &mut planned, &mut sgd, (x,)).unwrap();
    }
    // 0.9³ of the start, and the batch's own statistics for the rest.
    let kept = 0.9f64.powi(3);
    for (params, norm) in [(&eager, &norm), (&planned, &norm)] {
        let names = |b: Buffer| params.buffers().find(|c| c.index() == b.index()).unwrap();
        let (mean, variance) = (names(norm.mean), names(norm.variance));
        let near = |got: &[f64], want: [f64; 2]| {
            got.iter().zip(want).for_each(|(a, b)| assert!((a - b).abs() < 1e-12, "{got:?} {want:?}"));
        };
        near(params.buffer_values::<f64>(mean), [2.0, 20.0].map(|m| (1.0 - kept) * m));
        near(params.buffer_values::<f64>(variance), [1.0, 100.0].map(|v| kept + (1.0 - kept) * v));
        assert_eq!(params.find_buffer("norm.mean"), Some(mean));
    }
    assert_eq!(eager.slab_of::<f64>(), planned.slab_of::<f64>());
    // A step that is refused stores no state either.
    let before = planned.buffer_values::<f64>(norm.mean).to_vec();
    let broken = [[f64::NAN, 1.0], [2.0, 3.0]];
    program.step(&mut state, &mut planned, &mut sgd, (broken,)).unwrap_err();
    assert_eq!(planned.buffer_values::<f64>(norm.mean), before);
    // And a run by hand stores it with the optimiser's step.
    let run = program.run(&mut state, &planned, (x,)).unwrap();
    sgd.step(&mut planned, run.grads()).unwrap();
    assert_ne!(planned.buffer_values::<f64>(norm.mean), before);
    let eval = Program::trace(&planned, |t| t.outputs(norm.forward(t.input("x", [1, 2]), false))).unwrap();
    let y = eval.run(&mut eval.state(), &planned, ([[2.0, 20.0]],)).unwrap().slice::<f64>(0).to_vec();
    let tape = Tape::with(&planned);
    assert_eq!(y, norm.forward(tape.constant([[2.0, 20.0]]), false).to_vec::<f64>());
}

#[test]
fn an_optimiser_can_be_chosen_at_run_time() {
    let quadratic = |optimizer: &mut dyn Optimizer| {
        let mut params = Params::f64();
        let w = params.scope("m").param("w", [2], [3.0, -1.0]);
        let program =
            Program::trace(&params, |t| t.outputs(t.param(w).square().sum()).with_gradients()).unwrap();
        let mut state = program.state();
        (0..100).for_each(|_| {
            program.step(&mut state, &mut params, optimizer, ()).unwrap();
        });
        params.get::<f64>(w).iter().all(|w| w.abs() < 0.1)
    };
    for name in ["sgd", "momentum", "adam"] {
        let mut optimizer: Box<dyn Optimizer> = match name {
            "sgd" => Box::new(Sgd::new(0.1).unwrap()),
            "momentum" => Box::new(Momentum::new(0.01, 0.9).unwrap()),
            _ => Box::new(Adam::new(0.1).unwrap()),
        };
        optimizer.set_learning_rate(optimizer.learning_rate()).unwrap();
        assert!(quadratic(&mut optimizer), "{name}");
    }
}

/// Gradients of a regression over some rows.
fn regression(params: &Params, w: Param, rows: std::ops::Range<usize>) -> Gradients {
    let data: Vec<f64> = (0..24).map(|i| (f64::from(i) * 0.618).fract() - 0.5).collect();
    let tape = Tape::with(params);
    let x = tape.constant(&data[3 * rows.start..3 * rows.end]).reshape([rows.len(), 3]);
    x.matmul(w).tanh().square().mean().backward()
}

#[test]
fn four_micro_batches_are_one_large_batch() {
    let make = || {
        let mut params = Params::f64();
        let w = params.scope("net").param("w", [3, 1], [0.2, -0.4, 0.7]);
        (params, w)
    };
    let ((mut large, w), (mut small, v)) = (make(), make());
    let clipped = |optimizer| Pipeline::new(optimizer).clip_norm(0.1).unwrap();
    let mut whole = clipped(Adam::new(0.01).unwrap());
    let mut parts = clipped(Adam::new(0.01).unwrap()).accumulate(4).unwrap();
    for _ in 0..5 {
        let grads = regression(&large, w, 0..8);
        whole.step(&mut large, &grads).unwrap();
        for part in 0..4 {
            let before = small.get::<f64>(v).to_vec();
            let grads = regression(&small, v, 2 * part..2 * part + 2);
            parts.step(&mut small, &grads).unwrap();
            assert_eq!(small.get::<f64>(v) == before, part < 3);
        }
        let pairs = large.get::<f64>(w).iter().zip(small.get::<f64>(v));
        pairs.for_each(|(a, b)| assert!((a - b).abs() < 1e-14, "{a} {b}"));
        assert!((whole.norm().unwrap() / parts.norm().unwrap() - 1.0).abs() < 1e-12);
    }
    // A micro-batch that is refused does not count, and leaves the sum as it is.
    let (mut other, v) = make();
    let mut parts = Pipeline::new(Sgd::new(0.5).unwrap()).accumulate(2).unwrap();
    let good = regression(&other, v, 0..4);
    let mut bad = good.clone();
    bad.get_mut::<f64>(v).unwrap()[1] = f64::INFINITY;
    parts.step(&mut other, &good).unwrap();
    assert!(matches!(parts.step(&mut other, &bad), Err(StepError::NonFiniteGradient { element: 1, .. })));
    parts.step(&mut other, &good).unwrap();
    let (mut once, v) = make();
    let grads = regression(&once, v, 0..4);
    Sgd::new(0.5).unwrap().step(&mut once, &grads).unwrap();
    assert_eq!(other.slab_of::<f64>(), once.slab_of::<f64>());
}

#[test]
fn a_pipeline_scales_clips_reduces_and_can_be_interrupted() {
    let (mut params, weight, _) = model(Params::f64());
    let of = |values: [f64; 5]| {
        let mut grads = Gradients::zeros(&params);
        let (w, b) = values.split_at(3);
        grads.get_mut::<f64>(weight).unwrap().copy_from_slice(w);
        grads.get_mut::<f64>(params.find("net.bias").unwrap()).unwrap().copy_from_slice(b);
        grads
    };
    let grads = of([8.0, -16.0, 0.0, 4.0, 1.0]);
    params.slab_mut::<f64>().fill(0.0);
    let sgd = || Sgd::new(1.0).unwrap();
    // 8 is the scale of the loss; ±1.5 the limit.
    let mut scaled = Pipeline::new(sgd()).unscale(8.0).unwrap().clip_value(1.5).unwrap();
    scaled.step(&mut params, &grads).unwrap();
    assert_eq!(params.slab_of::<f64>(), [-1.0, 1.5, 0.0, -0.5, -0.125]);
    params.slab_mut::<f64>().fill(0.0);
    let mut reduced = Pipeline::new(sgd()).reduce(|grads| {
        *grads *= 0.5;
        Ok(())
    });
    reduced.step(&mut params, &grads).unwrap();
    assert_eq!(params.slab_of::<f64>(), [-4.0, 8.0, 0.0, -2.0, -0.5]);
    let mut failing = Pipeline::new(sgd()).reduce(|_| Err(StepError::Refused("rank 3 is gone".to_owned())));
    assert_eq!(failing.step(&mut params, &grads).unwrap_err().to_string(), "rank 3 is gone");
    assert_eq!(params.slab_of::<f64>(), [-4.0, 8.0, 0.0, -2.0, -0.5]);

    // Interrupted between micro-batches.
    let make = || Pipeline::new(Momentum::new(0.1, 0.9).unwrap()).accumulate(3).unwrap();
    let (mut whole, mut first) = (make(), make());
    let mut copy = params.clone();
    for step in 0..7 {
        let grads = some_gradients(&params, step);
        whole.step(&mut params, &grads).unwrap();
        if step < 5 {
            first.step(&mut copy, &grads).unwrap();
        }
    }
    let data = first.state(&copy);
    assert_eq!(data.counter("accumulated"), Some(2));
    let mut second = make();
    second.set_state(&copy, &data).unwrap();
    for step in 5..7 {
        let grads = some_gradients(&copy, step);
        second.step(&mut copy, &grads).unwrap();
    }
    assert_eq!(params.slab_of::<f64>(), copy.slab_of::<f64>());
    for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(Pipeline::new(sgd()).unscale(wrong).is_err());
    }
    assert!(Pipeline::new(sgd()).accumulate(0).is_err() && Pipeline::new(sgd()).clip_norm(0.0).is_err());
}

/// Shampoo for matrices (Gupta et al. 2018, algorithm 1) with its accumulators alone, as a rule with products and state of
/// other shapes: L ← L + G·Gᵀ,  W ← W − η·G/√tr L.
#[derive(Clone, Debug)]
struct Trace {
    rate: f64,
}
impl TensorRule for Trace {
    fn state(&self, shape: &autograd::Shape) -> Vec<(&'static str, autograd::Shape)> {
        vec![("l", [shape[0], shape[0]].into())]
    }
    fn coefficients(&self, _t: u64) -> Vec<f64> {
        vec![self.rate]
    }
    fn update<'t>(
        &self,
        c: &[Var<'t>],
        p: Var<'t>,
        g: Var<'t>,
        state: &[Var<'t>],
    ) -> (Var<'t>, Vec<Var<'t>>) {
        let l = state[0] + g.matmul(g.t());
        (p - c[0] * g / g.square().sum().sqrt(), vec![l])
    }
    fn hyperparameters(&mut self, each: &mut Hyperparameters<'_>) {
        each("learning_rate", &mut self.rate, Range::NOT_NEGATIVE);
    }
}

#[test]
fn a_rule_of_whole_tensors_is_recorded_once_for_each_shape() {
    let mut params = Params::f64();
    let mut net = params.scope("net");
    let [a, b] = ["a", "b"].map(|name| net.param(name, [2, 2], [1.0, 2.0, 3.0, 4.0]));
    let mut optimizer = PerTensor::of(Trace { rate: 0.5 }).unwrap();
    let grads = {
        let tape = Tape::with(&params);
        (tape.param(a) * 3.0 + tape.param(b) * 4.0).sum().backward()
    };
    optimizer.step(&mut params, &grads).unwrap();
    assert_eq!(params.get::<f64>(a), [0.75, 1.75, 2.75, 3.75]);
    let data = optimizer.state(&params);
    assert_eq!(data.tensor("net.b/l").unwrap().data, Data::F64(vec![32.0; 4]));
    let mut other = PerTensor::of(Trace { rate: 0.1 }).unwrap();
    other.set_state(&params, &data).unwrap();
    assert_eq!(other.learning_rate(), 0.5);
    let mut copy = params.clone();
    optimizer.step(&mut params, &grads).unwrap();
    other.step(&mut copy, &grads).unwrap();
    assert_eq!(
        (other.state(&copy), copy.slab_of::<f64>()),
        (optimizer.state(&params), params.slab_of::<f64>())
    );
    // 0/0: nothing changes, not even the tensor before it.
    let before = (optimizer.state(&params), params.slab_of::<f64>().to_vec());
    let grads = {
        let tape = Tape::with(&params);
        (tape.param(a) * 3.0 + tape.param(b) * 0.0).sum().backward()
    };
    let error = optimizer.step(&mut params, &grads).unwrap_err();
    assert!(
        matches!(error, StepError::NonFiniteResult { ref parameter, .. } if parameter == "net.b"),
        "{error}"
    );
    assert_eq!((optimizer.state(&params), params.slab_of::<f64>().to_vec()), before);
}

/// A generator's key is state: a program draws from it and writes the next one back, so that no step repeats another, and a
/// copy of the model goes on with the same numbers.
#[test]
fn a_generators_key_is_written_back() {
    let mut params = Params::f64();
    let mut net = params.scope("net");
    let (w, key) = (net.param("w", [4], 0.0), net.buffer_of("key", Key::new(7)));
    let program = Program::trace(&params, |t| {
        let key_now = t.buffer(key);
        t.write(key, key_now.fold_in(1));
        let noise = key_now.fold_in(0).uniform([4]);
        t.outputs((t.param(w) * noise).sum()).with_gradients()
    })
    .unwrap();
    let text = program.explain().to_string();
    assert!(
        text.starts_with(
            "no inputs; 1 output; gradients of 1 parameter; state net.key, of which 1 written back"
        ),
        "{text}"
    );
    assert!(text.contains("→ state net.key"), "{text}");
    let (mut state, mut sgd) = (program.state(), Sgd::new(1.0).unwrap());
    let mut step = |params: &mut Params| {
        let before = params.get::<f64>(w).to_vec();
        program.step(&mut state, params, &mut sgd, ()).unwrap();
        before.iter().zip(params.get::<f64>(w)).map(|(a, b)| (a - b).to_bits()).collect::<Vec<_>>()
    };
    step(&mut params);
    let mut copy = params.clone();
    let (second, again) = (step(&mut params), step(&mut copy));
    let third = step(&mut params);
    assert_eq!(second, again);
    assert_ne!(second, third);
    let expected = Key::new(7).fold_in(1).fold_in(1).fold_in(1);
    assert_eq!(params.buffer_values::<i64>(key), expected.words());
}
