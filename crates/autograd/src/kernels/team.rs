//! A leader and its helpers: threads that run the tasks of one job after the other.
//!
//! The leader is the thread that calls. A program forks some dozen times within a millisecond, often for tens of
//! microseconds. A thread that the system has to wake comes too late for such a job. So helpers that have finished look for
//! the next job for a while before they sleep. The leader never waits for a helper to come: it takes tasks too, closes the
//! job when none are left, and waits only for helpers that are still running one. A job allocates nothing.

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

/// The most helpers: more than products of matrices can use. They are counted in one byte of the state.
const MOST: usize = 255;

/// Each job opens the state and closes it again. Both add this number.
const OPEN: usize = 1 << 8;
const AT_WORK: usize = OPEN - 1;

/// A waiting thread yields once in this many looks.
const PATIENCE: u32 = 1 << 6;

#[derive(Debug)]
pub(super) struct Team {
    shared: Arc<Shared>,
    helpers: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    /// The number of openings and closings, times [`OPEN`], plus the number of helpers at work. An odd number of openings and
    /// closings means that a job is open.
    state: AtomicUsize,
    /// Read by threads that are counted in the state. Written while the state is closed.
    job: Cell<Job>,
    /// The first task that no thread has taken.
    next: AtomicUsize,
    /// Whether there is a leader. A second thread that wants to lead works alone.
    led: AtomicBool,
    ends: AtomicBool,
    /// For each helper, whether it sleeps.
    asleep: Vec<AtomicBool>,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

// SAFETY: `state` says which threads may access the job.
unsafe impl Sync for Shared {}
// SAFETY: a job points to a function that is `Sync`.
unsafe impl Send for Shared {}

/// A function to be called for every task below `tasks`. The function lives at least as long as the job is open.
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
    /// At most `helpers` helpers. There are fewer if the system refuses to start them.
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

    /// Runs all tasks. Returns false, without running any, if there is another leader now.
    pub(super) fn run<F: Fn(usize, usize) + Sync>(&self, tasks: usize, f: &F) -> bool {
        let shared = &*self.shared;
        if shared.led.swap(true, Acquire) {
            return false;
        }
        // SAFETY: the state is closed and no helper is at work, because the leader before has waited for that. There is one
        // leader at a time.
        unsafe { shared.job.set(job(tasks, f)) };
        shared.next.store(0, Relaxed);
        shared.state.fetch_add(OPEN, SeqCst);
        self.wake();
        let job = Open(shared);
        // SAFETY: this thread leads, and `f` outlives the open job.
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

/// An open job. When it is dropped, also by a panic, the job is closed and no helper works on it any more.
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
    /// Runs tasks until none are left. A panic ends this worker's part and is kept for the leader.
    ///
    /// # Safety
    /// The caller leads, or is counted in the state.
    unsafe fn work(&self, worker: usize) {
        // SAFETY: by the caller's promise nobody writes the job now.
        let Job { tasks, function, call } = unsafe { self.job.get() };
        let done = catch_unwind(AssertUnwindSafe(|| {
            while let Some(part) = self.take(tasks) {
                for task in part {
                    // SAFETY: the leader made the job from its function, which lives until no helper is at work.
                    unsafe { call(function, task, worker) };
                }
            }
        }));
        if let Err(panic) = done {
            self.next.store(tasks, Relaxed);
            *self.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic);
        }
    }

    /// Takes the next tasks. While many are left, it takes several in a row, because their data mostly lie side by side.
    fn take(&self, tasks: usize) -> Option<Range<usize>> {
        let several =
            |next: usize| Some(next + (tasks.checked_sub(next)? / (2 * self.asleep.len() + 2)).max(1));
        let upto = |next: usize| several(next).filter(|_| next < tasks);
        let first = self.next.fetch_update(Relaxed, Relaxed, upto).ok()?;
        Some(first..upto(first)?)
    }

    /// What a helper does until the team ends.
    fn help(&self, helper: usize) {
        let (mut looks, mut last) = (0, 0);
        while !self.ends.load(Relaxed) {
            let state = self.state.load(Acquire);
            let job = state / OPEN;
            if job % 2 == 1 && job != last {
                if self.state.compare_exchange(state, state + 1, AcqRel, Relaxed).is_ok() {
                    // SAFETY: the state was open, and now counts this helper.
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
            // The leader reads this flag after it has opened a job, and this helper reads the state after it has set the flag:
            // one of the two sees the other's write.
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
            // A helper hands its panics to the leader, so there is none to report here.
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
