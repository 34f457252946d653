//! Walking through the steps, a line of input at a time.

use std::io::{self, BufRead, Write};
use wengert::autograd::{Step, Steps};

const KEYS: &str = "Enter next · b back · g NAME jump · q quit";

/// How many equations around the step are shown.
const AROUND: usize = 3;

/// What a line of input asks for.
enum Key<'a> {
    Next,
    Back,
    Jump(&'a str),
    Quit,
    Unknown,
}

impl Key<'_> {
    fn of(line: &str) -> Key<'_> {
        let line = line.trim();
        match line {
            // The arrow keys, as a terminal sends them with the line.
            "" | "n" | "\x1b[C" => Key::Next,
            "b" | "\x1b[D" => Key::Back,
            "q" => Key::Quit,
            _ => match line.strip_prefix('/').or_else(|| line.strip_prefix("g ")) {
                Some(name) => Key::Jump(name.trim()),
                None => Key::Unknown,
            },
        }
    }
}

/// Shows one step after the other until the input ends or asks to quit.
pub(crate) fn walk(steps: &Steps, mut input: impl BufRead, mut out: impl Write) -> io::Result<()> {
    let (mut at, mut line, mut note) = (0, String::new(), "");
    loop {
        show(&mut out, steps, at, note)?;
        line.clear();
        if input.read_line(&mut line)? == 0 {
            return writeln!(out);
        }
        note = "";
        match Key::of(&line) {
            Key::Next if at + 1 < steps.len() => at += 1,
            Key::Next => note = "this is the last step",
            Key::Back if at > 0 => at -= 1,
            Key::Back => note = "this is the first step",
            Key::Jump(name) => match next_named(steps, at, name) {
                Some(step) => at = step.index,
                None => note = "no step has this name",
            },
            Key::Quit => return Ok(()),
            Key::Unknown => note = "this is no key",
        }
    }
}

/// The step, the equations around it, and the keys.
fn show(out: &mut impl Write, steps: &Steps, at: usize, note: &str) -> io::Result<()> {
    let title = format!("── step {} of {} ", at + 1, steps.len());
    writeln!(out, "\n{title}{}", "─".repeat(72usize.saturating_sub(title.chars().count())))?;
    let first = at.saturating_sub(AROUND);
    for step in steps.iter().skip(first).take(at + AROUND + 1 - first) {
        let Step { index, phase, equation, .. } = step;
        // Faint, and bold where the step is.
        let (sign, style) = if *index == at { ("▶", "\x1b[1m") } else { (" ", "\x1b[2m") };
        writeln!(out, "{style}{sign} {:>4}  {phase:<8}  {equation}\x1b[0m", index + 1)?;
    }
    writeln!(out, "\n{}\n", steps[at])?;
    if !note.is_empty() {
        writeln!(out, "{note}")?;
    }
    write!(out, "{KEYS} > ")?;
    out.flush()
}

/// The next step of a node with this name or number, from the beginning again after the last one. Part of a name will do.
fn next_named<'a>(steps: &'a Steps, at: usize, name: &'a str) -> Option<&'a Step> {
    let mut found: Vec<&Step> = steps.find(name).collect();
    if found.is_empty() && !name.is_empty() {
        found =
            steps.iter().filter(|step| step.name.as_ref().is_some_and(|own| own.contains(name))).collect();
    }
    found.iter().find(|step| step.index > at).or(found.first()).copied()
}
