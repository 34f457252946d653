//! The errors of wrong files: they name file, line, column, value and the expected value.

use crate::{read, refusal};
use datasets::csv::{Error, LabelColumn, options, read as read_path};

#[test]
fn files_that_are_not_there() {
    let error = read_path("no/such/file.csv").unwrap_err();
    assert!(matches!(&error, Error::Io { error, .. } if error.kind() == std::io::ErrorKind::NotFound));
    assert!(error.to_string().starts_with("no/such/file.csv: "), "{error}");
    assert!(matches!(read_path("."), Err(Error::Io { .. })), "a folder");
}

#[test]
fn files_without_rows() {
    let no_rows = "test.csv: no rows, expected at least one after the names of the columns";
    for text in ["", "\n\r\n  \n", "a,b\n", "a,b"] {
        assert_eq!(refusal(text), no_rows, "{text:?}");
    }
    let error = options().header(false).read_from("test.csv", "\n".as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "test.csv: no rows, expected at least one");
}

#[test]
fn rows_of_other_lengths() {
    let cases = [
        ("a,b\n1,2\n3\n", "line 3: 1 fields, expected 2 as in line 1"),
        ("a,b\n1,2\n3,4,5\n", "line 3: 3 fields, expected 2 as in line 1"),
        ("\na,b,c\r\n\r\n1,2\r\n", "line 4: 2 fields, expected 3 as in line 2"),
        (
            "a\n1\n",
            "line 1: 1 fields, expected at least 2, a number and a label; `separator` says what stands between them",
        ),
        ("a,b\n1,2\n3,\"4\n5,6\n", "line 3: the file ends within quotes, expected a quote that closes them"),
    ];
    for (text, expected) in cases {
        assert_eq!(refusal(text), format!("test.csv, {expected}"), "{text:?}");
    }
    let error = options().header(false).read_from("test.csv", "\n1,2\n3,4,5".as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "test.csv, line 3: 3 fields, expected 2 as in line 2");
}

#[test]
fn fields_that_are_no_finite_number() {
    let fields = ["x", "1.0.0", "0x10", "1_000", "1 000", "1e", "--1", "½", "-nan", "inf", "-Infinity"];
    for field in fields.into_iter().chain(["1e999", "-2e308"]) {
        let expected = format!("test.csv, line 3, column 2 (b): {field:?}, expected a finite number");
        assert_eq!(refusal(format!("a,b,class\n1,2,3\n4, {field} ,6\n")), expected);
    }
    let error = options().header(false).read_from("test.csv", "1,x,3\n".as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "test.csv, line 1, column 2: \"x\", expected a finite number");
}

#[test]
fn labels_that_are_no_integer() {
    let range = "an integer of 64 bits, from -9223372036854775808 to 9223372036854775807";
    let (text, fraction) =
        ("an integer; `classes` reads names", "an integer; `read_regression` reads other numbers");
    let cases = [
        ("x", text),
        ("1e", text),
        ("inf", text),
        ("0.5", fraction),
        ("1.00000000000000000001", fraction),
        ("-1e-1", fraction),
        ("9223372036854775808", range),
        ("-9223372036854775809", range),
        ("9223372036854775808.0", range),
        ("1e19", range),
        ("", "an integer; `missing` can drop the row"),
        ("nan", "an integer; `missing` can drop the row"),
    ];
    for (label, expected) in cases {
        let expected = format!("test.csv, line 2, column 2 (class): {label:?}, expected {expected}");
        assert_eq!(refusal(format!("a,class\n1,{label}\n")), expected);
    }
}

#[test]
fn labels_that_are_no_class() {
    let options = options().classes(["ball", "box"]);
    for label in ["Box", "boxes", "0", ""] {
        let text = format!("a,class\n1,{label}\n");
        let error = options.read_from("test.csv", text.as_bytes()).unwrap_err();
        let hint = if label.is_empty() { "; `missing` can drop the row" } else { "" };
        let expected =
            format!("test.csv, line 2, column 2 (class): {label:?}, expected one of ball, box{hint}");
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn label_columns_that_do_not_exist() {
    let text = "a,b,b,c,d,e,f,g,h,i,j,k\n".to_owned() + &"0,".repeat(11) + "0\n";
    let refused = |label: LabelColumn| {
        options().label(label).read_from("test.csv", text.as_bytes()).unwrap_err().to_string()
    };
    assert_eq!(refused(12.into()), "test.csv: label column 12, expected an index less than 12");
    assert_eq!(refused("b".into()), "test.csv: label column \"b\", expected a name that occurs once");
    let names = "test.csv: label column \"l\", expected one of a, b, b, c, d, e, f, g, h, i, …";
    assert_eq!(refused("l".into()), names);
    let nameless = options().header(false).label("a").read_from("test.csv", text.as_bytes()).unwrap_err();
    let expected = "test.csv: label column \"a\", expected an index: no names are read without a header";
    assert_eq!(nameless.to_string(), expected);
}

#[test]
fn bytes_that_are_no_text() {
    let latin1 = b"a,class\n1,2\n\xe9t\xe9,3\n";
    let expected = "test.csv, line 3, column 1 (a): \"\u{fffd}t\u{fffd}\", expected text in UTF-8";
    assert_eq!(refusal(latin1), expected);
    // In a name they do no harm, and the name can be shown.
    let error = refusal(b"\xe9t\xe9,class\nx,0\n");
    assert_eq!(error, "test.csv, line 2, column 1 (\u{fffd}t\u{fffd}): \"x\", expected a finite number");
    let utf16: Vec<u8> = "a,class\n1,2\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(read(utf16).is_err());
}
