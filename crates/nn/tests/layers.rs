//! The layers against plain loops, their parameters, and how those start.

use approx::assert_abs_diff_eq;
use autograd::{Float, Params, Tape};
use nn::teaching::{Perceptron, ThreeOneOne};
use nn::{Activation, Init, Linear, Mlp};

const X: [[f64; 3]; 4] = [[0.5, -1.0, 2.0], [-0.25, 0.75, -1.5], [0.0, 0.0, 0.0], [3.0, -2.0, 0.125]];

/// x·W + b entry by entry, with the values that the parameters have.
fn affine<T: Float>(params: &Params, layer: Linear, x: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let widened = |p| -> Vec<f64> { params.get::<T>(p).iter().map(|v| v.to_f64()).collect() };
    let (w, b) = (widened(layer.weight), widened(layer.bias));
    let entry = |row: &[f64], j: usize| {
        let mut z = b[j];
        for (i, x) in row.iter().enumerate() {
            z += x * w[i * b.len() + j];
        }
        z
    };
    x.iter().map(|row| (0..b.len()).map(|j| entry(row, j)).collect()).collect()
}

fn each(x: &[Vec<f64>], f: fn(f64) -> f64) -> Vec<Vec<f64>> {
    x.iter().map(|row| row.iter().map(|&x| f(x)).collect()).collect()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn rows() -> Vec<Vec<f64>> {
    X.iter().map(|row| row.to_vec()).collect()
}

/// X in an element type; all its numbers are exact in both.
fn input<T: Float>() -> Vec<T> {
    X.as_flattened().iter().map(|&x| T::from_f64(x)).collect()
}

fn assert_close<T: Float>(got: &[T], want: &[Vec<f64>], tolerance: f64) {
    let want = want.concat();
    assert_eq!(got.len(), want.len());
    for (got, want) in got.iter().zip(want) {
        assert_abs_diff_eq!(got.to_f64(), want, epsilon = tolerance);
    }
}

/// Biases that are not zero, so that leaving one out is seen.
fn fill_biases<T: Float>(params: &mut Params) {
    for p in params.iter().filter(|&p| params.name(p).ends_with("bias")).collect::<Vec<_>>() {
        for (i, b) in params.get_mut::<T>(p).iter_mut().enumerate() {
            *b = T::from_f64(0.25 * (i as f64 + 1.0) - 0.6);
        }
    }
}

fn linear_and_mlp<T: Float>(params: Params, tolerance: f64) {
    let mut params = params.with_seed(11);
    let layer = Linear::new(&mut params.scope("single"), 3, 2);
    let net = Mlp::new(&mut params.scope("net"), &[3, 5, 4, 2], Activation::Tanh);
    fill_biases::<T>(&mut params);

    let tape = Tape::with(&params);
    let x = tape.constant(input::<T>()).reshape([4, 3]);
    let y = layer.forward(x);
    assert_eq!((&y.shape()[..], y.dtype()), (&[4, 2][..], params.dtype()));
    assert_close(&y.to_vec::<T>(), &affine::<T>(&params, layer, &rows()), tolerance);

    let mut a = rows();
    for (i, &layer) in net.layers.iter().enumerate() {
        let z = affine::<T>(&params, layer, &a);
        a = if i < 2 { each(&z, f64::tanh) } else { z };
    }
    let y = net.forward(x);
    assert_eq!((&y.shape()[..], y.dtype()), (&[4, 2][..], params.dtype()));
    assert_close(&y.to_vec::<T>(), &a, tolerance);
}

#[test]
fn forward_is_the_formula_entry_by_entry() {
    linear_and_mlp::<f64>(Params::f64(), 1e-14);
    linear_and_mlp::<f32>(Params::f32(), 2e-6);
}

fn three_one_one<T: Float>(new: fn() -> Params, tolerance: f64) {
    let targets: Vec<T> = [1.0, 0.0, 1.0, 0.5].map(T::from_f64).to_vec();
    for with_output in [false, true] {
        let mut params = new().with_seed(5);
        let mut scope = params.scope("net");
        let net = if with_output {
            ThreeOneOne::with_output_layer(&mut scope)
        } else {
            ThreeOneOne::as_written(&mut scope)
        };
        fill_biases::<T>(&mut params);
        assert_eq!(net.output.is_some(), with_output);

        let tape = Tape::with(&params);
        let x = tape.constant(input::<T>()).reshape([4, 3]);
        let mut want = each(&affine::<T>(&params, net.hidden, &rows()), sigmoid);
        if let Some(output) = net.output {
            want = each(&affine::<T>(&params, output, &want), sigmoid);
        }
        let a = net.forward(x);
        assert_eq!(a.shape()[..], [4, 1]);
        assert_close(&a.to_vec::<T>(), &want, tolerance);

        let y = tape.constant(&targets).reshape([4, 1]);
        let errors = want.concat().into_iter().zip([1.0, 0.0, 1.0, 0.5]).map(|(a, y)| 0.5 * (a - y).powi(2));
        assert_abs_diff_eq!(net.loss(x, y).item(), errors.sum::<f64>() / 4.0, epsilon = tolerance);
    }
}

#[test]
fn the_three_one_one_network_in_both_readings() {
    three_one_one::<f64>(Params::f64, 1e-14);
    three_one_one::<f32>(Params::f32, 1e-6);
}

/// ∂L/∂W, ∂L/∂b of ½·mean (A − Y)², by the chain rule on paper.
#[test]
fn the_gradient_of_the_network_as_written_is_the_paper_s() {
    let mut params = Params::f64().with_seed(5);
    let net = ThreeOneOne::as_written(&mut params.scope("net"));
    fill_biases::<f64>(&mut params);
    let y = [1.0, 0.0, 1.0, 0.5];
    let a = each(&affine::<f64>(&params, net.hidden, &rows()), sigmoid).concat();
    let delta: Vec<f64> = a.iter().zip(y).map(|(a, y)| (a - y) * a * (1.0 - a) / 4.0).collect();

    let tape = Tape::with(&params);
    let targets = tape.constant(y).reshape([4, 1]);
    let grads = net.loss(tape.constant(X), targets).backward();
    for j in 0..3 {
        let want: f64 = delta.iter().zip(X).map(|(d, x)| d * x[j]).sum();
        assert_abs_diff_eq!(grads.get::<f64>(net.hidden.weight).unwrap()[j], want, epsilon = 1e-15);
    }
    let bias = grads.get::<f64>(net.hidden.bias).unwrap();
    assert_abs_diff_eq!(bias[0], delta.iter().sum::<f64>(), epsilon = 1e-15);
}

#[test]
fn the_perceptron_classifies_and_its_gradient_is_the_learning_rule() {
    let mut params = Params::f64();
    let perceptron = Perceptron::new(&mut params.scope("p"), 3);
    assert_eq!(params.slab_of::<f64>(), [0.0; 4]);
    // A score of 0 is class 1.
    let tape = Tape::with(&params);
    assert_eq!(perceptron.predict(tape.constant(X)).to_vec::<f64>(), [1.0; 4]);

    params.set(perceptron.weight, [[1.0], [1.0], [0.5]]);
    params.set(perceptron.bias, [-0.25]);

    let tape = Tape::with(&params);
    let (x, y) = (tape.constant(X), tape.constant([0.0, 0.0, 1.0, 1.0]));
    // w·x + b row by row.
    let scores = [0.5 - 1.0 + 1.0, -0.25 + 0.75 - 0.75, 0.0, 3.0 - 2.0 + 0.0625].map(|s: f64| s - 0.25);
    assert_eq!(perceptron.score(x).to_vec::<f64>(), scores);
    assert_eq!(perceptron.predict(x).to_vec::<f64>(), [1.0, 0.0, 0.0, 1.0]);
    // Wrong: the first row (1 for 0) and the third (0 for 1). ∂L/∂w = Σ (ŷ − y)·x, ∂L/∂b = Σ (ŷ − y).
    let loss = perceptron.loss(x, y);
    assert_eq!(loss.item(), scores[0] - scores[2]);
    let grads = loss.backward();
    let difference: Vec<f64> = X[0].iter().zip(X[2]).map(|(a, b)| a - b).collect();
    assert_eq!(grads.get::<f64>(perceptron.weight).unwrap(), difference);
    assert_eq!(grads.get::<f64>(perceptron.bias).unwrap(), [0.0]);
}

#[test]
fn parameters_are_named_and_ordered_from_input_to_output() {
    let mut params = Params::f32();
    let mut net = params.scope("net");
    Mlp::new(&mut net.scope("mlp"), &[3, 4, 2], Activation::Relu);
    Linear::new(&mut net.scope("linear"), 2, 5);
    ThreeOneOne::with_output_layer(&mut net);
    Perceptron::new(&mut params.scope("p"), 7);
    let listed: Vec<String> =
        params.iter().map(|p| format!("{} {}", params.name(p), params.shape(p))).collect();
    let want = [
        "net.mlp.0.weight [3×4]",
        "net.mlp.0.bias [4]",
        "net.mlp.1.weight [4×2]",
        "net.mlp.1.bias [2]",
        "net.linear.weight [2×5]",
        "net.linear.bias [5]",
        "net.hidden.weight [3×1]",
        "net.hidden.bias [1]",
        "net.output.weight [1×1]",
        "net.output.bias [1]",
        "p.weight [7×1]",
        "p.bias [1]",
    ];
    assert_eq!(listed, want);
}

fn weights(params: &Params, scope: &str) -> Vec<u64> {
    let of_scope = params.iter().filter(|&p| params.name(p).starts_with(scope));
    of_scope.flat_map(|p| params.get::<f64>(p).iter().map(|w| w.to_bits())).collect()
}

#[test]
fn the_start_depends_on_seed_and_name_and_not_on_the_other_layers() {
    let mlp = |params: &mut Params, name: &str, sizes: &[usize]| {
        Mlp::new(&mut params.scope(name), sizes, Activation::Tanh);
    };
    let mut alone = Params::f64().with_seed(3);
    mlp(&mut alone, "net", &[2, 6, 1]);
    let mut again = Params::f64().with_seed(3);
    mlp(&mut again, "net", &[2, 6, 1]);
    assert_eq!(weights(&alone, "net."), weights(&again, "net."));

    let mut among_others = Params::f64().with_seed(3);
    mlp(&mut among_others, "before", &[5, 9]);
    mlp(&mut among_others, "net", &[2, 6, 1]);
    mlp(&mut among_others, "twin", &[2, 6, 1]);
    assert_eq!(weights(&alone, "net."), weights(&among_others, "net."));
    assert_ne!(weights(&alone, "net."), weights(&among_others, "twin."));

    // One layer more at the end does not change those before it.
    let mut deeper = Params::f64().with_seed(3);
    mlp(&mut deeper, "net", &[2, 6, 1, 4]);
    assert_eq!(weights(&alone, "net.0."), weights(&deeper, "net.0."));
    assert_eq!(weights(&alone, "net.1."), weights(&deeper, "net.1."));

    let mut other_seed = Params::f64().with_seed(4);
    mlp(&mut other_seed, "net", &[2, 6, 1]);
    assert_ne!(weights(&alone, "net.0.weight"), weights(&other_seed, "net.0.weight"));
}

#[test]
fn both_precisions_start_from_the_same_draws() {
    let (mut singles, mut doubles) = (Params::f32().with_seed(9), Params::f64().with_seed(9));
    for params in [&mut singles, &mut doubles] {
        Mlp::new(&mut params.scope("net"), &[4, 8, 2], Activation::Tanh);
    }
    let rounded: Vec<f32> = doubles.slab_of::<f64>().iter().map(|&w| w as f32).collect();
    assert_eq!(singles.slab_of::<f32>(), rounded);
    assert!(doubles.slab_of::<f64>()[..32].iter().all(|&w| w != 0.0));
}

#[test]
fn an_mlp_starts_as_asked() {
    let mut params = Params::f64();
    let net = Mlp::with_init(&mut params.scope("net"), &[2, 3, 1], Activation::Identity, Init::Constant(0.5));
    for layer in &net.layers {
        assert!(params.get::<f64>(layer.weight).iter().all(|&w| w == 0.5));
        assert!(params.get::<f64>(layer.bias).iter().all(|&b| b == 0.0));
    }
    assert_eq!((net.layers.len(), net.activation), (2, Activation::Identity));
}

#[test]
fn a_frozen_layer_has_no_gradient() {
    let mut params = Params::f64().with_seed(2);
    let net = Mlp::new(&mut params.scope("net"), &[3, 4, 4, 1], Activation::Tanh);
    let backward = |params: &Params| {
        let tape = Tape::with(params);
        net.forward(tape.constant(X)).square().mean().backward()
    };
    let free = backward(&params);
    assert_eq!(params.set_scope_frozen("net.1", true), 2);
    let grads = backward(&params);
    for (i, layer) in net.layers.iter().enumerate() {
        for p in [layer.weight, layer.bias] {
            // The gradient passes through the frozen layer unchanged.
            let want = if i == 1 { None } else { free.get::<f64>(p) };
            assert_eq!(grads.get::<f64>(p), want, "{}", params.name(p));
        }
    }
    params.set_scope_frozen("net.1", false);
    assert_eq!(backward(&params).slab_of::<f64>(), free.slab_of::<f64>());
}

#[test]
fn a_layer_without_a_bias_is_one_product_in_its_scope() {
    let mut params = Params::f64().with_seed(3);
    let layer = Linear::without_bias(&mut params.scope("m.l"), 3, 2);
    let mut other = Params::f64().with_seed(3);
    let twin = Linear::new(&mut other.scope("m.l"), 3, 2);
    // The name decides on the stream of numbers, so a bias changes no weight.
    assert_eq!((params.len(), params.get::<f64>(layer.weight)), (1, other.get::<f64>(twin.weight)));
    let tape = Tape::with(&params);
    let x = tape.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    let y = layer.forward(x);
    assert_eq!(y.to_vec::<f64>(), x.matmul(layer.weight).to_vec::<f64>());
    assert_eq!(y.scope().as_deref(), Some("m.l"));
    let deep = layer.forward(x.reshape([1, 2, 3]));
    assert_eq!((deep.shape()[..].to_vec(), deep.to_vec::<f64>()), (vec![1, 2, 2], y.to_vec::<f64>()));
    assert_eq!(y.sum().backward().get::<f64>(layer.weight), Some(&[5.0, 5.0, 7.0, 7.0, 9.0, 9.0][..]));
}
