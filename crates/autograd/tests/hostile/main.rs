//! Hostile arguments: every public method of `Var`, with shapes, axes, indices and sizes that nobody should ask for. A call
//! gives a result, whose derivatives exist, or it panics at its caller with a mistake that names the call and the rule. It
//! never overflows, never leaves a slice, never ends the process, takes no memory beyond a bound and comes to an end.
//!
//! `cargo test -p wengert-autograd --test hostile -- --ignored --nocapture` makes many calls; `WENGERT_CALLS=100000` says how many,
//! `WENGERT_FROM=7` from which seed on. `WENGERT_TELL=1` names each call before it is made: for what ends the process.

mod draw;
mod memory;
mod methods;

use autograd::{Tape, Var};
use draw::Draw;
use methods::METHODS;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;
use std::{env, process, thread};

thread_local! {
    /// Where the last panic of this thread points.
    static PLACE: RefCell<String> = RefCell::default();
}

/// What became of a call.
#[derive(Debug, PartialEq)]
enum Outcome {
    Result,
    /// A mistake, and whether it gives a hint.
    Refused(bool),
    /// Something that must not happen.
    Wrong(String),
}

/// The text of a panic, and the file it points at.
fn caught<R>(f: impl FnOnce() -> R) -> Result<R, (String, String)> {
    panic::catch_unwind(AssertUnwindSafe(f)).map_err(|panic| {
        let text = panic.downcast::<String>().map(|text| *text);
        let text = text.or_else(|other| other.downcast::<&str>().map(|text| (*text).to_owned()));
        (text.unwrap_or_default(), PLACE.take())
    })
}

/// Whether a text is that of a mistake: it names the call and the rule.
fn is_mistake(text: &str) -> bool {
    text.lines().next().is_some_and(|head| head.contains(": ")) && text.contains("\n  rule: ")
}

/// A derivative may be impossible where a result is not: for lack of memory, or because it needs an inverse.
fn is_fault(text: &str) -> bool {
    let large =
        text.contains("which cannot be had\n") || text.contains("more elements than can be addressed");
    large || text.contains("rule: no pivot is 0")
}

fn call(method: usize, seed: u64) -> (Outcome, String) {
    let tape = Tape::new();
    let mut d = Draw::new(&tape, seed);
    let (name, f) = METHODS[method];
    let made = caught(|| f(&mut d));
    let told = format!("{name}, seed {seed}: {}", d.told());
    let wrong = |what: String| (Outcome::Wrong(what), told.clone());
    match made {
        Err((text, _)) if !is_mistake(&text) => wrong(format!("a panic that is no mistake: {text}")),
        Err((text, place)) if !place.contains("hostile") => wrong(format!("points at {place}: {text}")),
        Err((text, _)) => (Outcome::Refused(text.contains("\n  hint: ")), told),
        Ok(results) => match caught(|| derivatives(&d, &results)) {
            Err((text, place)) if !is_fault(&text) => wrong(format!("its derivatives, at {place}: {text}")),
            _ => (Outcome::Result, told),
        },
    }
}

/// The first and second derivatives of all results by the first operand, and the derivative along a direction.
fn derivatives(d: &Draw<'_>, results: &[Var<'_>]) {
    let Some(x) = d.first().filter(|x| x.dtype().is_float()) else { return };
    for y in results.iter().filter(|y| y.dtype().is_float() && y.depends_on(x)) {
        let slope = y.square().sum().grads(&[x])[0];
        if slope.depends_on(x) {
            slope.sum().grads(&[x]);
        }
        y.jvp(&[x], &[x.full_like(1.0)]);
    }
}

/// What is wrong with many calls, by method and by what happened; one example of each.
fn wrong_calls(seeds: std::ops::Range<u64>) -> BTreeMap<String, String> {
    panic::set_hook(Box::new(|info| {
        PLACE.set(info.location().map(ToString::to_string).unwrap_or_default());
    }));
    let tell = env::var_os("WENGERT_TELL").is_some();
    let (began, ended) = mpsc::channel::<String>();
    let watch = thread::spawn(move || {
        let mut last = String::new();
        loop {
            match ended.recv_timeout(Duration::from_secs(120)) {
                Ok(call) => last = call,
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    eprintln!("no end: {last}");
                    process::abort();
                }
            }
        }
    });
    let (mut wrong, mut count, mut hints) = (BTreeMap::new(), BTreeMap::<&str, [usize; 2]>::new(), 0);
    for seed in seeds {
        let method = (seed % METHODS.len() as u64) as usize;
        let name = METHODS[method].0;
        began.send(format!("{name}, seed {seed}")).expect("the watch listens");
        if tell {
            eprintln!("{name}, seed {seed}");
        }
        let (outcome, told) = call(method, seed);
        let counts = count.entry(name).or_default();
        match outcome {
            Outcome::Result => counts[0] += 1,
            Outcome::Refused(hint) => {
                counts[1] += 1;
                hints += usize::from(hint);
            }
            Outcome::Wrong(what) => {
                let kind: String = what.chars().filter(|c| !c.is_ascii_digit()).take(90).collect();
                let text = format!("{told}\n  {what}");
                if tell {
                    eprintln!("WRONG {text}");
                }
                wrong.entry(format!("{name}: {kind}")).or_insert(text);
            }
        }
    }
    drop(began);
    watch.join().expect("the watch ends with the calls");
    let _ = panic::take_hook();
    let [results, refused] = count.values().fold([0, 0], |sum, n| [sum[0] + n[0], sum[1] + n[1]]);
    println!("{results} results, {refused} refusals, {hints} with a hint, {} methods", count.len());
    let never: Vec<_> = count.iter().filter(|(_, n)| n[0] == 0).map(|(name, _)| *name).collect();
    println!("without a result: {never:?}");
    wrong
}

fn assert_none(wrong: &BTreeMap<String, String>) {
    let all: Vec<String> = wrong.values().cloned().collect();
    assert!(all.is_empty(), "{} kinds\n{}", all.len(), all.join("\n"));
}

#[test]
fn hostile_calls_are_answered_or_refused() {
    assert_none(&wrong_calls(0..6_000));
}

#[test]
#[ignore = "many calls take minutes; run with `-- --ignored --nocapture`"]
fn many_hostile_calls_are_answered_or_refused() {
    let number = |name: &str, usual: u64| env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(usual);
    let (from, calls) = (number("WENGERT_FROM", 6_000), number("WENGERT_CALLS", 200_000));
    assert_none(&wrong_calls(from..from + calls));
}
