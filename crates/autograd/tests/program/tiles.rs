//! Fused kernels cut their elements into tiles: every length, and every way to load an operand, gives the bits of kernels that
//! compute one op each.

use autograd::{Element, Params, Passes, Program, Var};
use ndarray::ArrayD;

/// The bits of the first output by fused kernels and by one kernel per op, each on one thread and on two.
fn agree<T: Element + From<f32>>(shapes: &[&[usize]], f: impl for<'t> Fn(&[Var<'t>]) -> Var<'t>) -> usize {
    let params = Params::f64();
    let draw = |(seed, shape): (usize, &&[usize])| {
        let number = |i: usize| T::from(((i * 7919 + seed * 31) % 1000) as f32 / 500.0 - 0.9993);
        let numbers = (0..shape.iter().product()).map(number).collect();
        ArrayD::from_shape_vec(shape.to_vec(), numbers).unwrap()
    };
    let inputs: Vec<ArrayD<T>> = shapes.iter().enumerate().map(draw).collect();
    let run = |passes: Passes, threads: usize| {
        let program = Program::trace_with(passes, &params, |t| {
            let inputs: Vec<Var<'_>> = inputs
                .iter()
                .zip(["x", "y", "z"])
                .map(|(x, name)| t.input_of(name, T::DTYPE, x.shape()))
                .collect();
            t.outputs(f(&inputs))
        });
        let program = program.unwrap();
        let mut state = program.state().with_threads(threads);
        let given: Vec<&dyn autograd::AnyTensor> = inputs.iter().map(|x| x as _).collect();
        let results = program.run(&mut state, &params, &given[..]).unwrap().slice::<T>(0).to_vec();
        (results, program.kernels())
    };
    let (wanted, _) = run(Passes::none(), 1);
    let (fused, kernels) = run(Passes::exact(), 1);
    assert!(fused == wanted && run(Passes::exact(), 2).0 == wanted, "{shapes:?}");
    kernels
}

/// Lengths about the lanes and the longest tile.
const LENGTHS: [usize; 16] = [1, 5, 15, 16, 17, 31, 33, 100, 200, 500, 1000, 1023, 1024, 1025, 1500, 9001];

#[test]
fn tiles_of_any_length() {
    for n in LENGTHS {
        assert_eq!(agree::<f32>(&[&[n][..]; 3], |x| (x[0] * x[1] + x[2]).tanh() * x[0].sigmoid()), 1);
        assert_eq!(agree::<f64>(&[&[n][..]; 3], |x| (x[0] * x[1] + x[2]).tanh() * x[0].sigmoid()), 1);
        // One pass over three operands: what ends within lanes is not copied.
        assert_eq!(agree::<f32>(&[&[n][..]; 3], |x| x[0] * x[1] + x[2]), 1);
    }
}

#[test]
fn sums_of_rows_of_any_length() {
    for n in LENGTHS.into_iter().chain([2, 3, 4]).filter(|&n| n <= 1500) {
        for rows in [1, 3, 4, 10] {
            agree::<f32>(&[&[rows, n][..]; 2], |x| (x[0] * x[1]).sum_over(1).square());
            agree::<f64>(&[&[rows, n][..]; 2], |x| (x[0] * x[1]).sum_over(1).square());
        }
    }
}

#[test]
fn operands_that_repeat_and_operands_by_strides() {
    for shape in [[40, 384], [9, 512], [100, 48], [700, 16], [33, 20], [3, 1500]] {
        for beside in [&shape[1..], &[shape[0], 1]] {
            assert_eq!(agree::<f32>(&[&shape, beside, &shape], |x| (x[0] + x[1]).tanh() * x[2]), 1);
        }
    }
    for columns in 1..8 {
        agree::<f32>(&[&[203, columns], &[columns, 203]], |x| x[0].t() * x[1]);
        agree::<f64>(&[&[203, columns], &[columns, 203]], |x| x[0].t() * x[1]);
    }
}
