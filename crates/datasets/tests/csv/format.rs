//! The format that is read.

use crate::{gzip, read};
use datasets::csv::{self, Error, LabelColumn, options};
use ndarray::array;
use std::io::{self, ErrorKind, Read};

const PLAIN: &str = "a,b,class\n0.5,1.5,0\n-2.5,4e2,-7\n";

#[test]
fn line_ends_quotes_marks_and_white_space_do_not_matter() -> Result<(), Error> {
    let expected = read(PLAIN)?;
    assert_eq!(expected.x, array![[0.5, 1.5], [-2.5, 400.0]]);
    assert_eq!(expected.y, array![0, -7]);
    let others = [
        "a,b,class\r\n0.5,1.5,0\r\n-2.5,4e2,-7\r\n",
        "a,b,class\n0.5,1.5,0\n-2.5,4e2,-7",
        "\u{feff}a,b,class\n0.5,1.5,0\n-2.5,4e2,-7\n",
        "\n\na,b,class\n\n0.5,1.5,0\n \t\n\r\n-2.5,4e2,-7\n\n",
        " a , b , class \n 0.5\t, 1.5 , 0 \n -2.5 , 4e2 , -7 \n",
        "\"a\",\"b, in \"\"cm\"\"\nand more\",class\n\"0.5\",1.5,\"0\"\r\n-2.5,\"4e2\",-7\n",
        "a,b,class\n+.5,15e-1,+0\n-25E-1,400.,-07\n",
    ];
    for text in others {
        assert_eq!(read(text)?, expected, "{text:?}");
    }
    Ok(())
}

#[test]
fn numbers_are_read_to_the_last_bit() -> Result<(), Error> {
    let numbers = [0.1, f64::MAX, f64::MIN_POSITIVE, 5e-324, 1.0 / 3.0, -0.0, 9007199254740993.0];
    for number in numbers {
        let data = read(format!("a,class\n{number:e},0\n"))?;
        assert_eq!(data.x[[0, 0]].to_bits(), number.to_bits());
    }
    let labels = read(format!("a,class\n0,{}\n0,{}\n", i64::MIN, i64::MAX))?.y;
    assert_eq!(labels, array![i64::MIN, i64::MAX]);
    Ok(())
}

#[test]
fn the_label_column_is_the_one_asked_for() -> Result<(), Error> {
    let text = "1,2,3\n4,5,6\n".as_bytes();
    let read = |label: LabelColumn| options().header(false).label(label).read_from("test.csv", text);
    let cases = [
        (LabelColumn::Index(0), array![[2.0, 3.0], [5.0, 6.0]], array![1, 4]),
        (LabelColumn::Index(1), array![[1.0, 3.0], [4.0, 6.0]], array![2, 5]),
        (LabelColumn::Index(2), array![[1.0, 2.0], [4.0, 5.0]], array![3, 6]),
        (LabelColumn::Last, array![[1.0, 2.0], [4.0, 5.0]], array![3, 6]),
    ];
    for (label, x, y) in cases {
        let data = read(label)?;
        assert_eq!((data.x, data.y), (x, y));
    }
    let named = options().label(" b").read_from("test.csv", "a,\" b\",c\n1,2,3\n".as_bytes());
    assert!(matches!(named, Err(Error::Label { .. })), "names are compared without white space around them");
    let named = options().label("b").read_from("test.csv", "a, b\r\n1,2\r\n".as_bytes())?;
    assert_eq!(named.y, array![2]);
    Ok(())
}

#[test]
fn classes_are_numbered_as_listed() -> Result<(), Error> {
    let options = options().label("kind").classes(["ball", "box", "cone"]);
    let data = options.read_from("test.csv", "kind,a\nbox,0\n cone ,0\nball,0\nbox,0\n".as_bytes())?;
    assert_eq!(data.y, array![1, 2, 0, 1]);
    Ok(())
}

/// As many short compressed members as rows, also from a reader that gives a byte at a time and is interrupted.
#[test]
fn gzip_is_told_by_its_first_bytes() -> Result<(), Error> {
    struct Slow<'a>(&'a [u8], bool);
    impl Read for Slow<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(ErrorKind::Interrupted.into());
            }
            let n = out.len().min(1);
            self.0.read(&mut out[..n])
        }
    }
    let expected = read(PLAIN)?;
    let members: Vec<u8> = PLAIN.lines().flat_map(|line| gzip(format!("{line}\n"))).collect();
    for bytes in [PLAIN.as_bytes(), &gzip(PLAIN), &members] {
        assert_eq!(read(bytes)?, expected);
        assert_eq!(options().read_from("slow", Slow(bytes, false))?, expected);
    }
    let path = std::env::temp_dir().join(format!("wengert-datasets-{}.txt", std::process::id()));
    std::fs::write(&path, gzip(PLAIN)).unwrap();
    let from_file = csv::read(&path);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(from_file?, expected);
    Ok(())
}
