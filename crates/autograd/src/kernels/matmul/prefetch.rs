//! Prefetching: while a tile is computed, the cache lines that are read next are fetched, spread over the steps along k.

use crate::kernels::simd::Fetch;

/// Two cache lines, which are prefetched together.
const BYTES: usize = 128;

/// A tile with fewer steps along k ends before memory could answer.
pub(super) const WORTH_PREFETCHING: usize = 32;

/// A part of a matrix with contiguous rows or columns that is to be prefetched.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prefetch<T> {
    first: *const T,
    /// How many pairs of cache lines lie `stride` apart. `columns` counts such columns of pairs.
    pairs: usize,
    stride: isize,
    columns: usize,
    /// The elements from one column of pairs to the next.
    step: isize,
}

impl<T: Copy> Prefetch<T> {
    /// Elements of a pair of cache lines.
    pub(super) const PAIR: usize = BYTES / size_of::<T>();

    /// Nothing.
    pub(super) fn nothing() -> Prefetch<T> {
        Prefetch { first: std::ptr::null(), pairs: 0, stride: 0, columns: 0, step: 0 }
    }

    /// A part of this shape; nothing if neither its rows nor its columns are contiguous.
    pub(super) fn of(first: *const T, shape: [usize; 2], strides: [isize; 2]) -> Prefetch<T> {
        let (length, pairs, stride) = match strides {
            [stride, 1] => (shape[1], shape[0], stride),
            [1, stride] => (shape[0], shape[1], stride),
            _ => return Prefetch::nothing(),
        };
        if pairs == 0 {
            return Prefetch::nothing();
        }
        Prefetch { first, pairs, stride, columns: length.div_ceil(Self::PAIR), step: Self::PAIR as isize }
    }

    /// In each memory that is not null, `rows` rows of one pair of cache lines each.
    pub(super) fn in_each(memories: [*const T; 2], rows: usize, stride: usize) -> Prefetch<T> {
        let columns = memories.iter().filter(|memory| !memory.is_null()).count();
        let step = memories[1].addr().wrapping_sub(memories[0].addr()) as isize / size_of::<T>() as isize;
        Prefetch { first: memories[0], pairs: rows, stride: stride as isize, columns, step }
    }
}

/// Walks through the cache lines of a tile of C, and then through those of other parts.
#[derive(Clone, Copy)]
pub(super) struct Prefetcher<'a, T> {
    next: *const T,
    stride: isize,
    left: usize,
    /// What follows the current column of pairs, and what follows that.
    then: Prefetch<T>,
    rest: &'a [Prefetch<T>],
    mask: usize,
}

impl<'a, T: Copy> Prefetcher<'a, T> {
    /// Prefetches a pair of cache lines in each of `rows` rows of C, and the parts `prefetch`, within `steps` steps.
    #[inline(always)]
    pub(super) fn new(
        c: *const T,
        stride: usize,
        rows: usize,
        prefetch: &'a [Prefetch<T>; 2],
        steps: usize,
    ) -> Prefetcher<'a, T> {
        let mask = if steps < WORTH_PREFETCHING {
            usize::MAX
        } else {
            let pairs = rows + prefetch.iter().map(|a| a.pairs * a.columns).sum::<usize>();
            // A power of two: the CPU predicts branches with a short period.
            (1 << steps.ilog2().saturating_sub(pairs.next_power_of_two().ilog2())) - 1
        };
        Prefetcher {
            next: c,
            stride: stride as isize,
            left: rows,
            then: prefetch[0],
            rest: &prefetch[1..],
            mask,
        }
    }

    /// Step `p`.
    #[inline(always)]
    pub(super) fn step(&mut self, p: usize) {
        if p & self.mask == 0 {
            Fetch::ToRead.line(self.next);
            Fetch::ToRead.line(self.next.wrapping_byte_add(BYTES / 2));
            // Where rows do not begin at a cache line, they touch a third one.
            Fetch::ToRead.line(self.next.wrapping_byte_add(BYTES - 1));
            self.next = self.next.wrapping_offset(self.stride);
            self.left -= 1;
            if self.left == 0 {
                self.turn();
            }
        }
    }

    /// Goes to the next column of pairs. At the end it stays at the last line.
    #[inline(always)]
    fn turn(&mut self) {
        if self.then.columns == 0 {
            let Some((then, rest)) = self.rest.split_first().filter(|(then, _)| then.columns > 0) else {
                (self.stride, self.left) = (0, usize::MAX);
                return;
            };
            (self.then, self.rest) = (*then, rest);
        }
        (self.next, self.stride, self.left) = (self.then.first, self.then.stride, self.then.pairs);
        self.then.first = self.then.first.wrapping_offset(self.then.step);
        self.then.columns -= 1;
    }
}
