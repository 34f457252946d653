//! Real data, embedded in the crate. `data/README.md` names its sources.

use crate::{Dataset, csv};

/// Gives 1,797 handwritten digits of 8×8 pixels. Needs the feature `csv`.
///
/// `x` is `[1797, 64]`, a picture in each row, its pixels from 0 (paper) to 16 (ink), row by row from the top left; `y`
/// is `[1797]`, the digits 0 to 9. The rows are those of scikit-learn's `load_digits`, in its order.
///
/// Source: E. Alpaydin and C. Kaynak, *Optical Recognition of Handwritten Digits* (the test part), UCI Machine Learning
/// Repository, 1998; licence CC BY 4.0.
///
/// # Examples
///
/// ```
/// let digits = datasets::digits();
/// assert_eq!((digits.x.dim(), digits.y[0]), ((1797, 64), 0));
/// // The first row of the picture of a zero.
/// assert_eq!(digits.x.row(0).to_vec()[..8], [0.0, 0.0, 5.0, 13.0, 9.0, 1.0, 0.0, 0.0]);
/// ```
#[must_use]
pub fn digits() -> Dataset {
    let file = include_bytes!("../data/digits.csv.gz");
    csv::options().label("digit").read_from("digits.csv.gz", &file[..]).expect("the embedded file is whole")
}

/// Gives the measurements of 150 flowers of three species of iris. Needs the feature `csv`.
///
/// `x` is `[150, 4]`: length and width of the sepals, length and width of the petals, in cm; `y` is `[150]`: 0 for
/// setosa, 1 for versicolor, 2 for virginica. The rows are those of scikit-learn's `load_iris`, in its order.
///
/// Source: R. A. Fisher, *The use of multiple measurements in taxonomic problems*, 1936; *Iris*, UCI Machine Learning
/// Repository, 1988; licence CC BY 4.0.
///
/// # Examples
///
/// ```
/// let iris = datasets::iris();
/// assert_eq!((iris.x.dim(), iris.y[149]), ((150, 4), 2));
/// assert_eq!(iris.x.row(0).to_vec(), [5.1, 3.5, 1.4, 0.2]);
/// ```
#[must_use]
pub fn iris() -> Dataset {
    let file = include_bytes!("../data/iris.csv");
    let options = csv::options().label("species").classes(["setosa", "versicolor", "virginica"]);
    options.read_from("iris.csv", &file[..]).expect("the embedded file is whole")
}

/// Gives 569 tumours of the breast, each described by 30 measurements of the nuclei of its cells. Needs the feature `csv`.
///
/// `x` is `[569, 30]`: of ten quantities the mean, the standard error and the worst value, named in [`BREAST_CANCER_FEATURES`]; `y` is
/// `[569]`: 0 for malignant (212), 1 for benign (357). The rows are those of scikit-learn's `load_breast_cancer`, in its order.
///
/// Source: W. N. Street, W. H. Wolberg and O. L. Mangasarian, *Nuclear feature extraction for breast tumor diagnosis*, 1993; W. Wolberg,
/// O. Mangasarian, N. Street and W. Street, *Breast Cancer Wisconsin (Diagnostic)*, UCI Machine Learning Repository, 1995; licence CC
/// BY 4.0.
///
/// # Examples
///
/// ```
/// let tumours = datasets::breast_cancer();
/// assert_eq!((tumours.x.dim(), tumours.y.sum()), ((569, 30), 357));
/// assert_eq!((datasets::BREAST_CANCER_FEATURES[0], tumours.x[[0, 0]]), ("mean_radius", 17.99));
/// ```
#[must_use]
pub fn breast_cancer() -> Dataset {
    let file = include_bytes!("../data/breast_cancer.csv.gz");
    let options = csv::options().label("benign");
    options.read_from("breast_cancer.csv.gz", &file[..]).expect("the embedded file is whole")
}

/// The names of the features of [`breast_cancer`].
#[rustfmt::skip]
pub const BREAST_CANCER_FEATURES: [&str; 30] = [
    "mean_radius", "mean_texture", "mean_perimeter", "mean_area", "mean_smoothness",
    "mean_compactness", "mean_concavity", "mean_concave_points", "mean_symmetry", "mean_fractal_dimension",
    "radius_error", "texture_error", "perimeter_error", "area_error", "smoothness_error",
    "compactness_error", "concavity_error", "concave_points_error", "symmetry_error", "fractal_dimension_error",
    "worst_radius", "worst_texture", "worst_perimeter", "worst_area", "worst_smoothness",
    "worst_compactness", "worst_concavity", "worst_concave_points", "worst_symmetry", "worst_fractal_dimension",
];
