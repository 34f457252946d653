//! Gradients before the update: the groups `clipping` and `clip_more`, by `optim::Pipeline` and by the methods
//! of `Gradients`.

use autograd::{Gradients, Param, Params, Tape};
use ndarray::{ArrayD, Axis, Slice};
use optim::{Optimizer, Pipeline, Sgd};

use crate::array::Array;
use crate::format::Case;
use crate::runner::{Fault, Handler, Refusal, Results};
use crate::scalars::total;

pub(crate) fn find(op: &str) -> Option<Handler> {
    let evaluate = match op {
        "clip_grad_norm" => by_norm,
        "clip_grad_value" => by_value,
        "adaptive_grad_clip" => adaptive,
        "accumulate" => accumulate,
        _ => return None,
    };
    Some(Handler::new(Refusal::TypedError, move |case, _| evaluate(case)))
}

/// The name of a stored gradient, its parameter, and the gradient.
type Given<'a> = (&'a str, Param, &'a ArrayD<f64>);

/// A parameter for each stored gradient, all zero: after one step at rate 1 they are the negative of what arrived.
fn start(case: &Case) -> Result<(Params, Vec<Given<'_>>), Fault> {
    let mut params = Params::f64();
    let mut given = Vec::new();
    for label in case.labels("in") {
        let gradient = case.f64("in", label)?;
        given.push((label, params.scope("").param(label, gradient.shape(), 0.0), gradient));
    }
    // Parameters that the loss does not read.
    for label in case.args.or::<Vec<String>>("absent", Vec::new())? {
        params.scope("").param(&label, [3], 0.0);
    }
    Ok((params, given))
}

/// Clips by a pipeline, whose step has a loss with the stored gradients, and by the method of gradients, whose name and
/// results are held as those of another way. What the method gives is the norm.
fn clipped(
    case: &Case,
    pipeline: &mut Pipeline<Sgd>,
    (name, method): (&'static str, impl Fn(&mut Gradients) -> Option<f64>),
) -> Result<Results, Fault> {
    let (mut params, given) = start(case)?;
    let mut gradients = {
        let tape = Tape::with(&params);
        total(given.iter().map(|(_, param, g)| (tape.param(*param) * tape.constant(*g)).sum())).backward()
    };
    pipeline.step(&mut params, &gradients)?;
    let norm = method(&mut gradients);
    let (mut results, mut by_method) = (Results::default(), Results::default());
    for (label, param, gradient) in given {
        let array = |elements| Array::shaped(gradient.shape(), elements);
        results.put("out", label, array(params.get::<f64>(param).iter().map(|x| -x).collect()));
        by_method.put("out", label, array(gradients.get::<f64>(param).unwrap_or_default().to_vec()));
    }
    for (results, norm) in [(&mut results, pipeline.norm()), (&mut by_method, norm)] {
        if let Some(norm) = norm {
            results.put("out", "total_norm", Array::shaped(&[], vec![norm]));
        }
    }
    results.planned(name, by_method);
    Ok(results)
}

/// Gradients that are not finite stay as they are, with their norm, and the step refuses them by name. The stored software
/// goes on with them.
fn not_finite(case: &Case, p: f64, limit: f64) -> Result<Results, Fault> {
    let (mut params, given) = start(case)?;
    let mut gradients = Gradients::zeros(&params);
    for &(_, param, gradient) in &given {
        let own = gradients.get_mut::<f64>(param).expect("it is not frozen");
        own.iter_mut().zip(gradient).for_each(|(own, g)| *own = *g);
    }
    let refused = Pipeline::new(Sgd::new(1.0)?).clip_norm_by(p, limit)?.step(&mut params, &gradients);
    if refused.is_ok() || params.slab_of::<f64>().iter().any(|x| *x != 0.0) {
        return Err(Fault::Mismatch("the step has taken gradients that are not finite".to_owned()));
    }
    let mut results = Results::default();
    results.put("out", "total_norm", Array::shaped(&[], vec![gradients.clip_norm_by(p, limit)]));
    for (label, ..) in given {
        results.waive("out", label, "gradients that are not finite are refused by name, and not changed");
    }
    Ok(results)
}

fn by_norm(case: &Case) -> Result<Results, Fault> {
    let (p, limit): (f64, f64) = (case.args.or("p", 2.0)?, case.args.read("max_norm")?);
    let refuses = case.args.or("error_if_nonfinite", false)?;
    let finite = case.arrays("in").iter().all(|(_, g)| g.floats().iter().all(|x| x.is_finite()));
    if !finite && !refuses {
        return not_finite(case, p, limit);
    }
    let norm = case.array("out", "total_norm").map_or(0.0, |norm| norm.floats()[0]);
    // The stored factor is limit / (norm + 1e-6), that of the pipeline limit / norm: the same for another limit.
    let same = if case.convention || norm == 0.0 { limit } else { limit * (norm / (norm + 1e-6)) };
    let mut pipeline = Pipeline::new(Sgd::new(1.0)?).clip_norm_by(p, same)?;
    let method = |gradients: &mut Gradients| {
        Some(if p == 2.0 { gradients.clip_norm(same) } else { gradients.clip_norm_by(p, same) })
    };
    let mut results = clipped(case, &mut pipeline, ("by the method of gradients", method))?;
    if case.convention {
        // Numbers so large or so small that the squares overflow, or that 1e-6 is everything.
        for (label, gradient) in case.arrays("in") {
            let scaled = gradient.floats().into_iter().map(|g| g / norm * limit);
            results.instead("out", label, "limit / norm, without 1e-6", scaled.enumerate().collect());
        }
    }
    Ok(results)
}

/// The gradient of a row is at most a part of its weights: by a pipeline and by the method.
fn adaptive(case: &Case) -> Result<Results, Fault> {
    let (limit, epsilon): (f64, f64) = (case.args.read("clipping")?, case.args.read("eps")?);
    let (w, g) = (case.f64("in", "w")?, case.f64("in", "g")?);
    let mut params = Params::f64();
    let param = params.scope("").param("w", w.shape(), 0.0);
    params.set(param, w);
    let mut gradients = {
        let tape = Tape::with(&params);
        (tape.param(param) * tape.constant(g)).sum().backward()
    };
    let (mut results, mut in_pipeline) = (Results::default(), Results::default());
    // The pipeline's ε is this one.
    if epsilon == 1e-3 {
        let mut moved = params.clone();
        Pipeline::new(Sgd::new(1.0)?).clip_adaptive(limit)?.step(&mut moved, &gradients)?;
        let moved = w.iter().zip(moved.get::<f64>(param)).map(|(before, after)| before - after).collect();
        in_pipeline.put("out", "g", Array::shaped(g.shape(), moved));
        results.planned("by Pipeline::clip_adaptive", in_pipeline);
    }
    gradients.clip_adaptive(&params, limit, epsilon);
    results.put(
        "out",
        "g",
        Array::shaped(g.shape(), gradients.get::<f64>(param).unwrap_or_default().to_vec()),
    );
    Ok(results)
}

fn by_value(case: &Case) -> Result<Results, Fault> {
    let limit = case.args.read("clip_value")?;
    let mut pipeline = Pipeline::new(Sgd::new(1.0)?).clip_value(limit)?;
    let method = |gradients: &mut Gradients| {
        gradients.clip_value(limit);
        None
    };
    clipped(case, &mut pipeline, ("by Gradients::clip_value", method))
}

/// The gradient of a mean of squares, from the means of so many parts of the samples.
fn accumulate(case: &Case) -> Result<Results, Fault> {
    let (x, y, w) = (case.f64("in", "x")?, case.f64("in", "y")?, case.f64("in", "w")?);
    let parts: usize = case.args.read("micro_batches")?;
    let rows = x.shape()[0] / parts;
    let mut params = Params::f64();
    let param = params.scope("").param("w", w.shape(), 0.0);
    params.set(param, w);
    let mut pipeline = Pipeline::new(Sgd::new(1.0)?).accumulate(parts)?;
    for part in 0..parts {
        let part = Slice::from(part * rows..(part + 1) * rows);
        let tape = Tape::with(&params);
        let x = tape.constant(x.slice_axis(Axis(0), part));
        let y = tape.constant(y.slice_axis(Axis(0), part));
        let predicted = x.matmul(tape.param(param).reshape([w.len(), 1])).reshape(y.shape());
        let gradients = (predicted - y).square().mean().backward();
        pipeline.step(&mut params, &gradients)?;
    }
    let moved = w.iter().zip(params.get::<f64>(param)).map(|(before, after)| before - after).collect();
    let mut results = Results::default();
    results.put("out", "gradient", Array::shaped(w.shape(), moved));
    Ok(results)
}
