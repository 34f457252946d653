//! Threads for the kernels: fork and join, nothing else.
//!
//! A task may run anywhere, so kernels see to it that no result depends on who runs what. Forking inside the pool
//! allocates nothing: its jobs lie on the stacks of those that wait for them. Entering from another thread goes through
//! a queue of the pool, which takes a new block of memory about every 60 entries.

/// Threads that kernels may share work with; one means the caller alone.
#[derive(Clone, Debug, Default)]
pub struct Workers {
    #[cfg(feature = "threads")]
    pool: Option<std::sync::Arc<rayon::ThreadPool>>,
}

/// More threads than products of matrices can use.
#[cfg(feature = "threads")]
const MOST: usize = 256;

impl Workers {
    /// So many threads, at least one; fewer where the system has none to give.
    pub(crate) fn new(threads: usize) -> Workers {
        #[cfg(feature = "threads")]
        {
            let threads = threads.clamp(1, MOST);
            let name = |i| format!("wengert-{i}");
            let build = || rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(name).build();
            let pool = if threads == 1 { None } else { build().ok().map(std::sync::Arc::new) };
            Workers { pool }
        }
        #[cfg(not(feature = "threads"))]
        {
            let _ = threads;
            Workers {}
        }
    }

    /// The number of threads that may be at work at the same time.
    pub fn threads(&self) -> usize {
        #[cfg(feature = "threads")]
        if let Some(pool) = &self.pool {
            return pool.current_num_threads();
        }
        1
    }

    /// Runs `f` where forking is cheap, inside of the pool; on the caller if there is one thread.
    pub fn enter<R: Send>(&self, f: impl FnOnce() -> R + Send) -> R {
        #[cfg(feature = "threads")]
        if let Some(pool) = &self.pool {
            return pool.install(f);
        }
        f()
    }

    /// Runs both, at the same time where this is inside of a pool.
    pub fn join(&self, a: impl FnOnce() + Send, b: impl FnOnce() + Send) {
        #[cfg(feature = "threads")]
        if self.pool.is_some() {
            rayon::join(a, b);
            return;
        }
        a();
        b();
    }

    /// Calls `f(task, worker)` for every task below `tasks`, with worker below `threads()`: no two calls at the same
    /// time have the same worker. Returns when all are done.
    pub(crate) fn each(&self, tasks: usize, f: impl Fn(usize, usize) + Sync) {
        #[cfg(feature = "threads")]
        if let Some(pool) = &self.pool
            && tasks > 1
        {
            let run = |task| f(task, pool.current_thread_index().expect("tasks run inside of the pool"));
            return match pool.current_thread_index() {
                Some(_) => fork(0, tasks, &run),
                None => pool.install(|| fork(0, tasks, &run)),
            };
        }
        for task in 0..tasks {
            f(task, 0);
        }
    }
}

/// Halves the range until single tasks are left.
#[cfg(feature = "threads")]
fn fork(from: usize, to: usize, run: &(impl Fn(usize) + Sync)) {
    if to - from <= 1 {
        return run(from);
    }
    let middle = from + (to - from) / 2;
    rayon::join(|| fork(from, middle, run), || fork(middle, to, run));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    #[test]
    fn every_task_runs_once_and_no_worker_does_two_at_a_time() {
        for threads in [0, 1, 2, 5] {
            let workers = Workers::new(threads);
            for tasks in [0, 1, 2, 3, 64] {
                let runs: Vec<AtomicUsize> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
                let busy: Vec<AtomicUsize> = (0..workers.threads()).map(|_| AtomicUsize::new(0)).collect();
                let task = |task: usize, worker: usize| {
                    assert_eq!(busy[worker].fetch_add(1, SeqCst), 0);
                    runs[task].fetch_add(1, SeqCst);
                    std::thread::yield_now();
                    busy[worker].fetch_sub(1, SeqCst);
                };
                workers.each(tasks, task);
                workers.enter(|| workers.each(tasks, task));
                assert!(runs.iter().all(|n| n.load(SeqCst) == 2));
            }
        }
    }

    #[test]
    fn the_number_of_threads_is_kept_within_limits() {
        assert_eq!(Workers::default().threads(), 1);
        assert_eq!(Workers::new(0).threads(), 1);
        assert_eq!(Workers::new(3).threads(), if cfg!(feature = "threads") { 3 } else { 1 });
    }
}
