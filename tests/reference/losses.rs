//! Loss functions.

use autograd::Var;
use nn::loss::{self, CrossEntropy, Ctc, Reduction, each, row};

use crate::args::Args;
use crate::evaluate::evaluate;
use crate::format::Case;
use crate::runner::{Fault, Handler, Refusal, Results};

/// The operands of a case, by order and by name.
struct Given<'a, 't> {
    case: &'a Case,
    x: &'a [Var<'t>],
}

impl<'t> Given<'_, 't> {
    fn named(&self, name: &str) -> Option<Var<'t>> {
        self.case.labels("in").position(|label| label == name).map(|at| self.x[at])
    }

    /// Weights that are factors of the losses.
    fn weighted(&self, losses: Var<'t>) -> Var<'t> {
        self.named("weight").map_or(losses, |w| w * losses)
    }
}

impl<'t> std::ops::Index<usize> for Given<'_, 't> {
    type Output = Var<'t>;
    fn index(&self, at: usize) -> &Var<'t> {
        &self.x[at]
    }
}

/// A loss, before its reduction or with it.
type Row = for<'t> fn(&Given<'_, 't>, &Args) -> Var<'t>;

pub(crate) fn find(op: &str) -> Option<Handler> {
    let reduced = regression(op).or_else(|| classification(op)).or_else(|| likelihood(op));
    if let Some(losses) = reduced.or_else(|| rows(op)) {
        return Some(handler(move |x, args| {
            // Before the loss, which may refuse.
            let reduce = reduction_of(x, args);
            reduce(losses(x, args))
        }));
    }
    entropies(op).or_else(|| batches(op)).map(handler)
}

fn handler(loss: impl for<'t> Fn(&Given<'_, 't>, &Args) -> Var<'t> + 'static) -> Handler {
    Handler::new(Refusal::PanicInCaller, move |case, _| {
        let results = evaluate(case, |x, args| loss(&Given { case, x }, args))?;
        with_conventions(case, results)
    })
}

/// The choices at kinks are those of the software behind the stored numbers, but for what says so in the documentation.
fn with_conventions(case: &Case, mut results: Results) -> Result<Results, Fault> {
    if !["bce", "cosine_embedding", "cross_entropy"].contains(&case.op.as_str()) {
        results.same_convention();
    }
    if case.op == "bce_with_logits" {
        saturated(case, &mut results)?;
    }
    Ok(results)
}

/// Binary cross-entropy far out: the limit at an infinite logit, and slopes that keep their digits.
fn saturated(case: &Case, results: &mut Results) -> Result<(), Fault> {
    let (logits, targets) = (case.array("in", "input")?.floats(), case.array("in", "target")?.floats());
    let right = |(x, t): (f64, f64)| x.is_infinite() && t == f64::from(u8::from(x > 0.0));
    let both: Vec<(usize, (f64, f64))> = logits.into_iter().zip(targets).enumerate().collect();
    let limits = both.iter().filter(|(_, of)| right(*of)).map(|&(at, _)| (at, 0.0)).collect();
    results.instead("out", "y", "the limit at an infinite logit", limits);
    if case.atol == 0.0 {
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        let slope = |(x, t): (f64, f64)| (1.0 - t) * sigmoid(x) - t * sigmoid(-x);
        let far = both.iter().filter(|(_, (x, _))| x.is_finite() && x.abs() > 36.0);
        let slopes = far.map(|&(at, of)| (at, slope(of))).collect();
        results.instead(
            "grad",
            "input",
            "the difference of the stored sigmoid and the target is lost to rounding",
            slopes,
        );
    }
    Ok(())
}

fn reduction(x: &Given<'_, '_>, args: &Args) -> Reduction {
    match args.need::<String>("reduction").parse() {
        Ok(reduction) => reduction,
        Err(error) if x.case.must_refuse => panic!("{error}"),
        Err(_) => args.unknown("reduction"),
    }
}

/// A reduction, or a sum divided by the number of rows.
fn reduction_of<'t>(x: &Given<'_, 't>, args: &Args) -> impl Fn(Var<'t>) -> Var<'t> + use<'t> {
    let rows = x[0].shape().first().copied().unwrap_or(1) as f64;
    let known = args.need::<String>("reduction") != "batchmean";
    let reduction = known.then(|| reduction(x, args));
    move |losses| match reduction {
        Some(reduction) => reduction.of(losses),
        None => losses.sum() / rows,
    }
}

fn regression(op: &str) -> Option<Row> {
    let row: Row = match op {
        "mse" => |x, _| each::squared(x[0], x[1]),
        "half_mse" => |x, _| each::squared(x[0], x[1]) * 0.5,
        "l1" => |x, args| {
            args.remarks(&["delta", "beta"]);
            each::l1(x[0], x[1])
        },
        "huber" => |x, args| {
            args.remarks(&["beta"]);
            each::huber(x[0], x[1], args.need("delta"))
        },
        "smooth_l1" => |x, args| {
            args.remarks(&["delta"]);
            each::smooth_l1(x[0], x[1], args.need("beta"))
        },
        "log_cosh" => |x, _| each::log_cosh(x[0], x[1]),
        "charbonnier" => |x, args| each::charbonnier(x[0], x[1], args.need("eps")),
        "quantile_loss" => |x, args| each::quantile(x[0], x[1], args.need("q")),
        "msle" => |x, _| each::squared_log(x[0], x[1]),
        _ => return None,
    };
    Some(row)
}

fn classification(op: &str) -> Option<Row> {
    let row: Row = match op {
        "bce" => |x, _| x.weighted(each::bce(x[0], x[1])),
        "bce_with_logits" => |x, _| {
            x.weighted(match x.named("pos_weight") {
                Some(positive) => each::weighted_bce_with_logits(x[0], x[1], positive),
                None => each::bce_with_logits(x[0], x[1]),
            })
        },
        "sigmoid_focal" => |x, args| {
            let (losses, alpha) = (each::focal(x[0], x[1], args.need("gamma")), args.need("alpha"));
            if alpha < 0.0 { losses } else { each::balance(x[1], alpha) * losses }
        },
        "hinge" => |x, _| each::hinge(x[0], x[1]),
        "squared_hinge" => |x, _| each::hinge(x[0], x[1]).square(),
        "soft_margin" => |x, _| each::soft_margin(x[0], x[1]),
        "hinge_embedding" => |x, args| each::hinge_embedding(x[0], x[1], args.need("margin")),
        "margin_ranking" => |x, args| each::margin_ranking(x[0], x[1], x[2], args.need("margin")),
        _ => return None,
    };
    Some(row)
}

fn likelihood(op: &str) -> Option<Row> {
    let row: Row = match op {
        "kl_div" => |x, args| match args.optional("log_target", false) {
            true => each::kl_div_of_logs(x[0], x[1]),
            false => each::kl_div(x[0], x[1]),
        },
        "poisson_nll" => |x, args| {
            let losses = if args.optional("log_input", true) {
                args.remarks(&["eps"]);
                each::poisson_nll(x[0], x[1])
            } else {
                each::poisson_nll_of_rate(x[0], x[1], args.optional("eps", 1e-8))
            };
            if args.optional("full", false) { losses + each::stirling(x[1]) } else { losses }
        },
        "gaussian_nll" => |x, args| {
            let full = args.optional("full", false);
            let losses = each::gaussian_nll(x[0], x[1], x[2], args.optional("eps", 1e-6));
            if full { losses + 0.5 * std::f64::consts::TAU.ln() } else { losses }
        },
        _ => return None,
    };
    Some(row)
}

fn rows(op: &str) -> Option<Row> {
    let row: Row = match op {
        "cosine_embedding" => |x, args| row::cosine_embedding(x[0], x[1], x[2], args.need("margin")),
        "triplet_margin" => |x, args| {
            let [margin, p, epsilon] = ["margin", "p", "eps"].map(|name| args.need(name));
            row::triplet(x[0], x[1], x[2], row::Triplet { margin, p, epsilon, swap: args.need("swap") })
        },
        "multilabel_soft_margin" => |x, _| row::multilabel_soft_margin(x[0], x[1], x.named("weight")),
        "multilabel_margin" => |x, _| row::multilabel_margin(x[0], x[1]),
        "multi_margin" => |x, args| {
            let (p, margin) = (args.need::<usize>("p") as u32, args.need("margin"));
            row::multi_margin(x[0], x[1], p, margin, x.named("weight"))
        },
        "softmax_focal" => |x, args| row::focal(x[0], x[1], args.need("gamma")),
        "dice" => |x, args| row::dice(x[0], x[1], args.need("smooth")),
        "jaccard" => |x, args| row::jaccard(x[0], x[1], args.need("smooth")),
        "tversky" => |x, args| {
            let shares = (args.need("alpha"), args.need("beta"));
            row::tversky(x[0], x[1], shares, args.need("smooth"))
        },
        _ => return None,
    };
    Some(row)
}

/// Losses that reduce in a way of their own.
fn entropies(op: &str) -> Option<Row> {
    let row: Row = match op {
        "cross_entropy" => |x, args| options(x, args).of(x[0], x[1]),
        "nll" => |x, args| options(x, args).of_logs(x[0], x[1]),
        "ctc" => |x, args| {
            let counts: Vec<usize> = args.need("target_lengths");
            let lengths: Vec<usize> = args.need("input_lengths");
            let zero_infinity = args.optional("zero_infinity", false);
            let loss = Ctc { blank: args.need("blank"), reduction: reduction(x, args), zero_infinity };
            let stored = x.case.array("in", "target").expect("labels are stored").floats();
            let width = stored.len() / counts.len();
            let labels = stored.chunks(width).zip(counts);
            let labels: Vec<Vec<usize>> =
                labels.map(|(row, n)| row[..n].iter().map(|&label| label as usize).collect()).collect();
            loss.of(x[0], &labels, &lengths)
        },
        "cross_entropy_probabilities" => |x, args| options(x, args).of_probabilities(x[0], x[1]),
        _ => return None,
    };
    Some(row)
}

fn options<'t>(x: &Given<'_, 't>, args: &Args) -> CrossEntropy<'t> {
    let ignored: Option<isize> = args.optional("ignore_index", None);
    CrossEntropy {
        ignored: ignored.map(|label| label as i64),
        smoothing: args.optional("label_smoothing", 0.0),
        weights: x.named("weight"),
        reduction: reduction(x, args),
    }
}

/// Losses of whole batches.
fn batches(op: &str) -> Option<Row> {
    let row: Row = match op {
        "info_nce" => |x, args| loss::info_nce(x[0], x[1], args.need("temperature")),
        "clip_loss" => |x, _| loss::clip(x[0], x[1], x[2]),
        "nt_xent" => |x, args| loss::nt_xent(x[0], args.need("temperature")),
        "contrastive_pairs" => |x, args| row::contrastive(x[0], x[1], x[2], args.need("margin")).mean(),
        "js_divergence" => |x, _| row::js_divergence(x[0], x[1]).mean(),
        "kl_normal" => |x, _| row::kl_normal(x[0], x[1]).mean(),
        "vae_elbo" => |x, _| {
            let (mean, log_variance) = (x[0], x[1]);
            let z = mean + (log_variance * 0.5).exp() * x[2];
            let entropy = each::bce_with_logits(z.matmul(x[3].t()), x[4]).sum_over(-1);
            (entropy + row::kl_normal(mean, log_variance)).mean()
        },
        _ => return None,
    };
    Some(row)
}
