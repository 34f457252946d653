//! Where the memories of a plan begin: raw, because kernels of one plan read and write parts of the same memory, and
//! several threads write different parts of one result.

#![expect(
    unsafe_code,
    reason = "the planner's verifier has checked every operand against the length of its memory; slices are made of that"
)]

use crate::code::Operand;
use crate::dtype::{DType, DataRef, Element};

/// The start of each memory that a plan's operands name, by number.
#[derive(Debug, Default)]
pub(crate) struct Bases {
    starts: Vec<(*mut u8, usize, DType)>,
}

// SAFETY: pointers without an owner; who makes them holds the memories borrowed while they are used.
unsafe impl Sync for Bases {}
// SAFETY: as above.
unsafe impl Send for Bases {}

impl Bases {
    /// Of so many memories.
    pub(crate) fn new(count: usize) -> Bases {
        Bases { starts: vec![(std::ptr::null_mut(), 0, DType::F32); count] }
    }

    /// A memory that is only read.
    #[inline]
    pub(crate) fn set(&mut self, home: usize, data: DataRef<'_>) {
        self.starts[home] = match data {
            DataRef::F32(v) => (v.as_ptr().cast_mut().cast(), v.len(), DType::F32),
            DataRef::F64(v) => (v.as_ptr().cast_mut().cast(), v.len(), DType::F64),
            DataRef::I64(v) => (v.as_ptr().cast_mut().cast(), v.len(), DType::I64),
            DataRef::Bool(v) => (v.as_ptr().cast_mut().cast(), v.len(), DType::Bool),
        };
    }

    /// A memory that is written: its start, elements and type.
    pub(crate) fn set_mut(&mut self, home: usize, memory: (*mut u8, usize, DType)) {
        self.starts[home] = memory;
    }

    /// Where an operand begins.
    #[inline(always)]
    pub(crate) fn start<T: Element>(&self, x: &Operand) -> *mut T {
        let (start, length, dtype) = self.starts[x.home as usize];
        debug_assert!(x.offset <= length && dtype == T::DTYPE, "memory {} is {dtype} {length}", x.home);
        // SAFETY: the verifier has checked the offset against the memory's length.
        unsafe { start.cast::<T>().add(x.offset) }
    }

    /// The address where an operand begins, whatever its type.
    #[inline(always)]
    pub(crate) fn start_of(&self, x: &Operand) -> *const u8 {
        self.starts[x.home as usize].0.wrapping_add(x.offset * x.dtype.size())
    }

    /// The whole memory that an operand lies in.
    ///
    /// # Safety
    /// The memory lives and is not written while the slice is in use.
    pub(crate) unsafe fn whole<'a>(&self, home: u32) -> DataRef<'a> {
        let (start, length, dtype) = self.starts[home as usize];
        // SAFETY: made from a slice of this type and length; the rest is the caller's promise.
        unsafe {
            match dtype {
                DType::F32 => DataRef::F32(std::slice::from_raw_parts(start.cast(), length)),
                DType::F64 => DataRef::F64(std::slice::from_raw_parts(start.cast(), length)),
                DType::I64 => DataRef::I64(std::slice::from_raw_parts(start.cast(), length)),
                DType::Bool => DataRef::Bool(std::slice::from_raw_parts(start.cast(), length)),
            }
        }
    }
}
