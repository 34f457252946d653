use crate::values::stored;
use approx::assert_relative_eq;
use datasets::{Error, Scaler, min_max_scaler, standard_scaler};
use ndarray::Array2;

fn matrix(name: &str, rows: usize) -> Array2<f64> {
    Array2::from_shape_vec((rows, 5), stored(name, &[rows, 5])).unwrap()
}

/// What was fitted on one matrix transforms another, with a constant column, a column far from zero and a missing number.
#[test]
fn samples_there_and_back() -> Result<(), Error> {
    let (x, new) = (matrix("scale/x", 7), matrix("scale/new", 2));
    let scalers: [Scaler; 6] = [
        standard_scaler().fit(&x)?,
        standard_scaler().with_mean(false).fit(&x)?,
        standard_scaler().with_std(false).fit(&x)?,
        min_max_scaler().fit(&x)?,
        min_max_scaler().range(-3.0, 5.0).fit(&x)?,
        min_max_scaler().range(-1.0, 1.0).clip(true).fit(&x)?,
    ];
    for (case, scaler) in scalers.iter().enumerate() {
        let z = scaler.transform(&new)?;
        let close = |got: &Array2<f64>, part: &str, relative: f64| {
            let want = matrix(&format!("scale/{case}/{part}"), 2);
            for (got, want) in got.iter().zip(&want) {
                println!("{case} {part}: {got} {want}");
                assert_relative_eq!(*got, *want, max_relative = relative, epsilon = 1e-15);
            }
        };
        // The second column varies by 1e-9 round 1: its mean and minimum carry seven digits of the spread.
        close(&z, "z", 1e-6);
        close(&scaler.inverse(&z)?, "back", 1e-13);
    }
    Ok(())
}

#[test]
fn the_unbiased_deviation() -> Result<(), Error> {
    let x = matrix("scale/x", 7);
    let ratio = standard_scaler().ddof(1).fit(&x)?.scales()[0] / standard_scaler().fit(&x)?.scales()[0];
    assert_relative_eq!(ratio, (7.0f64 / 6.0).sqrt(), max_relative = 1e-14);
    Ok(())
}
