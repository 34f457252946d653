//! Properties of the data for every seed.

use approx::assert_abs_diff_eq;
use datasets::{Error, RandomState, make_classification, make_moons, train_test_split};
use ndarray::Array1;

fn count(labels: &Array1<i64>, label: i64) -> usize {
    labels.iter().filter(|&&l| l == label).count()
}

#[test]
fn draws_have_the_moments_of_their_distributions() {
    let mut rng = RandomState::new(1);
    let n = 20_000;
    let moments = |draw: &mut dyn FnMut() -> f64| {
        let draws = Array1::from_shape_simple_fn(n, draw);
        (draws.mean().unwrap(), draws.std(0.0))
    };
    // Five standard errors of the mean and of the standard deviation.
    let error = 5.0 / (n as f64).sqrt();
    let (mean, std) = moments(&mut || rng.normal(3.0, 2.0));
    assert_abs_diff_eq!(mean, 3.0, epsilon = 2.0 * error);
    assert_abs_diff_eq!(std, 2.0, epsilon = 2.0 * error);
    let (mean, std) = moments(&mut || rng.uniform(-1.0, 1.0));
    assert_abs_diff_eq!(mean, 0.0, epsilon = error);
    assert_abs_diff_eq!(std, 1.0 / 3f64.sqrt(), epsilon = error);
}

#[test]
fn draws_stay_in_their_ranges() -> Result<(), Error> {
    let mut rng = RandomState::new(2);
    let mut seen = [0; 5];
    for _ in 0..2000 {
        assert!((0.0..1.0).contains(&rng.random_sample()));
        assert!((2.0..4.0).contains(&rng.uniform(2.0, 4.0)));
        seen[(rng.randint(-2, 3)? + 2) as usize] += 1;
    }
    assert!(seen.iter().all(|&times| (300..500).contains(&times)), "{seen:?}");
    Ok(())
}

#[test]
fn permutations_and_choices_do_not_repeat() -> Result<(), Error> {
    let mut rng = RandomState::new(3);
    let mut order = rng.permutation(100)?;
    assert_ne!(order, Vec::from_iter(0..100));
    order.sort_unstable();
    assert_eq!(order, Vec::from_iter(0..100));
    let mut chosen = rng.choice(100, 40)?;
    chosen.sort_unstable();
    chosen.dedup();
    assert_eq!((chosen.len(), chosen[39] < 100), (40, true));
    assert!(rng.permutation(0)?.is_empty() && rng.choice(0, 0)?.is_empty());
    Ok(())
}

#[test]
fn moons_lie_on_their_circles() -> Result<(), Error> {
    let data = make_moons(101).random_state(4).generate()?;
    assert_eq!((count(&data.y, 0), count(&data.y, 1)), (50, 51));
    for (point, &label) in data.x.outer_iter().zip(&data.y) {
        let (x, y) = (point[0], point[1]);
        let (x, y) = if label == 0 { (x, y) } else { (1.0 - x, 0.5 - y) };
        assert_abs_diff_eq!(x.hypot(y), 1.0, epsilon = 1e-15);
        assert!(y >= 0.0, "{point} is on the wrong half of circle {label}");
    }
    Ok(())
}

/// The shuffling is drawn before the noise, so the noise is what a seed adds.
#[test]
fn noise_has_the_given_deviation() -> Result<(), Error> {
    let moons = make_moons(5000).random_state(5);
    let noise = moons.clone().noise(0.2).generate()?.x - moons.generate()?.x;
    assert_abs_diff_eq!(noise.mean().unwrap(), 0.0, epsilon = 0.01);
    assert_abs_diff_eq!(noise.std(0.0), 0.2, epsilon = 0.01);
    Ok(())
}

#[test]
fn data_sets_may_be_empty() -> Result<(), Error> {
    let empty = make_moons((0, 0)).noise(0.1).generate()?;
    assert_eq!((empty.x.dim(), empty.y.len(), empty.is_empty()), ((0, 2), 0, true));
    assert!(make_moons(5).generate()?.select(&[])?.is_empty());
    Ok(())
}

#[test]
fn classes_have_the_shares_of_their_weights() -> Result<(), Error> {
    let options = make_classification(1000).n_classes(3).n_clusters_per_class(1).flip_y(0.0);
    let even = options.clone().generate()?;
    assert!((0..3).all(|label| (333..=335).contains(&count(&even.y, label))));
    let uneven = options.clone().weights(&[0.5, 0.125, 0.375]).generate()?;
    assert_eq!([0, 1, 2].map(|label| count(&uneven.y, label)), [500, 125, 375]);
    let rest = options.weights(&[0.5, 0.125]).generate()?;
    assert_eq!(rest.y, uneven.y);
    Ok(())
}

#[test]
fn flipping_replaces_about_the_given_share() -> Result<(), Error> {
    let options = make_classification(4000).shuffle(false);
    let pure = options.clone().flip_y(0.0).generate()?;
    let flipped = options.flip_y(0.4).generate()?;
    assert_eq!(pure.x, flipped.x);
    // Half of the random labels are the old ones.
    let changed = pure.y.iter().zip(&flipped.y).filter(|(a, b)| a != b).count();
    assert!((700..900).contains(&changed), "{changed}");
    Ok(())
}

#[test]
fn dependent_features_depend_on_informative_ones() -> Result<(), Error> {
    let options = make_classification(50).n_features(6).n_redundant(1).n_repeated(2);
    let x = options.shuffle(false).generate()?.x;
    // The combination that gives the redundant feature in two samples gives it in all.
    let det = x[[0, 0]] * x[[1, 1]] - x[[0, 1]] * x[[1, 0]];
    let a = (x[[0, 2]] * x[[1, 1]] - x[[1, 2]] * x[[0, 1]]) / det;
    let b = (x[[0, 0]] * x[[1, 2]] - x[[1, 0]] * x[[0, 2]]) / det;
    for sample in x.outer_iter() {
        assert_abs_diff_eq!(a * sample[0] + b * sample[1], sample[2], epsilon = 1e-10);
    }
    for repeated in [3, 4] {
        assert!((0..3).any(|useful| x.column(useful) == x.column(repeated)));
    }
    assert!((0..5).all(|useful| x.column(useful) != x.column(5)));
    Ok(())
}

#[test]
fn clusters_sit_on_different_vertices() -> Result<(), Error> {
    let options = make_classification(64).n_features(3).n_informative(3).n_redundant(0);
    let options = options.n_classes(2).n_clusters_per_class(4).class_sep(1000.0).flip_y(0.0);
    let data = options.generate()?;
    let mut sizes = std::collections::BTreeMap::new();
    for (sample, &label) in data.x.outer_iter().zip(&data.y) {
        let vertex = sample.iter().map(|&value| value > 0.0).collect::<Vec<_>>();
        *sizes.entry((vertex, label)).or_insert(0) += 1;
    }
    assert_eq!(Vec::from_iter(sizes.into_values()), [8; 8]);
    Ok(())
}

#[test]
fn splits_put_every_sample_into_one_part() -> Result<(), Error> {
    let labels = Array1::from_iter((0..97).map(|i| i % 3));
    let split = train_test_split(97).test_size(0.3);
    for split in [split.clone().stratify(&labels), split.clone().shuffle(false), split] {
        let split = split.generate()?;
        assert_eq!(split.test.len(), 30);
        let mut all = [split.train, split.test].concat();
        all.sort_unstable();
        assert_eq!(all, Vec::from_iter(0..97));
    }
    Ok(())
}

#[test]
fn stratified_splits_keep_proportions() -> Result<(), Error> {
    let data = make_classification(200).weights(&[0.9]).flip_y(0.0).generate()?;
    let rare = count(&data.y, 1);
    for seed in 0..5 {
        let split = train_test_split(200).test_size(0.25).stratify(&data.y).random_state(seed);
        let (train, test) = split.generate()?.apply(&data)?;
        assert_eq!((train.len(), test.len()), (150, 50));
        assert!(count(&test.y, 1).abs_diff(rare / 4) <= 1);
        assert_eq!(count(&train.y, 1) + count(&test.y, 1), rare);
    }
    Ok(())
}
