//! Derivatives of orders 0 to 6 by repeated gradients: the group `higher`.

use autograd::{Params, Var};

use crate::array::Array;
use crate::format::Case;
use crate::runner::{Fault, Handler, Refusal, Results};
use crate::sessions::{Session, each_way};

/// A function that is applied to each point of a vector.
type Pointwise = for<'t> fn(Var<'t>) -> Var<'t>;

pub(crate) fn find(op: &str) -> Option<Handler> {
    (op == "scalar_derivatives").then(|| {
        Handler::new(Refusal::TypedError, |case, _| {
            let name: String = case.args.read("formula")?;
            let f = formula(&name).ok_or(Fault::Unsupported(name))?;
            each_way(case, &Params::f64(), |session| derivatives(session, case, f))
        })
    })
}

fn derivatives(session: &Session<'_>, case: &Case, f: Pointwise) -> Result<Results, Fault> {
    let orders: usize = case.args.read("orders")?;
    let x = session.leaf(case.array("in", "x")?, true);
    let mut y = f(x);
    let mut by_order = vec![session.read(case, y)?.floats()];
    for _ in 0..orders {
        // Each element depends on its own x alone: the gradient of the sum holds all derivatives.
        [y] = y.sum().grad([x]);
        by_order.push(session.read(case, y)?.floats());
    }
    let n = by_order[0].len();
    let by_point = (0..n).flat_map(|point| by_order.iter().map(move |order| order[point]));
    let mut results = Results::default();
    results.put("out", "derivatives", Array::shaped(&[n, orders + 1], by_point.collect()));
    Ok(results)
}

fn formula(name: &str) -> Option<Pointwise> {
    let formula: Pointwise = match name {
        "sin(x^2) exp(-x/2)" => |x| x.square().sin() * (-x / 2.0).exp(),
        "tanh(x)" => |x| x.tanh(),
        "1/(1+exp(-x))" => |x| x.sigmoid(),
        "log(1+x^2)" => |x| (1.0 + x.square()).ln(),
        "x^5" => |x| x.powf(5.0),
        "sqrt(1+x^2)" => |x| (1.0 + x.square()).sqrt(),
        "(x^3-2x+1)/(x^2+1)" => |x| (x.powf(3.0) - 2.0 * x + 1.0) / (x.square() + 1.0),
        _ => return None,
    };
    Some(formula)
}
