//! Controls of the harness itself: it notices planted errors.

mod cases;
mod folder;
mod values;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use safetensors::SafeTensors;
use serde_json::{Value, json};

use crate::format::{Case, Group};
use crate::handlers;
use crate::report::Report;
use crate::runner::{Fault, Handler, Outcome, Refusal, Results, run};

/// A copy of some groups in a folder of its own, removed at the end.
struct Scratch {
    folder: PathBuf,
}

impl Scratch {
    /// Copies groups with the part of the index that lists them.
    fn of(groups: &[&str]) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("wengert-reference-{}-{number}", std::process::id());
        let copy = Scratch { folder: std::env::temp_dir().join(name) };
        fs::create_dir_all(&copy.folder).unwrap();
        let data = crate::home().join("data");
        for group in groups {
            for file in [format!("{group}.json"), format!("{group}.safetensors")] {
                fs::write(copy.folder.join(&file), fs::read(data.join(&file)).unwrap()).unwrap();
            }
        }
        fs::write(copy.folder.join("index.json"), fs::read(data.join("index.json")).unwrap()).unwrap();
        copy.edit("index.json", |index| {
            let list = index["groups"].as_array_mut().unwrap();
            list.retain(|entry| groups.contains(&entry["group"].as_str().unwrap()));
            let cases: u64 = list.iter().map(|entry| entry["cases"].as_u64().unwrap()).sum();
            index["cases"] = json!(cases);
        });
        copy
    }

    fn edit(&self, file: &str, change: impl FnOnce(&mut Value)) {
        let path = self.folder.join(file);
        let mut value: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        change(&mut value);
        fs::write(&path, serde_json::to_vec(&value).unwrap()).unwrap();
    }

    /// Changes one stored number by a relative 1e-9, far more than the tolerance of a single op.
    fn perturb(&self, group: &str, key: &str, element: usize) {
        let path = self.folder.join(format!("{group}.safetensors"));
        let mut bytes = fs::read(&path).unwrap();
        let (header, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
        let begin = 8 + header + metadata.info(key).unwrap().data_offsets.0 + 8 * element;
        let slot = bytes[begin..].first_chunk_mut::<8>().unwrap();
        *slot = (f64::from_le_bytes(*slot) * (1.0 + 1e-9)).to_le_bytes();
        fs::write(&path, bytes).unwrap();
    }

    fn report(&self) -> Report {
        Report::of(&self.folder, &few)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A folder left behind in the temporary directory is no reason to fail.
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// Three ops of the engine, so that these tests do not depend on how many it has.
fn few(group: &str, op: &str) -> Option<Handler> {
    handlers::find(group, op).filter(|_| ["add", "mul", "mul_self"].contains(&op))
}

/// One case of the committed data.
fn stored(group: &str, case: &str) -> (Group, Case) {
    let group = Group::read(&crate::home().join("data"), group).unwrap();
    let case = group.case(case).unwrap().clone();
    (group, case)
}

/// What becomes of a case under a handler.
fn outcome(
    group: &str,
    case: &str,
    refusal: Refusal,
    handler: fn(&Case, &Group) -> Result<Results, Fault>,
) -> Outcome {
    let (group, case) = stored(group, case);
    run(&case, &group, &|_, _| Some(reading_all(refusal, handler))).outcome
}

/// A handler that overlooks no parameter.
fn reading_all(
    refusal: Refusal,
    handler: impl Fn(&Case, &Group) -> Result<Results, Fault> + 'static,
) -> Handler {
    Handler::new(refusal, move |case, group| {
        let names: Vec<&str> = case.args.names().collect();
        case.args.remarks(&names);
        handler(case, group)
    })
}

#[track_caller]
fn failed_with(outcome: &Outcome, part: &str) {
    match outcome {
        Outcome::Failed { why } => assert!(why.contains(part), "{why:?} does not say {part:?}"),
        other => panic!("{other:?} is no failure"),
    }
}

#[track_caller]
fn complains(report: &Report, parts: &[&str]) {
    let all = report.complaints("", false);
    let found = all.iter().any(|line| parts.iter().all(|part| line.contains(part)));
    assert!(found, "none of {all:#?} says {parts:?}");
}
