//! Numbers at the ends of their types: eager, in programs and by the oracle they are the same.

use crate::caught::mistake_without_operands;
use crate::every_choice;
use autograd::{AnyTensor, DType, Element, Params, Program, Replay, Tape, Var};

/// What `f` gives for a column of numbers, as truths and words: recorded, replayed by the oracle, and as programs in which
/// the numbers are an input and in which they are constants.
fn everywhere<T: Element, U: Element>(x: &[T], f: impl for<'t> Fn(Var<'t>) -> Var<'t>) -> Vec<U> {
    let params = Params::f64();
    let tape = Tape::new();
    let y = f(tape.constant(x));
    let want = y.to_vec::<U>();
    let texts = |y: &[U]| y.iter().map(|y| format!("{y:?}")).collect::<Vec<_>>();
    assert_eq!(texts(Replay::of(y).run::<U>().as_slice().unwrap()), texts(&want), "by the oracle");
    for passes in every_choice() {
        let given =
            Program::trace_with(passes, &params, |t| t.outputs(f(t.input_of("x", T::DTYPE, [x.len()]))));
        let fixed = Program::trace_with(passes, &params, |t| t.outputs(f(t.constant(x))));
        let single = Program::trace_with(passes, &params, |t| {
            t.outputs(x.iter().map(|&x| f(t.constant([x]).reshape([])).reshape([1])).collect::<Vec<_>>())
        });
        let (given, fixed, single) = (given.unwrap(), fixed.unwrap(), single.unwrap());
        let inputs: [&dyn AnyTensor; 1] = [&x];
        let mut state = given.state();
        let run = given.run(&mut state, &params, &inputs[..]).unwrap();
        assert_eq!(texts(run.slice::<U>(0)), texts(&want), "an input, {passes:?}");
        let mut state = fixed.state();
        let run = fixed.run(&mut state, &params, ()).unwrap();
        assert_eq!(texts(run.slice::<U>(0)), texts(&want), "a constant, {passes:?}");
        let mut state = single.state();
        let run = single.run(&mut state, &params, ()).unwrap();
        let each: Vec<U> = (0..x.len()).map(|i| run.slice::<U>(i)[0]).collect();
        assert_eq!(texts(&each), texts(&want), "single numbers, {passes:?}");
    }
    want
}

#[track_caller]
fn mistake<R>(f: impl FnOnce() -> R) -> String {
    mistake_without_operands("integers.rs", f)
}

const TWO_63: f64 = 9_223_372_036_854_775_808.0;
const MAX_32: f64 = f32::MAX as f64;

#[test]
fn floats_become_integers_towards_zero_and_within_the_range() {
    let to = |x: &[f64]| everywhere::<f64, i64>(x, |x| x.cast(DType::I64));
    assert_eq!(to(&[0.5, -0.5, 1.999, -1.999, -0.0, 5e-324]), [0, 0, 1, -1, 0, 0]);
    assert_eq!(to(&[f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY]), [0, 0, i64::MAX, i64::MIN]);
    assert_eq!(
        to(&[9.3e18, -9.3e18, 1e300, TWO_63, -TWO_63]),
        [i64::MAX, i64::MIN, i64::MAX, i64::MAX, i64::MIN]
    );
    assert_eq!(to(&[TWO_63 - 1024.0, 9007199254740992.0]), [i64::MAX - 1023, 1 << 53]);
    let from_single = everywhere::<f32, i64>(&[f32::MAX, f32::NAN, -1.5, 1e-45], |x| x.cast(DType::I64));
    assert_eq!(from_single, [i64::MAX, 0, -1, 0]);
    // And back: the nearest number.
    assert_eq!(
        everywhere::<f64, f64>(&[1e300, f64::NAN], |x| x.cast(DType::I64).cast(DType::F64)),
        [TWO_63, 0.0]
    );
}

#[test]
fn integers_become_the_nearest_float() {
    let x = [i64::MAX, i64::MIN, (1 << 53) + 1, (1 << 53) + 3, (1 << 24) + 1, (1 << 24) + 3, -7];
    let double = everywhere::<i64, f64>(&x, |x| x.cast(DType::F64));
    assert_eq!(
        double,
        [TWO_63, -TWO_63, 9007199254740992.0, 9007199254740996.0, 16777217.0, 16777219.0, -7.0]
    );
    let single = everywhere::<i64, f32>(&x, |x| x.cast(DType::F32));
    assert_eq!(single[4..], [16777216.0, 16777220.0, -7.0]);
    // Rounded once: by way of F64 it would be a tie, and go down.
    let once = everywhere::<i64, f32>(&[(1 << 60) + (1 << 36) + 1], |x| x.cast(DType::F32));
    assert_eq!(once, [((1i64 << 60) + (1 << 37)) as f32]);
}

#[test]
fn comparisons_of_integers_are_exact() {
    let x = [i64::MAX, i64::MAX - 1, (1 << 53) + 1, i64::MIN];
    let with = |f: for<'t> fn(Var<'t>, Var<'t>) -> Var<'t>, y: i64| {
        everywhere::<i64, bool>(&x, move |x| f(x, x.tape().constant(y)))
    };
    assert_eq!(with(|x, y| x.eq(y), i64::MAX), [true, false, false, false]);
    assert_eq!(with(|x, y| x.lt(y), i64::MAX), [false, true, true, true]);
    assert_eq!(with(|x, y| x.gt(y), 1 << 53), [true, true, true, false]);
    assert_eq!(with(|x, y| x.le(y), i64::MIN), [false, false, false, true]);
    assert_eq!(everywhere::<i64, bool>(&x, |x| x.ge(-TWO_63)), [true; 4]);
    let chosen = everywhere::<i64, i64>(&x, |x| x.gt(0.0).select(x, x.tape().constant((1i64 << 53) + 1)));
    assert_eq!(chosen, [i64::MAX, i64::MAX - 1, (1 << 53) + 1, (1 << 53) + 1]);
    assert_eq!(everywhere::<i64, i64>(&x, |x| x), x);
}

#[test]
fn a_truth_is_what_is_not_zero() {
    let to = |x: &[f64]| everywhere::<f64, bool>(x, |x| x.cast(DType::Bool));
    let x = [0.0, -0.0, 0.5, -3.0, f64::NAN, f64::NEG_INFINITY, 5e-324];
    assert_eq!(to(&x), [false, false, true, true, true, true, true]);
    assert_eq!(everywhere::<i64, bool>(&[0, i64::MIN, 2], |x| x.cast(DType::Bool)), [false, true, true]);
    assert_eq!(everywhere::<bool, f64>(&[true, false], |x| x.cast(DType::F64)), [1.0, 0.0]);
    assert_eq!(everywhere::<bool, f32>(&[true, false], |x| x.cast(DType::F32)), [1.0, 0.0]);
    assert_eq!(everywhere::<bool, i64>(&[true, false], |x| x.cast(DType::I64)), [1, 0]);
    assert_eq!(
        everywhere::<f64, f64>(&[f64::NAN, 0.3, 0.0], |x| x.cast(DType::Bool).cast(DType::F64)),
        [1.0, 1.0, 0.0]
    );
}

#[test]
fn double_becomes_the_nearest_single() {
    let to = |x: &[f64]| everywhere::<f64, f32>(x, |x| x.cast(DType::F32));
    let half = 2f64.powi(103); // half of a unit in the last place of the largest number
    assert_eq!(
        to(&[MAX_32, MAX_32 + half * 0.99, MAX_32 + half, -1e39, f64::INFINITY]),
        [f32::MAX, f32::MAX, f32::INFINITY, f32::NEG_INFINITY, f32::INFINITY]
    );
    // Numbers below the smallest normal one are kept, and half of the smallest becomes 0.
    let tiny = 2f64.powi(-149);
    assert_eq!(
        to(&[1e-40, tiny, tiny * 0.5, tiny * 0.51, -tiny * 0.5, 5e-324])
            .iter()
            .map(|x| x.to_bits())
            .collect::<Vec<_>>(),
        [71362, 1, 0, 1, 1 << 31, 0]
    );
    assert!(to(&[f64::NAN])[0].is_nan());
    // A number beside single precision is rounded in the same way.
    assert_eq!(everywhere::<f32, f32>(&[1.0, -2.0], |x| x * 1e39), [f32::INFINITY, f32::NEG_INFINITY]);
    assert_eq!(everywhere::<f32, f32>(&[1.0], |x| x * 1e-40), [1e-40]);
    assert_eq!(everywhere::<f32, f64>(&[1.0], |x| (x * 1e-40).cast(DType::F64)), [f64::from(1e-40f32)]);
}

#[test]
fn what_no_integer_and_no_truth_is_refused() {
    let tape = Tape::new();
    let (whole, truth) = (tape.constant([1i64, 2]), tape.constant([true, false]));
    assert_eq!(
        mistake(|| tape.full(TWO_63, [2], DType::I64)),
        "full: 9.223372036854776e18 is out of the range of I64\n  \
         rule: a number beside an I64 tensor becomes I64: −2⁶³ ≤ n < 2⁶³\n  \
         hint: `tape.constant(i64::MAX)` is exact; or convert the tensor with `.cast(DType::F64)`"
    );
    assert_eq!(
        mistake(|| tape.full(2.0, [2], DType::Bool)),
        "full: 2 is not a truth value\n  rule: a number beside a Bool tensor becomes Bool: 0 is false, 1 is true\n  \
         hint: convert the tensor with `.cast(DType::F64)`"
    );
    for number in [9.3e18, TWO_63, 1e300, -TWO_63 - 2048.0] {
        assert!(mistake(|| whole.eq(number)).contains("is out of the range of I64"), "{number}");
    }
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.5] {
        assert!(mistake(|| whole.eq(number)).contains("is not an integer"), "{number}");
        assert!(mistake(|| truth.eq(number)).contains("is not a truth value"), "{number}");
    }
    assert!(mistake(|| truth.select(truth, -1.0)).contains("-1 is not a truth value"));
    assert_eq!(tape.full(-TWO_63, [1], DType::I64).to_vec::<i64>(), [i64::MIN]);
    // No arithmetic of integers, so no overflow.
    for (name, text) in [
        ("add", mistake(|| whole + whole)),
        ("neg", mistake(|| -whole)),
        ("sum", mistake(|| whole.sum())),
        ("cumsum", mistake(|| whole.cumsum(0))),
        ("scatter_add", mistake(|| whole.scatter_add(0, tape.constant([0i64, 0]), whole))),
        ("mul", mistake(|| truth * truth)),
        ("sum", mistake(|| truth.sum())),
    ] {
        assert!(text.starts_with(&format!("{name}: ")) && text.contains("on F32 and F64, not on"), "{text}");
    }
}
