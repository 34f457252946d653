//! Files made to break a reader: no panic, no hang, no memory beyond the bytes that are there.

use crate::mutate::mutate;
use crate::{encoded, gzip, read, refusal};
use datasets::idx::{self, Array};
use datasets::{FileError, RandomState};
use ndarray::array;
use std::io::{self, Read};

#[test]
fn headers_that_are_none() {
    assert_eq!(refusal(b""), "test.idx: magic number 0 bytes, expected 4");
    assert_eq!(refusal(b"PNG!"), "test.idx: magic number 0x50 0x4e, expected two zero bytes");
    assert_eq!(refusal(&[0, 0, 8, 2, 0, 0, 0, 1]), "test.idx: lengths of axes 4 bytes, expected 8");
    let types = "0x08, 0x09, 0x0b, 0x0c, 0x0d, 0x0e";
    assert_eq!(refusal(&[0, 0, 10, 0]), format!("test.idx: element type 0x0a, expected one of {types}"));
}

#[test]
fn more_or_fewer_elements_than_promised() {
    let bytes = encoded(array![[1i16, 2, 3]].view());
    assert_eq!(refusal(&bytes[..17]), "test.idx: elements 5 bytes, expected 6, for shape [1, 3]");
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(refusal(&longer), "test.idx: elements more than 6 bytes, expected 6, for shape [1, 3]");
}

/// An axis of four thousand million elements, several of them, and one of none beside them.
#[test]
fn sizes_that_are_not_there() {
    let huge = [255u8; 4];
    let header = |axes: &[[u8; 4]]| [&[0, 0, 14, axes.len() as u8][..], &axes.concat()].concat();
    let limit = "expected at most 1048576 bytes of elements";
    assert_eq!(refusal(&header(&[huge])), format!("test.idx: shape [4294967295], {limit}"));
    assert!(refusal(&header(&[huge; 255])).ends_with(limit));
    for axes in [&[[0; 4], huge, huge, huge][..], &[huge, huge, huge, [0; 4]]] {
        assert!(refusal(&header(axes)).contains(": shape ["), "{}", refusal(&header(axes)));
    }
    let claims_a_mebibyte = header(&[[0, 2, 0, 0]]);
    assert_eq!(
        refusal(&claims_a_mebibyte),
        "test.idx: elements 0 bytes, expected 1048576, for shape [131072]"
    );
}

#[test]
fn streams_without_end() {
    struct Zeros(usize);
    impl Read for Zeros {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            out.fill(0);
            self.0 += out.len();
            assert!(self.0 < 1 << 24, "not given up");
            Ok(out.len())
        }
    }
    let header = [0, 0, 8, 1, 0, 0, 1, 0];
    let error = idx::read_from("endless", header.chain(Zeros(0)), 1 << 20).unwrap_err();
    assert!(error.to_string().contains("more than 256 bytes"), "{error}");
    // The limit counts the header too.
    let error = idx::read_from("long", header.chain(Zeros(0)), 100).unwrap_err();
    assert!(error.to_string().contains("shape [256]"), "{error}");
    let header = [0, 0, 8, 1, 0, 0, 0, 96];
    assert!(matches!(
        idx::read_from("long", header.chain(Zeros(0)), 100),
        Err(FileError::TooLong { limit: 100, .. })
    ));
}

#[test]
fn gzip_that_is_broken() {
    let whole = gzip(&encoded(array![[1.5f32, 2.5], [0.0, -1.0]].view()));
    for length in 2..whole.len() {
        assert!(matches!(read(&whole[..length]), Err(FileError::Gzip { .. })), "after {length} bytes");
    }
    let mut wrong = whole.clone();
    let checksum = wrong.len() - 8;
    wrong[checksum] ^= 1;
    assert!(matches!(read(&wrong), Err(FileError::Gzip { .. })));
    assert!(matches!(read(&[&whole[..], b"more"].concat()), Err(FileError::Gzip { .. })));
}

fn run(cases: usize, seed: u32) -> usize {
    let pieces: [&[u8]; 6] = [&[0; 4], &[255; 4], &[0, 0, 8, 1], &[0x1f, 0x8b], &[0x80], &[0, 0, 14, 255]];
    let small = encoded(array![[[1u8, 2], [3, 4]]].view());
    let wide = encoded(array![[1.5f64, 2.5, -1.0]].view());
    let seeds = [small.clone(), wide, encoded(array![-1i16, 5].view()), gzip(&small)];
    let (mut rng, mut well) = (RandomState::new(seed), 0);
    for case in 0..cases {
        let mut bytes = seeds[case % seeds.len()].clone();
        mutate(&mut bytes, &pieces, &mut rng);
        match read(&bytes) {
            Ok(array) => {
                well += 1;
                let elements: usize = array.shape().iter().product();
                assert!(elements <= bytes.len() || bytes[0] == 0x1f, "{bytes:?}");
                if let (Array::U8(array), 0) = (&array, bytes[0]) {
                    assert_eq!(encoded(array.view()), bytes);
                }
            }
            Err(error) => {
                let error = error.to_string();
                assert!(error.starts_with("test.idx: ") && error.contains(", expected "), "{error}");
            }
        }
    }
    well
}

#[test]
fn thousands_of_mutated_files() {
    let well = run(20_000, 1);
    assert!((1_000..19_000).contains(&well), "{well} were read well: the mutations are too wild or too tame");
}

#[test]
#[ignore = "millions of files; run with `--release --all-features --test idx -- --ignored millions`"]
fn millions_of_mutated_files() {
    for seed in 100..110 {
        run(500_000, seed);
    }
}
