//! The start addresses of a plan's memories. They are raw pointers, because kernels read and write parts of the same
//! memory, and several threads write different parts of one result.

#![expect(unsafe_code, reason = "a table of raw starts is shared between threads")]

use crate::code::MemoryView;
use crate::dtype::{DType, DataRef, Element};

/// For each memory of a plan, by number: its start, its number of elements and their type.
#[derive(Debug, Default)]
pub(crate) struct Bases(Vec<Base>);

type Base = (*mut u8, usize, DType);

// SAFETY: these are pointers without an owner. Whoever sets them keeps the memories borrowed while they are used.
unsafe impl Sync for Bases {}
// SAFETY: as above.
unsafe impl Send for Bases {}

impl Bases {
    /// Memories of these types and lengths, whose addresses are not known yet.
    pub(crate) fn new(memories: impl Iterator<Item = (DType, usize)>) -> Bases {
        Bases(memories.map(|(dtype, elements)| (std::ptr::null_mut(), elements, dtype)).collect())
    }

    /// Sets a memory that is only read.
    ///
    /// # Panics
    /// As [`set_mut`](Bases::set_mut).
    #[inline]
    pub(crate) fn set(&mut self, memory: usize, data: DataRef<'_>) {
        let base = match data {
            DataRef::F32(v) => (v.as_ptr().cast_mut().cast(), v.len(), DType::F32),
            DataRef::F64(v) => (v.as_ptr().cast_mut().cast(), v.len(), DType::F64),
            DataRef::I64(v) => (v.as_ptr().cast_mut().cast(), v.len(), DType::I64),
            DataRef::Bool(v) => (v.as_ptr().cast_mut().cast(), v.len(), DType::Bool),
        };
        self.set_mut(memory, base);
    }

    /// Sets a memory that is written: its start, number of elements and type.
    ///
    /// # Panics
    /// If its type is not the one that the plan was verified for, or it is shorter.
    #[inline]
    pub(crate) fn set_mut(&mut self, memory: usize, base: Base) {
        let (_, elements, dtype) = self.0[memory];
        if base.2 != dtype || base.1 < elements {
            unfit(memory, base, elements, dtype);
        }
        self.0[memory] = base;
    }

    /// The address of a memory's first element.
    #[inline(always)]
    pub(crate) fn first<T: Element>(&self, memory: u32) -> *const T {
        let (start, _, dtype) = self.0[memory as usize];
        debug_assert!(dtype == T::DTYPE && !start.is_null(), "memory {memory} is {dtype}");
        start.cast()
    }

    /// How many memories there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The address of a memory's first element, whatever its type.
    #[inline(always)]
    pub(crate) fn address(&self, memory: usize) -> *mut u8 {
        self.0[memory].0
    }

    /// How many elements a memory has.
    #[inline(always)]
    pub(crate) fn elements(&self, memory: u32) -> usize {
        self.0[memory as usize].1
    }

    /// The address of a view's first element.
    #[inline(always)]
    pub(crate) fn start<T: Element>(&self, x: &MemoryView) -> *mut T {
        let (start, elements, dtype) = self.0[x.memory as usize];
        debug_assert!(x.offset <= elements && dtype == T::DTYPE, "memory {} is {dtype} {elements}", x.memory);
        start.cast::<T>().wrapping_add(x.offset)
    }

    /// The same address, whatever the type.
    #[inline(always)]
    pub(crate) fn start_of(&self, x: &MemoryView) -> *const u8 {
        self.0[x.memory as usize].0.wrapping_add(x.offset * x.dtype.size())
    }
}

#[cold]
fn unfit(memory: usize, (_, given, of): Base, elements: usize, dtype: DType) -> ! {
    panic!("memory {memory}: {given} elements of {of} for a plan of {elements} of {dtype}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_memory_is_shorter_or_of_another_type_than_was_verified() {
        let set = |data: DataRef<'_>| {
            let set = || Bases::new([(DType::F32, 3)].into_iter()).set(0, data);
            std::panic::catch_unwind(set).map_err(|text| *text.downcast::<String>().expect("a text"))
        };
        assert_eq!(set(DataRef::F32(&[0.0; 3])), Ok(()));
        assert_eq!(set(DataRef::F32(&[0.0; 4])), Ok(()));
        let error = |given: &str| Err(format!("memory 0: {given} for a plan of 3 of F32"));
        assert_eq!(set(DataRef::F32(&[0.0; 2])), error("2 elements of F32"));
        assert_eq!(set(DataRef::F64(&[0.0; 3])), error("3 elements of F64"));
    }
}
