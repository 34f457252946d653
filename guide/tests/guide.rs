//! What the guide says is true: its code runs, prints what the pages show, and its pictures are those that the code draws.
//!
//! `WENGERT_GUIDE=write cargo test -p wengert-guide` writes printed texts and pictures anew.

#[path = "../code/page.rs"]
mod page;

use std::cell::RefCell;
use std::error::Error;
use std::fmt::Arguments;
use std::path::{Path, PathBuf};
use std::{env, fs, mem, panic};

type Program = fn() -> Result<(), Box<dyn Error>>;

/// What a program has made so far.
#[derive(Default)]
struct Made {
    /// What the block that runs has printed.
    printed: String,
    /// What each block before it has printed.
    texts: Vec<(usize, String)>,
    /// The pictures, by their names.
    pictures: Vec<(&'static str, String)>,
}

thread_local! {
    static MADE: RefCell<Made> = RefCell::default();
}

fn print_line(text: Arguments<'_>) {
    MADE.with_borrow_mut(|made| made.printed += &format!("{text}\n"));
}

/// Ends a block.
fn printed_by(block: usize) {
    MADE.with_borrow_mut(|made| made.texts.push((block, mem::take(&mut made.printed))));
}

fn drawn(name: &'static str, svg: String) {
    MADE.with_borrow_mut(|made| made.pictures.push((name, svg)));
}

/// Stands before the standard library's in the programs below.
macro_rules! println {
    ($($text:tt)*) => { crate::print_line(format_args!($($text)*)) };
}

macro_rules! page {
    ($name:ident, [$($panics:path,)*]) => {
        #[test]
        fn $name() {
            shows_what_it_prints(concat!(stringify!($name), ".md"), $name::main, &[$($panics),*]);
        }
    };
}

macro_rules! exercise {
    ($name:ident, $solved:ident) => {
        #[test]
        fn $name() {
            has_gaps_and_a_solution(stringify!($name), $name::main, $solved::main);
        }
    };
}

include!(concat!(env!("OUT_DIR"), "/pages.rs"));

fn in_book(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file)
}

fn read(file: &str) -> String {
    fs::read_to_string(in_book(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Compares, or writes.
fn keep(file: &str, fresh: &str) {
    if env::var("WENGERT_GUIDE").is_ok_and(|how| how == "write") {
        fs::write(in_book(file), fresh).expect("the guide can be written");
    } else if let Some(difference) = difference(&read(file), fresh) {
        panic!("{file}, {difference}\n`WENGERT_GUIDE=write` writes it anew");
    }
}

/// The first line in which the guide is not what the program says.
fn difference(kept: &str, fresh: &str) -> Option<String> {
    let line = |text: &str, number| text.lines().nth(number).unwrap_or("(nothing)").to_owned();
    let number =
        (0..kept.lines().count().max(fresh.lines().count())).find(|&n| line(kept, n) != line(fresh, n))?;
    let [kept, fresh] = [kept, fresh].map(|text| line(text, number));
    Some(format!("line {}: the guide has\n{kept}\nand the program\n{fresh}", number + 1))
}

fn shows_what_it_prints(file: &str, main: Program, panics: &[Program]) {
    let text = read(file);
    let blocks = page::blocks(&text);
    main().unwrap_or_else(|error| panic!("{file}: {error}"));
    let Made { texts: mut printed, pictures, .. } = MADE.take();
    for (name, svg) in pictures {
        keep(&format!("pictures/{name}.svg"), &readers(&svg));
    }
    for (block, program) in
        blocks.iter().enumerate().filter(|(_, block)| block.panics()).map(|(n, _)| n).zip(panics)
    {
        let raised = panic::catch_unwind(program).expect_err("the block says that it panics");
        let message = raised
            .downcast_ref::<String>()
            .cloned()
            .or(raised.downcast_ref::<&str>().map(|text| text.to_string()));
        printed.push((block, message.expect("a panic has a text")));
    }
    keep(file, &with_texts(&text, printed));
}

/// A page with what its blocks printed in the place of what they printed before.
fn with_texts(page: &str, printed: Vec<(usize, String)>) -> String {
    let (lines, blocks): (Vec<&str>, _) = (page.lines().collect(), page::blocks(page));
    let (mut fresh, mut next) = (String::new(), 0);
    let add =
        |fresh: &mut String, lines: &[&str]| lines.iter().for_each(|line| *fresh += &format!("{line}\n"));
    for (number, text) in printed_in_order(printed) {
        // A text that stands right behind the block is what it printed before.
        let end = blocks[number].lines.end + 1;
        let old = blocks.get(number + 1).filter(|old| old.info == "text" && old.lines.start == end + 2);
        add(&mut fresh, &lines[next..end]);
        if !text.is_empty() {
            add(&mut fresh, &["", "```text"]);
            add(&mut fresh, &text.lines().map(str::trim_end).collect::<Vec<_>>());
            add(&mut fresh, &["```"]);
        }
        next = old.map_or(end, |old| old.lines.end + 1);
    }
    add(&mut fresh, &lines[next..]);
    fresh
}

/// The texts in the order of their blocks, without spaces at their ends.
fn printed_in_order(mut printed: Vec<(usize, String)>) -> Vec<(usize, String)> {
    printed.sort();
    printed.iter_mut().for_each(|(_, text)| *text = readers(text.trim_end()));
    printed
}

/// A text with the reader's file in the place of the generated one, whose path may be shortened.
fn readers(text: &str) -> String {
    let mut text = text.to_owned();
    while let Some(at) = text.find("/out/") {
        let before = text[..at].rfind(|c: char| c.is_whitespace() || c == '>');
        let end = at + text[at..].find(".rs").expect("the path of a file") + 3;
        text.replace_range(before.map_or(0, |before| before + 1)..end, "src/main.rs");
    }
    text
}

fn has_gaps_and_a_solution(name: &str, gaps: Program, solved: Program) {
    let run = |program: Program| {
        program().unwrap_or_else(|error| panic!("{name}: {error}"));
        MADE.take().printed
    };
    let (open, filled) = (run(gaps), run(solved));
    // The page shows what the first one says.
    assert!(name != "exercise_tanh_neuron" || read("exercises.md").contains(open.lines().next().unwrap()));
    assert!(
        open.lines().count() > 0 && open.lines().all(|line| line.contains("not yet")),
        "{name} with gaps:\n{open}"
    );
    assert_eq!(open.lines().count(), filled.lines().count());
    assert!(filled.lines().all(|line| line.ends_with("right")), "{name} with its solution:\n{filled}");
}

/// The headings of a page as the names of their places: `What it costs` is `what-it-costs`.
fn places(page: &str) -> Vec<String> {
    let headings =
        page.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let letter = |c: char| {
        if c.is_alphanumeric() || c == '-' || c == '_' { Some(c) } else { (c == ' ').then_some('-') }
    };
    headings.map(|heading| heading.to_lowercase().chars().filter_map(letter).collect()).collect()
}

#[test]
fn links_lead_somewhere() {
    let mut names = page::names(&read("SUMMARY.md"));
    let mut pictures = vec![];
    for name in names.clone() {
        let text = read(&name);
        let drawn: Vec<String> =
            page::blocks(&text).iter().filter_map(|block| Some(format!("{}.svg", block.draws()?))).collect();
        let shown = page::links(&text)
            .into_iter()
            .filter_map(|link| Some(link.strip_prefix("pictures/")?.to_owned()));
        assert_eq!(drawn, shown.collect::<Vec<_>>(), "{name}: each picture is drawn by the block below it");
        pictures.extend(drawn);
        for link in page::links(&text).into_iter().filter(|link| !link.starts_with("https://")) {
            let (file, place) =
                link.split_once('#').map_or((&link[..], None), |(file, place)| (file, Some(place)));
            let file = if file.is_empty() { &name } else { file };
            assert!(in_book(file).is_file(), "{name} links to {link}, and there is no such file");
            if let Some(place) = place {
                assert!(
                    places(&read(file)).iter().any(|known| known == place),
                    "{name} links to {link}: no such heading"
                );
            }
        }
        for part in text.split("{{#include ").skip(1) {
            let file = part.split_once("}}").expect("an include ends").0;
            assert!(in_book(file).is_file(), "{name} includes {file}, and there is no such file");
        }
    }
    let files = |folder: &str| -> Vec<String> {
        let entries = fs::read_dir(in_book(folder)).expect("the guide has this folder");
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    names.push("SUMMARY.md".to_owned());
    let stray: Vec<String> =
        files(".").into_iter().filter(|file| file.ends_with(".md") && !names.contains(file)).collect();
    assert!(stray.is_empty(), "pages that the summary does not list: {stray:?}");
    let stray: Vec<String> = files("pictures").into_iter().filter(|file| !pictures.contains(file)).collect();
    assert!(stray.is_empty(), "pictures that no page draws: {stray:?}");
}

/// A control: the comparison sees a number that changed, and the links one that leads nowhere.
#[test]
fn planted_mistakes_are_seen() {
    let page = "A [link](gone.md#x).\n\n```rust\nprintln!(\"1\");\n```\n\n```text\n2\n```\n";
    assert_eq!(page::links(page), ["gone.md#x"]);
    assert!(page::blocks(page)[0].is_program());
    let of = |text: &str| difference(page, &with_texts(page, vec![(0, text.to_owned())]));
    assert_eq!(of("2\n"), None);
    assert_eq!(of("1\n").as_deref(), Some("line 8: the guide has\n2\nand the program\n1"));
    assert_eq!(of("").as_deref(), Some("line 6: the guide has\n\nand the program\n(nothing)"));
    assert_eq!(places("## What it costs\n### `x`: a"), ["what-it-costs", "x-a"]);
    let printed = vec![(1, "b".to_owned()), (0, "at /a/out/page.rs:3, guide-1/out/page.rs:4".to_owned())];
    assert_eq!(printed_in_order(printed)[0].1, "at src/main.rs:3, src/main.rs:4");
}
