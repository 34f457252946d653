//! Mistakes with tensors, layers and training, each with a title.

use crate::Case;
use crate::caught::mistake_in;
use wengert::prelude::*;

pub(crate) const ALL: &[Case] = &[
    ("matrix product, a transpose forgotten", transpose_forgotten),
    ("matrix product with swapped sides", swapped_sides),
    ("matrix times vector", matrix_times_vector),
    ("bias of the wrong length", bias_of_the_wrong_length),
    ("bias per row instead of per column", bias_per_row),
    ("sum of a matrix and a transposed one", sum_with_transposed),
    ("f64 data with f32 parameters", double_with_single),
    ("function of integers", function_of_integers),
    ("integer beyond the range", integer_beyond_the_range),
    ("number that is no truth value", number_beside_a_mask),
    ("reshape to another number of elements", wrong_reshape),
    ("concatenation along the wrong axis", wrong_concat),
    ("slice beyond the end", slice_beyond),
    ("axis that does not exist", no_such_axis),
    ("mask that is none", mask_of_numbers),
    ("seed in place of a key", seed_for_a_key),
    ("dropout of more than all", dropout_of_more_than_all),
    ("input of the wrong width for an MLP", wrong_width),
    ("hidden layer that does not fit", hidden_layer),
    ("layers of another model", layers_of_another_model),
    ("parameters on a tape without any", tape_without_parameters),
    ("parameter made twice", parameter_made_twice),
    ("labels as floating-point numbers", float_labels),
    ("labels in a column", label_column),
    ("label out of range", label_out_of_range),
    ("target without the prediction's axis", flat_target),
    ("gradient of a vector", gradient_of_a_vector),
    ("gradient with respect to a constant", gradient_of_a_constant),
    ("gradient with respect to integers", gradient_of_integers),
    ("backward without parameters", backward_without_parameters),
    ("variable of another tape", another_tape),
    ("value of a vector read as a number", item_of_a_vector),
    ("value read as another type", wrong_type_read),
    ("optimiser of another model", optimiser_of_another_model),
    ("gradients of another model", gradients_of_another_model),
    ("gradients that are not finite", gradients_not_finite),
    ("a NaN, looked for", nan_looked_for),
    ("an infinite slope, looked for", infinite_slope_looked_for),
    ("a NaN in the data, trapped", nan_in_the_data),
];

fn says<R>(f: impl FnOnce() -> R) -> String {
    mistake_in("mistakes/cases.rs", f)
}

fn transpose_forgotten() -> String {
    let tape = Tape::new();
    let x = tape.constant([[0.5, 1.0, 1.5], [2.0, 2.5, 3.0]]);
    let w = tape.var([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.7, 0.8, 0.9], [1.0, 1.1, 1.2]]);
    says(|| x.matmul(w))
}

fn swapped_sides() -> String {
    let tape = Tape::new();
    let x = tape.constant([[1.0, 2.0, 3.0]; 5]);
    let w = tape.var([[0.5, 0.5]; 3]);
    says(|| w.relu().matmul(x))
}

fn matrix_times_vector() -> String {
    let tape = Tape::new();
    let (a, v) = (tape.var([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), tape.var([1.0, 1.0, 1.0]));
    says(|| a.matmul(v))
}

fn bias_of_the_wrong_length() -> String {
    let mut params = Params::f64();
    let mut layer = params.scope("layer");
    let (w, b) = (layer.param("w", [3, 4], 0.5), layer.param("b", [2], 0.0));
    let tape = Tape::with(&params);
    let x = tape.constant([[1.0, 2.0, 3.0]; 5]);
    says(|| x.matmul(w) + b)
}

fn bias_per_row() -> String {
    let tape = Tape::new();
    let (scores, offsets) = (tape.var([[1.0, 2.0]; 3]), tape.constant([1.0, 2.0, 3.0]));
    says(|| scores - offsets)
}

fn sum_with_transposed() -> String {
    let tape = Tape::new();
    let (a, b) = (tape.var([[1.0, 2.0, 3.0]; 2]), tape.var([[1.0, 2.0]; 3]));
    says(|| a * b)
}

fn double_with_single() -> String {
    let mut params = Params::f32();
    let layer = Linear::new(&mut params.scope("layer"), 2, 1);
    let tape = Tape::with(&params);
    let x = tape.constant([[1.0, 2.0]]);
    says(|| layer.forward(x))
}

fn function_of_integers() -> String {
    let tape = Tape::new();
    let counts = tape.constant([1i64, 2, 3]);
    says(|| counts.ln())
}

fn integer_beyond_the_range() -> String {
    let tape = Tape::new();
    let counts = tape.constant([1i64, i64::MAX]);
    says(|| counts.eq(i64::MAX as f64))
}

fn number_beside_a_mask() -> String {
    let tape = Tape::new();
    let mask = tape.constant([true, false]);
    says(|| mask.eq(2.0))
}

fn wrong_reshape() -> String {
    let tape = Tape::new();
    let pixels = tape.constant([0.5; 128]);
    says(|| pixels.reshape([3, 64]))
}

fn wrong_concat() -> String {
    let tape = Tape::new();
    let (left, right) = (tape.var([[1.0, 2.0]; 3]), tape.var([[1.0, 2.0, 3.0]; 3]));
    says(|| Var::concat(&[left, left, right], 0))
}

fn slice_beyond() -> String {
    let tape = Tape::new();
    let x = tape.var([[1.0, 2.0, 3.0]; 2]);
    says(|| x.slice(1, 2..4))
}

fn no_such_axis() -> String {
    let tape = Tape::new();
    let scores = tape.var([0.5, 1.5]);
    says(|| scores.softmax(1))
}

fn mask_of_numbers() -> String {
    let tape = Tape::new();
    let x = tape.var([1.0, -1.0]);
    says(|| x.select(x, 0.0))
}

fn seed_for_a_key() -> String {
    let tape = Tape::new();
    let (x, seed) = (tape.var([1.0, 2.0]), tape.constant(42i64));
    says(|| Dropout::new(0.5).forward(x, Mode::Train(seed)))
}

fn dropout_of_more_than_all() -> String {
    says(|| Dropout::new(1.5))
}

fn wrong_width() -> String {
    let mut params = Params::f64();
    let net = Mlp::new(&mut params.scope("net"), &[2, 16, 1], Activation::Tanh);
    let tape = Tape::with(&params);
    let batch = tape.constant([[0.0, 1.0, 2.0]; 4]);
    says(|| net.forward(batch))
}

fn hidden_layer() -> String {
    let mut params = Params::f64();
    let mut net = params.scope("net");
    let first = Linear::new(&mut net.scope("first"), 2, 16);
    let second = Linear::new(&mut net.scope("second"), 8, 1);
    let tape = Tape::with(&params);
    let x = tape.constant([[0.0, 1.0]]);
    let hidden = tape.scope("encoder", || first.forward(x).tanh());
    says(|| second.forward(hidden))
}

fn layers_of_another_model() -> String {
    let (mut mine, mut other) = (Params::f64(), Params::f64());
    let net = Mlp::new(&mut mine.scope("net"), &[2, 4, 1], Activation::Tanh);
    other.scope("teacher").param("w", [1], 0.0);
    let tape = Tape::with(&other);
    let x = tape.constant([[0.0, 1.0]]);
    says(|| net.forward(x))
}

fn tape_without_parameters() -> String {
    let mut params = Params::f64();
    let net = Mlp::new(&mut params.scope("net"), &[2, 4, 1], Activation::Tanh);
    let tape = Tape::new();
    let x = tape.constant([[0.0, 1.0]]);
    says(|| net.forward(x))
}

fn parameter_made_twice() -> String {
    let mut params = Params::f64();
    Linear::new(&mut params.scope("net"), 2, 4);
    says(|| Linear::new(&mut params.scope("net"), 4, 1))
}

fn float_labels() -> String {
    let tape = Tape::new();
    let logits = tape.var([[0.2, 0.8, 0.1], [0.3, 0.1, 0.9]]);
    let labels = tape.constant([1.0, 2.0]);
    says(|| nn::loss::cross_entropy(logits, labels))
}

fn label_column() -> String {
    let tape = Tape::new();
    let logits = tape.var([[0.2, 0.8, 0.1], [0.3, 0.1, 0.9]]);
    let labels = tape.constant([[1i64], [2]]);
    says(|| nn::loss::cross_entropy(logits, labels))
}

fn label_out_of_range() -> String {
    let tape = Tape::new();
    let logits = tape.var([[0.2, 0.8, 0.1], [0.3, 0.1, 0.9]]);
    let labels = tape.constant([1i64, 3]);
    says(|| nn::loss::cross_entropy(logits, labels))
}

fn flat_target() -> String {
    let tape = Tape::new();
    let prediction = tape.var([[0.5], [1.5], [2.5]]);
    let target = tape.constant([0.0, 1.0, 2.0]);
    says(|| nn::loss::mse(prediction, target))
}

fn gradient_of_a_vector() -> String {
    let tape = Tape::new();
    let x = tape.var([1.0, 2.0]);
    let y = x.square();
    says(|| y.grad([x]))
}

fn gradient_of_a_constant() -> String {
    let tape = Tape::new();
    let x = tape.constant([1.0, 2.0]);
    let y = x.square().sum();
    says(|| y.grad([x]))
}

fn gradient_of_integers() -> String {
    let tape = Tape::new();
    let counts = tape.constant([1i64, 2]);
    let y = counts.cast(DType::F64).square().sum();
    says(|| y.grad([counts]))
}

fn backward_without_parameters() -> String {
    let tape = Tape::new();
    let loss = tape.var([1.0, 2.0]).square().sum();
    says(|| loss.backward())
}

fn another_tape() -> String {
    let (first, second) = (Tape::new(), Tape::new());
    let (x, y) = (first.var(1.0), second.scope("targets", || second.constant(2.0)));
    says(|| x - y)
}

fn item_of_a_vector() -> String {
    let tape = Tape::new();
    let losses = tape.var([1.0, 2.0]).square();
    says(|| losses.item())
}

fn wrong_type_read() -> String {
    let tape = Tape::new();
    let x = tape.var([1.0f32, 2.0]);
    says(|| x.to_vec::<f64>())
}

fn optimiser_of_another_model() -> String {
    let (mut mine, mut other) = (Params::f64(), Params::f64());
    let mut adam = Adam::new(0.01).expect("a good rate");
    let grads_of = |params: &mut Params| {
        let w = params.scope("m").param("w", [2], 1.0);
        let tape = Tape::with(params);
        tape.param(w).square().sum().backward()
    };
    let (first, second) = (grads_of(&mut mine), grads_of(&mut other));
    adam.step(&mut mine, &first).expect("a step");
    let text = adam.step(&mut other, &second).unwrap_err().to_string();
    // The number of a model depends on how many the process has made before.
    let text = text.replace(&format!("model {}", mine.id()), "model 1");
    text.replace(&format!("model {}", other.id()), "model 2")
}

fn gradients_of_another_model() -> String {
    let (mut mine, mut other) = (Params::f64(), Params::f64());
    let w = mine.scope("m").param("w", [2], 1.0);
    other.scope("m").param("w", [2], 1.0);
    let grads = Tape::with(&mine).param(w).square().sum().backward();
    Sgd::new(0.1).expect("a good rate").update(&mut other, &grads).unwrap_err().to_string()
}

fn gradients_not_finite() -> String {
    let mut params = Params::f64();
    let w = params.scope("m").param("w", [2], [1.0, 0.0]);
    let grads = Tape::with(&params).param(w).sqrt().sum().backward();
    Sgd::new(0.1).expect("a good rate").step(&mut params, &grads).unwrap_err().to_string()
}

fn nan_looked_for() -> String {
    let mut params = Params::f64();
    let net = Mlp::new(&mut params.scope("net"), &[2, 4, 1], Activation::Tanh);
    params.set(net.layers[1].bias, [-0.5]);
    let tape = Tape::with(&params);
    let x = tape.constant([[0.0, 0.0], [0.0, 0.0]]);
    let loss = tape.scope("likelihood", || -net.forward(x).ln().mean());
    loss.find_nonfinite().expect("a NaN").to_string()
}

fn infinite_slope_looked_for() -> String {
    let tape = Tape::new();
    let x = tape.var([[3.0f32, 0.1], [0.0, 0.0]]);
    let lengths = x.square().sum_over([1]).sqrt();
    lengths.sum().find_nonfinite().expect("an infinity").to_string()
}

fn nan_in_the_data() -> String {
    let tape = Tape::new();
    tape.trap_nonfinite(true);
    says(|| tape.constant([[1.0, 2.0], [f64::NAN, f64::NAN]]))
}
