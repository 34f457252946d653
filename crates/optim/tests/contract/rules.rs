//! A user's own rules: of one number, in groups; of whole tensors; chosen at run time.

use crate::{AmsGrad, model, some_gradients};
use autograd::{Data, Gradients, Params, Program, Tape, Var};
use optim::{
    Adagrad, Adam, Descent, Hyperparameters, Momentum, Optimizer, PerTensor, Range, Sgd, StepError,
    TensorRule,
};

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
        grads.name_rows(params, table, rows);
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

/// With the numbers of PyTorch 2.15 for sparse gradients: `SGD`, `Adagrad` and `SparseAdam`. The first two are the same with gradients
/// of zeros elsewhere; Adam is not, as its averages would decay. (The ε of `SparseAdam` is not divided by the correction.)
#[test]
fn lazy_rows_are_those_of_sparse_gradients() {
    let steps: [(&[usize], &[f64]); 3] =
        [(&[1], &[0.5, -1.0]), (&[1, 3], &[2.0, 0.25, -0.5, 1.5]), (&[0, 3], &[1.0, 1.0, 0.125, -3.0])];
    let run = |mut optimizer: Box<dyn Optimizer>, named: bool| {
        let mut params = Params::f64();
        let start = [1.0, -2.0, 0.5, 0.25, 3.0, -1.0, -0.75, 2.0];
        let table = params.scope("net").param("table", [4, 2], start);
        for (rows, values) in steps {
            let mut grads = Gradients::zeros(&params);
            let all = grads.get_mut::<f64>(table).unwrap();
            for (row, values) in rows.iter().zip(values.chunks(2)) {
                all[2 * row..2 * row + 2].copy_from_slice(values);
            }
            if named {
                grads.name_rows(&params, table, rows);
            }
            optimizer.step(&mut params, &grads).unwrap();
        }
        params.get::<f64>(table).to_vec()
    };
    let make = |name: &str| -> Box<dyn Optimizer> {
        match name {
            "sgd" => Box::new(Sgd::new(0.1).unwrap().lazy_rows(true)),
            "adagrad" => Box::new(Adagrad::new(0.1).unwrap().lazy_rows(true)),
            _ => Box::new(Adam::new(0.1).unwrap().lazy_rows(true)),
        }
    };
    let by_sgd = [0.9, -2.1, 0.25, 0.32499999999999996, 3.0, -1.0, -0.7124999999999999, 2.15];
    let by_adagrad = [
        0.90000000001,
        -2.09999999999,
        0.3029857500101727,
        0.3257464374887196,
        3.0,
        -1.0,
        -0.6742535625189274,
        1.9894427191039914,
    ];
    let by_adam = [
        0.9361186602612018,
        -2.0638813397387983,
        0.31156242775402726,
        0.3969467710886181,
        3.0,
        -1.0,
        -0.6352843048359105,
        1.9570149473170602,
    ];
    for (name, want) in [("sgd", by_sgd), ("adagrad", by_adagrad), ("adam", by_adam)] {
        let (lazy, dense) = (run(make(name), true), run(make(name), false));
        let tolerance = if name == "adam" { 1e-7 } else { 1e-14 };
        for (got, want) in lazy.iter().zip(want) {
            assert!((got - want).abs() < tolerance, "{name}: {got}, not {want}");
        }
        assert_eq!(lazy == dense, name != "adam", "{name}");
    }
}

#[test]
#[should_panic(expected = "name_rows: row 4 of `net.table` [4×2]")]
fn a_row_that_does_not_exist_is_told() {
    let mut params = Params::f64();
    let table = params.scope("net").param("table", [4, 2], 1.0);
    Gradients::zeros(&params).name_rows(&params, table, &[0, 4]);
}

/// A rate of 0, as at the start of a warm-up, neither loses the ratio of a group nor leaves a refused change half done.
#[test]
fn groups_keep_their_ratio_through_a_rate_of_zero() {
    let rates = |sgd: &Sgd| {
        let all = sgd.hyperparameters().into_iter();
        all.filter(|(name, _)| name.ends_with("learning_rate")).map(|(_, rate)| rate).collect::<Vec<_>>()
    };
    let make = || Sgd::new(0.1).unwrap().group("*.bias", |sgd| sgd.learning_rate = 0.2).unwrap();
    let mut sgd = make();
    sgd.set_learning_rate(0.0).unwrap();
    assert_eq!(rates(&sgd), [0.0, 0.0]);
    let params = Params::f64();
    let mut resumed = make();
    resumed.set_state(&params, &sgd.state(&params)).unwrap();
    for sgd in [&mut sgd, &mut resumed] {
        sgd.set_learning_rate(0.5).unwrap();
        assert_eq!(rates(sgd), [0.5, 1.0]);
        sgd.set_learning_rate(1e308).unwrap_err();
        assert_eq!(rates(sgd), [0.5, 1.0]);
    }
}
