//! Loops on the host that plays the device, beside those of `emit`: loops in loops, none at all, indices in them, too long ones.

use crate::host::{Case, PLAIN, check, exact, has};
use crate::machine::Host;
use autograd::ndarray::Array3;
use autograd::{AnyTensor, DType, Params, Program, Tape, Var};
use cuda::{Cpu, Device, Error, Runner, Train};
use optim::Adam;

fn x() -> Vec<f64> {
    (0..24).map(|i| (f64::from(i) * 0.7).sin()).collect()
}

/// A program of an input of [4, 3, 2] and of what is trained.
fn case(body: impl Fn(&Tape<'_>, Var<'_>, Var<'_>) -> autograd::Outputs) -> Case {
    let mut params = Params::of(DType::F64);
    let w = params.scope("net").param("w", [2, 2], [0.5, -0.3, 0.2, 0.8]);
    let program =
        Program::trace(&params, |t| body(t, t.param(w), t.input("x", [4, 3, 2]))).expect("a program");
    let x: Box<dyn AnyTensor> = Box::new(x());
    Case { program, params, inputs: vec![x], gradients: true }
}

/// A loop of 3 steps in each step of a loop of 4, backwards.
fn nested() -> Case {
    case(|t, w, x| {
        let start = t.full(0.0, [2], DType::F64);
        let all = t.scan_back(4, start, x, |h, x| {
            let h =
                h.tape().scan(3, h, x, |h, x| ((h.reshape([1, 2]).matmul(w).reshape([2]) + x).tanh(), ())).0;
            (h, h * x.mean())
        });
        t.outputs([all.1.square().sum() + all.0.sum()]).with_gradients()
    })
}

#[test]
fn loops_in_loops_have_the_bits_of_the_interpreter() {
    check("nested", PLAIN, &[nested()]);
}

/// What no step has written is 0, or what went in.
#[test]
fn a_loop_of_no_step_gives_what_went_in() {
    let none = case(|t, w, x| {
        let (last, all) = t.scan(0, w.slice(0, 0..1), (), |h, ()| (h * 2.0, h));
        t.outputs([last.sum() + all.sum() + x.sum()]).with_gradients()
    });
    check("none", PLAIN, &[none]);
}

/// An index that does not exist in a step is told by the loop.
#[test]
fn an_index_in_a_loop_is_told() {
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    let params = Params::f64();
    let program = Program::trace(&params, |t| {
        let (x, index) = (t.input("x", [5]), t.input_of("index", DType::I64, [6, 1]));
        t.outputs(t.scan(6, x.slice(0, 0..1), index, |h, i| (h + x.take(0, i), ())).0)
    });
    let (program, host) = (program.expect("a program"), Host::default());
    let device = exact(&host);
    let mut running = device.load(&program, &params).expect("all has a kernel");
    let x = [1.0, 2.0, 3.0, 4.0, 5.0];
    running.run((x, [0i64, 1, 2, 3, 4, 4])).expect("a launch");
    assert_eq!(running.output::<f64>(0).expect("numbers"), [1.0 + 1.0 + 2.0 + 3.0 + 4.0 + 5.0 + 5.0]);
    running.run((x, [0i64, 1, 2, 3, 5, 4])).expect("a launch");
    let error = running.output::<f64>(0).expect_err("index 5 of 5");
    assert!(matches!(&error, Error::Index { op, .. } if op.contains("scan")), "{error}");
}

/// A graph of more tasks than a device is given is refused before anything runs.
#[test]
fn a_loop_of_too_many_steps_is_refused() {
    let (params, host) = (Params::f64(), Host::default());
    let program = Program::trace(&params, |t| {
        let x = t.input("x", [100_000, 2]);
        t.outputs(t.scan(100_000, x.slice(0, 0..1).reshape([2]), x, |h, x| (h * x, h)).0)
    });
    let error = exact(&host).load(&program.expect("a program"), &params).expect_err("a refusal");
    assert!(error.to_string().starts_with("scan does not run on the device: 100000 steps"), "{error}");
    assert_eq!(host.allocations(), 0, "memory that nobody gave back");
}

/// Steps of a program with loops from a data set, several in a graph.
pub(crate) fn trained(device: &impl Device) -> Vec<u64> {
    let Case { program, mut params, .. } = nested();
    let mut adam = Adam::new(0.01).expect("a rate");
    let mut training = device.train(&program, &mut params, &mut adam).expect("all has a kernel");
    training.step((x(),)).expect("the inputs fit");
    let rows = Array3::from_shape_fn([8, 3, 2], |(i, j, k)| ((6 * i + 2 * j + k) as f64 * 0.3).cos());
    training.data((rows,)).expect("two batches");
    training.steps(5).expect("steps");
    training.finish().expect("numbers that are finite");
    params.slab_of::<f64>().iter().map(|x| x.to_bits()).collect()
}

#[test]
fn a_training_with_loops_has_the_bits_of_the_cpu() {
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    assert_eq!(trained(&exact(&Host::default())), trained(&Cpu));
}
