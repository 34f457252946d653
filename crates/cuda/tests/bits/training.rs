//! Trainings on a host that plays the device against [`Cpu`]: losses, parameters, state and optimisers, bit for bit; and what
//! goes wrong.

use crate::draw::Draw;
use crate::host::{exact, has};
use crate::machine::Host;
use autograd::{DType, Key, Optimizer, Params, Program, StepError};
use cuda::{Cpu, Device, Error, Runner, Train};
use nn::{Activation, Mlp};
use optim::{Adam, ByFormula, Momentum, Sgd};

const ROWS: usize = 24;

pub(crate) struct Model {
    pub(crate) params: Params,
    pub(crate) program: Program,
}

/// A network with state that each step changes, and a loss that can be made infinite by `scale`.
pub(crate) fn model(dtype: DType, width: usize) -> Model {
    let mut params = Params::of(dtype).with_seed(3);
    let net = Mlp::new(&mut params.scope("net"), &[2, width, 5, 1], Activation::Tanh);
    let average = params.scope("run").buffer("average", [], 0.0);
    let program = Program::trace(&params, |t| {
        let (x, y, scale) = (t.input("x", [ROWS, 2]), t.input("y", [ROWS, 1]), t.input("scale", [ROWS]));
        let loss = nn::loss::mse(net.forward(x), y) * scale.mean();
        t.write(average, t.buffer(average) * 0.9 + loss.detach() * 0.1);
        t.outputs([loss, net.forward(x).sum()]).with_gradients()
    });
    Model { params, program: program.expect("a loss of parameters") }
}

/// The batch of a number.
fn batch(number: usize, scale: f32) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
    let mut draw = Draw(number as u64);
    let mut numbers = |n| draw.numbers(n).iter().map(|&x| x as f32).collect::<Vec<f32>>();
    (numbers(2 * ROWS), numbers(ROWS), vec![scale; ROWS])
}

/// What a training gives: losses, second outputs, the bits of parameters and state, and the state of the optimiser as text.
pub(crate) type Result = (Vec<u64>, Vec<u32>, Vec<u32>, String);

pub(crate) fn trained<O: ByFormula>(device: &impl Device, mut optimizer: O, width: usize) -> Result {
    let Model { mut params, program } = model(DType::F32, width);
    let mut training = device.train(&program, &mut params, &mut optimizer).expect("all has a kernel");
    let (mut losses, mut sums) = (vec![], vec![]);
    for i in 0..12 {
        if i == 5 {
            training.set_hyperparameter("learning_rate", 0.02).expect("a rate");
        }
        let (x, y, scale) = batch(i, 1.0);
        training.step((&x, &y, &scale)).expect("the inputs fit");
        // Some steps are not waited for.
        if i % 3 != 1 {
            losses.push(training.loss().expect("finite numbers").to_bits());
            sums.extend(training.output::<f32>(1).expect("an output").iter().map(|x| x.to_bits()));
        }
    }
    training.finish().expect("finite numbers");
    let mut bits: Vec<u32> = params.slab_of::<f32>().iter().map(|x| x.to_bits()).collect();
    let average = params.find_buffer("run.average").expect("a state");
    bits.extend(params.buffer_values::<f32>(average).iter().map(|x| x.to_bits()));
    (losses, sums, bits, sorted(&optimizer, &params))
}

/// What an optimiser remembers, in an order of its own.
fn sorted(optimizer: &impl Optimizer, params: &Params) -> String {
    let mut state = optimizer.state(params);
    state.counters.sort();
    state.tensors.sort_by(|a, b| a.name.cmp(&b.name));
    format!("{state:?}")
}

#[test]
fn a_training_has_the_bits_of_the_cpu() {
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    let host = Host::default();
    let device = exact(&host);
    // So many parameters that the sums over them have several blocks, and so few that they have one.
    for width in [7, 400] {
        let adam = || Adam::new(0.01).expect("a rate");
        assert_eq!(trained(&device, adam(), width), trained(&Cpu, adam(), width), "{width}");
        let momentum = || {
            let momentum = Momentum::new(0.01, 0.9).expect("a rate");
            momentum.group("*.bias", |momentum| momentum.learning_rate = 0.1).expect("a group")
        };
        assert_eq!(trained(&device, momentum(), width), trained(&Cpu, momentum(), width), "{width}");
    }
    assert_eq!(host.allocations(), 0, "memory that nobody gave back");
}

/// Steps on a data set, in another order for the second epoch.
pub(crate) fn epochs(device: &impl Device) -> (usize, u64, Vec<u32>) {
    let Model { mut params, program } = model(DType::F32, 7);
    let mut adam = Adam::new(0.01).expect("a rate");
    let mut training = device.train(&program, &mut params, &mut adam).expect("all has a kernel");
    let rows = 3 * ROWS + 5;
    let mut draw = Draw(8);
    let mut numbers = |n| draw.numbers(n).iter().map(|&x| x as f32).collect::<Vec<f32>>();
    let x = autograd::ndarray::Array2::from_shape_vec((rows, 2), numbers(2 * rows)).expect("so many");
    let y = autograd::ndarray::Array2::from_shape_vec((rows, 1), numbers(rows)).expect("so many");
    let (first, y1, scale1) = batch(0, 1.0);
    training.step((&first, &y1, &scale1)).expect("the inputs fit");
    let batches = training.data((&x, &y, &vec![1.0f32; rows])).expect("rows fit");
    training.steps(4).expect("steps");
    let order: Vec<usize> = (0..rows).map(|i| (i * 7 + 3) % rows).collect();
    training.order(&order).expect("rows");
    training.steps(37).expect("steps");
    let loss = training.loss().expect("finite numbers").to_bits();
    training.finish().expect("finite numbers");
    (batches, loss, params.slab_of::<f32>().iter().map(|x| x.to_bits()).collect())
}

#[test]
fn a_data_set_on_the_device_gives_the_same_bits() {
    if has("cc") {
        let host = Host::default();
        assert_eq!(epochs(&exact(&host)), epochs(&Cpu));
        assert_eq!(host.launches(), 1 + 1 + 2, "4 steps are one graph, 37 are two");
    }
}

/// What is refused at the third step: the error, and the bits of the parameters.
pub(crate) fn refused(
    device: &impl Device,
    scale: f32,
    steps: usize,
    width: usize,
) -> (Error, Error, Vec<u32>, String) {
    let Model { mut params, program } = model(DType::F32, width);
    let mut adam = Adam::new(0.01).expect("a rate");
    let mut training = device.train(&program, &mut params, &mut adam).expect("all has a kernel");
    for i in 0..steps {
        let (x, y, scale) = batch(i, if i == 2 { scale } else { 1.0 });
        let _ = training.step((&x, &y, &scale));
    }
    let (loss, end) = (training.loss().expect_err("a refusal"), training.finish().expect_err("a refusal"));
    let bits = params.slab_of::<f32>().iter().map(|x| x.to_bits()).collect();
    (loss, end, bits, sorted(&adam, &params))
}

#[test]
fn what_is_not_finite_stops_the_training_before_it_changes_anything() {
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    let host = Host::default();
    // An infinite loss and gradients; a loss that is not a number; squares of gradients that overflow.
    for scale in [f32::INFINITY, f32::NAN, 1e25] {
        let on_cpu = refused(&Cpu, scale, 3, 400);
        for steps in [3, 6] {
            let found = refused(&exact(&host), scale, steps, 400);
            assert!(matches!(found.0, Error::Step { step: 3, .. }), "{}", found.0);
            // NaN is not equal to itself.
            for error in [&found.0, &found.1] {
                assert_eq!(format!("{error:?}"), format!("{:?}", on_cpu.0));
            }
            assert_eq!(found.2, on_cpu.2);
            assert_eq!(found.3, on_cpu.3);
        }
    }
}

/// Two steps of a training, of which the second meets an index that does not exist.
pub(crate) fn step_to_no_row(device: &impl Device) {
    let mut params = Params::f64();
    let w = params.scope("net").param("w", [4, 3], 0.5);
    let program = Program::trace(&params, |t| {
        t.outputs(t.param(w).take(0, t.input_of("rows", DType::I64, [5])).square().sum()).with_gradients()
    });
    let program = program.expect("a loss of parameters");
    let mut sgd = Sgd::new(0.1).expect("a rate");
    let mut training = device.train(&program, &mut params, &mut sgd).expect("all has a kernel");
    training.step(([0i64, 1, 2, 3, 0],)).expect("the inputs fit");
    assert_eq!(training.loss(), Ok(3.75));
    training.step(([0i64, 1, 2, 4, 0],)).expect("the inputs fit");
    let error = training.finish().expect_err("row 4 does not exist");
    assert!(
        matches!(&error, Error::Index { op, site } if op.contains("take") && site.contains("training.rs")),
        "{error}"
    );
    // The first step was made.
    assert_eq!(params.get::<f64>(w)[3], 0.4);
}

#[test]
fn an_index_that_does_not_exist_stops_the_training() {
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    let host = Host::default();
    step_to_no_row(&exact(&host));
    // A run tells it too, and the next one is well again.
    let mut params = Params::f64();
    let w = params.scope("net").param("w", [4, 3], 0.4);
    let program =
        Program::trace(&params, |t| t.outputs(t.param(w).take(0, t.input_of("rows", DType::I64, [2]))));
    let program = program.expect("a program");
    let device = exact(&host);
    let mut running = device.load(&program, &params).expect("all has a kernel");
    running.run(([0i64, -1],)).expect("the inputs fit");
    assert!(matches!(running.output::<f64>(0), Err(Error::Index { .. })));
    running.run(([1i64, 3],)).expect("the inputs fit");
    assert_eq!(running.output::<f64>(0).expect("rows")[0], 0.4);
}

#[test]
fn errors_of_the_device_are_told_and_nothing_is_left_behind() {
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    let host = Host::default();
    let Model { mut params, program } = model(DType::F32, 7);
    let mut adam = Adam::new(0.01).expect("a rate");
    host.limit(2000);
    let error = exact(&host).train(&program, &mut params, &mut adam).err();
    assert!(matches!(error, Some(Error::OutOfMemory { .. })), "{error:?}");
    assert_eq!(host.allocations(), 0);
    host.limit(1 << 30);
    let mut training = exact(&host).train(&program, &mut params, &mut adam).expect("memory enough");
    let (x, y, scale) = batch(0, 1.0);
    assert!(matches!(training.step((&x, &y)), Err(Error::Program(_))), "an input is missing");
    assert!(matches!(training.step((&y, &y, &scale)), Err(Error::Program(_))), "another shape");
    training.step((&x, &y, &scale)).expect("the inputs fit");
    host.fail();
    assert!(matches!(training.step((&x, &y, &scale)), Err(Error::Device { .. })));
    assert!(matches!(training.loss(), Err(Error::Device { .. })), "the handle is of no use any more");
    assert!(matches!(training.finish(), Err(Error::Device { .. })));
    // Another one is.
    let mut training = exact(&host).train(&program, &mut params, &mut adam).expect("memory enough");
    training.step((&x, &y, &scale)).expect("the inputs fit");
    training.finish().expect("finite numbers");
    assert_eq!(host.allocations(), 0);
}

/// Each edge that is forgotten lets some order through that another program meets: seen as other bits, within a few orders.
#[test]
fn a_forgotten_edge_is_seen() {
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    let right = trained(&Cpu, Adam::new(0.01).expect("a rate"), 7);
    let host = Host::default();
    let mut seen = 0;
    for edge in 0..12 {
        host.seed(edge as u64);
        host.forget(Some(edge));
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            trained(&exact(&host), Adam::new(0.01).expect("a rate"), 7)
        }));
        seen += usize::from(found.map_or(true, |found| found != right));
    }
    assert!(seen >= 10, "{seen} of 12");
    host.forget(None);
    assert_eq!(trained(&exact(&host), Adam::new(0.01).expect("a rate"), 7), right);
}

/// So does a matrix that cannot be inverted.
#[test]
fn a_matrix_without_factors_is_told() {
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    let params = Params::f64();
    let program = Program::trace(&params, |t| t.outputs(t.input("a", [2, 2]).solve(t.input("b", [2, 1]))));
    let (program, host) = (program.expect("a program"), Host::default());
    let device = exact(&host);
    let mut running = device.load(&program, &params).expect("all has a kernel");
    running.run(([[2.0, 0.0], [0.0, 4.0]], [[1.0], [1.0]])).expect("a launch");
    assert_eq!(running.output::<f64>(0).expect("numbers"), [0.5, 0.25]);
    running.run(([[1.0, 2.0], [2.0, 4.0]], [[1.0], [1.0]])).expect("a launch");
    let error = running.output::<f64>(0).expect_err("no inverse");
    assert!(matches!(&error, Error::Index { op, .. } if op.contains("solve")), "{error}");
}

#[test]
fn what_no_device_can_run_is_refused_by_name() {
    let host = Host::default();
    let device = exact(&host);
    let params = Params::f64();
    let program = Program::trace(&params, |t| t.outputs(t.input("a", [3, 3]).singular_values()));
    let error = device.load(&program.expect("a program"), &params).expect_err("a refusal");
    assert!(error.to_string().starts_with("svd does not run on the device"), "{error}");
    let long = Program::trace(&params, |t| t.outputs(t.input("x", [2, 100_000]).prod_over(1)));
    let error = device.load(&long.expect("a program"), &params).expect_err("a refusal");
    assert!(error.to_string().contains("too long"), "{error}");
}

/// Every optimiser of a formula has one kernel that updates in place.
#[test]
fn every_formula_updates_in_place() {
    if has("cc") {
        by_every_formula(&exact(&Host::default()));
    }
}

/// Trains by all optimisers whose rule is a formula, but those of other tests.
pub(crate) fn by_every_formula(device: &impl Device) {
    macro_rules! compare {
        ($($make:expr),* $(,)?) => {$(
            let make = || $make.expect("hyper-parameters");
            assert_eq!(trained(device, make(), 7), trained(&Cpu, make(), 7), stringify!($make));
        )*};
    }
    compare!(
        optim::AdaBelief::new(0.01),
        optim::Adadelta::new(0.01),
        optim::Asgd::new(0.01),
        optim::Adagrad::new(0.01),
        optim::Adamax::new(0.01),
        optim::AdamW::new(0.01),
        optim::AmsGrad::new(0.01),
        optim::Lion::new(0.01),
        optim::NAdam::new(0.01),
        optim::RAdam::new(0.01),
        optim::RmsProp::new(0.01),
        optim::Rprop::new(0.01),
        Sgd::new(0.01),
        optim::SignSgd::new(0.01),
        optim::Yogi::new(0.01),
    );
}

/// The key of a run is an input like any other.
#[test]
fn random_numbers_are_those_of_the_cpu() {
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    let params = Params::f32();
    let program = Program::trace(&params, |t| t.outputs(t.input_key("key").uniform([1500])));
    let program = program.expect("a program");
    let host = Host::default();
    let device = exact(&host);
    let mut running = device.load(&program, &params).expect("all has a kernel");
    running.run((Key::new(5),)).expect("a key");
    let mut state = program.state();
    let run = program.run(&mut state, &params, (Key::new(5),)).expect("a key");
    assert_eq!(running.output::<f32>(0).expect("numbers"), run.slice::<f32>(0));
}

/// Of several blocks and parameters, the one with the number that is not finite.
#[test]
fn the_first_gradient_that_is_not_finite_is_named() {
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    let mut params = Params::f64();
    let [a, b] = [("a", 1500), ("b", 3000)].map(|(name, n)| params.scope("net").param(name, [n], 0.5));
    let program = Program::trace(&params, |t| {
        let (x, y) = (t.input("x", [1500]), t.input("y", [3000]));
        t.outputs((t.param(a) * x).sum() + (t.param(b) * y).sum()).with_gradients()
    });
    let program = program.expect("a loss of parameters");
    let host = Host::default();
    let mut sgd = Sgd::new(0.1).expect("a rate");
    let mut training = exact(&host).train(&program, &mut params, &mut sgd).expect("all has a kernel");
    let mut y = vec![1.0; 3000];
    y[2700] = f64::INFINITY;
    training.step((vec![1.0; 1500], y)).expect("the inputs fit");
    let expected =
        StepError::NonFiniteGradient { parameter: "net.b".to_owned(), element: 2700, value: f64::INFINITY };
    assert_eq!(training.finish(), Err(Error::Step { step: 1, error: Box::new(expected) }));
}
