//! Loss functions.

use autograd::Var;
use nn::loss;

use crate::evaluate::evaluate;
use crate::format::Case;
use crate::runner::{Fault, Handler, Refusal};

type Loss = for<'t> fn(Var<'t>, Var<'t>) -> Var<'t>;

pub(crate) fn find(op: &str) -> Option<Handler> {
    let loss: Loss = match op {
        "mse" => loss::mse,
        "half_mse" => loss::half_mse,
        "cross_entropy" => loss::cross_entropy,
        _ => return None,
    };
    Some(Handler::new(Refusal::PanicInCaller, move |case, _| match variant(case)? {
        Some(reason) => Err(Fault::Unsupported(reason)),
        None => evaluate(case, |x, _| loss(x[0], x[1])),
    }))
}

/// What the case asks of a loss beyond the mean over all rows.
fn variant(case: &Case) -> Result<Option<String>, Fault> {
    if case.labels("in").any(|label| label == "weight") {
        return Ok(Some("class weights".to_owned()));
    }
    let reduction: String = case.args.read("reduction")?;
    if reduction != "mean" {
        return Ok(Some(format!("reduction {reduction}")));
    }
    let rank = case.array("in", "input")?.shape().len();
    Ok((case.op == "cross_entropy" && rank != 2).then(|| format!("logits of rank {rank}")))
}
