//! `docs/ops.md`: every op and every function, written by the tables, the files of the ops and their tests.
//!
//! `WENGERT_OPS=write cargo test -p wengert-autograd --lib -- catalogue` writes it anew.

use super::functions::{binary_rows, unary_rows};
use super::rows::{Row, rows_of};
use crate::ir::{OpKind, op_table};
use crate::symbol::has_kink;
use crate::table::{binary_table, cell, compare_table, marked, unary_table};
use crate::{StepKind, Tape, Var};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::{env, fs};

const COMMAND: &str = "WENGERT_OPS=write cargo test -p wengert-autograd --lib -- catalogue";

/// A row of the list of ops, as it is written there.
struct Listed {
    kind: OpKind,
    variant: &'static str,
    name: &'static str,
    operands: Vec<&'static str>,
    attributes: Vec<&'static str>,
    structure: &'static str,
    what: String,
}

macro_rules! listed {
    ($($(#[$doc:meta])* $Name:ident [
        $name:literal ($($label:ident),*) { $($field:ident: $t:ty),* } $structure:ident $(($argument:tt))?
    ])*) => {
        fn listed() -> Vec<Listed> {
            vec![$(Listed {
                kind: OpKind::$Name,
                variant: stringify!($Name),
                name: $name,
                operands: vec![$(stringify!($label)),*],
                attributes: vec![$(concat!(stringify!($field), ": ", stringify!($t))),*],
                structure: concat!(stringify!($structure) $(, "(", stringify!($argument), ")")?),
                what: words(&[$(stringify!($doc)),*]),
            }),*]
        }
    };
}
op_table!(listed);

/// A row of the table of functions.
struct Function {
    name: &'static str,
    what: String,
    /// Where the tests sample.
    test: Option<Range<f64>>,
    marks: Vec<&'static str>,
}

/// The marks of a row, of these.
macro_rules! marks {
    ($columns:tt: $($mark:ident)*) => {{
        let mut all = vec![];
        $(if marked!($mark $columns) {
            all.push(stringify!($mark));
        })*
        all
    }};
}
macro_rules! functions_of_one {
    ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?) |$x:ident, $y:ident| $columns:tt)*) => {
        fn functions_of_one() -> Vec<Function> {
            vec![$(Function {
                name: stringify!($name),
                what: words(&[$(stringify!($doc)),*]),
                test: Some(cell!(test $columns)),
                marks: marks!($columns: pole chooses cheap one_pass rare),
            }),*]
        }
    };
}
unary_table!(functions_of_one);
macro_rules! functions_of_two {
    ($($(#[$doc:meta])* $Row:ident $name:ident |$a:ident, $b:ident, $y:ident| $columns:tt)*) => {
        fn functions_of_two() -> Vec<Function> {
            vec![$(Function {
                name: stringify!($name),
                what: words(&[$(stringify!($doc)),*]),
                test: Some(cell!(test $columns)),
                marks: marks!($columns: pole chooses cheap one_pass rare commutes),
            }),*]
        }
    };
}
binary_table!(functions_of_two);
macro_rules! comparisons {
    ($($(#[$doc:meta])* $Row:ident $name:ident |$a:ident, $b:ident| $columns:tt)*) => {
        fn comparisons() -> Vec<Function> {
            vec![$(Function {
                name: stringify!($name),
                what: words(&[$(stringify!($doc)),*]),
                test: None,
                marks: vec![],
            }),*]
        }
    };
}
compare_table!(comparisons);

/// The text of `///` lines as a macro has them: `doc = " The sine."`.
fn words(docs: &[&str]) -> String {
    let text = |doc: &&str| {
        let inner =
            doc.split_once('"').and_then(|(_, rest)| rest.rsplit_once('"')).map_or("", |(text, _)| text);
        inner.trim().replace("\\\"", "\"").replace("\\\\", "\\")
    };
    docs.iter().map(text).collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// `LogSoftmax` is in `log_softmax.rs`.
fn file_of(variant: &str) -> String {
    let letters = variant.char_indices().flat_map(|(i, c)| {
        let gap = (i > 0 && c.is_uppercase()).then_some('_');
        gap.into_iter().chain(c.to_lowercase())
    });
    letters.collect::<String>() + ".rs"
}

/// The shortest rule that a sweep has recorded for an op of this name, as `steps` writes it, among its rows.
fn rule<'r>(name: &str, rows: impl Iterator<Item = &'r Row>) -> Option<String> {
    let small = rows.filter(|row| !row.large && !row.shapes.iter().any(|shape| shape.contains(&0)));
    let rules = small.flat_map(|row| {
        let tape = Tape::new();
        let x: Vec<Var<'_>> = row.arguments().iter().map(|a| tape.var(a)).collect();
        let steps = (row.f)(&x).square().sum().steps();
        let is_of = |equation: &str| {
            equation.split(" = ").nth(1).is_some_and(|op| op.split('(').next() == Some(name))
        };
        let rules = steps.iter().filter(|step| is_of(&step.equation)).filter_map(|step| match &step.kind {
            StepKind::Backward { rule, .. } => rule.clone(),
            _ => None,
        });
        rules.collect::<Vec<_>>()
    });
    rules.min_by_key(|rule| (rule.chars().count(), rule.clone()))
}

/// What a file says of its op, and its methods.
fn of_file(source: &str) -> (String, Vec<&str>) {
    let head = source.lines().take_while(|line| line.starts_with("//!"));
    let head: Vec<&str> = head.map(|line| line.trim_start_matches("//!").trim()).collect();
    // What is asked of the op itself, by executors, is no method for users.
    let mut of_op = false;
    let methods = source.lines().filter_map(|line| {
        if line.starts_with("impl") {
            of_op = !line.contains(['<', '\'']);
        }
        line.strip_prefix("    pub fn ").filter(|_| !of_op)?.split(['(', '<']).next()
    });
    (head.join("\n"), methods.collect())
}

/// The largest errors of `docs/functions.md`: in double and in single precision.
fn errors(text: &str) -> BTreeMap<String, [String; 2]> {
    let mut all = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [names, _, double, _, single, ..] = cells[..] else { continue };
        for (i, name) in names.split(", ").enumerate() {
            let found = |cell: &str| {
                cell.split(", ").nth(i).or(cell.split(", ").last()).unwrap_or_default().to_owned()
            };
            all.insert(name.trim_matches('`').to_owned(), [found(double), found(single)]);
        }
    }
    all
}

const HEAD: &str = "\
# The ops

What the tables, the files of the ops and their tests say of each op and of each function. *Recorded* is the backward rule as
`Var::steps` reads it from what a sweep has recorded: a bar marks an adjoint. *Bits*: whether eager execution and programs give
the numbers of the plain loops of the oracle to the last bit, or add up in another order.

This file is written by
";

fn functions(title: &str, all: &[Function], rows: &[Row], errors: &BTreeMap<String, [String; 2]>) -> String {
    let mut text = format!(
        "\n## {title}\n\n| function | what it is, its domain, its derivative | recorded | tested on | marks | ulp F64 | ulp F32 |\n|---|---|---|---|---|---|---|\n"
    );
    for f in all {
        let own = rows.iter().filter(|row| row.name.split(' ').next() == Some(f.name));
        let recorded = rule(f.name, own).map_or(String::new(), |rule| format!("`{rule}`"));
        let kink = has_kink(f.name).map_or(String::new(), |kink| format!(" *{kink}.*"));
        let test = f.test.as_ref().map_or(String::new(), |test| format!("{} to {}", test.start, test.end));
        let [double, single] = errors.get(f.name).cloned().unwrap_or_default();
        let cells = [
            format!("`{}`", f.name),
            f.what.clone() + &kink,
            recorded,
            test,
            f.marks.join(" "),
            double,
            single,
        ];
        text += &format!("| {} |\n", cells.map(|cell| cell.replace('|', "\\|")).join(" | "));
    }
    text
}

fn op(op: &Listed, sources: &Path) -> String {
    let file = file_of(op.variant);
    let source = fs::read_to_string(sources.join(&file)).expect("each op has a file of its name");
    let (head, methods) = of_file(&source);
    let rows = rows_of(op.kind);
    let mut text = format!("\n### {}\n\n{}\n\n", op.name, op.what);
    let mut line = |what: &str, said: String| {
        if !said.is_empty() {
            text += &format!("* {what}: {said}\n");
        }
    };
    let code = |all: &[&str]| all.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    line("methods", code(&methods));
    line("operands", code(&op.operands));
    line("attributes", code(&op.attributes));
    line("structure", format!("`{}`", op.structure));
    line("recorded", rule(op.name, rows.iter()).map_or(String::new(), |rule| format!("`{rule}`")));
    let view = source.contains("fn view(");
    let kernel = if view {
        "none: a view"
    } else if source.contains("fn kernel(") {
        "fast"
    } else {
        "the reference loops"
    };
    line("kernel", kernel.to_owned());
    let rounds = rows.iter().any(|row| row.rounds);
    line("bits", if rounds { "added up in another order" } else { "those of the oracle" }.to_owned());
    line("file", format!("`ops/{file}`"));
    text + "\n" + &head + "\n"
}

fn catalogue(sources: &Path, docs: &Path) -> String {
    let errors = errors(&fs::read_to_string(docs.join("functions.md")).expect("the errors of the functions"));
    let mut text = format!("{HEAD}\n```sh\n{COMMAND}\n```\n");
    text += &functions("Functions of one argument", &functions_of_one(), &unary_rows(), &errors);
    text += &functions("Functions of two arguments", &functions_of_two(), &binary_rows(), &errors);
    text += &functions("Comparisons", &comparisons(), &[], &errors);
    text += "\n## Ops with a file\n";
    listed().iter().for_each(|listed| text += &op(listed, sources));
    text
}

#[test]
fn the_catalogue_is_what_the_tables_say() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let docs = root.join("../../docs");
    // A package of its own has no such folder.
    if !docs.exists() {
        return;
    }
    let known = fs::read_to_string(docs.join("ops.md")).unwrap_or_default();
    let text = catalogue(&root.join("src/ops"), &docs);
    if env::var("WENGERT_OPS").is_ok_and(|what| what == "write") {
        fs::write(docs.join("ops.md"), text).expect("the catalogue can be written");
        return;
    }
    let differs = known.lines().zip(text.lines()).find(|(known, said)| known != said);
    assert!(
        known == text,
        "docs/ops.md says otherwise: {differs:?}\n  write it anew and commit it: {COMMAND}"
    );
}
