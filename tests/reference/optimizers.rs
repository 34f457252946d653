//! The optimisers of cases, by op and options.

use optim::{
    AdaBelief, Adadelta, Adafactor, Adagrad, Adam, AdamW, Adamax, AmsGrad, Asgd, Descent, Formula,
    HyperparameterError, Lamb, Lars, Lion, Momentum, Muon, NAdam, NovoGrad, Optimizer, Pipeline, RAdam,
    RmsProp, Rprop, Sgd, SignSgd, StepError, Yogi,
};

use crate::args::{Args, FromArg};
use crate::format::{Case, FormatError};
use crate::runner::Fault;

impl From<HyperparameterError> for Fault {
    fn from(error: HyperparameterError) -> Self {
        Fault::refused(error)
    }
}

impl From<StepError> for Fault {
    fn from(error: StepError) -> Self {
        Fault::refused(error)
    }
}

/// The options of a group of parameters: its own, then those of the case.
pub(crate) struct Options<'a> {
    own: Args,
    case: &'a Args,
}

impl Options<'_> {
    fn or<T: FromArg>(&self, name: &str, default: T) -> Result<T, FormatError> {
        if self.own.has(name) { self.own.read(name) } else { self.case.or(name, default) }
    }

    fn rate(&self) -> Result<f64, FormatError> {
        if self.own.has("lr") { self.own.read("lr") } else { self.case.read("lr") }
    }

    fn pair(&self, name: &str, default: [f64; 2]) -> Result<[f64; 2], FormatError> {
        let [a, b] = self.or::<Vec<f64>>(name, default.to_vec())?[..] else { self.case.unknown(name) };
        Ok([a, b])
    }

    fn eps(&self, default: f64) -> Result<f64, FormatError> {
        self.or("eps", default)
    }

    fn decay(&self, default: f64) -> Result<f64, FormatError> {
        self.or("weight_decay", default)
    }
}

/// The options of a case without groups.
pub(crate) fn options(case: &Case) -> Options<'_> {
    Options { own: case.args.clone(), case: &case.args }
}

/// Whether the rule needs whole tensors, so that it updates no bare point.
pub(crate) fn is_per_tensor(op: &str) -> bool {
    matches!(op, "adafactor" | "lamb" | "lars" | "muon" | "novograd")
}

/// The optimiser of a case, at the end of a pipeline.
pub(crate) fn of(case: &Case) -> Result<Pipeline<Box<dyn Optimizer>>, Fault> {
    named(case, &case.op)
}

/// The optimiser of a name with the options of a case.
pub(crate) fn named(case: &Case, op: &str) -> Result<Pipeline<Box<dyn Optimizer>>, Fault> {
    let args = &case.args;
    let inner: Box<dyn Optimizer> = match op {
        "sgd" | "sparse_sgd" if is_plain(args)? => grouped(case, sgd)?,
        "sgd" => grouped(case, momentum)?,
        "adam" | "adamw" if is_amsgrad(args)? => grouped(case, |o| amsgrad(o, op == "adamw"))?,
        "adam" | "sparse_adam" => grouped(case, adam)?,
        "adamw" => grouped(case, |o| {
            let [beta1, beta2] = o.pair("betas", [0.9, 0.999])?;
            let adam = AdamW::new(o.rate()?)?.betas(beta1, beta2)?.epsilon(o.eps(1e-8)?)?;
            Ok(adam.weight_decay(o.decay(0.01)?)?)
        })?,
        "nadam" => grouped(case, nadam)?,
        "radam" => grouped(case, |o| {
            let [beta1, beta2] = o.pair("betas", [0.9, 0.999])?;
            let radam = RAdam::new(o.rate()?)?.betas(beta1, beta2)?.epsilon(o.eps(1e-8)?)?;
            let radam = radam.weight_decay(o.decay(0.0)?)?;
            Ok(if o.or("decoupled_weight_decay", false)? { radam.decoupled() } else { radam })
        })?,
        "adamax" => grouped(case, |o| {
            let [beta1, beta2] = o.pair("betas", [0.9, 0.999])?;
            let adamax = Adamax::new(o.rate()?)?.betas(beta1, beta2)?.epsilon(o.eps(1e-8)?)?;
            Ok(adamax.weight_decay(o.decay(0.0)?)?)
        })?,
        "rmsprop" => grouped(case, |o| {
            let rule = RmsProp::new(o.rate()?)?.alpha(o.or("alpha", 0.99)?)?.epsilon(o.eps(1e-8)?)?;
            let rule = rule.momentum(o.or("momentum", 0.0)?)?.weight_decay(o.decay(0.0)?)?;
            Ok(if o.or("centered", false)? { rule.centred() } else { rule })
        })?,
        "adagrad" | "sparse_adagrad" => grouped(case, |o| {
            let rule = Adagrad::new(o.rate()?)?.rate_decay(o.or("lr_decay", 0.0)?)?.epsilon(o.eps(1e-10)?)?;
            let initial = o.or("initial_accumulator_value", 0.0)?;
            Ok(rule.initial(initial)?.weight_decay(o.decay(0.0)?)?)
        })?,
        "adadelta" => grouped(case, |o| {
            let rule = Adadelta::new(o.rate()?)?.rho(o.or("rho", 0.9)?)?.epsilon(o.eps(1e-6)?)?;
            Ok(rule.weight_decay(o.decay(0.0)?)?)
        })?,
        "asgd" => grouped(case, asgd)?,
        "rprop" => grouped(case, |o| {
            let ([shrink, grow], [least, most]) =
                (o.pair("etas", [0.5, 1.2])?, o.pair("step_sizes", [1e-6, 50.0])?);
            Ok(Rprop::new(o.rate()?)?.factors(shrink, grow)?.steps(least, most)?)
        })?,
        "lion" => grouped(case, |o| {
            let [beta1, beta2] = o.pair("betas", [0.9, 0.99])?;
            Ok(Lion::new(o.rate()?)?.betas(beta1, beta2)?.weight_decay(o.decay(0.0)?)?)
        })?,
        "sign_sgd" => grouped(case, |o| Ok(SignSgd::new(o.rate()?)?.momentum(o.or("momentum", 0.0)?)?))?,
        "adabelief" => grouped(case, |o| {
            let [beta1, beta2] = o.pair("betas", [0.9, 0.999])?;
            let rule = AdaBelief::new(o.rate()?)?.betas(beta1, beta2)?.epsilon(o.eps(1e-16)?)?;
            Ok(rule.weight_decay(o.decay(0.0)?)?)
        })?,
        "yogi" => grouped(case, |o| {
            let [beta1, beta2] = o.pair("betas", [0.9, 0.999])?;
            let rule = Yogi::new(o.rate()?)?.betas(beta1, beta2)?.epsilon(o.eps(1e-3)?)?;
            Ok(rule.initial(o.or("initial", 1e-6)?)?)
        })?,
        _ => per_tensor(&options(case), op)?,
    };
    let mut maximise = args.or("maximize", false)?;
    if args.has("groups") {
        for group in args.objects("groups")? {
            maximise |= group.or("maximize", false)?;
        }
    }
    let pipeline = Pipeline::new(inner);
    Ok(if maximise { pipeline.maximise() } else { pipeline })
}

/// An optimiser with the options of each group of the case.
fn grouped<F: Formula<S, C>, const S: usize, const C: usize>(
    case: &Case,
    make: impl Fn(&Options<'_>) -> Result<Descent<F, S, C>, Fault>,
) -> Result<Box<dyn Optimizer>, Fault> {
    let lazy = case.op.starts_with("sparse_");
    if case.args.has("later") {
        let later = case.args.object("later")?;
        let rule = make(&options(case))?;
        let own = make(&Options { own: later, case: &case.args })?;
        return Ok(Box::new(rule.group("p1", |formula| *formula = own.formula().clone())?));
    }
    if !case.args.has("groups") {
        return Ok(Box::new(make(&options(case))?.lazy_rows(lazy)));
    }
    let groups = case.args.objects("groups")?;
    let mut all: Option<Descent<F, S, C>> = None;
    for own in groups {
        let names: Vec<String> = own.read("params")?;
        let rule = make(&Options { own, case: &case.args })?;
        all = Some(match all {
            None => rule,
            Some(mut all) => {
                for name in names {
                    all = all.group(&name, |formula| *formula = rule.formula().clone())?;
                }
                all
            }
        });
    }
    all.map(|all| Box::new(all) as Box<dyn Optimizer>).ok_or_else(|| case.args.unknown("groups"))
}

/// Whether descent has no momentum. In groups one of them may have one.
fn is_plain(args: &Args) -> Result<bool, FormatError> {
    if args.has("groups") {
        return Ok(false);
    }
    let plain = args.or("momentum", 0.0)? == 0.0 && !args.or("nesterov", false)?;
    if plain {
        args.off(&["dampening"]);
    }
    Ok(plain)
}

fn is_amsgrad(args: &Args) -> Result<bool, FormatError> {
    let mut amsgrad = args.or("amsgrad", false)?;
    if args.has("groups") {
        for group in args.objects("groups")? {
            amsgrad |= group.or("amsgrad", false)?;
        }
    }
    Ok(amsgrad)
}

fn sgd(o: &Options<'_>) -> Result<Sgd, Fault> {
    Ok(Sgd::new(o.rate()?)?.weight_decay(o.decay(0.0)?)?)
}

fn momentum(o: &Options<'_>) -> Result<Momentum, Fault> {
    let rule = Momentum::pytorch(o.rate()?, o.or("momentum", 0.0)?)?.weight_decay(o.decay(0.0)?)?;
    let rule = rule.dampening(o.or("dampening", 0.0)?)?;
    Ok(if o.or("nesterov", false)? { rule.nesterov()? } else { rule })
}

fn adam(o: &Options<'_>) -> Result<Adam, Fault> {
    let [beta1, beta2] = o.pair("betas", [0.9, 0.999])?;
    let adam = Adam::new(o.rate()?)?.betas(beta1, beta2)?.epsilon(o.eps(1e-8)?)?;
    Ok(adam.weight_decay(o.decay(0.0)?)?)
}

fn amsgrad(o: &Options<'_>, decoupled: bool) -> Result<AmsGrad, Fault> {
    let [beta1, beta2] = o.pair("betas", [0.9, 0.999])?;
    let rule = AmsGrad::new(o.rate()?)?.betas(beta1, beta2)?.epsilon(o.eps(1e-8)?)?;
    let rule = rule.weight_decay(o.decay(if decoupled { 0.01 } else { 0.0 })?)?;
    let rule = if o.or("amsgrad", false)? { rule } else { rule.forgets() };
    Ok(if decoupled { rule.decoupled() } else { rule })
}

pub(crate) fn nadam(o: &Options<'_>) -> Result<NAdam, Fault> {
    let [beta1, beta2] = o.pair("betas", [0.9, 0.999])?;
    let rule = NAdam::new(o.rate()?)?.betas(beta1, beta2)?.epsilon(o.eps(1e-8)?)?;
    let rule = rule.weight_decay(o.decay(0.0)?)?.momentum_decay(o.or("momentum_decay", 0.004)?)?;
    Ok(if o.or("decoupled_weight_decay", false)? { rule.decoupled() } else { rule })
}

pub(crate) fn asgd(o: &Options<'_>) -> Result<Asgd, Fault> {
    let rule = Asgd::new(o.rate()?)?.rates(o.or("lambd", 1e-4)?, o.or("alpha", 0.75)?)?;
    Ok(rule.start(o.or("t0", 1e6)?)?.weight_decay(o.decay(0.0)?)?)
}

fn per_tensor(o: &Options<'_>, op: &str) -> Result<Box<dyn Optimizer>, Fault> {
    let rate = o.rate()?;
    Ok(match op {
        "lamb" => {
            let [beta1, beta2] = o.pair("betas", [0.9, 0.999])?;
            let rule = Lamb::new(rate)?.betas(beta1, beta2)?.epsilon(o.eps(1e-6)?)?;
            Box::new(rule.weight_decay(o.decay(0.0)?)?)
        }
        "lars" => {
            let rule = Lars::new(rate)?.momentum(o.or("momentum", 0.9)?)?.trust(o.or("trust", 1e-3)?)?;
            Box::new(rule.weight_decay(o.decay(0.0)?)?)
        }
        "novograd" => {
            let [beta1, beta2] = o.pair("betas", [0.95, 0.98])?;
            let rule = NovoGrad::new(rate)?.betas(beta1, beta2)?.epsilon(o.eps(1e-8)?)?;
            Box::new(rule.weight_decay(o.decay(0.0)?)?)
        }
        "muon" => {
            let [a, b, c] = o.or("ns_coefficients", vec![3.4445, -4.775, 2.0315])?[..] else {
                o.case.unknown("ns_coefficients")
            };
            let rule = Muon::new(rate)?.momentum(o.or("momentum", 0.95)?)?.epsilon(o.eps(1e-7)?)?;
            let rule = rule.weight_decay(o.decay(0.1)?)?.orthogonalised(o.or("ns_steps", 5usize)?, [a, b, c]);
            let rule = if o.or("nesterov", true)? { rule } else { rule.plain() };
            match o.or::<Option<String>>("adjust_lr_fn", None)?.as_deref() {
                None | Some("original") => Box::new(rule),
                Some("match_rms_adamw") => Box::new(rule.matching_adam()),
                _ => o.case.unknown("adjust_lr_fn"),
            }
        }
        _ => {
            let [epsilon1, epsilon2] = o.or::<Vec<Option<f64>>>("eps", vec![None, Some(1e-3)])?[..] else {
                o.case.unknown("eps")
            };
            let rule = Adafactor::new(rate)?.decay_power(-o.or("beta2_decay", -0.8)?)?;
            let rule = rule.epsilons(epsilon1.unwrap_or(0.0), epsilon2.unwrap_or(1e-3))?;
            Box::new(rule.clipping(o.or("d", 1.0)?)?.weight_decay(o.decay(0.0)?)?)
        }
    })
}
