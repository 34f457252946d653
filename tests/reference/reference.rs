//! Compares the engine, the layers and the optimisers with numbers computed by other software.
//!
//! The numbers are in `data/`, described by `data/README.md`. The environment variable
//! `WENGERT_REFERENCE` names another folder of the same format. With `-- --nocapture` the test prints a
//! line per group and each case that failed.
//!
//! Unsupported cases are listed in `unsupported.txt`. The list must be exact.

mod activations;
mod args;
mod array;
mod attention;
mod averages;
mod clipping;
mod compare;
mod datasets;
mod evaluate;
mod events;
mod fft;
mod files;
mod format;
mod functions;
mod graphs;
mod handlers;
mod higher;
mod indexing;
mod inits;
mod jacobians;
mod layers;
mod layouts;
mod linalg;
mod loops;
mod losses;
mod metrics;
mod networks;
mod onnx;
mod operators;
mod ops;
mod optim;
mod optimizers;
mod panics;
#[path = "../../crates/onnx/tests/reader/mod.rs"]
#[expect(dead_code, reason = "the reader reads more than the cases ask")]
mod reader;
mod recurrent;
mod report;
mod runner;
mod scalars;
mod schedules;
mod second_order;
mod seeds;
mod selftest;
mod sessions;
mod sliding;
mod special;
mod tables;
mod training;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use report::Report;

/// The folder of this test.
fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder that the environment variable names. Cargo runs this test in its own folder, users call it from the root
/// of the repository: that is where a relative name begins.
fn named(name: OsString) -> PathBuf {
    home().join("../..").join(name)
}

#[test]
fn the_reference_values_are_met() {
    let other = std::env::var_os("WENGERT_REFERENCE").filter(|name| !name.is_empty());
    let other = other.map(named);
    let folder = other.clone().unwrap_or_else(|| home().join("data"));
    let list = std::fs::read_to_string(home().join("unsupported.txt"));
    let list = list.unwrap_or_else(|error| panic!("unsupported.txt: {error}"));

    let report = Report::of(&folder, &handlers::find);
    print!("{report}");
    let complaints = report.complaints(&list, other.is_none());
    assert!(complaints.is_empty(), "{} complaints\n{}", complaints.len(), complaints.join("\n"));
}
