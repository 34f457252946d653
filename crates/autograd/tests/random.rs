//! Random numbers: a function of a key, the same on every executor, and random by the usual measures.

use autograd::{DType, Key, Params, Program, Replay, Shape, Tape};

mod caught;
use caught::mistake_without_operands;

/// The text of a panic, which has to come from this file, without the lines about the operands.
fn mistake<R>(f: impl FnOnce() -> R) -> String {
    mistake_without_operands("random.rs", f)
}

fn numbers(key: Key, dtype: DType, n: usize) -> Vec<f64> {
    let tape = Tape::new();
    tape.constant(key).uniform_of(dtype, [n]).cast(DType::F64).to_vec()
}

/// What is wrong with numbers that should be uniform and independent, each measure in standard deviations. All are exact
/// moments: σ² = 1/12 and E(u − ½)⁴ = 1/80 of one number, and a χ² of 255 degrees of freedom.
fn faults(u: &[f64]) -> Vec<String> {
    let n = u.len() as f64;
    let mean = u.iter().sum::<f64>() / n - 0.5;
    let variance = u.iter().map(|u| (u - 0.5).powi(2)).sum::<f64>() / n - 1.0 / 12.0;
    let correlation = |lag: usize| {
        let products = u.iter().zip(&u[lag..]).map(|(a, b)| (a - 0.5) * (b - 0.5));
        12.0 * products.sum::<f64>() / n * n.sqrt()
    };
    let mut bins = [0.0; 256];
    u.iter().for_each(|u| bins[(u * 256.0) as usize] += 1.0);
    let expected = n / 256.0;
    let chi_squared =
        bins.iter().map(|found| (found - expected) * (found - expected) / expected).sum::<f64>();
    let measures = [
        ("mean", mean * (12.0 * n).sqrt()),
        ("variance", variance * (n / (1.0 / 80.0 - 1.0 / 144.0)).sqrt()),
        ("correlation with the next", correlation(1)),
        ("correlation with the second", correlation(2)),
        ("correlation with the fourth", correlation(4)),
        ("bins", (chi_squared - 255.0) / 510f64.sqrt()),
    ];
    let wrong = measures.into_iter().filter(|(_, deviations)| deviations.abs() > 4.0);
    wrong.map(|(name, deviations)| format!("{name}: {deviations:.1} deviations")).collect()
}

const NONE: &[String] = &[];

#[test]
fn a_million_numbers_have_the_moments_of_a_uniform_distribution() {
    for dtype in [DType::F32, DType::F64] {
        let u = numbers(Key::new(2026), dtype, 1_000_000);
        assert!(u.iter().all(|u| (0.0..1.0).contains(u)));
        assert_eq!(faults(&u), NONE, "{dtype}");
    }
}

/// The first number of each of many keys: keys of neighbouring seeds, and keys derived one after the other.
#[test]
fn numbers_of_neighbouring_keys_are_independent() {
    let first = |key: Key| numbers(key, DType::F64, 1)[0];
    let n = 20_000;
    let key = Key::new(1);
    assert_eq!(faults(&(0..n).map(|seed| first(Key::new(seed))).collect::<Vec<_>>()), NONE);
    assert_eq!(faults(&(0..n).map(|i| first(key.fold_in(i))).collect::<Vec<_>>()), NONE);
    let chain = (0..n).scan(key, |key, _| {
        *key = key.fold_in(0);
        Some(first(*key))
    });
    assert_eq!(faults(&chain.collect::<Vec<_>>()), NONE);
    assert_eq!(faults(&key.split::<2000>().map(first)), NONE);
}

/// A control: each measure sees a planted fault.
#[test]
fn planted_faults_are_seen() {
    let u = numbers(Key::new(2026), DType::F64, 100_000);
    let seen = |u: Vec<f64>, what: &str| {
        let found = faults(&u);
        assert!(found.iter().any(|fault| fault.starts_with(what)), "{what}: {found:?}");
    };
    seen(u.iter().map(|u| u * 0.99).collect(), "mean");
    seen(u.iter().map(|u| 0.5 + 0.98 * (u - 0.5)).collect(), "variance");
    for (lag, what) in [
        (1, "correlation with the next"),
        (2, "correlation with the second"),
        (4, "correlation with the fourth"),
    ] {
        let mixed = |i: usize| if i % 50 < lag { u[i.saturating_sub(lag)] } else { u[i] };
        let planted: Vec<f64> =
            (0..u.len()).map(|i| if i % 10 >= 10 - lag { u[i - lag] } else { mixed(i) }).collect();
        seen(planted, what);
    }
    seen(u.iter().map(|u| (u * 200.0).floor() / 200.0).collect(), "bins");
}

/// Element i depends on the key and on i alone: the shape is only how they are laid out.
#[test]
fn numbers_are_given_by_key_and_position() {
    let tape = Tape::new();
    let key = tape.constant(Key::new(11).fold_in(4));
    for dtype in [DType::F32, DType::F64] {
        let all = key.uniform_of(dtype, [40_000]).cast(DType::F64).to_vec::<f64>();
        for shape in [&[][..], &[0], &[1], &[7], &[2, 3, 5], &[8191], &[8193], &[4, 0], &[181, 181]] {
            let u = key.uniform_of(dtype, shape);
            assert_eq!((u.shape(), u.dtype()), (Shape::from(shape), dtype));
            let u = u.cast(DType::F64).to_vec::<f64>();
            assert_eq!(u, all[..u.len()], "{shape:?}");
        }
    }
}

#[test]
fn the_dtype_is_that_of_the_parameters() {
    let (single, double) = (Params::f32(), Params::f64());
    for (tape, dtype) in
        [(Tape::new(), DType::F64), (Tape::with(&single), DType::F32), (Tape::with(&double), DType::F64)]
    {
        assert_eq!(tape.constant(Key::new(1)).uniform([2]).dtype(), dtype);
    }
}

/// Eager tapes and programs on any number of threads, and the oracle, give the same bits, whether threads share the work or
/// not.
#[test]
fn every_executor_gives_the_same_bits() {
    let params = Params::f32();
    for dtype in [DType::F32, DType::F64] {
        for n in [5, 32_767, 32_768, 40_001] {
            let key = Key::new(3).fold_in(n as u64);
            let eager = |threads: usize| {
                let mut tape = Tape::new();
                tape.set_threads(threads);
                tape.constant(key).fold_in(1).uniform_of(dtype, [n]).cast(DType::F64).to_vec::<f64>()
            };
            let one = eager(1);
            assert_eq!(one, numbers(key.fold_in(1), dtype, n));
            let tape = Tape::new();
            let u = tape.constant(key).fold_in(1).uniform_of(dtype, [n]).cast(DType::F64);
            assert!(Replay::of(u).run::<f64>().into_raw_vec_and_offset().0 == one, "the oracle, {n} {dtype}");
            let program = Program::trace(&params, |t| {
                let u = t.input_key("key").fold_in(1).uniform_of(dtype, [n]);
                t.outputs([u.cast(DType::F64), (u * u).cast(DType::F64)])
            });
            let program = program.unwrap();
            for threads in [1, 2, 3, 7] {
                assert!(eager(threads) == one, "eager, {threads} threads, {n} {dtype}");
                let mut state = program.state().with_threads(threads);
                let run = program.run(&mut state, &params, (key,)).unwrap();
                assert!(run.slice::<f64>(0) == one, "program, {threads} threads, {n} {dtype}");
            }
        }
    }
}

/// A recorded computation derives the keys that `Key` derives.
#[test]
fn recorded_keys_are_those_of_the_type() {
    let params = Params::f64();
    let program = Program::trace(&params, |t| {
        let key = t.input_key("key");
        t.outputs([key.fold_in(0), key.fold_in(u64::MAX), key.fold_in(5).fold_in(6)])
    });
    let program = program.unwrap();
    let mut state = program.state();
    // Words that no method gives are the key that `from_words` gives.
    for words in [[0, 0], [1, 2], [-5, i64::MIN], [i64::MAX, -1]] {
        let key = Key::from_words(words);
        let run = program.run(&mut state, &params, (words,)).unwrap();
        assert_eq!(run.slice::<i64>(0), key.fold_in(0).words());
        assert_eq!(run.slice::<i64>(1), key.fold_in(u64::MAX).words());
        assert_eq!(run.slice::<i64>(2), key.fold_in(5).fold_in(6).words());
        let tape = Tape::new();
        let u = [tape.constant(words), tape.constant(key)].map(|key| key.uniform([3]).to_vec::<f64>());
        assert_eq!(u[0], u[1]);
    }
}

#[test]
fn numbers_are_data_of_the_derivative() {
    let tape = Tape::new();
    let (x, key) = (tape.var([1.0, 2.0, 3.0]), tape.constant(Key::new(1)));
    let u = key.uniform([3]);
    assert!(!u.depends_on(x));
    assert_eq!((x * u).sum().grad([x])[0].to_vec::<f64>(), u.to_vec::<f64>());
}

#[test]
fn what_is_no_key_is_refused() {
    let tape = Tape::new();
    let rule = "\n  rule: a key is two I64 words, of shape [2]\n  hint: make a key with `Key::new(seed)`, and record it with \
                `tape.constant(key)` or as an input with `t.input_key(…)`";
    assert_eq!(
        mistake(|| tape.constant([1.0, 2.0]).uniform([3])),
        format!("uniform: [2] F64 does not fit\n  clash: key is F64{rule}")
    );
    assert_eq!(mistake(|| tape.constant(42i64).uniform([3])), format!("uniform: [] I64 does not fit{rule}"));
    assert_eq!(
        mistake(|| tape.constant([1i64, 2, 3]).fold_in(3)),
        format!("fold_in: [3] I64 does not fit{rule}")
    );
    let key = tape.constant(Key::new(1));
    assert_eq!(
        mistake(|| key.uniform_of(DType::I64, [3])),
        "uniform: [2] I64 does not fit\n  rule: random numbers are F32 or F64, not I64\n  hint: compare them for truth \
         values, scale and `.cast(…)` them for integers"
    );
    assert!(mistake(|| key.uniform([usize::MAX, 2])).contains("more elements than can be addressed"));
    assert!(mistake(|| tape.input_key("key")).starts_with("input `key`: this tape computes at once"));
}
