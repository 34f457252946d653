use crate::values::stored;
use datasets::{Error, TrainTestSplit, train_test_split};

fn check(case: usize, sizes: [usize; 2], options: &TrainTestSplit) -> Result<(), Error> {
    let split = options.generate()?;
    assert_eq!(split.train, stored::<usize>(&format!("split/{case}/train"), &sizes[..1]));
    assert_eq!(split.test, stored::<usize>(&format!("split/{case}/test"), &sizes[1..]));
    Ok(())
}

#[test]
fn by_fraction() -> Result<(), Error> {
    check(0, [80, 20], &train_test_split(100).test_size(0.2).random_state(42))?;
    check(1, [12, 5], &train_test_split(17).test_size(0.25).random_state(0))
}

#[test]
fn by_count() -> Result<(), Error> {
    check(2, [23, 7], &train_test_split(30).test_size(7).random_state(3))
}

#[test]
fn in_order() -> Result<(), Error> {
    check(3, [14, 6], &train_test_split(20).test_size(0.3).shuffle(false))
}

#[test]
fn of_two_samples() -> Result<(), Error> {
    check(7, [1, 1], &train_test_split(2).test_size(0.5).random_state(14))
}

#[test]
fn stratified_by_three_classes() -> Result<(), Error> {
    let labels = stored::<i64>("split/4/labels", &[60]);
    let options = train_test_split(60).test_size(0.25).stratify(&labels);
    check(4, [45, 15], &options.random_state(1))
}

/// Seven classes of five samples share ten test samples: which classes get a second one is drawn.
#[test]
fn stratified_with_ties() -> Result<(), Error> {
    let labels = stored::<i64>("split/5/labels", &[35]);
    let options = train_test_split(35).test_size(10).stratify(&labels);
    check(5, [25, 10], &options.random_state(12))
}

#[test]
fn stratified_by_labels_with_gaps() -> Result<(), Error> {
    let labels = stored::<i64>("split/6/labels", &[23]);
    let options = train_test_split(23).test_size(0.4).stratify(&labels);
    check(6, [13, 10], &options.random_state(13))
}

/// Two classes tie for the largest remainder and both get one more, then one of the next two.
#[test]
fn stratified_with_several_levels_of_remainders() -> Result<(), Error> {
    let labels = stored::<i64>("split/8/labels", &[30]);
    let options = train_test_split(30).test_size(7).stratify(&labels);
    check(8, [23, 7], &options.random_state(15))
}
