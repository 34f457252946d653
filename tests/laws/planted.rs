//! Controls of the laws: a planted violation is found in the sources, and lawful code is not reported.

use crate::reading::{Exports, Source, parts_needed, sources, violations_in};

/// The violations that a line causes when it is the first line of a file.
fn planted(file: &str, line: &str) -> Vec<String> {
    let sources = sources();
    let of =
        |path: &str| sources.iter().find(|s| s.path == path).unwrap_or_else(|| panic!("there is no {path}"));
    let exports = Exports::of(&of("autograd/src/lib.rs").text);
    let before = violations_in(of(file), &exports).len();
    let text = format!("{line}\n{}", of(file).text);
    let mut found = violations_in(&Source { path: file.to_owned(), text }, &exports);
    // Those of the file itself come later: they are the business of another test.
    found.truncate(found.len() - before);
    found
}

/// A control: planted violations are found.
#[test]
fn planted_violations_are_found() {
    for (file, line) in [
        ("autograd/src/ops/sum.rs", "use crate::exec::run;"),
        ("autograd/src/ops/matmul.rs", "use crate::plan::Plan;"),
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
        // Braces, and braces within braces.
        ("autograd/src/ops/sum.rs", "use crate::{dtype::DType, exec};"),
        ("autograd/src/ops/sum.rs", "use crate::{ir::{Op, Sum}, plan::{fuse::{fuse as join}}};"),
        ("autograd/src/plan/fuse.rs", "use {crate::exec::run, std::fmt};"),
        ("nn/src/linear.rs", "use std::fmt; use {optim::{Adam, Sgd}};"),
        ("nn/src/linear.rs", "use autograd::{Var, loops::{Slab, widest}};"),
        ("nn/src/linear.rs", "use optim as steps;"),
        ("optim/src/sgd.rs", "use autograd::{Params, Tape};"),
        ("autograd/src/shape.rs", "use std::{env, fs};"),
        // Names that the root exports: `Var` is `var::Var`, `loops::Slab` is `slab::Slab`.
        ("autograd/src/kernels/sum.rs", "use crate::Var;"),
        ("autograd/src/shape.rs", "use crate::{Tape as List};"),
        ("autograd/src/tape.rs", "fn f(x: crate::Var<'_>) {}"),
        ("autograd/src/code.rs", "use crate::loops::Workers;"),
        ("autograd/src/code.rs", "use crate::loops::*;"),
        // The root itself, and what it does not know.
        ("autograd/src/shape.rs", "use crate::*;"),
        ("autograd/src/shape.rs", "use crate::{self as house};"),
        ("autograd/src/shape.rs", "use crate::nowhere::Thing;"),
        // Modules above, and paths in the middle of the code.
        ("autograd/src/plan/fuse.rs", "use super::super::exec::run;"),
        ("autograd/src/tape.rs", "use super::{op::Rule, ir::Op};"),
        ("autograd/src/tape.rs", "use crate::kernels::{workers::Workers, sum::sum};"),
        ("autograd/src/tape.rs", "mod inner { fn f() { super::super::exec::run() } }"),
        ("autograd/src/tape.rs", "fn f() { let x = g(1, crate::op::rule::<u8>(2)); }"),
        ("autograd/src/table.rs", "macro_rules! m { () => { $crate::exec::run() }; }"),
        ("autograd/src/kernels/sum.rs", "use crate::ir::{Unary, Op};"),
        ("autograd/src/kernels/sum.rs", "use crate::ir;"),
        ("autograd/src/kernels/sum.rs", "use crate::ir::*;"),
        ("autograd/src/shape.rs", "fn f(c: char) -> bool { c == '\"' || unsafe { g(\"{\") } }"),
    ] {
        let found = planted(file, line);
        assert!(
            found.len() == 1 && found[0].starts_with(&format!("{file}:1:")),
            "`{line}` in {file}: {found:?}"
        );
    }
}

/// Text that is no code, and code of tests, is no violation.
#[test]
fn texts_comments_and_tests_name_nothing() {
    for innocent in [
        "// use crate::exec::run;",
        "/* use /* crate:: */ crate::exec::run; unsafe */",
        "const T: &str = \"use crate::exec::run; unsafe\";",
        "const T: &str = r#\"a \" unsafe { crate::exec::run() }\"#;",
        "const T: &[u8] = b\"\\\" unsafe\";",
        "const C: [char; 2] = ['\"', '\\'']; fn f<'unsafe_>(x: &'unsafe_ u8) {}",
        "#[cfg(test)] use crate::exec::{self, run};",
        "#[cfg(test)] mod tests { use crate::exec::run; fn f() { if true { unsafe { g() } } } }",
        "use self::inner::x; use crate::shape::Shape; mod inner { use super::y; use crate::few::Few; }",
    ] {
        assert_eq!(planted("autograd/src/shape.rs", innocent), Vec::<String>::new(), "{innocent}");
    }
}

/// What an exception covers, and no more.
#[test]
fn minimisers_name_tapes_and_nothing_else_that_is_forbidden() {
    let in_minimize = |line| planted("optim/src/minimize/lbfgs.rs", line);
    assert_eq!(in_minimize("use autograd::Tape;"), Vec::<String>::new());
    assert_eq!(in_minimize("use nn::Linear;").len(), 1);
}

#[test]
fn a_dependency_too_many_is_seen_however_it_is_written() {
    for line in [
        "nn.workspace = true",
        "nn = { workspace = true }",
        "net = { package = \"wengert-nn\", path = \"../nn\" }",
    ] {
        let manifest = format!("[package]\nname = \"wengert-optim\"\n[dependencies]\n{line}\n");
        assert_eq!(parts_needed(&manifest).collect::<Vec<_>>(), ["nn"], "{line}");
    }
    assert_eq!(parts_needed("[dependencies]\n[dev-dependencies.nn]\npath = \"../nn\"").count(), 1);
    assert_eq!(parts_needed("[package]\nname = \"wengert-nn\"\n[dependencies]\nnnrs = \"1\"").count(), 0);
}
