//! What the forms of a convolution share: tasks, memory that tasks write parts of, copies of short rows.
#![expect(unsafe_code, reason = "parts of one result are written by several threads, through raw pointers")]

use super::sizes::Sizes;
use crate::dtype::Float;
use crate::kernels::workers::Workers;
use crate::scratch::Scratch;
use crate::target::Target;

/// Calls `f` for each task, with the worker, on any of the threads if there is enough to do.
pub(super) fn each_task(sizes: Sizes<'_>, tasks: usize, workers: &Workers, f: impl Fn(usize, usize) + Sync) {
    if workers.threads() > 1 && sizes.products() >= Target::CPU.threads.products_from {
        workers.each(tasks, f);
    } else {
        (0..tasks).for_each(|task| f(task, 0));
    }
}

/// Memory that tasks share; each writes parts of its own.
pub(super) struct Shared<T>(*mut T, usize);

// SAFETY: each part is used by one thread at a time.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    pub(super) fn of(all: &mut [T]) -> Shared<T> {
        Shared(all.as_mut_ptr(), all.len())
    }

    /// # Safety
    /// Nobody else uses these elements while the slice lives.
    #[expect(clippy::mut_from_ref, reason = "the caller promises that parts do not overlap")]
    pub(super) unsafe fn part(&self, start: usize, length: usize) -> &mut [T] {
        assert!(start <= self.1 && length <= self.1 - start, "a part of {length} from {start} on");
        // SAFETY: within the memory, and nobody else uses it.
        unsafe { std::slice::from_raw_parts_mut(self.0.add(start), length) }
    }
}

/// The scratch as memory that all share, and an area for each worker.
pub(super) fn areas<T: Float>(
    scratch: &mut Scratch,
    [shared, own]: [usize; 2],
    workers: &Workers,
) -> [Shared<T>; 2] {
    let threads = workers.threads();
    let (start, _) = scratch.areas((shared + own) * size_of::<T>(), threads);
    let start = start.cast::<T>();
    // SAFETY: a worker has room for both, and memory of cache lines is initialised and aligned for numbers.
    [Shared(start, shared), Shared(unsafe { start.add(shared) }, own * threads)]
}

/// Copies a row, which is short more often than not.
#[inline(always)]
pub(super) fn copy_row<T: Copy>(from: &[T], to: &mut [T]) {
    let n = to.len();
    let from = &from[..n];
    macro_rules! by {
        ($wide:literal) => {{
            // The last piece overlaps the one before.
            for at in (0..n - $wide).step_by($wide).chain([n - $wide]) {
                to[at..at + $wide].copy_from_slice(&from[at..at + $wide]);
            }
        }};
    }
    match n {
        0..4 => to.iter_mut().zip(from).for_each(|(to, &x)| *to = x),
        4..8 => by!(4),
        8..16 => by!(8),
        _ => by!(16),
    }
}
