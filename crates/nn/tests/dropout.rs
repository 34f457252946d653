//! Dropout: what it drops, that it is a function of its key, and its gradient.

use approx::assert_abs_diff_eq;
use autograd::{DType, Key, Params, Program, Tape, Var, check_grads};
use nn::{Dropout, Linear, Mode, loss};

const N: usize = 40_000;

/// The factors of the elements: 0 or 1/(1 − p).
fn factors(rate: f64, key: Key, n: usize) -> Vec<f64> {
    let tape = Tape::new();
    let ones = tape.full(1.0, [n], DType::F64);
    Dropout::new(rate).forward(ones, Mode::Train(tape.constant(key))).to_vec()
}

/// The share of a Bernoulli variable has the deviation √(p(1 − p)/n), and the mean factor √(p/((1 − p)n)).
#[test]
fn a_share_is_dropped_and_the_mean_is_kept() {
    for rate in [0.0, 0.1, 0.5, 0.9] {
        for seed in 0..5 {
            let all = factors(rate, Key::new(seed), N);
            assert!(all.iter().all(|&m| m == 0.0 || m == 1.0 / (1.0 - rate)));
            let n = N as f64;
            let dropped = all.iter().filter(|m| **m == 0.0).count() as f64 / n;
            assert!((dropped - rate).abs() <= 4.0 * (rate * (1.0 - rate) / n).sqrt(), "{rate}: {dropped}");
            let mean = all.iter().sum::<f64>() / n;
            assert!((mean - 1.0).abs() <= 4.0 * (rate / (1.0 - rate) / n).sqrt(), "{rate}: {mean}");
        }
    }
}

#[test]
fn the_mask_is_a_function_of_the_key() {
    let key = Key::new(3);
    assert_eq!(factors(0.5, key, 500), factors(0.5, key, 500));
    let masks: Vec<Vec<f64>> = (0..20).map(|step| factors(0.5, key.fold_in(step), 500)).collect();
    for (i, a) in masks.iter().enumerate() {
        for b in &masks[..i] {
            let equal = a.iter().zip(b).filter(|(a, b)| a == b).count();
            assert!((190..310).contains(&equal), "two masks agree in {equal} of 500 elements");
        }
    }
    // An element that a small rate drops is dropped by a larger one.
    let (few, many) = (factors(0.2, key, 500), factors(0.6, key, 500));
    assert!(few.iter().zip(&many).all(|(few, many)| *few != 0.0 || *many == 0.0));
    // It is what the documentation says.
    let tape = Tape::new();
    let u = tape.constant(key).uniform([500]).to_vec::<f64>();
    assert!(u.iter().zip(&few).all(|(u, m)| (*u >= 0.2) == (*m != 0.0)));
}

#[test]
fn evaluation_changes_nothing() {
    let tape = Tape::new();
    let x = tape.var([0.5, f64::NAN, f64::INFINITY]);
    let before = tape.len();
    let y = Dropout::new(0.9).forward(x, Mode::Eval.fold_in(1));
    assert_eq!((tape.len(), y.to_vec::<f64>()[2]), (before, f64::INFINITY));
    assert!(y.to_vec::<f64>()[1].is_nan());
}

/// A dropped element that is no number shows.
#[test]
fn a_nan_stays_one() {
    let tape = Tape::new();
    let x = tape.full(f64::NAN, [50], DType::F64);
    let y = Dropout::new(0.5).forward(x, Mode::Train(tape.constant(Key::new(1))));
    assert!(y.to_vec::<f64>().iter().all(|y| y.is_nan()));
}

#[test]
fn the_gradient_is_the_mask() {
    let (rate, key) = (0.3, Key::new(5));
    let tape = Tape::new();
    let x = tape.var(vec![0.7; 60]).reshape([3, 20]);
    let y = Dropout::new(rate).forward(x, Mode::Train(tape.constant(key)));
    let slope = y.sum().grad([x])[0];
    assert_eq!(slope.to_vec::<f64>(), factors(rate, key, 60));
    let checked = check_grads(
        |v| {
            let key = v[0].tape().constant(key);
            Dropout::new(rate).forward(v[0].sin(), Mode::Train(key)).square().sum()
        },
        &[x.to_array::<f64>()],
        2,
    );
    checked.unwrap();
}

/// Two layers with dropout before each.
struct Net {
    layers: [Linear; 2],
    dropout: Dropout,
}

impl Net {
    fn new(params: &mut Params) -> Net {
        let layers = [Linear::new(&mut params.scope("0"), 6, 40), Linear::new(&mut params.scope("1"), 40, 1)];
        Net { layers, dropout: Dropout::new(0.25) }
    }

    fn loss<'t>(&self, x: Var<'t>, y: Var<'t>, mode: Mode<'t>) -> Var<'t> {
        let h = self.layers[0].forward(self.dropout.forward(x, mode.fold_in(0))).tanh();
        loss::mse(self.layers[1].forward(self.dropout.forward(h, mode.fold_in(1))), y)
    }
}

fn data() -> (Vec<[f64; 6]>, Vec<[f64; 1]>) {
    let x = |i: usize| std::array::from_fn(|j| ((7 * i + 3 * j) as f64).sin());
    ((0..50).map(x).collect(), (0..50).map(|i| [(i as f64).cos()]).collect())
}

/// Steps of gradient descent, from `first` on. The loss and the slopes of each are written out by their bits.
fn train(params: &mut Params, net: &Net, threads: usize, steps: std::ops::Range<u64>) -> Vec<u64> {
    let (x, y) = data();
    let (x, y) = (ndarray::Array2::from(x), ndarray::Array2::from(y));
    let step = Program::trace(params, |t| {
        let (x, y, key) = (t.input("x", [50, 6]), t.input("y", [50, 1]), t.input_key("key"));
        t.outputs(net.loss(x, y, Mode::Train(key))).with_gradients()
    })
    .unwrap();
    let mut state = step.state().with_threads(threads);
    let mut bits = vec![];
    for n in steps {
        let key = Key::new(9).fold_in(n);
        let run = step.run(&mut state, params, (&x, &y, key)).unwrap();
        bits.push(f64::to_bits(run.item(0)));
        // The eager tape draws the same numbers. Sums of products may be rounded in another way.
        let tape = Tape::with(params);
        let loss = net.loss(tape.constant(&x), tape.constant(&y), Mode::Train(tape.constant(key)));
        assert_abs_diff_eq!(loss.item(), run.item(0), epsilon = 1e-12);
        for p in params.iter() {
            let slope = run.grads().get::<f64>(p).unwrap();
            params.get_mut::<f64>(p).iter_mut().zip(slope).for_each(|(w, g)| *w -= 0.05 * g);
            bits.extend(slope.iter().map(|g| g.to_bits()));
        }
    }
    bits
}

#[test]
fn a_run_that_is_resumed_goes_on_with_the_same_bits() {
    let mut params = Params::f64().with_seed(2);
    let net = Net::new(&mut params);
    let (mut whole, mut stopped) = (params.clone(), params.clone());
    let all = train(&mut whole, &net, 1, 0..12);
    let mut parts = train(&mut stopped, &net, 3, 0..5);
    parts.extend(train(&mut stopped, &net, 2, 5..12));
    assert!(all == parts, "on other numbers of threads, and with a stop after five steps");
    // A control: with other keys it is another run.
    let other = train(&mut params, &net, 1, 1..13);
    assert!(all[0] != other[0]);
}

/// A program of dropout alone gives the bits of the eager tape, in both types and on any number of threads.
#[test]
fn programs_drop_what_the_eager_tape_drops() {
    let dropout = Dropout::new(0.4);
    let x: Vec<f32> = (0..N).map(|i| (i as f32).sin()).collect();
    let key = Key::new(8);
    let params = Params::f32();
    let program = Program::trace(&params, |t| {
        let x = t.input("x", [N]);
        let y = dropout.forward(x, Mode::Train(t.input_key("key")));
        t.outputs([y, y.square().sum().grad([x])[0]])
    })
    .unwrap();
    let tape = Tape::new();
    let eager = tape.var(&x);
    let y = dropout.forward(eager, Mode::Train(tape.constant(key)));
    let slope = y.square().sum().grad([eager])[0];
    for threads in [1, 2, 3, 7] {
        let mut state = program.state().with_threads(threads);
        let run = program.run(&mut state, &params, (&x, key)).unwrap();
        assert!(run.slice::<f32>(0) == y.to_vec::<f32>(), "{threads} threads");
        assert!(run.slice::<f32>(1) == slope.to_vec::<f32>(), "{threads} threads");
    }
}

fn text_of<R>(f: impl FnOnce() -> R + std::panic::UnwindSafe) -> String {
    *std::panic::catch_unwind(f).err().expect("a panic").downcast::<String>().unwrap()
}

#[test]
fn what_is_no_rate_is_refused() {
    for rate in [-0.1, 1.5, f64::NAN] {
        let text = text_of(|| Dropout::new(rate));
        assert!(text.starts_with(&format!("Dropout: the rate is {rate}\n  rule: it is the share")), "{text}");
        let text = text_of(|| {
            let tape = Tape::new();
            Dropout { rate }.forward(tape.var([1.0]), Mode::Eval);
        });
        assert!(text.starts_with("Dropout: the rate is"), "{text}");
    }
}

#[test]
fn what_is_no_key_or_no_number_is_refused() {
    let text = text_of(|| {
        let tape = Tape::new();
        Dropout::new(0.5).forward(tape.var([1.0]), Mode::Train(tape.constant(42i64)));
    });
    assert!(
        text.contains("a key is two I64 words, of shape [2]\n  hint: make a key with `Key::new(seed)`"),
        "{text}"
    );
    let text = text_of(|| {
        let tape = Tape::new();
        Dropout::new(0.5).forward(tape.constant([1i64, 2]), Mode::Eval);
    });
    assert!(text.starts_with("Dropout: x is I64\n  x: v0 = constant [2] I64"), "{text}");
}
