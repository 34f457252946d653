//! Activations with their options, gated units, softmax over one axis and several.

use autograd::Var;

use crate::args::Args;
use crate::evaluate::evaluate;
use crate::ops::Row;
use crate::runner::{Fault, Handler, Refusal};

pub(crate) fn find(op: &str) -> Option<Handler> {
    let row = elementwise(op).or_else(|| gated(op))?;
    Some(Handler::new(Refusal::PanicInCaller, move |case, _| {
        if let Some(reason) = unsupported(case)? {
            return Err(Fault::Unsupported(reason.to_owned()));
        }
        evaluate(case, row)
    }))
}

/// Options that the engine does not have.
fn unsupported(case: &crate::format::Case) -> Result<Option<&'static str>, Fault> {
    Ok(match case.op.as_str() {
        "rrelu" if case.args.read::<bool>("training")? => Some("random slopes"),
        _ => None,
    })
}

fn number(args: &Args, name: &str) -> f64 {
    args.need(name)
}

fn elementwise(op: &str) -> Option<Row> {
    let row: Row = match op {
        "selu" => |x, _| x[0].selu(),
        "mish" => |x, _| x[0].mish(),
        "softsign" => |x, _| x[0].softsign(),
        "hardtanh" => |x, a| x[0].hardtanh(number(a, "min"), number(a, "max")),
        "hardsigmoid" => |x, _| x[0].hard_sigmoid(),
        "hardswish" => |x, _| x[0].hard_swish(),
        "relu6" => |x, _| x[0].relu6(),
        "tanhshrink" => |x, _| x[0] - x[0].tanh(),
        "squareplus" => |x, a| x[0].squareplus(number(a, "b")),
        "quick_gelu" => |x, _| x[0].quick_gelu(),
        "relu_squared" => |x, _| x[0].relu_squared(),
        "gaussian" => |x, _| x[0].gaussian(),
        "log_cosh_activation" => |x, _| x[0].log_cosh(),
        "bent_identity" => |x, _| x[0].bent_identity(),
        "snake" => |x, a| x[0].snake(number(a, "a")),
        "threshold" => |x, a| x[0].threshold(number(a, "threshold"), number(a, "value")),
        "softshrink" => |x, a| x[0].softshrink(number(a, "lambda")),
        "hardshrink" => |x, a| x[0].hardshrink(number(a, "lambda")),
        "rrelu" => |x, a| x[0].leaky_relu((number(a, "lower") + number(a, "upper")) / 2.0),
        "celu" => |x, a| x[0].celu(number(a, "alpha")),
        "elu_alpha" => |x, _| x[0].gt(0.0).select(x[0], x[1] * x[0].gt(0.0).select(0.0, x[0]).exp_m1()),
        "prelu" => |x, a| match x.get(1) {
            Some(&slope) => x[0].prelu(per_channel(x[0], slope)),
            None => x[0].prelu(number(a, "a")),
        },
        "swish" => |x, _| x[0] * (x[1] * x[0]).sigmoid(),
        _ => return None,
    };
    Some(row)
}

/// One slope for all, or one for each channel, which are the second axis.
fn per_channel<'t>(x: Var<'t>, slope: Var<'t>) -> Var<'t> {
    let mut shape = vec![1; x.rank()];
    match shape.get_mut(1) {
        Some(channels) if slope.shape().elements() > 1 => *channels = slope.shape().elements(),
        _ => {}
    }
    slope.reshape(&shape[..])
}

/// Along one axis, or over several, or all.
fn along<'t>(
    x: Var<'t>,
    args: &Args,
    one: fn(Var<'t>, isize) -> Var<'t>,
    several: fn(Var<'t>, Vec<isize>) -> Var<'t>,
) -> Var<'t> {
    match args.axes() {
        Some(axes) if axes.len() == 1 => one(x, axes[0]),
        Some(axes) => several(x, axes),
        None => several(x, (0..x.rank() as isize).collect()),
    }
}

fn gated(op: &str) -> Option<Row> {
    let row: Row = match op {
        "glu" => |x, a| x[0].glu(a.axis()),
        "swiglu" => |x, a| match x {
            &[x, w1, w2, w3] => (x.matmul(w1.t()).swish() * x.matmul(w2.t())).matmul(w3.t()),
            _ => x[0].gated(a.axis(), Var::swish),
        },
        "geglu" => |x, a| x[0].gated(a.axis(), Var::gelu),
        "reglu" => |x, a| x[0].gated(a.axis(), Var::relu),
        "bilinear_glu" => |x, a| x[0].gated(a.axis(), |half| half),
        "softmin" => |x, a| x[0].softmin(a.axis()),
        "crelu" => |x, a| x[0].crelu(a.axis()),
        "maxout" => |x, a| x[0].maxout(a.need::<usize>("pieces")),
        "softmax_temperature" => |x, a| (x[0] / x[1]).softmax(a.axis()),
        "softmax" => |x, a| along(x[0], a, Var::softmax, |x, axes| x.softmax_over(axes)),
        "log_softmax" => |x, a| along(x[0], a, Var::log_softmax, |x, axes| x.log_softmax_over(axes)),
        "sparsemax" => |x, a| x[0].sparsemax(a.axis()),
        "gumbel_softmax" => |x, a| x[0].gumbel_softmax(x[1], number(a, "temperature"), a.axis()),
        _ => return None,
    };
    Some(row)
}
