//! Planted mistakes that the sanitizers have to report: `.ci/asan` and `.ci/tsan` run them first, and expect them to fail.

#![expect(unsafe_code, reason = "safe code makes no such mistakes")]

use super::loops::{Lane, Tiles, Wiring};
use super::workers::Workers;
use crate::ir::Unary;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

#[test]
#[ignore = "a loop that is told of more elements than there are: run by `bash .ci/asan`"]
fn a_loop_beyond_its_operand() {
    let (mut x, mut y) = (vec![1f32; 48], vec![0f32; 64]);
    let table = [x.as_mut_ptr(), y.as_mut_ptr()];
    let wiring = Wiring { x: [0; 3], y: 1, more: [1; 2], p: 0.0 };
    // SAFETY: none, on purpose: the operand is shorter than the result.
    unsafe { f32::unary(Unary::Exp)(&wiring, &Tiles::of(table.as_ptr(), 64)) };
    assert!(y.iter().all(|y| *y > 0.0));
}

struct Target(*mut f32);
// SAFETY: none, on purpose: two threads write to it.
unsafe impl Sync for Target {}
impl Target {
    fn get(&self) -> *mut f32 {
        self.0
    }
}

#[test]
#[ignore = "tasks that write to one number: run by `bash .ci/tsan`"]
fn two_tasks_write_to_one_number() {
    let (mut x, begun) = (0f32, AtomicUsize::new(0));
    let target = Target(&raw mut x);
    Workers::new(2).each(2, |task, _| {
        // Each task waits for the other, so each has a thread of its own. A relaxed load orders nothing.
        begun.fetch_add(1, Relaxed);
        while begun.load(Relaxed) < 2 {
            std::thread::yield_now();
        }
        // SAFETY: none, on purpose.
        unsafe { *target.get() = task as f32 };
    });
    assert!(x < 2.0);
}
