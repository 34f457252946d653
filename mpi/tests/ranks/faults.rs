//! Nothing that goes wrong on one rank lets another wait.

use crate::launch::{Ran, mpirun, mpirun_within};
use crate::scenes::{CHECKPOINT_AT, FAULT_AT, Folder, Scene};
use std::time::Duration;
use wengert::files::Keeper;

/// No fault takes longer to be told everywhere, or to end all.
const SOON: Duration = Duration::from_secs(3);

/// What becomes of the ranks that do not fail.
enum Fate {
    /// Each gets an error with these words.
    Told(String),
    /// They are ended.
    Ended,
}

/// Looks at what a fault of one rank has led to, and prints it as a row of a table.
fn check(fault: &str, ranks: usize, ran: &Ran, fate: &Fate) {
    let context = || format!("{fault}, {ranks} ranks:\n{}", ran.text);
    assert!(!ran.well, "`mpirun` tells no error: {}", context());
    let end = ran.after_the_fault.unwrap_or_else(|| panic!("no fault was told: {}", context()));
    match fate {
        Fate::Ended => {
            println!("  | {fault} | {ranks} | all ended | | {:.1} s |", end.as_secs_f64());
            assert!(end < SOON, "{}", context());
        }
        Fate::Told(text) => {
            let told: Vec<_> = ran.told.iter().filter(|told| told.error.contains(text)).collect();
            let ranks_told: std::collections::BTreeSet<usize> = told.iter().map(|told| told.rank).collect();
            assert!(ranks_told.len() + 1 >= ranks, "{ranks_told:?} were told \"{text}\": {}", context());
            let last = told.iter().map(|told| told.after_the_fault).max().unwrap_or_default();
            let seconds = [last, end].map(|time| time.as_secs_f64());
            println!("  | {fault} | {ranks} | {text} | {:.2} s | {:.1} s |", seconds[0], seconds[1]);
            assert!(last < SOON, "{}", context());
        }
    }
}

/// Everybody is told of rank 1, and rank 1 of another one.
pub(crate) fn disagreements_are_told_to_all() {
    for (what, text) in [
        ("exchange", ": an exchange"),
        ("length", "2001 bytes"),
        ("sum", ": a sum"),
        ("sum of other length", "a sum of 4 numbers"),
        ("leave", "rank 1 is gone: its function returned"),
    ] {
        for ranks in 2..=4 {
            let ran = mpirun(ranks, &["disagreement", what]);
            check(what, ranks, &ran, &Fate::Told(text.to_owned()));
        }
    }
    for ranks in 2..=4 {
        let ran = mpirun(ranks, &["disagreement", "silence"]);
        // The first that loses its patience ends all, maybe before another has told.
        let silent = |error: &str| error.contains("rank 1 is gone: it said nothing for 500ms");
        assert!(ran.told.iter().any(|told| silent(&told.error)), "{}", ran.text);
        check("silence", ranks, &ran, &Fate::Ended);
    }
}

/// The control: ranks that do wait for ever are noticed.
pub(crate) fn a_hang_is_noticed() {
    assert!(mpirun_within(Duration::from_secs(2), 2, &["disagreement", "for ever"]).is_none());
}

pub(crate) fn no_fault_hangs_and_the_checkpoint_is_whole() {
    let hash = Scene::new(8).alone(&Folder::new()).hash;
    let told = |text: &str| Fate::Told(text.to_owned());
    let faults = [
        ("panic", Fate::Ended),
        ("panic of a thread", Fate::Ended),
        ("exit", Fate::Ended),
        ("abort", Fate::Ended),
        ("SIGKILL", Fate::Ended),
        ("error", told(&format!("after {FAULT_AT} steps: rank 1 is gone"))),
        ("not finite", told("after 0 steps: rank 1: the gradient or value of")),
        ("another program", told("after 0 steps: rank 1 has another program than rank 0")),
        ("other parameters", told("after 0 steps: rank 1 has another parameters than rank 0")),
    ];
    for (fault, fate) in &faults {
        for ranks in 2..=4 {
            let folder = Folder::new();
            check(fault, ranks, &Scene::new(8).fault(fault, 1).mpirun(ranks, &folder), fate);
            goes_on(&folder, hash);
        }
    }
    // Rank 0 writes the checkpoints.
    let folder = Folder::new();
    check("SIGKILL of rank 0", 3, &Scene::new(8).fault("SIGKILL", 0).mpirun(3, &folder), &Fate::Ended);
    goes_on(&folder, hash);
}

/// The newest checkpoint is whole, if there was time for one, and a training that goes on from it ends as one that was not disturbed.
fn goes_on(folder: &Folder, hash: u64) {
    let newest = Keeper::new(&folder.0).newest().unwrap().map(|(step, _)| step);
    assert!(newest.is_none_or(|step| step == CHECKPOINT_AT));
    let trained = Scene::new(8).alone(folder);
    assert_eq!((trained.resumed, trained.hash), (newest, hash));
}
