//! Layers that normalise, and cells of recurrent networks: against plain loops, and what they refuse.

use approx::assert_abs_diff_eq;
use autograd::{Key, Params, Tape, Var, check_grads};
use ndarray::{Array, ArrayD, IxDyn};
use nn::normalize::{self, LocalResponse};
use nn::{BatchNorm, GroupNorm, GruCell, LstmCell, Mode, RmsNorm};

/// Numbers without a pattern, between -1 and 1.
fn numbers(shape: &[usize], first: usize) -> ArrayD<f64> {
    let n = shape.iter().product();
    let number = |i: usize| 2.0 * (0.618_033_988_749_894_9 * (first + i) as f64).fract() - 1.0;
    Array::from_iter((0..n).map(number)).into_shape_with_order(IxDyn(shape)).unwrap()
}

fn fill(params: &mut Params) {
    for (i, p) in params.iter().collect::<Vec<_>>().into_iter().enumerate() {
        let values = numbers(params.shape(p), 100 * i + 7);
        params.set(p, &values);
    }
}

/// The elements of channel c of \[n, channels, places\].
fn channel(x: &ArrayD<f64>, c: usize) -> Vec<f64> {
    x.indexed_iter().filter(|(i, _)| i[1] == c).map(|(_, x)| *x).collect()
}

fn mean_and_variance(x: &[f64]) -> (f64, f64) {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    (mean, x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / x.len() as f64)
}

/// Two steps of training, whose statistics evaluation takes; with a momentum, and as an average of all batches.
#[test]
fn batch_norm_normalises_and_remembers() {
    for momentum in [Some(0.3), None] {
        let mut params = Params::f64();
        let norm = BatchNorm { momentum, ..BatchNorm::new(&mut params.scope("norm"), 3) };
        fill(&mut params);
        let batches = [numbers(&[4, 3, 2], 1), numbers(&[4, 3, 2], 50) * 3.0 + 1.0];
        let (mut mean, mut variance) = ([0.0; 3], [1.0; 3]);
        let tape = Tape::with(&params);
        let (w, b) = (params.get::<f64>(norm.weight), params.get::<f64>(norm.bias));
        for (step, x) in batches.iter().enumerate() {
            let train = Mode::Train(tape.constant(Key::new(1)));
            let y = norm.forward(tape.constant(x), &train).to_array::<f64>();
            for c in 0..3 {
                let all = channel(x, c);
                let (m, v) = mean_and_variance(&all);
                for (got, x) in channel(&y, c).iter().zip(&all) {
                    assert_abs_diff_eq!(*got, w[c] * (x - m) / (v + 1e-5).sqrt() + b[c], epsilon = 1e-13);
                }
                let f = momentum.unwrap_or(1.0 / (step as f64 + 1.0));
                mean[c] += f * (m - mean[c]);
                variance[c] += f * (v * 8.0 / 7.0 - variance[c]);
            }
        }
        assert_eq!(tape.buffer(norm.batches).item(), 2.0);
        let x = numbers(&[2, 3, 2], 9);
        let y = norm.forward(tape.constant(&x), &Mode::Eval).to_array::<f64>();
        for (i, got) in y.indexed_iter() {
            let c = i[1];
            let want = w[c] * (x[&i] - mean[c]) / (variance[c] + 1e-5).sqrt() + b[c];
            assert_abs_diff_eq!(*got, want, epsilon = 1e-13);
        }
    }
}

#[test]
fn group_norm_takes_the_channels_of_a_group_together() {
    let mut params = Params::f64();
    let norm = GroupNorm::new(&mut params.scope("norm"), 4, 2);
    let rms = RmsNorm::new(&mut params.scope("rms"), 3);
    fill(&mut params);
    let tape = Tape::with(&params);
    let x = numbers(&[2, 4, 3], 1);
    let y = norm.forward(tape.constant(&x)).to_array::<f64>();
    let z = rms.forward(tape.constant(&x)).to_array::<f64>();
    let (w, b) = (params.get::<f64>(norm.weight), params.get::<f64>(norm.bias));
    let r = params.get::<f64>(rms.weight);
    for (i, got) in y.indexed_iter() {
        let group = |j: &IxDyn| j[0] == i[0] && j[1] / 2 == i[1] / 2;
        let all: Vec<f64> = x.indexed_iter().filter(|(j, _)| group(j)).map(|(_, x)| *x).collect();
        let (mean, variance) = mean_and_variance(&all);
        let want = w[i[1]] * (x[&i] - mean) / (variance + 1e-5).sqrt() + b[i[1]];
        assert_abs_diff_eq!(*got, want, epsilon = 1e-13);
        let squares: f64 = (0..3).map(|k| x[[i[0], i[1], k]].powi(2)).sum();
        assert_abs_diff_eq!(z[&i], r[i[2]] * x[&i] / (squares / 3.0 + 1e-5).sqrt(), epsilon = 1e-13);
    }
}

#[test]
fn derivatives_to_second_order_are_those_of_differences() {
    let response = LocalResponse { size: 3, alpha: 0.5, beta: 0.75, k: 1.0 };
    fn two<'t>((h, c): (Var<'t>, Var<'t>)) -> Var<'t> {
        Var::concat(&[h, c], -1)
    }
    let x = numbers(&[2, 4, 3], 3);
    let checked = check_grads(
        |v| {
            let all = [
                normalize::batch(v[0], 1e-3).0,
                normalize::groups(v[0], 2, 1e-3),
                normalize::rms(v[0], &[-1], 1e-3),
                normalize::local_response(v[0], response),
                normalize::weight(v[0], v[0].index(-1, 0).unsqueeze(-1), Some(1)),
            ];
            Var::stack(&all, 0)
        },
        &[x],
        2,
    );
    checked.unwrap_or_else(|e| panic!("{e}"));
    let (gates, state) = (numbers(&[2, 8], 1), numbers(&[2, 2], 30));
    check_grads(|v| two(LstmCell::step(v[0], v[1])), &[gates, state.clone()], 2).unwrap();
    let gates = [numbers(&[2, 6], 1), numbers(&[2, 6], 40), state];
    check_grads(|v| GruCell::step(v[0], v[1], v[2]), &gates, 2).unwrap();
}

/// The cells with their parameters, one sample and one unit at a time.
#[test]
fn cells_are_their_formulas() {
    let mut params = Params::f64();
    let lstm = LstmCell::new(&mut params.scope("lstm"), 3, 2);
    let gru = GruCell::new(&mut params.scope("gru"), 3, 2);
    fill(&mut params);
    let tape = Tape::with(&params);
    let (x, h, c) = (numbers(&[4, 3], 1), numbers(&[4, 2], 20), numbers(&[4, 2], 40));
    let affine = |layer: nn::Linear, x: &ArrayD<f64>, row: usize, column: usize| {
        let (w, b) = (params.get::<f64>(layer.weight), params.get::<f64>(layer.bias));
        (0..x.shape()[1]).fold(b[column], |sum, i| sum + x[[row, i]] * w[i * b.len() + column])
    };
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let of = |x: &ArrayD<f64>| tape.constant(x);
    let (next, memory) = lstm.forward(of(&x), (of(&h), of(&c)));
    let [next, memory, gated] = [next, memory, gru.forward(of(&x), of(&h))].map(|y| y.to_array::<f64>());
    for (row, unit) in (0..4).flat_map(|row| [(row, 0), (row, 1)]) {
        let z = |gate: usize| {
            affine(lstm.input, &x, row, 2 * gate + unit) + affine(lstm.hidden, &h, row, 2 * gate + unit)
        };
        let kept = sigmoid(z(1)) * c[[row, unit]] + sigmoid(z(0)) * z(2).tanh();
        assert_abs_diff_eq!(memory[[row, unit]], kept, epsilon = 1e-14);
        assert_abs_diff_eq!(next[[row, unit]], sigmoid(z(3)) * kept.tanh(), epsilon = 1e-14);
        let a = |gate: usize| affine(gru.input, &x, row, 2 * gate + unit);
        let z = |gate: usize| affine(gru.hidden, &h, row, 2 * gate + unit);
        let (r, u) = (sigmoid(a(0) + z(0)), sigmoid(a(1) + z(1)));
        let n = (a(2) + r * z(2)).tanh();
        assert_abs_diff_eq!(gated[[row, unit]], (1.0 - u) * n + u * h[[row, unit]], epsilon = 1e-14);
    }
}

fn text_of<R>(f: impl FnOnce() -> R + std::panic::UnwindSafe) -> String {
    *std::panic::catch_unwind(f).err().expect("a panic").downcast::<String>().unwrap()
}

#[test]
fn what_does_not_fit_is_refused() {
    let text = text_of(|| normalize::groups(Tape::new().var([[1.0, 2.0, 3.0]]), 2, 0.0).item());
    assert!(text.contains("2 groups of 3 channels") && text.contains("rule: "), "{text}");
    let text = text_of(|| normalize::batch(Tape::new().var([1.0, 2.0]), 0.0).0.item());
    assert!(text.contains("rule: x is [n, channels, …]"), "{text}");
    let text = text_of(|| {
        let tape = Tape::new();
        let x = tape.var([[1.0, 2.0]]);
        let of = normalize::batch(x, 0.0).1;
        of.after(of, x, 0.1).mean.item()
    });
    assert!(text.contains("one element for each channel") && text.contains("hint: "), "{text}");
    let text = text_of(|| {
        let tape = Tape::new();
        LstmCell::step(tape.var([[1.0, 2.0]]), tape.var([[1.0]])).0.item()
    });
    assert!(text.contains("4 gates stand side by side"), "{text}");
}
