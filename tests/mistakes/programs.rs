//! Mistakes with programs: while they are traced, and what they are given.

use crate::Case;
use crate::caught::mistake_in;
use wengert::prelude::*;

pub(crate) const ALL: &[Case] = &[
    ("value read while tracing", value_while_tracing),
    ("input on an eager tape", input_on_an_eager_tape),
    ("gradients of a program's vector", program_of_a_vector),
    ("missing input", missing_input),
    ("input of another shape", input_of_another_shape),
    ("input of another dtype", input_of_another_dtype),
    ("label out of range in a program", label_in_a_program),
    ("program with another model's parameters", program_of_another_model),
    ("gradient retained in a program", retained_in_a_program),
    ("budget of too little memory", budget_of_too_little),
];

fn says<R>(f: impl FnOnce() -> R) -> String {
    mistake_in("mistakes/programs.rs", f)
}

fn value_while_tracing() -> String {
    let mut params = Params::f64();
    let net = Mlp::new(&mut params.scope("net"), &[2, 4, 1], Activation::Tanh);
    says(|| {
        Program::trace(&params, |t| {
            let loss = net.forward(t.input("x", [8, 2])).square().mean();
            println!("loss {}", loss.item());
            t.outputs(loss)
        })
    })
}

fn input_on_an_eager_tape() -> String {
    let params = Params::f64();
    let tape = Tape::with(&params);
    says(|| tape.input("x", [8, 2]))
}

fn program_of_a_vector() -> String {
    let mut params = Params::f64();
    let net = Mlp::new(&mut params.scope("net"), &[2, 4, 1], Activation::Tanh);
    says(|| Program::trace(&params, |t| t.outputs(net.forward(t.input("x", [8, 2]))).with_gradients()))
}

/// A program of two inputs: three rows of two columns, and a label for each.
fn classifier(params: &mut Params) -> Program {
    let net = Mlp::new(&mut params.scope("net"), &[2, 4, 3], Activation::Tanh);
    let program = Program::trace(params, |t| {
        let (x, labels) = (t.input("x", [3, 2]), t.input_of("labels", DType::I64, [3]));
        t.outputs(nn::loss::cross_entropy(net.forward(x), labels)).with_gradients()
    });
    program.expect("a plan")
}

const X: [[f64; 2]; 3] = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];

fn missing_input() -> String {
    let mut params = Params::f64();
    let program = classifier(&mut params);
    program.run(&mut program.state(), &params, (X,)).unwrap_err().to_string()
}

fn input_of_another_shape() -> String {
    let mut params = Params::f64();
    let program = classifier(&mut params);
    let transposed = [[0.0, 1.0, 1.0], [1.0, 0.0, 1.0]];
    program.run(&mut program.state(), &params, (transposed, &[0i64, 1, 2])).unwrap_err().to_string()
}

fn input_of_another_dtype() -> String {
    let mut params = Params::f64();
    let program = classifier(&mut params);
    program.run(&mut program.state(), &params, (X, &[0.0, 1.0, 2.0])).unwrap_err().to_string()
}

fn label_in_a_program() -> String {
    let mut params = Params::f64();
    let program = classifier(&mut params);
    program.run(&mut program.state(), &params, (X, &[1i64, 2, 3])).unwrap_err().to_string()
}

fn program_of_another_model() -> String {
    let mut params = Params::f64();
    let program = classifier(&mut params);
    let mut other = Params::f64();
    classifier(&mut other);
    program.run(&mut program.state(), &other, (X, &[0i64, 1, 2])).unwrap_err().to_string()
}

fn retained_in_a_program() -> String {
    let params = Params::f64();
    says(|| Program::trace(&params, |t| t.outputs((t.input("x", [2]) * 2.0).retain())))
}

fn budget_of_too_little() -> String {
    let params = Params::f64();
    let program = Program::trace(&params, |t| {
        let x = t.input("x", [100, 100]);
        t.outputs(x.matmul(x).sin().sum()).within_memory(10_000)
    });
    program.unwrap_err().to_string()
}
