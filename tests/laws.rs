//! The laws between the parts, enforced on the sources: who may name whom, and where `unsafe` may stand. The same
//! table stands in ARCHITECTURE.md in words.

use std::fs;
use std::path::{Path, PathBuf};

/// Of `autograd`: each module, and the modules of the crate that it may name. Further down means closer to the user.
const MODULES: &[(&str, &[&str])] = &[
    ("few", &[]),
    ("shape", &["few"]),
    ("scratch", &[]),
    ("dtype", &[]),
    ("pages", &[]),
    ("slab", &["dtype", "pages"]),
    ("table", &[]),
    ("math", &[]),
    ("view", &[]),
    ("mistake", &[]),
    ("text", &[]),
    ("tree", &["dtype"]),
    // What is computed on: numbers only.
    ("target", &["tree"]),
    ("tensor", &["dtype", "shape"]),
    ("params", &["dtype", "mistake", "shape", "slab", "tensor"]),
    ("ir", &["dtype", "few", "params", "shape", "table"]),
    ("origin", &["ir"]),
    ("buffers", &["dtype", "pages", "shape", "slab", "view"]),
    // The tape is a list: it knows neither rules nor kernels.
    ("tape", &["buffers", "dtype", "ir", "mistake", "origin", "params", "scratch", "shape"]),
    // Tile programs: data only.
    ("code", &["dtype", "ir", "shape"]),
    // Kernels see slices, strides and tile programs, never nodes; of `ir` the enums of the elementwise functions alone,
    // which the loops of the table are chosen by.
    ("kernels", &["code", "dtype", "ir", "math", "scratch", "shape", "table", "target", "tree", "view"]),
    ("dense", &["dtype", "ir"]),
    // Planning reads the tape and calls no kernel.
    (
        "plan",
        &["buffers", "code", "dense", "dtype", "ir", "origin", "params", "shape", "tape", "target", "tree"],
    ),
    // Execution sees operands and plans, never the tape.
    (
        "exec",
        &[
            "buffers", "code", "dtype", "ir", "kernels", "params", "plan", "scratch", "shape", "slab",
            "table", "target", "view",
        ],
    ),
    ("finite", &["buffers", "dtype", "ir", "kernels", "mistake", "params", "tape"]),
    // Rules are written in the recorded language: no buffers, no kernels, no execution.
    ("op", &["dense", "dtype", "ir", "ops", "record", "shape", "var"]),
    ("ops", &["dense", "dtype", "ir", "math", "op", "record", "shape", "table", "target", "tree", "var"]),
    // The one place where the list, the rules and the kernels meet.
    ("record", &["buffers", "dtype", "exec", "ir", "mistake", "op", "params", "shape", "tape", "var"]),
    (
        "var",
        &[
            "dtype", "ir", "kernels", "mistake", "op", "ops", "params", "record", "shape", "table", "tape",
            "tensor", "view",
        ],
    ),
    ("between", &["ir", "tape"]),
    (
        "grad",
        &["between", "buffers", "dtype", "finite", "ir", "kernels", "op", "params", "tape", "tensor", "var"],
    ),
    ("jvp", &["between", "ir", "op", "var"]),
    (
        "program",
        &[
            "between", "buffers", "code", "dtype", "exec", "finite", "grad", "ir", "mistake", "params",
            "plan", "record", "shape", "tape", "tensor", "text", "var",
        ],
    ),
    // Whoever shows a tape reads it, and gives text: no kernels, no plans.
    ("show", &["buffers", "dtype", "grad", "ir", "params", "shape", "tape", "text", "var"]),
    // The oracle shares nothing with the fast kernels.
    ("oracle", &["buffers", "dense", "dtype", "ir", "tensor", "var"]),
    ("check", &["grad", "tape", "var"]),
    // Numbers, not tensors: the table, and of the rest only what makes a tensor a kind of number.
    ("scalar", &["kernels", "math", "table", "var"]),
];

/// Words that a crate's code must not hold, with the reason.
const FORBIDDEN: &[(&str, &[&str], &str)] = &[
    ("autograd", &["nn::", "optim::", "datasets::", "wengert::"], "autograd depends on no other part"),
    ("nn", &["optim::", "datasets::", "wengert::"], "nn uses only autograd's public face"),
    (
        "optim",
        &["Tape", "Var", "nn::", "datasets::", "wengert::"],
        "optim knows slices and parameter handles, not tapes",
    ),
    ("datasets", &["autograd::", "nn::", "optim::", "wengert::"], "datasets are plain arrays"),
];

/// What the kernels may know of the recorded language: the functions of the table, by which their loops are chosen.
const FUNCTIONS: &[&str] = &["Unary", "Binary", "Compare"];

/// Where `unsafe` may stand.
const UNSAFE_IN: &[&str] = &[
    "autograd/src/kernels/",
    "autograd/src/exec/machine.rs",
    "autograd/src/exec/stream.rs",
    "autograd/src/pages.rs",
    "autograd/src/scalar/list.rs",
];

/// Where a clock may be read: what it shows is told, and changes nothing.
const CLOCK_IN: &[&str] = &["autograd/src/program/profile.rs"];

/// What would let something global change a result.
const GLOBAL_STATE: &[&str] = &["thread_local!", "static mut", "std::env::", "env::var"];

/// Clocks.
const CLOCKS: &[&str] = &["SystemTime", "Instant"];

struct Source {
    /// From `crates/` on, with slashes.
    path: String,
    text: String,
}

fn sources() -> Vec<Source> {
    fn walk(dir: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, files);
            } else if path.extension().is_some_and(|e| e == "rs") {
                files.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates");
    let mut files = vec![];
    for name in ["autograd", "nn", "optim", "datasets"] {
        walk(&root.join(name).join("src"), &mut files);
    }
    let source = |p: PathBuf| Source {
        path: p.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/"),
        text: fs::read_to_string(&p).unwrap(),
    };
    files.into_iter().map(source).filter(|s| !s.path.ends_with("/tests.rs")).collect()
}

/// The lines of code, numbered: no comments, no unit tests.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let end = text.find("#[cfg(test)]\nmod tests").unwrap_or(text.len());
    text[..end].lines().enumerate().map(|(i, line)| (i + 1, line.split("//").next().unwrap_or_default()))
}

fn violations(sources: &[Source]) -> Vec<String> {
    let mut found = vec![];
    for Source { path, text } in sources {
        let krate = path.split('/').next().unwrap();
        for (number, line) in code(text) {
            let mut report = |why: &str| found.push(format!("{path}:{number}: {why}: {}", line.trim()));
            if line.contains("unsafe ") && !UNSAFE_IN.iter().any(|dir| path.starts_with(dir)) {
                report(
                    "unsafe stands where plans are run, in the kernels, the list of scalars and the call for large pages only",
                );
            }
            if CLOCKS.iter().any(|word| names(line, word)) && !CLOCK_IN.contains(&path.as_str()) {
                report("only the profile reads a clock");
            }
            if GLOBAL_STATE.iter().any(|word| line.contains(word)) {
                report("no global state changes a result");
            }
            for (_, words, why) in FORBIDDEN.iter().filter(|(name, ..)| *name == krate) {
                if words.iter().any(|word| names(line, word)) {
                    report(why);
                }
            }
            if path.starts_with("autograd/src/kernels/") && knows_ops(line) {
                report("kernels know the functions of the table, no ops");
            }
            if krate == "autograd" {
                for named in modules_named(line) {
                    if !may_name(path, named) {
                        report(&format!("this module may not name `{named}`"));
                    }
                }
            }
        }
    }
    found
}

/// Whether a word stands in a line as a whole.
fn names(line: &str, word: &str) -> bool {
    let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(i, _)| {
        let ends_in_path = word.ends_with(':');
        !part(line[..i].chars().next_back()) && (ends_in_path || !part(line[i + word.len()..].chars().next()))
    })
}

/// The modules of the own crate in a line such as `use crate::dtype::{…}` or `crate::dtype::Data`.
fn modules_named(line: &str) -> impl Iterator<Item = &str> {
    line.split("crate::").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        MODULES.iter().map(|(name, _)| *name).find(|name| *name == &rest[..end])
    })
}

/// Whether a line such as `use crate::ir::{…}` names more than functions.
fn knows_ops(line: &str) -> bool {
    let words =
        |rest: &str| rest.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect::<Vec<_>>();
    let named = line.split("crate::ir::").skip(1).flat_map(words);
    named.filter(|word| !word.is_empty()).any(|word| !FUNCTIONS.contains(&word.as_str()))
}

fn may_name(path: &str, named: &str) -> bool {
    let inner = path.strip_prefix("autograd/src/").unwrap();
    let own = inner.split('/').next().unwrap().trim_end_matches(".rs");
    own == "lib" || own == named || MODULES.iter().any(|(name, may)| *name == own && may.contains(&named))
}

#[test]
fn the_sources_keep_the_laws() {
    let found = violations(&sources());
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_module_of_autograd_has_its_law() {
    for Source { path, .. } in sources().iter().filter(|s| s.path.starts_with("autograd/src/")) {
        let own = path["autograd/src/".len()..].split('/').next().unwrap().trim_end_matches(".rs");
        assert!(own == "lib" || MODULES.iter().any(|(name, _)| *name == own), "{path} has no row in MODULES");
    }
}

#[test]
fn library_crates_depend_on_neither_the_facade_nor_the_plots() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates");
    for name in ["autograd", "nn", "optim", "datasets"] {
        let manifest = fs::read_to_string(root.join(name).join("Cargo.toml")).unwrap();
        for dependency in ["wengert", "plot"] {
            let depends = manifest
                .lines()
                .any(|l| l.strip_prefix(dependency).is_some_and(|rest| rest.starts_with(['.', ' ', '='])));
            assert!(!depends, "{name} depends on {dependency}");
        }
    }
}

/// The test can fail: what is forbidden is planted in a copy of the sources and found there.
#[test]
fn planted_violations_are_found() {
    let plant = |file: &str, line: &str| {
        let mut copy = sources();
        let target = copy.iter_mut().find(|s| s.path == file).unwrap_or_else(|| panic!("there is no {file}"));
        target.text.insert_str(0, &format!("{line}\n"));
        violations(&copy)
    };
    for (file, line) in [
        ("autograd/src/ops/sum.rs", "use crate::exec::run;"),
        ("autograd/src/ops/matmul.rs", "use crate::kernels::matmul::matmul;"),
        ("autograd/src/tape.rs", "use crate::op::Rule;"),
        ("autograd/src/exec.rs", "fn f(tape: &crate::tape::Tape<'_>) {}"),
        ("autograd/src/exec/machine.rs", "use crate::tape::Tape;"),
        ("autograd/src/code.rs", "use crate::kernels::loops::Lane;"),
        ("autograd/src/plan/fuse.rs", "use crate::exec::run;"),
        ("autograd/src/plan/fold.rs", "use crate::record::record;"),
        ("autograd/src/kernels/sum.rs", "use crate::ir::Op;"),
        ("autograd/src/kernels/sum.rs", "use crate::op::Rule;"),
        ("autograd/src/kernels/tile/mod.rs", "use crate::plan::Plan;"),
        ("autograd/src/program/run.rs", "use crate::kernels::copy;"),
        ("autograd/src/program/run.rs", "let now = std::time::Instant::now();"),
        ("autograd/src/program/run.rs", "unsafe { std::hint::unreachable_unchecked() }"),
        ("autograd/src/oracle.rs", "use crate::kernels::copy;"),
        ("autograd/src/show/words.rs", "use crate::plan::Plan;"),
        ("autograd/src/grad.rs", "unsafe { std::hint::unreachable_unchecked() }"),
        ("autograd/src/record.rs", "thread_local! { static MODE: u8 = 0; }"),
        ("optim/src/sgd.rs", "use autograd::Tape;"),
        ("nn/src/linear.rs", "use optim::Sgd;"),
        ("datasets/src/lib.rs", "use autograd::Params;"),
    ] {
        let found = plant(file, line);
        assert!(
            found.len() == 1 && found[0].starts_with(&format!("{file}:1:")),
            "`{line}` in {file}: {found:?}"
        );
    }
}
