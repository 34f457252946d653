//! Memory that products of matrices pack their operands into: one area per worker, aligned to cache lines, grown when
//! first needed. Whoever computes keeps it from product to product.

/// A cache line, which is also the widest vector.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct Line([u8; 64]);

/// Packing buffers of products, kept from call to call: the second product of the same sizes allocates nothing.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    lines: Vec<Line>,
}

impl Scratch {
    /// Makes room for products that need `bytes` for each of so many workers.
    pub(crate) fn reserve(&mut self, bytes: usize, workers: usize) {
        let lines = bytes.div_ceil(size_of::<Line>()) * workers;
        if self.lines.len() < lines {
            // Nothing of the old content is worth a copy.
            self.lines = Vec::new();
            self.lines = vec![Line([0; 64]); lines];
        }
    }

    /// Bytes that are held.
    pub(crate) fn bytes(&self) -> usize {
        self.lines.len() * size_of::<Line>()
    }

    /// The areas: where the first begins, and how many lines lie from one to the next.
    pub(crate) fn areas(&mut self, bytes: usize, workers: usize) -> (*mut Line, usize) {
        self.reserve(bytes, workers);
        (self.lines.as_mut_ptr(), bytes.div_ceil(size_of::<Line>()))
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
