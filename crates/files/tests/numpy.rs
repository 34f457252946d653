//! npy and npz: every header that NumPy writes is understood, and no other is believed.

use autograd::{Data, Shape};
use files::{Tensors, named, npy, npz};

/// A file with this header, of version 1, and these numbers.
fn file(header: &str, numbers: &[u8]) -> Vec<u8> {
    let length = u16::try_from(header.len()).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), numbers].concat()
}

fn refused(header: &str, numbers: &[u8]) -> String {
    npy::decode(&file(header, numbers)).unwrap_err().to_string()
}

#[test]
fn all_element_types_are_widened() {
    for (descr, bytes, expected) in [
        ("<f8", &1.5f64.to_le_bytes()[..], Data::F64(vec![1.5])),
        (">f8", &1.5f64.to_be_bytes(), Data::F64(vec![1.5])),
        (">f4", &1.5f32.to_be_bytes(), Data::F32(vec![1.5])),
        ("<f2", &[0, 0x3c], Data::F32(vec![1.0])),
        (">f2", &[0x3c, 0], Data::F32(vec![1.0])),
        (">i8", &(-2i64).to_be_bytes(), Data::I64(vec![-2])),
        ("<i4", &(-2i32).to_le_bytes(), Data::I64(vec![-2])),
        (">i2", &(-2i16).to_be_bytes(), Data::I64(vec![-2])),
        ("|i1", &[254], Data::I64(vec![-2])),
        ("<u8", &7u64.to_le_bytes(), Data::I64(vec![7])),
        (">u4", &u32::MAX.to_be_bytes(), Data::I64(vec![4294967295])),
        ("<u2", &u16::MAX.to_le_bytes(), Data::I64(vec![65535])),
        ("|u1", &[254], Data::I64(vec![254])),
        ("|b1", &[1], Data::Bool(vec![true])),
    ] {
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (1,), }}\n");
        assert_eq!(npy::decode(&file(&header, bytes)).unwrap().data, expected, "{descr}");
    }
}

#[test]
fn the_order_of_fortran_is_turned() {
    let header = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 2), }";
    let bytes: Vec<u8> = (0..12).collect();
    let array = npy::decode(&file(header, &bytes)).unwrap();
    let data = array.data.slice::<i64>();
    for (at, (i, j, k)) in
        (0..2).flat_map(|i| (0..3).flat_map(move |j| (0..2).map(move |k| (i, j, k)))).enumerate()
    {
        assert_eq!(data[at], (i + 2 * j + 6 * k) as i64);
    }
    assert_eq!(array.shape, Shape::from([2, 3, 2]));
}

#[test]
fn headers_are_parsed_and_never_evaluated() {
    let two = 0.0f64.to_le_bytes().repeat(2);
    for good in [
        "{'shape':(2,),'descr':'<f8','fortran_order':False}",
        "{\"descr\": \"<f8\", \"fortran_order\": False, \"shape\": (2L,), }",
        " { 'descr' : '<f8' , 'fortran_order' : True , 'shape' : ( 1 , 2 ) } \n",
    ] {
        npy::decode(&file(good, &two)).unwrap_or_else(|error| panic!("{good}: {error}"));
    }
    for (bad, field) in [
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (1+1,)}", "header"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (2,)} + {}", "header"),
        ("{'descr': '<f8', 'fortran_order': not True, 'shape': (2,)}", "header"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), 'more': 1}", "header"),
        ("{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (2,)}", "descr"),
        ("{'descr': '<f8', 'fortran_order': False}", "shape"),
        ("{'descr': '<f8', 'shape': (2,)}", "fortran_order"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,)}", "header"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", "shape"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 4611686018427387904)}", "shape"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (3,)}", "data"),
        ("{'descr': '<c16', 'fortran_order': False, 'shape': (1,)}", "descr"),
        ("{'descr': '=f8', 'fortran_order': False, 'shape': (2,)}", "descr"),
        ("{'descr': '|f8', 'fortran_order': False, 'shape': (2,)}", "descr"),
        ("{'descr': 'é8', 'fortran_order': False, 'shape': (2,)}", "descr"),
    ] {
        let error = refused(bad, &two);
        assert!(error.starts_with(&format!("(bytes): {field}: ")), "{bad}: {error}");
    }
    assert!(
        refused("{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}", &two[1..]).contains("15 bytes")
    );
}

#[test]
fn what_is_written_is_aligned_and_read_as_the_same() {
    for array in [
        named("", 1.5),
        named("", [1.0f32, 2.0]),
        named("", [[1i64, 2, 3]]),
        named("", [true, false]),
        named("", [0.0f64; 0]),
    ] {
        let bytes = npy::encode(&array);
        let header = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
        assert_eq!((header % 64, bytes[header - 1]), (0, b'\n'));
        assert_eq!(npy::decode(&bytes).unwrap(), array);
    }
    // Python's tuples: `(2,)` of one, `(2, 3)` of two.
    let text = |array| String::from_utf8_lossy(&npy::encode(&array)[10..70]).into_owned();
    assert!(text(named("", [1.0, 2.0])).contains("'shape': (2,), }"));
    assert!(text(named("", [[1.0, 2.0]])).contains("'shape': (1, 2), }"));
    assert!(text(named("", 1.0)).contains("'shape': (), }"));
}

#[test]
fn archives_tell_every_wrong_entry() {
    let arrays = Tensors::new().with("b", [1.0, 2.0]).with("sub/a", [[3i64]]).with("ü", true);
    for packing in [npz::Packing::Stored, npz::Packing::Deflated] {
        let bytes = npz::encode(&arrays, packing);
        assert_eq!(npz::decode(&bytes).unwrap(), arrays);
        assert_eq!(bytes, npz::encode(&arrays, packing), "the same content gives the same bytes");
        for cut in [0, 1, bytes.len() / 2, bytes.len() - 1] {
            assert!(npz::decode(&bytes[..cut]).is_err());
        }
    }
    // One bit of each array: the checksums tell both.
    let mut bytes = npz::encode(&arrays, npz::Packing::Stored);
    for number in [2.0f64.to_le_bytes(), 3i64.to_le_bytes()] {
        let at = bytes.windows(8).position(|w| w == number).unwrap();
        bytes[at] ^= 1;
    }
    let error = npz::decode(&bytes).unwrap_err();
    let fields: Vec<_> = error.faults().iter().map(|fault| &fault.field[..]).collect();
    assert_eq!(fields, ["b.npy", "sub/a.npy"]);
}

#[test]
#[should_panic(expected = "npz: an array is named `../x`")]
fn no_name_leads_out_of_an_archive() {
    npz::encode(&Tensors::new().with("../x", 1.0), npz::Packing::Stored);
}
