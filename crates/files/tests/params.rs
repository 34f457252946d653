//! Models in safetensors files: what is saved comes back, and everything that is wrong is told at once.

use autograd::{Params, Shape};
use files::{Error, Mapping, ParamsFile, Tensors, safetensors};
use std::path::PathBuf;

/// A file name of its own for each test, deleted at its end.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str) -> Temporary {
        Temporary(std::env::temp_dir().join(format!("wengert-params-{}-{name}", std::process::id())))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Parameters and buffers of several dtypes.
fn model(mut params: Params, start: f64) -> Params {
    params.scope("a").param("w", [2, 3], [start, 1.0, 0.1, -0.0, f64::INFINITY, f64::NAN]);
    params.scope("a").param("b", [], start);
    let mut scope = params.scope("norm");
    scope.buffer("mean", [2], start);
    scope.buffer_of("steps", [start as i64, i64::MAX]);
    scope.buffer_of("mask", [start > 0.0, false]);
    scope.buffer_of("none", [0.0f64; 0]);
    params
}

fn bits(params: &Params) -> Vec<u8> {
    safetensors::encode(&params.to_tensors())
}

/// What a file is instead of a model stands first, and not only what differs.
#[test]
fn a_file_of_another_kind_is_named() {
    let file = Temporary::new("kind");
    let mut loaded = model(Params::f64(), 0.0);
    files::Checkpoint::new().with_params(&loaded).write(&file.0).unwrap();
    let error = loaded.load(&file.0).unwrap_err();
    assert_eq!(error.faults()[0].field, "format");
    assert!(error.to_string().contains("`Checkpoint::read(…)?.load_params(…)`"), "{error}");
    let archive = files::npz::encode(&Tensors::new().with("w", [1.0]), files::npz::Packing::Stored);
    std::fs::write(&file.0, archive).unwrap();
    let text = loaded.load(&file.0).unwrap_err().to_string();
    assert!(text.contains("format: a zip archive; expected a safetensors file; `files::torch`"), "{text}");
}

/// A pipe that nobody writes to would wait for ever.
#[cfg(unix)]
#[test]
fn a_pipe_is_refused() {
    let path = std::env::temp_dir().join(format!("wengert-pipe-{}", std::process::id()));
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let error = Params::f64().load(&path).unwrap_err();
    assert!(error.to_string().ends_with("cannot read: it is no regular file"), "{error}");
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn what_is_saved_comes_back_to_the_bit() {
    for new in [Params::f32, Params::f64] {
        let file = Temporary::new(&format!("round-{}", new().dtype()));
        let (saved, mut loaded) = (model(new(), 3.0), model(new(), 0.0));
        assert_ne!(bits(&saved), bits(&loaded));
        saved.save(&file.0).unwrap();
        loaded.load(&file.0).unwrap();
        assert_eq!(bits(&saved), bits(&loaded));
        assert_eq!(safetensors::encode(&safetensors::read(&file.0).unwrap()), bits(&saved));
    }
}

#[test]
fn all_faults_are_listed_and_nothing_changes() {
    let file = Temporary::new("faults");
    let tensors = Tensors::new()
        .with("a.w", [[1.0, 2.0]])
        .with("a.b", true)
        .with("norm.mean", [1.0, 2.0])
        .with("norm.mask", [true, true])
        .with("norm.none", [0.0f64; 0])
        .with("extra", 1.0);
    safetensors::write(&file.0, &tensors).unwrap();
    let mut params = model(Params::f64(), 3.0);
    let before = bits(&params);
    let error = params.load(&file.0).unwrap_err();
    assert_eq!(error.file(), file.0);
    let found: Vec<_> = error.faults().iter().map(|f| (&f.field[..], &f.found[..])).collect();
    assert_eq!(
        found,
        [
            ("a.w", "the shape [1×2]"),
            ("a.b", "Bool"),
            ("norm.steps", "no such tensor"),
            ("extra", "a tensor [] F64"),
        ]
    );
    assert!(error.to_string().contains("4 faults"), "{error}");
    assert_eq!(error.faults()[0].expected, "[2×3], or a mapping of the rest (`Mapping::only`)");
    assert_eq!(bits(&params), before);
    let error = params.load(file.0.with_extension("not there")).unwrap_err();
    assert!(matches!(error, Error::Io { action: "read", .. }), "{error}");
}

#[test]
fn numbers_are_converted_where_none_changes() {
    let mut wide = Params::f64();
    let w = wide.scope("").param("w", [2], 0.0);
    wide.set_tensors(&Tensors::new().with("w", [0.1f32, 2.0]), &Mapping::new()).unwrap();
    assert_eq!(wide.get::<f64>(w), [f64::from(0.1f32), 2.0]);
    wide.set_tensors(&Tensors::new().with("w", [3i64, 1 << 53]), &Mapping::new()).unwrap();
    assert_eq!(wide.get::<f64>(w), [3.0, 9007199254740992.0]);
    let odd = Tensors::new().with("w", [3i64, (1 << 53) + 1]);
    assert!(wide.set_tensors(&odd, &Mapping::new()).is_err());

    let mut narrow = Params::f32();
    let w = narrow.scope("").param("w", [2], 0.0);
    let file = Tensors::new().with("w", [0.1, 2.0]);
    let error = narrow.set_tensors(&file, &Mapping::new()).unwrap_err();
    assert!(error.to_string().ends_with("w: F64; expected F32, or a mapping that rounds"), "{error}");
    narrow.set_tensors(&file, &Mapping::new().rounding()).unwrap();
    assert_eq!(narrow.get::<f32>(w), [0.1, 2.0]);
}

#[test]
fn a_mapping_goes_both_ways() {
    let make = |start: f64| {
        let mut params = Params::f64();
        params.scope("net.0").param("w", [2, 3], [start, 2.0, 3.0, 4.0, 5.0, 6.0]);
        params.scope("net.1").param("b", [1], start);
        params
    };
    let mapping = Mapping::new()
        .prefix("net", "model")
        .prefix("net.1", "head")
        .rename("net.0.w", "net.0.weight")
        .transpose("net.0.w");
    let (saved, mut loaded) = (make(1.0), make(0.0));
    let tensors = saved.to_tensors_with(&mapping);
    assert_eq!(tensors.names().collect::<Vec<_>>(), ["model.0.weight", "head.b"]);
    let weight = tensors.get("model.0.weight").unwrap();
    assert_eq!(weight.shape, Shape::from([3, 2]));
    assert_eq!(weight.data.slice::<f64>(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    loaded.set_tensors(&tensors, &mapping).unwrap();
    assert_eq!(bits(&loaded), bits(&saved));
    // A part of a model, and a part of a file.
    let mut part = make(0.0);
    part.set_tensors(&tensors, &mapping.clone().only("net.1")).unwrap();
    assert_eq!(part.slab_of::<f64>(), [0.0, 2.0, 3.0, 4.0, 5.0, 6.0, 1.0]);
    let some = Tensors::new().with("head.b", [7.0]).with("other", 1.0);
    assert_eq!(part.set_tensors(&some, &mapping).unwrap_err().faults().len(), 2);
    part.set_tensors(&some, &mapping.others_may_be_missing().file_may_hold_more()).unwrap();
    assert_eq!(part.slab_of::<f64>()[6], 7.0);
}

#[test]
#[should_panic(expected = "two tensors are named `w`")]
fn two_tensors_of_one_name_cannot_be_saved() {
    let mut params = Params::f64();
    params.scope("a").param("w", [], 0.0);
    params.scope("b").param("w", [], 0.0);
    params.to_tensors_with(&Mapping::new().prefix("a", "").prefix("b", ""));
}

#[test]
#[should_panic(expected = "Mapping::only: no parameter or buffer is in a scope `encodr`")]
fn a_misspelt_scope_does_not_load_nothing() {
    let mapping = Mapping::new().only("a").only("encodr");
    let _ = model(Params::f64(), 0.0).set_tensors(&Tensors::new(), &mapping);
}

#[cfg(unix)]
#[test]
fn a_file_keeps_its_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let file = Temporary::new("permissions");
    let mode = || std::fs::metadata(&file.0).unwrap().permissions().mode() & 0o777;
    std::fs::write(&file.0, "old").unwrap();
    std::fs::set_permissions(&file.0, std::fs::Permissions::from_mode(0o600)).unwrap();
    model(Params::f32(), 1.0).save(&file.0).unwrap();
    assert_eq!(mode(), 0o600);
}

#[test]
fn texts_with_any_sign_come_back() {
    let mut tensors = Tensors::new().with("a \"quoted\"\n name", [1.0]).with("ü.0", [[1i64]]);
    for text in ["", "line\nline", "{\"json\": [1, \"\\\"]}", "Größe α \u{0}"] {
        tensors.metadata.insert(text.to_owned(), text.to_owned());
    }
    assert_eq!(safetensors::decode(&safetensors::encode(&tensors)).unwrap(), tensors);
}
