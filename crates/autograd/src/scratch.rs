//! Scratch: memory in cache lines whose contents nobody keeps, grown when first needed. Whoever computes keeps it from
//! kernel to kernel, a part for each worker.

/// A cache line, which is also the widest vector.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct Line([u8; 64]);

/// Lines one after the other.
#[derive(Debug, Default)]
pub(crate) struct Lines(Vec<Line>);

impl Lines {
    /// Makes room for so many bytes; zeros, where there was less.
    pub(crate) fn reserve(&mut self, bytes: usize) {
        let lines = bytes.div_ceil(size_of::<Line>());
        if self.0.len() < lines {
            // Nothing of the old content is worth a copy.
            self.0 = Vec::new();
            self.0 = vec![Line([0; 64]); lines];
        }
    }

    /// Bytes that are held.
    pub(crate) fn bytes(&self) -> usize {
        self.0.len() * size_of::<Line>()
    }

    /// Where they begin.
    pub(crate) fn start(&mut self) -> *mut u8 {
        self.0.as_mut_ptr().cast()
    }
}

/// What products pack their operands into, an area for each worker: the second product of the same sizes allocates nothing.
#[derive(Debug, Default)]
pub(crate) struct Scratch(Lines);

impl Scratch {
    /// Makes room for products that need `bytes` for each of so many workers.
    pub(crate) fn reserve(&mut self, bytes: usize, workers: usize) {
        self.0.reserve(bytes.next_multiple_of(size_of::<Line>()) * workers);
    }

    /// Bytes that are held.
    pub(crate) fn bytes(&self) -> usize {
        self.0.bytes()
    }

    /// The areas: where the first begins, and how many lines lie from one to the next.
    pub(crate) fn areas(&mut self, bytes: usize, workers: usize) -> (*mut Line, usize) {
        self.reserve(bytes, workers);
        (self.0.start().cast(), bytes.div_ceil(size_of::<Line>()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_made_once() {
        let mut scratch = Scratch::default();
        scratch.reserve(100, 3);
        assert_eq!(scratch.bytes(), 6 * 64);
        let (first, step) = scratch.areas(100, 3);
        assert_eq!((first as usize % 64, step), (0, 2));
        assert_eq!(scratch.areas(64, 6), (first, 1));
        assert_eq!(scratch.bytes(), 6 * 64);
    }
}
