//! Slabs: numbers whose first one is at the beginning of a cache line. Vectors that straddle two lines would need twice the
//! loads and stores.

use crate::dtype::{DType, Data, DataRef, Element, each_dtype};
use crate::pages;

/// The bytes of a cache line, and of the widest vector.
pub(crate) const LINE: usize = 64;

/// Contiguous elements of one dtype. The memory is a little longer, so that they can start at a cache line.
#[derive(Debug)]
pub struct Slab {
    memory: Data,
    start: usize,
    len: usize,
}

impl Slab {
    /// No elements.
    pub fn empty(dtype: DType) -> Slab {
        Slab { memory: Data::empty(dtype), start: 0, len: 0 }
    }

    /// `len` copies of a number, rounded to the dtype.
    ///
    /// # Panics
    /// If the memory cannot be had.
    #[track_caller]
    pub(crate) fn splat(dtype: DType, value: f64, len: usize) -> Slab {
        let bytes = len.saturating_add(LINE).saturating_mul(dtype.size());
        assert!(pages::can_be_had(bytes), "{bytes} bytes for {len} numbers cannot be had");
        let memory = Data::splat(dtype, value, len + LINE / dtype.size());
        each_dtype!(Data, &memory, v => pages::ask_for_large(v.as_ptr(), v.len()));
        let start = each_dtype!(Data, &memory, v => v.as_ptr().align_offset(LINE)).min(LINE / dtype.size());
        Slab { memory, start, len }
    }

    /// How many elements there are.
    #[expect(clippy::len_without_is_empty, reason = "nobody asks")]
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Their type.
    #[inline]
    pub fn dtype(&self) -> DType {
        self.memory.dtype()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.len * self.dtype().size()
    }

    #[inline]
    pub(crate) fn borrow(&self) -> DataRef<'_> {
        let all = self.start..self.start + self.len;
        match &self.memory {
            Data::F32(v) => DataRef::F32(&v[all]),
            Data::F64(v) => DataRef::F64(&v[all]),
            Data::I64(v) => DataRef::I64(&v[all]),
            Data::Bool(v) => DataRef::Bool(&v[all]),
        }
    }

    /// The address of the first element, the number of elements, and their type. The address changes only if the slab grows.
    pub(crate) fn raw(&mut self) -> (*mut u8, usize, DType) {
        let (start, len, dtype) = (self.start, self.len, self.dtype());
        let first = each_dtype!(Data, &mut self.memory, v => v.as_mut_ptr().wrapping_add(start).cast());
        (first, len, dtype)
    }

    /// The elements.
    #[inline]
    pub fn slice<T: Element>(&self) -> &[T] {
        T::slice(self.borrow())
    }

    /// The elements, to be changed.
    #[inline]
    pub fn slice_mut<T: Element>(&mut self) -> &mut [T] {
        &mut T::vec(&mut self.memory)[self.start..self.start + self.len]
    }

    /// Copies elements of the same dtype into the slab, starting at element `start`.
    pub(crate) fn copy_from(&mut self, start: usize, values: DataRef<'_>) {
        match values {
            DataRef::F32(v) => self.slice_mut()[start..start + v.len()].copy_from_slice(v),
            DataRef::F64(v) => self.slice_mut()[start..start + v.len()].copy_from_slice(v),
            DataRef::I64(v) => self.slice_mut()[start..start + v.len()].copy_from_slice(v),
            DataRef::Bool(v) => self.slice_mut()[start..start + v.len()].copy_from_slice(v),
        }
    }

    /// Appends `more` zeros.
    ///
    /// # Panics
    /// If the memory cannot be had.
    #[track_caller]
    pub fn grow(&mut self, more: usize) {
        let len = self.len + more;
        if self.start + len > self.memory.len() {
            let mut grown = Slab::splat(self.dtype(), 0.0, len.max(2 * self.len));
            grown.copy_from(0, self.borrow());
            *self = grown;
        }
        self.len = len;
    }

    /// Appends numbers, rounded to the dtype, which is `F32` or `F64`.
    #[track_caller]
    pub(crate) fn extend(&mut self, values: &[f64]) {
        let old = self.len;
        self.grow(values.len());
        match self.dtype() {
            DType::F32 => {
                let rest = self.slice_mut::<f32>()[old..].iter_mut();
                rest.zip(values).for_each(|(y, &x)| *y = x as f32);
            }
            _ => self.slice_mut::<f64>()[old..].copy_from_slice(values),
        }
    }
}

impl Clone for Slab {
    fn clone(&self) -> Slab {
        let mut copy = Slab::splat(self.dtype(), 0.0, self.len);
        copy.copy_from(0, self.borrow());
        copy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begins_at_a_line(slab: &Slab) -> bool {
        each_dtype!(DataRef, slab.borrow(), v => v.as_ptr().addr().is_multiple_of(LINE))
    }

    #[test]
    fn elements_begin_at_a_line_also_when_they_grow_and_in_a_copy() {
        for dtype in [DType::F32, DType::F64] {
            let (mut slab, mut expected) = (Slab::empty(dtype), vec![]);
            for n in 1..200 {
                let more: Vec<f64> = (0..n).map(|i| f64::from(n * i)).collect();
                slab.extend(&more);
                expected.extend(more);
                assert!(begins_at_a_line(&slab) && begins_at_a_line(&slab.clone()), "{n}");
            }
            let values = |slab: &Slab| match slab.borrow() {
                DataRef::F32(v) => v.iter().map(|&x| f64::from(x)).collect(),
                DataRef::F64(v) => v.to_vec(),
                _ => vec![],
            };
            assert_eq!((values(&slab), values(&slab.clone())), (expected.clone(), expected));
        }
        for dtype in [DType::I64, DType::Bool] {
            assert!(begins_at_a_line(&Slab::splat(dtype, 1.0, 3)));
        }
    }
}
