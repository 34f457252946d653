//! The losses: values, gradients and second derivatives against formulas; and what they refuse.

use approx::assert_abs_diff_eq;
use autograd::{Float, Tape, check_grads};
use nn::loss::{self, CrossEntropy, Reduction};

const A: [[f64; 3]; 2] = [[0.5, -1.25, 2.0], [3.0, 0.0, -0.75]];
const Y: [[f64; 3]; 2] = [[0.25, 1.0, 2.5], [2.0, -0.5, -0.75]];
const LABELS: [i64; 2] = [2, 0];

fn of<T: Float>(x: [[f64; 3]; 2]) -> [[T; 3]; 2] {
    x.map(|row| row.map(T::from_f64))
}

fn assert_close<T: Float>(got: &[T], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len());
    for (got, &want) in got.iter().zip(want) {
        assert_abs_diff_eq!(got.to_f64(), want, epsilon = tolerance);
    }
}

fn differences() -> Vec<f64> {
    A.as_flattened().iter().zip(Y.as_flattened()).map(|(a, y)| a - y).collect()
}

/// Softmax of each row, by its definition.
fn softmax() -> Vec<[f64; 3]> {
    let row = |row: &[f64; 3]| {
        let e = row.map(f64::exp);
        e.map(|x| x / e.iter().sum::<f64>())
    };
    A.iter().map(row).collect()
}

fn squared_errors<T: Float>(tolerance: f64) {
    let d = differences();
    let sum: f64 = d.iter().map(|d| d * d).sum();
    let tape = Tape::new();
    let (a, y) = (tape.var(of::<T>(A)), tape.var(of::<T>(Y)));
    // Each function, its value, and its gradient with respect to the prediction per difference.
    for (loss, value, slope) in
        [(loss::mse(a, y), sum / 6.0, 2.0 / 6.0), (loss::half_mse(a, y), sum / 12.0, 1.0 / 6.0)]
    {
        assert_abs_diff_eq!(loss.item(), value, epsilon = tolerance);
        assert_eq!((loss.rank(), loss.dtype()), (0, T::DTYPE));
        let [da, dy] = loss.grad([a, y]);
        let want: Vec<f64> = d.iter().map(|d| slope * d).collect();
        assert_close(&da.to_vec::<T>(), &want, tolerance);
        assert_close(&dy.to_vec::<T>(), &want.iter().map(|g| -g).collect::<Vec<_>>(), tolerance);
    }
}

#[test]
fn squared_errors_and_their_gradients() {
    squared_errors::<f64>(1e-15);
    squared_errors::<f32>(1e-6);
}

fn entropy<T: Float>(tolerance: f64) {
    let p = softmax();
    let tape = Tape::new();
    let logits = tape.var(of::<T>(A));
    let loss = loss::cross_entropy(logits, tape.constant(LABELS));
    assert_abs_diff_eq!(loss.item(), -(p[0][2].ln() + p[1][0].ln()) / 2.0, epsilon = tolerance);
    assert_eq!((loss.rank(), loss.dtype()), (0, T::DTYPE));
    // (softmax − one-hot)/n
    let mut want = p;
    want[0][2] -= 1.0;
    want[1][0] -= 1.0;
    let want: Vec<f64> = want.as_flattened().iter().map(|g| g / 2.0).collect();
    assert_close(&loss.grad([logits])[0].to_vec::<T>(), &want, tolerance);
}

#[test]
fn cross_entropy_and_its_gradient() {
    entropy::<f64>(1e-15);
    entropy::<f32>(1e-6);
}

/// The Hessian of a row's cross-entropy is (diag p − p·pᵀ)/n; rows do not mix.
#[test]
fn the_hessian_of_cross_entropy() {
    let p = softmax();
    let tape = Tape::new();
    let logits = tape.var(A);
    let [gradient] = loss::cross_entropy(logits, tape.constant(LABELS)).grad([logits]);
    for (row, column) in [(0, 0), (0, 2), (1, 1)] {
        let mut direction = [[0.0; 3]; 2];
        direction[row][column] = 1.0;
        let got = gradient.vjp(tape.constant(direction), &[logits])[0].to_vec::<f64>();
        let mut want = [[0.0; 3]; 2];
        for j in 0..3 {
            let diagonal = if j == column { p[row][column] } else { 0.0 };
            want[row][j] = (diagonal - p[row][column] * p[row][j]) / 2.0;
        }
        assert_close(&got, want.as_flattened(), 1e-15);
    }
}

#[test]
fn the_hessian_of_squared_errors_is_a_multiple_of_one() {
    let tape = Tape::new();
    let (a, y) = (tape.var(A), tape.constant(Y));
    for (loss, factor) in [(loss::mse(a, y), 2.0 / 6.0), (loss::half_mse(a, y), 1.0 / 6.0)] {
        let [gradient] = loss.grad([a]);
        let along = gradient.vjp(tape.constant(Y), &[a])[0].to_vec::<f64>();
        let want: Vec<f64> = Y.as_flattened().iter().map(|v| factor * v).collect();
        assert_close(&along, &want, 1e-15);
    }
}

#[test]
fn losses_are_differentiable_to_third_order() {
    let tape = Tape::new();
    let (a, y) = (tape.constant(A).to_array::<f64>(), tape.constant(Y).to_array::<f64>());
    let both = [a.clone(), y];
    assert_eq!(check_grads(|x| loss::mse(x[0], x[1]), &both, 3), Ok(()));
    assert_eq!(check_grads(|x| loss::half_mse(x[0], x[1]), &both, 3), Ok(()));
    let entropy = check_grads(|x| loss::cross_entropy(x[0], x[0].tape().constant(LABELS)), &[a], 3);
    assert_eq!(entropy, Ok(()));
}

#[test]
fn huge_logits_do_not_overflow() {
    let tape = Tape::new();
    let labels = tape.constant([0i64, 1, 1]);
    let logits = tape.var([[1e4, -1e4], [1e4, -1e4], [-700.0, 800.0]]);
    let loss = loss::cross_entropy(logits, labels);
    // Of the rows, only the second is wrong, by the difference of its logits.
    assert_eq!(loss.item(), 2e4 / 3.0);
    let third = 1.0 / 3.0;
    assert_close(&loss.grad([logits])[0].to_vec::<f64>(), &[0.0, 0.0, third, -third, 0.0, 0.0], 1e-16);

    let logits = tape.var([[1e30f32, 0.0], [200.0, 0.0], [3e4, 3e4]]);
    let loss = loss::cross_entropy(logits, labels);
    assert_abs_diff_eq!(loss.item(), (200.0 + 2f64.ln()) / 3.0, epsilon = 1e-5);
    assert!(loss.grad([logits])[0].is_finite());
}

/// The text of the panic that `f` ends in.
fn panic_text<R>(f: impl FnOnce() -> R) -> String {
    let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
    let payload = unwound.err().expect("a panic");
    *payload.downcast::<String>().expect("a text")
}

/// Without the lines that tell where the operands were recorded.
fn without_operands(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.contains(", recorded at ")).collect();
    lines.join("\n")
}

#[test]
fn labels_outside_of_the_classes_are_named() {
    for (label, row, labels) in [(3, 1, [0i64, 3]), (-1, 0, [-1, 2])] {
        let tape = Tape::new();
        let text = panic_text(|| loss::cross_entropy(tape.var(A), tape.constant(labels)));
        assert!(
            text.starts_with(&format!(
                "cross_entropy: label {label} of row {row} is outside of 0..3 (3 classes)\n"
            )),
            "{text}"
        );
        assert!(text.contains("labels count from 0"), "{text}");
    }
}

#[test]
fn labels_that_do_not_fit_are_refused_with_a_hint() {
    let tape = Tape::new();
    let text = panic_text(|| loss::cross_entropy(tape.var(A), tape.constant([2.0, 0.0])));
    assert!(text.contains("[2×3] F64 and labels [2] F64"), "{text}");
    assert!(text.contains("labels are I64 of [n]") && text.contains("`.cast(DType::I64)`"), "{text}");
    let text = panic_text(|| loss::cross_entropy(tape.var(A), tape.constant([0i64, 1, 2])));
    assert!(text.contains("logits [2×3] F64 and labels [3] I64 do not fit"), "{text}");
}

#[test]
fn squared_errors_refuse_to_broadcast() {
    let tape = Tape::new();
    let (column, flat) = (tape.var([[1.0], [2.0], [3.0]]), tape.constant([1.0, 2.0, 3.0]));
    let rule = "  rule: they have the same shape\n  hint: ";
    let text = without_operands(&panic_text(|| loss::mse(column, flat)));
    let hint = "`target.reshape([3, 1])`: a column and a list would broadcast to [3×3]";
    assert_eq!(text, format!("mse: prediction [3×1] and target [3] do not fit\n{rule}{hint}"));
    let text = without_operands(&panic_text(|| loss::half_mse(flat, column)));
    let hint = "`target.reshape([3])`: a list and a column would broadcast to [3×3]";
    assert_eq!(text, format!("half_mse: prediction [3] and target [3×1] do not fit\n{rule}{hint}"));
    // What the hints propose.
    assert_eq!(loss::mse(column, flat.reshape([3, 1])).item(), 0.0);
    assert_eq!(loss::half_mse(flat, column.reshape([3])).item(), 0.0);
    let text = without_operands(&panic_text(|| loss::mse(column, tape.constant([[1.0, 2.0, 3.0]]))));
    let hint = "`target.reshape(prediction.shape())` where only axes of length 1 differ";
    assert_eq!(text, format!("mse: prediction [3×1] and target [1×3] do not fit\n{rule}{hint}"));
}

#[test]
fn other_mistakes_are_named_too() {
    let text = panic_text(|| {
        let mut params = autograd::Params::f64();
        nn::Mlp::new(&mut params.scope("net"), &[3], nn::Activation::Tanh)
    });
    assert_eq!(text, "Mlp: sizes [3]\n  rule: there are at least two, those of input and output");
    let text = panic_text(|| {
        let mut params = autograd::Params::f64();
        let perceptron = nn::teaching::Perceptron::new(&mut params.scope("p"), 3);
        let tape = Tape::with(&params);
        perceptron.loss(tape.constant(A), tape.constant([1.0, 0.0, 1.0])).item()
    });
    assert_eq!(
        without_operands(&text),
        "Perceptron::loss: targets [3] for scores [2]\n  rule: there is one target per row of x"
    );
}

/// Options one by one against the formula, and what no row counts for.
#[test]
fn options_of_cross_entropy_are_its_formula() {
    let tape = Tape::new();
    let logits = tape.var(A);
    let labels = tape.constant(LABELS);
    let weights = [0.5, 2.0, 3.0];
    let p = softmax();
    let row = |i: usize, epsilon: f64, w: &[f64; 3]| {
        let label = LABELS[i] as usize;
        let all: f64 = (0..3).map(|c| w[c] * p[i][c].ln()).sum();
        -(1.0 - epsilon) * w[label] * p[i][label].ln() - epsilon / 3.0 * all
    };
    let plain = CrossEntropy { reduction: Reduction::None, ..CrossEntropy::default() };
    let smooth = CrossEntropy { smoothing: 0.25, ..plain };
    let weighted = CrossEntropy { weights: Some(tape.constant(weights)), ..smooth };
    assert_close(
        &plain.of(logits, labels).to_vec::<f64>(),
        &[row(0, 0.0, &[1.0; 3]), row(1, 0.0, &[1.0; 3])],
        1e-14,
    );
    assert_close(
        &smooth.of(logits, labels).to_vec::<f64>(),
        &[row(0, 0.25, &[1.0; 3]), row(1, 0.25, &[1.0; 3])],
        1e-14,
    );
    let want = [row(0, 0.25, &weights), row(1, 0.25, &weights)];
    assert_close(&weighted.of(logits, labels).to_vec::<f64>(), &want, 1e-14);
    let mean = CrossEntropy { reduction: Reduction::Mean, ..weighted };
    assert_close(&[mean.of(logits, labels).item()], &[(want[0] + want[1]) / 3.5], 1e-14);
    let ignoring = CrossEntropy { ignored: Some(0), ..mean };
    assert_close(&[ignoring.of(logits, labels).item()], &[want[0] / 3.0], 1e-14);
    assert_eq!(loss::cross_entropy(logits, labels).item(), CrossEntropy::default().of(logits, labels).item());
    let nobody = CrossEntropy { ignored: Some(-1), ..CrossEntropy::default() };
    assert!(nobody.of(logits, tape.constant([-1i64, -1])).item().is_nan());
    // One-hot targets are labels.
    let one_hot = tape.constant([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]);
    assert_close(&weighted.of_probabilities(logits, one_hot).to_vec::<f64>(), &want, 1e-14);
}

#[test]
fn cross_entropy_with_options_refuses_what_does_not_fit() {
    let none = panic_text(|| {
        let tape = Tape::new();
        let loss = CrossEntropy { smoothing: 1.5, ..CrossEntropy::default() };
        loss.of(tape.var(A), tape.constant(LABELS)).item()
    });
    assert!(none.contains("the smoothing is 1.5"), "{none}");
    let few = panic_text(|| {
        let tape = Tape::new();
        let loss = CrossEntropy { weights: Some(tape.constant([1.0, 2.0])), ..CrossEntropy::default() };
        loss.of(tape.var(A), tape.constant(LABELS)).item()
    });
    assert!(few.contains("rule: there is a weight for each class"), "{few}");
    let long = panic_text(|| {
        let tape = Tape::new();
        CrossEntropy::default().of(tape.var(A), tape.constant([0i64, 1, 2])).item()
    });
    assert!(long.contains("labels are I64 of [n, …]"), "{long}");
}
