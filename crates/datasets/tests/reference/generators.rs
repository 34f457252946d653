//! Circles, blobs and regressions.

use crate::values::{assert_close, stored};
use datasets::{Blobs, Circles, Dataset, Error, Regression, make_blobs, make_circles, make_regression};
use ndarray::array;

fn check(name: &str, shape: [usize; 2], atol: f64, data: Result<Dataset, Error>) {
    let data = data.unwrap();
    assert_eq!(data.y.to_vec(), stored::<i64>(&format!("{name}/y"), &shape[..1]));
    assert_eq!(data.x.dim(), (shape[0], shape[1]));
    assert_close(&format!("{name}/x"), &shape, data.x.as_slice().unwrap(), atol);
}

#[test]
fn circles() {
    let check = |case, n, circles: &Circles| {
        // A coordinate that would be 0 is the rounding of pi.
        check(&format!("circles/{case}"), [n, 2], 1e-16, circles.generate());
    };
    check(0, 100, &make_circles(100).noise(0.05).factor(0.5).random_state(42));
    check(1, 9, &make_circles(9).shuffle(false).factor(0.0));
    check(2, 10, &make_circles((6, 4)).factor(0.3).noise(0.1).random_state(4));
    check(3, 3, &make_circles((0, 3)).random_state(6));
}

#[test]
fn blobs() {
    let check = |case, shape, blobs: &Blobs| check(&format!("blobs/{case}"), shape, 1e-15, blobs.generate());
    check(0, [61, 2], &make_blobs(61).centers(3).random_state(42));
    let box_of_two = make_blobs(20).centers(4).n_features(3).cluster_std(0.3).center_box(-2.0..2.0);
    check(1, [20, 3], &box_of_two.random_state(1));
    let uneven = make_blobs([5, 9, 2]).cluster_stds([0.5, 1.0, 2.0]).shuffle(false);
    check(2, [16, 2], &uneven.random_state(7));
    let given = array![[1.0, 2.0, 3.0], [-1.0, 0.5, 100.0]];
    check(3, [7, 3], &make_blobs(7).centers(given).random_state(3));
    let line = array![[1.0], [5.0], [9.0]];
    check(4, [7, 1], &make_blobs([3, 0, 4]).centers(line).random_state(2));
    check(5, [5, 2], &make_blobs(5).random_state(9));
}

#[test]
fn regressions() -> Result<(), Error> {
    let check = |case, n, features, model: &Regression| -> Result<(), Error> {
        let (data, w) = model.generate_with_coefficients()?;
        let name = |part: &str| format!("regression/{case}/{part}");
        assert_close(&name("x"), &[n, features], data.x.as_slice().unwrap(), 0.0);
        assert_close(&name("w"), &[features], w.as_slice().unwrap(), 0.0);
        assert_close(&name("y"), &[n], data.y.as_slice().unwrap(), 1e-13);
        Ok(())
    };
    let noisy = make_regression(30).n_features(5).n_informative(2).noise(0.5).random_state(42);
    check(0, 30, 5, &noisy)?;
    check(1, 8, 3, &make_regression(8).n_features(3).bias(-7.5).random_state(1))?;
    let ordered = make_regression(6).n_features(4).n_informative(1).shuffle(false).noise(2.0);
    check(2, 6, 4, &ordered.random_state(2))
}
