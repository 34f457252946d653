//! Connectionist temporal classification.

use super::Reduction;
use autograd::{DType, Mistake, Var};

/// Loss of a sequence of logits against a shorter one of labels, whose places are not known: −ln of the sum of the probabilities of
/// all alignments. An alignment gives each step a label or the blank; repeated labels count once unless a blank lies between.
///
/// The sum is that of the forward recursion, αₜ(s) = (αₜ₋₁(s) + αₜ₋₁(s − 1) + αₜ₋₁(s − 2))·pₜ(l′ₛ), where l′ are the labels with blanks
/// around them, and the last term falls away for blanks and repeated labels. It is computed in logarithms. Where no alignment is
/// possible, L is ∞ and has no derivative. Source: Graves et al., *Connectionist Temporal Classification*, 2006, equations 6 to 8.
///
/// ```
/// use nn::loss::Ctc;
/// let tape = autograd::Tape::new();
/// // Two steps, two classes of equal probability: of the four alignments, three give the label 1.
/// let logits = tape.var([[0.0, 0.0], [0.0, 0.0]]).unsqueeze(1);
/// let loss = Ctc::default().of(logits, &[vec![1]], &[2]);
/// assert!((loss.item() + 0.75f64.ln()).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Ctc {
    /// The class of the blank.
    pub blank: usize,
    /// What is given: a number for each sequence, their sum, or the mean of each divided by the number of its labels.
    pub reduction: Reduction,
    /// Whether a loss that is infinite counts as 0.
    pub zero_infinity: bool,
}

impl Ctc {
    /// The loss of logits of \[time, n, classes\], for the labels of n sequences and how many steps of each count.
    ///
    /// Labels and lengths are numbers of this machine, as the recursion is laid out by them.
    ///
    /// # Panics
    /// If there are not n sequences and lengths, a length is beyond the steps, or a label is no class or the blank.
    #[track_caller]
    pub fn of<'t>(&self, logits: Var<'t>, labels: &[Vec<usize>], lengths: &[usize]) -> Var<'t> {
        let [steps, n] = self.check(logits, labels, lengths);
        let longest = labels.iter().map(Vec::len).max().unwrap_or(0);
        let width = 2 * longest + 1;
        let layout = Layout::new(labels, width, self.blank);
        let tape = logits.tape();
        let mask = |values: &[bool]| tape.constant(values).reshape([n, width]);

        // [time, n, width]: ln p of what stands at each place.
        let logs = logits.log_softmax(-1);
        let index = tape.constant(&layout.classes[..]).reshape([1, n, width]).broadcast_to([steps, n, width]);
        let emitted = logs.gather(-1, index);
        let times: Vec<bool> =
            (0..steps).flat_map(|t| lengths.iter().map(move |&length| t < length)).collect();
        let goes_on = tape.constant(&times[..]).reshape([steps, n, 1]);
        let (skips, ends) = (mask(&layout.skips), mask(&layout.ends));

        // As if one step before the first had been at the place before the blank: one column more on the left.
        let none = |columns: usize| tape.full(f64::NEG_INFINITY, [n, columns], logs.dtype());
        let start = Var::concat(&[none(1), tape.full(0.0, [n, 1], logs.dtype()), none(width)], 1);
        let (last, ()) = tape.scan(steps, start, vec![emitted, goes_on], |before, x| {
            let part = |from: usize| before.slice(-1, from..from + width);
            // The first step begins at the first blank or the first label.
            let ways = [part(2), part(1), skips.select(part(0), f64::NEG_INFINITY)];
            let next = x[0] + log_sum(ways);
            let next = Var::concat(&[none(2), next], 1);
            (x[1].select(next, before), ())
        });
        let losses = -log_sum_of(ends.select(last.slice(-1, 2..2 + width), f64::NEG_INFINITY));
        let possible = losses.lt(f64::INFINITY);
        let losses = if self.zero_infinity { possible.select(losses, 0.0) } else { losses };
        match self.reduction {
            Reduction::Mean => {
                let counts: Vec<f64> = labels.iter().map(|labels| labels.len().max(1) as f64).collect();
                (losses / tape.constant(&counts[..]).cast(losses.dtype())).mean()
            }
            other => other.of(losses),
        }
    }

    #[track_caller]
    fn check(&self, logits: Var<'_>, labels: &[Vec<usize>], lengths: &[usize]) -> [usize; 2] {
        let shape = logits.shape();
        let &[steps, n, classes] = &shape[..] else {
            refuse(logits, format!("logits {shape}"), "logits are [time, n, classes]")
        };
        if labels.len() != n || lengths.len() != n {
            let what = format!("{} sequences of labels and {} lengths for {n}", labels.len(), lengths.len());
            refuse(logits, what, "each sequence has labels and a length");
        }
        if let Some(length) = lengths.iter().find(|&&length| length > steps) {
            refuse(
                logits,
                format!("a length of {length} for {steps} steps"),
                "a length is at most the number of steps",
            );
        }
        let bad = |label: &&usize| **label >= classes || **label == self.blank;
        if let Some(label) = labels.iter().flatten().find(bad) {
            let what = format!("label {label} of {classes} classes with the blank {}", self.blank);
            refuse(logits, what, "labels count from 0 and are not the blank");
        }
        if logits.dtype() != DType::F32 && logits.dtype() != DType::F64 {
            refuse(logits, format!("logits {}", logits.dtype()), "logits are numbers with a derivative");
        }
        [steps, n]
    }
}

#[cold]
#[track_caller]
fn refuse(logits: Var<'_>, what: String, rule: &str) -> ! {
    Mistake::new(format!("ctc: {what}"))
        .line("logits", logits.describe())
        .rule(rule)
        .hint("logits are [time, n, classes], labels one list for each of the n sequences")
        .raise()
}

/// The labels with blanks around them, in rows of equal width.
struct Layout {
    classes: Vec<i64>,
    /// Where the blank before may be left out.
    skips: Vec<bool>,
    /// Where an alignment may end.
    ends: Vec<bool>,
}

impl Layout {
    fn new(labels: &[Vec<usize>], width: usize, blank: usize) -> Layout {
        let mut layout = Layout { classes: vec![], skips: vec![], ends: vec![] };
        for labels in labels {
            for place in 0..width {
                let label = if place % 2 == 1 { labels.get(place / 2) } else { None };
                layout.classes.push(*label.unwrap_or(&blank) as i64);
                let differs = || place == 1 || labels[place / 2 - 1] != labels[place / 2];
                layout.skips.push(label.is_some() && differs());
                layout.ends.push(place == 2 * labels.len() || place + 1 == 2 * labels.len());
            }
        }
        layout
    }
}

/// ln Σ eˣ of three tensors: −∞ without a derivative where all are −∞.
fn log_sum(ways: [Var<'_>; 3]) -> Var<'_> {
    log_sum_of(Var::stack(&ways, -1))
}

/// ln Σ eˣ over the last axis: −∞ without a derivative where all are −∞.
fn log_sum_of(x: Var<'_>) -> Var<'_> {
    let some = x.max_over(-1).detach().gt(f64::NEG_INFINITY);
    let safe = some.unsqueeze(-1).select(x, 0.0);
    some.select(safe.logsumexp_over(-1), f64::NEG_INFINITY)
}
