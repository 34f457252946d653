use crate::values::{assert_close, stored};
use datasets::{Classification, Error, make_classification};

/// How far samples may be from the stored ones where 4 ulp are too few: BLAS adds the terms of a
/// product with a single column, or of many columns, in an order of its own, and where they
/// cancel, the rounding of one term is many ulp of the sum (up to 512 here). With terms of about
/// 1, this is the rounding of some 45 additions. The other cases agree to 2 ulp, all but one of
/// them to the last bit.
const OTHER_ORDER: f64 = 1e-14;

fn check(case: usize, shape: [usize; 2], options: &Classification, atol: f64) -> Result<(), Error> {
    let data = options.generate()?;
    let labels = stored::<i64>(&format!("classification/{case}/y"), &[shape[0]]);
    assert_eq!(data.y.to_vec(), labels);
    assert_eq!(data.x.shape(), shape);
    let x = Vec::from_iter(data.x.iter().copied());
    assert_close(&format!("classification/{case}/x"), &shape, &x, atol);
    Ok(())
}

#[test]
fn two_informative_features() -> Result<(), Error> {
    let options = make_classification(100).n_features(2).n_redundant(0).n_informative(2);
    check(0, [100, 2], &options.n_clusters_per_class(1).random_state(42), 0.0)
}

#[test]
fn three_classes_with_redundant_and_noise_features() -> Result<(), Error> {
    let options = make_classification(80).n_features(6).n_informative(3).n_redundant(2);
    check(1, [80, 6], &options.n_classes(3).n_clusters_per_class(1).random_state(0), 0.0)
}

#[test]
fn repeated_features_separation_and_flips() -> Result<(), Error> {
    let options = make_classification(60).n_features(5).n_informative(3).n_redundant(1);
    let options = options.n_repeated(1).n_clusters_per_class(2).class_sep(1.7).flip_y(0.1);
    check(2, [60, 5], &options.random_state(5), 0.0)
}

#[test]
fn a_weight_for_all_classes_but_one_in_order() -> Result<(), Error> {
    let options = make_classification(40).n_features(4).n_informative(2).n_redundant(0);
    check(3, [40, 4], &options.weights(&[0.7]).shuffle(false).random_state(8), 0.0)
}

/// 4 of 1024 vertices: they are drawn by rejecting repeats.
#[test]
fn few_of_many_vertices() -> Result<(), Error> {
    let options = make_classification(6).n_features(12).n_informative(10);
    check(4, [6, 12], &options.random_state(2), OTHER_ORDER)
}

/// Beyond 30 informative features, the vertices' other coordinates are drawn apart.
#[test]
fn more_than_thirty_informative_features() -> Result<(), Error> {
    let options = make_classification(4).n_features(35).n_informative(33);
    check(5, [4, 35], &options.random_state(3), OTHER_ORDER)
}

#[test]
fn more_clusters_than_samples() -> Result<(), Error> {
    let options = make_classification(9).n_features(5).n_informative(4).n_redundant(0);
    let options = options.n_repeated(1).n_classes(5).n_clusters_per_class(3);
    check(6, [9, 5], &options.random_state(4), 0.0)
}

#[test]
fn weights_that_leave_samples_over() -> Result<(), Error> {
    let options = make_classification(25).n_features(3).n_informative(2).n_redundant(0);
    let options = options.n_classes(3).n_clusters_per_class(1).weights(&[0.1, 0.2, 0.3]);
    check(7, [25, 3], &options.flip_y(0.0).random_state(6), 0.0)
}

#[test]
fn all_labels_random() -> Result<(), Error> {
    let options = make_classification(12).n_features(2).n_informative(2).n_redundant(0);
    let options = options.n_classes(3).n_clusters_per_class(1).weights(&[0.7, 0.2]);
    check(8, [12, 2], &options.flip_y(1.0).random_state(7), 0.0)
}
