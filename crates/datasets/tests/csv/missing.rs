//! Values that are not there.

use datasets::Dataset;
use datasets::csv::{Error, Missing, Options, options};
use ndarray::array;

const USUAL: [&str; 12] = ["", "  ", "NA", "na", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "?"];

fn table(options: &Options, field: &str) -> Result<ndarray::Array2<f64>, Error> {
    options.read_table_from("f.csv", format!("a,b\n1,2\n3,{field}\n5,6\n").as_bytes())
}

#[test]
fn they_are_refused_unless_an_option_says_otherwise() {
    for field in USUAL {
        let error = table(&options(), field).unwrap_err().to_string();
        let (value, hint) = (field.trim(), "`missing` says what becomes of missing ones");
        let expected = format!("f.csv, line 3, column 2 (b): {value:?}, expected a finite number; {hint}");
        assert_eq!(error, expected);
        assert_eq!(table(&options().missing(Missing::Refuse), field).unwrap_err().to_string(), expected);
    }
}

#[test]
fn they_become_nan_or_a_number_or_their_row_is_dropped() -> Result<(), Error> {
    for field in USUAL {
        let nan = table(&options().missing(Missing::Nan), field)?;
        assert!(nan[[1, 1]].is_nan() && nan.iter().filter(|x| x.is_nan()).count() == 1, "{nan}");
        let filled = table(&options().missing(Missing::Fill(-0.5)), field)?;
        assert_eq!(filled, array![[1.0, 2.0], [3.0, -0.5], [5.0, 6.0]]);
        let dropped = table(&options().missing(Missing::DropRow), field)?;
        assert_eq!(dropped, array![[1.0, 2.0], [5.0, 6.0]]);
    }
    // What is wrong is no missing value, and a value that is there is left alone.
    for missing in [Missing::Nan, Missing::Fill(1.0), Missing::DropRow] {
        for field in ["x", "inf", "1e999", "-nan", "NA NA"] {
            assert!(matches!(table(&options().missing(missing), field), Err(Error::Field { line: 3, .. })));
        }
        let whole = table(&options().missing(missing), "0")?;
        assert_eq!(whole, array![[1.0, 2.0], [3.0, 0.0], [5.0, 6.0]]);
    }
    Ok(())
}

#[test]
fn spellings_replace_the_usual_ones() -> Result<(), Error> {
    let options = options().missing(Missing::Fill(9.0)).missing_spellings(["-999", "n.d."]);
    assert_eq!(table(&options, "-999")?[[1, 1]], 9.0);
    assert_eq!(table(&options, "N.D.")?[[1, 1]], 9.0);
    assert_eq!(table(&options, "-999.0")?[[1, 1]], -999.0, "spellings, not values");
    for field in ["", "NA", "nan"] {
        let error = table(&options, field).unwrap_err().to_string();
        assert!(error.ends_with("expected a finite number"), "{error}");
    }
    // Without spellings, nothing is missing. With the default answer, listed spellings are refused.
    let none: [&str; 0] = [];
    assert!(table(&options.clone().missing_spellings(none), "").is_err());
    assert!(table(&datasets::csv::options().missing_spellings(["0"]), "0").is_err());
    Ok(())
}

#[test]
fn labels_and_targets_are_not_made_up() -> Result<(), Error> {
    let text = "a,y\n1,0\n2,NA\n3,1\n".as_bytes();
    for missing in [Missing::Refuse, Missing::Nan, Missing::Fill(0.0)] {
        let options = options().missing(missing);
        let error = options.read_from("f", text).unwrap_err().to_string();
        assert!(error.ends_with("\"NA\", expected an integer; `missing` can drop the row"), "{error}");
        let error = options.read_regression_from("f", text).unwrap_err().to_string();
        assert!(error.ends_with("\"NA\", expected a finite number; `missing` can drop the row"), "{error}");
    }
    let drop = options().missing(Missing::DropRow);
    let data = drop.read_from("f", text)?;
    assert_eq!((data.x, data.y), (array![[1.0], [3.0]], array![0, 1]));
    let Dataset { x, y } = drop.read_regression_from("f", text)?;
    assert_eq!((x, y), (array![[1.0], [3.0]], array![0.0, 1.0]));
    // A value that is missing before, or after, the label.
    let data = drop.clone().label(1).read_from("f", "a,y,b\n,7,1\n2,8,3\n4,9,\n".as_bytes())?;
    assert_eq!((data.x, data.y), (array![[2.0, 3.0]], array![8]));
    Ok(())
}

#[test]
fn a_listed_class_is_a_class() -> Result<(), Error> {
    let text = "a,y\n1,None\n2,?\n3,mild\n".as_bytes();
    let options = options().classes(["None", "mild"]).missing(Missing::DropRow);
    let data = options.read_from("f", text)?;
    assert_eq!((data.x, data.y), (array![[1.0], [3.0]], array![0, 1]));
    Ok(())
}

#[test]
fn rows_that_are_dropped_are_checked_and_not_all_can_be() {
    let drop = options().missing(Missing::DropRow);
    let error = drop.read_from("f.csv", "a,b,y\n,x,0\n".as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "f.csv, line 2, column 2 (b): \"x\", expected a finite number");
    assert!(drop.read_from("f.csv", "a,b,y\n,1,x\n".as_bytes()).is_err(), "the label is wrong");
    let error = drop.read_from("f.csv", "a,y\n,0\n1,\n".as_bytes()).unwrap_err();
    let expected = "f.csv: a missing value in each of 2 rows, expected at least one row without";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_number_to_fill_in_is_finite() {
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = table(&options().missing(Missing::Fill(number)), "").unwrap_err().to_string();
        let expected =
            format!("option `missing` = Fill({number}), expected a finite number, or Missing::Nan");
        assert_eq!(error, expected);
    }
    assert_eq!(options().missing(Missing::Fill(1.0)), options().missing(Missing::Fill(1.0)));
    assert_ne!(options().missing(Missing::Fill(1.0)), options().missing(Missing::Fill(2.0)));
    assert_ne!(options().missing(Missing::Nan), options().missing(Missing::DropRow));
}
