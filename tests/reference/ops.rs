//! Single operations on tensors: the groups `ops_*`.
//!
//! Each case is one line of the engine's own operations. An op that would need an algorithm here is not supported.

use autograd::Var;
use nn::Activation;

use crate::args::Args;
use crate::evaluate::{evaluate, evaluate_all, evaluate_eagerly};
use crate::format::Case;
use crate::indexing;
use crate::layouts::{layers, layout, parts};
use crate::linalg;
use crate::runner::{Fault, Handler, Refusal, Results};
use crate::sliding::{convolutions, interpolations, pool_form, pools};

/// One op: inputs and parameters to the output.
pub(crate) type Row = for<'t> fn(&[Var<'t>], &Args) -> Var<'t>;

/// An op with several outputs.
pub(crate) type Outputs = for<'t> fn(&[Var<'t>], &Args) -> Vec<Var<'t>>;

pub(crate) fn find(op: &str) -> Option<Handler> {
    if let Some(row) = indexing::eager(op) {
        return Some(Handler::new(Refusal::PanicInCaller, move |case, _| evaluate_eagerly(case, row)));
    }
    let outputs = several_outputs(op).or_else(|| indexing::with_indices(op));
    if let Some(row) = outputs.or_else(|| linalg::several_outputs(op)) {
        return Some(Handler::new(Refusal::PanicInCaller, move |case, _| {
            if case.convention {
                // Another choice than that of the engine: the gradients are not held.
                case.args.remarks(&["ties"]);
            }
            let mut results = evaluate_all(case, row)?;
            if ["cummax", "cummin"].contains(&case.op.as_str()) {
                results.same_convention();
            }
            Ok(results)
        }));
    }
    let row = elementwise(op).or_else(|| several(op)).or_else(|| rows(op)).or_else(|| products(op));
    let row = row.or_else(|| reductions(op)).or_else(|| layout(op)).or_else(|| parts(op));
    let row = row.or_else(|| layers(op)).or_else(|| convolutions(op)).or_else(|| pools(op));
    let row =
        row.or_else(|| interpolations(op)).or_else(|| linalg::find(op)).or_else(|| indexing::find(op))?;
    Some(Handler::new(Refusal::PanicInCaller, move |case, _| {
        overlook(case);
        with_conventions(case, evaluate(case, row)?)
    }))
}

/// What changes nothing that is held: an axis of elementwise functions and of sums over all elements.
fn overlook(case: &Case) {
    let op = case.op.as_str();
    if elementwise(op).is_some() || ["sum_all", "mean_all"].contains(&op) {
        case.args.remarks(&["axis"]);
    }
}

/// Which of the choices at kinks, ties and infinities are those of the software behind the stored numbers.
fn with_conventions(case: &Case, mut results: Results) -> Result<Results, Fault> {
    let inputs = || Ok::<_, Fault>(case.array("in", "x")?.floats().into_iter().enumerate());
    match case.op.as_str() {
        "abs" | "elu" | "leaky_relu" | "max_pool2d" | "relu" => results.same_convention(),
        "amax" | "amin" | "scatter_reduce" => results.same_convention(),
        // There is no convention for the gradient at nan.
        "norm" if !case.arrays("in")[0].1.floats().iter().any(|x| x.is_nan()) => results.same_convention(),
        "logsumexp" => results.takes_limits(),
        "add" | "atan2" | "div" | "hypot" | "maximum" | "minimum" | "mul" | "pow" | "sub" => {
            results.same_convention()
        }
        "sign" => {
            results.same_convention();
            let nans = inputs()?.filter(|(_, x)| x.is_nan()).collect();
            results.instead("out", "y", "sign(nan) is nan, as in NumPy", nans);
        }
        "sigmoid" if case.atol == 0.0 => {
            let tails = inputs()?.filter(|(_, x)| x.is_finite() && x.abs() > 36.0);
            let slopes = tails.map(|(at, x)| (at, sigmoid_slope(x))).collect();
            results.instead("grad", "x", "1 - y of the stored y (1 - y) is lost to rounding", slopes);
        }
        "gelu" | "silu" => {
            results.takes_limits();
            let lowest = inputs()?.filter(|(_, x)| *x == f64::NEG_INFINITY);
            let zeros = lowest.map(|(at, _)| (at, 0.0)).collect();
            results.instead("out", "y", "the limit at -inf is 0", zeros);
        }
        "pow_scalar" => {
            results.takes_limits();
            if case.args.read::<f64>("exponent")? == 0.5 {
                let why = "by IEEE 754's pow, not as a square root";
                let infinite_at = |special: f64| -> Result<Vec<_>, Fault> {
                    let positions = inputs()?.filter(|(_, x)| x.to_bits() == special.to_bits());
                    Ok(positions.map(|(at, _)| (at, f64::INFINITY)).collect())
                };
                results.instead("out", "y", why, infinite_at(f64::NEG_INFINITY)?);
                results.instead("grad", "x", why, infinite_at(-0.0)?);
            }
        }
        _ => {}
    }
    Ok(results)
}

/// The derivative of the sigmoid, e^-|x| / (1 + e^-|x|)^2, accurate far out as well.
pub(crate) fn sigmoid_slope(x: f64) -> f64 {
    let e = (-x.abs()).exp();
    e / (1.0 + e).powi(2)
}

/// Functions of one tensor.
fn elementwise(op: &str) -> Option<Row> {
    let row: Row = match op {
        "neg" => |x, _| -x[0],
        "exp" => |x, _| x[0].exp(),
        "expm1" => |x, _| x[0].exp_m1(),
        "exp2" => |x, _| x[0].exp2(),
        "log" => |x, _| x[0].ln(),
        "log1p" => |x, _| x[0].ln_1p(),
        "log2" => |x, _| x[0].log2(),
        "log10" => |x, _| x[0].log10(),
        "sqrt" => |x, _| x[0].sqrt(),
        "rsqrt" => |x, _| x[0].sqrt().recip(),
        "square" => |x, _| x[0].square(),
        "reciprocal" => |x, _| x[0].recip(),
        "pow_scalar" => |x, args| x[0].powf(args.need("exponent")),
        "scalar_pow" => |x, args| (x[0] * args.need::<f64>("base").ln()).exp(),
        "sin" => |x, _| x[0].sin(),
        "cos" => |x, _| x[0].cos(),
        "tan" => |x, _| x[0].tan(),
        "sinh" => |x, _| x[0].sinh(),
        "cosh" => |x, _| x[0].cosh(),
        "tanh" => |x, _| x[0].tanh(),
        "asin" => |x, _| x[0].asin(),
        "acos" => |x, _| x[0].acos(),
        "atan" => |x, _| x[0].atan(),
        "erf" => |x, _| x[0].erf(),
        "floor" => |x, _| x[0].floor(),
        "ceil" => |x, _| x[0].ceil(),
        "abs" => |x, _| x[0].abs(),
        "sign" => |x, _| x[0].sign(),
        "sigmoid" => |x, _| x[0].sigmoid(),
        "logsigmoid" => |x, _| -(-x[0]).softplus(),
        "softplus" => |x, args| {
            // Beyond beta x = 20 that of the stored numbers is the identity, which is the same within 3e-9.
            args.says("threshold", 20.0);
            let beta = args.optional("beta", 1.0);
            (beta * x[0]).softplus() / beta
        },
        "relu" => |x, _| x[0].relu(),
        "leaky_relu" => |x, args| x[0].leaky_relu(args.need("negative_slope")),
        "lgamma" => |x, _| x[0].ln_gamma(),
        "digamma" => |x, _| x[0].digamma(),
        "erfc" => |x, _| x[0].erfc(),
        "elu" => |x, args| x[0].elu(args.optional("alpha", 1.0)),
        "gelu" => |x, args| match args.optional("approximate", "none".to_owned()).as_str() {
            "none" => x[0].gelu(),
            "tanh" => x[0].gelu_tanh(),
            _ => args.unknown("approximate"),
        },
        "silu" => |x, _| x[0].swish(),
        "clamp" => |x, args| {
            let above = x[0].maximum(args.optional("min", f64::NEG_INFINITY));
            above.minimum(args.optional("max", f64::INFINITY))
        },
        "add_scalar" => |x, args| x[0] + args.need::<f64>("scalar"),
        "sub_scalar" => |x, args| x[0] - args.need::<f64>("scalar"),
        "rsub_scalar" => |x, args| args.need::<f64>("scalar") - x[0],
        "mul_scalar" => |x, args| x[0] * args.need::<f64>("scalar"),
        "div_scalar" => |x, args| x[0] / args.need::<f64>("scalar"),
        "rdiv_scalar" => |x, args| args.need::<f64>("scalar") / x[0],
        _ => return None,
    };
    Some(row)
}

/// Functions of several tensors, and choices.
fn several(op: &str) -> Option<Row> {
    let row: Row = match op {
        "add" => |x, _| x[0] + x[1],
        "sub" => |x, _| x[0] - x[1],
        "mul" => |x, _| x[0] * x[1],
        "div" => |x, _| x[0] / x[1],
        "maximum" => |x, _| x[0].maximum(x[1]),
        "minimum" => |x, _| x[0].minimum(x[1]),
        "pow" => |x, _| x[0].pow(x[1]),
        "atan2" => |x, _| x[0].atan2(x[1]),
        "hypot" => |x, _| x[0].hypot(x[1]),
        "logaddexp" => |x, _| x[0].logaddexp(x[1]),
        "pow_self" => |x, _| twice(x[0], |a, b| a.pow(b)),
        "sub_self" => |x, _| twice(x[0], |a, b| a - b),
        "mul_self" => |x, _| twice(x[0], |a, b| a * b),
        "div_self" => |x, _| twice(x[0], |a, b| a / b),
        "clamp_tensor" => |x, _| x[0].maximum(x[1]).minimum(x[2]),
        "where" => |x, _| x[0].select(x[1], x[2]),
        "where_log" => |x, _| x[0].gt(0.0).select(x[0].ln(), 0.0),
        _ => return None,
    };
    Some(row)
}

/// Sums, softmax, and entries by index.
fn rows(op: &str) -> Option<Row> {
    let row: Row = match op {
        "sum" => |x, args| over(x[0], args, |x, axes| x.sum_over(axes)),
        "mean" => |x, args| over(x[0], args, |x, axes| x.mean_over(axes)),
        "sum_all" => |x, _| x[0].sum(),
        "mean_all" => |x, _| x[0].mean(),
        "cumsum" => |x, args| x[0].cumsum(args.axis()),
        "cumsum_reverse" => |x, args| x[0].flip(args.axis()).cumsum(args.axis()).flip(args.axis()),
        "gather" => |x, args| x[0].gather(args.axis(), x[1]),
        "scatter_add" => |x, args| x[0].scatter_add(args.axis(), x[1], x[2]),
        "softmax" => |x, args| x[0].softmax(args.axis()),
        // Along the second axis; the one that the case names is that of its neighbours in a list.
        "softmax1" => |x, args| {
            args.says("axis", 0);
            x[0].softmax(1)
        },
        "log_softmax" => |x, args| x[0].log_softmax(args.axis()),
        "pick_per_row" => |x, _| x[0].pick(x[1]),
        _ => return None,
    };
    Some(row)
}

/// Extremes and statistics over axes.
fn reductions(op: &str) -> Option<Row> {
    let row: Row = match op {
        "amax" => |x, args| {
            args.says("ties", "spread evenly");
            over(x[0], args, |x, axes| x.max_over(axes))
        },
        "amin" => |x, args| {
            args.says("ties", "spread evenly");
            over(x[0], args, |x, axes| x.min_over(axes))
        },
        "argmax" => |x, args| x[0].argmax(args.need::<isize>("axis")),
        "argmin" => |x, args| x[0].argmin(args.need::<isize>("axis")),
        "logsumexp" => |x, args| over(x[0], args, |x, axes| x.logsumexp_over(axes)),
        "var" => |x, args| over(x[0], args, |x, axes| x.var_over(axes, args.need("ddof"))),
        "std" => |x, args| over(x[0], args, |x, axes| x.std_over(axes, args.need("ddof"))),
        "norm" => |x, args| match args.need::<f64>("p") {
            p if p > 0.0 => over(x[0], args, |x, axes| x.norm_over(p, axes)),
            _ => args.unknown("p"),
        },
        _ => return None,
    };
    Some(row)
}

/// A reduction over the axes of a case, where none are named over all.
pub(crate) fn over<'t>(x: Var<'t>, args: &Args, f: impl Fn(Var<'t>, &[isize]) -> Var<'t>) -> Var<'t> {
    let keepdim = args.optional("keepdim", false);
    let axes = args.axes().unwrap_or_else(|| (0..x.rank() as isize).collect());
    let y = f(x, &axes);
    if !keepdim {
        return y;
    }
    let mut shape = x.shape().to_vec();
    for axis in axes {
        shape[axis.rem_euclid(x.rank() as isize) as usize] = 1;
    }
    y.reshape(&shape[..])
}

/// Ops with more than one output.
fn several_outputs(op: &str) -> Option<Outputs> {
    let row: Outputs = match op {
        "max_with_index" => |x, args| {
            let values = over(x[0], args, |x, axes| x.max_over(axes));
            vec![values, over(x[0], args, |x, axes| x.argmax(axes[0]))]
        },
        "min_with_index" => |x, args| {
            let values = over(x[0], args, |x, axes| x.min_over(axes));
            vec![values, over(x[0], args, |x, axes| x.argmin(axes[0]))]
        },
        "split" => |x, args| x[0].split_into(args.need("axis"), &args.need::<Vec<usize>>("sizes")),
        "max_pool2d_with_indices" => |x, args| {
            let (values, places) = x[0].max_pool2d_with_index(pool_form(args));
            vec![values, places]
        },
        "meshgrid" => |x, args| {
            args.says("indexing", "xy");
            Var::meshgrid(&[x[1], x[0]]).into_iter().rev().collect()
        },
        _ => return None,
    };
    Some(row)
}

/// Products of matrices.
fn products(op: &str) -> Option<Row> {
    let row: Row = match op {
        "linear" => |x, _| match *x {
            [x, weight, bias] => x.matmul(weight.t()) + bias,
            _ => x[0].matmul(x[1].t()),
        },
        "addmm" => |x, _| x[0] + x[1].matmul(x[2]),
        "rnn_cell" => |x, args| {
            let activation = args.need::<String>("nonlinearity").parse::<Activation>();
            let activation = activation.unwrap_or_else(|_| args.unknown("nonlinearity"));
            activation.apply(x[0].matmul(x[2].t()) + x[4] + x[1].matmul(x[3].t()) + x[5])
        },
        _ => return None,
    };
    Some(row)
}

/// A function of two operands that are the same.
fn twice<'t>(x: Var<'t>, f: fn(Var<'t>, Var<'t>) -> Var<'t>) -> Var<'t> {
    f(x, x)
}
