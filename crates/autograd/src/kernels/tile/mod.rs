//! Fused kernels: they run the steps of a tile program. Each step is a loop over a tile, which stays in the first-level cache.

#![expect(
    unsafe_code,
    reason = "tiles are addressed through a table of pointers: scratch, or the operand's memory itself"
)]

mod along;
mod gather;
mod link;
mod linked;
mod prefetch;

pub(crate) use link::link;
pub(crate) use linked::{Linked, scratch_bytes};

use self::linked::{Loops, Over, Step};
use self::prefetch::Prefetcher;
use super::bases::Bases;
use super::loops::{self, Lane, Tiles, Wiring};
use super::simd::Isa;
use super::workers::Workers;
use crate::code::{Code, Extent, How, MemoryView, Read, Slot, Write};
use crate::dtype::DType;
use crate::scratch::Lines;
use crate::tree::{self, BLOCK, LANES};

/// Runs a fused kernel.
///
/// # Safety
/// The code is part of a verified plan, and `bases` are the memories that the plan runs in. Nobody else reads or writes them
/// meanwhile. `linked` was made from this code. `scratch` has as many bytes for each worker, and `shared` as many bytes in
/// all, as [`scratch_bytes`] says.
pub(crate) unsafe fn run(
    code: &Code,
    linked: &mut Linked,
    bases: &Bases,
    scratch: &mut Lines,
    shared: &mut Lines,
    workers: &Workers,
) {
    // SAFETY: the caller's promise is passed on.
    unsafe {
        match linked {
            Linked::Singles(loops) => run_typed(code, loops, bases, scratch, shared, workers),
            Linked::Doubles(loops) => run_typed(code, loops, bases, scratch, shared, workers),
        }
    }
}

/// # Safety
/// As for [`run`].
unsafe fn run_typed<T: Lane>(
    code: &Code,
    loops: &mut Loops<T>,
    bases: &Bases,
    scratch: &mut Lines,
    shared: &mut Lines,
    workers: &Workers,
) {
    let own = loops.own.as_mut().map(Lines::start);
    let loops = &*loops;
    debug_assert!(loops.layout.bytes * workers.threads() <= scratch.bytes());
    debug_assert!(loops.layout.partials <= shared.bytes());
    let (area, partials) = (Shared(scratch.start()), Shared(shared.start().cast::<T>()));
    let task = |task: usize, worker: usize| {
        let first = task * code.task;
        let end = (first + code.task).min(code.elements);
        let area = area.get().wrapping_add(worker * loops.layout.bytes);
        let mut walk = Walk::new(code, loops, bases, area, partials.get());
        walk.lay_out();
        walk.read_steady();
        let mut start = first;
        while start < end {
            let n = code.tile.min(end - start);
            walk.tile(start, n);
            start += n;
        }
    };
    if let Some(own) = own {
        Walk::new(code, loops, bases, own, partials.get()).once();
    } else if loops.tasks == 1 {
        task(0, 0);
    } else {
        workers.each(loops.tasks, task);
    }
    for (i, to) in code.totals.iter().enumerate() {
        // SAFETY: all tasks have ended, and each has written its block sums.
        unsafe {
            let sums = std::slice::from_raw_parts(partials.get().add(i * loops.blocks), loops.blocks);
            let total = if code.elements == 0 { T::default() } else { tree::combine(sums) };
            *bases.start::<T>(to) = total;
        }
    }
}

/// A pointer that threads share. They use different parts of the memory behind it.
#[derive(Clone, Copy)]
struct Shared<T>(*mut T);
// SAFETY: see above.
unsafe impl<T> Sync for Shared<T> {}
impl<T> Shared<T> {
    fn get(self) -> *mut T {
        self.0
    }
}

/// A task that walks through its tiles, in scratch that no other task uses.
struct Walk<'a, T> {
    code: &'a Code,
    loops: &'a Loops<T>,
    bases: &'a Bases,
    /// The address of each slot's current tile: in scratch, or in an operand's memory.
    table: *mut *mut T,
    lanes: *mut [T; LANES],
    tiles: *mut T,
    partials: *mut T,
}

impl<'a, T: Lane> Walk<'a, T> {
    /// A walk in the scratch at `area`, which has the size of the layout and is aligned to 64 bytes.
    #[inline(always)]
    fn new(
        code: &'a Code,
        loops: &'a Loops<T>,
        bases: &'a Bases,
        area: *mut u8,
        partials: *mut T,
    ) -> Walk<'a, T> {
        let (lanes, tiles) = (area.wrapping_add(loops.layout.lanes), area.wrapping_add(loops.layout.tiles));
        Walk { code, loops, bases, table: area.cast(), lanes: lanes.cast(), tiles: tiles.cast(), partials }
    }

    /// The address of a slot's tile in scratch.
    #[inline(always)]
    fn own(&self, slot: Slot) -> *mut T {
        debug_assert!((slot as usize) < self.code.slots);
        // SAFETY: the area has a tile for each slot.
        unsafe { self.tiles.add(slot as usize * self.loops.layout.stride) }
    }

    #[inline(always)]
    fn point(&mut self, slot: Slot, to: *mut T) {
        debug_assert!((slot as usize) < self.code.slots);
        // SAFETY: the table has an entry for each slot.
        unsafe { *self.table.add(slot as usize) = to }
    }

    /// The address of a slot's current tile.
    #[inline(always)]
    fn at(&self, slot: Slot) -> *mut T {
        debug_assert!((slot as usize) < self.code.slots);
        // SAFETY: the table has an entry for each slot.
        unsafe { *self.table.add(slot as usize) }
    }

    /// The first `n` elements of a slot's tile. A tile in scratch is always whole; a slot points to memory only if its tile is
    /// full there. Scratch is zeroed at first and memory was written, so both are initialised.
    ///
    /// # Safety
    /// The tile is not written while the slice is in use.
    #[inline(always)]
    unsafe fn x(&self, slot: Slot, n: usize) -> &'a [T] {
        debug_assert!(n <= self.loops.layout.stride);
        // SAFETY: see above; the caller's promise.
        unsafe { std::slice::from_raw_parts(self.at(slot), n) }
    }

    /// The same elements, to be written.
    ///
    /// # Safety
    /// The slot points to its scratch, and nobody else reads or writes the tile while the slice is in use.
    #[inline(always)]
    unsafe fn y(&self, slot: Slot, n: usize) -> &'a mut [T] {
        debug_assert!(n <= self.loops.layout.stride);
        // SAFETY: as `x`; the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.at(slot), n) }
    }

    /// Points every slot to its scratch, and fills the tiles of constants.
    fn lay_out(&mut self) {
        for slot in 0..self.code.slots as Slot {
            self.point(slot, self.own(slot));
        }
        for &(slot, value) in &self.code.fills {
            // SAFETY: every slot points to its scratch, and the slice ends here.
            unsafe { self.y(slot, self.loops.layout.stride) }.fill(T::from_f64(value));
        }
    }

    /// Loads what is the same in every tile.
    #[inline(always)]
    fn read_steady(&mut self) {
        for (read, _) in self.reads().filter(|(_, steady)| *steady) {
            if read.how == How::Gather {
                self.gather(read, 0, self.code.tile.min(self.code.elements));
                continue;
            }
            let value = self.one(&read.from);
            // SAFETY: the slot of a number points to its scratch, and the slice ends here.
            unsafe { self.y(read.slot, self.loops.layout.stride) }.fill(value);
        }
    }

    /// The reads, and whether each is the same in every tile.
    #[inline(always)]
    fn reads(&self) -> impl Iterator<Item = (&'a Read, bool)> + use<'a, T> {
        self.code.reads.iter().zip(self.loops.steady.iter().copied())
    }

    /// The one element of an operand.
    #[inline(always)]
    fn one(&self, from: &MemoryView) -> T {
        // SAFETY: the operand lies within its memory.
        unsafe {
            match from.dtype {
                DType::Bool => T::from_f64(f64::from(*self.bases.start::<bool>(from))),
                _ => *self.bases.start::<T>(from),
            }
        }
    }

    /// Runs all steps on `n` elements, starting with element `start`.
    #[inline(always)]
    fn tile(&mut self, start: usize, n: usize) {
        // Loops run over whole lanes. A tile that ends within some is copied to scratch, which has room for that, or its last
        // lanes are done apart.
        let whole = n.is_multiple_of(LANES) || self.ends_apart(n);
        let (first_row, rows) = match self.code.row {
            0 => (0, 0),
            _ if n == self.code.elements => (0, self.loops.rows),
            row => (start / row, n / row),
        };
        let range = |extent| if extent == Extent::Tile { (start, n) } else { (first_row, rows) };
        for (read, _) in self.reads().filter(|(_, steady)| !steady) {
            let (start, n) = range(read.extent);
            self.read(read, start, n, whole && read.extent == Extent::Tile);
        }
        for write in &self.code.writes {
            let to = if whole && write.direct {
                // SAFETY: the operand has all the kernel's elements.
                unsafe { self.bases.start::<T>(&write.to).add(start) }
            } else {
                self.own(write.slot)
            };
            self.point(write.slot, to);
        }
        self.steps(start, n, rows);
        for write in &self.code.writes {
            let (start, n) = range(write.extent);
            if !(whole && write.direct) {
                self.write(write, start, n);
            }
        }
    }

    /// Runs all steps on the only tile of a small kernel. All operands are copied to scratch, so the table never changes.
    #[inline(always)]
    fn once(&mut self) {
        let count = |extent| if extent == Extent::Tile { self.code.elements } else { self.loops.rows };
        for read in &self.code.reads {
            let n = count(read.extent);
            match read.how {
                // SAFETY: all slots point to their scratch, and the slice ends here.
                How::Splat => unsafe {
                    self.y(read.slot, n.next_multiple_of(LANES)).fill(self.one(&read.from));
                },
                // SAFETY: the operand has all the kernel's elements (or rows), and the scratch a tile for each slot.
                How::Direct => unsafe {
                    gather::copy(self.bases.start::<T>(&read.from), self.own(read.slot), n)
                },
                How::Gather => self.gather(read, 0, n),
            }
        }
        self.steps(0, self.code.elements, self.loops.rows);
        for write in &self.code.writes {
            self.write(write, 0, count(write.extent));
        }
    }

    /// Whether the lanes in which a tile ends are done apart, by a second call of each step.
    #[inline(always)]
    fn ends_apart(&self, n: usize) -> bool {
        n >= self.loops.apart_from && !n.is_multiple_of(LANES)
    }

    /// Runs all steps, once all operands are in their slots.
    #[inline(always)]
    fn steps(&self, start: usize, n: usize, rows: usize) {
        let all = Tiles { rows, row: self.code.row, ..Tiles::of(self.table, n.next_multiple_of(LANES)) };
        let narrow = Tiles { n: rows.next_multiple_of(LANES), ..all };
        let (mut whole, mut last) = (all, None);
        if self.ends_apart(n) {
            // The last lanes end with the tile. So some elements are computed twice.
            whole.n -= LANES;
            last = Some(Tiles { start: n - LANES, n: LANES, ..all });
        }
        let mut prefetcher =
            self.loops.prefetches.then(|| Prefetcher::new(self.code, self.bases, start + n, n));
        for step in &self.loops.steps {
            if let Some(prefetcher) = &mut prefetcher {
                prefetcher.step();
            }
            let (first, second) = match step.over {
                Over::Total => {
                    self.total(step, start, n);
                    continue;
                }
                Over::Rows => (&narrow, None),
                Over::Tile => (&whole, last.as_ref()),
            };
            // SAFETY: every slot's tile has at least n elements, and whole lanes, since a tile in scratch is whole and a slot
            // points to memory only where its tile has that many. Both are initialised. The verifier has checked that a step
            // writes no slot that it reads, so what is computed twice is the same.
            unsafe {
                (step.run)(&step.wiring, first);
                if let Some(second) = second {
                    (step.run)(&step.wiring, second);
                }
            }
        }
    }

    #[inline(always)]
    fn read(&mut self, read: &Read, start: usize, n: usize, whole: bool) {
        match read.how {
            How::Splat => {}
            How::Direct => {
                // SAFETY: the operand is contiguous and has all elements (or rows) of the kernel.
                let from = unsafe { self.bases.start::<T>(&read.from).add(start) };
                let to = if whole { from } else { self.own(read.slot) };
                if !whole {
                    // SAFETY: n elements of the operand, and a tile of scratch.
                    unsafe { gather::copy(from, to, n) };
                }
                self.point(read.slot, to);
            }
            How::Gather => self.gather(read, start, n),
        }
    }

    #[inline(always)]
    fn gather(&self, read: &Read, start: usize, n: usize) {
        let (shape, strides) = (&read.from.shape[..], &read.from.strides[..]);
        // SAFETY: the slot of what is gathered points to its scratch, and the slice ends here.
        let to = unsafe { self.y(read.slot, n) };
        // SAFETY: every element of the view lies within its memory.
        Isa::widest().run(
            #[inline(always)]
            || unsafe {
                if read.from.dtype == DType::Bool {
                    let from = self.bases.start::<bool>(&read.from);
                    gather::gather(from, shape, strides, start, to, loops::truth);
                } else {
                    gather::gather(self.bases.start::<T>(&read.from), shape, strides, start, to, |x| x);
                }
            },
        );
    }

    #[inline(always)]
    fn write(&self, write: &Write, start: usize, n: usize) {
        // SAFETY: no step runs now, and the slice ends here.
        let from = unsafe { self.x(write.slot, n) };
        // SAFETY: the operand is contiguous and has all elements (or rows) of the kernel. Only this task writes
        // these.
        unsafe {
            if write.to.dtype == DType::Bool {
                let to = std::slice::from_raw_parts_mut(self.bases.start::<bool>(&write.to).add(start), n);
                to.iter_mut().zip(from).for_each(|(y, x)| *y = *x != T::default());
            } else {
                let to = self.bases.start::<T>(&write.to).add(start);
                gather::copy(from.as_ptr(), to, n);
            }
        }
    }

    /// Adds a tile to a total, in the order that [`crate::tree`] defines.
    #[inline(always)]
    fn total(&self, step: &Step<T>, start: usize, n: usize) {
        let which = step.wiring.y as usize;
        // SAFETY: the area has lanes for each total, and the partial sums have an element for each block of each total.
        // The slot's tile has n elements.
        unsafe {
            let lanes = self.lanes.add(which);
            if start.is_multiple_of(BLOCK) {
                *lanes = [T::default(); LANES];
            }
            let table = [self.at(step.wiring.x[0]), lanes.cast()];
            let wiring = Wiring { x: [0; 3], y: 1, more: [1; 2], p: step.wiring.p };
            (step.run)(&wiring, &Tiles::of(table.as_ptr(), n));
            let end = start + n;
            if end.is_multiple_of(BLOCK) || end == self.code.elements {
                *self.partials.add(which * self.loops.blocks + start / BLOCK) = tree::fold(*lanes);
            }
        }
    }
}
