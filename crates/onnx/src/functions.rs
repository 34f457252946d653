//! The elementwise functions: operators where ONNX has one, else formulas of the same accuracy for finite arguments.

use crate::model::Attribute;
use crate::term::Term;
use crate::trace::{At, Why};
use autograd::DType;
use autograd::planned::{Binary, Compare, Family, Unary};
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_PI_2, LN_2, LN_10, PI};

/// Functions of one argument.
pub(crate) fn unary<'a>(at: &At<'a>, f: Unary) -> Term<'a> {
    let x = at.x(0);
    match f {
        Unary::Neg => -x,
        Unary::Exp => x.op("Exp"),
        Unary::Expm1 => expm1(x),
        Unary::Ln => x.op("Log"),
        Unary::Ln1p => ln_1p(x),
        Unary::Sqrt => x.op("Sqrt"),
        Unary::Square => x * x,
        Unary::Recip => x.op("Reciprocal"),
        Unary::Powf(p) => x.with("Pow", p),
        Unary::Sin => x.op("Sin"),
        Unary::Cos => x.op("Cos"),
        Unary::Asin => x.op("Asin"),
        Unary::Acos => x.op("Acos"),
        Unary::Atan => x.op("Atan"),
        Unary::Floor => x.op("Floor"),
        Unary::Ceil => x.op("Ceil"),
        Unary::Abs => x.op("Abs"),
        Unary::Sign => x.op("Sign"),
        Unary::Tanh => x.op("Tanh"),
        Unary::Sigmoid => x.op("Sigmoid"),
        Unary::Softplus => x.op("Softplus"),
        Unary::Relu => x.op("Relu"),
        Unary::LeakyRelu(slope) => match alpha(at, slope) {
            Some(alpha) => x.op_with("LeakyRelu", alpha),
            None => x.with("Greater", 0.0).choose(x, x * slope, x),
        },
        Unary::Elu(a) => match alpha(at, a) {
            Some(alpha) => x.op_with("Elu", alpha),
            None => x.with("Greater", 0.0).choose(x, expm1(x.with("Min", 0.0)) * a, x),
        },
        Unary::Swish => x * x.op("Sigmoid"),
        Unary::Erf => x.op("Erf"),
        Unary::NormalCdf => normal_cdf(x),
        Unary::Gelu => x * normal_cdf(x),
        Unary::GeluTanh => {
            let twice = x * (x * x * 0.07135481627260025 + 1.5957691216057308);
            x * twice.op("Sigmoid")
        }
        Unary::Tan => x.op("Tan"),
        Unary::Sinh => x.op("Sinh"),
        Unary::Cosh => x.op("Cosh"),
        Unary::Asinh => x.op("Asinh"),
        Unary::Acosh => x.op("Acosh"),
        Unary::Atanh => x.op("Atanh"),
        Unary::Cbrt => x.op("Sign") * x.op("Abs").with("Pow", 1.0 / 3.0),
        Unary::Exp2 => Term::new(at.writer(), at.number(2.0), at.node.dtype()).with("Pow", x),
        Unary::Log2 => x.op("Log") / LN_2,
        Unary::Log10 => x.op("Log") / LN_10,
    }
}

/// Functions of two arguments.
pub(crate) fn binary<'a>(at: &At<'a>, f: Binary) -> Term<'a> {
    let [a, b] = at.loose(0)[..] else { unreachable!("a function of two arguments") };
    match f {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::Maximum => a.with("Max", b),
        Binary::Minimum => a.with("Min", b),
        Binary::Pow => a.with("Pow", b),
        Binary::StrongMul => a.with("Equal", 0.0).choose(a, a * b, a),
        Binary::AbsoluteMul => {
            let product = b.with("Equal", 0.0).choose(b, a * b, a);
            a.with("Equal", 0.0).choose(a, product, a)
        }
        Binary::Atan2 => {
            let turn = a.with("Less", 0.0).choose(-PI, PI, a);
            let turned = (a / b).op("Atan") + b.with("Less", 0.0).choose(turn, 0.0, a);
            b.with("Equal", 0.0).choose(a.op("Sign") * FRAC_PI_2, turned, a)
        }
        Binary::Hypot => {
            let (a, b) = (a.op("Abs"), b.op("Abs"));
            let (long, short) = (a.with("Max", b), a.with("Min", b));
            let share = short / long;
            long.with("Equal", 0.0).choose(long, long * (share * share + 1.0).op("Sqrt"), long)
        }
        Binary::Logaddexp => {
            let further = ln_1p((-(a - b).op("Abs")).op("Exp"));
            a.with("Equal", b).choose(a + LN_2, a.with("Max", b) + further, a)
        }
    }
}

/// Comparisons, of truth values as of the numbers 0 and 1.
pub(crate) fn compare<'a>(at: &At<'a>, f: Compare) -> Term<'a> {
    let [a, b] = at.loose(0)[..] else { unreachable!("a comparison of two") };
    let number = |x: Term<'a>| if at.operand(0).1 == DType::Bool { x.cast(DType::I64) } else { x };
    let (a, b) = (number(a), number(b));
    match f {
        Compare::Gt => a.with("Greater", b),
        Compare::Ge => a.with("GreaterOrEqual", b),
        Compare::Lt => a.with("Less", b),
        Compare::Le => a.with("LessOrEqual", b),
        Compare::Eq => a.with("Equal", b),
        Compare::Ne => a.with("Equal", b).op("Not"),
    }
}

/// The special functions that a few operators make.
pub(crate) fn special<'a>(at: &At<'a>, family: Family, order: u32) -> Result<Term<'a>, Why> {
    let x = at.x(0);
    let at_zero = |value: f64, y: Term<'a>| x.with("Equal", 0.0).choose(value, y, x);
    Ok(match (family, order) {
        (Family::Erfc, 0) => -(x.op("Erf") - 1.0),
        (Family::Sinc, 0) => at_zero(1.0, (x * PI).op("Sin") / (x * PI)),
        (Family::Sinhc, 0) => at_zero(1.0, x.op("Sinh") / x),
        (Family::Phi1, 0) => at_zero(1.0, expm1(x) / x),
        (Family::TanhShrink, 0) => x - x.op("Tanh"),
        (Family::Entropy, 0) => at_zero(0.0, -(x * x.op("Log"))),
        (
            Family::LnGamma
            | Family::Gamma
            | Family::Erfc
            | Family::Erfcx
            | Family::Erfinv
            | Family::NormalQuantile
            | Family::BesselJ
            | Family::BesselI
            | Family::I0e
            | Family::I1e
            | Family::Sinc
            | Family::Sinhc
            | Family::Phi1
            | Family::TanhShrink
            | Family::Entropy,
            _,
        ) => {
            return Err(Why::Hint(
                "ONNX has no such special function: make its values an input, or end the model before it",
            ));
        }
    })
}

/// The parameter of an operator, which has single precision: none where the numbers have more.
fn alpha(at: &At<'_>, x: f64) -> Option<Vec<(&'static str, Attribute)>> {
    (at.node.dtype() == DType::F32).then(|| vec![("alpha", Attribute::Float(x as f32))])
}

/// eˣ − 1 = tanh(x/2)·(eˣ + 1), where nothing cancels.
fn expm1(x: Term<'_>) -> Term<'_> {
    (x * 0.5).op("Tanh") * (x.op("Exp") + 1.0)
}

/// ln u·x/(u − 1) with u = 1 + x as it is rounded: the two roundings cancel. Source: W. Kahan, in D. Goldberg, "What every
/// computer scientist should know about floating-point arithmetic", 1991, theorem 4.
fn ln_1p(x: Term<'_>) -> Term<'_> {
    let u = x + 1.0;
    let log = u.op("Log");
    let near = u.with("Equal", 1.0).choose(x, log * (x / (u - 1.0)), x);
    u.with("Greater", 2.0).choose(log, near, x)
}

/// ½·(1 + erf(x/√2)): as accurate as its operator near 1 and 0, but in the left tail only relative to 1.
fn normal_cdf(x: Term<'_>) -> Term<'_> {
    ((x * FRAC_1_SQRT_2).op("Erf") + 1.0) * 0.5
}
