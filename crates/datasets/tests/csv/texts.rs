//! Fields as texts, comments, numbers that are not finite, and quotes that are not closed.

use crate::refusal;
use datasets::csv::{Error, options};
use ndarray::array;

#[test]
fn fields_stay_as_they_are() -> Result<(), Error> {
    let file = "name,\"a, value\",b\r\n\"x \"\"quoted\"\"\",1.5,2\r\n\"two\r\nlines\", 5 ,\r\n";
    let text = options().read_text_from("f.csv", file.as_bytes())?;
    assert_eq!(text.names, ["name", "a, value", "b"]);
    assert_eq!(text.rows, [["x \"quoted\"", "1.5", "2"], ["two\r\nlines", " 5 ", ""]]);
    let all = options().header(false).read_text_from("f.csv", "größe,日本\n,\n".as_bytes())?;
    assert!(all.names.is_empty());
    assert_eq!(all.rows, [["größe", "日本"], ["", ""]]);
    let names = options().read_text_from("f.csv", "a,b\n".as_bytes())?;
    assert!(names.rows.is_empty());
    Ok(())
}

#[test]
fn texts_are_refused_where_numbers_are() {
    let read = |file: &[u8]| options().read_text_from("f.csv", file).unwrap_err().to_string();
    assert_eq!(read(b""), "f.csv: no rows, expected at least one after the names of the columns");
    assert_eq!(read(b"a,b\n1\n"), "f.csv, line 2: 1 fields, expected 2 as in line 1");
    assert_eq!(read(b"a\n\xff\n"), "f.csv, line 2, column 1: \"\u{fffd}\", expected text in UTF-8");
}

#[test]
fn quotes_have_to_close() {
    let expected = "line 3: the file ends within quotes, expected a quote that closes them";
    assert_eq!(refusal("a,class\n1,2\n3,\"4\n"), format!("test.csv, {expected}"));
    assert_eq!(refusal("a,class\n1,2\n3,\"4"), format!("test.csv, {expected}"));
}

#[test]
fn comments_are_passed_over() -> Result<(), Error> {
    let file = "# made, \"by hand\n1,2\r\n#\r\n\"#3\",4\r\n";
    let text = options().header(false).comment('#').read_text_from("f.csv", file.as_bytes())?;
    assert_eq!(text.rows, [["1", "2"], ["#3", "4"]]);
    // An error names the line as an editor does.
    let error = options().header(false).comment('#').read_table_from("f.csv", file.as_bytes()).unwrap_err();
    assert!(matches!(error, Error::Field { line: 4, column: 1, .. }), "{error}");
    for sign in ['#', ','] {
        let read = options().separator(',').comment(sign).read_text_from("f.csv", "#\na\n".as_bytes());
        assert_eq!(read.is_ok(), sign == '#');
    }
    for sign in ['a', '1', '-', '"', ' ', '\n', 'é'] {
        let error = options().comment(sign).read_text_from("f.csv", "a".as_bytes()).unwrap_err();
        assert!(matches!(error, Error::Option { option: "comment", .. }), "{error}");
    }
    Ok(())
}

#[test]
fn numbers_that_are_not_finite() -> Result<(), Error> {
    let file = "nan,NaN,inf\n-inf,Infinity,-0\n";
    let options = options().header(false);
    let x = options.clone().nonfinite(true).read_table_from("f.csv", file.as_bytes())?;
    assert!(x[[0, 0]].is_nan() && x[[0, 1]].is_nan());
    assert_eq!(x.row(1), array![f64::NEG_INFINITY, f64::INFINITY, 0.0]);
    assert!(options.clone().read_table_from("f.csv", file.as_bytes()).is_err());
    // Digits that overflow are a mistake still.
    assert!(options.nonfinite(true).read_table_from("f.csv", "1e999\n".as_bytes()).is_err());
    Ok(())
}
