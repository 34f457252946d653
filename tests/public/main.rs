//! The public face of each library, held against the lists in `docs/public`: one item a line, with its signature. A change
//! of the face shows as a change of a list, so that nobody breaks a user's code unseen.
//!
//! The lists are read from rustdoc's pages. `WENGERT_PUBLIC=write cargo test --test public` writes them anew.

mod page;

use page::{Found, items_of, pages_of};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The crates, each by its package and its name.
const CRATES: &[(&str, &str)] = &[
    ("wengert-autograd", "autograd"),
    ("wengert-nn", "nn"),
    ("wengert-optim", "optim"),
    ("wengert-datasets", "datasets"),
    ("wengert-files", "files"),
    ("wengert-train", "train"),
    ("wengert-parallel", "parallel"),
    ("wengert-onnx", "onnx"),
    ("wengert-emit", "emit"),
    ("wengert-cuda", "cuda"),
    ("wengert-solve", "solve"),
    ("wengert-plot", "plot"),
    ("wengert-report", "report"),
    ("wengert-bench", "bench"),
];

const COMMAND: &str = "WENGERT_PUBLIC=write cargo test --test public";

/// Lets rustdoc write the pages of all crates, with all features; gives their folder. Cargo does not hold its folder while
/// tests run, and does again only what has changed.
fn documented() -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args(["doc", "--quiet", "--no-deps", "--all-features"]);
    for (package, _) in CRATES {
        cargo.args(["--package", package]);
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a folder in the target folder");
    cargo.arg("--target-dir").arg(target);
    let done = cargo.output().expect("cargo runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    target.join("doc")
}

/// All lines of a crate.
fn face(doc: &Path) -> BTreeSet<String> {
    let read = |name: &str| {
        let path = doc.join(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let mut lines = BTreeSet::new();
    for name in pages_of(&read("all.html")) {
        let folder =
            name.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.replace('/', "::") + "::");
        let file = name.rsplit('/').next().expect("a name has a last part");
        let item = file.split('.').nth(1).expect("kind.Name.html");
        for found in items_of(&read(&name)) {
            lines.insert(match found {
                Found::Item(signature) => format!("{folder}{item}: {signature}"),
                Found::Member(member, signature) => format!("{folder}{item}::{member}: {signature}"),
                Found::Impl(header) => format!("{folder}{item}, {header}"),
            });
        }
    }
    let reexport = |found| match found {
        Found::Member(name, signature) => Some(format!("{name}: {signature}")),
        _ => None,
    };
    lines.extend(page::reexports_of(&read("index.html")).into_iter().filter_map(reexport));
    lines
}

#[test]
fn the_public_face_is_the_one_that_was_agreed_on() {
    let doc = documented();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/public");
    let mut changes = String::new();
    for (_, name) in CRATES {
        let lines = face(&doc.join(name));
        assert!(lines.len() > 10, "{name}: {} lines were found on its pages", lines.len());
        let file = folder.join(format!("{name}.txt"));
        if env::var("WENGERT_PUBLIC").is_ok_and(|what| what == "write") {
            let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
            fs::write(&file, text).expect("the list can be written");
            continue;
        }
        let agreed = fs::read_to_string(&file).unwrap_or_default();
        let agreed: BTreeSet<String> = agreed.lines().map(str::to_owned).collect();
        let gone = agreed.difference(&lines).map(|line| format!("  {name}, gone: {line}\n"));
        let new = lines.difference(&agreed).map(|line| format!("  {name}, new:  {line}\n"));
        changes.extend(gone.chain(new));
    }
    assert!(
        changes.is_empty(),
        "the public face has changed\n{changes}  if that is meant, write the lists anew and commit them: {COMMAND}"
    );
}
