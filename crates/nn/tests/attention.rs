//! Normalisation, attention and the transformer block: against plain loops and central differences.

use approx::assert_abs_diff_eq;
use autograd::{DType, Params, Program, Tape, Var, check_grads};
use ndarray::{Array, ArrayD, IxDyn};
use nn::attention::{Mask, SelfAttention, scaled_dot_product, scaled_dot_product_with};
use nn::{LayerNorm, Linear, TransformerBlock};

/// Numbers without a pattern, between -1 and 1.
fn numbers(shape: &[usize], first: usize) -> ArrayD<f64> {
    let n = shape.iter().product();
    let number = |i: usize| 2.0 * (0.618_033_988_749_894_9 * (first + i) as f64).fract() - 1.0;
    Array::from_iter((0..n).map(number)).into_shape_with_order(IxDyn(shape)).unwrap()
}

/// Parameters that are all different, so that exchanging two is seen.
fn fill(params: &mut Params) {
    for (i, p) in params.iter().collect::<Vec<_>>().into_iter().enumerate() {
        let values = numbers(params.shape(p), 100 * i + 7);
        params.set(p, &values);
    }
}

#[test]
fn layer_norm_is_its_formula() {
    let mut params = Params::f64();
    let norm = LayerNorm::new(&mut params.scope("norm"), 4);
    fill(&mut params);
    let x = numbers(&[2, 3, 4], 1);
    let tape = Tape::with(&params);
    let y = norm.forward(tape.constant(&x)).to_array::<f64>();
    let (w, b) = (params.get::<f64>(norm.weight), params.get::<f64>(norm.bias));
    for (row, got) in x.rows().into_iter().zip(y.rows()) {
        let mean = row.sum() / 4.0;
        let variance = row.mapv(|x| (x - mean).powi(2)).sum() / 4.0;
        for j in 0..4 {
            let want = w[j] * (row[j] - mean) / (variance + 1e-5).sqrt() + b[j];
            assert_abs_diff_eq!(got[j], want, epsilon = 1e-14);
        }
    }
}

/// One query at a time, in plain loops; `sees` tells which keys it attends to.
fn attended(
    q: &ArrayD<f64>,
    k: &ArrayD<f64>,
    v: &ArrayD<f64>,
    sees: impl Fn(usize, usize) -> bool,
) -> Vec<f64> {
    let (d, e, m, n) = (q.shape()[2], v.shape()[2], q.shape()[1], k.shape()[1]);
    let mut out = vec![];
    for b in 0..q.shape()[0] {
        for i in 0..m {
            let score =
                |j: usize| (0..d).map(|c| q[[b, i, c]] * k[[b, j, c]]).sum::<f64>() / (d as f64).sqrt();
            let weight = |j: usize| if sees(i, j) { score(j).exp() } else { 0.0 };
            let total: f64 = (0..n).map(weight).sum();
            out.extend((0..e).map(|c| (0..n).map(|j| weight(j) * v[[b, j, c]]).sum::<f64>() / total));
        }
    }
    out
}

fn assert_close(got: &[f64], want: &[f64]) {
    assert_eq!(got.len(), want.len());
    got.iter().zip(want).for_each(|(&got, &want)| assert_abs_diff_eq!(got, want, epsilon = 1e-13));
}

#[test]
fn attention_is_its_formula_under_every_mask() {
    let (q, k, v) = (numbers(&[2, 3, 4], 1), numbers(&[2, 5, 4], 50), numbers(&[2, 5, 2], 90));
    let sees = |i: usize, j: usize| !(i + 2 * j).is_multiple_of(3);
    let tape = Tape::new();
    let [tq, tk, tv] = [&q, &k, &v].map(|a| tape.constant(a));
    let mask = Mask::Where(tape.constant(ndarray::Array2::from_shape_fn((3, 5), |(i, j)| sees(i, j))));
    let result = |mask| scaled_dot_product(tq, tk, tv, mask).to_vec::<f64>();
    assert_close(&result(Mask::All), &attended(&q, &k, &v, |_, _| true));
    assert_close(&result(Mask::Causal), &attended(&q, &k, &v, |i, j| j <= i));
    assert_close(&result(mask), &attended(&q, &k, &v, sees));
}

/// A padded query, which attends to no key, gives zeros. It takes no part in derivatives of any order, and makes no NaN on the
/// way, neither in `F64` nor in `F32`.
#[test]
fn a_query_without_a_key_gives_zeros() {
    let sees = |i: usize, j: usize| i != 1 && !(i + 2 * j).is_multiple_of(3);
    for dtype in [DType::F64, DType::F32] {
        let tape = Tape::new();
        tape.trap_nonfinite(true);
        let [q, k, v] = [numbers(&[3, 4], 1), numbers(&[5, 4], 50), numbers(&[5, 2], 90)];
        let [q, k, v] = [q, k, v].map(|a| tape.var(&a).cast(dtype));
        let mask = tape.constant(ndarray::Array2::from_shape_fn((3, 5), |(i, j)| sees(i, j)));
        // The same queries without the padded one.
        let kept =
            |x: Var<'_>| [x.slice(0, ..1), x.slice(0, 2..)].map(|x| x.cast(DType::F64).to_array::<f64>());
        let all = scaled_dot_product(q, k, v, Mask::Where(mask));
        assert_eq!(all.index(0, 1).cast(DType::F64).to_vec::<f64>(), [0.0, 0.0]);
        let few = Var::concat(&[q.slice(0, ..1), q.slice(0, 2..)], 0);
        let mask = Var::concat(&[mask.slice(0, ..1), mask.slice(0, 2..)], 0);
        let few = scaled_dot_product(few, k, v, Mask::Where(mask));
        let want = [few.slice(0, ..1), few.slice(0, 1..)].map(|x| x.cast(DType::F64).to_array::<f64>());
        assert_eq!(kept(all), want);
        let gradients = |y: Var<'_>| {
            let first = y.square().sum().grad([q, k, v]);
            let again = (first[0].square().sum() + first[2].square().sum()).grad([q, k, v]);
            let all = first.into_iter().chain(again);
            all.flat_map(|g| g.cast(DType::F64).to_vec::<f64>()).collect::<Vec<_>>()
        };
        let epsilon = if dtype == DType::F32 { 1e-4 } else { 1e-12 };
        for (got, want) in gradients(all).iter().zip(&gradients(few)) {
            assert_abs_diff_eq!(got, want, epsilon = epsilon);
        }
    }
}

#[test]
fn heads_attend_apart_and_are_joined_in_order() {
    let mut params = Params::f64();
    let layer = SelfAttention::new(&mut params.scope("attention"), 4, 2);
    fill(&mut params);
    let tape = Tape::with(&params);
    let x = tape.constant(numbers(&[3, 5, 4], 3));
    // Queries are columns 0..4 of the product, keys 4..8, values 8..12; of each, head h has columns 2h..2h + 2.
    let qkv = layer.qkv.forward(x);
    let head = |h: usize| {
        let [q, k, v] = [0, 4, 8].map(|first| qkv.slice(-1, first + 2 * h..first + 2 * h + 2));
        scaled_dot_product(q, k, v, Mask::Causal)
    };
    let want = layer.output.forward(Var::concat(&[head(0), head(1)], -1));
    assert_close(&layer.forward(x, Mask::Causal).to_vec::<f64>(), &want.to_vec::<f64>());
    // Leading axes are so many sequences.
    let apart = layer.forward(x.reshape([3, 1, 5, 4]), Mask::Causal);
    assert_eq!(apart.shape()[..], [3, 1, 5, 4]);
    assert_close(&apart.to_vec::<f64>(), &want.to_vec::<f64>());
    assert_close(
        &layer.forward(x.index(0, 1), Mask::Causal).to_vec::<f64>(),
        &want.index(0, 1).to_vec::<f64>(),
    );
}

#[test]
fn a_causal_block_looks_back_only() {
    let mut params = Params::f64();
    let block = TransformerBlock::new(&mut params.scope("block"), 6, 3);
    fill(&mut params);
    let tape = Tape::with(&params);
    let x = tape.var(numbers(&[4, 6], 5));
    let row = |mask, i| block.forward(x, mask).index(0, i).square().sum().grad([x])[0].to_array::<f64>();
    let reached =
        |g: ArrayD<f64>| g.rows().into_iter().map(|r| r.iter().any(|&x| x != 0.0)).collect::<Vec<_>>();
    assert_eq!(reached(row(Mask::Causal, 1)), [true, true, false, false]);
    assert_eq!(reached(row(Mask::All, 1)), [true; 4]);
}

#[test]
fn the_block_has_the_derivatives_of_its_formula() {
    let mut params = Params::f64();
    let block = TransformerBlock::new(&mut params.scope("block"), 4, 2);
    fill(&mut params);
    // Each parameter in turn is moved, the others stay.
    for p in params.iter().collect::<Vec<_>>() {
        let moved = |by: &ArrayD<f64>| {
            let mut params = params.clone();
            params.set(p, by);
            let tape = Tape::with(&params);
            let y = block.forward(tape.constant(numbers(&[2, 3, 4], 5)), Mask::Causal).sin().sum();
            (y.item(), y.backward().get::<f64>(p).unwrap().to_vec())
        };
        let at = ArrayD::from_shape_vec(IxDyn(params.shape(p)), params.get::<f64>(p).to_vec()).unwrap();
        let (_, gradient) = moved(&at);
        for (i, got) in gradient.into_iter().enumerate() {
            let shifted = |h: f64| {
                let mut x = at.clone();
                *x.iter_mut().nth(i).unwrap() += h;
                moved(&x).0
            };
            let want = (shifted(1e-5) - shifted(-1e-5)) / 2e-5;
            assert_abs_diff_eq!(got, want, epsilon = 2e-7 * want.abs().max(1.0));
        }
    }
}

#[test]
fn attention_has_second_derivatives() {
    let shapes: [&[usize]; 3] = [&[2, 3, 2], &[2, 4, 2], &[2, 4, 3]];
    let inputs: Vec<_> = shapes.iter().map(|s| numbers(s, 11 * s.len() + s[1])).collect();
    assert_eq!(check_grads(|x| scaled_dot_product(x[0], x[1], x[2], Mask::All).sin(), &inputs, 2), Ok(()));
    assert_eq!(check_grads(|x| scaled_dot_product(x[0], x[1], x[2], Mask::Causal).sin(), &inputs, 2), Ok(()));
}

#[test]
fn a_linear_layer_takes_any_leading_axes() {
    let mut params = Params::f64();
    let layer = Linear::new(&mut params.scope("layer"), 3, 2);
    fill(&mut params);
    let tape = Tape::with(&params);
    let x = tape.constant(numbers(&[2, 4, 3], 1));
    let y = layer.forward(x);
    assert_eq!(y.shape()[..], [2, 4, 2]);
    assert_eq!(y.to_vec::<f64>(), layer.forward(x.reshape([8, 3])).to_vec::<f64>());
    assert_eq!(layer.forward(x.slice(0, ..0)).shape()[..], [0, 4, 2]);
}

/// A query without any key gives 0 and has the gradient 0; the others are as if it were not there.
#[test]
fn a_row_without_a_key_is_zero_value_and_gradient() {
    let q = [[0.5, -1.0], [1.0, 2.0]];
    let k = [[1.0, 0.0], [0.5, 0.25], [-1.0, 1.5]];
    let mask = [[false, false, false], [true, false, true]];
    fn loss<'t>(q: Var<'t>, k: Var<'t>, mask: Var<'t>) -> (Var<'t>, Var<'t>) {
        let y = scaled_dot_product(q, k, k, Mask::Where(mask));
        (y, (y * y).sum() + y.sum())
    }
    let tape = Tape::new();
    let (q_, k_) = (tape.var(q), tape.var(k));
    let (y, l) = loss(q_, k_, tape.constant(mask));
    assert_eq!(y.to_vec::<f64>()[..2], [0.0, 0.0]);
    let [dq, dk] = l.grad([q_, k_]).map(|g| g.to_vec::<f64>());
    assert_eq!(dq[..2], [0.0, 0.0]);
    assert!(dq[2..].iter().chain(&dk).all(|g| g.is_finite()), "{dq:?} {dk:?}");
    assert!(dq[2..].iter().any(|g| *g != 0.0) && dk[2..4] == [0.0, 0.0], "{dq:?} {dk:?}");
    // The second query alone.
    let alone = tape.var([q[1]]);
    let one = tape.constant([mask[1]]);
    let (_, l) = loss(alone, k_, one);
    let expected = l.grad([alone, k_]).map(|g| g.to_vec::<f64>());
    assert_eq!((&dq[2..], &dk), (&expected[0][..], &expected[1]));
    // The same as a program.
    let params = Params::f64();
    let program = Program::trace(&params, |t| {
        let (q, k) = (t.input("q", [2, 2]), t.input("k", [3, 2]));
        let (_, l) = loss(q, k, t.constant(mask));
        t.outputs(l.grad([q, k]))
    })
    .unwrap();
    let mut state = program.state();
    let run = program.run(&mut state, &params, (q, k)).unwrap();
    for (i, want) in [dq, dk].iter().enumerate() {
        run.slice::<f64>(i).iter().zip(want).for_each(|(a, b)| assert!((a - b).abs() < 1e-14, "{a} {b}"));
    }
}

/// From 2¹⁴ weights on they are not stored; the numbers stay what they are, up to rounding.
#[test]
fn long_sequences_are_attended_to_as_short_ones_are() {
    let (m, n) = (130, 127);
    let tape = Tape::new();
    let [q, k, v] = [(m, 2, 1), (n, 2, 7), (n, 3, 30)]
        .map(|(rows, width, first)| tape.var(numbers(&[rows, width], first) * 2.0));
    let seen: Vec<bool> = (0..n).map(|j| j % 3 != 0).collect();
    let some = tape.constant(&seen[..]);
    for mask in [Mask::All, Mask::Causal, Mask::Where(some)] {
        let long = scaled_dot_product(q, k, v, mask);
        let stored = scaled_dot_product_with(q, k, v, mask, |weights| weights);
        let (ours, theirs) = (long.sin().sum().grad([q, k, v]), stored.sin().sum().grad([q, k, v]));
        let pairs = [long].into_iter().chain(ours).zip([stored].into_iter().chain(theirs));
        for (a, b) in pairs {
            assert!((a - b).abs().max().item() < 1e-12 * (1.0 + b.abs().max().item()), "{mask:?}");
        }
        // A control: that they are two ways.
        assert!(!long.describe().contains("matmul") && stored.describe().contains("matmul"));
    }
}
