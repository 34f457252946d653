//! Every kernel of a training through NVRTC, for three architectures, without a GPU. Where NVRTC is not found, a line says so.

use autograd::{DType, Params, Program};
use cuda::machine::{Dry, Machine, On};
use cuda::{Cuda, Device, Error, Form, Numerics, Train};
use nn::{Activation, Lstm, Mlp};
use optim::Adam;
use std::rc::Rc;

/// Compiles the steps of a network, by inputs and from a data set, with products of the library or of its own.
fn compile(architecture: &str, numerics: Numerics, dtype: DType) -> Result<(usize, usize), Error> {
    let mut params = Params::of(dtype).with_seed(3);
    let net = Mlp::new(&mut params.scope("net"), &[2, 300, 5, 1], Activation::Tanh);
    let average = params.scope("run").buffer("average", [], 0.0);
    let program = Program::trace(&params, |t| {
        let loss = nn::loss::mse(net.forward(t.input("x", [24, 2])), t.input("y", [24, 1]));
        t.write(average, t.buffer(average) * 0.9 + loss.detach() * 0.1);
        t.outputs(loss).with_gradients()
    })?;
    let dry = Dry::new(architecture)?;
    let machine: Rc<dyn Machine> = Rc::clone(&dry) as Rc<dyn Machine>;
    let mut adam = Adam::new(0.01).expect("a rate");
    let mut training =
        On { machine, numerics, form: Some(Form::Graph) }.train(&program, &mut params, &mut adam)?;
    if dtype == DType::F32 {
        training.data(([[0.0f32; 2]; 100], [[0.0f32; 1]; 100]))?;
        training.steps(40)?;
    }
    Ok(dry.compiled())
}

#[test]
fn nvrtc_takes_every_kernel() {
    for architecture in ["sm_75", "sm_90", "sm_120"] {
        for (numerics, dtype) in
            [(Numerics::Exact, DType::F32), (Numerics::Library, DType::F32), (Numerics::Exact, DType::F64)]
        {
            match compile(architecture, numerics, dtype) {
                Ok((kernels, bytes)) => {
                    assert!(kernels > 10 && bytes > 1000);
                    println!("{architecture} {numerics:?} {dtype}: {kernels} kernels, {bytes} bytes");
                }
                Err(error @ Error::NoLibrary { .. }) => return println!("skipped: {error}"),
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// A recurrent network of a hundred steps, forward and back.
#[test]
fn nvrtc_takes_loops() {
    let mut params = Params::f32();
    let lstm = Lstm::new(&mut params.scope("net"), 64, 64);
    let program = Program::trace(&params, |t| {
        let (all, _) = lstm.forward(t.input("x", [100, 32, 64]), None, None);
        t.outputs(all.square().mean()).with_gradients()
    });
    let program = program.expect("a loss of parameters");
    for architecture in ["sm_75", "sm_90", "sm_120"] {
        let dry = match Dry::new(architecture) {
            Err(error @ Error::NoLibrary { .. }) => return println!("skipped: {error}"),
            dry => dry.expect("a compiler of this architecture"),
        };
        let machine: Rc<dyn Machine> = Rc::clone(&dry) as Rc<dyn Machine>;
        let (mut params, mut adam) = (params.clone(), Adam::new(0.01).expect("a rate"));
        let device = On { machine, numerics: Numerics::Exact, form: Some(Form::Graph) };
        let mut training = device.train(&program, &mut params, &mut adam).expect("all has a kernel");
        training.step((vec![0.0f32; 100 * 32 * 64],)).expect("the input fits");
        let (kernels, bytes) = dry.compiled();
        println!("{architecture}: {kernels} kernels, {bytes} bytes");
        assert!(kernels > 10 && bytes > 1000);
    }
}

/// The small models whose steps are one kernel: by name, each with its parameters and program.
fn small() -> Vec<(&'static str, Params, Program)> {
    let network = |name, dtype: DType, sizes: &[usize], rows: usize| {
        let mut params = Params::of(dtype).with_seed(3);
        let net = Mlp::new(&mut params.scope("net"), sizes, Activation::Sigmoid);
        let program = Program::trace(&params, |t| {
            let (x, y) = (t.input_of("x", dtype, [rows, sizes[0]]), t.input_of("y", dtype, [rows, 1]));
            t.outputs(nn::loss::mse(net.forward(x), y)).with_gradients()
        });
        (name, params, program.expect("a loss of parameters"))
    };
    let mut params = Params::f32();
    let [x, y, z] = ["x", "y", "z"].map(|name| params.scope("").param(name, [100], 0.5));
    let elements = Program::trace(&params, |t| {
        let [x, y, z] = [x, y, z].map(|p| t.param(p));
        t.outputs(((x * y + z).tanh() * x.sigmoid() + 0.5 * x * x * (-y).exp()).sum()).with_gradients()
    });
    vec![
        network("W2", DType::F32, &[3, 1], 1),
        network("W3-f32", DType::F32, &[2, 10, 5, 1], 200),
        network("W3-f64", DType::F64, &[2, 10, 5, 1], 200),
        ("W6-100", params, elements.expect("a loss of parameters")),
        network("16 and 16 units", DType::F32, &[2, 16, 16, 1], 64),
    ]
}

/// Steps of small models as one kernel.
#[test]
fn nvrtc_takes_one_kernel() {
    for (name, params, program) in small() {
        for (architecture, form) in
            [("sm_75", Form::Block), ("sm_90", Form::Blocks), ("sm_90", Form::Block), ("sm_120", Form::Block)]
        {
            let dry = match Dry::new(architecture) {
                Err(error @ Error::NoLibrary { .. }) => return println!("skipped: {error}"),
                dry => dry.expect("a compiler of this architecture"),
            };
            let (mut params, mut adam) = (params.clone(), Adam::new(0.01).expect("a rate"));
            let machine: Rc<dyn Machine> = Rc::clone(&dry) as Rc<dyn Machine>;
            let device = On { machine, numerics: Numerics::Library, form: Some(form) };
            let training = device.train(&program, &mut params, &mut adam).expect("all has a kernel");
            assert_eq!(training.form(), form, "{}", training.explain());
            println!("{name} {architecture}, {} bytes: {}", dry.compiled().1, training.explain());
        }
    }
}

/// Machines without a driver, such as those of CI, are told so; nothing panics.
#[test]
fn a_machine_without_a_driver_is_told_so() {
    match Cuda::first() {
        Ok(gpu) => println!("there is a GPU: {}", gpu.name()),
        Err(error) => {
            let text = error.to_string();
            assert!(matches!(
                error,
                Error::NoDriver
                    | Error::NoDevice { .. }
                    | Error::NoLibrary { .. }
                    | Error::TooOld { .. }
                    | Error::Device { .. }
            ));
            assert!(text.len() > 20, "{text}");
            println!("{text}");
        }
    }
}
