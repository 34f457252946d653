//! Threads for the kernels: fork and join, nothing else.
//!
//! Any thread may run a task, so kernels make sure that no result depends on which thread did.

#![expect(unsafe_code, reason = "the items of one slice are given to several threads, each to one")]

/// The threads that kernels share work with. One thread means the caller alone.
#[derive(Clone, Debug, Default)]
pub struct Workers {
    #[cfg(feature = "threads")]
    team: Option<std::sync::Arc<super::team::Team>>,
}

impl Workers {
    /// At most `threads` threads, and at least one. There are fewer if the system refuses to start them.
    pub(crate) fn new(threads: usize) -> Workers {
        #[cfg(feature = "threads")]
        {
            let team = (threads > 1).then(|| super::team::Team::new(threads - 1));
            Workers { team: team.filter(|team| team.helpers() > 0).map(std::sync::Arc::new) }
        }
        #[cfg(not(feature = "threads"))]
        {
            let _ = threads;
            Workers {}
        }
    }

    /// How many threads may work at the same time.
    #[inline]
    pub fn threads(&self) -> usize {
        #[cfg(feature = "threads")]
        if let Some(team) = &self.team {
            return team.helpers() + 1;
        }
        1
    }

    /// Wakes sleeping threads, because there will be work soon.
    #[inline]
    pub fn wake(&self) {
        #[cfg(feature = "threads")]
        if let Some(team) = &self.team {
            team.wake();
        }
    }

    /// Calls `f(task, worker)` for every task below `tasks`, with `worker` below [`threads`](Workers::threads). No two calls
    /// at the same time have the same worker. Returns when all are done. Tasks must not call it themselves.
    pub(crate) fn each(&self, tasks: usize, f: impl Fn(usize, usize) + Sync) {
        self.each_task(tasks, &f);
    }

    /// Compiled once: a task is long, a call is not.
    fn each_task(&self, tasks: usize, f: &(dyn Fn(usize, usize) + Sync)) {
        #[cfg(feature = "threads")]
        if let Some(team) = &self.team
            && tasks > 1
            && team.run(tasks, &f)
        {
            return;
        }
        for task in 0..tasks {
            f(task, 0);
        }
    }

    /// Calls `f` for each item, on any of the threads.
    pub fn each_of<T: Send>(&self, items: &mut [T], f: impl Fn(&mut T) + Sync) {
        self.each_chunk(items, 1, |_, item| f(&mut item[0]));
    }

    /// Calls `f` for each item, on any of the threads, with the area of the thread.
    pub(crate) fn each_with<T: Send, A: Send>(
        &self,
        items: &mut [T],
        areas: &mut [A],
        f: impl Fn(&mut T, &mut A) + Sync,
    ) {
        assert!(areas.len() >= self.threads(), "an area for each thread");
        let (count, items, areas) = (items.len(), Items(items.as_mut_ptr()), Items(areas.as_mut_ptr()));
        self.each(count, |task, worker| {
            // SAFETY: every task has an item of its own, and no two tasks at the same time have the same worker.
            let (item, area) = unsafe { (&mut *items.at(task), &mut *areas.at(worker)) };
            f(item, area);
        });
    }

    /// Calls `f` for each chunk of `size` items and its number, on any of the threads. The last chunk may be shorter.
    pub(crate) fn each_chunk<T: Send>(
        &self,
        items: &mut [T],
        size: usize,
        f: impl Fn(usize, &mut [T]) + Sync,
    ) {
        let (count, first) = (items.len(), Items(items.as_mut_ptr()));
        self.each(count.div_ceil(size), |task, _| {
            let start = task * size;
            // SAFETY: within the items, and every task has a chunk of its own.
            let chunk = unsafe { std::slice::from_raw_parts_mut(first.at(start), size.min(count - start)) };
            f(task, chunk);
        });
    }
}

/// A pointer to items that threads share. Each thread uses other items.
struct Items<T>(*mut T);
// SAFETY: each item is used by one thread at a time, and `T: Send` allows that to be another one.
unsafe impl<T: Send> Sync for Items<T> {}
impl<T> Items<T> {
    fn at(&self, i: usize) -> *mut T {
        self.0.wrapping_add(i)
    }
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
                workers.wake();
                workers.each(tasks, task);
                assert!(runs.iter().all(|n| n.load(SeqCst) == 2));
            }
        }
    }

    #[test]
    fn items_are_changed_in_place() {
        let mut items: Vec<usize> = (0..100).collect();
        Workers::new(3).each_of(&mut items, |x| *x *= 2);
        assert!(items.iter().enumerate().all(|(i, &x)| x == 2 * i));
    }

    #[test]
    fn each_thread_has_an_area() {
        let workers = Workers::new(3);
        let (mut items, mut areas) = ([1usize; 100], [0usize; 3]);
        workers.each_with(&mut items, &mut areas, |item, area| *area += std::mem::take(item));
        assert!(items == [0; 100] && areas.iter().sum::<usize>() == 100);
    }

    #[test]
    fn the_number_of_threads_is_kept_within_limits() {
        assert_eq!(Workers::default().threads(), 1);
        assert_eq!(Workers::new(0).threads(), 1);
        assert_eq!(Workers::new(3).threads(), if cfg!(feature = "threads") { 3 } else { 1 });
    }
}
