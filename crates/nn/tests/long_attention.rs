//! Attention that stores no weights, under a bias and with dropout, against its composition, which does.

use autograd::{DType, Key, Params, Program, Tape, Var};
use ndarray::{Array, Array2, IxDyn};
use nn::attention::{Mask, MultiHeadAttention, dropped_dot_product, scaled_dot_product_with};
use nn::{Dropout, Mode};

const DROPOUT: Dropout = Dropout { rate: 0.3 };

/// Numbers without a pattern.
fn waves<'t>(tape: &'t Tape<'t>, dtype: DType, shape: &[usize], first: f64) -> Var<'t> {
    let all = (0..shape.iter().product()).map(|i: usize| (first + 1.7 * i as f64).sin());
    let all = Array::from_iter(all).into_shape_with_order(IxDyn(shape)).unwrap();
    if dtype == DType::F32 { tape.var(all.mapv(|x| x as f32)) } else { tape.var(all) }
}

/// Queries, keys, values and a bias of an odd number of rows, the key of random numbers, and a mask under which a query sees no key.
struct Case<'t> {
    x: [Var<'t>; 4],
    key: Var<'t>,
    mask: Var<'t>,
}

const M: usize = 131;
const N: usize = 127;

fn case<'t>(tape: &'t Tape<'t>, dtype: DType, bias: &[usize]) -> Case<'t> {
    let shapes: [&[usize]; 4] = [&[2, 2, M, 3], &[2, 2, N, 3], &[2, 2, N, 2], bias];
    let x = [0, 1, 2, 3].map(|i| waves(tape, dtype, shapes[i], 0.3 + i as f64));
    Case { x, key: tape.constant(Key::new(5)), mask: tape.lower_triangle(M, N, -1) }
}

/// The masks of the tests.
fn masks<'t>(case: &Case<'t>) -> [Mask<'t>; 3] {
    let bias = Some(case.x[3]);
    [
        Mask::Bias(case.x[3]),
        Mask::Several { causal: true, mask: None, bias },
        Mask::Several { causal: false, mask: Some(case.mask), bias },
    ]
}

/// Attention that stores its weights or not.
fn attended<'t>(stored: bool, case: &Case<'t>, mask: Mask<'t>, mode: Mode<'t>) -> Var<'t> {
    let [q, k, v, _] = case.x;
    if stored {
        scaled_dot_product_with(q, k, v, mask, |weights| DROPOUT.forward(weights, mode))
    } else {
        dropped_dot_product(q, k, v, mask, DROPOUT, mode)
    }
}

/// The values, the gradients, and the gradients of a sum of these, one after the other.
fn everything<'t>(y: Var<'t>, x: &[Var<'t>; 4], second: bool) -> Vec<Var<'t>> {
    let first = y.sin().sum().grad(*x);
    let mut all = vec![y];
    all.extend(first);
    if second {
        let sum = first.iter().map(|g| g.sin().sum()).reduce(|a, b| a + b).unwrap();
        all.extend(sum.grad(*x));
    }
    all
}

fn assert_close(ours: &[Var<'_>], theirs: &[Var<'_>], epsilon: f64, of: &str) {
    for (i, (a, b)) in ours.iter().zip(theirs).enumerate() {
        assert_eq!(a.shape(), b.shape());
        let (far, most) = ((*a - *b).abs().max().item(), b.abs().max().item());
        assert!(far <= epsilon * (1.0 + most), "{of}, result {i}: {far} of {most}");
    }
}

/// Biases for all entries, for a head, for the keys of a sequence, for all queries and keys.
const BIASES: [&[usize]; 4] = [&[M, N], &[2, M, N], &[2, 1, 1, N], &[N]];

#[test]
fn a_bias_and_dropout_are_what_their_composition_is() {
    for (dtype, epsilon) in [(DType::F64, 1e-12), (DType::F32, 1e-5)] {
        for (which, bias) in BIASES.into_iter().enumerate() {
            let tape = Tape::new();
            let case = case(&tape, dtype, bias);
            for (i, mask) in masks(&case).into_iter().enumerate() {
                for mode in [Mode::Eval, Mode::Train(case.key)] {
                    let train = matches!(mode, Mode::Train(_));
                    let [ours, theirs] =
                        [false, true].map(|stored| attended(stored, &case, mask, mode.fold_in(1)));
                    let second = i == 2 && which % 2 == 1;
                    let of = format!("{dtype}, bias {which}, mask {i}, training {train}");
                    assert!(!ours.describe().contains("matmul") && theirs.describe().contains("matmul"));
                    let [ours, theirs] = [ours, theirs].map(|y| everything(y, &case.x, second));
                    assert_close(&ours, &theirs, epsilon, &of);
                }
            }
        }
    }
}

/// A bias of −∞ hides keys as a mask does; a query without a key gives zeros, and no derivative is NaN.
#[test]
fn minus_infinity_hides() {
    for (m, n) in [(3, 2), (M, N)] {
        let tape = Tape::new();
        let [q, k, v] =
            [(m, 0.1), (n, 0.7), (n, 2.0)].map(|(rows, at)| waves(&tape, DType::F64, &[rows, 2], at));
        let seen = tape.lower_triangle(m, n, -1);
        let hides = Array2::from_shape_fn((m, n), |(i, j)| if j < i { 0.0 } else { f64::NEG_INFINITY });
        let bias = tape.var(&hides);
        let result = |mask| dropped_dot_product(q, k, v, mask, DROPOUT, Mode::Eval);
        let x = [q, k, v, bias];
        let hidden = everything(result(Mask::Bias(bias)), &x, true);
        let masked =
            Mask::Several { causal: false, mask: Some(seen), bias: Some(tape.full(0.0, [m, n], DType::F64)) };
        let y = result(masked);
        assert_close(&hidden[..1], &[y], 1e-14, "values");
        assert_eq!(hidden[0].index(0, 0).to_vec::<f64>(), [0.0; 2]);
        for (i, all) in hidden.iter().enumerate() {
            assert!(all.to_vec::<f64>().iter().all(|x| x.is_finite()), "{i} of {m}×{n}");
        }
        // No derivative reaches a bias that hides, nor any operand from the row without a key.
        let of_hidden = seen.select(0.0, hidden[4]);
        assert_eq!(of_hidden.abs().max().item(), 0.0);
        assert_eq!(hidden[1].index(0, 0).to_vec::<f64>(), [0.0; 2]);
    }
}

/// A step of training with a layer, dropout and a bias for the keys, for sequences of a length.
fn step(length: usize) -> (Params, Program) {
    let mut params = Params::f32().with_seed(1);
    let layer = MultiHeadAttention::new(&mut params.scope("attention"), 8, 2);
    let bias = params.scope("keys").param("bias", [length], 0.0);
    let program = Program::trace(&params, |t| {
        let (x, key) = (t.input("x", [length, 8]), t.input_key("key"));
        let mask = Mask::Several { causal: true, mask: None, bias: Some(t.param(bias)) };
        let y = layer.forward_dropped(x, x, x, mask, DROPOUT, Mode::Train(key));
        t.outputs(y.square().mean()).with_gradients()
    });
    (params, program.unwrap())
}

/// The same bits on any number of threads; other keys drop other weights.
#[test]
fn a_program_has_the_bits_of_one_thread() {
    let (params, program) = step(300);
    let x = vec![0.5f32; 300 * 8];
    let loss = |threads: usize, seed: u64| {
        let mut state = program.state().with_threads(threads);
        let run = program.run(&mut state, &params, (&x[..], Key::new(seed))).unwrap();
        let grads: Vec<Vec<f32>> = params.iter().map(|p| run.grads().get(p).unwrap().to_vec()).collect();
        (run.item(0), grads)
    };
    let one = loss(1, 3);
    assert_eq!(one, loss(2, 3));
    assert_eq!(one, loss(3, 3));
    assert_ne!(one.0, loss(1, 4).0);
}

/// The memory of a program grows with the length, not with its square.
#[test]
fn memory_grows_with_the_length() {
    let [short, long] = [512, 2048].map(|length| step(length).1.explain().memory());
    assert!(long < 5 * short, "{short} {long}");
    // A control: the weights of a head alone.
    assert!(long < 2048 * 2048 * 4, "{long}");
}
