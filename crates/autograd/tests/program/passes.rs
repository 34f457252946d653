//! Every pass does something.

use autograd::{Outputs, Param, Params, Passes, Program, Tape, Var};

type Traced = for<'t> fn(&'t Tape<'t>, [Param; 4]) -> Outputs;

/// Programs that give each pass something to do.
const PROGRAMS: [Traced; 10] = [
    // Something unused, a number to compute, the same twice, and what is simpler: dead, fold, cse, algebra.
    |t, _| {
        let x = t.input("x", [30, 20]);
        x.exp().matmul(x.t());
        let (number, once) = (t.full(2.0, [], x.dtype()).sin(), x.cos());
        t.outputs([number * x + once, x.cos() * once, -(-x.square())])
    },
    // The adjoint of two slices: assemble.
    |t, _| {
        let x = t.input("x", [30, 20]);
        let y = x.slice(1, ..10).sin() * x.slice(1, 10..).exp();
        t.outputs(y.sum().grad([x])[0])
    },
    // A softmax, to be expanded.
    |t, _| t.outputs(t.input("x", [30, 20]).sin().softmax(1).cos()),
    // Narrow layers on a batch, and a product for one sample: orient, make_contiguous, spell_out.
    |t, [narrow, column, ..]| {
        let hidden = t.input("x", [500, 5]).matmul(narrow).tanh();
        let one = t.input("one", [1, 3]).matmul(column).sin();
        t.outputs((hidden.square().mean() + one.sum()).exp()).with_gradients()
    },
    // A transposed concatenation in a product: sink.
    |t, _| {
        let x = t.input("x", [2, 30, 20]);
        let wide = Var::concat(&[x.exp(), x.sin()], 0).permute(&[1, 0, 2]).reshape([30, 80]);
        t.outputs(wide.matmul(t.input("y", [80, 40])))
    },
    // Large gradients, masks of ReLU, buffers that end: stream, rematerialise, pool.
    |t, [.., first, second]| {
        let hidden = t.input("x", [64, 256]).matmul(first).relu();
        t.outputs(hidden.matmul(second).relu().square().mean()).with_gradients()
    },
    // A function and its slope, and sums of products: share, slope, pair, fuse.
    |t, _| {
        let x = t.input("x", [100]);
        let y = x.sigmoid().sin() + x.sigmoid() * 0.5 + 0.25;
        t.outputs([y.sum().grad([x])[0], y])
    },
    // A loop that nobody differentiates: history.
    |t, _| {
        let x = t.input("x", [50]);
        let (last, ()) = t.scan(50, x.index(0, 0), x, |h, x| ((h * x).sin(), ()));
        t.outputs(last)
    },
    |t, _| t.outputs(t.checkpoint(t.input("x", [50]), |x| x.sin().exp()) * 2.0),
    // A few numbers: numbers.
    |t, [_, column, ..]| t.outputs(t.input("one", [1, 3]).matmul(column).sin().sum()),
];

/// What a plan runs, and the memory between.
fn explained(program: Traced, passes: Passes) -> String {
    let mut params = Params::f32();
    let mut scope = params.scope("p");
    let all = [("narrow", [5, 4]), ("column", [3, 1]), ("first", [256, 256]), ("second", [256, 256])];
    let all = all.map(|(name, shape)| scope.param(name, shape, 0.01));
    let text = Program::trace_with(passes, &params, |t| program(t, all)).unwrap().explain().to_string();
    let (kernels, _) = text.split_once("\nnodes ").expect("the line of passes");
    kernels.to_owned()
}

#[test]
fn leaving_out_any_pass_changes_some_plan() {
    let all = PROGRAMS.map(|program| explained(program, Passes::all()));
    let changes = |name: &str| {
        let without = PROGRAMS.map(|program| explained(program, Passes::all().without(name)));
        without != all
    };
    assert_eq!(PROGRAMS.map(|program| explained(program, Passes::all())), all, "a plan is always the same");
    let idle: Vec<&str> = Passes::names().filter(|name| !changes(name)).collect();
    assert!(idle.is_empty(), "nothing changes without {idle:?}");
}

fn kernels(passes: Passes, program: impl for<'t> FnOnce(&'t Tape<'t>) -> Outputs) -> usize {
    Program::trace_with(passes, &Params::f64(), program).unwrap().kernels()
}

#[test]
fn a_slice_of_parts_reads_the_part_that_it_lies_in() {
    let count = |passes| {
        kernels(passes, |t| {
            let x = t.input("x", [30, 20]);
            let wide = x.square().sum_over(0).pad(0, 5, 7);
            t.outputs(wide.slice(0, 6..20).exp())
        })
    };
    assert!(count(Passes::all()) < count(Passes::all().without("assemble")));

    // The values, at the borders of parts and across them.
    let program = Program::trace(&Params::f64(), |t| {
        let x = t.input("x", [4]);
        let wide = x.pad(0, 2, 1) + x.slice(0, ..1).pad(0, 6, 0);
        t.outputs([(0, 2), (2, 6), (3, 5), (5, 7), (1, 3)].map(|(from, to)| wide.slice(0, from..to)))
    });
    let program = program.unwrap();
    let x = ndarray::arr1(&[1.0, 2.0, 3.0, 4.0]).into_dyn();
    let mut state = program.state();
    let run = program.run(&mut state, &Params::f64(), (&x,)).unwrap();
    let values: Vec<&[f64]> = (0..5).map(|i| run.slice(i)).collect();
    let wanted: [&[f64]; 5] = [&[0.0, 0.0], &[1.0, 2.0, 3.0, 4.0], &[2.0, 3.0], &[4.0, 1.0], &[0.0, 1.0]];
    assert_eq!(values, wanted);
}

/// Both biases of a recurrent layer have the same cotangent, of all steps, once in three axes and once in two.
#[test]
fn equal_sums_of_a_row_in_two_shapes_are_one() {
    let count = |merged: bool| {
        kernels(Passes::all(), |t| {
            let x = t.input("x", [240]).exp();
            let sum = x.reshape([4, 5, 2, 6]).sum_over(&[0, 1, 3][..]);
            let other = if merged { x.reshape([20, 2, 6]).sum_over(&[0, 2][..]) } else { sum };
            t.outputs([x, sum.sin(), other.exp()])
        })
    };
    assert_eq!(count(true), count(false));
}

#[test]
fn sums_over_axes_and_over_the_axes_merged_are_one() {
    let count = |merged: bool| {
        kernels(Passes::all(), |t| {
            let x = t.input("x", [4, 1, 5, 6]).permute(&[2, 1, 0, 3]).exp();
            let sums = if merged { x.reshape([20, 6]).sum_over(0) } else { x.sum_over(&[0, 1, 2][..]) };
            t.outputs([x, x.sum_over(&[0, 1, 2][..]).sin(), sums.exp()])
        })
    };
    assert_eq!(count(true), count(false));
}
