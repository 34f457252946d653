//! Gradients of whole networks, and of each activation: against central differences and against formulas.

use approx::assert_abs_diff_eq;
use autograd::{Params, Tape, Var, check_grads};
use nn::{Activation, Mlp, loss};
use std::f64::consts::PI;

const X: [[f64; 2]; 3] = [[0.5, -1.0], [-0.7, 0.9], [1.6, 0.3]];
const Y: [[f64; 2]; 3] = [[1.0, 0.0], [-0.5, 2.0], [0.25, -1.0]];

fn network(activation: Activation) -> (Params, Mlp) {
    let mut params = Params::f64().with_seed(4);
    let net = Mlp::new(&mut params.scope("net"), &[2, 4, 3, 2], activation);
    for layer in &net.layers {
        for (i, b) in params.get_mut::<f64>(layer.bias).iter_mut().enumerate() {
            *b = 0.15 * i as f64 - 0.2;
        }
    }
    (params, net)
}

fn loss_of<'t>(tape: &'t Tape<'t>, net: &Mlp) -> Var<'t> {
    loss::mse(net.forward(tape.constant(X)), tape.constant(Y))
}

/// Every element of every parameter is moved, one at a time.
#[test]
fn the_gradient_of_a_network_is_its_central_difference() {
    for activation in Activation::ALL {
        let (mut params, net) = network(activation);
        let grads = loss_of(&Tape::with(&params), &net).backward();
        for p in params.iter() {
            let gradient = grads.get::<f64>(p).expect("the loss depends on every parameter");
            for (i, &got) in gradient.iter().enumerate() {
                let (at, h) = (params.get::<f64>(p)[i], 1e-5);
                let mut loss_at = |x: f64| {
                    params.get_mut::<f64>(p)[i] = x;
                    loss_of(&Tape::with(&params), &net).item()
                };
                let want = (loss_at(at + h) - loss_at(at - h)) / ((at + h) - (at - h));
                loss_at(at);
                assert_abs_diff_eq!(got, want, epsilon = 1e-8);
            }
        }
    }
}

/// The same network as a function of its weights: gradients, their derivatives, and forward mode.
#[test]
fn a_network_has_the_derivatives_of_its_formula_to_second_order() {
    for activation in Activation::ALL {
        let (params, net) = network(activation);
        let tape = Tape::with(&params);
        let inputs: Vec<_> = params.iter().map(|p| tape.param(p).to_array::<f64>()).collect();
        let layers = net.layers.len();
        let checked = check_grads(
            |v| {
                let tape = v[0].tape();
                let mut a = tape.constant(X);
                for i in 0..layers {
                    let z = a.matmul(v[2 * i]) + v[2 * i + 1];
                    a = if i + 1 < layers { activation.apply(z) } else { z };
                }
                loss::mse(a, tape.constant(Y))
            },
            &inputs,
            2,
        );
        assert_eq!(checked, Ok(()), "{activation}");
    }
}

/// Backpropagation through one hidden layer, written out.
#[test]
fn backpropagation_by_hand() {
    let mut params = Params::f64().with_seed(8);
    let net = Mlp::new(&mut params.scope("net"), &[2, 3, 1], Activation::Tanh);
    params.set(net.layers[0].bias, [0.1, -0.2, 0.3]);
    params.set(net.layers[1].bias, [0.05]);
    let [w1, b1, w2, b2] = [0, 1].map(|i| net.layers[i]).map(|l| [l.weight, l.bias]).concat()[..] else {
        unreachable!("two layers of two parameters");
    };
    let (mut dw1, mut db1, mut dw2, mut db2) = ([0.0; 6], [0.0; 3], [0.0; 3], 0.0);
    let value = |p, i: usize| params.get::<f64>(p)[i];
    for (x, y) in X.iter().zip([1.0, -1.0, 0.5]) {
        let hidden: [f64; 3] =
            std::array::from_fn(|j| (x[0] * value(w1, j) + x[1] * value(w1, 3 + j) + value(b1, j)).tanh());
        let z: f64 = (0..3).map(|j| hidden[j] * value(w2, j)).sum::<f64>() + value(b2, 0);
        let dz = 2.0 * (z - y) / 3.0;
        db2 += dz;
        for j in 0..3 {
            dw2[j] += dz * hidden[j];
            let dh = dz * value(w2, j) * (1.0 - hidden[j] * hidden[j]);
            db1[j] += dh;
            dw1[j] += dh * x[0];
            dw1[3 + j] += dh * x[1];
        }
    }
    let tape = Tape::with(&params);
    let target = tape.constant([[1.0], [-1.0], [0.5]]);
    let loss = loss::mse(net.forward(tape.constant(X)), target);
    let grads = loss.backward();
    for (p, want) in [(w1, &dw1[..]), (b1, &db1), (w2, &dw2), (b2, &[db2])] {
        for (&got, &want) in grads.get::<f64>(p).unwrap().iter().zip(want) {
            assert_abs_diff_eq!(got, want, epsilon = 1e-14);
        }
        // The gradient that stays on the tape is the same.
        assert_eq!(loss.grad([tape.param(p)])[0].to_vec::<f64>(), grads.get::<f64>(p).unwrap());
    }
}

/// Value and derivative by the standard library.
fn on_paper(f: Activation, x: f64) -> (f64, f64) {
    let sigmoid = 1.0 / (1.0 + (-x).exp());
    match f {
        Activation::Identity => (x, 1.0),
        Activation::Sigmoid => (sigmoid, sigmoid * (1.0 - sigmoid)),
        Activation::Tanh => (x.tanh(), 1.0 - x.tanh().powi(2)),
        Activation::Relu => {
            if x > 0.0 {
                (x, 1.0)
            } else {
                (0.0, 0.0)
            }
        }
        Activation::LeakyRelu(slope) => {
            if x > 0.0 {
                (x, 1.0)
            } else {
                (slope * x, slope)
            }
        }
        Activation::Elu(alpha) => {
            if x > 0.0 {
                (x, 1.0)
            } else {
                (alpha * (x.exp() - 1.0), alpha * x.exp())
            }
        }
        Activation::Swish => (x * sigmoid, sigmoid + x * sigmoid * (1.0 - sigmoid)),
        Activation::Gelu => {
            let (below, bell) = normal_on_paper(x);
            (x * below, below + x * bell)
        }
        Activation::GeluTanh => {
            let scale = (2.0 / PI).sqrt();
            let t = (scale * (x + 0.044715 * x.powi(3))).tanh();
            let inner = scale * (1.0 + 3.0 * 0.044715 * x * x);
            (0.5 * x * (1.0 + t), 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * inner)
        }
        Activation::Softplus => ((1.0 + x.exp()).ln(), sigmoid),
        other => panic!("no formula for {other}"),
    }
}

/// Distribution and density of the standard normal: Φ(x) = ½ + φ(x)·(x + x³/3 + x⁵/(3·5) + …).
fn normal_on_paper(x: f64) -> (f64, f64) {
    let density = (-0.5 * x * x).exp() / (2.0 * PI).sqrt();
    let (mut term, mut sum) = (x, 0.0);
    for odd in (3..120).step_by(2) {
        sum += term;
        term *= x * x / f64::from(odd);
    }
    (0.5 + density * sum, density)
}

#[test]
fn activations_and_their_slopes_are_the_textbook_s() {
    let points = [-3.0, -1.0, -0.25, 0.0, 0.5, 1.0, 2.5];
    let others = [Activation::LeakyRelu(0.3), Activation::Elu(1.75)];
    for f in Activation::ALL.into_iter().chain(others) {
        let tape = Tape::new();
        let x = tape.var(points);
        let y = f.apply(x);
        let [slope] = y.sum().grad([x]);
        let single = tape.var(points.map(|x| x as f32));
        let y32 = f.apply(single);
        let [slope32] = y32.sum().grad([single]);
        for (i, &at) in points.iter().enumerate() {
            let (value, derivative) = on_paper(f, at);
            assert_abs_diff_eq!(y.to_vec::<f64>()[i], value, epsilon = 1e-14);
            assert_abs_diff_eq!(slope.to_vec::<f64>()[i], derivative, epsilon = 1e-14);
            assert_abs_diff_eq!(y32.to_vec::<f32>()[i], value as f32, epsilon = 1e-6);
            assert_abs_diff_eq!(slope32.to_vec::<f32>()[i], derivative as f32, epsilon = 1e-6);
        }
    }
}
