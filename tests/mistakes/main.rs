//! The texts of a new user's mistakes. They are in `texts.txt`, with `LINE` instead of the numbers of lines and columns. Every
//! panic must point at the caller's line, which is in this folder.

mod cases;
#[path = "../../crates/autograd/tests/caught/mod.rs"]
mod caught;
mod custom;
mod equations;
mod layers;
mod programs;

use caught::{mistake_in, mistake_line};
use std::fmt::Write;
use wengert::prelude::*;

/// A mistake, and the text of what comes of it.
type Case = (&'static str, fn() -> String);

/// The texts as they should be: a title after `## `, then the text.
const EXPECTED: &str = include_str!("texts.txt");

/// Replaces the numbers after the name of a source file of this folder by `LINE`.
fn without_lines(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let mut rest = line;
        while let Some(end) = rest.find(".rs:").map(|i| i + ".rs:".len()) {
            let start = rest[..end].rfind(' ').map_or(0, |i| i + 1);
            let name = rest[start..end].rfind(['/', '\\']).map_or(start, |i| start + i + 1);
            out += &rest[..start];
            out += &rest[name..end];
            out += "LINE";
            let digits = |text: &'_ str| text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            rest = &rest[rest.len() - digits(&rest[end..])..];
            rest = &rest[rest.len() - digits(rest.strip_prefix(':').unwrap_or(rest))..];
        }
        out += rest;
        out.push('\n');
    }
    out
}

#[test]
fn mistakes_say_what_they_should() {
    let mut all = String::new();
    let tables = [cases::ALL, programs::ALL, custom::ALL, layers::ALL, equations::ALL];
    for (title, case) in tables.into_iter().flatten() {
        let text = without_lines(&case());
        writeln!(all, "## {title}\n{text}").expect("a string takes everything");
    }
    let actual = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("texts.txt");
    std::fs::write(&actual, &all).expect("a folder for what tests write");
    let sections = |text: &str| text.split("## ").skip(1).map(|s| s.trim().to_owned()).collect::<Vec<_>>();
    let (got, want) = (sections(&all), sections(EXPECTED));
    for (got, want) in got.iter().zip(&want) {
        assert_eq!(got, want, "all texts as they are now: {}", actual.display());
    }
    assert_eq!(got.len(), want.len(), "a case more or less: {}", actual.display());
}

#[test]
fn the_lines_are_the_users() {
    let tape = Tape::new();
    let x = tape.var([[1.0, 2.0, 3.0]]);
    let line_of_x = line!() - 1;
    let (text, line) = mistake_line("mistakes/main.rs", || {
        x.exp().matmul(x) //
    });
    let line_of_mistake = line!() - 2;
    assert_eq!(line, line_of_mistake);
    assert!(text.contains(&format!("main.rs:{line_of_mistake}:11\n  b: v0")), "{text}");
    assert!(text.contains(&format!("main.rs:{line_of_x}:")), "{text}");
}

/// The panic of a layer points at the line that calls `forward`, and its scope names the layer.
#[test]
fn a_layer_blames_the_line_that_calls_it() {
    let mut params = Params::f64();
    let net = Mlp::new(&mut params.scope("net"), &[3, 4, 2], Activation::Tanh);
    let tape = Tape::with(&params);
    let x = tape.constant([[1.0, 2.0]]);
    let (text, line) = mistake_line("mistakes/main.rs", || net.forward(x));
    assert_eq!(line, line!() - 1);
    assert!(text.starts_with("matmul in `net.0`: "), "{text}");
    assert!(
        text.contains(&format!("main.rs:{}:", line!() - 5)) && text.contains("param `net.0.weight`"),
        "{text}"
    );
}

/// A panic in a scope ends it, and the tape can be used on.
#[test]
fn a_caught_panic_leaves_no_scope_behind() {
    let tape = Tape::new();
    let x = tape.var([1.0, 2.0]);
    let y = x.exp();
    mistake_in("mistakes/main.rs", || tape.scope("a", || tape.scope("b", || x.t())));
    assert_eq!((tape.var(1.0).scope(), x.scope()), (None, None));
    assert_eq!(tape.scope("c", || y.sum()).grad([x])[0].scope(), None);
    // A derivative has the line and the scope of the node that it belongs to.
    let line = line!() + 1;
    let z = tape.scope("c", || y.sum());
    let text = z.grad([y])[0].describe();
    assert!(text.ends_with(" in `c`") && text.contains(&format!("main.rs:{line}:")), "{text}");
}
