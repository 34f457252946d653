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
        // The order of a polygamma function stands in its name as well.
        case.args.remarks(&["pytorch_error", "n"]);
        let f = function(&case.op).ok_or_else(|| Fault::Unsupported(case.op.clone()))?;
        // Zeros and infinities come with a cotangent.
        if case.labels("grad").next().is_some() {
            return evaluate(case, |x, _| f(x));
        }
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
        "lgamma" => |x| x[0].ln_gamma(),
        "digamma" => |x| x[0].digamma(),
        "trigamma" => |x| x[0].trigamma(),
        "gamma" => |x| x[0].gamma(),
        "erfc" => |x| x[0].erfc(),
        "erfcx" => |x| x[0].erfcx(),
        "erfinv" => |x| x[0].erfinv(),
        "ndtri" => |x| x[0].normal_quantile(),
        "log_ndtr" => |x| x[0].ln_normal_cdf(),
        "i0" => |x| x[0].bessel_i(0),
        "i1" => |x| x[0].bessel_i(1),
        "i0e" => |x| x[0].bessel_i0e(),
        "i1e" => |x| x[0].bessel_i1e(),
        "j0" => |x| x[0].bessel_j(0),
        "j1" => |x| x[0].bessel_j(1),
        "sinc" => |x| x[0].sinc(),
        "logit" => |x| x[0].logit(),
        "entr" => |x| x[0].entr(),
        "gudermannian" => |x| x[0].gudermannian(),
        "gammaln_ratio" => |x| x[0].ln_gamma_ratio(0.5),
        "lbeta" => |x| x[0].ln_beta(x[1]),
        "logsubexp" => |x| x[0].logsubexp(x[1]),
        "rel_entr" => |x| x[0].rel_entr(x[1]),
        "kl_div_pointwise" => |x| x[0].kl_terms(x[1]),
        "gammainc" => |x| x[1].gamma_p(x[0]),
        "gammaincc" => |x| x[1].gamma_q(x[0]),
        "coshm1" => |x| x[0].cosh_m1(),
        "versine" => |x| x[0].versine(),
        "exp2m1" => |x| x[0].exp2_m1(),
        "sqrt1pm1" => |x| x[0].sqrt_1p_m1(),
        "sigmoid_minus_half" => |x| x[0].centred_sigmoid(),
        "softsign" => |x| x[0].softsign(),
        "tanhshrink" => |x| x[0].tanhshrink(),
        "log_cosh" => |x| x[0].log_cosh(),
        "langevin" => |x| x[0].langevin(),
        "phi1_expm1_over_x" => |x| x[0].phi1(),
        "bernoulli_x_over_expm1" => |x| x[0].bernoulli_function(),
        "expm1_ratio" => |x| x[0].exp_m1() / x[1].exp_m1(),
        _ => return polygamma(op),
    };
    Some(f)
}

/// `polygamma_N`.
fn polygamma(op: &str) -> Option<Function> {
    let f: Function = match op.strip_prefix("polygamma_")? {
        "0" => |x| x[0].digamma(),
        "1" => |x| x[0].polygamma(1),
        "2" => |x| x[0].polygamma(2),
        "3" => |x| x[0].polygamma(3),
        "4" => |x| x[0].polygamma(4),
        "5" => |x| x[0].polygamma(5),
        "6" => |x| x[0].polygamma(6),
        _ => return None,
    };
    Some(f)
}
