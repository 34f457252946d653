//! The table: one block of lines for each parameter tensor, and the verdict over all of them.

use std::process::ExitCode;
use wengert::prelude::*;

/// How far tape and manual gradient may be apart, relative to the largest entry of the tensor.
///
/// Both add the same terms in `f64`, in another order: some units of 1e-16 each. A wrong formula is off by far more.
const TOLERANCE: f64 = 1e-12;

/// The same gradient from four independent sources.
pub(crate) struct Sources<'a> {
    /// Derived by hand, all parameters in one row.
    pub(crate) manual: &'a [f64],
    /// From `loss.backward()`.
    pub(crate) tape: &'a Gradients,
    /// From the tape of scalars, neuron by neuron, all parameters in one row.
    pub(crate) neurons: &'a [f64],
    /// Central difference of the hand-written loss, all parameters in one row.
    pub(crate) numeric: &'a [f64],
}

/// Prints the tables and keeps their differences for the verdict.
pub(crate) struct Report {
    compared: usize,
    failures: Vec<String>,
}

impl Report {
    /// Prints what the columns mean.
    pub(crate) fn start() -> Report {
        println!("Gradients by hand against gradients from the tape, all in f64");
        println!();
        println!(
            "  by hand     derived with the chain rule on paper, written as plain loops (the folder manual/)"
        );
        println!("  tape        recorded forward pass, loss.backward()");
        println!("  neurons     recorded one scalar at a time, neuron by neuron, on the tape of scalars");
        println!("  difference  central difference of the hand-written loss: (L(p + h) − L(p − h)) / 2h");
        println!("  exact       tape and hand agree to the last bit; close: to 1e-10");
        println!("  max diff    largest difference of tape or neurons and hand");
        println!(
            "  c.d. max    largest difference of central difference and hand; most of it is the error of the former"
        );
        println!();
        println!(
            "Differences are relative to the largest entry of the tensor. Of a tensor with more than three"
        );
        println!("entries the first two are shown; all are compared.");
        Report { compared: 0, failures: Vec::new() }
    }

    /// Prints the table of one model: the parameters of `order`, which is also the order of the flat rows.
    pub(crate) fn gradients(&mut self, at: &str, params: &Params, order: &[Param], sources: &Sources<'_>) {
        println!();
        println!("  gradients {at}");
        println!(
            "  {:<17} {:<7}{:>17}{:>17}{:>17}{:>17}  {:<5}  {:<5} {:>8} {:>8}",
            "parameter",
            "shape",
            "by hand",
            "tape",
            "neurons",
            "difference",
            "exact",
            "close",
            "max diff",
            "c.d. max"
        );
        let mut start = 0;
        for &param in order {
            let range = start..start + params.get::<f64>(param).len();
            start = range.end;
            let [manual, neurons, numeric] =
                [sources.manual, sources.neurons, sources.numeric].map(|row| &row[range.clone()]);
            let name = params.name(param);
            self.compared += 1;
            match sources.tape.get::<f64>(param) {
                Some(tape) => {
                    let shape = params.shape(param).to_string();
                    let difference = rows(name, &shape, [manual, tape, neurons, numeric]);
                    self.judge(name, difference);
                }
                None => self.failures.push(format!("{name}: the tape has no gradient for it")),
            }
        }
    }

    fn judge(&mut self, name: &str, difference: f64) {
        // Not `difference > TOLERANCE`, which is false for a NaN.
        let agrees = difference <= TOLERANCE;
        if !agrees {
            self.failures.push(format!("{name}: manual gradient and tapes differ by {difference:.1e}"));
        }
    }

    /// Prints the verdict and turns it into the exit code.
    pub(crate) fn verdict(self) -> ExitCode {
        heading("Verdict");
        if self.failures.is_empty() {
            println!(
                "  all {} parameter gradients agree with both tapes to {TOLERANCE:e} of the largest entry",
                self.compared
            );
            return ExitCode::SUCCESS;
        }
        for failure in &self.failures {
            println!("  {failure}");
        }
        println!("  {} of {} parameter gradients DISAGREE", self.failures.len(), self.compared);
        ExitCode::FAILURE
    }
}

/// Prints the lines of one tensor, with the comparison on the first line. Returns the difference of the tapes from the manual
/// gradient.
fn rows(name: &str, shape: &str, [manual, tape, neurons, numeric]: [&[f64]; 4]) -> f64 {
    let [of_tape, of_neurons, of_numeric] = [tape, neurons, numeric].map(|row| compare(row, manual));
    // Not `f64::max`, which drops a NaN.
    let larger = [of_tape, of_neurons].map(|c| c.max_difference).into_iter().max_by(f64::total_cmp);
    let off = larger.expect("two of them");
    let yes = |b| if b { "yes" } else { "no" };
    let shown = if manual.len() <= 3 { manual.len() } else { 2 };
    for i in 0..shown {
        let (name, shape) = if i == 0 { (name, shape) } else { ("", "") };
        print!("  {name:<17} {shape:<7}");
        for source in [manual, tape, neurons, numeric] {
            print!("{:>17.12}", source[i]);
        }
        if i == 0 {
            let (exact, close) = (yes(of_tape.exact), yes(of_tape.close));
            let [off, numeric_off] = [off, of_numeric.max_difference].map(short);
            print!("  {exact:<5}  {close:<5} {off:>8} {numeric_off:>8}");
        }
        println!();
    }
    off
}

/// A difference in two digits; 0 only if it is none.
pub(crate) fn short(difference: f64) -> String {
    if difference == 0.0 { "0".to_owned() } else { format!("{difference:.1e}") }
}

/// A section of the report.
pub(crate) fn heading(title: &str) {
    println!();
    println!("{title}");
    println!("{}", "─".repeat(title.chars().count()));
}

/// Numbers as the 3-1-1 paper prints them: `[0.123, -0.456]`.
pub(crate) fn list(values: &[f64]) -> String {
    let values: Vec<String> = values.iter().map(|v| format!("{v:.3}")).collect();
    format!("[{}]", values.join(", "))
}

/// Prints the distance between the results of training with the tape and by hand.
pub(crate) fn same_end(tape: &[f64], manual: &[f64]) {
    let c = compare(tape, manual);
    println!(
        "  parameters at the end, tape against the same training by hand: max diff {}",
        short(c.max_difference)
    );
}
