//! Single operations on tensors: the groups `ops_*`.
//!
//! Each case is one line of the engine's own operations. An op that would need an algorithm here is not supported.


use autograd::{DType, Var};
use nn::Activation;
use nn::attention::{Mask, scaled_dot_product};

use crate::args::Args;
use crate::evaluate::{evaluate, evaluate_all};
use crate::format::Case;
use crate::runner::{Fault, Handler, Refusal, Results};

/// One op: inputs and parameters to the output.
type Row = for<'t> fn(&[Var<'t>], &Args) -> Var<'t>;

/// An op with several outputs.
type Outputs = for<'t> fn(&[Var<'t>], &Args) -> Vec<Var<'t>>;

pub(crate) fn find(op: &str) -> Option<Handler> {
    if let Some(row) = several_outputs(op) {
        return Some(Handler::new(Refusal::PanicInCaller, move |case, _| evaluate_all(case, row)));
    }
    let row = elementwise(op).or_else(|| several(op)).or_else(|| rows(op)).or_else(|| products(op));
    let row = row.or_else(|| reductions(op)).or_else(|| layout(op)).or_else(|| parts(op));
    let row = row.or_else(|| layers(op))?;
    Some(Handler::new(Refusal::PanicInCaller, move |case, _| {
        if let Some(reason) = unsupported(case)? {
            return Err(Fault::Unsupported(reason.to_owned()));
        }
        with_conventions(case, evaluate(case, row)?)
    }))
}

/// The cases of an op that the engine does not have although it has the others.
fn unsupported(case: &Case) -> Result<Option<&'static str>, Fault> {
    Ok(match case.op.as_str() {
        "slice" if case.args.read::<Vec<usize>>("step")?.iter().any(|&step| step != 1) => Some("steps"),
        _ => None,
    })
}

/// Which of the choices at kinks, ties and infinities are those of the software behind the stored numbers.
fn with_conventions(case: &Case, mut results: Results) -> Result<Results, Fault> {
    let inputs = || Ok::<_, Fault>(case.array("in", "x")?.floats().into_iter().enumerate());
    match case.op.as_str() {
        "abs" | "elu" | "leaky_relu" | "relu" | "where_log" => results.same_convention(),
        "amax" | "amin" => results.same_convention(),
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
        "gelu" => results.takes_limits(),
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
            let beta = optional(args, "beta", 1.0);
            (beta * x[0]).softplus() / beta
        },
        "relu" => |x, _| x[0].relu(),
        "leaky_relu" => |x, args| x[0].leaky_relu(args.need("negative_slope")),
        "elu" => |x, args| x[0].elu(optional(args, "alpha", 1.0)),
        "gelu" => |x, args| match args.has("approximate").then(|| args.need::<String>("approximate")) {
            Some(tanh) if tanh == "tanh" => x[0].gelu_tanh(),
            _ => x[0].gelu(),
        },
        "silu" => |x, _| x[0].swish(),
        "clamp" => |x, args| {
            let above = x[0].maximum(optional(args, "min", f64::NEG_INFINITY));
            above.minimum(optional(args, "max", f64::INFINITY))
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
        "masked_fill" => |x, args| x[1].select(args.need::<f64>("value"), x[0]),
        "dropout_mask" => |x, args| x[0] * x[1] / (1.0 - args.need::<f64>("p")),
        _ => return None,
    };
    Some(row)
}

/// Sums, softmax, and entries by index.
fn rows(op: &str) -> Option<Row> {
    let row: Row = match op {
        "sum" => |x, args| match args.axes() {
            Some(axes) => keepdim(x[0].sum_over(&axes), x[0], &axes, args),
            None => x[0].sum(),
        },
        "mean" => |x, args| match args.axes() {
            Some(axes) => keepdim(x[0].mean_over(&axes), x[0], &axes, args),
            None => x[0].mean(),
        },
        "sum_all" => |x, _| x[0].sum(),
        "mean_all" => |x, _| x[0].mean(),
        "softmax" => |x, args| x[0].softmax(args.need("axis")),
        "softmax1" => |x, _| x[0].softmax(1),
        "log_softmax" => |x, args| x[0].log_softmax(args.need("axis")),
        "pick_per_row" => |x, _| x[0].pick(x[1]),
        "one_hot" => |x, args| {
            let classes: Vec<i64> = (0..args.need::<usize>("classes") as i64).collect();
            column(x[0]).eq(x[0].tape().constant(classes)).cast(DType::F64)
        },
        _ => return None,
    };
    Some(row)
}

/// Extremes and statistics over axes.
fn reductions(op: &str) -> Option<Row> {
    let row: Row = match op {
        "amax" => |x, args| over(x[0], args, |x, axes| x.max_over(axes)),
        "amin" => |x, args| over(x[0], args, |x, axes| x.min_over(axes)),
        "argmax" => |x, args| x[0].argmax(args.need::<isize>("axis")),
        "argmin" => |x, args| x[0].argmin(args.need::<isize>("axis")),
        "logsumexp" => |x, args| over(x[0], args, |x, axes| x.logsumexp_over(axes)),
        "var" => |x, args| over(x[0], args, |x, axes| x.var_over(axes, args.need("ddof"))),
        "std" => |x, args| over(x[0], args, |x, axes| x.std_over(axes, args.need("ddof"))),
        "norm" => |x, args| over(x[0], args, |x, axes| x.norm_over(args.need("p"), axes)),
        _ => return None,
    };
    Some(row)
}

/// A reduction over the axes of a case, where none are named over all.
fn over<'t>(x: Var<'t>, args: &Args, f: impl Fn(Var<'t>, &[isize]) -> Var<'t>) -> Var<'t> {
    let axes = args.axes().unwrap_or_else(|| (0..x.rank() as isize).collect());
    keepdim(f(x, &axes), x, &axes, args)
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
        "split" => |x, args| {
            let (mut start, axis) = (0, args.need("axis"));
            let next = |length: usize| {
                start += length;
                x[0].slice(axis, start - length..start)
            };
            args.need::<Vec<usize>>("sizes").into_iter().map(next).collect()
        },
        _ => return None,
    };
    Some(row)
}

/// Products of matrices.
fn products(op: &str) -> Option<Row> {
    let row: Row = match op {
        "matmul" => |x, _| matmul(x[0], x[1]),
        "matmul_at_b" => |x, _| x[0].t().matmul(x[1]),
        "matmul_a_bt" => |x, _| x[0].matmul(x[1].t()),
        "matmul_self" => |x, _| x[0].matmul(x[0]),
        "gram" => |x, _| x[0].t().matmul(x[0]),
        "dot" => |x, _| (x[0] * x[1]).sum(),
        "outer" => |x, _| column(x[0]).matmul(column(x[1]).t()),
        "quadratic_form" => |x, _| column(x[0]).t().matmul(x[1]).matmul(column(x[0])).sum(),
        "trace_of_product" => |x, _| (x[0] * x[1].t()).sum(),
        "linear" => |x, _| x[0].matmul(x[1].t()) + x[2],
        "addmm" => |x, _| x[0] + x[1].matmul(x[2]),
        "rnn_cell" => |x, args| {
            let activation: Activation = args.need::<String>("nonlinearity").parse().expect("a known one");
            activation.apply(x[0].matmul(x[2].t()) + x[4] + x[1].matmul(x[3].t()) + x[5])
        },
        _ => return None,
    };
    Some(row)
}

/// Other shapes of the same elements.
fn layout(op: &str) -> Option<Row> {
    let row: Row = match op {
        "reshape" => |x, args| reshape(x[0], args),
        "transpose" => |x, _| x[0].t(),
        "permute" => |x, args| x[0].permute(&args.need::<Vec<isize>>("axes")),
        "permute_reshape" => |x, args| reshape(x[0].permute(&args.need::<Vec<isize>>("axes")), args),
        "swapaxes" => |x, args| {
            let rank = x[0].rank() as isize;
            let [a, b] = args.need::<Vec<isize>>("axes")[..] else { panic!("swapaxes takes two axes") };
            let mut axes: Vec<isize> = (0..rank).collect();
            axes.swap(a.rem_euclid(rank) as usize, b.rem_euclid(rank) as usize);
            x[0].permute(&axes)
        },
        "expand" => |x, args| x[0].broadcast_to(&args.need::<Vec<usize>>("shape")[..]),
        "squeeze" => |x, args| {
            let axis = args.need::<Option<usize>>("axis");
            let lengths = x[0].shape().to_vec().into_iter().enumerate();
            let kept = lengths.filter(|&(i, n)| n != 1 || axis.is_some_and(|axis| axis != i));
            x[0].reshape(&kept.map(|(_, n)| n).collect::<Vec<_>>()[..])
        },
        "unsqueeze" => |x, args| {
            let mut shape = x[0].shape().to_vec();
            let rank = shape.len() as isize + 1;
            shape.insert(args.need::<isize>("axis").rem_euclid(rank) as usize, 1);
            x[0].reshape(&shape[..])
        },
        _ => return None,
    };
    Some(row)
}

/// Parts, and tensors of parts.
fn parts(op: &str) -> Option<Row> {
    let row: Row = match op {
        "concat" => |x, args| Var::concat(x, args.need("axis")),
        "concat_self" => |x, args| Var::concat(&[x[0], x[0]], args.need("axis")),
        "stack" => |x, args| Var::stack(x, args.need("axis")),
        "select" => |x, args| x[0].index(args.need("axis"), args.need("index")),
        "slice" => |x, args| {
            let ranges = args.need::<Vec<usize>>("start").into_iter().zip(args.need::<Vec<usize>>("stop"));
            (0..).zip(ranges).fold(x[0], |x, (axis, (start, stop))| x.slice(axis, start..stop))
        },
        "pad_constant" => |x, args| {
            let pads: Vec<usize> = args.need("pads_last_axis_first");
            let value: f64 = args.need("value");
            let pairs = (0..).zip(pads.chunks(2));
            pairs.fold(x[0] - value, |x, (i, pair)| x.pad(-1 - i, pair[0], pair[1])) + value
        },
        "roll" => |x, args| {
            let axes: Vec<isize> = args.need("axes");
            args.need::<Vec<isize>>("shifts").iter().zip(axes).fold(x[0], |x, (&shift, axis)| {
                let length = x.shape()[axis as usize] as isize;
                let first = (-shift).rem_euclid(length) as usize;
                Var::concat(&[x.slice(axis, first..), x.slice(axis, ..first)], axis)
            })
        },
        "tril" => |x, args| x[0].tril(args.need("diagonal")),
        "triu" => |x, args| x[0].triu(args.need("diagonal")),
        "trace" => |x, _| x[0].tril(0).triu(0).sum(),
        "diag" => |x, _| {
            let n = x[0].shape()[0];
            x[0].broadcast_to([n, n]).tril(0).triu(0)
        },
        _ => return None,
    };
    Some(row)
}

/// Layers without parameters of their own.
fn layers(op: &str) -> Option<Row> {
    let row: Row = match op {
        "layer_norm" => |x, args| {
            let axes = args.need::<Vec<usize>>("normalized_shape").len() as isize;
            let y = x[0].standardize((-axes..0).collect::<Vec<_>>(), args.need("eps"));
            if let [_, weight, bias] = *x { y * weight + bias } else { y }
        },
        "rms_norm" => |x, args| {
            let squares = x[0].square().mean_over([-1]) + args.need::<f64>("eps");
            x[0] / squares.sqrt().unsqueeze(-1) * x[1]
        },
        "scaled_dot_product_attention" => |x, args| {
            let mask = match x.get(3) {
                Some(&mask) => Mask::Where(mask),
                None if args.need("causal") => Mask::Causal,
                None => Mask::All,
            };
            scaled_dot_product(x[0], x[1], x[2], mask)
        },
        _ => return None,
    };
    Some(row)
}

/// A function of two operands that are the same.
fn twice<'t>(x: Var<'t>, f: fn(Var<'t>, Var<'t>) -> Var<'t>) -> Var<'t> {
    f(x, x)
}

/// A number that a case may leave out.
fn optional(args: &Args, name: &str, default: f64) -> f64 {
    if args.has(name) { args.need(name) } else { default }
}

/// A reduced tensor, with the axes that disappeared kept at length 1 where the case asks for it.
fn keepdim<'t>(y: Var<'t>, x: Var<'t>, axes: &[isize], args: &Args) -> Var<'t> {
    if !args.has("keepdim") || !args.need::<bool>("keepdim") {
        return y;
    }
    let mut shape = x.shape().to_vec();
    for axis in axes {
        shape[axis.rem_euclid(x.rank() as isize) as usize] = 1;
    }
    y.reshape(&shape[..])
}

/// To the shape of a case, in which one length may be left open as -1.
fn reshape<'t>(x: Var<'t>, args: &Args) -> Var<'t> {
    let wanted: Vec<isize> = args.need("shape");
    let known: usize = wanted.iter().filter_map(|&n| usize::try_from(n).ok()).product();
    let open = x.shape().elements() / known.max(1);
    let shape: Vec<usize> = wanted.iter().map(|&n| usize::try_from(n).unwrap_or(open)).collect();
    x.reshape(&shape[..])
}

/// NumPy's product: a vector on the left is a row, one on the right a column, and the axis of length 1 disappears.
fn matmul<'t>(a: Var<'t>, b: Var<'t>) -> Var<'t> {
    let (left, right) = (a.rank() == 1, b.rank() == 1);
    let c = if left { column(a).t() } else { a }.matmul(if right { column(b) } else { b });
    let mut shape = c.shape().to_vec();
    if right {
        shape.pop();
    }
    if left {
        shape.remove(shape.len() - 1 - usize::from(!right));
    }
    c.reshape(&shape[..])
}

/// A vector as a matrix of one column.
fn column(x: Var<'_>) -> Var<'_> {
    x.reshape([x.shape().elements(), 1])
}
