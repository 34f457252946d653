//! Where the memories of a plan begin: raw, because kernels of one plan read and write parts of the same memory, and
//! several threads write different parts of one result.

#![expect(unsafe_code, reason = "a table of raw starts is shared between threads")]

use crate::code::Operand;
use crate::dtype::{DType, DataRef, Element};

/// The start of each memory that a plan's operands name, by number, with its elements and their type.
#[derive(Debug, Default)]
pub(crate) struct Bases(Vec<Base>);

type Base = (*mut u8, usize, DType);

// SAFETY: pointers without an owner; who makes them holds the memories borrowed while they are used.
unsafe impl Sync for Bases {}
// SAFETY: as above.
unsafe impl Send for Bases {}

impl Bases {
    /// For memories of these types and lengths, which have no place yet.
    pub(crate) fn new(memories: impl Iterator<Item = (DType, usize)>) -> Bases {
        Bases(memories.map(|(dtype, elements)| (std::ptr::null_mut(), elements, dtype)).collect())
    }

    /// Places a memory that is only read.
    ///
    /// # Panics
    /// As [`set_mut`](Bases::set_mut).
    #[inline]
    pub(crate) fn set(&mut self, home: usize, data: DataRef<'_>) {
        let base = match data {
            DataRef::F32(v) => (v.as_ptr().cast_mut().cast(), v.len(), DType::F32),
            DataRef::F64(v) => (v.as_ptr().cast_mut().cast(), v.len(), DType::F64),
            DataRef::I64(v) => (v.as_ptr().cast_mut().cast(), v.len(), DType::I64),
            DataRef::Bool(v) => (v.as_ptr().cast_mut().cast(), v.len(), DType::Bool),
        };
        self.set_mut(home, base);
    }

    /// Places a memory that is written: its start, elements and type.
    ///
    /// # Panics
    /// If it is of another type than the plan was verified for, or shorter.
    #[inline]
    pub(crate) fn set_mut(&mut self, home: usize, base: Base) {
        let (_, elements, dtype) = self.0[home];
        if base.2 != dtype || base.1 < elements {
            unfit(home, base, elements, dtype);
        }
        self.0[home] = base;
    }

    /// Where a memory begins.
    #[inline(always)]
    pub(crate) fn first<T: Element>(&self, home: u32) -> *const T {
        let (start, _, dtype) = self.0[home as usize];
        debug_assert!(dtype == T::DTYPE && !start.is_null(), "memory {home} is {dtype}");
        start.cast()
    }

    /// How many elements a memory has.
    #[inline(always)]
    pub(crate) fn elements(&self, home: u32) -> usize {
        self.0[home as usize].1
    }

    /// Where an operand begins.
    #[inline(always)]
    pub(crate) fn start<T: Element>(&self, x: &Operand) -> *mut T {
        let (start, elements, dtype) = self.0[x.home as usize];
        debug_assert!(x.offset <= elements && dtype == T::DTYPE, "memory {} is {dtype} {elements}", x.home);
        start.cast::<T>().wrapping_add(x.offset)
    }

    /// The address where an operand begins, whatever its type.
    #[inline(always)]
    pub(crate) fn start_of(&self, x: &Operand) -> *const u8 {
        self.0[x.home as usize].0.wrapping_add(x.offset * x.dtype.size())
    }
}

#[cold]
fn unfit(home: usize, (_, given, of): Base, elements: usize, dtype: DType) -> ! {
    panic!("memory {home}: {given} elements of {of} for a plan of {elements} of {dtype}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_memory_is_shorter_or_of_another_type_than_was_verified() {
        let place = |data: DataRef<'_>| {
            let place = || Bases::new([(DType::F32, 3)].into_iter()).set(0, data);
            std::panic::catch_unwind(place).map_err(|text| *text.downcast::<String>().expect("a text"))
        };
        assert_eq!(place(DataRef::F32(&[0.0; 3])), Ok(()));
        assert_eq!(place(DataRef::F32(&[0.0; 4])), Ok(()));
        let error = |given: &str| Err(format!("memory 0: {given} for a plan of 3 of F32"));
        assert_eq!(place(DataRef::F32(&[0.0; 2])), error("2 elements of F32"));
        assert_eq!(place(DataRef::F64(&[0.0; 3])), error("3 elements of F64"));
    }
}
