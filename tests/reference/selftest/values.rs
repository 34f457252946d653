//! Reading arrays and arguments, and comparing.

use ndarray::{arr0, arr1, arr2};
use serde_json::{Value, json};

use super::stored;
use crate::args::Args;
use crate::array::Array;
use crate::compare::{Tolerance, compare};

const TOLERANCE: Tolerance = Tolerance { rtol: 1e-3, atol: 1e-2, by_largest: false };

fn floats(values: &[f64]) -> Array {
    arr1(values).into_dyn().into()
}

/// The text of the worst mismatch, or nothing.
fn differ(got: impl Into<Array>, want: impl Into<Array>) -> String {
    let mismatch = compare(&got.into(), &want.into(), TOLERANCE, |_, _| true);
    mismatch.map_or_else(String::new, |mismatch| mismatch.to_string())
}

#[test]
fn elements_agree_within_the_tolerance() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    assert_eq!(differ(floats(&[100.109, -0.009]), floats(&[100.0, 0.0])), "");
    assert_eq!(differ(floats(&[nan, inf, -inf, -0.0]), floats(&[nan, inf, -inf, 0.0])), "");
    assert_eq!(differ(floats(&[]), floats(&[])), "");
    for (got, want) in
        [(nan, 0.0), (0.0, nan), (inf, -inf), (inf, 1e300), (1e308, inf), (nan, inf), (0.02, 0.0)]
    {
        let text = differ(floats(&[1.0, got]), floats(&[1.0, want]));
        assert!(text.starts_with(&format!("[1]: got {got:?}, want {want:?}")), "{text}");
        assert!(text.contains("1 of 2 elements differ"), "{text}");
    }
}

#[test]
fn the_worst_mismatch_is_named() {
    let got = arr2(&[[1.0, 2.5, 3.0], [4.0, 5.5, 9.0]]).into_dyn();
    let want = arr2(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).into_dyn();
    let text = differ(got, want.clone());
    assert!(text.starts_with("[1, 2]: got 9.0, want 6.0") && text.contains("3 of 6"), "{text}");
    let scalar = differ(arr0(2.0).into_dyn(), arr0(1.0).into_dyn());
    assert!(scalar.starts_with("[]: got 2.0"), "{scalar}");
    assert_eq!(differ(floats(&[1.0]), want.clone()), ": got shape [1], want [2, 3]");
    assert_eq!(differ(want.mapv(|x| x as f32), want), ": got dtype F32, want F64");
}

#[test]
fn whole_numbers_agree_exactly() {
    let big = (1_i64 << 53) + 1;
    assert_eq!(differ(arr1(&[big]).into_dyn(), arr1(&[big]).into_dyn()), "");
    let text = differ(arr1(&[3, big]).into_dyn(), arr1(&[3, big - 1]).into_dyn());
    assert!(text.starts_with("[1]: got 9007199254740993, want 9007199254740992"), "{text}");
    assert_eq!(differ(arr1(&[1_u8]).into_dyn(), arr1(&[1_u8]).into_dyn()), "");
    let text = differ(arr1(&[true]).into_dyn(), arr1(&[false]).into_dyn());
    assert!(text.starts_with("[0]: got 1, want 0"), "{text}");
    assert_eq!(Array::from(arr1(&[2_u8, 3]).into_dyn()).floats(), [2.0, 3.0]);
}

#[test]
fn arrays_have_their_types_and_shapes() {
    let (_, case) = stored("ops_index", "sort/axis_0");
    assert_eq!(case.i64("out", "indices").unwrap().shape(), case.array("in", "x").unwrap().shape());
    let error = case.f64("out", "indices").unwrap_err().to_string();
    assert_eq!(error, "ops_index.json: case sort/axis_0: out/indices: dtype I64 where F64 is needed");
    let error = case.array("out", "z").unwrap_err().to_string();
    assert!(error.ends_with("out/z: no such array; the role holds [values, indices]"), "{error}");
    assert_eq!(case.array("in", "x").unwrap().dtype(), "F64");
    assert_eq!(stored("ops_f32", "exp").1.array("in", "x").unwrap().dtype(), "F32");
    assert_eq!(stored("ops_binary", "where").1.array("in", "mask").unwrap().dtype(), "BOOL");
    let (group, case) = stored("files_expected", "npy/u1");
    assert!(group.folder.ends_with("data") && case.arrays("in").is_empty());
    assert!(group.case("npy/none").unwrap_err().to_string().ends_with("no case npy/none"));
}

#[test]
fn arguments_have_their_types() {
    let (_, case) = stored("optim", "adam/quadratic");
    let args = &case.args;
    assert_eq!(args.need::<Vec<f64>>("betas"), [0.9, 0.999]);
    assert_eq!((args.need::<usize>("steps"), args.need::<f64>("weight_decay")), (50, 0.0));
    assert!(!args.need::<bool>("amsgrad") && args.need::<String>("problem").starts_with("problem/"));
    assert_eq!(args.or("absent", 2.5).unwrap(), 2.5);
    assert_eq!(args.or("lr", 2.5).unwrap(), 0.1);
    let error = args.or("lr", 1_usize).unwrap_err().to_string();
    assert!(error.ends_with("adam/quadratic: args.lr: 0.1 is not a whole number >= 0"), "{error}");
    let error = args.read::<Option<Vec<isize>>>("lr").unwrap_err().to_string();
    assert!(error.ends_with("0.1 is not null or a list, each entry a whole number"), "{error}");
    for error in [args.read::<bool>("lr").unwrap_err(), args.read::<String>("lr").unwrap_err()] {
        assert!(error.to_string().contains("args.lr: 0.1 is not "), "{error}");
    }
    assert!(args.read::<f64>("absent").unwrap_err().to_string().ends_with("absent: is missing"));
}

#[test]
fn arguments_know_infinities_null_and_axes() {
    let (_, case) = stored("ops_reduce", "norm1/axis_None");
    let args = |value: Value| {
        let map = value.as_object().cloned().unwrap_or_default();
        Args::new(case.location.clone(), map)
    };
    let map = args(json!({"a": "inf", "b": "-inf", "c": "nan", "d": "x", "e": {"f": 1}}));
    assert_eq!((map.need::<f64>("a"), map.need::<f64>("b")), (f64::INFINITY, f64::NEG_INFINITY));
    assert!(map.need::<f64>("c").is_nan() && map.read::<f64>("d").is_err());
    assert_eq!(map.object("e").unwrap().need::<usize>("f"), 1);
    assert!(map.read::<Value>("e").is_err() && map.object("a").is_err());
    assert_eq!(args(json!({"axis": null})).axes(), None);
    assert_eq!(args(json!({})).axes(), None);
    assert_eq!(args(json!({"axis": -1})).axes(), Some(vec![-1]));
    assert_eq!(args(json!({"axis": [0, 2]})).axes(), Some(vec![0, 2]));
}

#[test]
fn what_is_not_read_is_known() {
    let (_, case) = stored("ops_reduce", "norm1/axis_None");
    let map =
        json!({"a": 1.5, "b": [1, 2], "c": {"d": 1, "e": {"f": 2}}, "g": [{"lr": 1}, {"lr": 2}], "h": false});
    let args = Args::new(case.location.clone(), map.as_object().cloned().unwrap());
    let all = ["a", "b", "c.d", "c.e.f", "g[0].lr", "g[1].lr", "h"];
    assert_eq!(args.unread(), all);
    // Neither a look at a name nor a read of another kind is a read.
    assert!(args.has("a") && args.read::<bool>("a").is_err() && args.read::<Vec<Value>>("g").is_err());
    assert_eq!(args.read::<bool>("a").unwrap_err().unknown.as_deref(), Some("args.a"));
    assert_eq!(args.unread(), all);
    args.off(&["a", "h", "absent"]);
    args.says("a", 1.5);
    args.says("absent", 7);
    let c = args.object("c").unwrap();
    assert_eq!(c.object("e").unwrap().read::<usize>("f").unwrap(), 2);
    assert_eq!(args.unread(), ["b", "c.d", "g[0].lr", "g[1].lr"]);
    args.remarks(&["g", "c", "absent"]);
    assert_eq!((args.list("b"), args.unread().is_empty()), (Some(vec![1, 2]), true));
    args.forget();
    assert_eq!(args.unread(), all);
}
