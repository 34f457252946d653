//! Loss functions.

use autograd::Var;
use nn::loss::{self, CrossEntropy, Reduction};

use crate::args::Args;
use crate::evaluate::evaluate;
use crate::format::Case;
use crate::runner::{Fault, Handler, Refusal};

/// Cross-entropy of some kind.
type Entropy = for<'t> fn(CrossEntropy<'t>, &[Var<'t>]) -> Var<'t>;

/// The options of a case; its weights are the third operand.
fn options<'t>(x: &[Var<'t>], args: &Args) -> CrossEntropy<'t> {
    let reduction = match args.need::<String>("reduction").as_str() {
        "none" => Reduction::None,
        "sum" => Reduction::Sum,
        "mean" => Reduction::Mean,
        _ => args.unknown("reduction"),
    };
    let ignored: Option<isize> = args.optional("ignore_index", None);
    let smoothing = args.optional("label_smoothing", 0.0);
    CrossEntropy {
        ignored: ignored.map(|label| label as i64),
        smoothing,
        weights: x.get(2).copied(),
        reduction,
    }
}

type Loss = for<'t> fn(Var<'t>, Var<'t>) -> Var<'t>;

pub(crate) fn find(op: &str) -> Option<Handler> {
    let entropy: Option<Entropy> = match op {
        "cross_entropy" => Some(|loss, x| loss.of(x[0], x[1])),
        "nll" => Some(|loss, x| loss.of_logs(x[0], x[1])),
        "cross_entropy_probabilities" => Some(|loss, x| loss.of_probabilities(x[0], x[1])),
        _ => None,
    };
    if let Some(entropy) = entropy {
        return Some(Handler::new(Refusal::PanicInCaller, move |case, _| {
            evaluate(case, |x, args| entropy(options(x, args), x))
        }));
    }
    let loss: Loss = match op {
        "mse" => loss::mse,
        "half_mse" => loss::half_mse,
        _ => return None,
    };
    Some(Handler::new(Refusal::PanicInCaller, move |case, _| match variant(case)? {
        Some(reason) => Err(Fault::Unsupported(reason)),
        None => evaluate(case, |x, _| loss(x[0], x[1])),
    }))
}

/// What the case asks of a loss beyond the mean over all rows.
fn variant(case: &Case) -> Result<Option<String>, Fault> {
    let reduction: String = case.args.read("reduction")?;
    Ok((reduction != "mean").then(|| format!("reduction {reduction}")))
}
