//! Averages of weights: the group `weight_averages`.

use autograd::Params;
use optim::{Adam, Average, Lookahead, Momentum, Optimizer};

use crate::array::Array;
use crate::format::{Case, Group};
use crate::optim::{descent, table, value_and_gradient};
use crate::optimizers::{asgd, options};
use crate::runner::{Fault, Handler, Refusal, Results};

pub(crate) fn find(op: &str) -> Option<Handler> {
    let evaluate = match op {
        "problem" => |_: &Case, _: &Group| Ok(Results::default()),
        "ema" => exponential,
        "swa" => equal,
        "asgd" => polyak,
        "lookahead" => lookahead,
        _ => return None,
    };
    Some(Handler::new(Refusal::TypedError, evaluate))
}

/// The average after each of the stored rows that is taken.
fn over(group: &Group, taken: impl Fn(usize) -> bool, mut average: Average) -> Result<Results, Fault> {
    let weights = group.case("weights")?.f64("in", "weights")?;
    let mut params = Params::f64();
    let w = params.scope("").param("w", [weights.shape()[1]], 0.0);
    let mut rows = vec![];
    for (_, row) in weights.outer_iter().enumerate().filter(|(step, _)| taken(*step)) {
        params.set(w, row);
        average.update(&params);
        rows.push(average.get::<f64>(&params, w).to_vec());
    }
    let mut results = Results::default();
    results.put("out", "average", table(rows));
    Ok(results)
}

fn exponential(case: &Case, group: &Group) -> Result<Results, Fault> {
    let decay = case.args.read("decay")?;
    let average = if case.args.has("warmup") {
        case.args.says("warmup", "min(d, (1+s)/(10+s)), s = 0 at the first average");
        Average::warmed_up(decay)?
    } else if case.args.or("bias_correction", false)? {
        Average::corrected(decay)?
    } else {
        Average::exponential(decay)?
    };
    over(group, |_| true, average)
}

fn equal(case: &Case, group: &Group) -> Result<Results, Fault> {
    let (start, every): (usize, usize) = (case.args.read("start")?, case.args.read("every")?);
    over(group, |step| step >= start && (step - start).is_multiple_of(every), Average::equal())
}

/// The parameters of averaged descent, and their averages.
fn polyak(case: &Case, _: &Group) -> Result<Results, Fault> {
    case.args.off(&["maximize"]);
    let mut optimizer = asgd(&options(case))?;
    let mut params = Params::f64();
    let start = case.f64("in", "start")?;
    let x = params.scope("").param("x", start.shape(), 0.0);
    params.set(x, start);
    let (mut rows, mut averages) = (vec![params.get::<f64>(x).to_vec()], vec![]);
    for _ in 1..case.f64("out", "trajectory")?.shape()[0] {
        let (_, gradient) = value_and_gradient(case, params.get::<f64>(x))?;
        let mut gradients = autograd::Gradients::zeros(&params);
        gradients.get_mut::<f64>(x).expect("it is not frozen").copy_from_slice(&gradient);
        optimizer.step(&mut params, &gradients)?;
        rows.push(params.get::<f64>(x).to_vec());
        averages.push(optimizer.state_of::<f64>(&params, x, "average").expect("a step was made").to_vec());
    }
    let mut results = Results::default();
    results.put("out", "trajectory", table(rows));
    results.put("out", "averages", table(averages));
    Ok(results)
}

fn lookahead(case: &Case, _: &Group) -> Result<Results, Fault> {
    let inner = case.args.object("inner")?;
    let (every, share): (usize, f64) = (case.args.read("k")?, case.args.read("alpha")?);
    let rate: f64 = inner.read("lr")?;
    let steps = case.f64("out", "trajectory")?.shape()[0] - 1;
    let run = |as_model| -> Result<Array, Fault> {
        let fast: Box<dyn Optimizer> = match inner.read::<String>("name")?.as_str() {
            "sgd" => Box::new(Momentum::pytorch(rate, inner.or("momentum", 0.0)?)?),
            "adam" => Box::new(Adam::new(rate)?),
            _ => inner.unknown("name"),
        };
        let optimizer = Lookahead::new(fast, every as u64, share)?;
        Ok(table(descent(case, steps, optimizer, as_model)?))
    };
    let (mut results, mut of_model) = (Results::default(), Results::default());
    results.put("out", "trajectory", run(false)?);
    of_model.put("out", "trajectory", run(true)?);
    results.planned("as a model", of_model);
    Ok(results)
}
