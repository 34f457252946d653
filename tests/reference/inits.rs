//! Initialisers: their draws must have the right distribution.

use autograd::Initial;
use nn::Init;

use crate::format::Case;
use crate::runner::{Fault, Handler, Refusal, Results};

pub(crate) fn find(op: &str) -> Option<Handler> {
    ["xavier_normal", "xavier_uniform", "normal_scaled"]
        .contains(&op)
        .then(|| Handler::new(Refusal::TypedError, |case, _| distribution(case)))
}

fn distribution(case: &Case) -> Result<Results, Fault> {
    let args = &case.args;
    let init = match case.op.as_str() {
        "xavier_normal" => Init::XavierNormal,
        "xavier_uniform" => Init::XavierUniform,
        _ => Init::Normal(args.read("factor")?),
    };
    args.says("gain", 1.0);
    // The statistics of one sample of the other software's.
    args.remarks(&["sample"]);
    let shape = if args.has("n_in") {
        vec![args.read("n_in")?, args.read("n_out")?]
    } else {
        // Stored as [out, in]; a dense layer's weights are [in, out] here.
        args.or("shape_out_in", vec![5, 10])?.into_iter().rev().collect()
    };
    if shape.len() != 2 {
        return Err(Fault::Unsupported("weights of a convolution".to_owned()));
    }
    for (name, length) in [("fan_in", shape[0]), ("fan_out", shape[1])] {
        if args.or(name, length)? != length {
            return Err(Fault::Mismatch(format!("{name} is not that of {shape:?}")));
        }
    }
    let bias: f64 = args.or("bias", 0.0)?;
    let biases = Init::Zeros.values("bias", &[shape[1]], 0);
    if biases.iter().any(|&x| x != bias) {
        return Err(Fault::Mismatch(format!("biases {biases:?}")));
    }

    // Enough draws for the statistics, in as many tensors as that takes.
    let tensors = 200_000_usize.div_ceil(shape.iter().product());
    let draws: Vec<f64> = (0..tensors as u64).flat_map(|seed| init.values("weight", &shape, seed)).collect();
    let std: f64 = args.read("std")?;
    let bound = if args.has("bound") { Some(args.read("bound")?) } else { None };
    check(&draws, std, bound).map_err(Fault::Mismatch)?;
    Ok(Results::default())
}

/// Checks mean, standard deviation and the share within one standard deviation, each to 5 times its standard error.
/// Bounded values must stay within the bound and come close to it.
fn check(draws: &[f64], std: f64, bound: Option<f64>) -> Result<(), String> {
    let n = draws.len() as f64;
    let expect = |what: &str, got: f64, want: f64, error: f64| {
        if (got - want).abs() <= 5.0 * error { Ok(()) } else { Err(format!("{what} {got}, want {want}")) }
    };
    let mean = draws.iter().sum::<f64>() / n;
    let spread = (draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
    let inside = draws.iter().filter(|x| x.abs() <= std).count() as f64 / n;
    expect("mean", mean, 0.0, std / n.sqrt())?;
    // The error of a normal distribution's; that of a uniform one is smaller.
    expect("standard deviation", spread, std, std / (2.0 * n).sqrt())?;
    let share: f64 = if bound.is_some() { 1.0 / 3.0_f64.sqrt() } else { 0.682_689_492_137_085_9 };
    expect("share within one standard deviation", inside, share, (share * (1.0 - share) / n).sqrt())?;
    let largest = draws.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    match bound {
        Some(bound) if largest > bound || largest < bound * (1.0 - 1e-3) => {
            Err(format!("largest {largest}, bound {bound}"))
        }
        _ => Ok(()),
    }
}
