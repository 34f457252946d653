//! Files of a crate name each other in one direction: no circles, but for those listed here.
//!
//! A file names another by `use`, with braces and through re-exports, or by a path in its code. A re-export alone
//! (`pub use`) is no dependency, and neither is the root of a crate, which holds nothing but those.

#[path = "laws/names.rs"]
#[expect(dead_code, reason = "of what the laws are read with, circles need less")]
mod names;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Circles that may stay, with the reason.
const CIRCLES: &[(&[&str], &str)] = &[
    (
        &["autograd::kernels::loops", "autograd::kernels::loops::sets"],
        "one module in two files: the macro that compiles loops for each instruction set, and who chooses among them",
    ),
    (
        &["autograd::ir", "autograd::ir::attribute", "autograd::ir::body"],
        "an op may hold the body of a loop, which is a list of ops",
    ),
];

/// The code of each module of the crates that stands in a file of its own, by the module's path.
type Files = BTreeMap<String, Vec<String>>;

fn files() -> Files {
    fn walk(dir: &Path, module: &str, files: &mut Files) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let child = if matches!(&name[..], "lib" | "mod") {
                module.to_owned()
            } else {
                format!("{module}::{name}")
            };
            if name == "tests" {
                continue;
            }
            if path.is_dir() {
                walk(&path, &child, files);
            } else if path.extension().is_some_and(|e| e == "rs") {
                files.insert(child, tokens(&fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut files = Files::new();
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates");
    for entry in fs::read_dir(crates).unwrap() {
        let path = entry.unwrap().path();
        walk(&path.join("src"), path.file_name().unwrap().to_str().unwrap(), &mut files);
    }
    files
}

/// Words, `::` and single signs; no comments, no texts, no unit tests.
fn tokens(text: &str) -> Vec<String> {
    let code = names::without_texts(&text[..text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len())]);
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    let (mut tokens, mut rest) = (vec![], code.trim_start());
    while let Some(first) = rest.chars().next() {
        let length = match first {
            c if part_of_word(c) => rest.find(|c| !part_of_word(c)).unwrap_or(rest.len()),
            ':' if rest.starts_with("::") => 2,
            c => c.len_utf8(),
        };
        tokens.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    tokens
}

/// A path that a file names: where it stands, the inline module of the file included.
struct Named {
    module: String,
    path: Vec<String>,
    is_reexport: bool,
}

/// All paths that a module's code names.
fn named(module: &str, tokens: &[String]) -> Vec<Named> {
    let (mut found, mut inline, mut depth) = (vec![], vec![], 0);
    let mut i = 0;
    while i < tokens.len() {
        let here = || {
            [
                &[module.to_owned()][..],
                &inline.iter().map(|(name, _): &(String, _)| name.clone()).collect::<Vec<_>>(),
            ]
            .concat()
            .join("::")
        };
        match &tokens[i][..] {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                inline.pop_if(|(_, within)| *within > depth);
            }
            "mod" if tokens.get(i + 2).is_some_and(|t| t == "{") => {
                inline.push((tokens[i + 1].clone(), depth + 1));
            }
            "use" => {
                let end = i + tokens[i..].iter().position(|t| t == ";").expect("the end of an import");
                let is_reexport = i > 0 && (tokens[i - 1] == "pub" || tokens[i - 1] == ")");
                for path in leaves(&tokens[i + 1..end]) {
                    found.push(Named { module: here(), path, is_reexport });
                }
                i = end;
            }
            word if tokens.get(i + 1).is_some_and(|t| t == "::") && is_word(word) => {
                let mut path = vec![tokens[i].clone()];
                while tokens.get(i + 1).is_some_and(|t| t == "::")
                    && tokens.get(i + 2).is_some_and(|t| is_word(t))
                {
                    path.push(tokens[i + 2].clone());
                    i += 2;
                }
                // A visibility is no dependency.
                if i < 2 * path.len() || tokens[i + 1 - 2 * path.len()] != "in" {
                    found.push(Named { module: here(), path, is_reexport: false });
                }
            }
            _ => {}
        }
        i += 1;
    }
    found
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Every path of an import such as `a::{b, c::{self, d as e}}`.
fn leaves(tree: &[String]) -> Vec<Vec<String>> {
    let (mut all, mut path, mut i) = (vec![], vec![], 0);
    while i < tree.len() {
        match &tree[i][..] {
            "{" => {
                let (mut depth, mut start) = (0, i + 1);
                for (k, token) in tree.iter().enumerate().skip(i) {
                    match &token[..] {
                        "{" => depth += 1,
                        "}" => depth -= 1,
                        _ => {}
                    }
                    if (depth == 1 && token == ",") || depth == 0 {
                        all.extend(
                            leaves(&tree[start..k]).into_iter().map(|leaf| [&path[..], &leaf].concat()),
                        );
                        start = k + 1;
                    }
                    if depth == 0 {
                        break;
                    }
                }
                return all;
            }
            "as" => break,
            "::" | "$" => {}
            _ => path.push(tree[i].clone()),
        }
        i += 1;
    }
    if !path.is_empty() {
        all.push(path);
    }
    all
}

/// For each module, the names that it re-exports, and the paths that these are.
type Exports = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// The file that a path leads to, through re-exports.
fn resolve(files: &Files, exports: &Exports, from: &str, path: &[String]) -> Option<String> {
    let (mut module, mut path) = (from.to_owned(), path.to_vec());
    for _ in 0..8 {
        let up = |module: &str| module.rsplit_once("::").map(|(parent, _)| parent.to_owned());
        match &path.first()?[..] {
            "crate" => {
                module = module.split("::").next()?.to_owned();
                path.remove(0);
            }
            "self" => {
                path.remove(0);
            }
            "super" => {
                while path.first().is_some_and(|word| word == "super") {
                    module = up(&module)?;
                    path.remove(0);
                }
            }
            child if files.contains_key(&format!("{module}::{child}")) => {}
            _ => return None,
        }
        while let Some(child) =
            path.first().map(|word| format!("{module}::{word}")).filter(|c| files.contains_key(c))
        {
            module = child;
            path.remove(0);
        }
        let Some(next) = path.first().and_then(|name| exports.get(&module)?.get(name)) else {
            while !files.contains_key(&module) {
                module = up(&module)?;
            }
            return Some(module);
        };
        path = next.clone();
    }
    None
}

/// Which files each file names.
fn arrows(files: &Files) -> BTreeMap<&str, BTreeSet<String>> {
    let all: BTreeMap<&String, Vec<Named>> = files.iter().map(|(m, tokens)| (m, named(m, tokens))).collect();
    let mut exports = Exports::new();
    for named in all.values().flatten().filter(|named| named.is_reexport) {
        let name = named.path.last().expect("a name").clone();
        exports.entry(named.module.clone()).or_default().insert(name, named.path.clone());
    }
    let targets = |module: &String, named: &[Named]| -> BTreeSet<String> {
        let names = named.iter().filter(|named| !named.is_reexport);
        let found = names.filter_map(|named| resolve(files, &exports, &named.module, &named.path));
        // The root of a crate holds declarations and re-exports.
        found.filter(|to| to != module && to.contains("::")).collect()
    };
    all.iter().map(|(module, named)| (&module[..], targets(module, named))).collect()
}

/// Sets of files each of which leads to all others of its set.
fn circles(files: &Files) -> BTreeSet<Vec<String>> {
    let arrows = arrows(files);
    let reached = |from: &str| -> BTreeSet<String> {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from.to_owned()]);
        while let Some(at) = open.pop() {
            for to in arrows.get(&at[..]).into_iter().flatten() {
                if seen.insert(to.clone()) {
                    open.push(to.clone());
                }
            }
        }
        seen
    };
    let all: BTreeMap<&str, BTreeSet<String>> =
        arrows.keys().map(|&module| (module, reached(module))).collect();
    let circle = |(&module, to): (&&str, &BTreeSet<String>)| -> Option<Vec<String>> {
        let members = to.iter().filter(|other| all[&other[..]].contains(module));
        to.contains(module).then(|| members.cloned().collect())
    };
    all.iter().filter_map(circle).collect()
}

#[test]
fn files_name_each_other_in_one_direction() {
    let found = circles(&files());
    let allowed: BTreeSet<Vec<String>> =
        CIRCLES.iter().map(|(members, _)| members.iter().map(|m| (*m).to_owned()).collect()).collect();
    let new: Vec<_> = found.difference(&allowed).collect();
    assert!(new.is_empty(), "files name each other in a circle: {new:#?}");
    let gone: Vec<_> = allowed.difference(&found).collect();
    assert!(gone.is_empty(), "these circles are open now, and need not be listed: {gone:#?}");
}

/// A control: planted names that close a circle are found, however they are written.
#[test]
fn planted_circles_are_found() {
    let before = circles(&files());
    for (module, code, other) in [
        ("autograd::few", "use crate::shape::Shape;", "autograd::shape"),
        ("autograd::few", "use crate::{dtype::DType, shape::{Shape as S, self}};", "autograd::shape"),
        ("autograd::few", "fn f() { let s = crate::shape::Shape::default(); }", "autograd::shape"),
        ("autograd::few", "use crate::Shape;", "autograd::shape"),
        ("autograd::few", "mod inner { use super::super::shape::*; }", "autograd::shape"),
        (
            "autograd::kernels::matmul::block",
            "use super::product::Product;",
            "autograd::kernels::matmul::product",
        ),
        ("autograd::kernels::matmul::block", "use super::Tile;", "autograd::kernels::matmul::consumer"),
        ("autograd::kernels::matmul::pack", "use super::matmul;", "autograd::kernels::matmul"),
        ("optim::memory", "use crate::descent::Descent;", "optim::descent"),
        ("plot::scene", "use crate::palette::WHITE;", "plot::palette"),
    ] {
        let mut copy = files();
        let tokens_of = copy.get_mut(module).unwrap_or_else(|| panic!("there is no {module}"));
        tokens_of.extend(tokens(code));
        let after = circles(&copy);
        let mut new = after.difference(&before);
        assert!(
            new.any(|circle| [module, other].iter().all(|m| circle.iter().any(|c| c == m))),
            "`{code}` in {module} was not found"
        );
    }
}

/// A re-export, a comment, a text or a unit test is no dependency.
#[test]
fn what_names_nothing_closes_no_circle() {
    let before = circles(&files());
    for code in [
        "pub use crate::shape::Shape;",
        "pub(crate) use crate::shape::Shape;",
        "pub(in crate::shape) fn f() {}",
        "// use crate::shape::Shape;",
        "const TEXT: &str = \"\\\"; use crate::shape::Shape;\";",
        "const TEXT: &str = r#\"\"; use crate::shape::Shape;\"#;",
        "const QUOTE: [char; 2] = ['\"', '\\'']; fn f<'a>() {} // use crate::shape::Shape;",
        "#[cfg(test)]\nmod tests {\n    use crate::shape::Shape;\n}\n",
    ] {
        let mut copy = files();
        copy.get_mut("autograd::few").unwrap().extend(tokens(code));
        assert_eq!(circles(&copy), before, "`{code}`");
    }
}
