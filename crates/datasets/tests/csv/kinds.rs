//! What is read beside labels: targets, tables, other separators, a decimal comma.

use crate::{gzip, read};
use datasets::Dataset;
use datasets::csv::{Error, Missing, Options, options};
use ndarray::array;

#[test]
fn labels_may_be_written_as_any_number() -> Result<(), Error> {
    let labels = ["1", "1.0", "+1.", "1e0", "10E-1", "1.000000000000000000e+00", "0.1e1"];
    for label in labels {
        assert_eq!(read(format!("a,class\n0,{label}\n"))?.y, array![1], "{label}");
    }
    // No f64 lies in between: it would round the last digit.
    let data = read("a,class\n0,9007199254740993.0\n0,-9223372036854775808.0\n")?;
    assert_eq!(data.y, array![9007199254740993, i64::MIN]);
    Ok(())
}

#[test]
fn regression_reads_numbers_in_the_label_column() -> Result<(), Error> {
    let text = "a,price,b\n1,2.5,3\n4,-5e-1,6\n".as_bytes();
    for options in [options().label("price"), options().label(1), options().label(1).classes(["2.5"])] {
        let Dataset { x, y } = options.read_regression_from("f.csv", text)?;
        assert_eq!((x, y), (array![[1.0, 3.0], [4.0, 6.0]], array![2.5, -0.5]));
    }
    let Dataset { x, y } = options().read_regression_from("f.csv", text)?;
    assert_eq!((x, y), (array![[1.0, 2.5], [4.0, -0.5]], array![3.0, 6.0]));
    for (target, expected) in [
        ("dear", "a finite number"),
        ("inf", "a finite number"),
        ("", "a finite number; `missing` can drop the row"),
    ] {
        let text = format!("a,price\n1,{target}\n");
        let error = options().read_regression_from("f.csv", text.as_bytes()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("f.csv, line 2, column 2 (price): {target:?}, expected {expected}")
        );
    }
    let error = options().label("cost").read_regression_from("f.csv", text).unwrap_err();
    assert!(matches!(error, Error::Label { .. }), "{error}");
    let error = options().read_regression_from("f.csv", "a\n1\n".as_bytes()).unwrap_err();
    assert!(matches!(error, Error::Width { fields: 1, .. }), "{error}");
    Ok(())
}

#[test]
fn tables_have_every_column() -> Result<(), Error> {
    let read = |options: Options, text: &str| options.read_table_from("f.csv", text.as_bytes());
    let table = array![[1.0, 2.5], [-3.0, 4.0]];
    assert_eq!(read(options(), "a,b\n1,2.5\n-3,4\n")?, table);
    assert_eq!(read(options().header(false), "1,2.5\n-3,4\n")?, table);
    assert_eq!(read(options().label("none").classes(["x"]), "a,b\n1,2.5\n-3,4\n")?, table);
    assert_eq!(read(options(), "a\n1\n2\n")?, array![[1.0], [2.0]]);
    assert_eq!(read(options().missing(Missing::Nan), "a\n1\n\n2\n")?, array![[1.0], [2.0]]);
    assert_eq!(options().read_table_from("f", &gzip("a\n5e-324\n")[..])?, array![[5e-324]]);
    let error = read(options(), "a,b\n1,x\n").unwrap_err();
    assert_eq!(error.to_string(), "f.csv, line 2, column 2 (b): \"x\", expected a finite number");
    Ok(())
}

#[test]
fn separators() -> Result<(), Error> {
    for separator in [',', ';', '\t', '|', ' ', ':', '_'] {
        let text = "a,class\n0.5,1\n\"1.5\",\"2\"\n".replace(',', &separator.to_string());
        for text in [text.clone(), text.replace('\n', "\r")] {
            let data = options().separator(separator).label("class").read_from("f", text.as_bytes())?;
            assert_eq!((data.x, data.y), (array![[0.5], [1.5]], array![1, 2]), "{separator:?}");
        }
    }
    for separator in ['"', '\n', '\r', '\0', '0', 'e', 'x', '.', '-', '+', '§', '；'] {
        let error = options().separator(separator).read_from("f", "a,b\n1,2\n".as_bytes()).unwrap_err();
        let expected = format!(
            "option `separator` = {separator:?}, expected an ASCII character that is part of no number, no quote and no line end"
        );
        assert_eq!(error.to_string(), expected);
    }
    let error = options().read_from("f.csv", "a;class\n0.5;1\n".as_bytes()).unwrap_err().to_string();
    assert!(error.ends_with("`separator` says what stands between them"), "{error}");
    Ok(())
}

#[test]
fn decimal_commas() -> Result<(), Error> {
    let comma = options().separator(';').decimal_comma(true);
    let text = "a;b;class\n0,5;-1,25e2;1\n3;\",5\";2,0\n";
    let data = comma.read_from("f.csv", text.as_bytes())?;
    assert_eq!((data.x, data.y), (array![[0.5, -125.0], [3.0, 0.5]], array![1, 2]));
    let Dataset { y, .. } = comma.read_regression_from("f.csv", "a;y\n1;0,5\n".as_bytes())?;
    assert_eq!(y, array![0.5]);

    let refused = |options: &Options, field: &str| {
        options.read_table_from("f.csv", format!("a;b\n1;{field}\n").as_bytes()).unwrap_err().to_string()
    };
    // A point would separate thousands. A comma is not taken for one either.
    for field in ["1.5", "1.000,5"] {
        let expected =
            format!("f.csv, line 2, column 2 (b): {field:?}, expected a finite number with a decimal comma");
        assert_eq!(refused(&comma, field), expected);
    }
    let expected = "f.csv, line 2, column 2 (b): \"1,000,5\", expected a finite number";
    assert_eq!(refused(&comma, "1,000,5"), expected);
    let expected =
        "f.csv, line 2, column 2 (b): \"0,5\", expected a finite number; `decimal_comma` reads 0,5 as one";
    assert_eq!(refused(&options().separator(';'), "0,5"), expected);
    let error = options().decimal_comma(true).read_table_from("f", "a\n1\n".as_bytes()).unwrap_err();
    let expected = "option `separator` = ',', expected another one than the decimal comma, such as ';'";
    assert_eq!(error.to_string(), expected);
    Ok(())
}

/// All three kinds go through the same reader: what refuses a file refuses it for each.
#[test]
fn every_kind_refuses_what_is_no_file_of_numbers() {
    let kinds = |options: &Options, bytes: &[u8]| {
        [
            options.read_from("f.csv", bytes).map(drop),
            options.read_regression_from("f.csv", bytes).map(drop),
            options.read_table_from("f.csv", bytes).map(drop),
        ]
        .map(Result::unwrap_err)
    };
    let whole = gzip("a,class\n1,2\n");
    for error in kinds(&options(), &whole[..whole.len() - 1]) {
        assert!(matches!(error, Error::Gzip { .. }), "{error}");
    }
    for error in kinds(&options().limit(5), b"a,class\n1,2\n") {
        assert!(matches!(error, Error::TooLong { limit: 5, .. }), "{error}");
    }
    for error in kinds(&options(), b"a,class\n1,2\n3\n") {
        assert_eq!(error.to_string(), "f.csv, line 3: 1 fields, expected 2 as in line 1");
    }
    for error in kinds(&options(), b"a,class\n") {
        assert!(matches!(error, Error::Empty { header: true, .. }), "{error}");
    }
    for error in kinds(&options(), b"a,class\n1,\xff\n") {
        assert_eq!(
            error.to_string(),
            "f.csv, line 2, column 2 (class): \"\u{fffd}\", expected text in UTF-8"
        );
    }
    let path = "no/such/file.csv";
    let missing = [
        options().read(path).map(drop),
        options().read_regression(path).map(drop),
        options().read_table(path).map(drop),
    ];
    for error in missing.map(Result::unwrap_err) {
        assert!(matches!(&error, Error::Io { file, .. } if file == path), "{error}");
    }
}
