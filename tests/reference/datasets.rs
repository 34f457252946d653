//! Synthetic data, splits, and the random numbers behind them.

use datasets::{Dataset, Error, MoonSizes, RandomState, TestSize};
use ndarray::{ArrayView2, Axis, s};

use crate::array::Array;
use crate::format::Case;
use crate::runner::{Fault, Handler, Refusal, Results};

pub(crate) fn find(op: &str) -> Option<Handler> {
    let evaluate = match op {
        "random_state" => random_state,
        "make_moons" => make_moons,
        "make_classification" => make_classification,
        "train_test_split" => train_test_split,
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
    let sizes = match args.read::<Vec<usize>>("n_samples").as_deref() {
        Ok(&[outer, inner]) => MoonSizes::from((outer, inner)),
        _ => args.read::<usize>("n_samples")?.into(),
    };
    let mut moons = datasets::make_moons(sizes).shuffle(args.or("shuffle", true)?);
    if let Some(noise) = args.or("noise", None)? {
        moons = moons.noise(noise);
    }
    if args.has("random_state") {
        moons = moons.random_state(seed(case, "random_state")?);
    }
    Ok(samples(moons.generate()?))
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
    let data = data.shuffle(args.or("shuffle", true)?).random_state(seed(case, "random_state")?);
    Ok(samples(data.generate()?))
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
    if args.has("random_state") {
        split = split.random_state(seed(case, "random_state")?);
    }
    if args.read("stratify")? {
        split = split.stratify(&labels[..]);
    }
    let split = split.generate()?;
    let mut results = Results::default();
    results.put("out", "train", indices(&split.train));
    results.put("out", "test", indices(&split.test));
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

fn samples(data: Dataset) -> Results {
    let mut results = Results::default();
    results.put("out", "X", data.x.into_dyn());
    results.put("out", "y", data.y.into_dyn());
    results
}

fn indices(of: &[usize]) -> Array {
    Array::shaped(&[of.len()], of.iter().map(|&i| i as i64).collect())
}

fn seed(case: &Case, name: &str) -> Result<u32, Fault> {
    let seed: usize = case.args.read(name)?;
    Ok(u32::try_from(seed).map_err(|e| case.location.error(&format!("args.{name}"), e))?)
}
