use super::{Dual, Operand, Real, Tape, Var, derivative, gradient, hessian};
use crate::table::{binary_table, cell, unary_table, unless_operator};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};
use std::ops::Range;

/// A function of the table, its name and the interval in which it is tested.
type Unary<T> = (&'static str, fn(T) -> T, Range<f64>);
type Binary<T> = (&'static str, fn(T, T) -> T, Range<f64>);

macro_rules! unary_rows {
    ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?) |$x:ident, $y:ident| $columns:tt)*) => {
        fn unary_rows<T: Real>() -> Vec<Unary<T>> {
            let mut rows: Vec<Unary<T>> = vec![("neg", |x| -x, -3.0..3.0)];
            $(unless_operator! { $Row
                rows.push((stringify!($name), |x| x.$name($({ let $p = 1.7; $p })?), cell!(test $columns)));
            })*
            rows
        }
    };
}
unary_table!(unary_rows);

macro_rules! binary_rows {
    ($($(#[$doc:meta])* $Row:ident $name:ident |$a:ident, $b:ident, $y:ident| $columns:tt)*) => {
        fn binary_rows<T: Real>() -> Vec<Binary<T>> {
            let mut rows: Vec<Binary<T>> = vec![
                ("add", |a, b| a + b, -3.0..3.0),
                ("sub", |a, b| a - b, -3.0..3.0),
                ("mul", |a, b| a * b, -3.0..3.0),
                ("div", |a, b| a / b, 0.4..3.0),
            ];
            $(unless_operator! { $Row
                rows.push((stringify!($name), |a, b| a.$name(b), cell!(test $columns)));
            })*
            rows
        }
    };
}
binary_table!(binary_rows);

/// Points inside of an interval, none of them a special one.
fn points(domain: &Range<f64>) -> impl Iterator<Item = f64> {
    let (start, width) = (domain.start, domain.end - domain.start);
    (0..9).map(move |i| start + width * (f64::from(i) + 0.37) / 9.0)
}

#[track_caller]
fn close(name: &str, x: &[f64], ours: f64, tensors: f64) {
    let equal =
        (ours - tensors).abs() <= 4e-14 * tensors.abs().max(1e-3) || ours.is_nan() && tensors.is_nan();
    assert!(equal, "{name} at {x:?}: {ours} instead of {tensors}");
}

#[test]
fn functions_of_one_argument_agree_with_tensors_to_second_order() {
    let (tensor_tape, tape) = (crate::Tape::new(), Tape::new());
    let tensors = unary_rows::<crate::Var<'_>>();
    for (i, (name, number, domain)) in unary_rows::<f64>().into_iter().enumerate() {
        let (on_tape, dual) = (unary_rows::<Var<'_>>()[i].1, unary_rows::<Dual<Var<'_>>>()[i].1);
        let nested = unary_rows::<Dual<Dual<f64>>>()[i].1;
        for at in points(&domain) {
            let x = tensor_tape.var(at);
            let y = tensors[i].1(x);
            let [first] = y.grad([x]);
            let [second] = first.grad([x]);

            assert_eq!(number(at).to_bits(), y.item().to_bits(), "{name} of {at}");
            let x = tape.var(at);
            assert_eq!(on_tape(x).value().to_bits(), y.item().to_bits(), "{name} of {at}");
            close(name, &[at], on_tape(x).grad([x])[0], first.item());
            let directed = dual(Dual::new(x, 1.0));
            close(name, &[at], directed.tangent.value(), first.item());
            close(name, &[at], directed.tangent.grad([x])[0], second.item());
            close(name, &[at], derivative(|x| derivative(nested, x), at), second.item());
        }
    }
}

#[test]
fn functions_of_two_arguments_agree_with_tensors_to_second_order() {
    let (tensor_tape, tape) = (crate::Tape::new(), Tape::new());
    let tensors = binary_rows::<crate::Var<'_>>();
    for (i, (name, number, domain)) in binary_rows::<f64>().into_iter().enumerate() {
        let (on_tape, dual) = (binary_rows::<Var<'_>>()[i].1, binary_rows::<Dual<Var<'_>>>()[i].1);
        for (s, t) in points(&domain).zip(points(&domain).skip(4).chain(points(&domain))) {
            let (a, b) = (tensor_tape.var(s), tensor_tape.var(t));
            let y = tensors[i].1(a, b);
            let slopes = y.grad([a, b]);
            let second = slopes[0].grad([a, b]);

            assert_eq!(number(s, t).to_bits(), y.item().to_bits(), "{name} of {s}, {t}");
            let (a, b) = (tape.var(s), tape.var(t));
            let ours = on_tape(a, b).grad([a, b]);
            let directed = dual(Dual::new(a, 1.0), Dual::new(b, 0.0)).tangent;
            close(name, &[s, t], directed.value(), slopes[0].item());
            for (k, seconds) in directed.grad([a, b]).into_iter().enumerate() {
                close(name, &[s, t], ours[k], slopes[k].item());
                close(name, &[s, t], seconds, second[k].item());
            }
        }
    }
}

/// Straight-line code of random operations on random earlier results.
fn random_program<T: Real>(seed: u64, inputs: &[T]) -> T {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut values = inputs.to_vec();
    for _ in 0..rng.random_range(1..60) {
        let mut any = || values[rng.random_range(0..values.len())];
        let (a, b, c) = (any(), any(), any());
        let y = match rng.random_range(0..12) {
            0 => a + b,
            1 => a - b,
            2 => a * b,
            3 => a / (b * b + 1.0),
            4 => a.sin() * b + c,
            5 => a.tanh(),
            6 => a * b + c * a,
            7 => (a * b) * (b - c),
            8 => a.constant(0.7) * b - 0.2,
            9 => a.if_gt(b, c * 0.5, a),
            10 => a * a,
            _ => -(a.sigmoid() * 1.5),
        };
        values.push(y.tanh() * 2.0);
    }
    values.into_iter().reduce(|sum, value| sum + value).expect("inputs")
}

#[test]
fn random_programs_agree_with_tensors() {
    let mut tape = Tape::new();
    for seed in 0..500 {
        let at: Vec<f64> =
            (0..1 + seed % 5).map(|i| 0.3 * f64::from(i as u32) - 0.5 + 0.01 * seed as f64).collect();
        let tensors = crate::Tape::new();
        let x: Vec<_> = at.iter().map(|&x| tensors.var(x)).collect();
        let y = random_program(seed, &x);
        tape.clear();
        let v: Vec<_> = at.iter().map(|&x| tape.var(x)).collect();
        let ours = random_program(seed, &v);
        assert_eq!(ours.value().to_bits(), y.item().to_bits(), "{seed}");
        assert_eq!(random_program(seed, &at).to_bits(), y.item().to_bits(), "{seed}");
        let slopes = y.grads(&x);
        for (slope, tensor) in ours.grads(&v).into_iter().zip(&slopes) {
            let tensor = tensor.item();
            // Sums of terms that cancel: equal up to the rounding of the largest.
            assert!(
                (slope - tensor).abs() <= 1e-11 * tensor.abs().max(1e-2),
                "{seed}: {slope} instead of {tensor}"
            );
        }
    }
}

#[test]
fn a_second_sweep_forgets_the_first() {
    let tape = Tape::new();
    let inputs = [1.0, 2.0, 3.0, 4.0].map(|x| tape.var(x));
    let [a, b, c, d] = inputs;
    let y = a * b + c * d;
    assert_eq!(y.grad(inputs), [2.0, 1.0, 4.0, 3.0]);
    let z = y * a;
    assert_eq!(z.grad(inputs), [2.0 + 14.0, 1.0, 4.0, 3.0]);
    assert_eq!(y.grad(inputs), [2.0, 1.0, 4.0, 3.0]);
    assert_eq!(a.grad(inputs), [1.0, 0.0, 0.0, 0.0]);
    assert_eq!(tape.constant(5.0).grad(inputs), [0.0; 4]);
}

#[test]
fn values_that_nobody_uses_spoil_no_gradient() {
    let tape = Tape::new();
    let (x, y) = (tape.var(0.0), tape.var(1.0));
    let _unused = (x.ln() * y + x).node();
    let used = (x + y + y * x).node();
    assert_eq!(used.grad([x, y]), [2.0, 1.0]);
}

#[test]
fn intermediate_results_can_be_asked_for() {
    let tape = Tape::new();
    let (x, w) = (tape.var(3.0), tape.var(0.5));
    let z = (w * x).node();
    let y = z.square();
    assert_eq!(y.grad([z, x, w]), [3.0, 1.5, 9.0]);
    assert_eq!(
        format!("{:?} {:?} {:?}", x, x * w, tape.constant(2.0)),
        "3, d = 1·dn1 1.5, d = 0.5·dn1 + 3·dn2 2"
    );
}

#[test]
#[should_panic(expected = "is no node of its own")]
fn functions_of_others_are_no_inputs() {
    let tape = Tape::new();
    let x = tape.var(1.0);
    let shifted = x + 1.0;
    (shifted * x).grad([shifted]);
}

#[test]
#[should_panic(expected = "the operands are on different tapes")]
fn two_tapes_do_not_mix() {
    let (here, there) = (Tape::new(), Tape::new());
    let _ = here.var(1.0) * there.var(1.0);
}

/// Σ 100·(xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)².
fn rosenbrock<T: Real>(x: &[T]) -> T
where
    f64: Operand<T>,
{
    let term = |pair: &[T]| {
        let (off, rest) = (pair[1] - pair[0] * pair[0], 1.0 - pair[0]);
        100.0 * (off * off) + rest * rest
    };
    x.windows(2).map(term).reduce(|sum, term| sum + term).expect("two arguments")
}

#[test]
fn the_hessian_of_rosenbrock_is_the_one_of_the_textbook() {
    let at: Vec<f64> = (0..10).map(|i| 0.9 + 0.03 * f64::from(i)).collect();
    let ours = hessian(|x| rosenbrock(x), &at);
    for (i, row) in ours.iter().enumerate() {
        for (j, &entry) in row.iter().enumerate() {
            let (before, after) = (i > 0, i + 1 < at.len());
            let expected = match j.abs_diff(i) {
                0 => {
                    let curved = if after { 1200.0 * at[i] * at[i] - 400.0 * at[i + 1] + 2.0 } else { 0.0 };
                    curved + if before { 200.0 } else { 0.0 }
                }
                1 => -400.0 * at[i.min(j)],
                _ => 0.0,
            };
            assert!((entry - expected).abs() <= 1e-11, "({i}, {j}): {entry} instead of {expected}");
        }
    }
    let (value, slopes) = gradient(|x| rosenbrock(x), &[1.0; 10]);
    assert_eq!((value, slopes), (0.0, vec![0.0; 10]));
}

#[test]
fn a_sum_of_products_takes_a_node_of_48_bytes_for_two_operations() {
    let tape = Tape::new();
    let (w, x) = (tape.var(0.5), tape.var(2.0));
    let before = tape.len();
    let mut sum = tape.var(0.0);
    for _ in 0..1000 {
        sum = sum + w * x;
    }
    assert_eq!(tape.len() - before, 1 + 1000);
    assert!(tape.bytes() <= 2 * 48 * (tape.len() + 1), "{}", tape.bytes());
    let mut y = x;
    for _ in 0..1000 {
        y = (2.0 * y + 1.0).sin() / 3.0;
    }
    assert_eq!(tape.len() - before, 1 + 1000, "functions of one variable are not recorded");
    assert_eq!(sum.grad([w, x]), [2000.0, 500.0]);
}
