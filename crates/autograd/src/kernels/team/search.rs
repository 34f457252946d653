//! Every interleaving of small teams, and every value that a load may see, tried by `loom`: no two accesses of the job, or
//! of what tasks write, race; each task is done once before the leader goes on; nobody waits for ever. Run by `.ci/loom`.

use super::sync::{ORDERED, Site, WEAKENED};
use super::*;
use loom::cell::UnsafeCell;
use std::sync::Mutex as Lock;

/// Numbers that tasks write, each its own; where two threads reach for one at the same time, the search ends.
struct Places(Vec<UnsafeCell<usize>>);
// SAFETY: see above.
unsafe impl Sync for Places {}
// SAFETY: numbers.
unsafe impl Send for Places {}

impl Places {
    fn new(count: usize) -> Places {
        Places((0..count).map(|_| UnsafeCell::new(0)).collect())
    }

    fn get(&self, place: usize) -> usize {
        // SAFETY: see above.
        self.0[place].with(|x| unsafe { *x })
    }

    fn add(&self, place: usize, value: usize) {
        // SAFETY: see above.
        self.0[place].with_mut(|x| unsafe { *x += value });
    }

    /// Whether all have the value; they are the caller's again.
    fn are(&self, value: usize) -> bool {
        (0..self.0.len()).all(|place| {
            self.add(place, 0);
            self.get(place) == value
        })
    }
}

/// Runs a job of so many tasks, each of which writes a place and reads what lies on the leader's stack.
fn job_is_done(team: &Team, tasks: usize) -> bool {
    let (places, value) = (Places::new(tasks), Places::new(1));
    value.add(0, 1);
    let led = team.run(tasks, &|task, worker| {
        assert!(worker <= team.helpers());
        places.add(task, value.get(0));
    });
    assert!(places.are(usize::from(led)) && value.are(1));
    led
}

fn two_jobs() {
    let team = Team::new(1);
    assert!(job_is_done(&team, 2) && job_is_done(&team, 2));
}

fn one_job() {
    let team = Team::new(1);
    assert!(job_is_done(&team, 1));
}

fn two_helpers() {
    let team = Team::new(2);
    assert!(job_is_done(&team, 2));
}

/// One of them leads, or one after the other.
fn two_leaders() {
    let team = Arc::new(Team::new(1));
    let other = team.clone();
    let other = Builder::new().spawn(move || job_is_done(&other, 1)).unwrap();
    let (one, other) = (job_is_done(&team, 1), other.join().unwrap());
    assert!(one || other);
}

/// The leader's task waits for the helper's: it ends only if no helper sleeps through a job.
fn a_job_that_needs_the_helper() {
    let team = Team::new(1);
    let begun = loom::sync::atomic::AtomicUsize::new(0);
    assert!(team.run(2, &|_, _| {
        begun.fetch_add(1, AcqRel);
        while begun.load(Acquire) < 2 {
            yield_now();
        }
    }));
}

fn a_panic() {
    let team = Team::new(1);
    let run = || {
        team.run(2, &|task, _| {
            if task == 0 {
                resume_unwind(Box::new("a panic"))
            }
        })
    };
    let panic = catch_unwind(AssertUnwindSafe(run)).expect_err("a panic");
    assert_eq!(panic.downcast_ref(), Some(&"a panic"));
    assert!(job_is_done(&team, 1));
}

/// A team and what it does.
struct Model {
    name: &'static str,
    run: fn(),
    /// How often a thread that could go on is held up, at the most: without a bound the search would take hours.
    preemptions: Option<usize>,
}

const MODELS: [Model; 6] = [
    Model { name: "one job", run: one_job, preemptions: None },
    Model { name: "a job that needs the helper", run: a_job_that_needs_the_helper, preemptions: None },
    Model { name: "two jobs", run: two_jobs, preemptions: Some(3) },
    Model { name: "two helpers", run: two_helpers, preemptions: Some(2) },
    Model { name: "two leaders", run: two_leaders, preemptions: Some(2) },
    Model { name: "a panic", run: a_panic, preemptions: Some(2) },
];

impl Model {
    /// The number of executions, or the panic of one.
    fn search(&self, preemptions: Option<usize>) -> std::thread::Result<usize> {
        let mut search = loom::model::Builder::new();
        search.preemption_bound = preemptions;
        let count = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let (run, counted) = (self.run, count.clone());
        let execution = move || {
            counted.fetch_add(1, Relaxed);
            run();
        };
        catch_unwind(AssertUnwindSafe(|| search.check(execution)))?;
        Ok(count.load(Relaxed))
    }
}

/// Searches run one after the other: what is relaxed is told to all.
static TURN: Lock<()> = Lock::new(());

#[test]
fn every_execution_keeps_the_agreement() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    for model in MODELS {
        match model.search(model.preemptions) {
            Ok(count) => println!("{}: {count} executions, preemptions: {:?}", model.name, model.preemptions),
            Err(panic) => resume_unwind(panic),
        }
    }
}

/// Accesses that may be relaxed, each alone; all others have to be noticed.
const HARMLESS: [(&str, &str); 6] = [
    ("self.0.state.fetch_add(OPEN, AcqRel);", "the look at the state that follows acquires"),
    ("let state = self.state.load(Acquire);", "the exchange that follows acquires"),
    (
        "if self.state.compare_exchange(state, state + 1, AcqRel, Relaxed).is_ok() {",
        "the load before it acquires",
    ),
    (
        "if self.state.load(SeqCst) == state && !self.ends.load(SeqCst) {",
        "whoever ends a team unparks afterwards",
    ),
    ("self.asleep[helper].store(false, SeqCst);", "who takes a helper for asleep unparks it in vain"),
    ("self.shared.ends.store(true, SeqCst);", "the unpark that follows releases"),
];

#[test]
fn what_is_relaxed_is_noticed() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let source: Vec<&str> = include_str!("../team.rs").lines().map(str::trim).collect();
    let text = |site: &Site| source[site.0 as usize - 1];
    assert!(MODELS.iter().all(|model| model.search(Some(2)).is_ok()));
    let sites: Vec<Site> = ORDERED.lock().unwrap().iter().copied().collect();
    let noticed = |relaxed: &[Site]| {
        *WEAKENED.lock().unwrap() = relaxed.to_vec();
        let by = MODELS.iter().find(|model| model.search(Some(2)).is_err());
        WEAKENED.lock().unwrap().clear();
        by.map(|model| model.name)
    };
    let mut harmless = vec![];
    // Each of the others panics, as it should.
    std::panic::set_hook(Box::new(|_| {}));
    for site in &sites {
        let by = noticed(&[*site]);
        println!("{}: {by:?}", text(site));
        if by.is_none() {
            harmless.push(text(site));
        }
    }
    // Of two that stand in for each other, one is needed.
    let acquire = |site: &&Site| HARMLESS[1..3].iter().any(|(line, _)| *line == text(site));
    let both: Vec<Site> = sites.iter().filter(acquire).copied().collect();
    let by = noticed(&both);
    let _ = std::panic::take_hook();
    assert_eq!(harmless, HARMLESS.map(|(text, _)| text));
    assert!(both.len() == 2 && by.is_some());
}
