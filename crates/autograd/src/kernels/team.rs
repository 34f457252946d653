//! A leader and its helpers: threads that take tasks of one job after the other.
//!
//! A program forks some dozen times within a millisecond, often for tens of microseconds. So helpers that have done their
//! part look for the next job for a while before they sleep: a thread that has to be woken by the system comes too late
//! for such a job. The leader never waits for one: it takes tasks as they do, closes the job when there are none left,
//! and waits only for those who are at one. Nothing is allocated, and the leader is the caller.

#![expect(unsafe_code, reason = "a job lies on the leader's stack, and helpers reach it through a pointer")]

#[cfg(all(loom, test))]
mod search;
#[cfg_attr(all(loom, test), path = "team/searched.rs")]
mod sync;

use std::any::Any;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::PoisonError;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use sync::{
    Arc, AtomicBool, AtomicUsize, Builder, Cell, JoinHandle, LOOKS, Mutex, park, spin_loop, yield_now,
};

/// More helpers than products of matrices can use; they are counted in a byte of the state.
const MOST: usize = 255;

/// One job after the other: each opens the state and closes it again.
const OPEN: usize = 1 << 8;
const AT_WORK: usize = OPEN - 1;

/// Whoever waits lets others go first every so often.
const PATIENCE: u32 = 1 << 6;

#[derive(Debug)]
pub(super) struct Team {
    shared: Arc<Shared>,
    helpers: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    /// Counts openings and closings, in multiples of [`OPEN`] (odd: a job is open), plus how many helpers are at work.
    state: AtomicUsize,
    /// Read by those who are counted in the state, written while it is closed.
    job: Cell<Job>,
    /// The next task that nobody has taken.
    next: AtomicUsize,
    /// Whether somebody leads: a second one works alone.
    led: AtomicBool,
    ends: AtomicBool,
    /// Per helper.
    asleep: Vec<AtomicBool>,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

// SAFETY: the state says who may touch the job, see there.
unsafe impl Sync for Shared {}
// SAFETY: a job is a pointer to what threads may share.
unsafe impl Send for Shared {}

/// What is done for every task below a number. The lifetime of the function is that of the open job.
#[derive(Clone, Copy, Debug)]
struct Job {
    tasks: usize,
    function: *const (),
    call: unsafe fn(*const (), usize, usize),
}

/// # Safety
/// `function` points to an `F`.
unsafe fn call<F: Fn(usize, usize)>(function: *const (), task: usize, worker: usize) {
    // SAFETY: the caller's promise.
    unsafe { (*function.cast::<F>())(task, worker) }
}

impl Team {
    /// So many helpers, or as many as the system gives.
    pub(super) fn new(helpers: usize) -> Team {
        let helpers = helpers.min(MOST);
        let nothing = |_: usize, _: usize| {};
        let shared = Arc::new(Shared {
            state: AtomicUsize::new(0),
            job: Cell::new(job(0, &nothing)),
            next: AtomicUsize::new(0),
            led: AtomicBool::new(false),
            ends: AtomicBool::new(false),
            asleep: (0..helpers).map(|_| AtomicBool::new(false)).collect(),
            panic: Mutex::new(None),
        });
        let start = |i: usize| {
            let shared = shared.clone();
            Builder::new().name(format!("wengert-{}", i + 1)).spawn(move || shared.help(i)).ok()
        };
        let helpers = (0..helpers).map_while(start).collect();
        Team { shared, helpers }
    }

    pub(super) fn helpers(&self) -> usize {
        self.helpers.len()
    }

    /// Wakes the helpers that sleep.
    pub(super) fn wake(&self) {
        for (helper, asleep) in self.helpers.iter().zip(&self.shared.asleep) {
            if asleep.load(SeqCst) {
                helper.thread().unpark();
            }
        }
    }

    /// Runs all tasks; false if somebody else leads now, and nothing was done.
    pub(super) fn run<F: Fn(usize, usize) + Sync>(&self, tasks: usize, f: &F) -> bool {
        let shared = &*self.shared;
        if shared.led.swap(true, Acquire) {
            return false;
        }
        // SAFETY: the state is closed and nobody is at work, since who led before has waited for that; and who leads is
        // alone.
        unsafe { shared.job.set(job(tasks, f)) };
        shared.next.store(0, Relaxed);
        shared.state.fetch_add(OPEN, SeqCst);
        self.wake();
        let job = Open(shared);
        // SAFETY: `f` lives, for longer than the job is open.
        unsafe { shared.work(0) };
        drop(job);
        let panic = shared.panic.lock().unwrap_or_else(PoisonError::into_inner).take();
        shared.led.store(false, Release);
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
        true
    }
}

fn job<F: Fn(usize, usize)>(tasks: usize, f: &F) -> Job {
    Job { tasks, function: std::ptr::from_ref(f).cast(), call: call::<F> }
}

/// An open job. When it ends, also by a panic, nobody can join it any more and nobody is at it.
struct Open<'a>(&'a Shared);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.state.fetch_add(OPEN, AcqRel);
        let mut looks = 0;
        while self.0.state.load(Acquire) & AT_WORK != 0 {
            pause(&mut looks);
        }
    }
}

impl Shared {
    /// Takes tasks until there are none left. A panic ends the worker's part and is kept for the leader.
    ///
    /// # Safety
    /// The caller leads, or is counted in the state.
    unsafe fn work(&self, worker: usize) {
        // SAFETY: the caller's promise: nobody writes the job now.
        let Job { tasks, function, call } = unsafe { self.job.get() };
        let done = catch_unwind(AssertUnwindSafe(|| {
            while let Some(part) = self.take(tasks) {
                for task in part {
                    // SAFETY: the leader has made the job of its function, which lives until nobody is at work any more.
                    unsafe { call(function, task, worker) };
                }
            }
        }));
        if let Err(panic) = done {
            self.next.store(tasks, Relaxed);
            *self.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic);
        }
    }

    /// The next tasks: several that follow each other as long as many are left, because they mostly lie side by side.
    fn take(&self, tasks: usize) -> Option<Range<usize>> {
        let several =
            |next: usize| Some(next + (tasks.checked_sub(next)? / (2 * self.asleep.len() + 2)).max(1));
        let upto = |next: usize| several(next).filter(|_| next < tasks);
        let first = self.next.fetch_update(Relaxed, Relaxed, upto).ok()?;
        Some(first..upto(first)?)
    }

    /// The life of a helper.
    fn help(&self, helper: usize) {
        let (mut looks, mut last) = (0, 0);
        while !self.ends.load(Relaxed) {
            let state = self.state.load(Acquire);
            let job = state / OPEN;
            if job % 2 == 1 && job != last {
                if self.state.compare_exchange(state, state + 1, AcqRel, Relaxed).is_ok() {
                    // SAFETY: the state was open and counts this helper now.
                    unsafe { self.work(helper + 1) };
                    self.state.fetch_sub(1, Release);
                    (looks, last) = (0, job);
                }
                continue;
            }
            if looks < LOOKS {
                pause(&mut looks);
                continue;
            }
            // Who opens a job looks at this flag afterwards, and the state is looked at after the flag is set: one of the
            // two sees the other.
            self.asleep[helper].store(true, SeqCst);
            if self.state.load(SeqCst) == state && !self.ends.load(SeqCst) {
                park();
            }
            self.asleep[helper].store(false, SeqCst);
            looks = 0;
        }
    }
}

fn pause(looks: &mut u32) {
    *looks += 1;
    if looks.is_multiple_of(PATIENCE) { yield_now() } else { spin_loop() }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.ends.store(true, SeqCst);
        for helper in self.helpers.drain(..) {
            helper.thread().unpark();
            // A helper keeps its panics for the leader: there is none here.
            let _ = helper.join();
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn many_small_jobs_are_done_each_as_a_whole() {
        let team = Team::new(3);
        for round in 0..20_000usize {
            let sum = AtomicUsize::new(0);
            let tasks = 1 + round % 7;
            assert!(team.run(tasks, &|task, worker| {
                assert!(worker < 4);
                sum.fetch_add(task + 1, Relaxed);
            }));
            assert_eq!(sum.into_inner(), tasks * (tasks + 1) / 2);
            if round % 5_000 == 0 {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        }
    }

    #[test]
    fn a_panic_in_a_task_reaches_the_leader_and_the_team_lives_on() {
        let team = Team::new(2);
        for task_that_panics in [0, 17, 63] {
            let run = || {
                team.run(64, &|task, _| {
                    std::thread::yield_now();
                    assert!(task != task_that_panics, "task {task}");
                })
            };
            let panic = catch_unwind(AssertUnwindSafe(run)).expect_err("a panic");
            assert_eq!(panic.downcast_ref::<String>(), Some(&format!("task {task_that_panics}")));
            let count = AtomicUsize::new(0);
            assert!(team.run(10, &|_, _| {
                count.fetch_add(1, Relaxed);
            }));
            assert_eq!(count.into_inner(), 10);
        }
    }

    #[test]
    fn who_comes_second_is_told_so() {
        let team = Team::new(1);
        assert!(team.run(2, &|_, _| assert!(!team.run(1, &|_, _| unreachable!("it is led")))));
        assert!(team.run(1, &|_, _| {}));
    }
}
