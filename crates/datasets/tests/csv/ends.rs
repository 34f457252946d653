//! Byte order marks and line ends of every kind.

use crate::{gzip, read, refusal};
use datasets::csv::{Error, options};
use ndarray::array;
use std::io::{self, Read};

/// Gives a byte at a time, so that no reader sees a mark whole.
struct Slow<'a>(&'a [u8]);

impl Read for Slow<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = out.len().min(1);
        self.0.read(&mut out[..n])
    }
}

const MARK: &str = "\u{feff}";

/// Every mark is passed over, whatever follows it and however the bytes arrive.
#[test]
fn byte_order_marks() -> Result<(), Error> {
    let cases = [
        ("label by name", options().label("class"), "class,x\n1,0.5\n"),
        ("label by name, quoted", options().label("class"), "\"class\",x\n1,0.5\n"),
        ("no header", options().header(false), "0.5,1\n"),
        ("no header, quoted", options().header(false), "\"0.5\",1\n"),
        ("a comma in a name", options(), "\"x, in cm\",class\n0.5,1\n"),
        ("empty lines first", options(), "\n\r\nx,class\n0.5,1\n"),
        ("CR alone", options(), "x,class\r0.5,1\r"),
    ];
    for (name, options, text) in cases {
        for marks in 0..3 {
            let text = MARK.repeat(marks) + text;
            for bytes in [text.as_bytes(), &gzip(&text)] {
                for data in [options.read_from("f.csv", bytes)?, options.read_from("f.csv", Slow(bytes))?] {
                    assert_eq!((data.x, data.y), (array![[0.5]], array![1]), "{name}, {marks} marks");
                }
            }
        }
    }
    Ok(())
}

#[test]
fn marks_alone_and_marks_elsewhere() {
    for text in [MARK.to_owned(), MARK.repeat(1000), format!("{MARK}\n")] {
        assert!(matches!(read(&text), Err(Error::Empty { .. })), "{text:?}");
    }
    for text in [&b"\xef"[..], b"\xef\xbb", b"\xef\xbb,1\n0,1\n"] {
        assert!(matches!(
            options().header(false).read_from("f", text),
            Err(Error::Width { .. } | Error::Field { .. })
        ));
    }
    // A mark that is not at the beginning is a character like others. The position after marks is not moved by them.
    let expected = "test.csv, line 2, column 1 (a): \"\\u{feff}1\", expected a finite number";
    assert_eq!(refusal(format!("{MARK}a,class\n{MARK}1,0\n")), expected);
    // Marks count as bytes of the file.
    let text = format!("{MARK}a,b\n1,2\n");
    assert!(options().limit(11).read_from("f", text.as_bytes()).is_ok());
    assert!(matches!(options().limit(10).read_from("f", text.as_bytes()), Err(Error::TooLong { .. })));
}

#[test]
fn utf_16_is_called_so() {
    let units = "\u{feff}a,class\n1,2\n".encode_utf16();
    let (little, big): (Vec<_>, Vec<_>) = units.map(|unit| (unit.to_le_bytes(), unit.to_be_bytes())).unzip();
    for bytes in [little.concat(), gzip(little.concat()), big.concat(), b"\xff\xfe".to_vec()] {
        assert_eq!(refusal(bytes), "test.csv: a byte order mark of UTF-16, expected text in UTF-8");
    }
}

#[test]
fn lines_end_in_any_way_and_are_counted() -> Result<(), Error> {
    let text = "a,b,class\n1,2,0\n\n3,4,1\n";
    let expected = read(text)?;
    for end in ["\r", "\r\n", "\n\r", "\r\r\n"] {
        let text = text.replace('\n', end);
        assert_eq!(read(&text)?, expected, "{text:?}");
        assert_eq!(read(text.trim_end())?, expected, "{text:?}, cut");
        assert_eq!(options().read_from("slow", Slow(text.as_bytes()))?, expected, "{text:?}, slowly");
        assert_eq!(read(gzip(&text))?, expected, "{text:?}, compressed");
    }
    assert_eq!(read("a,b,class\r1,2,0\r\n3,4,1\n")?, expected, "mixed");
    for end in ["\n", "\r", "\r\n"] {
        let text = "a,b,class\n1,2,0\n\n3,x,1\n".replace('\n', end);
        assert_eq!(refusal(&text), "test.csv, line 4, column 2 (b): \"x\", expected a finite number");
    }
    Ok(())
}

/// Within quotes a line end is part of the field, and still counts.
#[test]
fn line_ends_within_quotes_stay() -> Result<(), Error> {
    for end in ["\n", "\r", "\r\n"] {
        let name = format!("height{end}in cm");
        let text = format!("\"{name}\",a{end}1,0.5{end}2,x{end}");
        let error = options().label(name.as_str()).read_from("f.csv", text.as_bytes()).unwrap_err();
        let expected = "f.csv, line 4, column 2 (a): \"x\", expected a finite number";
        assert_eq!(error.to_string(), expected, "{text:?}");
        let data = options().label(0).read_from("f.csv", text.replace('x', "7").as_bytes())?;
        assert_eq!((data.x, data.y), (array![[0.5], [7.0]], array![1, 2]));
    }
    Ok(())
}
