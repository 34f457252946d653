//! Metrics of classes, of numbers and of clusters. What a case asks for stands in the labels of its outputs.

use train::metrics::{
    Clusterings, Confusion, Mean, MetricError, PrecisionRecall, Probabilities, Ratios, Regression, Roc,
    average_precision, brier, roc_auc, silhouette,
};

use crate::array::Array;
use crate::format::{Case, FormatError};
use crate::runner::{Fault, Handler, Refusal, Results};

pub(crate) fn find(op: &str) -> Option<Handler> {
    let evaluate = match op {
        "classification_metrics" => classification,
        "regression_metrics" => regression,
        "clustering_metrics" => clustering,
        "roc_auc" => area,
        "running_mean" => running_mean,
        _ => return None,
    };
    Some(Handler::new(Refusal::TypedError, move |case, _| evaluate(case)))
}

impl From<MetricError> for Fault {
    fn from(error: MetricError) -> Self {
        Fault::refused(error)
    }
}

/// Each output by its label.
fn each(case: &Case, value: impl Fn(&str) -> Result<Option<Array>, Fault>) -> Result<Results, Fault> {
    let mut results = Results::default();
    for label in case.labels("out") {
        let found = value(label)?.ok_or_else(|| Fault::Unsupported(format!("out.{label}")))?;
        results.put("out", label, found);
    }
    Ok(results)
}

fn number(x: f64) -> Array {
    Array::shaped(&[], vec![x])
}

fn list(x: Vec<f64>) -> Array {
    Array::shaped(&[x.len()], x)
}

fn whole(shape: &[usize], x: Vec<f64>) -> Array {
    Array::shaped(shape, x.into_iter().map(|x| x as i64).collect())
}

fn floats(case: &Case, label: &str) -> Result<Vec<f64>, FormatError> {
    Ok(case.f64("in", label)?.iter().copied().collect())
}

fn integers(case: &Case, label: &str) -> Result<Vec<i64>, FormatError> {
    Ok(case.i64("in", label)?.iter().copied().collect())
}

/// The weights, where the case has some.
fn weights(case: &Case) -> Result<Option<Vec<f64>>, FormatError> {
    case.labels("in").any(|label| label == "sample_weight").then(|| floats(case, "sample_weight")).transpose()
}

fn classification(case: &Case) -> Result<Results, Fault> {
    let classes: usize = case.args.read("classes")?;
    let zero_division = case.args.or("zero_division", 0.0)?;
    let bins: usize = case.args.or("calibration_bins", 10)?;
    let (rows, truth, weights) = (floats(case, "probabilities")?, integers(case, "target")?, weights(case)?);
    let plain = Probabilities::of(&truth, &rows)?;
    let predicted = plain.predicted();
    let confusion = Confusion::of(&truth, &predicted, classes)?.zero_division(zero_division);
    each(case, |label| {
        let weighted = || Probabilities::weighted(&truth, &rows, weights.as_deref());
        let counts = || Confusion::weighted(&truth, &predicted, classes, weights.as_deref());
        let mean = |areas: Vec<f64>| areas.iter().sum::<f64>() / areas.len() as f64;
        Ok(Some(match label {
            "confusion" => {
                let counts = (0..classes * classes).map(|k| confusion.count(k / classes, k % classes));
                whole(&[classes, classes], counts.collect())
            }
            "support" => whole(&[classes], confusion.support()),
            "accuracy" => number(confusion.accuracy()),
            "accuracy_weighted" => number(counts()?.accuracy()),
            "balanced_accuracy" => number(confusion.balanced_accuracy()),
            "balanced_accuracy_weighted" => number(counts()?.balanced_accuracy()),
            "cohen_kappa" => number(confusion.cohen_kappa()),
            "cohen_kappa_linear" => number(confusion.weighted_kappa(1)),
            "cohen_kappa_quadratic" => number(confusion.weighted_kappa(2)),
            "matthews" => number(confusion.matthews()),
            "log_loss" => number(plain.log_loss()),
            "log_loss_weighted" => number(weighted()?.log_loss()),
            "brier_multiclass" => number(plain.brier()),
            "ece" => number(plain.calibration(bins).expected()),
            "mce" => number(plain.calibration(bins).largest()),
            "roc_auc_ovr_macro" => number(mean(plain.one_versus_rest()?)),
            "roc_auc_ovr_weighted" => {
                number(plain.one_versus_rest()?.iter().zip(plain.shares()).map(|(area, s)| area * s).sum())
            }
            "roc_auc_ovo_macro" => {
                number(mean(plain.one_versus_one()?.iter().map(|(area, _)| *area).collect()))
            }
            "roc_auc_ovo_weighted" => {
                let mut areas = Mean::default();
                plain.one_versus_one()?.into_iter().for_each(|(area, share)| areas.add(area, share));
                number(areas.value().unwrap_or(f64::NAN))
            }
            _ => {
                let top = label.strip_prefix("top").and_then(|rest| rest.strip_suffix("_accuracy"));
                match top.and_then(|k| k.parse().ok()) {
                    Some(k) => number(plain.top_k_accuracy(k)),
                    None => match average(label, &confusion) {
                        Some(found) => found,
                        None => return of_scores(case, label, &truth, weights.as_deref()),
                    },
                }
            }
        }))
    })
}

/// `precision_macro`, `fbeta2_per_class` and so on.
fn average(label: &str, confusion: &Confusion) -> Option<Array> {
    let (metric, average) = label.split_once('_')?;
    let ratios: Ratios = match metric {
        "precision" => confusion.precision(),
        "recall" => confusion.recall(),
        "f1" => confusion.f1(),
        "jaccard" => confusion.jaccard(),
        _ => confusion.f_beta(metric.strip_prefix("fbeta")?.parse().ok()?),
    };
    Some(match average {
        "per_class" => list(ratios.per_class()),
        "macro" => number(ratios.macro_mean()),
        "micro" => number(ratios.micro()),
        "weighted" => number(ratios.weighted_mean()),
        "binary" => number(ratios.class(1)),
        _ => return None,
    })
}

/// What follows from one score for each row, that of class 1: it is stored beside the results.
fn of_scores(
    case: &Case,
    label: &str,
    truth: &[i64],
    weights: Option<&[f64]>,
) -> Result<Option<Array>, Fault> {
    let positive: Vec<bool> = truth.iter().map(|&label| label == 1).collect();
    let scores: Vec<f64> = case.f64("out", "scores")?.iter().copied().collect();
    let (roc, curve) = (|w| Roc::of(&positive, &scores, w), |w| PrecisionRecall::of(&positive, &scores, w));
    Ok(Some(match label {
        "scores" => list(scores),
        "roc_auc" => number(roc_auc(&positive, &scores, None)?),
        "roc_auc_weighted" => number(roc_auc(&positive, &scores, weights)?),
        "roc_fpr" => list(roc(None)?.false_positive_rate),
        "roc_tpr" => list(roc(None)?.true_positive_rate),
        "roc_thresholds" => list(roc(None)?.thresholds),
        "pr_precision" => list(curve(None)?.precision),
        "pr_recall" => list(curve(None)?.recall),
        "pr_thresholds" => list(curve(None)?.thresholds),
        "average_precision" => number(average_precision(&positive, &scores, None)?),
        "average_precision_weighted" => number(average_precision(&positive, &scores, weights)?),
        "brier" => number(brier(&positive, &scores, None)?),
        "brier_weighted" => number(brier(&positive, &scores, weights)?),
        _ => return Ok(None),
    }))
}

fn regression(case: &Case) -> Result<Results, Fault> {
    let (target, prediction, weights) =
        (floats(case, "target")?, floats(case, "prediction")?, weights(case)?);
    let outputs = case.f64("in", "target")?.shape().get(1).copied().unwrap_or(1);
    let columns = Regression::columns(&target, &prediction, outputs, None)?;
    let weighted = Regression::columns(&target, &prediction, outputs, weights.as_deref())?;
    each(case, |label| {
        if label == "r2_variance_weighted" {
            return Ok(Some(number(Regression::r2_by_variance(&columns))));
        }
        let each = |columns: &[Regression], name: &str| -> Option<Vec<f64>> {
            columns.iter().map(|column| figure(column, name)).collect()
        };
        let mean = |columns: &[Regression], name: &str| {
            each(columns, name).map(|all| number(all.iter().sum::<f64>() / all.len() as f64))
        };
        Ok(if let Some(name) = label.strip_suffix("_raw") {
            each(&columns, name).map(list)
        } else if let Some(name) = label.strip_suffix("_weighted") {
            mean(&weighted, name)
        } else {
            mean(&columns, label.strip_suffix("_uniform").unwrap_or(label))
        })
    })
}

fn figure(fit: &Regression, name: &str) -> Option<f64> {
    Some(match name {
        "mse" => fit.mean_squared_error(),
        "rmse" => fit.root_mean_squared_error(),
        "msle" => fit.mean_squared_log_error(),
        "rmsle" => fit.mean_squared_log_error().sqrt(),
        "mae" => fit.mean_absolute_error(),
        "median_ae" => fit.median_absolute_error(),
        "mape" => fit.mean_absolute_percentage_error(),
        "max_error" => fit.max_error(),
        "r2" => fit.r2(),
        "explained_variance" => fit.explained_variance(),
        "pearson" => fit.pearson(),
        "spearman" => fit.spearman(),
        _ => fit.pinball(name.strip_prefix("pinball_")?.parse().ok()?),
    })
}

fn clustering(case: &Case) -> Result<Results, Fault> {
    let (points, a, b) = (floats(case, "x")?, integers(case, "a")?, integers(case, "b")?);
    let both = Clusterings::of(&a, &b)?;
    each(case, |label| {
        Ok(Some(number(match label {
            "silhouette" => silhouette(&points, &a)?,
            "adjusted_rand" => both.adjusted_rand(),
            "mutual_info" => both.mutual_info(),
            "normalized_mutual_info" | "v_measure" => both.normalized_mutual_info(),
            "homogeneity" => both.homogeneity(),
            "completeness" => both.completeness(),
            _ => return Ok(None),
        })))
    })
}

fn area(case: &Case) -> Result<Results, Fault> {
    let positive: Vec<bool> = integers(case, "target")?.iter().map(|&label| label == 1).collect();
    let area = roc_auc(&positive, &floats(case, "scores")?, weights(case)?.as_deref())?;
    each(case, |label| Ok((label == "roc_auc").then(|| number(area))))
}

fn running_mean(case: &Case) -> Result<Results, Fault> {
    let mut mean = Mean::default();
    let sizes = integers(case, "batch_sizes")?;
    floats(case, "batch_means")?.iter().zip(sizes).for_each(|(&of_batch, n)| mean.add(of_batch, n as f64));
    each(case, |label| Ok((label == "mean").then(|| number(mean.value().unwrap_or(f64::NAN)))))
}
