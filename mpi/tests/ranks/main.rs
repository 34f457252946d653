//! What becomes of ranks, good and bad: each test starts `mpirun` with this very program, and looks at what the ranks tell.
//!
//! ```sh
//! cargo test --test ranks              # all
//! cargo test --test ranks -- faults    # those with this in their names
//! ```

mod launch;
mod worlds;

use launch::{Ran, alone, mpirun};
use std::process::ExitCode;
use std::time::Duration;
use std::{env, panic};

/// No fault takes longer to be known everywhere.
const SOON: Duration = Duration::from_secs(3);

/// The tests, by their names.
const TESTS: &[(&str, fn())] = &[("collectives", collectives), ("disagreements", disagreements)];

/// What a rank runs, by the first of its arguments.
fn scenario(arguments: &[&str]) -> Result<(), Box<dyn std::error::Error>> {
    match arguments {
        ["collectives"] => worlds::collectives(),
        ["disagreement", what] => worlds::disagreement(what),
        _ => panic!("no scenario is called {arguments:?}"),
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(|word| &word[..]).collect();
    if let ["rank", rest @ ..] = &words[..] {
        return match scenario(rest) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                launch::tell(&format!("Error: {error}"));
                ExitCode::FAILURE
            }
        };
    }
    let wanted =
        |name: &str| words.iter().filter(|word| !word.starts_with('-')).all(|word| name.contains(word));
    let mut failed = 0;
    for (name, test) in TESTS.iter().filter(|(name, _)| wanted(name)) {
        println!("test {name} ...");
        let well = panic::catch_unwind(test).is_ok();
        println!("test {name} ... {}", if well { "ok" } else { "FAILED" });
        failed += usize::from(!well);
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn collectives() {
    for ranks in 1..=4 {
        let ran = mpirun(ranks, &["collectives"]).unwrap();
        assert!(ran.well && ran.lines("SAID").count() == ranks, "{}", ran.text);
    }
    let ran = alone(&["collectives"]).unwrap();
    assert!(
        ran.well && ran.lines("SAID").eq(["0 of 1, 2 threads"]) || ran.lines("SAID").count() == 1,
        "{}",
        ran.text
    );
}

/// Everybody is told of rank 1, and rank 1 of another one.
fn disagreements() {
    for (what, about_it) in [
        ("exchange", "rank 1: an exchange"),
        ("length", "of 2001 bytes"),
        ("sum", "rank 1: a sum"),
        ("sum of other length", "rank 1: a sum of 4 numbers; expected a sum of 3 numbers"),
        ("leave", "rank 1 is gone: its function returned"),
        ("silence", "rank 1 is gone: it said nothing for 500ms"),
    ] {
        for ranks in 2..=4 {
            let ran = mpirun(ranks, &["disagreement", what]).unwrap();
            let of_others = (0..ranks).filter(|rank| *rank != 1);
            for rank in of_others {
                let told = format!("{rank} ");
                let all = ran.lines("TOLD").any(|line| line.starts_with(&told) && line.contains(about_it));
                // A silent rank is ended by the first that notices, maybe before another has told.
                let any = what == "silence" && ran.lines("TOLD").any(|line| line.contains(about_it));
                assert!(all || any, "{what}, {ranks} ranks: rank {rank} told nothing of it:\n{}", ran.text);
            }
            soon(what, ranks, &ran);
        }
    }
}

fn soon(what: &str, ranks: usize, ran: &Ran) {
    let time = ran.after_the_fault.unwrap_or_else(|| panic!("{what}: no fault was told:\n{}", ran.text));
    println!("  {what}, {ranks} ranks: {:.1} s", time.as_secs_f64());
    assert!(time < SOON, "{what}, {ranks} ranks: {time:?}\n{}", ran.text);
}
