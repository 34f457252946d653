//! Input made to break a reader: no panic, no hang, no memory beyond the limit.

use crate::{gzip, read, refusal};
use datasets::RandomState;
use datasets::csv::{Error, options};
use std::io::{self, Read};

/// The same bytes without end, and a count of those read.
struct Endless {
    part: Vec<u8>,
    read: usize,
}

impl Endless {
    fn new(part: impl Into<Vec<u8>>) -> Self {
        Endless { part: part.into(), read: 0 }
    }
}

impl Read for Endless {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        assert!(self.read < 100 * MIB, "not given up");
        let rest = &self.part[self.read % self.part.len()..];
        let n = out.len().min(rest.len());
        out[..n].copy_from_slice(&rest[..n]);
        self.read += n;
        Ok(n)
    }
}

const MIB: usize = 1 << 20;

/// Holds that a stream without end is given up not long after `limit` bytes.
#[track_caller]
fn given_up(mut stream: Endless, limit: u64) -> usize {
    let error = options().header(false).limit(limit).read_from("endless", &mut stream).unwrap_err();
    assert!(matches!(error, Error::TooLong { limit: l, .. } if l == limit), "{error}");
    assert!(stream.read <= limit as usize + MIB, "{} bytes were read", stream.read);
    stream.read
}

#[test]
fn text_without_end() {
    let rows = given_up(Endless::new("1,2\n"), MIB as u64);
    assert!(rows > MIB);
    given_up(Endless::new("1"), MIB as u64);
    given_up(Endless::new("1,"), MIB as u64);
    given_up(Endless::new("\n"), MIB as u64);
    // One row: ever more fields on ever more lines.
    given_up(Endless::new("\"\n\","), MIB as u64);
}

#[test]
fn limits_are_exact_and_there_is_one_by_default() {
    let text = "a,b\n1,2\n";
    assert!(options().limit(8).read_from("test.csv", text.as_bytes()).is_ok());
    let error = options().limit(7).read_from("test.csv", text.as_bytes()).unwrap_err();
    let expected = "test.csv: longer than 7 bytes, expected at most as many; `limit` sets the number";
    assert_eq!(error.to_string(), expected);
    assert!(matches!(options().limit(0).read_from("test.csv", text.as_bytes()), Err(Error::TooLong { .. })));
    let error = options().read_from("endless", Endless::new(vec![b'7'; MIB])).unwrap_err();
    assert!(matches!(error, Error::TooLong { limit: 67_108_864, .. }), "{error}");
}

/// A mebibyte of numbers compresses to some kilobytes; a stream of these never ends.
#[test]
fn gzip_bombs() {
    let bomb = gzip("0,0\n".repeat(MIB / 4));
    assert!(bomb.len() < MIB / 100);
    let read = given_up(Endless::new(bomb.clone()), 8 * MIB as u64);
    assert!(read < MIB, "{read} compressed bytes were read");
    let once = options().header(false).limit(MIB as u64).read_from("whole", &bomb[..]);
    assert_eq!(once.unwrap().len(), MIB / 4);
    let once = options().header(false).limit(MIB as u64 - 1).read_from("whole", &bomb[..]);
    assert!(matches!(once, Err(Error::TooLong { .. })));
    // Members without text: here the limit applies to the compressed bytes.
    given_up(Endless::new(gzip("")), MIB as u64);
}

#[test]
fn gzip_cut_off_anywhere() {
    let whole = gzip("a,b,class\n0.5,1.5,0\n2.5,3.5,1\n");
    assert!(read(&whole).is_ok());
    for length in 2..whole.len() {
        let error = read(&whole[..length]).unwrap_err();
        assert!(matches!(error, Error::Gzip { .. }), "after {length} bytes: {error}");
    }
    // Of one byte it cannot be told that it is gzip.
    assert!(matches!(read(&whole[..1]), Err(Error::Empty { .. })));
}

/// The checksum finds what the decoder does not; a few bits of the header mean nothing.
#[test]
fn gzip_with_flipped_bits() {
    let text = "a,b,class\n0.5,1.5,0\n2.5,3.5,1\n";
    let (whole, expected) = (gzip(text), read(text).unwrap());
    let mut refused = 0;
    for bit in 0..whole.len() * 8 {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        match read(&flipped) {
            Ok(data) => assert_eq!(data, expected, "bit {bit}"),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > whole.len() * 8 / 2, "{refused}");
    let trailing = [&whole[..], b"more"].concat();
    assert!(matches!(read(&trailing), Err(Error::Gzip { .. })));
}

#[test]
fn huge_fields() {
    let long = "x".repeat(4 * MIB);
    let shown = format!("test.csv, line 2, column 1 (a): \"{}…\", expected a finite number", "x".repeat(40));
    assert_eq!(refusal(format!("a,class\n{long},0\n")), shown);
    let name = refusal(format!("{long},class\n!,0\n"));
    let expected =
        format!("test.csv, line 2, column 1 ({}…): \"!\", expected a finite number", "x".repeat(40));
    assert_eq!(name, expected);
    // Many digits are a number still.
    let third = read(format!("a,class\n0.{},0\n", "3".repeat(MIB))).unwrap();
    assert_eq!(third.x[[0, 0]], 1.0 / 3.0);
    assert!(refusal(format!("a,class\n{},0\n", "9".repeat(MIB))).contains("a finite number"));
    let invalid = refusal([b"a,class\n", &[0xf0; MIB][..], b",0\n"].concat());
    assert!(invalid.len() < 300 && invalid.ends_with("…\", expected text in UTF-8"), "{invalid}");
}

#[test]
fn readers_that_fail() {
    struct Failing(usize);
    impl Read for Failing {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let n = out.len().min(self.0);
            out[..n].fill(b'\n');
            self.0 -= n;
            if n == 0 { Err(io::Error::other("unplugged")) } else { Ok(n) }
        }
    }
    for after in [0, 1, 2, 100_000] {
        let error = options().read_from("wire", Failing(after)).unwrap_err();
        assert_eq!(error.to_string(), "wire: unplugged, expected a file that can be read");
    }
}

/// Texts of the characters that matter to a reader, in any order.
#[test]
fn random_texts() {
    let characters = b"0123456789..--ee,,,,,,\n\n\n\n\r\"\" \t\xef\xbb\xbf\xffainf\0";
    let mut rng = RandomState::new(1);
    let mut read_well = 0;
    for _ in 0..20_000 {
        let length = rng.randint(0, 16).unwrap();
        let text: Vec<u8> = (0..length)
            .map(|_| characters[rng.randint(0, characters.len() as i64).unwrap() as usize])
            .collect();
        for bytes in [text.clone(), [&b"\x1f\x8b"[..], &text].concat()] {
            let Ok(data) = options().header(false).read_from("random", &bytes[..]) else { continue };
            assert_eq!(data.x.nrows(), data.y.len());
            assert!(data.x.iter().all(|x| x.is_finite()) && data.x.ncols() > 0 && !data.is_empty());
            read_well += 1;
        }
    }
    assert!(read_well > 40, "{read_well}");
}
