//! Sequences of learning rates: the groups `schedules` and `schedules_more`.

use optim::{Anneal, Cyclic, Height, OneCycle, Plateau, Schedule};

use crate::args::Args;
use crate::array::Array;
use crate::format::Case;
use crate::runner::{Fault, Handler, Refusal, Results};

const OPS: [&str; 17] = [
    "step",
    "multi_step",
    "exponential",
    "cosine",
    "cosine_warm_restarts",
    "one_cycle",
    "linear_warmup",
    "linear_decay",
    "constant_warmup",
    "polynomial",
    "warmup_then_cosine",
    "inverse_sqrt",
    "cyclic",
    "chained",
    "sequential",
    "multiplicative",
    "swalr",
];

pub(crate) fn find(op: &str) -> Option<Handler> {
    match op {
        "reduce_on_plateau" | "plateau" => Some(Handler::new(Refusal::TypedError, |case, _| plateau(case))),
        _ if OPS.contains(&op) => Some(Handler::new(Refusal::TypedError, |case, _| sequence(case))),
        _ => None,
    }
}

/// The rates of all steps, and the momenta where there are some.
fn sequence(case: &Case) -> Result<Results, Fault> {
    let args = &case.args;
    let steps: usize = args.read("steps")?;
    // A schedule remembers nothing, so that it goes on from any step.
    args.remarks(&["resume_at"]);
    let several = args.or::<Vec<f64>>("initial_lr", vec![]);
    let initial = match several {
        Ok(rates) if !rates.is_empty() => rates,
        _ => vec![args.read("initial_lr")?],
    };
    let mut results = Results::default();
    let table = |schedules: &[Schedule]| {
        let rows = (0..steps as u64).flat_map(|step| schedules.iter().map(move |of| of.at(step)));
        let shape = if schedules.len() == 1 { vec![steps] } else { vec![steps, schedules.len()] };
        Array::shaped(&shape, rows.collect())
    };
    let rates: Result<Vec<_>, Fault> = initial.iter().map(|&rate| rates(case, rate)).collect();
    results.put("out", "lr", table(&rates?));
    if case.array("out", "momentum").is_ok() {
        results.put("out", "momentum", table(&[momenta(case)?]));
    } else {
        args.remarks(&["base_momentum", "max_momentum"]);
    }
    Ok(results)
}

fn rates(case: &Case, rate: f64) -> Result<Schedule, Fault> {
    let args = &case.args;
    let number = |name: &str| args.read::<f64>(name);
    let count = |name: &str| args.read::<usize>(name).map(|count| count as u64);
    Ok(match case.op.as_str() {
        "step" => stairs(args, rate)?,
        "multi_step" => {
            let steps = args.read::<Vec<usize>>("milestones")?;
            Schedule::milestones(rate, number("gamma")?, steps.into_iter().map(|step| step as u64))
        }
        "exponential" => Schedule::exponential(rate, number("gamma")?),
        "cosine" => Schedule::cosine(rate, number("eta_min")?, count("T_max")?),
        "cosine_warm_restarts" => {
            Schedule::restarts(rate, number("eta_min")?, count("T_0")?, args.or("T_mult", 1usize)? as u64)
        }
        "one_cycle" => one_cycle(args)?.rate(),
        "cyclic" => cyclic(args)?.rate(),
        "linear_warmup" | "linear_decay" => {
            let (from, to) = (number("start_factor")?, args.or("end_factor", 1.0)?);
            Schedule::linear(rate * from, rate * to, count("total_iters")?)
        }
        "constant_warmup" => constant(args, rate)?.then(Schedule::constant(rate)),
        "polynomial" => Schedule::polynomial(rate, number("power")?, count("total_iters")?),
        "warmup_then_cosine" => {
            let warmup = Schedule::warmup(rate, number("start_factor")?, count("warmup_iters")?);
            warmup.then(Schedule::cosine(rate, number("eta_min")?, count("T_max")?))
        }
        "inverse_sqrt" => {
            args.says("factor", "min((s+1)^-0.5, (s+1) * warmup^-1.5) times initial_lr");
            Schedule::inverse_sqrt(rate, count("warmup")?)
        }
        "chained" => {
            let (first, second) = (args.object("constant")?, args.object("exponential")?);
            let factor = constant(&first, 1.0)?.then(Schedule::constant(1.0));
            factor.times(Schedule::exponential(rate, second.read("gamma")?))
        }
        "sequential" => {
            let [first, second] = args.read::<Vec<usize>>("milestones")?[..] else {
                args.unknown("milestones")
            };
            let constant = args.object("constant")?;
            let begin = self::constant(&constant, rate)?.then(Schedule::constant(rate)).lasting(first as u64);
            let middle = Schedule::exponential(rate, args.object("exponential")?.read("gamma")?);
            let end = stairs(&args.object("step")?, rate)?;
            begin.then(middle.lasting((second - first) as u64)).then(end)
        }
        "multiplicative" => {
            args.says("factor", "0.95 in steps divisible by 3 (s from 1), else 1");
            Schedule::stairs(rate, 0.95, 3)
        }
        _ => {
            let (to, steps) = (number("swa_lr")?, count("anneal_epochs")?);
            Schedule::averaging(rate, to, steps, along(args, "strategy")?)
        }
    })
}

fn momenta(case: &Case) -> Result<Schedule, Fault> {
    let args = &case.args;
    let (least, greatest) = (args.read("base_momentum")?, args.read("max_momentum")?);
    Ok(match case.op.as_str() {
        "one_cycle" => one_cycle(args)?.momentum(least, greatest),
        _ => cyclic(args)?.momentum(least, greatest),
    })
}

/// A part of the rate for some steps.
fn constant(args: &Args, rate: f64) -> Result<Schedule, Fault> {
    let factor: f64 = args.read("factor")?;
    Ok(Schedule::constant(rate * factor).lasting(args.read::<usize>("total_iters")? as u64))
}

fn stairs(args: &Args, rate: f64) -> Result<Schedule, Fault> {
    Ok(Schedule::stairs(rate, args.read("gamma")?, args.read::<usize>("step_size")? as u64))
}

fn along(args: &Args, name: &str) -> Result<Anneal, Fault> {
    Ok(match args.read::<String>(name)?.as_str() {
        "linear" => Anneal::Linear,
        "cos" => Anneal::Cosine,
        _ => args.unknown(name),
    })
}

fn one_cycle(args: &Args) -> Result<OneCycle, Fault> {
    Ok(OneCycle {
        rise: args.or("pct_start", 0.3)?,
        first_divisor: args.or("div_factor", 25.0)?,
        last_divisor: args.or("final_div_factor", 1e4)?,
        along: along(args, "anneal_strategy")?,
        three_phases: args.or("three_phase", false)?,
        ..OneCycle::new(args.read("max_lr")?, args.read::<usize>("total_steps")? as u64)
    })
}

fn cyclic(args: &Args) -> Result<Cyclic, Fault> {
    let gamma = args.or("gamma", 1.0)?;
    let height = match args.read::<String>("mode")?.as_str() {
        "triangular" => Height::Same,
        "triangular2" => Height::Halved,
        "exp_range" => Height::Decaying(gamma),
        _ => args.unknown("mode"),
    };
    let up: usize = args.read("step_size_up")?;
    let down = args.or::<Option<usize>>("step_size_down", None)?.unwrap_or(up) as u64;
    Ok(Cyclic { least: args.read("base_lr")?, greatest: args.read("max_lr")?, up: up as u64, down, height })
}

/// The rates by a stored metric: by one scheduler, or by two of which the second goes on from the state of the first.
fn plateau(case: &Case) -> Result<Results, Fault> {
    let args = &case.args;
    let metrics = case.f64("in", "metrics")?;
    let steps: usize = args.read("steps")?;
    let make = || -> Result<Plateau, Fault> {
        let mut plateau = Plateau::new(args.read("initial_lr")?)?.factor(args.read("factor")?);
        plateau.patience = args.or("patience", 10usize)? as u64;
        plateau.cooldown = args.or("cooldown", 0usize)? as u64;
        plateau.least = args.or("min_lr", 0.0)?;
        plateau.threshold = args.or("threshold", 1e-4)?;
        plateau.epsilon = args.or("eps", 1e-8)?;
        plateau.relative = match args.or("threshold_mode", "rel".to_owned())?.as_str() {
            "rel" => true,
            "abs" => false,
            _ => args.unknown("threshold_mode"),
        };
        plateau.larger_is_better = match args.or("mode", "min".to_owned())?.as_str() {
            "min" => false,
            "max" => true,
            _ => args.unknown("mode"),
        };
        Ok(plateau)
    };
    let resume_at = args.or::<Option<usize>>("resume_at", None)?;
    let mut plateau = make()?;
    let mut rates = vec![];
    for (step, &metric) in metrics.iter().take(steps).enumerate() {
        if resume_at == Some(step) {
            let state = plateau.state();
            plateau = make()?;
            plateau.set_state(state);
        }
        rates.push(plateau.rate());
        plateau.observe(metric);
    }
    let mut results = Results::default();
    results.put("out", "lr", Array::shaped(&[rates.len()], rates));
    Ok(results)
}
