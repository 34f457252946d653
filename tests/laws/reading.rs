//! Reading the sources, and holding them to the tables of the laws.

use crate::names::{Named, Tokens, without_texts};
use crate::{
    CLOCK_IN, CLOCKS, DEPENDENCIES, ENVIRONMENT_IN, FORBIDDEN_PATHS, FORBIDDEN_WORDS, GLOBAL, GLOBAL_PATHS,
    GLOBAL_WORDS, MODULES, RECORDS_IN, UNSAFE_IN,
};
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) struct Source {
    /// From `crates/` on, with slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    fn krate(&self) -> &str {
        self.path.split('/').next().unwrap()
    }

    /// The module that this file is, from the root of its crate; empty for the root.
    fn module(&self) -> Vec<&str> {
        let inner = self.path.split_once("/src/").unwrap().1.trim_end_matches(".rs");
        inner.trim_end_matches("/mod").split('/').filter(|name| *name != "lib").collect()
    }
}

pub(crate) fn sources() -> Vec<Source> {
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
    for name in ["autograd", "nn", "optim", "solve", "datasets", "train", "parallel", "onnx", "emit", "cuda"]
    {
        walk(&root.join(name).join("src"), &mut files);
    }
    let source = |p: PathBuf| Source {
        path: p.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/"),
        text: fs::read_to_string(&p).unwrap(),
    };
    let is_test = |s: &Source| s.path.ends_with("/tests.rs") || s.path.contains("/tests/");
    files.into_iter().map(source).filter(|s| !is_test(s)).collect()
}

/// What the root of `autograd` gives another name: `Var` stands for `var::Var`, `loops::Slab` for `slab::Slab`.
pub(crate) struct Exports(Vec<(Vec<String>, Vec<String>)>);

impl Exports {
    pub(crate) fn of(root: &str) -> Exports {
        let code = without_texts(root);
        Exports(Tokens::of(&code).exports())
    }

    /// The modules that a path leads into; none where it leads nowhere that is known.
    fn modules<'a>(&'a self, path: &'a [String]) -> Vec<&'a [String]> {
        if path.first().is_some_and(|first| MODULES.iter().any(|(name, _)| name == first)) {
            return vec![path];
        }
        let path = if path.last().is_some_and(|last| last == "*") { &path[..path.len() - 1] } else { path };
        // A name, or a module of the root with all that it exports.
        let meant = self.0.iter().filter(|(name, _)| name.starts_with(path) || path.starts_with(name));
        meant.map(|(_, path)| &path[..]).collect()
    }
}

pub(crate) fn violations(sources: &[Source]) -> Vec<String> {
    let root = sources.iter().find(|s| s.path == "autograd/src/lib.rs").expect("autograd has a root");
    let exports = Exports::of(&root.text);
    sources.iter().flat_map(|source| violations_in(source, &exports)).collect()
}

pub(crate) fn violations_in(source: &Source, exports: &Exports) -> Vec<String> {
    let (path, code) = (&source.path, without_texts(&source.text));
    let lines: Vec<&str> = code.lines().collect();
    let tokens = Tokens::of(&code);
    let mut found: Vec<(usize, String)> = vec![];
    let krate = source.krate();
    let mut forbid = |words: &[&str], why: &str| {
        found
            .extend(words.iter().flat_map(|word| tokens.lines_with(word)).map(|line| (line, why.to_owned())));
    };
    if !UNSAFE_IN.iter().any(|dir| path.starts_with(dir)) {
        forbid(&["unsafe"], "unsafe stands where the table UNSAFE_IN says, and nowhere else");
    }
    if !CLOCK_IN.contains(&path.as_str()) {
        forbid(CLOCKS, "only the profile reads a clock");
    }
    forbid(GLOBAL_WORDS, GLOBAL);
    if !path.starts_with(RECORDS_IN) {
        FORBIDDEN_WORDS
            .iter()
            .filter(|(name, ..)| *name == krate)
            .for_each(|(_, words, why)| forbid(words, why));
    }
    let mut forbid = |paths: &[&str], why: &str| {
        for path in paths.iter().map(|path| path.split("::").collect::<Vec<_>>()) {
            let named = tokens
                .paths_from(path[0])
                .into_iter()
                .filter(|named| named.path.iter().take(path.len()).eq(&path));
            found.extend(named.map(|named| (named.line, why.to_owned())));
        }
    };
    if !ENVIRONMENT_IN.contains(&path.as_str()) {
        forbid(GLOBAL_PATHS, GLOBAL);
    }
    FORBIDDEN_PATHS.iter().filter(|(name, ..)| *name == krate).for_each(|(_, paths, why)| forbid(paths, why));
    if krate == "autograd" {
        for Named { line, path, .. } in tokens.paths(&source.module()) {
            found.extend(unlawful(&source.module(), &path, exports).map(|why| (line, why)));
        }
    }
    found.sort();
    found.dedup();
    let text = |line: usize| lines.get(line - 1).unwrap_or(&"").trim();
    found.into_iter().map(|(line, why)| format!("{path}:{line}: {why}: {}", text(line))).collect()
}

/// Why a module may not name a path, if it may not.
fn unlawful(module: &[&str], path: &[String], exports: &Exports) -> Option<String> {
    // The root may name everything.
    let own = *module.first()?;
    let written = format!("crate::{}", path.join("::"));
    if path.is_empty() || path[0] == "*" {
        return Some(format!("this names all modules at once: `{written}`"));
    }
    let modules = exports.modules(path);
    if modules.is_empty() {
        return Some(format!(
            "`{written}` is no module that has a row in MODULES, and no name that the root exports"
        ));
    }
    let may = MODULES.iter().find(|(name, _)| *name == own).map_or(&[][..], |(_, may)| may);
    let is_lawful = |module: &[String]| {
        own == module[0]
            || may.iter().any(|law| {
                law.split("::").enumerate().all(|(i, part)| module.get(i).is_some_and(|p| p == part))
            })
    };
    let forbidden = modules.into_iter().find(|module| !is_lawful(module))?;
    Some(format!("this module may not name `{}`", forbidden.join("::")))
}

/// The parts of the house that a manifest names as dependencies.
pub(crate) fn parts_needed(manifest: &str) -> impl Iterator<Item = &str> {
    let parts = DEPENDENCIES.iter().map(|(name, _)| *name).chain(["wengert"]);
    parts.filter(move |part| {
        let key = |line: &str| line.strip_prefix(part).is_some_and(|rest| rest.starts_with(['.', ' ', '=']));
        let named = [format!("dependencies.{part}]"), format!("\"wengert-{part}\"")];
        let (_, dependencies) = manifest.split_once("dependencies").unwrap_or(("", ""));
        dependencies.lines().any(|line| key(line) || named.iter().any(|text| line.contains(text)))
    })
}
