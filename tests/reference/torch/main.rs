//! State dicts of PyTorch: each layer of `nn` has the names and the layout that PyTorch has for it, in both directions.
//!
//! Whether PyTorch takes them is asked of PyTorch itself, where there is one. `check.py` loads what was written, computes the same, and
//! writes its own files, which are read again:
//!
//! ```sh
//! WENGERT_PYTHON=python3 cargo test --test torch -- --ignored --nocapture
//! ```

mod layers;

use files::{ParamsFile, torch};
use layers::{Layer, all};
use std::path::Path;
use std::process::Command;

#[test]
fn every_layer_has_the_names_of_pytorch() {
    for Layer { name, params, names, expected, .. } in all() {
        let tensors = params.to_tensors_with(&names);
        let found: Vec<String> = tensors.list.iter().map(|t| format!("{} {}", t.name, t.shape)).collect();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn what_is_written_is_read_by_the_same_names() {
    for Layer { name, params, names, .. } in all() {
        let value = torch::decode(&torch::encode(&params.to_tensors_with(&names))).unwrap();
        let mut again = params.clone();
        layers::clear(&mut again);
        assert_ne!(again.to_tensors(), params.to_tensors(), "{name}");
        again.set_tensors(&value.tensors(), &names).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(again.to_tensors(), params.to_tensors(), "{name}");
    }
}

/// Runs `check.py` in a folder of files.
#[test]
#[ignore = "asks PyTorch, where there is one; run with `WENGERT_PYTHON=python3 … --test torch -- --ignored --nocapture`"]
fn pytorch_takes_and_gives_state_dicts() {
    let python = std::env::var_os("WENGERT_PYTHON").unwrap_or_else(|| "python3".into());
    let has_torch = Command::new(&python).args(["-c", "import torch, numpy"]).output();
    if !has_torch.is_ok_and(|output| output.status.success()) {
        println!("torch: skipped, {} has no PyTorch", python.display());
        return;
    }
    let folder = std::env::temp_dir().join(format!("wengert-torch-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for layer in all() {
        let file = |end: &str| folder.join(format!("{}{end}", layer.name));
        torch::save(&layer.params, file(".pt"), &layer.names).unwrap();
        files::npz::write(file(".npz"), &layer.figures(), files::npz::Packing::Deflated).unwrap();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("torch/check.py");
    let status = Command::new(&python).arg(script).arg(&folder).status().unwrap();
    assert!(status.success(), "check.py found a difference");
    for Layer { name, mut params, names, .. } in all() {
        let written = params.to_tensors();
        layers::clear(&mut params);
        torch::load(&mut params, folder.join(format!("{name}.back.pt")), &names).unwrap();
        assert_eq!(params.to_tensors(), written, "{name}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
