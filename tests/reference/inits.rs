//! Initialisers: their draws must have the right distribution.

use autograd::Initial;
use ndarray::Array2;
use nn::{Activation, Fan, Init, Scaled};

use crate::args::Args;
use crate::format::Case;
use crate::runner::{Fault, Handler, Refusal, Results};

pub(crate) fn find(op: &str) -> Option<Handler> {
    let handler: fn(&Case) -> Result<Results, Fault> = match op {
        "xavier_normal" | "xavier_uniform" | "kaiming_normal" | "kaiming_uniform" | "normal_scaled" => {
            distribution
        }
        "calculate_gain" => gains,
        "orthogonal" => orthogonal,
        "truncated_normal" => truncated,
        _ => return None,
    };
    Some(Handler::new(Refusal::TypedError, move |case, _| handler(case)))
}

fn same(what: &str, got: f64, want: f64, tolerance: f64) -> Result<(), Fault> {
    if (got - want).abs() <= tolerance * want.abs() {
        return Ok(());
    }
    Err(Fault::Mismatch(format!("{what} {got}, want {want}")))
}

/// The gain of a function by its name, which may end in its slope.
fn gain(args: &Args, name: &str) -> Result<f64, Fault> {
    let (name, slope) = match name.strip_prefix("leaky_relu_") {
        Some(slope) => ("leaky_relu", slope.parse().ok()),
        None => (name, if args.has("a") { Some(args.read("a")?) } else { None }),
    };
    Ok(match (name, slope) {
        ("linear" | "conv1d" | "conv2d" | "conv3d", _) => 1.0,
        ("selu", _) => Init::SELU_GAIN,
        ("leaky_relu", Some(slope)) => Activation::LeakyRelu(slope).gain(),
        _ => name.parse::<Activation>().map_err(Fault::refused)?.gain(),
    })
}

fn gains(case: &Case) -> Result<Results, Fault> {
    let wanted = case.args.object("gains")?;
    let names: Vec<String> = wanted.names().map(str::to_owned).collect();
    for name in names {
        same(&name, gain(&case.args, &name)?, wanted.read(&name)?, case.rtol)?;
    }
    Ok(Results::default())
}

/// The lengths of the axes: weights of a dense layer are stored as [out, in], and are [in, out] here.
fn shape(args: &Args) -> Result<Vec<usize>, Fault> {
    let mut shape: Vec<usize> = args.or("shape_out_in", vec![10, 5])?;
    if shape.len() == 2 {
        shape.reverse();
    }
    Ok(shape)
}

fn orthogonal(case: &Case) -> Result<Results, Fault> {
    let (shape, gain): (_, f64) = (shape(&case.args)?, case.args.read("gain")?);
    let (rows, columns) = (shape[0], shape[1..].iter().product());
    let w = Array2::from_shape_vec((rows, columns), Init::Orthogonal(gain).values("weight", &shape, 3));
    let w = w.expect("as many values as the shape has");
    let product = if rows <= columns { w.dot(&w.t()) } else { w.t().dot(&w) };
    for ((i, j), &x) in product.indexed_iter() {
        let want = if i == j { gain * gain } else { 0.0 };
        if (x - want).abs() > case.atol + case.rtol * want {
            return Err(Fault::Mismatch(format!("product [{i}, {j}] is {x}, want {want}")));
        }
    }
    let mut results = Results::default();
    results.waive("out", "example", "one such matrix, not the one to reproduce");
    Ok(results)
}

fn truncated(case: &Case) -> Result<Results, Fault> {
    let [mean, deviation, low, high] = ["mean", "std", "a", "b"].map(|name| case.args.read(name));
    let (mean, deviation, low, high) = (mean?, deviation?, low?, high?);
    let n = 200_000;
    let x = Init::TruncatedNormal { mean, deviation, low, high }.values("weight", &[n], 3);
    if let Some(x) = x.iter().find(|x| !(low..=high).contains(*x)) {
        return Err(Fault::Mismatch(format!("{x} is beyond a bound")));
    }
    let centre = x.iter().sum::<f64>() / n as f64;
    let spread = (x.iter().map(|x| (x - centre).powi(2)).sum::<f64>() / n as f64).sqrt();
    same("standard deviation", spread, case.args.read("distribution_std")?, 5.0 / (2.0 * n as f64).sqrt())?;
    Ok(Results::default())
}

fn distribution(case: &Case) -> Result<Results, Fault> {
    let args = &case.args;
    // The statistics of one sample of the other software's.
    args.remarks(&["sample"]);
    let uniform = case.op.ends_with("uniform");
    let init = match case.op.as_str() {
        "xavier_normal" if !args.has("gain") => Init::XavierNormal,
        "xavier_normal" => Init::xavier_normal(args.read("gain")?),
        "xavier_uniform" if !args.has("gain") => Init::XavierUniform,
        "xavier_uniform" => Init::xavier_uniform(args.read("gain")?),
        "normal_scaled" => Init::Normal(args.read("factor")?),
        _ => {
            let fan = match args.read::<String>("mode")?.as_str() {
                "fan_in" => Fan::In,
                "fan_out" => Fan::Out,
                _ => args.unknown("mode"),
            };
            let gain = gain(args, &args.read::<String>("nonlinearity")?)?;
            // Not every function has the slope `a`.
            args.remarks(&["a"]);
            same("gain", gain, args.or("gain", gain)?, case.rtol)?;
            Init::Scaled(Scaled { gain, fan, uniform })
        }
    };
    let shape = if args.has("n_in") { vec![args.read("n_in")?, args.read("n_out")?] } else { shape(args)? };
    let window: usize = shape.iter().skip(2).product();
    let fans = if shape.len() == 2 { [shape[0], shape[1]] } else { [shape[1] * window, shape[0] * window] };
    for (name, length) in ["fan_in", "fan_out"].into_iter().zip(fans) {
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
