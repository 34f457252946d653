//! Errors of a folder that are noticed: counts, files, and the list of unsupported ops.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{Scratch, complains, few};
use crate::report::Report;

#[test]
fn right_values_pass() {
    let report = Scratch::of(&["ops_binary"]).report();
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    assert_eq!((report.groups[0].passed(), report.groups[0].failures().count()), (3, 0));
    let printed = report.to_string();
    assert!(printed.contains("group ops_binary passed 3 failed 0 unsupported 14\n"), "{printed}");
}

#[test]
fn a_perturbed_value_or_derivative_fails() {
    for role in ["out/y", "grad/x", "jvp/y", "hvp/x"] {
        let copy = Scratch::of(&["ops_binary"]);
        copy.perturb("ops_binary", &format!("mul/{role}"), 1);
        let report = copy.report();
        let failures: Vec<_> = report.groups[0].failures().collect();
        assert_eq!(failures.len(), 1, "{role}: {failures:?}");
        let (case, why) = failures[0];
        assert_eq!(case, "mul");
        assert!(why.starts_with(&format!("{role}[")) && why.contains("1 of "), "{role}: {why}");
        assert!(report.to_string().contains(&format!("  failed ops_binary mul: {role}[")));
        complains(&report, &["ops_binary mul", role]);
    }
}

#[test]
fn a_dropped_case_fails() {
    let copy = Scratch::of(&["ops_binary", "ops_unary"]);
    copy.edit("ops_binary.json", |group| {
        group["cases"].as_array_mut().unwrap().retain(|case| case["name"] != "mul");
    });
    complains(&copy.report(), &["ops_binary: tensor mul/out/y: belongs to no case"]);
    complains(&copy.report(), &["group ops_binary: cases: index.json lists 17, found 16"]);

    // A case that has no tensors shows in the counts alone.
    let copy = Scratch::of(&["inits"]);
    copy.edit("inits.json", |group| {
        group["cases"].as_array_mut().unwrap().retain(|case| case["name"] != "gains");
    });
    complains(&copy.report(), &["group inits: cases: index.json lists 55, found 54"]);
    complains(&copy.report(), &["index.json: cases: is 55, but the groups hold 54"]);
}

#[test]
fn a_truncated_tensor_file_fails_and_the_other_groups_run() {
    let copy = Scratch::of(&["ops_binary", "higher"]);
    let path = copy.folder.join("ops_binary.safetensors");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 8]).unwrap();
    let report = copy.report();
    complains(&report, &["group ops_binary: cannot be read", "ops_binary.safetensors"]);
    assert!(report.to_string().contains("group higher passed 0 failed 0 unsupported 7\n"));
    fs::write(&path, &bytes[..4]).unwrap();
    complains(&copy.report(), &["group ops_binary: cannot be read", "ops_binary.safetensors"]);
}

#[test]
fn a_wrong_index_fails() {
    let copy = Scratch::of(&["higher"]);
    copy.edit("index.json", |index| index["groups"][0]["tensor_count"] = json!(15));
    complains(&copy.report(), &["group higher: tensor_count: index.json lists 15, found 14"]);

    let copy = Scratch::of(&["higher"]);
    fs::remove_file(copy.folder.join("higher.json")).unwrap();
    complains(&copy.report(), &["group higher: cannot be read: higher.json"]);

    let copy = Scratch::of(&["higher"]);
    copy.edit("index.json", |index| index["groups"] = json!([]));
    complains(&copy.report(), &["group higher: is not in index.json"]);

    fs::remove_file(copy.folder.join("index.json")).unwrap();
    complains(&copy.report(), &["index.json: "]);
    complains(&Report::of(Path::new("no/such/folder"), &few), &["holds no group"]);
}

#[test]
fn broken_cases_are_named() {
    let broken = |change: fn(&mut Value)| {
        let copy = Scratch::of(&["higher"]);
        copy.edit("higher.json", |group| change(&mut group["cases"][0]));
        copy.report()
    };
    let name = "higher.json: case sin_x2_exp: ";
    complains(&broken(|case| case["rtol"] = json!("1e-9")), &[name, "rtol: is not a number"]);
    complains(&broken(|case| case["op"] = json!(1)), &[name, "op: is not a text"]);
    complains(&broken(|case| case["in"] = json!("x")), &[name, "in: is not a list"]);
    complains(&broken(|case| case["in"] = json!(["z"])), &[name, "in/z", "does not hold it"]);
    complains(&broken(|case| case["in"] = json!(["x", "x"])), &[name, "in/x: is named twice"]);
    complains(&broken(|case| case["convention"] = json!("no")), &[name, "convention: "]);
    complains(&broken(|case| case["args"] = json!([])), &[name, "args: is not an object"]);
    complains(&broken(|case| case["args"]["expect"] = json!("x")), &[name, "args.expect: "]);
    let nameless = broken(|case| drop(case.as_object_mut().unwrap().remove("name")));
    complains(&nameless, &["higher.json: case number 0: name: is missing"]);
}

#[test]
fn the_list_of_unsupported_ops_is_exact() {
    let report = Scratch::of(&["higher"]).report();
    let entry = "higher scalar_derivatives # later";
    assert!(report.complaints(entry, true).is_empty());
    assert_eq!(report.complaints("", true).len(), 1);
    // A reason makes another entry of it.
    assert_eq!(report.complaints("higher scalar_derivatives (order 7)", true).len(), 2);
    let longer = format!("# a comment\n{entry}\n\nhigher series\n");
    assert!(report.complaints(&longer, false).is_empty());
    assert!(report.complaints(&longer, true)[0].contains("higher series: in unsupported.txt"));
    for bad in ["b x\na x", "a x\na x", "a", "a b c", "a b (c"] {
        assert!(report.complaints(bad, false)[0].contains("unsupported.txt line "), "{bad}");
    }
}
