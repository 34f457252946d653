//! Products, scans, indexing and order at special points: zeros, ties, infinities, NaN, empty axes, indices out of range.

use crate::ScatterReduce::{Max, Mean, Min, Prod, Sum};
use crate::{DType, Fault, Params, Program, ProgramError, Tape, Var, check_grads};
use ndarray::{ArrayD, arr1, arr2};
use std::panic::{AssertUnwindSafe, catch_unwind};

const INFINITY: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

/// Equal, where NaN is NaN.
#[track_caller]
fn same(y: Var<'_>, wanted: &[f64]) {
    let y = y.to_vec::<f64>();
    let agree = |(a, b): (&f64, &f64)| a == b || (a.is_nan() && b.is_nan());
    assert!(y.len() == wanted.len() && y.iter().zip(wanted).all(agree), "{y:?} for {wanted:?}");
}

#[track_caller]
fn differentiable(f: impl for<'t> Fn(&[Var<'t>]) -> Var<'t>, x: &[ArrayD<f64>]) {
    check_grads(f, x, 3).unwrap_or_else(|e| panic!("{e}"));
}

/// The recording is refused, with this text as a part of the message.
#[track_caller]
fn says<'t>(part: &str, f: impl FnOnce() -> Var<'t>) {
    let text = refusal(f);
    assert!(text.contains(part), "{text}");
}

/// The text of the panic.
fn refusal<T>(f: impl FnOnce() -> T) -> String {
    let refused = catch_unwind(AssertUnwindSafe(f)).err().expect("it is refused");
    refused.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn products_have_right_derivatives_of_third_order_at_zeros() {
    for x in [[2.0, 0.0, -3.0, 0.5], [0.0, 2.0, 0.0, 3.0], [0.0, 0.0, 0.0, 2.0], [0.0; 4]] {
        let x = [arr1(&x).into_dyn()];
        differentiable(|x| x[0].prod(), &x);
        differentiable(|x| x[0].cumprod(0), &x);
        differentiable(|x| x[0].flip(0).cumprod(0), &x);
        differentiable(
            |x| {
                let (old, index) = (x[0].slice(0, 1..3), x[0].tape().constant([1i64, 0, 1, 1]));
                let of = |include| old.scatter_reduce(0, index, x[0], Prod, include);
                of(true) + of(false)
            },
            &x,
        );
    }
    let (a, b) = (arr2(&[[0.0, 2.0], [0.0, 0.0], [3.0, 0.0]]), arr2(&[[1.0, 0.0], [2.0, 1.0], [0.0, 1.0]]));
    differentiable(|x| x[1].linear_recurrence(x[0], 0), &[a.into_dyn(), b.into_dyn()]);
}

/// A derivative of order n of the product of n numbers by all of them is 1, whatever they are.
#[test]
fn the_mixed_derivative_of_a_product_is_one() {
    let tape = Tape::new();
    let x = tape.var([0.0, 5.0, 0.0, 0.0]);
    for product in [x.prod(), x.cumprod(0).index(0, -1)] {
        let mut y = product;
        for i in 0..4 {
            y = y.grad([x])[0].index(0, i);
        }
        assert_eq!(y.item(), 1.0);
    }
}

#[test]
fn infinities_and_nan_stay_where_they_are_in_scans() {
    let tape = Tape::new();
    let x = tape.var([-INFINITY, -INFINITY, 1.0, -INFINITY, 1.0]);
    let y = x.logcumsumexp(0);
    same(y, &[-INFINITY, -INFINITY, 1.0, 1.0, 1.0 + 2f64.ln()]);
    same(y.slice(0, 2..).sum().grad([x])[0], &[0.0, 0.0, 2.5, 0.0, 0.5]);
    same(tape.constant([1.0, INFINITY, 2.0]).logcumsumexp(0), &[1.0, INFINITY, INFINITY]);
    same(tape.constant([1.0, NAN, 2.0]).logcumsumexp(0), &[1.0, NAN, NAN]);
    differentiable(|x| x[0].logcumsumexp(0), &[arr1(&[700.0, -700.0, 700.5, 3.0]).into_dyn() / 100.0]);

    let x = tape.var([2.0, NAN, 3.0, -INFINITY]);
    same(x.cummax(0), &[2.0, NAN, NAN, NAN]);
    same(x.cummin(0), &[2.0, NAN, NAN, NAN]);
    assert_eq!(x.cumargmax(0).to_vec::<i64>(), [0, 1, 1, 1]);
    same(tape.constant([-INFINITY, -INFINITY]).cummax(0), &[-INFINITY, -INFINITY]);
}

#[test]
fn equal_elements_keep_their_order_and_nan_is_last() {
    let tape = Tape::new();
    let x = tape.constant([0.0, NAN, -0.0, INFINITY, -INFINITY, 0.0, NAN]);
    assert_eq!(x.argsort(0).to_vec::<i64>(), [4, 0, 2, 5, 3, 1, 6]);
    assert_eq!(x.argsort_descending(0).to_vec::<i64>(), [3, 0, 2, 5, 4, 1, 6]);
    let x = tape.var([1.0, 1.0, 0.0]);
    same(x.top_k(0, 1).0.sum().grad([x])[0], &[1.0, 0.0, 0.0]);
    let x = tape.constant([3.0, NAN, 1.0]);
    same(x.median(0), &[NAN]);
    same(tape.constant([3.0, INFINITY, 1.0]).median(0), &[3.0]);
    same(tape.constant([3.0, INFINITY]).quantile(0, 0.0), &[3.0]);
    let values = tape.constant([0.0, NAN, INFINITY]);
    let sorted = tape.constant([0.0, 0.0, INFINITY, NAN]);
    assert_eq!(sorted.search_sorted(values, false).to_vec::<i64>(), [0, 3, 2]);
    assert_eq!(sorted.search_sorted(values, true).to_vec::<i64>(), [2, 4, 3]);
}

/// The order is that of a sort by the library, for lines of any stride.
#[test]
fn orders_are_those_of_the_standard_library() {
    let tape = Tape::new();
    let numbers: Vec<f64> = (0..210).map(|i| f64::from(i * 37 % 11)).collect();
    let x = tape.constant(numbers).reshape([5, 7, 6]);
    for axis in [0isize, 1, 2] {
        let last: Vec<isize> = (0..3).filter(|&i| i != axis).chain([axis]).collect();
        let n = x.shape()[axis as usize];
        let lines = |y: Var<'_>| y.permute(&last).to_vec::<f64>();
        for (line, sorted) in lines(x).chunks(n).zip(lines(x.sort(axis)).chunks(n)) {
            let mut wanted = line.to_vec();
            wanted.sort_by(f64::total_cmp);
            assert_eq!(sorted, wanted);
        }
        for (line, sorted) in lines(x).chunks(n).zip(lines(x.cummax(axis)).chunks(n)) {
            let largest = |i: usize| line[..=i].iter().copied().fold(-INFINITY, f64::max);
            assert_eq!(sorted, (0..n).map(largest).collect::<Vec<f64>>());
        }
        for (line, products) in lines(x * 0.25).chunks(n).zip(lines((x * 0.25).cumprod(axis)).chunks(n)) {
            let product = |i: usize| line[..=i].iter().product::<f64>();
            assert_eq!(products, (0..n).map(product).collect::<Vec<f64>>());
        }
    }
}

#[test]
fn ties_share_the_gradient_of_a_scattered_maximum() {
    let tape = Tape::new();
    let (x, source) = (tape.var([1.0, 2.0, 5.0]), tape.var([2.0, 2.0, 1.0, 0.0]));
    let index = tape.constant([1i64, 1, 1, 0]);
    let y = x.scatter_reduce(0, index, source, Max, true);
    same(y, &[1.0, 2.0, 5.0]);
    let [dx, ds] = y.sum().grad([x, source]);
    same(dx, &[1.0, 1.0 / 3.0, 1.0]);
    same(ds, &[1.0 / 3.0, 1.0 / 3.0, 0.0, 0.0]);
    let y = x.scatter_reduce(0, index, source, Min, false);
    same(y, &[0.0, 1.0, 5.0]);
    let [dx, ds] = y.sum().grad([x, source]);
    same(dx, &[0.0, 0.0, 1.0]);
    same(ds, &[0.0, 0.0, 1.0, 1.0]);
    let source = tape.constant([2.0, NAN, 7.0, 0.0]);
    same(x.scatter_reduce(0, index, source, Max, true), &[1.0, NAN, 5.0]);
    same(x.scatter_reduce(0, index, source, Max, false), &[0.0, NAN, 5.0]);
}

#[test]
fn nothing_is_no_exception() {
    let tape = Tape::new();
    let none = tape.var(arr1(&[0.0; 0]));
    let indices = tape.constant(Vec::<i64>::new());
    let rows = tape.var(ArrayD::<f64>::zeros(vec![3, 0]));
    assert_eq!(none.prod().item(), 1.0);
    assert_eq!(none.prod().grad([none])[0].shape()[..], [0]);
    same(rows.prod_over(1), &[1.0; 3]);
    assert_eq!((none.gt(0.0).any().item(), none.gt(0.0).all().item()), (0.0, 1.0));
    for y in [none.cumprod(0), none.logcumsumexp(0), none.cummax(0), none.sort(0), none.take(0, indices)] {
        assert_eq!(y.shape()[..], [0]);
        assert_eq!(y.sum().grad([none])[0].shape()[..], [0]);
    }
    assert_eq!(rows.top_k(0, 0).0.shape()[..], [0, 0]);
    assert_eq!(rows.embedding(tape.constant([[2i64, 0]]), Some(2)).shape()[..], [1, 2, 0]);
    same(tape.var([1.0, 2.0]).scatter_reduce(0, indices, none, Prod, false), &[1.0, 2.0]);
    same(tape.var([1.0, 2.0]).scatter_reduce(0, indices, none, Mean, true), &[1.0, 2.0]);
    same(none.segment_sum(indices, 2), &[0.0, 0.0]);
    same(none.segment_logsumexp(indices, 1), &[-INFINITY]);
    assert_eq!(indices.bincount(3).to_vec::<i64>(), [0; 3]);
    assert_eq!(indices.one_hot(0, DType::F32).shape()[..], [0, 0]);
    assert_eq!(none.search_sorted(tape.constant([1.0]), true).to_vec::<i64>(), [0]);
    let x = tape.var([1.0, 2.0]);
    assert_eq!(x.masked_select(x.gt(9.0)).shape()[..], [0]);
    same(x.masked_scatter(x.gt(9.0), none), &[1.0, 2.0]);
    let quiet = x.scatter_reduce(0, tape.constant([1i64, 1]), x, Sum, false);
    same(quiet, &[1.0, 3.0]);
}

#[test]
fn indices_out_of_range_are_named_by_position_value_and_bound() {
    let tape = Tape::new();
    let x = tape.var([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    let bad = tape.constant([[0i64, 1], [2, 3]]);
    says("index 3 at [1, 1] is outside of 0..3", || x.embedding(bad, None));
    says("index 3 at [1, 1, 0] is outside of 0..3", || bad.one_hot(3, DType::F64));
    says("index 2 at [1, 0] is outside of 0..2", || x.take(1, bad));
    says("index -1 in row 1 is outside of 0..3", || x.take(0, tape.constant([0i64, -1])));
    says("index 3 at [1, 1] is outside of 0..3", || x.take_at(&[bad]));
    says("index 2 at [0, 1] is outside of 0..2", || {
        x.take_at(&[tape.constant([[0i64], [1]]), tape.constant([0i64, 2])])
    });
    says("index 5 in row 0 is outside of 0..2", || x.segment_sum(tape.constant([5i64, 0, 0]), 2));
    says("index 1 in row 1 is outside of 0..1", || tape.constant([0i64, 1]).bincount(1));
    says("index 2 at [0, 1] is outside of 0..2", || {
        let index = tape.constant([0i64, 2]).broadcast_to([3, 2]);
        x.t().scatter_reduce(0, index.slice(0, ..2), x.slice(0, ..2), Max, true)
    });
    says("the indices are I64", || x.take(0, tape.constant([0.0])));
    says("there is one id for each", || x.segment_max(tape.constant([0i64]), 2));
    says("a table has two axes", || x.sum().embedding(bad, None));

    let params = Params::f64();
    let program = Program::trace(&params, |t| {
        t.outputs(t.input("table", [3, 2]).embedding(t.input_of("words", DType::I64, [2, 1]), None))
    });
    let program = program.unwrap();
    let mut state = program.state();
    let fault = program.run(&mut state, &params, ([[1.0, 2.0]; 3], [[1i64], [7]])).unwrap_err();
    let ProgramError::Fault { fault, .. } = fault else { panic!("{fault}") };
    assert_eq!(fault, Fault::Index { position: vec![1, 0], value: 7, bound: 3 });
}

#[test]
fn what_a_program_cannot_have_says_so() {
    let params = Params::f64();
    let text = refusal(|| {
        Program::trace(&params, |t| {
            let x = t.input("x", [3]);
            t.outputs(x.masked_select(x.gt(0.0)))
        })
    });
    assert!(text.contains("a traced computation has no values while it is recorded"), "{text}");
}

/// The gradient of a padded row is 0 at any order, and that of others is not.
#[test]
fn the_padding_row_is_read_and_not_trained() {
    let tape = Tape::new();
    let table = tape.var([[1.0], [2.0], [3.0]]);
    let y = table.embedding(tape.constant([1i64, 2, 1]), Some(1));
    same(y, &[2.0, 3.0, 2.0]);
    let first = (y * y * y).sum().grad([table])[0];
    same(first, &[0.0, 0.0, 27.0]);
    same(first.sum().grad([table])[0], &[0.0, 0.0, 18.0]);
}
