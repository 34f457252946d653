use crate::values::stored;
use datasets::{Error, KFold, k_fold};

fn check(case: usize, k: usize, n: usize, options: &KFold) -> Result<(), Error> {
    let fold_of = stored::<usize>(&format!("folds/{case}"), &[n]);
    let folds = options.generate()?;
    assert_eq!(folds.len(), k);
    for (fold, split) in folds.enumerate() {
        let (test, train): (Vec<usize>, Vec<usize>) = (0..n).partition(|&i| fold_of[i] == fold);
        assert_eq!((split.train, split.test), (train, test), "fold {fold}");
    }
    Ok(())
}

#[test]
fn in_order() -> Result<(), Error> {
    check(0, 3, 11, &k_fold(11, 3))
}

#[test]
fn shuffled() -> Result<(), Error> {
    check(1, 4, 23, &k_fold(23, 4).shuffle(true).random_state(5))
}

#[test]
fn stratified() -> Result<(), Error> {
    let labels = stored::<i64>("folds/2/labels", &[60]);
    check(2, 5, 60, &k_fold(60, 5).stratify(&labels))?;
    check(3, 4, 60, &k_fold(60, 4).stratify(&labels).shuffle(true).random_state(8))
}

#[test]
fn stratified_by_classes_smaller_than_the_number_of_folds() -> Result<(), Error> {
    let labels = stored::<i64>("folds/4/labels", &[23]);
    check(4, 6, 23, &k_fold(23, 6).stratify(&labels).shuffle(true).random_state(2))
}
