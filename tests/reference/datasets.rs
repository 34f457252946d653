//! Synthetic data, splits, and the random numbers behind them.

use datasets::{BlobCenters, BlobSizes, Dataset, Error, PairSizes, RandomState, Target, TestSize};
use ndarray::{Array2, ArrayView2, Axis, Ix2, s};

use crate::array::Array;
use crate::format::Case;
use crate::runner::{Fault, Handler, Refusal, Results};

pub(crate) fn find(op: &str) -> Option<Handler> {
    let evaluate = match op {
        "random_state" => random_state,
        "make_moons" => make_moons,
        "make_circles" => make_circles,
        "make_blobs" => make_blobs,
        "make_classification" => make_classification,
        "make_regression" => make_regression,
        "train_test_split" => train_test_split,
        "k_fold" | "stratified_k_fold" => k_fold,
        "standard_scaler" => standard_scaler,
        "min_max_scaler" => min_max_scaler,
        "digits" => digits,
        "iris" => iris,
        _ => return None,
    };
    Some(Handler::new(Refusal::TypedError, move |case, _| evaluate(case)))
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Fault::refused(error)
    }
}

/// The calls that [`random_state`] makes, one for each output.
const CALLS: [&str; 10] = [
    "random_sample(20)",
    "randn(21)",
    "normal(2, 0.5, 6)",
    "uniform(-3, 5, 7)",
    "randint(0, 10, 30)",
    "randint(0, 2**40, 5)",
    "permutation(25)",
    "shuffle(arange(12))",
    "choice(50, 8, replace=False)",
    "rand(3)",
];

fn random_state(case: &Case) -> Result<Results, Fault> {
    case.args.says("calls", &CALLS[..]);
    let mut rng = RandomState::new(seed(case, "seed")?);
    let mut results = Results::default();
    let mut floats =
        |results: &mut Results, label: &str, n: usize, draw: &dyn Fn(&mut RandomState) -> f64| {
            results.put("out", label, Array::shaped(&[n], (0..n).map(|_| draw(&mut rng)).collect()));
        };
    floats(&mut results, "random_sample", 20, &|rng| rng.random_sample());
    floats(&mut results, "randn", 21, &|rng| rng.standard_normal());
    floats(&mut results, "normal", 6, &|rng| rng.normal(2.0, 0.5));
    floats(&mut results, "uniform", 7, &|rng| rng.uniform(-3.0, 5.0));
    let mut integers = |n: usize, high: i64| (0..n).map(|_| rng.randint(0, high)).collect::<Result<_, _>>();
    results.put("out", "randint", Array::shaped(&[30], integers(30, 10)?));
    results.put("out", "randint_wide", Array::shaped(&[5], integers(5, 1 << 40)?));
    results.put("out", "permutation", indices(&rng.permutation(25)?));
    let mut items: Vec<usize> = (0..12).collect();
    rng.shuffle(&mut items);
    results.put("out", "shuffle", indices(&items));
    results.put("out", "choice", indices(&rng.choice(50, 8)?));
    results.put("out", "rand", Array::shaped(&[3], (0..3).map(|_| rng.random_sample()).collect()));
    Ok(results)
}

fn make_moons(case: &Case) -> Result<Results, Fault> {
    let args = &case.args;
    let mut moons = datasets::make_moons(pair(case)?).shuffle(args.or("shuffle", true)?);
    if let Some(noise) = args.or("noise", None)? {
        moons = moons.noise(noise);
    }
    samples(case, moons.random_state(seed_or_0(case)?).generate()?)
}

fn make_circles(case: &Case) -> Result<Results, Fault> {
    let args = &case.args;
    let mut circles = datasets::make_circles(pair(case)?).shuffle(args.or("shuffle", true)?);
    if let Some(noise) = args.or("noise", None)? {
        circles = circles.noise(noise);
    }
    let circles = circles.factor(args.or("factor", 0.8)?).random_state(seed_or_0(case)?);
    samples(case, circles.generate()?)
}

/// `n_samples` in all, or on each of two curves.
fn pair(case: &Case) -> Result<PairSizes, Fault> {
    Ok(match case.args.read::<Vec<usize>>("n_samples").as_deref() {
        Ok(&[outer, inner]) => PairSizes::from((outer, inner)),
        _ => case.args.or("n_samples", 100)?.into(),
    })
}

fn make_blobs(case: &Case) -> Result<Results, Fault> {
    let args = &case.args;
    let sizes = match args.read::<Vec<usize>>("n_samples") {
        Ok(each) => BlobSizes::from(each),
        _ => args.or("n_samples", 100)?.into(),
    };
    let mut blobs = datasets::make_blobs(sizes).n_features(args.or("n_features", 2)?);
    if let Ok(rows) = args.read::<Vec<Vec<f64>>>("centers") {
        let shape = (rows.len(), rows.first().map_or(0, Vec::len));
        let centers = Array2::from_shape_vec(shape, rows.concat());
        blobs = blobs.centers(centers.map_err(|e| case.location.error("args.centers", e))?);
    } else if let Some(count) = args.or("centers", None::<usize>)? {
        blobs = blobs.centers(BlobCenters::Count(count));
    }
    blobs = match args.read::<Vec<f64>>("cluster_std") {
        Ok(each) => blobs.cluster_stds(each),
        _ => blobs.cluster_std(args.or("cluster_std", 1.0)?),
    };
    if args.has("center_box") {
        let ends: Vec<f64> = args.read("center_box")?;
        let &[low, high] = &ends[..] else { args.unknown("center_box") };
        blobs = blobs.center_box(low..high);
    }
    samples(case, blobs.shuffle(args.or("shuffle", true)?).random_state(seed_or_0(case)?).generate()?)
}

fn make_regression(case: &Case) -> Result<Results, Fault> {
    let args = &case.args;
    args.says("n_targets", 1);
    args.says("effective_rank", serde_json::Value::Null);
    let model = datasets::make_regression(args.or("n_samples", 100)?)
        .n_features(args.or("n_features", 100)?)
        .n_informative(args.or("n_informative", 10)?)
        .bias(args.or("bias", 0.0)?)
        .noise(args.or("noise", 0.0)?)
        .shuffle(args.or("shuffle", true)?);
    let (data, w) = model.random_state(seed_or_0(case)?).generate_with_coefficients()?;
    let mut results = samples(case, data)?;
    if args.or("coef", false)? {
        results.put("out", "coef", w.into_dyn());
    }
    Ok(results)
}

fn make_classification(case: &Case) -> Result<Results, Fault> {
    let args = &case.args;
    let mut data = datasets::make_classification(args.read("n_samples")?);
    let counts =
        ["n_features", "n_informative", "n_redundant", "n_repeated", "n_classes", "n_clusters_per_class"];
    for name in counts.into_iter().filter(|name| args.has(name)) {
        let n = args.read(name)?;
        data = match name {
            "n_features" => data.n_features(n),
            "n_informative" => data.n_informative(n),
            "n_redundant" => data.n_redundant(n),
            "n_repeated" => data.n_repeated(n),
            "n_classes" => data.n_classes(n),
            _ => data.n_clusters_per_class(n),
        };
    }
    if args.has("weights") {
        data = data.weights(&args.read::<Vec<f64>>("weights")?);
    }
    if args.has("flip_y") {
        data = data.flip_y(args.read("flip_y")?);
    }
    if args.has("class_sep") {
        data = data.class_sep(args.read("class_sep")?);
    }
    samples(case, data.shuffle(args.or("shuffle", true)?).random_state(seed_or_0(case)?).generate()?)
}

fn train_test_split(case: &Case) -> Result<Results, Fault> {
    let args = &case.args;
    let test_size = match args.read::<usize>("test_size") {
        Ok(count) => TestSize::from(count),
        Err(_) => args.read::<f64>("test_size")?.into(),
    };
    let labels: Vec<i64> = case.i64("in", "labels")?.iter().copied().collect();
    let mut split = datasets::train_test_split(args.read("n")?);
    split = split.test_size(test_size).shuffle(args.or("shuffle", true)?);
    split = split.random_state(seed_or_0(case)?);
    if args.or("stratify", false)? {
        split = split.stratify(&labels[..]);
    }
    let split = split.generate()?;
    let mut results = Results::default();
    results.put("out", "train", indices(&split.train));
    results.put("out", "test", indices(&split.test));
    Ok(results)
}

fn k_fold(case: &Case) -> Result<Results, Fault> {
    let args = &case.args;
    let labels: Vec<i64> = match case.labels("in").next() {
        Some(label) => case.i64("in", label)?.iter().copied().collect(),
        None => Vec::new(),
    };
    let mut folds = datasets::k_fold(args.read("n")?, args.read("k")?);
    folds = folds.shuffle(args.or("shuffle", false)?).random_state(seed_or_0(case)?);
    if args.or("stratify", case.op == "stratified_k_fold")? {
        folds = folds.stratify(&labels[..]);
    }
    let mut results = Results::default();
    for (fold, split) in folds.generate()?.enumerate() {
        for (part, rows) in [("train", &split.train), ("test", &split.test)] {
            let label = format!("{part}_{fold}");
            if case.labels("out").any(|stored| stored == label) {
                results.put("out", &label, indices(rows));
            }
        }
    }
    Ok(results)
}

fn standard_scaler(case: &Case) -> Result<Results, Fault> {
    let args = &case.args;
    let scaler = datasets::standard_scaler()
        .with_mean(args.or("with_mean", true)?)
        .with_std(args.or("with_std", true)?)
        .ddof(args.or("ddof", 0)?);
    scaled(case, |x| scaler.fit(x))
}

fn min_max_scaler(case: &Case) -> Result<Results, Fault> {
    let args = &case.args;
    let mut scaler = datasets::min_max_scaler().clip(args.or("clip", false)?);
    if args.has("feature_range") {
        let ends: Vec<f64> = args.read("feature_range")?;
        let &[low, high] = &ends[..] else { args.unknown("feature_range") };
        scaler = scaler.range(low, high);
    }
    scaled(case, |x| scaler.fit(x))
}

fn scaled(
    case: &Case,
    fit: impl Fn(&Array2<f64>) -> Result<datasets::Scaler, Error>,
) -> Result<Results, Fault> {
    let x = case.f64("in", "X")?.clone().into_dimensionality::<Ix2>();
    let x = x.map_err(|e| case.location.error("in/X", e))?;
    let mut results = Results::default();
    results.put("out", "Z", fit(&x)?.transform(&x)?.into_dyn());
    Ok(results)
}

fn digits(case: &Case) -> Result<Results, Fault> {
    let data = datasets::digits();
    let mut results = summary(case, &data, 10, 1)?;
    results.put("out", "sum", Array::shaped(&[], vec![data.x.sum()]));
    Ok(results)
}

fn iris(case: &Case) -> Result<Results, Fault> {
    let data = datasets::iris();
    let mut results = summary(case, &data, 3, 3)?;
    results.put("out", "column_sums", data.x.sum_axis(Axis(0)).into_dyn());
    Ok(results)
}

/// How many samples each class has, and the first and last samples.
fn summary(case: &Case, data: &Dataset, classes: usize, ends: usize) -> Result<Results, Fault> {
    let rows: usize = case.args.read("rows")?;
    if data.len() != rows {
        return Err(Fault::Mismatch(format!("{} rows, not {rows}", data.len())));
    }
    let mut counts = vec![0; classes];
    data.y.iter().for_each(|&label| counts[label as usize] += 1);
    let end = |samples: ArrayView2<'_, f64>| {
        let shape: &[usize] = if ends == 1 { &[samples.ncols()] } else { &[ends, samples.ncols()] };
        Array::shaped(shape, samples.iter().copied().collect())
    };
    let mut results = Results::default();
    results.put("out", "label_counts", indices(&counts));
    results.put("out", "first", end(data.x.slice(s![..ends, ..])));
    results.put("out", "last", end(data.x.slice(s![rows - ends.., ..])));
    Ok(results)
}

/// A case that must be refused stores nothing to compare with.
fn samples<T: Target>(case: &Case, data: Dataset<T>) -> Result<Results, Fault>
where
    Array: From<ndarray::ArrayD<T>>,
{
    let mut results = Results::default();
    if !case.must_refuse {
        results.put("out", "X", data.x.into_dyn());
        results.put("out", "y", data.y.into_dyn());
    }
    Ok(results)
}

fn indices(of: &[usize]) -> Array {
    Array::shaped(&[of.len()], of.iter().map(|&i| i as i64).collect())
}

fn seed(case: &Case, name: &str) -> Result<u32, Fault> {
    let seed: usize = case.args.read(name)?;
    Ok(u32::try_from(seed).map_err(|e| case.location.error(&format!("args.{name}"), e))?)
}

/// `random_state`, or the default of the generators where the case gives none or null.
fn seed_or_0(case: &Case) -> Result<u32, Fault> {
    match case.args.or("random_state", None::<usize>)? {
        Some(_) => seed(case, "random_state"),
        None => Ok(0),
    }
}
