//! The report.

use crate::pictures::{BINS, calibration, confusion, losses, pooled, roc};
use crate::samples::Part;
use crate::{GOAL, Trial, sheet};
use report::{Section, Table};
use std::error::Error;
use std::path::Path;

/// Writes the report and says where.
pub(crate) fn write(trials: &[Trial], file: &Path) -> Result<(), Box<dyn Error>> {
    let report = sheet::start("Wengert: a table, from CSV to report", "tabular")
        .facts([("Seeds", "1, 2 and 3: of the split, the weights and the order of the batches")])
        .lead(
            "A network reads 30 measurements of the nuclei of a tumour's cells and gives the probability that the tumour is \
             malignant.",
        )
        .section(data(&trials[0]))
        .section(learning(trials)?)
        .section(results(trials)?);
    sheet::write(&report, file)
}

fn data(trial: &Trial) -> Section {
    let parts = &trial.samples;
    let row = |name: &str, part: &Part| {
        let share = 100.0 * part.malignant() / part.len() as f64;
        [name.to_owned(), part.len().to_string(), format!("{:.0} ({share:.1} %)", part.malignant())]
    };
    let table = Table::new("The parts of each split", ["part", "tumours", "malignant"])
        .row(row("learnt from", &parts.train))
        .row(row("stopped by", &parts.validation))
        .row(row("held out", &parts.test));
    Section::new("The data")
        .text(
            "Breast Cancer Wisconsin (Diagnostic), W. Wolberg, O. Mangasarian, N. Street and W. Street, UCI Machine Learning \
             Repository, 1995, CC BY 4.0: 569 tumours. Each seed splits them anew, with the same share of malignant ones in every \
             part. Mean and deviation of each measurement are those of the part that is learnt from.",
        )
        .table(table)
}

fn learning(trials: &[Trial]) -> Result<Section, Box<dyn Error>> {
    let section = Section::new("Learning").text(trials[0].training.described() + ".");
    let pictures = trials.iter().map(|trial| {
        let best = trial.training.best;
        let loss = trial.training.losses[best][1];
        sheet::picture(
            losses(trial),
            format!("Seed {}: the weights of epoch {best} are kept", trial.seed),
            format!(
                "Loss over the epochs for seed {}: the validation loss is least, {loss:.4}, at epoch {best}",
                trial.seed
            ),
        )
    });
    Ok(section.pictures(pictures.collect::<Result<Vec<_>, _>>()?))
}

fn results(trials: &[Trial]) -> Result<Section, Box<dyn Error>> {
    let columns =
        ["seed", "accuracy", "sensitivity", "specificity", "area under ROC", "log loss", "Brier score"];
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let table = trials.iter().fold(Table::new("On the held-out tumours", columns), |table, trial| {
        let v = &trial.verdict;
        let numbers = [v.area(), v.log_loss(), v.brier()].map(|x| format!("{x:.4}"));
        let shares = [v.accuracy(), v.sensitivity(), v.specificity()].map(percent);
        table.row([trial.seed.to_string()].into_iter().chain(shares).chain(numbers))
    });
    let pooled = pooled(trials);
    let [[_, alarms], [missed, _]] = pooled.confusion();
    let n = pooled.pairs.len();
    Ok(Section::new("Results")
        .text(format!(
            "Sensitivity is the share of the malignant tumours that are called so, specificity that of the benign ones. The goal, \
             an accuracy of {:.0} % in the median of the seeds, was set beforehand.",
            100.0 * GOAL
        ))
        .table(table)
        .pictures([
            sheet::picture(
                roc(trials),
                "The corner of the ROC curve, a line for each seed",
                "Shares of malignant tumours found against benign ones mistaken, for every threshold",
            )?,
            sheet::picture(
                calibration(&pooled),
                "Probabilities against shares, with 95 % intervals",
                format!("Shares of malignant tumours in {BINS} bins of the probability, near the diagonal"),
            )?,
            sheet::picture(
                confusion(&pooled),
                "All seeds together, at a threshold of 50 %",
                format!("Of {n} tumours, {missed} malignant ones are called benign and {alarms} benign ones malignant"),
            )?,
        ])
        .note(format!(
            "Of {n} held-out tumours, {missed} malignant ones were missed and {alarms} benign ones gave an alarm. Probabilities and \
             shares differ by {:.1} points in the mean (expected calibration error, {BINS} bins). The three held-out parts \
             overlap: taken together they count some tumours twice.",
            100.0 * pooled.calibration_error(BINS)
        )))
}
