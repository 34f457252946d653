//! Nothing that goes wrong on one rank lets another wait.

use crate::launch::{Ran, mpirun};
use crate::scenes::{CHECKPOINT_AT, FAULT_AT, Scene};
use files::Keeper;
use std::fs;
use std::time::Duration;

/// No fault takes longer to be known everywhere.
const SOON: Duration = Duration::from_secs(3);

/// What the other ranks learn of a fault.
enum Known {
    /// An error with these words.
    Told(String),
    /// Nothing: they are ended.
    Ended,
}

/// The fault of a rank is known everywhere, soon.
fn known(what: &str, ranks: usize, ran: &Ran, known: &Known) {
    assert!(!ran.well, "{what}, {ranks} ranks: `mpirun` tells no error:\n{}", ran.text);
    let text = match known {
        Known::Told(text) => text,
        Known::Ended => "",
    };
    let tell = |rank: usize| {
        let begin = format!("{rank} ");
        ran.lines("TOLD").any(|line| line.strip_prefix(&begin).is_some_and(|line| line.contains(text)))
    };
    let told = (0..ranks).filter(|&rank| tell(rank)).count();
    if matches!(known, Known::Told(_)) {
        assert!(told + 1 >= ranks, "{what}, {ranks} ranks: {told} were told \"{text}\":\n{}", ran.text);
    }
    let time = ran.after_the_fault.unwrap_or_else(|| panic!("{what}: no fault was told:\n{}", ran.text));
    let outcome = if text.is_empty() { "all ended" } else { text };
    println!("  {what}, {ranks} ranks: {outcome}, {:.1} s", time.as_secs_f64());
    assert!(time < SOON, "{what}, {ranks} ranks: {time:?}\n{}", ran.text);
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
            let ran = mpirun(ranks, &["disagreement", what]).unwrap();
            known(what, ranks, &ran, &Known::Told(text.to_owned()));
        }
    }
    for ranks in 2..=4 {
        let ran = mpirun(ranks, &["disagreement", "silence"]).unwrap();
        // The first that loses its patience ends all, maybe before another has told.
        assert!(ran.lines("TOLD").any(|line| line.contains("rank 1 is gone: it said nothing for 500ms")), "{}", ran.text);
        known("silence", ranks, &ran, &Known::Ended);
    }
}

pub(crate) fn no_fault_hangs_and_the_checkpoint_is_whole() {
    let folder = std::env::temp_dir().join(format!("wengert-mpi-faults-{}", std::process::id()));
    let hash = Scene::new(8).alone().hash;
    let told = |text: &str| Known::Told(text.to_owned());
    let faults = [
        ("panic", Known::Ended),
        ("panic of a thread", Known::Ended),
        ("exit", Known::Ended),
        ("abort", Known::Ended),
        ("SIGKILL", Known::Ended),
        ("error", told(&format!("after {FAULT_AT} steps: rank 1 is gone"))),
        ("not finite", told("rank 1: the gradient or value of")),
        ("another plan", told("rank 1 has another program than rank 0")),
    ];
    for (fault, expected) in &faults {
        for ranks in 2..=4 {
            fs::remove_dir_all(&folder).ok();
            let scene = Scene::new(8).folder(&folder).fault(fault, 1);
            known(fault, ranks, &scene.mpirun(ranks), expected);
            goes_on(&folder, hash);
        }
    }
    // Rank 0, which writes the checkpoints; and a rank that goes on from another one than the others.
    fs::remove_dir_all(&folder).ok();
    known("SIGKILL of rank 0", 3, &Scene::new(8).folder(&folder).fault("SIGKILL", 0).mpirun(3), &Known::Ended);
    let scene = Scene::new(8).folder(&folder).fault("another checkpoint", 1);
    known("another checkpoint", 3, &scene.mpirun(3), &told("rank 1 has another"));
    goes_on(&folder, hash);
    fs::remove_dir_all(&folder).unwrap();
}

/// The newest checkpoint is whole, if there was time for one, and a training that goes on from it ends as one that was not disturbed.
fn goes_on(folder: &std::path::Path, hash: u64) {
    let newest = Keeper::new(folder).newest().unwrap().map(|(step, _)| step);
    let trained = Scene::new(8).folder(folder).alone();
    assert_eq!(trained.resumed, newest.unwrap_or(0));
    assert!(newest.is_none_or(|step| step == CHECKPOINT_AT));
    assert_eq!(trained.hash, hash);
}
