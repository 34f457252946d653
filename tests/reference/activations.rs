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
        "swish" => |x, _| x[0] * (x[1] * x[0]).sigmoid(),
        _ => return None,
    };
    Some(row)
}

fn gated(op: &str) -> Option<Row> {
    let row: Row = match op {
        "glu" => |x, a| x[0].glu(a.axis()),
        "geglu" => |x, a| x[0].gated(a.axis(), Var::gelu),
        "reglu" => |x, a| x[0].gated(a.axis(), Var::relu),
        "bilinear_glu" => |x, a| x[0].gated(a.axis(), |half| half),
        "softmin" => |x, a| x[0].softmin(a.axis()),
        "crelu" => |x, a| x[0].crelu(a.axis()),
        "maxout" => |x, a| x[0].maxout(a.need::<usize>("pieces")),
        "softmax_temperature" => |x, a| (x[0] / x[1]).softmax(a.axis()),
        _ => return None,
    };
    Some(row)
}
