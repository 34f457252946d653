//! Tests of IDX files: what is written is read, and every other file gives an error that names file, field, value and what was
//! expected.

mod hostile;
mod mnist;
#[path = "../shared/mutate.rs"]
mod mutate;

use datasets::FileError;
use datasets::idx::{self, Array, Element};
use flate2::Compression;
use flate2::write::GzEncoder;
use ndarray::{ArrayD, ArrayView, Dimension, IxDyn, array};
use std::io::Write;

fn encoded<T: Element, D: Dimension>(array: ArrayView<'_, T, D>) -> Vec<u8> {
    let mut bytes = Vec::new();
    idx::write_to("memory", &mut bytes, &array).unwrap();
    bytes
}

fn read(bytes: &[u8]) -> Result<Array, FileError> {
    idx::read_from("test.idx", bytes, 1 << 20)
}

#[track_caller]
fn refusal(bytes: &[u8]) -> String {
    read(bytes).expect_err("should have been refused").to_string()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn arrays_of_every_type_come_back() -> Result<(), FileError> {
    let u8s = array![[[0u8, 255], [7, 8]]];
    assert_eq!(read(&encoded(u8s.view()))?, Array::U8(u8s.into_dyn()));
    let i8s = array![-128i8, 127];
    assert_eq!(read(&encoded(i8s.view()))?, Array::I8(i8s.into_dyn()));
    let i16s = array![[-32768i16], [258]];
    assert_eq!(read(&encoded(i16s.view()))?, Array::I16(i16s.into_dyn()));
    let i32s = array![i32::MIN, 16_909_060];
    assert_eq!(read(&encoded(i32s.view()))?, Array::I32(i32s.into_dyn()));
    let f32s = array![[1.5f32, f32::INFINITY]];
    assert_eq!(read(&encoded(f32s.view()))?, Array::F32(f32s.into_dyn()));
    let f64s = array![[[[1e-300f64, -0.1]]]];
    assert_eq!(read(&encoded(f64s.view()))?, Array::F64(f64s.into_dyn()));
    Ok(())
}

#[test]
fn the_order_is_that_of_rows_whatever_the_strides() -> Result<(), FileError> {
    let x = array![[1u8, 2, 3], [4, 5, 6]];
    let bytes = encoded(x.t());
    assert_eq!(bytes, [0, 0, 8, 2, 0, 0, 0, 3, 0, 0, 0, 2, 1, 4, 2, 5, 3, 6]);
    assert_eq!(read(&bytes)?, Array::U8(x.t().to_owned().into_dyn()));
    Ok(())
}

#[test]
fn empty_and_single_arrays() -> Result<(), FileError> {
    for shape in [&[0][..], &[0, 3], &[3, 0, 2], &[]] {
        let x = ArrayD::<u8>::zeros(IxDyn(shape));
        assert_eq!(read(&encoded(x.view()))?.shape(), shape);
    }
    let many = ArrayD::<u8>::zeros(IxDyn(&[1; 256]));
    let error = idx::write_to("many", Vec::new(), &many).unwrap_err();
    assert_eq!(error.to_string(), "many: number of axes 256, expected at most 255");
    Ok(())
}

#[test]
fn gzip_in_one_member_or_several() -> Result<(), FileError> {
    let x = array![[1i32, 2], [3, 4]];
    let bytes = encoded(x.view());
    for cut in [0, 3, 12, bytes.len()] {
        let members = [gzip(&bytes[..cut]), gzip(&bytes[cut..])].concat();
        assert_eq!(read(&members)?, Array::I32(x.clone().into_dyn()));
    }
    Ok(())
}

#[test]
fn files_by_their_names() -> Result<(), FileError> {
    let folder = std::env::temp_dir().join("wengert-idx-files");
    std::fs::create_dir_all(&folder).unwrap();
    let x = array![[1.5f32], [2.5]];
    for name in ["x.idx", "x.idx.gz"] {
        idx::write(folder.join(name), &x)?;
        assert_eq!(idx::read(folder.join(name))?, Array::F32(x.clone().into_dyn()));
    }
    assert_eq!(std::fs::read(folder.join("x.idx")).unwrap(), encoded(x.view()));
    assert_eq!(std::fs::read(folder.join("x.idx.gz")).unwrap()[..2], [0x1f, 0x8b]);
    assert!(matches!(idx::write(folder.join("no/x.idx"), &x), Err(FileError::Io { .. })));
    std::fs::remove_dir_all(folder).unwrap();
    Ok(())
}
