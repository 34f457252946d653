//! Products by the library of the device: how matrices lie is told so that it multiplies the right ones.

use crate::draw::Draw;
use crate::host::{Case, check, has};
use crate::machine::Host;
use autograd::{AnyTensor, DType, Params, Program, Tape, Var};
use cuda::machine::{Machine, On};
use cuda::{Device, Form, Numerics, Runner};
use std::rc::Rc;

type F = for<'t> fn(&'t Tape<'_>, Var<'t>) -> Var<'t>;

/// Products of every layout: contiguous, transposed, cut out, repeated, reversed, of batches, of one row and of one column.
const PRODUCTS: &[(&[usize], F)] = &[
    (&[5, 7], |_, x| x.matmul(x.t())),
    (&[5, 7], |_, x| x.t().matmul(x)),
    (&[5, 7], |_, x| x.slice(1, 1..5).matmul(x.slice(0, 1..5))),
    (&[5, 7], |_, x| x.slice(1, 1..2).matmul(x.slice(0, 2..3))),
    (&[5, 7], |_, x| x.flip([0]).t().matmul(x)),
    (&[5, 1], |_, x| x.matmul(x.t())),
    (&[1, 5], |_, x| x.matmul(x.t())),
    (&[3, 4, 6], |_, x| x.matmul(x.permute(&[0, 2, 1]))),
    (&[3, 4, 6], |_, x| x.permute(&[0, 2, 1]).matmul(x)),
    (&[2, 3, 4, 6], |_, x| x.permute(&[0, 2, 1, 3]).matmul(x.permute(&[0, 2, 3, 1]))),
    (&[3, 4, 6], |_, x| x.matmul(x.slice(0, 1..2).permute(&[0, 2, 1]))),
    (&[9, 2], |_, x| x.windows(0, 3, 1).permute(&[0, 2, 1]).matmul(x.slice(0, 0..2))),
];

#[test]
fn the_library_is_told_how_matrices_lie() {
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    for dtype in [DType::F32, DType::F64] {
        let host = Host::default();
        let machine: Rc<dyn Machine> = Rc::new(host);
        let device = On { machine, numerics: Numerics::Library, form: Some(Form::Graph) };
        let params = Params::of(dtype);
        for (i, (shape, f)) in PRODUCTS.iter().enumerate() {
            let trace = |t: &Tape<'_>| t.outputs(f(t, t.input("x", *shape)));
            let program = Program::trace(&params, |t| trace(t)).expect("a program");
            let x = Draw(3).numbers(shape.iter().product());
            let single: Vec<f32> = x.iter().map(|&x| x as f32).collect();
            let mut state = program.state();
            let mut running = device.load(&program, &params).expect("products run everywhere");
            let (expected, found): (Vec<f64>, Vec<f64>) = if dtype == DType::F32 {
                running.run((&single,)).expect("a run");
                let run = program.run(&mut state, &params, (&single,)).expect("a run");
                let wide = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect();
                (wide(run.slice(0)), wide(&running.output::<f32>(0).expect("a result")))
            } else {
                running.run((&x,)).expect("a run");
                let run = program.run(&mut state, &params, (&x,)).expect("a run");
                (run.slice(0).to_vec(), running.output(0).expect("a result"))
            };
            for (a, b) in expected.iter().zip(&found) {
                assert!((a - b).abs() < 1e-5, "product {i} {dtype}: {b} instead of {a}");
            }
        }
    }
}

/// Products in the order of the CPU: chains and lanes, tiles that are cut short, few and many elements a thread.
#[test]
fn tiles_in_the_order_of_the_cpu_have_its_bits() {
    let shapes: &[(&[usize], F)] = &[
        (&[70, 300], |_, x| x.matmul(x.t())),
        (&[300, 65], |_, x| x.t().matmul(x)),
        (&[50, 600], |_, x| x.slice(1, 0..530).matmul(x.slice(0, 0..1).broadcast_to([530, 600]))),
        (&[4, 64], |_, x| x.matmul(x.t())),
        (&[3, 50, 52], |_, x| x.matmul(x.flip([1]).permute(&[0, 2, 1]))),
        (&[1, 1000], |_, x| x.matmul(x.t())),
    ];
    let case = |dtype: DType, shape: &[usize], f: F| {
        let params = Params::of(dtype);
        let program = Program::trace(&params, |t| t.outputs(f(t, t.input("x", shape)))).expect("a program");
        let x = Draw(3).numbers(shape.iter().product());
        let x: Box<dyn AnyTensor> = match dtype {
            DType::F32 => Box::new(x.iter().map(|&x| x as f32).collect::<Vec<f32>>()),
            _ => Box::new(x),
        };
        Case { program, params, inputs: vec![x], gradients: false }
    };
    let dtypes = [DType::F32, DType::F64];
    let cases =
        dtypes.into_iter().flat_map(|dtype| shapes.iter().map(move |(shape, f)| case(dtype, shape, *f)));
    check("tiles", &[], &cases.collect::<Vec<_>>());
}
