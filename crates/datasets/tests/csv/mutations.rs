//! Valid files with bytes changed, taken out and put in: whatever comes, an answer that makes sense, and the same one however the
//! bytes arrive.

use crate::gzip;
use crate::mutate::mutate;
use datasets::csv::{Error, Missing, Options, options};
use datasets::{Dataset, RandomState};
use std::io::{self, Read};

/// Gives as many bytes at a time as a list says, over and over.
struct Pieces<'a> {
    bytes: &'a [u8],
    sizes: [usize; 3],
    reads: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = out.len().min(self.sizes[self.reads % 3]);
        self.reads += 1;
        self.bytes.read(&mut out[..n])
    }
}

/// Valid files, with what reads them.
fn seeds() -> Vec<(Options, Vec<u8>)> {
    let wide = format!("{}class\n{}1\n", "name,".repeat(40), "-1.5e-3,".repeat(40));
    vec![
        (options(), b"a,b,class\n0.5,1.5,0\n-2.5,4e2,-7\n".to_vec()),
        (options().label("class"), "\u{feff}\"class\",x\r\n1.0,0.5\r\n2,7\r\n".into()),
        (options().header(false), b"1,2\r3,4\r5,6\r".to_vec()),
        (
            options().separator(';').decimal_comma(true).missing(Missing::Nan),
            b"a;\"b\nc\";d\n0,5;;1\nNA;-1,5e2;2,0\n".to_vec(),
        ),
        (
            options().classes(["box", "ball"]).missing(Missing::DropRow),
            b"a,b,class\n1,?,box\n2,3,\"ball\"\n4,5,ball\n".to_vec(),
        ),
        (options().missing(Missing::Fill(3.0)).missing_spellings(["-9"]), b"a,class\n-9,4\n1,2\n".to_vec()),
        (options(), wide.into_bytes()),
        (options(), gzip("a,class\n0.5,1\n1.5,2\n")),
    ]
}

/// What matters to a reader of tables.
const PIECES: [&[u8]; 16] = [
    b"\"",
    b",",
    b";",
    b"\n",
    b"\r",
    b"\r\n",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\0",
    b"1e999",
    b"9223372036854775808",
    b"NaN",
    b"\x1f\x8b",
    b"-",
    b"e",
    b"\xe9",
];

/// What reading gave, in a form that can be compared: shape, bits, labels; or the error's text.
type Outcome = Result<(Vec<usize>, Vec<u64>, Vec<u64>), String>;

fn outcome(options: &Options, kind: usize, reader: impl Read) -> Outcome {
    let bits = |x: &[f64]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    let of = |x: &ndarray::Array2<f64>| (x.shape().to_vec(), bits(x.as_slice().unwrap()));
    let read = || -> Result<_, Error> {
        Ok(match kind {
            0 => {
                let data = options.read_from("mutated.csv", reader)?;
                assert_eq!(data.x.nrows(), data.y.len());
                let (shape, x) = of(&data.x);
                (shape, x, data.y.iter().map(|&label| label as u64).collect())
            }
            1 => {
                let Dataset { x, y } = options.read_regression_from("mutated.csv", reader)?;
                assert!(x.nrows() == y.len() && y.iter().all(|y| y.is_finite()));
                let (shape, x) = of(&x);
                (shape, x, bits(y.as_slice().unwrap()))
            }
            _ => {
                let (shape, x) = of(&options.read_table_from("mutated.csv", reader)?);
                (shape, x, Vec::new())
            }
        })
    };
    read().map_err(|error| error.to_string())
}

/// Reads so many mutated files, and says how many were read well.
fn run(cases: usize, seed: u32) -> usize {
    let (seeds, mut rng, mut well) = (seeds(), RandomState::new(seed), 0);
    for case in 0..cases {
        let (options, mut bytes) = seeds[case % seeds.len()].clone();
        mutate(&mut bytes, &PIECES, &mut rng);
        let sizes = std::array::from_fn(|_| rng.randint(1, 8).unwrap() as usize);
        let kind = case / seeds.len() % 3;
        let whole = outcome(&options, kind, &bytes[..]);
        let pieces = outcome(&options, kind, Pieces { bytes: &bytes, sizes, reads: 0 });
        // A damaged gzip file may also decompress to wrong text, and pieces decide which of the two is found first.
        let damaged = bytes.starts_with(b"\x1f\x8b") && whole.is_err() && pieces.is_err();
        assert!(damaged || whole == pieces, "case {case}: {whole:?}, {pieces:?} of {bytes:?}");
        match whole {
            Ok((shape, x, _)) => {
                well += 1;
                assert!(shape[0] > 0 && shape[1] > 0);
                let nan = options == seeds[3].0;
                let right = |&x: &u64| f64::from_bits(x).is_finite() || nan && f64::from_bits(x).is_nan();
                assert!(x.iter().all(right), "case {case}: {bytes:?}");
            }
            Err(error) => {
                assert!(error.starts_with("mutated.csv") && error.contains("expected"), "{error}");
                let lines = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
                let line = error.strip_prefix("mutated.csv, line ").map(|rest| {
                    rest.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse::<usize>().unwrap()
                });
                // Of compressed bytes, the lines are not known here.
                if !bytes.starts_with(b"\x1f\x8b") {
                    assert!(
                        line.is_none_or(|line| (1..=lines).contains(&line)),
                        "case {case}: {error}, {bytes:?}"
                    );
                }
            }
        }
    }
    well
}

#[test]
fn thousands_of_mutated_files() {
    let well = run(6_000, 7);
    assert!(
        (600..5_400).contains(&well),
        "{well} of 6000 were read well: the mutations are too wild or too tame"
    );
}

#[test]
#[ignore = "two million files take two minutes; run with `--release --all-features -- --ignored millions`"]
fn millions_of_mutated_files() {
    for seed in 100..110 {
        run(200_000, seed);
    }
}

/// What a text says does not depend on its line ends.
#[test]
fn mutated_texts_with_other_line_ends() {
    let mut rng = RandomState::new(3);
    let mut well = 0;
    for _ in 0..2_000 {
        let mut bytes = b"a,b,class\n0.5,1.5,0\n\n2.5,3.5,1\n4,5,6\n".to_vec();
        mutate(&mut bytes, &PIECES, &mut rng);
        // Within quotes a line end is part of the field; a CR that is there already would join a CRLF.
        bytes.retain(|byte| !matches!(byte, b'"' | b'\r'));
        let expected = outcome(&options(), 0, &bytes[..]);
        for end in [&b"\r"[..], b"\r\n"] {
            let other: Vec<u8> = bytes.split(|&byte| byte == b'\n').collect::<Vec<_>>().join(end);
            assert_eq!(outcome(&options(), 0, &other[..]), expected, "{bytes:?}");
        }
        well += usize::from(expected.is_ok());
    }
    assert!(well > 100, "{well}");
}
