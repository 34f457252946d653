//! Values and slopes at particular points: where functions have kinks and tails, among NaN and infinities, of views.

use super::functions::{COMPARE_OPS, binary_ops, unary_ops};
use super::row;
use crate::record::record;
use crate::{DType, Shape, Tape, Var};
use ndarray::{ArrayD, IxDyn};

/// Values that hide mistakes: zeros of both signs, infinities, NaN, the largest, smallest and subnormal numbers.
#[test]
fn special_values_are_those_of_the_oracle_in_every_lane() {
    let special = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        f64::MAX,
        f64::MIN,
        f64::MIN_POSITIVE,
        5e-324,
        -5e-324,
        709.9,
        -745.1,
    ];
    // 14 values at all offsets in rows of 37, so that each value meets each lane.
    let many: Vec<f64> = (0..37 * special.len()).map(|i| special[(i + i / 37) % special.len()]).collect();
    let other: Vec<f64> = (0..many.len()).map(|i| special[(i / special.len() + i) % special.len()]).collect();
    let harness = row("special values", &[], |x| x[0]);
    let tape = Tape::new();
    let (a, b) = (tape.var(&many), tape.var(&other));
    let (a32, b32) = (a.cast(DType::F32), b.cast(DType::F32));
    for (op, _) in unary_ops() {
        harness.same(record(op, &[a])).unwrap();
        harness.same(record(op, &[a32])).unwrap();
    }
    for (op, _) in binary_ops() {
        harness.same(record(op, &[a, b])).unwrap();
        harness.same(record(op, &[a32, b32])).unwrap();
    }
    for &op in COMPARE_OPS {
        harness.same(record(op, &[a, b]).cast(DType::F64)).unwrap();
    }
    for op in [
        a.sum(),
        a.cast(DType::I64).cast(DType::F64),
        a.cast(DType::Bool).cast(DType::F64),
        a.softmax(0),
        a.log_softmax(0),
        a.max(),
        a.reshape([37, 14]).max_over([0]),
        b.reshape([14, 37]).max_over([1]),
        b.reshape([37, 14]).t().max_over([1]),
        b.reshape([14, 37]).argmax(1).cast(DType::F64),
        a.reshape([37, 14]).argmin(0).cast(DType::F64),
    ] {
        harness.same(op).unwrap();
    }
}

/// 2²⁴ + 1 is no `f32`: sums that are kept in single precision stop there. More columns than are summed at a time.
#[test]
fn long_running_sums_in_single_precision_go_on() {
    let harness = row("running sums", &[], |x| x[0]);
    let tape = Tape::new();
    let one = |i: usize| if i == 0 { 16_777_216.0f32 } else { 1.0 };
    for columns in [1, 16, 37] {
        let x = tape.var(ndarray::Array2::from_shape_fn((41, columns), |(i, _)| one(i)));
        let forwards = x.cumsum(0);
        harness.same(forwards).unwrap();
        assert_eq!(forwards.index(0, -1).to_vec::<f32>(), vec![16_777_256.0; columns]);
        let [backwards] = (forwards * x).sum().grad([x]);
        harness.same(backwards).unwrap();
        let along_rows = x.t().cumsum(1);
        assert_eq!(along_rows.index(1, 40).to_vec::<f32>(), vec![16_777_256.0; columns]);
    }
    assert!((-tape.var([0.0f32, 0.0]).abs()).cumsum(0).to_vec::<f32>().iter().all(|x| x.is_sign_negative()));
}

/// The derivative of a function at a point.
fn slope(f: for<'t> fn(Var<'t>) -> Var<'t>, at: f64) -> f64 {
    let tape = Tape::new();
    let x = tape.var(at);
    f(x).grad([x])[0].item()
}

/// What the documentation states about kinks and ties.
#[test]
fn subgradients_are_the_stated_ones() {
    assert_eq!(slope(|x| x.relu(), 0.0), 0.0);
    assert_eq!(slope(|x| x.abs(), 0.0), 0.0);
    assert_eq!(slope(|x| x.leaky_relu(0.3), 0.0), 0.3);
    assert_eq!(slope(|x| x.elu(0.7), 0.0), 0.7);
    assert_eq!(slope(|x| x.sign(), 2.0), 0.0);
    assert_eq!(slope(|x| x.maximum(1.0), 1.0), 0.5);
    assert_eq!(slope(|x| x.minimum(1.0), 1.0), 0.5);
    assert_eq!(slope(|x| x.sqrt(), 0.0), f64::INFINITY);
    assert_eq!(slope(|x| x.ln(), 0.0), f64::INFINITY);
    assert_eq!(slope(|x| x.powf(0.0), 0.0), 0.0);
    assert_eq!(slope(|x| x.powf(0.0), f64::INFINITY), 0.0);
    assert_eq!(slope(|x| x.powf(2.0), 0.0), 0.0);
    assert_eq!(slope(|x| Var::stack(&[x, x, x * 0.5], 0).max(), 1.0), 1.0);
    assert_eq!(slope(|x| Var::stack(&[x, x.detach()], 0).max(), 1.0), 0.5);
    assert_eq!(slope(|x| Var::stack(&[x, x.detach()], 0).min(), 1.0), 0.5);
    assert_eq!(slope(|x| Var::stack(&[x, x * 0.0], 0).norm(), 0.0), 0.0);
    assert_eq!(slope(|x| Var::stack(&[x, x.detach()], 0).std_over([0], 0), 3.0), 0.0);
    assert_eq!((slope(|x| x.floor(), 2.0), slope(|x| x.ceil(), 2.0)), (0.0, 0.0));
    assert_eq!((slope(|x| x.asin(), 1.0), slope(|x| x.acos(), -1.0)), (f64::INFINITY, f64::NEG_INFINITY));
    assert_eq!((slope(|x| x.gelu(), f64::INFINITY), slope(|x| x.gelu(), f64::NEG_INFINITY)), (1.0, 0.0));
    assert_eq!(
        (slope(|x| x.gelu_tanh(), f64::INFINITY), slope(|x| x.gelu_tanh(), f64::NEG_INFINITY)),
        (1.0, 0.0)
    );
    assert_eq!((slope(|x| x.pow(0.0), 0.0), slope(|x| x.pow(0.0), f64::INFINITY)), (0.0, 0.0));
    assert_eq!(slope(|x| x.pow(1.0), 0.0), 1.0);
    let by_exponent = |at| slope(|x| x.full_like(0.0).pow(x), at);
    assert_eq!((by_exponent(2.0), by_exponent(0.0), by_exponent(-1.0)), (0.0, 0.0, f64::NEG_INFINITY));
    assert!(slope(|x| x.full_like(-2.0).pow(x), 3.0).is_nan());
    assert_eq!((slope(|x| x.atan2(0.0), 0.0), slope(|x| x.full_like(0.0).atan2(x), 0.0)), (0.0, 0.0));
    assert!(slope(|x| x.hypot(0.0), 0.0).is_nan());
    assert_eq!(slope(|x| x.logaddexp(f64::INFINITY), f64::INFINITY), 0.5);
    assert_eq!(slope(|x| x.logaddexp(f64::NEG_INFINITY), f64::NEG_INFINITY), 0.5);
    // A NaN in the branch that was not taken must not reach the derivative.
    assert_eq!(slope(|x| x.elu(1.0), 1000.0), 1.0);
    assert_eq!(
        slope(
            |x| {
                let [d] = x.elu(1.0).grad([x]);
                d
            },
            1000.0
        ),
        0.0
    );
}

#[test]
fn derivatives_stay_accurate_in_the_tails() {
    let near = |got: f64, want: f64| assert!((got / want - 1.0).abs() < 1e-14, "{got:e} {want:e}");
    near(slope(|x| x.sigmoid(), 40.0), (-40.0f64).exp());
    near(slope(|x| x.sigmoid(), -40.0), (-40.0f64).exp());
    near(slope(|x| x.tanh(), 20.0), 4.0 * (-40.0f64).exp());
    near(slope(|x| x.tanh(), -20.0), 4.0 * (-40.0f64).exp());
    near(slope(|x| x.exp_m1(), -40.0), (-40.0f64).exp());
    near(slope(|x| x.softplus(), -40.0), (-40.0f64).exp());
    near(slope(|x| x.logaddexp(0.0), -40.0), (-40.0f64).exp());
    near(slope(|x| x.erf(), 5.0), std::f64::consts::FRAC_2_SQRT_PI * (-25.0f64).exp());
    near(slope(|x| x.atan(), 1e100), 1e-200);
    near(slope(|x| x.hypot(1e300), 1e300), std::f64::consts::FRAC_1_SQRT_2);
    near(slope(|x| x.atan2(1e300), 1e300), 0.5e-300);
    // By mpmath with 50 digits.
    near(slope(|x| x.gelu(), -9.0), -9.138937373906639e-18);
    near(slope(|x| x.gelu_tanh(), -6.0), -7.709973930953696e-10);
    let tape = Tape::new();
    near(tape.var(-9.0).gelu().item(), -1.0157295653584566e-18);
    near(tape.var(-40.0).logaddexp(-800.0).item(), -40.0);
}

/// `max` and `min` give NaN if any element is NaN, whatever its index. `argmax` and `argmin` give the index of the first NaN.
#[test]
fn nan_is_not_lost_among_numbers() {
    for n in [1, 2, 31, 32, 33, 100] {
        for at in 0..n {
            let tape = Tape::new();
            let x: Vec<f64> = (0..n).map(|i| if i == at { f64::NAN } else { i as f64 }).collect();
            let columns = tape.var(&x).reshape([n, 1]).broadcast_to([n, 3]);
            assert!(tape.var(&x).max().item().is_nan() && tape.var(&x).min().item().is_nan());
            assert!(columns.max_over([0]).to_vec::<f64>().iter().all(|x| x.is_nan()));
            assert_eq!(columns.argmax(0).to_vec::<i64>(), [at as i64; 3]);
            assert_eq!(columns.argmin(0).to_vec::<i64>(), [at as i64; 3]);
        }
    }
}

/// `slice`, `index`, `split` and `unsqueeze` copy nothing.
#[test]
fn parts_are_views() {
    let tape = Tape::new();
    let x = tape.var(ArrayD::<f64>::zeros(IxDyn(&[64, 4, 4, 64])));
    let y = x.permute(&[1, 0, 3, 2]);
    let before = tape.bytes();
    let parts = [y.slice(0, 1..3), y.index(0, 2), y.index(-1, -1), y.unsqueeze(1), y.split(2, 4)[3]];
    // The list of nodes may have grown. A copy of a part would take more than that.
    assert!(tape.bytes() - before < 8 * parts[2].shape().elements());
    assert_eq!(parts[1].shape(), Shape::from([64, 64, 4]));
}

#[test]
fn shapes_compose_as_they_should() {
    let tape = Tape::new();
    let x = tape.var([0.0; 6]).reshape([1, 6]);
    assert_eq!(x.t().shape(), Shape::from([6, 1]));
    assert_eq!((x + x.t()).shape(), Shape::from([6, 6]));
}
