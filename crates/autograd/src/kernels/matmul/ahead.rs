//! What is read next, asked for while a tile is computed: memory has all of its steps along k to answer.

use crate::kernels::simd::Fetch;

/// Two lines of the caches, which are asked for together.
const BYTES: usize = 128;

/// Tiles of fewer steps along k are over before memory answers.
pub(super) const WORTH_ASKING: usize = 32;

/// A part of a matrix of rows or columns that are contiguous, to be asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ahead<T> {
    first: *const T,
    /// How many pairs of lines lie a stride apart, and how many of these columns there are.
    pairs: usize,
    stride: isize,
    columns: usize,
    /// From column to column.
    step: isize,
}

impl<T: Copy> Ahead<T> {
    /// Elements of a pair of lines.
    pub(super) const PAIR: usize = BYTES / size_of::<T>();

    /// Nothing.
    pub(super) fn nothing() -> Ahead<T> {
        Ahead { first: std::ptr::null(), pairs: 0, stride: 0, columns: 0, step: 0 }
    }

    /// A part of so many rows and columns; nothing where neither are contiguous.
    pub(super) fn of(first: *const T, shape: [usize; 2], strides: [isize; 2]) -> Ahead<T> {
        let (length, pairs, stride) = match strides {
            [stride, 1] => (shape[1], shape[0], stride),
            [1, stride] => (shape[0], shape[1], stride),
            _ => return Ahead::nothing(),
        };
        if pairs == 0 {
            return Ahead::nothing();
        }
        Ahead { first, pairs, stride, columns: length.div_ceil(Self::PAIR), step: Self::PAIR as isize }
    }

    /// So many rows of one pair of lines each, in each of the memories that are there.
    pub(super) fn in_each(memories: [*const T; 2], rows: usize, stride: usize) -> Ahead<T> {
        let columns = memories.iter().filter(|memory| !memory.is_null()).count();
        let step = memories[1].addr().wrapping_sub(memories[0].addr()) as isize / size_of::<T>() as isize;
        Ahead { first: memories[0], pairs: rows, stride: stride as isize, columns, step }
    }
}

/// On the way through the lines of a tile of C, and then through others.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a, T> {
    next: *const T,
    stride: isize,
    left: usize,
    /// The column of pairs to go on with, and what comes after that.
    then: Ahead<T>,
    rest: &'a [Ahead<T>],
    mask: usize,
}

impl<'a, T: Copy> Asking<'a, T> {
    /// `rows` of C in so many vectors as lie in a pair of lines, and what is `ahead`, in so many steps.
    #[inline(always)]
    pub(super) fn new(
        c: *const T,
        stride: usize,
        rows: usize,
        ahead: &'a [Ahead<T>; 2],
        steps: usize,
    ) -> Asking<'a, T> {
        let mask = if steps < WORTH_ASKING {
            usize::MAX
        } else {
            let pairs = rows + ahead.iter().map(|a| a.pairs * a.columns).sum::<usize>();
            // A power of two: branches with a short period are foreseen.
            (1 << steps.ilog2().saturating_sub(pairs.next_power_of_two().ilog2())) - 1
        };
        Asking { next: c, stride: stride as isize, left: rows, then: ahead[0], rest: &ahead[1..], mask }
    }

    /// Step `p`.
    #[inline(always)]
    pub(super) fn step(&mut self, p: usize) {
        if p & self.mask == 0 {
            Fetch::ToRead.line(self.next);
            Fetch::ToRead.line(self.next.wrapping_byte_add(BYTES / 2));
            // A third line is touched where rows do not begin with a line.
            Fetch::ToRead.line(self.next.wrapping_byte_add(BYTES - 1));
            self.next = self.next.wrapping_offset(self.stride);
            self.left -= 1;
            if self.left == 0 {
                self.turn();
            }
        }
    }

    /// To the next column of pairs; at the end, to the same one again and again.
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
