//! Makes a Rust file of each page: its blocks one after the other in one `main`, as a reader would paste them. So a page is compiled once,
//! what it prints can be compared, and the lines that it prints are those of the reader's `src/main.rs`.

#[path = "code/page.rs"]
mod page;

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

const HEAD: &str = "pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {\n";
/// Before an expression of a table.
const SPELLED: &str = "#[allow(clippy::let_unit_value, reason = \"some are called for what they do\")]";
const TAIL: &str = "    Ok(())\n}\n";

fn main() {
    let root = env::var("CARGO_MANIFEST_DIR").expect("Cargo says where the package is");
    let out = env::var("OUT_DIR").expect("Cargo says where files go");
    let (pages, out) = (Path::new(&root).join("src"), Path::new(&out));
    for changes in ["src", "exercises", "code/page.rs"] {
        println!("cargo::rerun-if-changed={changes}");
    }
    let read =
        |path: &Path| fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let write =
        |name: &str, text: &str| fs::write(out.join(name), text).expect("the folder for files is there");

    let (mut modules, mut list) = (String::new(), String::new());
    let mut module = |name: &str, text: &str| {
        write(&format!("{name}.rs"), text);
        writeln!(modules, "mod {name} {{ include!(concat!(env!(\"OUT_DIR\"), \"/{name}.rs\")); }}")
            .expect("a text");
    };
    for file in page::names(&read(&pages.join("SUMMARY.md"))) {
        let text = read(&pages.join(&file));
        let name = file.trim_end_matches(".md");
        module(name, &program(&text));
        let mut panics = String::new();
        for (number, lines) in panicking(&text).into_iter().enumerate() {
            let name = format!("{name}_{number}");
            module(&name, &format!("{HEAD}{lines}{TAIL}"));
            write!(panics, "{name}::main, ").expect("a text");
        }
        writeln!(list, "page!({name}, [{panics}]);").expect("a text");
    }
    for (name, solution) in exercises(&read(&pages.join("exercises.md"))) {
        let text = read(&Path::new(&root).join("exercises").join(format!("{name}.rs")));
        // A file that is included has no documentation of its own.
        let text = text.replace("//!", "//").replace("fn main", "pub(crate) fn main");
        let (open, filled) = (format!("exercise_{name}"), format!("exercise_{name}_solved"));
        module(&open, &text);
        module(&filled, &solved(&name, &text, &solution).replace("{GAP, check}", "check"));
        writeln!(list, "exercise!({open}, {filled});").expect("a text");
    }
    write("pages.rs", &format!("{modules}{list}"));
}

/// The program of a page. Where a reader has an empty line between two blocks, it tells what the block printed, and draws: so the lines
/// have the numbers that they have for the reader.
fn program(page: &str) -> String {
    let lines: Vec<&str> = page.lines().collect();
    let mut text = String::from(HEAD);
    for (number, block) in page::blocks(page).iter().enumerate() {
        let code = &lines[block.lines.clone()];
        if block.is_program() {
            let code: String = code.iter().flat_map(|line| [line, "\n"]).collect();
            writeln!(text, "{code}{{ crate::printed_by({number}); }}").expect("a text");
        } else if let Some(name) = block.draws() {
            let code = code.join(" ");
            assert!(
                !code.contains("//") && text.ends_with("}\n"),
                "{name}: a drawing has no comments and follows a block"
            );
            text.pop();
            writeln!(text, " {{ let svg: String = {{ {code} }}; crate::drawn(\"{name}\", svg); }}")
                .expect("a text");
        }
    }
    for code in spelled(&lines) {
        writeln!(text, "{{ {SPELLED} let _ = {code}; }}").expect("a text");
    }
    text + TAIL
}

/// The programs of a page that end with a panic.
fn panicking(page: &str) -> Vec<String> {
    let lines: Vec<&str> = page.lines().collect();
    let blocks = page::blocks(page).into_iter().filter(page::Block::panics);
    blocks.map(|block| lines[block.lines].iter().flat_map(|line| [line, "\n"]).collect()).collect()
}

/// The code in the columns that are headed `Wengert`: each an expression, compiled where the program of the page ends.
fn spelled(lines: &[&str]) -> Vec<String> {
    let mut column = None;
    let mut found = vec![];
    for line in lines {
        let cells: Vec<String> =
            line.replace(r"\|", "\u{0}").split('|').map(|cell| cell.replace('\u{0}', "|")).collect();
        if cells.len() < 3 {
            column = None;
        } else if let Some(at) = cells.iter().position(|cell| cell.trim() == "Wengert") {
            column = Some(at);
        } else if let Some(cell) = column.and_then(|at| cells.get(at)) {
            found.extend(cell.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    found
}

/// The exercises of their page: a name, and the lines that fill the gaps.
fn exercises(page: &str) -> Vec<(String, Vec<String>)> {
    let lines: Vec<&str> = page.lines().collect();
    let mut found: Vec<(String, Vec<String>)> = vec![];
    for block in page::blocks(page) {
        let text = &lines[block.lines.clone()];
        if block.info == "rust,solution" {
            found.last_mut().expect("an exercise before its solution").1 =
                text.iter().map(|&line| line.to_owned()).collect();
        } else if let Some(file) = text.first().and_then(|line| line.strip_prefix("{{#include ../exercises/"))
        {
            found.push((file.trim_end_matches(".rs}}").to_owned(), vec![]));
        }
    }
    found
}

/// An exercise whose gaps are filled: the lines that name one, in order.
fn solved(name: &str, text: &str, solution: &[String]) -> String {
    let mut fill = solution.iter();
    let is_gap = |line: &str| line.contains("= GAP;");
    let lines = text.lines().map(|line| {
        if is_gap(line) { fill.next().expect("a line for each gap") } else { line }.to_owned() + "\n"
    });
    let solved = lines.collect();
    assert!(fill.next().is_none(), "the solution of {name} has more lines than there are gaps");
    solved
}
