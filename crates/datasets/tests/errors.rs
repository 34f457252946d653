//! Impossible arguments are refused with an error that names them, and nothing panics.

use datasets::{Dataset, Error, RandomState};
use datasets::{k_fold, make_blobs, make_circles, make_classification, make_moons, make_regression};
use datasets::{min_max_scaler, standard_scaler, train_test_split};
use ndarray::{Array1, array};

/// More elements than an allocation may have bytes.
const ABSURD: usize = usize::MAX / 4;

/// The argument that an invalid-argument error is about, and the value it had.
#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> (&'static str, String) {
    match result.expect_err("should have been refused") {
        Error::InvalidArgument { argument, value, expected } => {
            assert!(!expected.is_empty());
            (argument, value)
        }
        other => panic!("another error: {other}"),
    }
}

#[track_caller]
fn too_large<T: std::fmt::Debug>(result: Result<T, Error>) {
    let error = result.expect_err("should have been refused");
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
}

#[test]
fn moons_refuse_a_total_of_none_and_impossible_noise() {
    assert_eq!(refused(make_moons(0).generate()), ("n_samples", "0".into()));
    for noise in [-0.1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(refused(make_moons(5).noise(noise).generate()), ("noise", noise.to_string()));
    }
    assert!(make_moons(5).noise(0.0).generate().is_ok());
}

#[test]
fn classification_refuses_counts_of_zero() {
    let data = make_classification(10);
    assert_eq!(refused(make_classification(0).generate()), ("n_samples", "0".into()));
    assert_eq!(refused(data.clone().n_features(0).generate()).0, "n_features");
    assert_eq!(refused(data.clone().n_informative(0).generate()).0, "n_informative");
    assert_eq!(refused(data.clone().n_classes(0).generate()).0, "n_classes");
    assert_eq!(refused(data.n_clusters_per_class(0).generate()).0, "n_clusters_per_class");
}

#[test]
fn classification_refuses_too_few_features() {
    let data = make_classification(10).n_informative(2).n_redundant(2).n_repeated(1);
    assert_eq!(refused(data.clone().n_features(4).generate()), ("n_features", "4".into()));
    assert!(data.clone().n_features(5).generate().is_ok());
    let overflowing = data.n_redundant(usize::MAX).n_repeated(usize::MAX);
    assert_eq!(refused(overflowing.generate()), ("n_features", "20".into()));
}

#[test]
fn classification_refuses_more_clusters_than_vertices() {
    let data = make_classification(10).n_informative(3);
    assert!(data.clone().n_classes(4).n_clusters_per_class(2).generate().is_ok());
    let nine = data.clone().n_classes(3).n_clusters_per_class(3);
    assert_eq!(refused(nine.generate()), ("n_informative", "3".into()));
    let most = data.n_classes(usize::MAX).n_clusters_per_class(usize::MAX);
    let (argument, value) = refused(most.generate());
    assert_eq!(argument, "n_classes * n_clusters_per_class");
    assert_eq!(value, (u128::from(u64::MAX) * u128::from(u64::MAX)).to_string());
}

#[test]
fn classification_refuses_numbers_out_of_range() {
    let data = make_classification(10);
    for flip_y in [-0.01, 1.01, f64::NAN] {
        let (argument, value) = refused(data.clone().flip_y(flip_y).generate());
        assert_eq!((argument, value), ("flip_y", flip_y.to_string()));
    }
    for class_sep in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let (argument, value) = refused(data.clone().class_sep(class_sep).generate());
        assert_eq!((argument, value), ("class_sep", class_sep.to_string()));
    }
}

#[test]
fn classification_refuses_weights_that_do_not_fit() {
    let data = make_classification(10);
    for len in [0, 3] {
        let error = data.clone().weights(&vec![0.1; len]).generate().unwrap_err();
        assert!(matches!(error, Error::LengthMismatch { argument: "weights", len: l, .. } if l == len));
    }
    for weights in [[-0.1, 0.5], [f64::NAN, 0.5], [0.5, f64::INFINITY], [0.6, 0.5]] {
        assert_eq!(refused(data.clone().weights(&weights).generate()).0, "weights");
    }
    assert_eq!(refused(data.clone().weights(&[1.5]).generate()).0, "weights");
    // These add up to 1 + 2^-52.
    let rounded = [0.1, 0.2, 0.3, 0.3, 0.1];
    assert!(rounded.iter().sum::<f64>() != 1.0);
    assert!(data.n_informative(4).n_classes(5).weights(&rounded).generate().is_ok());
}

#[test]
fn splits_refuse_sizes_that_leave_a_part_empty() {
    for fraction in [0.0, 1.0, -0.2, 1.5, f64::NAN, f64::INFINITY] {
        let result = train_test_split(10).test_size(fraction).generate();
        assert_eq!(refused(result), ("test_size", fraction.to_string()));
    }
    for count in [0, 10, 11, usize::MAX] {
        let result = train_test_split(10).test_size(count).generate();
        assert_eq!(refused(result), ("test_size", count.to_string()));
    }
    assert_eq!(refused(train_test_split(10).test_size(0.95).generate()).0, "test_size");
    for n in [0, 1] {
        assert_eq!(refused(train_test_split(n).generate()), ("n_samples", n.to_string()));
    }
}

#[test]
fn splits_refuse_labels_that_cannot_be_shared_out() {
    let labels = [0, 0, 0, 0, 1, 1, 1, 2, 2, 2];
    let split = train_test_split(10).stratify(&labels);
    assert!(split.clone().test_size(3).generate().is_ok());
    assert_eq!(refused(split.clone().test_size(2).generate()), ("test_size", "2 of 10".into()));
    assert_eq!(refused(split.clone().test_size(8).generate()), ("test_size", "8 of 10".into()));
    assert_eq!(refused(split.shuffle(false).generate()), ("shuffle", "false".into()));

    let error = train_test_split(9).stratify(&labels).generate().unwrap_err();
    assert!(matches!(error, Error::LengthMismatch { argument: "stratify", len: 10, .. }));
    let alone = [7, 7, 7, 7, -3];
    let error = train_test_split(5).test_size(2).stratify(&alone).generate().unwrap_err();
    assert_eq!(error, Error::ClassTooSmall { label: -3, count: 1 });
}

#[test]
fn datasets_refuse_unequal_lengths_and_indices_outside() -> Result<(), Error> {
    let mut data = Dataset::new(array![[0.5], [1.5]], array![0, 1])?;
    assert_eq!(refused(data.select(&[1, 2])), ("index", "2".into()));
    let split = train_test_split(3).shuffle(false).generate()?;
    assert_eq!(refused(split.apply(&data)), ("index", "2".into()));

    data.y = Array1::zeros(3);
    let error = data.select(&[0]).unwrap_err();
    assert!(matches!(error, Error::LengthMismatch { argument: "y", len: 3, .. }));
    Ok(())
}

#[test]
fn draws_refuse_empty_ranges() {
    let mut rng = RandomState::new(0);
    assert_eq!(refused(rng.randint(3, 3)), ("high", "3".into()));
    assert_eq!(refused(rng.randint(i64::MAX, i64::MIN)), ("high", i64::MIN.to_string()));
    assert_eq!(refused(rng.choice(4, 5)), ("size", "5".into()));
}

#[test]
fn sizes_beyond_memory_are_errors() {
    too_large(make_moons(ABSURD).generate());
    too_large(make_moons((usize::MAX, usize::MAX)).generate());
    too_large(make_classification(usize::MAX).generate());
    too_large(make_classification(ABSURD).n_features(ABSURD).generate());
    too_large(make_classification(1).n_features(ABSURD).n_informative(ABSURD).n_redundant(0).generate());
    too_large(make_classification(1).n_features(ABSURD).n_redundant(ABSURD - 2).generate());
    too_large(train_test_split(ABSURD).generate());
    too_large(train_test_split(ABSURD).test_size(1).shuffle(false).generate());
    too_large(RandomState::new(0).permutation(usize::MAX));
    too_large(RandomState::new(0).choice(ABSURD, 1));
}

/// Extreme but possible numbers give numbers, or infinities, and never a panic.
#[test]
fn extreme_numbers_are_drawn_with() -> Result<(), Error> {
    let mut rng = RandomState::new(0);
    assert_eq!(rng.uniform(f64::MIN, f64::MAX), f64::INFINITY);
    assert!(rng.uniform(f64::NAN, 1.0).is_nan());
    assert!(rng.normal(0.0, f64::INFINITY).is_infinite());
    rng.shuffle::<u8>(&mut []);
    let far = make_classification(20).n_redundant(0).n_features(2).class_sep(f64::MAX);
    assert!(far.generate()?.x.iter().all(|value| value.abs() == f64::MAX));
    Ok(())
}

/// Every size near zero, with every odd option that is allowed: as many samples as asked for, and numbers.
#[test]
fn the_smallest_sizes_are_met() -> Result<(), Error> {
    let sizes = (0..4).flat_map(|outer| (0..4).map(move |inner| (outer, inner)));
    for (outer, inner) in sizes {
        for noise in [0.0, 5e-324, 1.0, 1e300] {
            for shuffle in [true, false] {
                let data = make_moons((outer, inner)).noise(noise).shuffle(shuffle).generate()?;
                assert_eq!(data.x.dim(), (outer + inner, 2));
                assert_eq!(data.y.sum(), inner as i64, "inner samples are of class 1");
                assert!(data.x.iter().all(|x| x.is_finite()), "{outer} {inner} {noise}");
                assert_eq!(data.select(&[])?.x.dim(), (0, 2));
            }
        }
    }
    for n in 1..4 {
        for (classes, clusters) in [(1, 1), (1, 4), (2, 1), (2, 2), (4, 1)] {
            for (flip, weights) in [(0.0, vec![0.0; classes]), (1.0, vec![1.0 / classes as f64; classes])] {
                let data = make_classification(n).n_classes(classes).n_clusters_per_class(clusters);
                let data = data.n_features(2).n_redundant(0).flip_y(flip).weights(&weights).class_sep(5e-324);
                let data = data.generate()?;
                assert_eq!((data.x.dim(), data.y.len()), ((n, 2), n));
                assert!(data.y.iter().all(|y| (0..classes as i64).contains(y)));
                assert!(data.x.iter().all(|x| x.is_finite()));
            }
        }
    }
    for n in 2..6 {
        for fraction in [5e-324, 0.25, 0.5] {
            let split = train_test_split(n).test_size(fraction).generate()?;
            let mut all = [split.train.clone(), split.test.clone()].concat();
            all.sort_unstable();
            assert_eq!(all, (0..n).collect::<Vec<_>>(), "every sample is in one part");
            assert_eq!(split.test.len(), (fraction * n as f64).ceil() as usize);
        }
    }
    Ok(())
}

#[test]
fn circles_blobs_and_regressions_refuse_what_cannot_be() {
    assert_eq!(refused(make_circles(0).generate()), ("n_samples", "0".into()));
    for factor in [-0.1, 1.0, f64::NAN] {
        assert_eq!(refused(make_circles(5).factor(factor).generate()), ("factor", factor.to_string()));
    }
    assert_eq!(refused(make_circles(5).noise(-1.0).generate()).0, "noise");

    assert_eq!(refused(make_blobs(0).generate()), ("n_samples", "0".into()));
    assert_eq!(refused(make_blobs([]).generate()), ("centers", "0".into()));
    assert_eq!(refused(make_blobs(5).centers(0).generate()), ("centers", "0".into()));
    assert_eq!(refused(make_blobs(5).centers(array![[f64::NAN]]).generate()), ("centers", "NaN".into()));
    assert_eq!(refused(make_blobs(5).n_features(0).generate()), ("n_features", "0".into()));
    assert_eq!(refused(make_blobs(5).cluster_std(-1.0).generate()), ("cluster_std", "-1".into()));
    assert_eq!(refused(make_blobs(5).center_box(2.0..1.0).generate()), ("center_box", "2..1".into()));
    assert_eq!(refused(make_blobs(5).center_box(0.0..f64::INFINITY).generate()).0, "center_box");
    for stds in [vec![], vec![1.0; 2]] {
        let error = make_blobs(5).cluster_stds(stds).generate().unwrap_err();
        assert!(matches!(error, Error::LengthMismatch { argument: "cluster_std", .. }), "{error}");
    }

    assert_eq!(refused(make_regression(0).generate()), ("n_samples", "0".into()));
    assert_eq!(refused(make_regression(5).n_features(0).generate()), ("n_features", "0".into()));
    assert_eq!(refused(make_regression(5).bias(f64::NAN).generate()), ("bias", "NaN".into()));
    assert_eq!(refused(make_regression(5).noise(f64::INFINITY).generate()), ("noise", "inf".into()));
    assert!(make_regression(5).n_features(2).n_informative(usize::MAX).generate().is_ok());
}

#[test]
fn folds_refuse_what_leaves_one_empty() {
    for k in [0, 1, 11, usize::MAX] {
        assert_eq!(refused(k_fold(10, k).generate()), ("k", k.to_string()));
    }
    let labels = [0, 0, 0, 1, 1];
    assert_eq!(refused(k_fold(5, 4).stratify(&labels).generate()), ("k", "4".into()));
    assert!(k_fold(5, 3).stratify(&labels).generate().is_ok());
    let error = k_fold(6, 3).stratify(&labels).generate().unwrap_err();
    assert_eq!(error.to_string(), "stratify has length 5, expected n_samples = 6");
}

#[test]
fn scalers_refuse_numbers_that_tell_nothing() -> Result<(), Error> {
    let (standard, min_max) = (standard_scaler(), min_max_scaler());
    for x in [f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(refused(standard.fit(&array![[0.0], [x]])), ("x", format!("{x} at [1, 0]")));
        assert_eq!(refused(min_max.fit(&array![[0.0], [x]])).0, "x");
    }
    assert_eq!(refused(standard.fit(&array![[f64::NAN]])), ("x", "0 numbers in column 0".into()));
    assert_eq!(refused(min_max.fit(&array![[f64::NAN]])), ("x", "0 numbers in column 0".into()));
    assert_eq!(refused(standard.clone().ddof(usize::MAX).fit(&array![[1.0]])).0, "x");
    let far = array![[-1.7e308], [1.7e308]];
    assert_eq!(refused(standard.fit(&far)), ("x", "a spread of inf in column 0".into()));
    assert_eq!(refused(min_max.fit(&far)).0, "x");
    for (low, high) in [(1.0, 0.0), (0.0, 0.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
        assert_eq!(refused(min_max.clone().range(low, high).fit(&far)), ("range", format!("{low}..{high}")));
    }
    let error = standard.fit(&array![[1.0, 2.0]])?.transform(&array![[1.0]]).unwrap_err();
    assert_eq!(error.to_string(), "a row of x has length 1, expected 2, as the samples that were fitted");
    Ok(())
}

#[test]
fn the_new_sizes_are_refused_as_the_old() {
    too_large(make_circles((ABSURD, 1)).generate());
    too_large(make_blobs([usize::MAX, usize::MAX]).generate());
    too_large(make_blobs(5).centers(ABSURD).generate());
    too_large(make_regression(ABSURD).generate());
    too_large(k_fold(ABSURD, 2).generate());
}
