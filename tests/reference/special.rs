//! Values and first and second derivatives of functions, correctly rounded: the groups `special` and `delicate`.

use autograd::{Params, Var};

use crate::array::Array;
use crate::evaluate::evaluate;
use crate::format::Case;
use crate::runner::{Fault, Handler, Refusal, Results};
use crate::sessions::{Session, each_way};

/// A function of one or two vectors.
type Function = for<'t> fn(&[Var<'t>]) -> Var<'t>;

pub(crate) fn find(op: &str) -> Option<Handler> {
    function(op)?;
    Some(Handler::new(Refusal::TypedError, |case, _| {
        case.args.remarks(&["pytorch_error"]);
        if case.labels("in").any(|held| held == "y") {
            return evaluate(case, |x, _| x[0].xlogy(x[1]));
        }
        let f = function(&case.op).ok_or_else(|| Fault::Unsupported(case.op.clone()))?;
        each_way(case, &Params::f64(), |session| derivatives(session, case, f))
    }))
}

fn derivatives(session: &Session<'_>, case: &Case, f: Function) -> Result<Results, Fault> {
    let all = if case.labels("in").any(|held| held == "x") {
        let x = session.leaf(case.array("in", "x")?, true);
        let y = f(&[x]);
        // Each element depends on its own x alone: the gradient of the sum holds all derivatives.
        let [dy] = y.sum().grad([x]);
        let [d2y] = dy.sum().grad([x]);
        vec![("y", y), ("dy", dy), ("d2y", d2y)]
    } else {
        let (a, b) = (case.array("in", "x1")?, case.array("in", "x2")?);
        let (a, b) = (session.leaf(a, true), session.leaf(b, true));
        let y = f(&[a, b]);
        let [da, db] = y.sum().grad([a, b]);
        let [d11, d12] = da.sum().grad([a, b]);
        let [d22] = db.sum().grad([b]);
        vec![("y", y), ("dx1", da), ("dx2", db), ("d11", d11), ("d12", d12), ("d22", d22)]
    };
    let mut results = Results::default();
    for (label, y) in all {
        if !case.labels("out").any(|held| held == label) {
            continue;
        }
        if label == "d11" && ["xlogy", "xlog1py"].contains(&case.op.as_str()) {
            results.waive("out", label, "it is 0, and the stored numbers are rounding errors of 50 digits");
        } else if label == "d2y" && only_absolute(case) {
            results.waive("out", label, "near 0 the second derivative has absolute accuracy alone");
        } else {
            results.put("out", label, Array::shaped(&y.shape(), session.read(case, y)?.floats()));
        }
    }
    Ok(results)
}

/// σ″ and tanh″ are differences of numbers that are nearly equal near 0, where they vanish.
fn only_absolute(case: &Case) -> bool {
    ["near_zero/sigmoid", "near_zero/tanh"].contains(&case.name.as_str())
}

/// The functions that the table has, and plain compositions of them that lose no digits.
fn function(op: &str) -> Option<Function> {
    let f: Function = match op {
        "expm1" => |x| x[0].exp_m1(),
        "log" => |x| x[0].ln(),
        "log1p" => |x| x[0].ln_1p(),
        "exp2" => |x| x[0].exp2(),
        "log2" => |x| x[0].log2(),
        "log10" => |x| x[0].log10(),
        "sin" => |x| x[0].sin(),
        "cos" => |x| x[0].cos(),
        "tan" => |x| x[0].tan(),
        "asin" => |x| x[0].asin(),
        "acos" => |x| x[0].acos(),
        "atan" => |x| x[0].atan(),
        "sinh" => |x| x[0].sinh(),
        "cosh" => |x| x[0].cosh(),
        "tanh" => |x| x[0].tanh(),
        "asinh" => |x| x[0].asinh(),
        "acosh" => |x| x[0].acosh(),
        "atanh" => |x| x[0].atanh(),
        "cbrt" => |x| x[0].cbrt(),
        "erf" => |x| x[0].erf(),
        "ndtr" => |x| x[0].normal_cdf(),
        "sigmoid" => |x| x[0].sigmoid(),
        "softplus" => |x| x[0].softplus(),
        "logsigmoid" => |x| -(-x[0]).softplus(),
        "relu" => |x| x[0].relu(),
        "elu" => |x| x[0].elu(1.0),
        "silu" => |x| x[0].swish(),
        "gelu" => |x| x[0].gelu(),
        "gelu_tanh" => |x| x[0].gelu_tanh(),
        "selu" => |x| x[0].selu(),
        "celu" => |x| x[0].celu(2.0),
        "mish" => |x| x[0].mish(),
        "exp10" => |x| x[0].exp10(),
        "log1mexp" => |x| (-x[0]).log1mexp(),
        "log_expm1" => |x| x[0].log_expm1(),
        "sec" => |x| x[0].sec(),
        "sech" => |x| x[0].sech(),
        "xlogy" => |x| x[0].xlogy(x[1]),
        "xlog1py" => |x| x[0].xlog1py(x[1]),
        "log_base" => |x| x[0].ln() / x[1].ln(),
        "div" => |x| x[0] / x[1],
        "pow" => |x| x[0].pow(x[1]),
        "atan2" => |x| x[0].atan2(x[1]),
        "hypot" => |x| x[0].hypot(x[1]),
        "logaddexp" => |x| x[0].logaddexp(x[1]),
        _ => return None,
    };
    Some(f)
}
