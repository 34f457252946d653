//! What becomes of ranks, good and bad: each test starts `mpirun` with this very program, and looks at what the ranks tell.
//!
//! ```sh
//! cargo test --test ranks              # all
//! cargo test --test ranks -- faults    # those with this in their names
//! ```

mod faults;
mod hashes;
mod launch;
mod scenes;
#[path = "../../examples/distributed_mnist/training.rs"]
mod training;
mod worlds;

use std::process::ExitCode;
use std::{env, panic};

/// The tests, by their names.
const TESTS: &[(&str, fn())] = &[
    ("collectives", worlds::every_collective_on_one_to_four_ranks),
    ("one_hash", hashes::one_hash_for_any_number_of_ranks),
    ("bytes", hashes::bytes_are_those_of_the_formula),
    ("resumed", hashes::a_training_goes_on_with_other_ranks),
    ("a_hang", faults::a_hang_is_noticed),
    ("faults_of_calls", faults::disagreements_are_told_to_all),
    ("faults_of_training", faults::no_fault_hangs_and_the_checkpoint_is_whole),
];

/// What a rank does, by its arguments.
fn rank(arguments: &[&str]) -> Result<(), Box<dyn std::error::Error>> {
    match arguments {
        ["collectives"] => worlds::collectives(),
        ["disagreement", what] => worlds::disagreement(what),
        ["count", owners] => hashes::count(*owners == "true"),
        ["train", rest @ ..] => scenes::rank(rest),
        _ => panic!("no rank does {arguments:?}"),
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(|word| &word[..]).collect();
    if let ["rank", rest @ ..] = &words[..] {
        return if rank(rest).is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
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
