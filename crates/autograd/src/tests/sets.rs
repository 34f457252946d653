//! Every instruction set of this CPU gives the same bits: for every op and its gradients, eager and planned. The functions of
//! the table are also tested where they change their formula, and at lengths that are no multiple of the lanes.

use super::functions::{COMPARE_OPS, binary_ops, unary_ops};
use super::rows::{Row, every_row, row};
use crate::kernels::simd::tests::{agree, bits, numbers};
use crate::kernels::simd::{Isa, Set};
use crate::ops::binary_of;
use crate::record::{pull_back, record};
use crate::tree::LANES;
use crate::{AnyTensor, DType, Element, Float, Params, Passes, Program, Tape, Var};
use ndarray::{ArrayD, IxDyn};

/// More elements than a tile has, and no multiple of the lanes.
const MANY: usize = 20_011;

fn outputs<'t>(row: &Row, x: &[Var<'t>]) -> Vec<Var<'t>> {
    let y = (row.f)(x);
    [y].into_iter().chain(y.sum().grads(x)).collect()
}

/// Values and gradients, recorded and planned, by each instruction set.
fn check<T: Float + Element>(row: &Row, arguments: &[ArrayD<T>]) -> Result<(), String> {
    let report = |how: &str, e: String| format!("{} of {}, {how}: {e}", row.name, T::DTYPE);
    let recorded = || {
        let tape = Tape::new();
        let x: Vec<Var<'_>> = arguments.iter().map(|a| tape.var(a)).collect();
        outputs(row, &x).iter().map(|v| bits(&v.to_vec::<T>())).collect::<Vec<_>>()
    };
    agree(recorded).map_err(|e| report("recorded", e))?;
    let params = if T::DTYPE == DType::F32 { Params::f32() } else { Params::f64() };
    let given: Vec<&dyn AnyTensor> = arguments.iter().map(|a| a as &dyn AnyTensor).collect();
    for passes in [Passes::all(), Passes::none()] {
        let planned = || {
            let program = Program::trace_with(passes, &params, |t| {
                let x: Vec<Var<'_>> =
                    arguments.iter().enumerate().map(|(i, a)| t.input(&format!("x{i}"), a.shape())).collect();
                t.outputs(outputs(row, &x))
            });
            let (program, count) = (program.unwrap_or_else(|e| panic!("{}: {e}", row.name)), 1 + given.len());
            let mut state = program.state();
            let run = program.run(&mut state, &params, &given[..]).unwrap();
            (0..count).map(|i| bits(run.slice::<T>(i))).collect::<Vec<_>>()
        };
        agree(planned).map_err(|e| report("planned", e))?;
    }
    Ok(())
}

fn array<T: Clone>(numbers: &[T]) -> ArrayD<T> {
    ArrayD::from_shape_vec(IxDyn(&[numbers.len()]), numbers.to_vec()).unwrap()
}

#[test]
fn every_op_gives_the_same_bits_by_each_instruction_set() {
    for row in every_row().filter(|row| !row.large) {
        let arguments = row.arguments();
        check::<f64>(&row, &arguments).unwrap();
        check::<f32>(&row, &arguments.iter().map(|a| a.mapv(|x| x as f32)).collect::<Vec<_>>()).unwrap();
    }
}

/// Conversions of numbers at the ends of their types, at all offsets in a row, so that each meets each lane.
#[test]
fn conversions_give_the_same_bits_by_each_instruction_set() {
    let ends = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        9.3e18,
        -9.3e18,
        1e300,
        0.5,
        -0.5,
        -0.0,
        1e-40,
        5e-324,
        1e39,
    ];
    let (two_63, half_tiny) = (2f64.powi(63), 2f64.powi(-150));
    let ends = [&ends[..], &[two_63, -two_63, two_63 - 1024.0, half_tiny, 1.0 + 2f64.powi(-24)]].concat();
    let many: Vec<f64> = (0..37 * ends.len()).map(|i| ends[(i + i / 37) % ends.len()]).collect();
    let whole: Vec<i64> = many.iter().enumerate().map(|(i, &x)| (x as i64).wrapping_add(i as i64)).collect();
    let recorded = || {
        let tape = Tape::new();
        let (x, n) = (tape.constant(&many), tape.constant(&whole));
        let (single, truth) = (x.cast(DType::F32), x.cast(DType::Bool));
        (
            (x.cast(DType::I64).to_vec::<i64>(), single.cast(DType::I64).to_vec::<i64>()),
            (
                truth.to_vec::<bool>(),
                single.cast(DType::Bool).to_vec::<bool>(),
                n.cast(DType::Bool).to_vec::<bool>(),
            ),
            (bits(&single.to_vec::<f32>()), bits(&n.cast(DType::F32).to_vec::<f32>())),
            (bits(&n.cast(DType::F64).to_vec::<f64>()), bits(&single.cast(DType::F64).to_vec::<f64>())),
            truth.cast(DType::I64).to_vec::<i64>(),
        )
    };
    agree(recorded).unwrap();
    let integers = recorded().0.0;
    assert!(integers.iter().zip(&many).all(|(&n, &x)| n == x as i64), "{integers:?}");
}

fn check_functions<T: Float + Element>() {
    let x = numbers::<T>(MANY, 1);
    for (op, _) in unary_ops() {
        let function = row(op.name(), &[&[MANY]], move |x| record(op, &[x[0]]));
        check(&function, &[array(&x)]).unwrap();
        for n in 1..=2 * LANES + 1 {
            let part = || {
                let tape = Tape::new();
                bits(&record(op, &[tape.var(&x[MANY - n..])]).to_vec::<T>())
            };
            agree(part).unwrap_or_else(|e| panic!("{} of {n} numbers: {e}", op.name()));
        }
        // The slopes that `backward` has loops for.
        let slope = || {
            let tape = Tape::new();
            let (x, g) = (tape.var(&x), tape.var(numbers::<T>(MANY, 2)));
            pull_back(op, x, record(op, &[x]), g).map(|v| bits(&v.to_vec::<T>()))
        };
        agree(slope).unwrap_or_else(|e| panic!("the slope of {}: {e}", op.name()));
    }
    // Every pair of special numbers, and pairs of ordinary ones.
    let special = &x[..60];
    let all = |of: &dyn Fn(usize) -> usize, seed| -> ArrayD<T> {
        let pairs = (0..3600).map(|i| special[of(i)]);
        array(&pairs.chain(numbers::<T>(MANY, seed)).collect::<Vec<_>>())
    };
    let pair = [all(&|i| i / 60, 3), all(&|i| i % 60, 4)];
    let shapes: [&[usize]; 2] = [pair[0].shape(), pair[1].shape()];
    for (op, _) in binary_ops() {
        check(&row(op.name(), &shapes, move |x| binary_of(op, x[0], x[1])), &pair).unwrap();
    }
    for &op in COMPARE_OPS {
        let chosen = row(op.name(), &shapes, move |x| binary_of(op, x[0], x[1]).select(x[0], x[1] * x[0]));
        check(&chosen, &pair).unwrap();
    }
}

#[test]
fn functions_give_the_same_bits_by_each_instruction_set_wherever() {
    check_functions::<f32>();
    check_functions::<f64>();
}

/// A control: if the CPU has two instruction sets, the checks notice a planted difference between them.
#[test]
fn a_planted_difference_between_instruction_sets_is_seen() {
    let differs = row("a function of the instruction set", &[&[40]], |x| {
        if Isa::widest().set() == Set::Baseline { x[0] + 1e-12 } else { x[0] }
    });
    assert_eq!(check(&differs, &differs.arguments()).is_err(), Isa::widest().set() != Set::Baseline);
}
