//! A run that is killed anywhere goes on to the same bits.
//!
//! The test starts itself as a child that trains, kills it at random moments, and starts it again, until it has finished. Checkpoints
//! and logs must be, byte for byte, those of a run that nobody disturbed. Many kills:
//!
//! ```text
//! cargo test --release -p wengert-train --test killed -- --ignored --nocapture two_hundred
//! ```

#[expect(dead_code, reason = "of what runs are made of, this test needs a part")]
mod runs;

use autograd::Key;
use runs::{files, folder, run_planned, trainer};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// What tells the child where to train, and on how many threads.
const FOLDER: &str = "WENGERT_TRAIN_FOLDER";
const THREADS: &str = "WENGERT_TRAIN_THREADS";

/// Trains, if it is the child of the tests below.
#[test]
#[ignore = "the child of the other tests"]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let threads = std::env::var(THREADS).unwrap().parse().unwrap();
    let trainer = trainer(Path::new(&folder)).epochs(30);
    #[cfg(feature = "interrupt")]
    let trainer = trainer.stop_on_ctrl_c().stop_on_ctrl_c();
    run_planned(&mut { trainer }, threads).unwrap();
}

fn start(folder: &Path, threads: usize) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "child", "--ignored"]).env(FOLDER, folder).env(THREADS, threads.to_string());
    child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// How many lines the log of the run has.
fn lines(folder: &Path) -> usize {
    fs::read(folder.join("log.csv")).map_or(0, |log| log.iter().filter(|byte| **byte == b'\n').count())
}

/// Kills the child somewhere within the next steps; says whether it had ended before.
fn kill(mut child: Child, folder: &Path, before: usize, key: Key) -> bool {
    let [steps, wait] = key.words().map(|word| word as u64);
    let target = before + steps as usize % 12;
    while lines(folder) <= target {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "the run has failed");
            return true;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    std::thread::sleep(Duration::from_micros(wait % 3000));
    child.kill().unwrap();
    child.wait().unwrap().success()
}

/// So many kills; gives how many runs they were spread over.
fn killed(kills: u64, threads: usize) -> u32 {
    let name = |what: &str| folder(&format!("{what}_{kills}_{threads}"));
    let (whole, folder) = (name("undisturbed"), name("killed"));
    assert!(start(&whole, threads).wait().unwrap().success());
    let whole = files(&whole);
    let (mut number, mut runs) = (0, 0);
    while number < kills || folder.exists() {
        let ended = if number < kills {
            number += 1;
            kill(start(&folder, threads), &folder, lines(&folder), Key::new(threads as u64).fold_in(number))
        } else {
            assert!(start(&folder, threads).wait().unwrap().success());
            true
        };
        if ended {
            let found = files(&folder);
            let names: Vec<&str> = found.iter().map(|(name, _)| &name[..]).collect();
            assert!(found == whole, "after kill {number}: {names:?} differ");
            fs::remove_dir_all(&folder).unwrap();
            runs += 1;
        }
    }
    runs
}

#[test]
fn ten_kills_change_no_bit() {
    for threads in [1, 4] {
        killed(5, threads);
    }
}

/// Ctrl-C: the child finishes its step, writes a checkpoint, and ends without an error.
#[cfg(all(unix, feature = "interrupt"))]
#[test]
fn an_interrupt_writes_a_checkpoint() {
    let [whole, folder] = ["uninterrupted", "interrupted"].map(folder);
    assert!(start(&whole, 1).wait().unwrap().success());
    let mut child = start(&folder, 1);
    while lines(&folder) < 20 {
        assert!(child.try_wait().unwrap().is_none(), "it has ended");
        std::thread::sleep(Duration::from_micros(200));
    }
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupt.success() && child.wait().unwrap().success());
    let log = fs::read_to_string(folder.join("log.csv")).unwrap();
    let last = log.lines().last().unwrap().split(',').next().unwrap();
    assert!(folder.join(format!("checkpoint-{last}.safetensors")).exists(), "no checkpoint of step {last}");
    assert_ne!(files(&folder), files(&whole));
    assert!(start(&folder, 1).wait().unwrap().success());
    assert_eq!(files(&folder), files(&whole));
}

/// A shell that starts a program in the background of a script makes it ignore the signal: that is no error.
#[cfg(all(unix, feature = "interrupt"))]
#[test]
fn an_ignored_interrupt_stays_ignored() {
    let folder = folder("ignored");
    let program = std::env::current_exe().unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' INT; exec \"$0\" --exact child --ignored"]).arg(program);
    shell.env(FOLDER, &folder).env(THREADS, "1").stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = shell.spawn().unwrap();
    while lines(&folder) < 20 {
        assert!(child.try_wait().unwrap().is_none(), "it has ended");
        std::thread::sleep(Duration::from_micros(200));
    }
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupt.success() && child.wait().unwrap().success());
    let whole = runs::folder("not_ignored");
    assert!(start(&whole, 1).wait().unwrap().success());
    assert_eq!(files(&folder), files(&whole));
}

#[test]
#[ignore = "takes a minute; run with `--release --all-features --test killed -- --ignored --nocapture two_hundred`"]
fn two_hundred_kills_change_no_bit() {
    for threads in [1, 4] {
        println!("{threads} threads: 200 kills in {} runs, no byte differs", killed(200, threads));
    }
}
