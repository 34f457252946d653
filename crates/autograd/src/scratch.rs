//! Scratch: temporary memory for kernels, in whole cache lines. It grows when needed and is kept from kernel to kernel. Each
//! worker has a part.

/// A cache line, which is also the widest vector.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct CacheLine([u8; 64]);

/// Contiguous cache lines.
#[derive(Debug, Default)]
pub(crate) struct Lines(Vec<CacheLine>);

impl Lines {
    /// Makes room for `bytes` bytes. New memory is zeroed; old contents are lost.
    pub(crate) fn reserve(&mut self, bytes: usize) {
        let lines = bytes.div_ceil(size_of::<CacheLine>());
        if self.0.len() < lines {
            // The old memory is freed first: its contents are not kept.
            self.0 = Vec::new();
            self.0 = vec![CacheLine([0; 64]); lines];
        }
    }

    /// The bytes of the memory.
    pub(crate) fn bytes(&self) -> usize {
        self.0.len() * size_of::<CacheLine>()
    }

    /// The address of the first byte.
    pub(crate) fn start(&mut self) -> *mut u8 {
        self.0.as_mut_ptr().cast()
    }
}

/// The memory that products pack their operands into, with an area for each worker. A second product of the same sizes
/// allocates nothing.
#[derive(Debug, Default)]
pub(crate) struct Scratch(Lines);

impl Scratch {
    /// Makes room for `bytes` bytes for each of `workers` workers.
    pub(crate) fn reserve(&mut self, bytes: usize, workers: usize) {
        self.0.reserve(bytes.next_multiple_of(size_of::<CacheLine>()) * workers);
    }

    /// The bytes of the memory.
    pub(crate) fn bytes(&self) -> usize {
        self.0.bytes()
    }

    /// The address of the first area, and the number of cache lines from one area to the next.
    pub(crate) fn areas(&mut self, bytes: usize, workers: usize) -> (*mut CacheLine, usize) {
        self.reserve(bytes, workers);
        (self.0.start().cast(), bytes.div_ceil(size_of::<CacheLine>()))
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
