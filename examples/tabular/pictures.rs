//! The panels: curves, ROC, calibration, confusion.

use crate::Trial;
use crate::metrics::Verdict;
use plot::{Figure, Panel, PlotError, Saved};

/// Bins of the calibration.
pub(crate) const BINS: usize = 5;

/// Draws and writes the figure.
pub(crate) fn draw(trials: &[Trial]) -> Result<Saved, PlotError> {
    let pooled = pooled(trials);
    Figure::new("Breast tumours, 30 measurements to 16 hidden units to one probability; three seeds")
        .size(1200, 1000)
        .columns(2)
        .panel(losses(&trials[0]))
        .panel(roc(trials))
        .panel(calibration(&pooled))
        .panel(confusion(&pooled))
        .save("tabular")
}

/// The held-out tumours of all seeds.
pub(crate) fn pooled(trials: &[Trial]) -> Verdict {
    Verdict::pooled(trials.iter().map(|trial| &trial.verdict))
}

pub(crate) fn losses(trial: &Trial) -> Panel<'static> {
    let training = &trial.training;
    let curve = |part: usize| -> Vec<(f64, f64)> {
        training.losses.iter().enumerate().map(|(epoch, losses)| (epoch as f64, losses[part])).collect()
    };
    let best = (training.best as f64, training.losses[training.best][1]);
    Panel::new(format!("Loss, seed {}", trial.seed))
        .x_label("epoch")
        .y_label("mean cross-entropy (nats)")
        .log_y()
        .line("learnt from", &curve(0))
        .dashed("stopped by", &curve(1))
        .points(format!("kept: epoch {}", training.best), &[best])
}

/// From 80 % of the malignant tumours found and up to 20 % of the benign ones mistaken: the rest is at 100 %.
pub(crate) fn roc(trials: &[Trial]) -> Panel<'static> {
    let panel = Panel::new("ROC, the corner that matters")
        .x_label("benign called malignant (%)")
        .y_label("malignant called malignant (%)")
        .x_range(-0.5..20.0)
        .y_range(80.0..100.5);
    trials.iter().fold(panel, |panel, trial| {
        let points: Vec<_> = trial.verdict.roc().iter().map(|&(x, y)| (100.0 * x, 100.0 * y)).collect();
        panel.line(format!("seed {}, area {:.4}", trial.seed, trial.verdict.area()), &points)
    })
}

/// A point for each bin, with a bar from end to end of its interval.
pub(crate) fn calibration(pooled: &Verdict) -> Panel<'static> {
    /// Half the width of a bar.
    const HALF: f64 = 1.0;
    let bins = pooled.bins(BINS);
    let shares: Vec<_> = bins.iter().map(|bin| (100.0 * bin.mean, 100.0 * bin.share())).collect();
    // NaN interrupts the band: each bar stands alone.
    let x: Vec<f64> = shares.iter().flat_map(|&(x, _)| [x - HALF, x + HALF, f64::NAN]).collect();
    let [low, high] =
        [0, 1].map(|end| Vec::from_iter(bins.iter().flat_map(|bin| [100.0 * bin.interval()[end]; 3])));
    Panel::new("Calibration")
        .x_label("probability given to malignant (%)")
        .y_label("share that is malignant (%)")
        .x_range(-2.0..102.0)
        .y_range(-2.0..102.0)
        .dashed("as it should be", &[(0.0, 0.0), (100.0, 100.0)])
        .points(format!("held out, {BINS} bins"), &shares)
        .band("95 % interval", &x, &low, &high)
        .opacity(0.35)
}

pub(crate) fn confusion(pooled: &Verdict) -> Panel<'static> {
    let kinds = ["benign", "malignant"];
    let title = format!("{} held-out tumours", pooled.pairs.len());
    Panel::new(title).x_label("called").y_label("is").matrix(&pooled.confusion(), &kinds, &kinds)
}
