//! Steps as one kernel, on a host that plays its threads, against [`Cpu`]: bits, barriers, choices, refusals.

use crate::host::{exact, has};
use crate::machine::Host;
use crate::training::{by_every_formula, epochs, model, refused, step_to_no_row, trained};
use crate::{loops, training};
use autograd::ndarray::Array2;
use autograd::{DType, Float, Params, Program};
use cuda::machine::On;
use cuda::{Cpu, Device, Error, Form, Train};
use nn::{Activation, Linear, Mlp};
use optim::{Adam, Momentum, Sgd};

const BOTH: [Form; 2] = [Form::Block, Form::Blocks];

fn in_form(host: &Host, form: impl Into<Option<Form>>) -> On {
    On { form: form.into(), ..exact(host) }
}

fn adam() -> Adam {
    Adam::new(0.01).expect("a rate")
}

/// The form that a training of a network of this width takes, and why.
fn taken(device: &On, width: usize) -> (Form, String) {
    let training::Model { mut params, program } = model(DType::F32, width);
    let mut adam = adam();
    let training = device.train(&program, &mut params, &mut adam).expect("all has a kernel");
    (training.form(), training.explain().to_owned())
}

#[test]
fn one_kernel_has_the_bits_of_the_cpu() {
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    let host = Host::default();
    for form in BOTH {
        let device = in_form(&host, form);
        let (form_taken, why) = taken(&device, 7);
        assert_eq!(form_taken, form, "{why}");
        // So few parameters that their sums have one block, and so many that they have several.
        for width in [7, 400] {
            assert_eq!(trained(&device, adam(), width), trained(&Cpu, adam(), width), "{form:?} {width}");
        }
        let momentum = || {
            let momentum = Momentum::new(0.01, 0.9).expect("a rate");
            momentum.group("*.bias", |momentum| momentum.learning_rate = 0.1).expect("a group")
        };
        assert_eq!(trained(&device, momentum(), 7), trained(&Cpu, momentum(), 7), "{form:?}");
        assert_eq!(epochs(&device), epochs(&Cpu), "{form:?}");
        assert_eq!(loops::trained(&device), loops::trained(&Cpu), "{form:?}");
    }
    assert_eq!(host.allocations(), 0, "memory that nobody gave back");
}

#[test]
fn one_kernel_updates_by_every_formula() {
    if has("cc") {
        by_every_formula(&in_form(&Host::default(), Form::Block));
    }
}

/// Many steps in one launch, of a data set.
#[test]
fn many_steps_are_one_launch() {
    fn neuron<T: Float>(device: &impl Device, sizes: &[usize], rows: usize) -> Vec<u64> {
        let mut params = Params::of(T::DTYPE).with_seed(3);
        let mut scope = params.scope("net");
        let net = match sizes {
            [inputs, outputs] => Err(Linear::new(&mut scope, *inputs, *outputs)),
            _ => Ok(Mlp::new(&mut scope, sizes, Activation::Sigmoid)),
        };
        let program = Program::trace(&params, |t| {
            let (x, y) = (t.input_of("x", T::DTYPE, [rows, sizes[0]]), t.input_of("y", T::DTYPE, [rows, 1]));
            let y_hat = match &net {
                Ok(net) => net.forward(x),
                Err(neuron) => neuron.forward(x).sigmoid(),
            };
            t.outputs(nn::loss::mse(y_hat, y)).with_gradients()
        });
        let (program, mut sgd) = (program.expect("a plan"), Sgd::new(0.1).expect("a rate"));
        let mut training = device.train(&program, &mut params, &mut sgd).expect("all has a kernel");
        let draw = |n| Array2::from_shape_fn([3 * rows, n], |(i, j)| T::from_f64(((i * n + j) as f64).sin()));
        training.data((draw(sizes[0]), draw(1))).expect("rows fit");
        training.steps(25).expect("steps");
        let loss = training.loss().expect("finite numbers").to_bits();
        training.finish().expect("finite numbers");
        let slab = params.slab_of::<T>().iter().map(|x| x.to_f64().to_bits());
        slab.chain([loss]).collect()
    }
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    let host = Host::default();
    let device = in_form(&host, None);
    assert_eq!(neuron::<f32>(&device, &[3, 1], 1), neuron::<f32>(&Cpu, &[3, 1], 1));
    assert_eq!(neuron::<f32>(&device, &[2, 10, 5, 1], 200), neuron::<f32>(&Cpu, &[2, 10, 5, 1], 200));
    assert_eq!(neuron::<f64>(&device, &[2, 10, 5, 1], 200), neuron::<f64>(&Cpu, &[2, 10, 5, 1], 200));
    assert_eq!(host.launches(), 3);
}

#[test]
fn what_is_refused_stops_one_kernel_too() {
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    let host = Host::default();
    for form in BOTH {
        let device = in_form(&host, form);
        for (scale, width) in [(f32::INFINITY, 7), (f32::NAN, 7), (1e25, 400)] {
            let (here, there) = (refused(&Cpu, scale, 3, width), refused(&device, scale, 5, width));
            assert!(matches!(there.0, Error::Step { step: 3, .. }), "{}", there.0);
            assert_eq!(format!("{here:?}"), format!("{there:?}"), "{form:?}");
        }
        step_to_no_row(&device);
    }
}

/// Each barrier that is forgotten lets one thread read what another has not yet written, or write what it has not yet read. A few are
/// spared: behind a result that a kernel stores before a barrier of its own, or after the last phase of a launch.
#[test]
fn a_forgotten_barrier_is_seen() {
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    let all = |device: &dyn Fn() -> On| {
        // That of what is refused matters where something is.
        let refusal = refused(&device(), f32::INFINITY, 5, 7);
        (trained(&device(), adam(), 7), format!("{refusal:?}"))
    };
    let right = (trained(&Cpu, adam(), 7), format!("{:?}", refused(&Cpu, f32::INFINITY, 3, 7)));
    for form in BOTH {
        let host = Host::default();
        let device = || in_form(&host, form);
        let phases = taken(&device(), 7).1;
        let phases = phases.split(" phases").next().and_then(|text| text.rsplit(' ').next());
        let phases: usize = phases.and_then(|n| n.parse().ok()).expect("a number of phases");
        let seen = |barrier: &usize| {
            host.forget_barrier(Some(*barrier));
            let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| all(&device)));
            found.map_or(true, |found| found != right)
        };
        let unseen: Vec<usize> = (0..phases).filter(|barrier| !seen(barrier)).collect();
        assert!(unseen.len() <= 3, "{form:?}: {unseen:?} of {phases}");
        host.forget_barrier(None);
        assert_eq!(all(&device), right);
    }
}

#[test]
fn the_form_is_the_one_that_should_be_faster() {
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    let host = Host::default();
    let (form, why) = taken(&in_form(&host, None), 7);
    assert_eq!(form, Form::Block, "{why}");
    let (form, why) = taken(&in_form(&host, None), 20_000);
    assert_eq!(form, Form::Graph, "{why}");
    assert!(why.starts_with("a graph of ") && why.contains(" operations are more than "), "{why}");
    let (form, why) = taken(&in_form(&host, None), 1500);
    assert!(form == Form::Graph && why.contains(" as one kernel"), "{why}");
    let (form, why) = taken(&in_form(&host, Form::Graph), 7);
    assert!(form == Form::Graph && why.ends_with("it was asked for"), "{why}");
}

/// A block that shares little keeps little from step to step; one that shares nothing has no room for tiles.
#[test]
fn a_block_keeps_what_it_has_room_for() {
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    let host = Host::default();
    let device = in_form(&host, Form::Block);
    for shared in [12 << 10, 20 << 10] {
        host.share(shared);
        assert_eq!(taken(&device, 7).0, Form::Block);
        assert_eq!(trained(&device, adam(), 7), trained(&Cpu, adam(), 7), "{shared}");
    }
    host.share(1 << 10);
    let (form, why) = taken(&device, 7);
    assert!(form == Form::Graph && why.contains("bytes that a block shares are more than 1024"), "{why}");
    assert_eq!(trained(&device, adam(), 7), trained(&Cpu, adam(), 7));
}
