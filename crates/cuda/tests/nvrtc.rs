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

/// Steps of small models as one kernel, in both forms.
#[test]
fn nvrtc_takes_one_kernel() {
    for architecture in ["sm_75", "sm_90", "sm_120"] {
        for (form, dtype) in
            [(Form::Block, DType::F32), (Form::Blocks, DType::F32), (Form::Block, DType::F64)]
        {
            let dry = match Dry::new(architecture) {
                Err(error @ Error::NoLibrary { .. }) => return println!("skipped: {error}"),
                dry => dry.expect("a compiler of this architecture"),
            };
            let mut params = Params::of(dtype).with_seed(3);
            let net = Mlp::new(&mut params.scope("net"), &[2, 16, 16, 1], Activation::Tanh);
            let program = Program::trace(&params, |t| {
                let (x, y) = (t.input_of("x", dtype, [64, 2]), t.input_of("y", dtype, [64, 1]));
                t.outputs(nn::loss::mse(net.forward(x), y)).with_gradients()
            });
            let program = program.expect("a loss of parameters");
            let machine: Rc<dyn Machine> = Rc::clone(&dry) as Rc<dyn Machine>;
            let device = On { machine, numerics: Numerics::Library, form: Some(form) };
            let mut adam = Adam::new(0.01).expect("a rate");
            let start = std::time::Instant::now();
            let mut training = device.train(&program, &mut params, &mut adam).expect("all has a kernel");
            if dtype == DType::F32 {
                training.data(([[0.0f32; 2]; 200], [[0.0f32; 1]; 200])).expect("rows fit");
                training.steps(2000).expect("steps");
            }
            assert_eq!(training.form(), form, "{}", training.explain());
            println!("{architecture} {dtype}: {}; {:.1?}", training.explain(), start.elapsed());
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
