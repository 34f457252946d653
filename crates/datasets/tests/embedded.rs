//! The embedded sets are those of scikit-learn 1.9.1: its figures for `load_digits`, `load_iris` and
//! `load_breast_cancer`.

use approx::assert_relative_eq;
use datasets::{BREAST_CANCER_FEATURES, Dataset, breast_cancer, digits, iris};
use ndarray::{Axis, s};

fn counts(data: &Dataset, classes: i64) -> Vec<usize> {
    (0..classes).map(|class| data.y.iter().filter(|&&label| label == class).count()).collect()
}

#[test]
fn digits_are_the_real_ones() {
    let data = digits();
    assert_eq!((data.x.dim(), data.y.len()), ((1797, 64), 1797));
    assert_eq!(data.x.sum(), 561_718.0);
    assert_eq!(counts(&data, 10), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    assert!(data.x.iter().all(|&pixel| (0.0..=16.0).contains(&pixel) && pixel.fract() == 0.0));
    #[rustfmt::skip]
    let first = [
        0, 0, 5, 13, 9, 1, 0, 0,  0, 0, 13, 15, 10, 15, 5, 0,  0, 3, 15, 2, 0, 11, 8, 0,  0, 4, 12, 0, 0, 8, 8, 0,
        0, 5, 8, 0, 0, 9, 8, 0,  0, 4, 11, 0, 1, 12, 7, 0,  0, 2, 14, 5, 10, 12, 0, 0,  0, 0, 6, 13, 10, 0, 0, 0,
    ];
    #[rustfmt::skip]
    let last = [
        0, 0, 10, 14, 8, 1, 0, 0,  0, 2, 16, 14, 6, 1, 0, 0,  0, 0, 15, 15, 8, 15, 0, 0,  0, 0, 5, 16, 16, 10, 0, 0,
        0, 0, 12, 15, 15, 12, 0, 0,  0, 4, 16, 6, 4, 16, 6, 0,  0, 8, 16, 10, 8, 16, 8, 0,  0, 1, 8, 12, 14, 12, 1, 0,
    ];
    assert_eq!(data.x.row(0).to_vec(), first.map(f64::from));
    assert_eq!(data.x.row(1796).to_vec(), last.map(f64::from));
    assert_eq!(data.y.slice(s![..10]).to_vec(), Vec::from_iter(0..10));
    assert_eq!(data.y.slice(s![-3..]).to_vec(), [8, 9, 8]);
}

#[test]
fn irises_are_fishers() {
    let data = iris();
    assert_eq!((data.x.dim(), data.y.len()), ((150, 4), 150));
    let sums = data.x.sum_axis(Axis(0));
    for (sum, expected) in sums.iter().zip([876.5, 458.6, 563.7, 179.9]) {
        assert_relative_eq!(*sum, expected, max_relative = 1e-14);
    }
    assert_eq!(counts(&data, 3), [50; 3]);
    assert!(data.y.iter().is_sorted());
    assert_eq!(data.x.row(0).to_vec(), [5.1, 3.5, 1.4, 0.2]);
    assert_eq!(data.x.row(149).to_vec(), [5.9, 3.0, 5.1, 1.8]);
    // The two rows in which UCI's file departs from the paper.
    assert_eq!(data.x.row(34).to_vec(), [4.9, 3.1, 1.5, 0.2]);
    assert_eq!(data.x.row(37).to_vec(), [4.9, 3.6, 1.4, 0.1]);
}

#[test]
fn tumours_are_those_of_wisconsin() {
    let data = breast_cancer();
    assert_eq!((data.x.dim(), data.y.len()), ((569, 30), 569));
    assert_eq!(counts(&data, 2), [212, 357]);
    let sums = data.x.sum_axis(Axis(0));
    for (j, expected) in [(0, 8038.429), (3, 372631.9), (19, 2.1593003), (29, 47.76517)] {
        assert_relative_eq!(sums[j], expected, max_relative = 1e-12);
    }
    assert_eq!((data.x[[568, 0]], data.x[[568, 29]], data.y[568]), (7.76, 0.07039, 1));
    let file = std::io::Read::bytes(flate2::read::GzDecoder::new(
        &include_bytes!("../data/breast_cancer.csv.gz")[..],
    ));
    let names: Vec<u8> = file.map_while(Result::ok).take_while(|&byte| byte != b'\n').collect();
    assert_eq!(str::from_utf8(&names).unwrap(), BREAST_CANCER_FEATURES.join(",") + ",benign");
}
