//! Whole functions of several variables with their derivatives up to the third: the group `functions`. The functions are
//! written over any kind of real number. The results of tensors, and of the scalar tape with dual numbers, must match the
//! stored ones.

use std::f64::consts::{E, TAU};

use autograd::scalar::{self, Dual, Operand, Real};
use autograd::{Params, Var};

use crate::array::Array;

use crate::format::Case;
use crate::runner::{Fault, Handler, Refusal, Results};
use crate::scalars::{along, constants, jacobian, pack, total, variables};
use crate::sessions::{Session, each_way};

/// A function with several outputs.
type Map = for<'t> fn(&[Var<'t>]) -> Vec<Var<'t>>;

pub(crate) fn find(op: &str) -> Option<Handler> {
    if function::<f64>(op).is_some() {
        return Some(Handler::new(Refusal::TypedError, |case, _| {
            let mut results = each_way(case, &Params::f64(), |session| derivatives(session, case))?;
            results.planned("on the tape of scalars", by_scalars(case)?);
            Ok(results)
        }));
    }
    let f = map(op)?;
    Some(Handler::new(Refusal::TypedError, move |case, _| {
        each_way(case, &Params::f64(), |session| jacobians(session, case, f))
    }))
}

/// What the case says of its function: the formula is the one that is written here, and the numbers of inputs and outputs are
/// those of the arrays.
fn check_args(case: &Case, inputs: usize, outputs: usize) {
    case.args.says("n", inputs);
    case.args.says("m", outputs);
    case.args.says("formula", formula(&case.op));
}

fn formula(op: &str) -> &'static str {
    match op {
        "rosenbrock" => "sum_i 100 (x[i+1]-x[i]^2)^2 + (1-x[i])^2",
        "beale" => "(1.5-x+xy)^2 + (2.25-x+xy^2)^2 + (2.625-x+xy^3)^2",
        "himmelblau" => "(x^2+y-11)^2 + (x+y^2-7)^2",
        "ackley" => "-20 exp(-0.2 sqrt(sum x^2 / n)) - exp(sum cos(2 pi x) / n) + 20 + e",
        "rastrigin" => "10 n + sum(x^2 - 10 cos(2 pi x))",
        "logsumexp_quad" => "log sum exp(x) + sum(x^2)/2 - sum_i x[i] x[i+1]",
        "mlp_loss" => concat!(
            "x = [W1 (3x2, row-major), b1 (3), W2 (3), b2]; mean over 3 samples (0.5,-1;0.3), ",
            "(-0.2,0.8;-0.6), (1.1,0.4;0.9) of (W2 . tanh(W1 u + b1) + b2 - y)^2 / 2",
        ),
        "polar" => "(r cos t, r sin t)",
        "spherical" => "(r sin t cos p, r sin t sin p, r cos t)",
        "wide" => "(sin(xy), exp(x-y), x/(1+y^2), tanh(x) y, x^3)",
        "tall" => "(sum x^2, sum(sin x) * x0)",
        "softmax_fn" => "exp(x)/sum exp(x)",
        _ => "none is known",
    }
}

/// A function of several numbers.
pub(crate) type Function<T> = fn(&[T]) -> T;

pub(crate) fn function<T: Real>(op: &str) -> Option<Function<T>>
where
    f64: Operand<T>,
{
    let function: Function<T> = match op {
        "rosenbrock" => rosenbrock,
        "beale" => |x| {
            let [x, y] = [x[0], x[1]];
            (1.5 - x + x * y).square()
                + (2.25 - x + x * y.square()).square()
                + (2.625 - x + x * y.powf(3.0)).square()
        },
        "himmelblau" => |x| (x[0].square() + x[1] - 11.0).square() + (x[0] + x[1].square() - 7.0).square(),
        "ackley" => |x| {
            let n = x.len() as f64;
            let squares = total(x.iter().map(|x| x.square())) / n;
            let waves = total(x.iter().map(|&x| (TAU * x).cos())) / n;
            -20.0 * (-0.2 * squares.sqrt()).exp() - waves.exp() + 20.0 + E
        },
        "rastrigin" => |x| {
            let terms = x.iter().map(|&x| x.square() - 10.0 * (TAU * x).cos() + 10.0);
            total(terms)
        },
        "logsumexp_quad" => |x| {
            let exponentials = total(x.iter().map(|x| x.exp()));
            let squares = total(x.iter().map(|x| x.square()));
            exponentials.ln() + 0.5 * squares - total(x.windows(2).map(|x| x[0] * x[1]))
        },
        "mlp_loss" => mlp_loss,
        _ => return None,
    };
    Some(function)
}
pub(crate) fn rosenbrock<T: Real>(x: &[T]) -> T
where
    f64: Operand<T>,
{
    total(x.windows(2).map(|x| 100.0 * (x[1] - x[0].square()).square() + (1.0 - x[0]).square()))
}

/// Three hidden units on two inputs; the samples are those of the case's formula.
fn mlp_loss<T: Real>(x: &[T]) -> T
where
    f64: Operand<T>,
{
    let samples = [([0.5, -1.0], 0.3), ([-0.2, 0.8], -0.6), ([1.1, 0.4], 0.9)];
    let (w1, b1, w2, b2) = (&x[..6], &x[6..9], &x[9..12], x[12]);
    let errors = samples.map(|([u, v], y)| {
        let hidden = |i: usize| (w1[2 * i] * u + w1[2 * i + 1] * v + b1[i]).tanh();
        0.5 * (total((0..3).map(|i| w2[i] * hidden(i))) + b2 - y).square()
    });
    total(errors) / 3.0
}

fn map(op: &str) -> Option<Map> {
    let map: Map = match op {
        "polar" => |x| vec![x[0] * x[1].cos(), x[0] * x[1].sin()],
        "spherical" => |x| {
            let [r, t, p] = [x[0], x[1], x[2]];
            vec![r * t.sin() * p.cos(), r * t.sin() * p.sin(), r * t.cos()]
        },
        "wide" => |x| {
            let [x, y] = [x[0], x[1]];
            vec![(x * y).sin(), (x - y).exp(), x / (1.0 + y.square()), x.tanh() * y, x.powf(3.0)]
        },
        "tall" => |x| {
            let sines = total(x.iter().map(|x| x.sin()));
            vec![total(x.iter().map(|x| x.square())), sines * x[0]]
        },
        "softmax_fn" => |x| {
            let exponentials: Vec<_> = x.iter().map(|x| x.exp()).collect();
            let sum = total(exponentials.iter().copied());
            exponentials.into_iter().map(|e| e / sum).collect()
        },
        _ => return None,
    };
    Some(map)
}

fn derivatives(session: &Session<'_>, case: &Case) -> Result<Results, Fault> {
    let f = function(&case.op).expect("a known function");
    let x = variables(session, case, "x")?;
    let (v, w) = (constants(session, case, "v")?, constants(session, case, "w")?);
    let n = x.len();
    check_args(case, n, 1);
    let y = f(&x);
    let gradient = y.grads(&x);
    let first = y.jvp(&x, &v);
    let second = first.jvp(&x, &v);

    let mut results = Results::default();
    results.put("out", "value", pack(session, case, &[], [y])?);
    results.put("out", "hessian", pack(session, case, &[n, n], jacobian(&gradient, &x))?);
    results.put("out", "hvp", pack(session, case, &[n], along(&gradient, &x, &v))?);
    results.put("out", "directional", pack(session, case, &[3], [first, second, second.jvp(&x, &v)])?);
    results.put("out", "third_vw", pack(session, case, &[n], first.jvp(&x, &w).grads(&x))?);
    results.put("out", "gradient", pack(session, case, &[n], gradient)?);
    Ok(results)
}

/// The same on the scalar tape, with one level of dual numbers for each order.
fn by_scalars(case: &Case) -> Result<Results, Fault> {
    let numbers = |label| Ok::<Vec<f64>, Fault>(case.f64("in", label)?.iter().copied().collect());
    let [at, v, w] = [numbers("x")?, numbers("v")?, numbers("w")?];
    let tape = scalar::Tape::new();
    let x: Vec<_> = at.iter().map(|&x| tape.var(x)).collect();
    let n = x.len();
    let op = case.op.as_str();

    let y = function(op).expect("a known function")(&x);
    let hessian = scalar::hessian(|x| function(op).expect("a known function")(x), &at);
    let along = |v: &[f64]| -> Vec<Dual<scalar::Var<'_>>> {
        x.iter().zip(v).map(|(&x, &v)| Dual::new(x, v)).collect()
    };
    let hvp = function(op).expect("a known function")(&along(&v)).tangent.grads(&x);
    let twice = |v: &[f64], w: &[f64]| {
        let x: Vec<_> = along(v).into_iter().zip(w).map(|(x, &w)| Dual::new(x, w)).collect();
        function(op).expect("a known function")(&x)
    };
    let third_vw = twice(&v, &w).tangent.tangent.grads(&x);
    let second = twice(&v, &v);
    let third: f64 = twice(&v, &v).tangent.tangent.grads(&x).iter().zip(&v).map(|(g, v)| g * v).sum();

    let mut results = Results::default();
    let shaped = |shape: &[usize], values: Vec<f64>| Array::shaped(shape, values);
    results.put("out", "value", shaped(&[], vec![y.value()]));
    results.put("out", "gradient", shaped(&[n], y.grads(&x)));
    results.put("out", "hessian", shaped(&[n, n], hessian.concat()));
    results.put("out", "hvp", shaped(&[n], hvp));
    results.put("out", "third_vw", shaped(&[n], third_vw));
    let directional = vec![second.value.tangent.value(), second.tangent.tangent.value(), third];
    results.put("out", "directional", shaped(&[3], directional));
    Ok(results)
}

fn jacobians(session: &Session<'_>, case: &Case, f: Map) -> Result<Results, Fault> {
    let x = variables(session, case, "x")?;
    let (v, u) = (constants(session, case, "v")?, constants(session, case, "u")?);
    let ys = f(&x);
    let (m, n) = (ys.len(), x.len());
    check_args(case, n, m);
    let rows = jacobian(&ys, &x);
    let vjp = total(ys.iter().zip(&u).map(|(&y, &u)| y * u)).grads(&x);

    let mut results = Results::default();
    results.put("out", "jvp", pack(session, case, &[m], along(&ys, &x, &v))?);
    results.put("out", "vjp", pack(session, case, &[n], vjp)?);
    results.put("out", "hessians", pack(session, case, &[m, n, n], jacobian(&rows, &x))?);
    results.put("out", "jacobian", pack(session, case, &[m, n], rows)?);
    results.put("out", "value", pack(session, case, &[m], ys)?);
    Ok(results)
}
