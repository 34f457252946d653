//! Files of PyTorch: plain data come out, anything else is refused by its name, and nothing takes more than the file is worth.

use autograd::{DType, Shape};
use files::torch::{Value, decode, encode};
use files::{Tensors, named};
use rawzip::ZipArchiveWriter;
use std::io::Write;

/// A file with this pickle, and one storage of six numbers of F64: 0 to 5.
fn file(pickle: &[u8]) -> Vec<u8> {
    let numbers: Vec<u8> = (0..6).flat_map(|i| f64::from(i).to_le_bytes()).collect();
    let mut zip = ZipArchiveWriter::new(Vec::new());
    for (name, bytes) in [("x/data.pkl", pickle), ("x/byteorder", b"little"), ("x/data/0", &numbers)] {
        let (mut entry, config) = zip.new_file(name).start().unwrap();
        let mut writer = config.wrap(&mut entry);
        writer.write_all(bytes).unwrap();
        let (_, descriptor) = writer.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    zip.finish().unwrap()
}

fn read(pickle: &[u8]) -> Value {
    decode(&file(pickle)).unwrap()
}

fn refused(pickle: &[u8]) -> String {
    decode(&file(pickle)).unwrap_err().to_string()
}

fn text(text: &str) -> Vec<u8> {
    [b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat()
}

/// A program for a tensor of the storage: offset, shape and strides as instructions.
fn view(offset: &[u8], shape: &[u8], strides: &[u8]) -> Vec<u8> {
    let storage =
        [&b"(("[..], &text("storage"), b"ctorch\nDoubleStorage\n", &text("0"), &text("cpu"), b"K\x06tQ"];
    let storage = storage.concat();
    [b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n", &storage[..], offset, shape, strides, b"\x89}tR."]
        .concat()
}

#[test]
fn plain_data_come_out() {
    let long = read(
        b"\x80\x02(\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x8a\x01\xff\x8a\x00M\x01\x02J\xff\xff\xff\xfft.",
    );
    let integers = [i64::MAX, -1, 0, 513, -1].map(Value::Int).to_vec();
    assert_eq!(long, Value::Tuple(integers));
    assert_eq!(read(b"\x80\x02G\x3f\xf8\x00\x00\x00\x00\x00\x00."), Value::Float(1.5));
    assert_eq!(read(b"\x80\x04\x95\x02\x00\x00\x00\x00\x00\x00\x00\x8c\x01a\x94."), Value::Text("a".into()));
    // {1: [None, True], "k": ()} in two ways, and one value that stands in two places.
    let dict = Value::Dict(vec![
        (Value::Int(1), Value::List(vec![Value::None, Value::Bool(true)])),
        (Value::Text("k".into()), Value::Tuple(vec![])),
    ]);
    assert_eq!(read(b"\x80\x02}(K\x01](N\x88eU\x01k)u."), dict);
    assert_eq!(read(b"\x80\x02(K\x01]Na\x88aU\x01k)d."), dict);
    assert_eq!(dict.at(1).and_then(|list| list.at(1)), Some(&Value::Bool(true)));
    assert_eq!(read(b"\x80\x02]q\x00h\x00\x86."), Value::Tuple(vec![Value::List(vec![]); 2]));
    // An ordered dictionary with attributes, a size.
    let ordered = b"\x80\x02ccollections\nOrderedDict\n)R}U\x09_metadata}sb.";
    assert_eq!(read(ordered), Value::Dict(vec![]));
    assert_eq!(read(b"\x80\x02ctorch\nSize\n(K\x02t\x85R."), Value::Tuple(vec![Value::Int(2)]));
    assert_eq!(read(b"\x80\x02ctorch\nfloat16\n."), Value::Text("torch.float16".into()));
}

#[test]
fn tensors_are_views_of_storages() {
    let tensor = |view: &[u8]| match read(view) {
        Value::Tensor { shape, data } => (shape, data.slice::<f64>().to_vec()),
        other => panic!("{other:?}"),
    };
    assert_eq!(tensor(&view(b"K\x01", b"K\x02K\x02\x86", b"K\x02K\x01\x86")).1, [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(
        tensor(&view(b"K\x00", b"K\x03K\x02\x86", b"K\x01K\x03\x86")).1,
        [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]
    );
    assert_eq!(tensor(&view(b"K\x05", b")", b")")), (Shape::from([]), vec![5.0]));
    // Nothing of it, wherever that lies; one number many times.
    assert_eq!(tensor(&view(b"K\xff", b"K\x00\x85", b"K\x7f\x85")).1, [0.0; 0]);
    assert_eq!(tensor(&view(b"K\x02", b"K\x03\x85", b"K\x00\x85")).1, [2.0; 3]);
    for (offset, shape, strides) in [
        (&b"K\x06"[..], &b"K\x01\x85"[..], &b"K\x01\x85"[..]),
        (b"K\x00", b"K\x07\x85", b"K\x01\x85"),
        (b"K\x00", b"K\x04\x85", b"K\x02\x85"),
        (b"K\x00", b"K\x02\x85", b"K\x01K\x01\x86"),
    ] {
        let error = refused(&view(offset, shape, strides));
        assert!(error.contains("expected places within its 6 elements"), "{error}");
    }
}

#[test]
fn anything_else_is_refused_by_its_name() {
    for (pickle, name) in [
        (&b"\x80\x02cos\nsystem\n(U\x04echotR."[..], "`os.system`"),
        (b"\x80\x04\x8c\x08builtins\x8c\x04exec\x93.", "`builtins.exec`"),
        (b"\x80\x02ctorch.nn.modules.linear\nLinear\n)\x81.", "`torch.nn.modules.linear.Linear`"),
        (b"\x80\x02ctorch\nload\n.", "`torch.load`"),
        (b"\x80\x02ctorch\n\n.", "`torch.`"),
        (b"\x80\x02ccollections\nOrderedDict\n)\x81.", "an object of a class"),
        (b"\x80\x02ccollections\nOrderedDict\n.", "a class or function"),
        (b"\x80\x02ccollections\nOrderedDict\nK\x01\x85R.", "a call of something else"),
        (b"\x80\x02K\x01}b.", "the state of an object"),
        (b"\x80\x02\x8f.", "the instruction 0x8f"),
        (b"\x80\x02i", "the instruction 0x69"),
        (b"\x80\x01N.", "protocol 1"),
        (b"\x80\x02\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01.", "an integer of 9 bytes"),
        (b"\x80\x02(.", "an empty stack"),
        (b"\x80\x02N(\x85.", "too few values"),
        (b"\x80\x02U\x02\xff\xfe.", "other bytes"),
        (b"\x80\x02}K\x01a.", "values for what is no list"),
        (b"\x80\x02}(K\x01u.", "a key without a value"),
        (b"\x80\x02X\xff\xff\xff\xff", "the end of the pickle"),
    ] {
        let error = refused(pickle);
        assert!(error.contains(name), "{error}");
    }
    let legacy = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.";
    assert!(decode(legacy).unwrap_err().to_string().contains("PyTorch before 1.6"));
}

/// Few bytes that would become many.
#[test]
fn nothing_takes_more_than_the_file_is_worth() {
    // Each list holds the one before it twice: 2^40 values.
    let doubled = [&b"\x80\x02N"[..], &b"q\x00(h\x00h\x00l".repeat(40), b"."].concat();
    assert!(refused(&doubled).contains("in too many places"));
    // A list that holds itself, and a million lists within one another.
    assert!(refused(b"\x80\x02]q\x00h\x00a.").contains("more than 100 levels"));
    assert!(
        refused(&[&b"\x80\x02"[..], &b"]".repeat(1_000_000), &b"a".repeat(999_999), b"."].concat())
            .contains("levels")
    );
    // One number 2^40 times, and one text a hundred thousand times.
    let expanded = view(b"K\x00", b"\x8a\x06\x00\x00\x00\x00\x00\x01\x85", b"K\x00\x85");
    assert!(refused(&expanded).contains("no more than 1032 times"));
    let long = text(&"x".repeat(100_000));
    let many = [&b"\x80\x02"[..], &long, b"q\x00(", &b"h\x00".repeat(100_000), b"l."].concat();
    assert!(refused(&many).contains("no more than 1032 times"));
}

#[test]
fn state_dicts_come_back_and_keep_their_bytes() {
    let tensors: Tensors = [
        named("0.weight", [[1.0, 2.0], [f64::NAN, -0.0]]),
        named("steps", 3i64),
        named("mask", [true, false]),
        named("empty", [0.0f32; 0]),
        named("größe \"x\"", [1.5f32]),
    ]
    .into_iter()
    .collect();
    let bytes = encode(&tensors);
    assert_eq!(bytes, encode(&tensors));
    let read = decode(&bytes).unwrap().tensors();
    assert_eq!(read.names().collect::<Vec<_>>(), tensors.names().collect::<Vec<_>>());
    assert_eq!(encode(&read), bytes);
    assert_eq!(read.get("mask").unwrap().data.dtype(), DType::Bool);
}

#[test]
fn files_that_pytorch_wrote_are_read() {
    let mixed = decode(include_bytes!("golden/mixed.pt")).unwrap().tensors();
    assert_eq!(mixed.list.len(), 16);
    assert_eq!(mixed.get("shared_b").unwrap().shape, Shape::from([3]));
    let checkpoint = decode(include_bytes!("golden/checkpoint.pt")).unwrap();
    assert_eq!(checkpoint.get("epoch"), Some(&Value::Int(7)));
    let rate = checkpoint.get("optimizer").and_then(|o| o.get("param_groups")?.at(1)?.get("lr").cloned());
    assert_eq!(rate, Some(Value::Float(0.02)));
    assert!(checkpoint.tensors().get("optimizer.state.3.exp_avg").is_some());
}
