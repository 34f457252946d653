//! Pooled buffers. Values are strided views of buffers. A buffer without views is free and is used again.

use crate::dtype::{DType, Data, DataMut, DataRef, Element, Storable, with_type};
use crate::pages;
use crate::shape::Strides;
use crate::slab::LINE;
use crate::view::View;

/// The number of a buffer in its pool.
pub(crate) type BufferId = u32;

/// Where the elements of a value are, and where the first of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Source {
    /// Nowhere: the value was released, or never computed.
    Nowhere,
    /// One number, which is stored in the node itself. With strides of 0 it fills any shape.
    Number(Number),
    /// A buffer of the pool, from an element on.
    Buffer(BufferId, usize),
    /// The slab of parameters that the tape reads, from an element on.
    Parameters(usize),
}

impl Source {
    /// The position of the first element.
    #[inline]
    pub(crate) fn offset(self) -> usize {
        match self {
            Source::Nowhere | Source::Number(_) => 0,
            Source::Buffer(_, offset) | Source::Parameters(offset) => offset,
        }
    }

    /// The same with the first element so many further on.
    #[inline]
    pub(crate) fn skip(self, skip: isize) -> Source {
        match self {
            Source::Buffer(id, offset) => Source::Buffer(id, offset.wrapping_add_signed(skip)),
            Source::Parameters(offset) => Source::Parameters(offset.wrapping_add_signed(skip)),
            alone => alone,
        }
    }
}

/// One element of any dtype.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    F32(f32),
    F64(f64),
    I64(i64),
    Bool(bool),
}

impl Number {
    pub(crate) fn new(dtype: DType, x: f64) -> Number {
        match dtype {
            DType::F32 => Number::F32(x as f32),
            DType::F64 => Number::F64(x),
            DType::I64 => Number::I64(x as i64),
            DType::Bool => Number::Bool(x != 0.0),
        }
    }

    /// The only element of a computed scalar.
    fn first(elements: DataRef<'_>) -> Number {
        match elements {
            DataRef::F32(v) => Number::F32(v[0]),
            DataRef::F64(v) => Number::F64(v[0]),
            DataRef::I64(v) => Number::I64(v[0]),
            DataRef::Bool(v) => Number::Bool(v[0]),
        }
    }

    pub(crate) fn as_slice(&self) -> DataRef<'_> {
        match self {
            Number::F32(x) => DataRef::F32(std::slice::from_ref(x)),
            Number::F64(x) => DataRef::F64(std::slice::from_ref(x)),
            Number::I64(x) => DataRef::I64(std::slice::from_ref(x)),
            Number::Bool(x) => DataRef::Bool(std::slice::from_ref(x)),
        }
    }
}

/// A strided view: element (i₀, i₁, …) lies `Σ iₖ·strides[k]` behind the first one of the source.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) source: Source,
    pub(crate) strides: Strides,
}

impl Value {
    /// The value of a node that is only traced: none.
    pub(crate) fn nowhere() -> Value {
        Value { source: Source::Nowhere, strides: Strides::new() }
    }

    /// A parameter that starts at an offset of the slab.
    pub(crate) fn parameter(offset: usize, strides: Strides) -> Value {
        Value { source: Source::Parameters(offset), strides }
    }

    pub(crate) fn number(x: Number, rank: usize) -> Value {
        Value { source: Source::Number(x), strides: Strides::repeat(0, rank) }
    }
}

/// A value together with its elements: the operand of a kernel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strided<'a> {
    pub(crate) data: DataRef<'a>,
    pub(crate) offset: usize,
    pub(crate) shape: &'a [usize],
    pub(crate) strides: &'a [isize],
}

impl<'a> Strided<'a> {
    pub(crate) fn view<T: Element>(&self) -> View<'a, T> {
        View { data: T::slice(self.data), offset: self.offset, shape: self.shape, strides: self.strides }
    }

    pub(crate) fn dtype(&self) -> DType {
        self.data.dtype()
    }

    /// All elements in row-major order, as `f64`.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = f64> {
        let n = self.shape.iter().product();
        (0..n).map(|k| {
            let (mut offset, mut rest) = (self.offset, k);
            for (&length, &stride) in self.shape.iter().zip(self.strides).rev() {
                offset = offset.wrapping_add_signed((rest % length) as isize * stride);
                rest /= length;
            }
            self.number(offset)
        })
    }

    /// The element at a position of the source, as `f64`.
    pub(crate) fn number(&self, position: usize) -> f64 {
        match self.data {
            DataRef::F32(v) => f64::from(v[position]),
            DataRef::F64(v) => v[position],
            DataRef::I64(v) => v[position] as f64,
            DataRef::Bool(v) => f64::from(v[position]),
        }
    }
}

/// Buffers in use, counted by the views that share them, and free ones by dtype and size class.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    entries: Vec<PoolEntry>,
    free: [Vec<Vec<BufferId>>; 4],
    /// The bytes of the buffers in use, now and at their peak.
    used: usize,
    peak: usize,
}

/// The pool's entry of a buffer. While the buffer is written, its writer holds it.
#[derive(Debug)]
struct PoolEntry {
    buffer: Option<Box<Buffer>>,
    views: u32,
    class: u32,
}

/// Elements that start at a cache line. The vector has padding before them.
#[derive(Debug)]
struct Buffer {
    /// As many elements as the size class has. They are not cleared before the buffer is used again.
    data: Data,
    start: usize,
    /// How many elements are in use.
    len: usize,
}

/// A buffer that was taken from the pool to be written.
#[derive(Debug)]
pub(crate) struct Taken {
    id: BufferId,
    buffer: Box<Buffer>,
}

/// Memory that cannot be had.
#[derive(Debug)]
pub(crate) struct NoMemory;

impl Pool {
    /// A buffer of `len` elements, whose values are unspecified.
    pub(crate) fn take(&mut self, dtype: DType, len: usize) -> Result<Taken, NoMemory> {
        let (class, capacity) = size_class(len);
        let mut taken = match self.free[dtype as usize].get_mut(class).and_then(Vec::pop) {
            Some(id) => {
                let buffer =
                    self.entries[id as usize].buffer.take().expect("the pool holds its free buffers");
                Taken { id, buffer }
            }
            None => self.make(dtype, class, capacity)?,
        };
        taken.buffer.len = len;
        // So that reads of elements that were never written show.
        #[cfg(debug_assertions)]
        match taken.elements() {
            DataMut::F32(v) => v.fill(f32::NAN),
            DataMut::F64(v) => v.fill(f64::NAN),
            DataMut::I64(v) => v.fill(i64::MIN),
            DataMut::Bool(_) => {}
        }
        Ok(taken)
    }

    #[cold]
    fn make(&mut self, dtype: DType, class: usize, capacity: usize) -> Result<Taken, NoMemory> {
        let padding = LINE / dtype.size();
        if !pages::can_be_had((capacity + padding).saturating_mul(dtype.size())) {
            return Err(NoMemory);
        }
        let buffer = with_type!(dtype, T => {
            // The system provides large zeroed memory without writing it.
            let elements = vec![T::default(); capacity + padding];
            pages::ask_for_large(elements.as_ptr(), elements.capacity());
            let start = elements.as_ptr().align_offset(LINE).min(padding);
            Buffer { data: <T as Storable>::wrap(elements), start, len: capacity }
        });
        self.entries.push(PoolEntry { buffer: None, views: 0, class: class as u32 });
        let id = u32::try_from(self.entries.len() - 1).expect("fewer buffers than nodes");
        Ok(Taken { id, buffer: Box::new(buffer) })
    }

    /// Turns a written buffer into a value. A scalar becomes a number in the node; anything else, the one view of the buffer.
    pub(crate) fn keep(&mut self, taken: Taken, strides: Strides) -> Value {
        Value { source: self.source(taken, strides.is_empty()), strides }
    }

    /// Turns a written buffer into the source of a value: of a scalar, or of anything else.
    #[inline]
    pub(crate) fn source(&mut self, taken: Taken, is_scalar: bool) -> Source {
        let Taken { id, buffer } = taken;
        if is_scalar {
            let number = Number::first(buffer.elements());
            self.give(Taken { id, buffer });
            return Source::Number(number);
        }
        self.used += capacity_bytes(&buffer.data);
        self.peak = self.peak.max(self.used);
        let entry = &mut self.entries[id as usize];
        (entry.buffer, entry.views) = (Some(buffer), 1);
        Source::Buffer(id, 0)
    }

    /// Takes the buffer of a value back to write to it once more, if the value is all that views it, from its first element on.
    pub(crate) fn take_back(&mut self, source: Source) -> Option<Taken> {
        let Source::Buffer(id, 0) = source else { return None };
        let entry = &mut self.entries[id as usize];
        let buffer = if entry.views == 1 { entry.buffer.take() } else { None };
        Some(Taken { id, buffer: buffer? })
    }

    /// Ends what [`take_back`](Pool::take_back) began.
    pub(crate) fn put_back(&mut self, Taken { id, buffer }: Taken) {
        self.entries[id as usize].buffer = Some(buffer);
    }

    /// Adds a view of the same source.
    pub(crate) fn share(&mut self, source: Source) -> Source {
        if let Source::Buffer(id, _) = source {
            self.entries[id as usize].views += 1;
        }
        source
    }

    /// Removes a view. If it was the last one, the buffer is freed.
    #[inline]
    pub(crate) fn release(&mut self, source: &mut Source) {
        if let Source::Buffer(id, _) = *source {
            let entry = &mut self.entries[id as usize];
            entry.views -= 1;
            if entry.views == 0 {
                self.used -= self.free(id);
            }
        }
        *source = Source::Nowhere;
    }

    /// Frees every buffer. No view may be left.
    pub(crate) fn release_all(&mut self) {
        self.used = 0;
        for id in 0..self.entries.len() {
            if std::mem::take(&mut self.entries[id].views) > 0 {
                self.free(id as BufferId);
            }
        }
    }

    #[inline(always)]
    pub(crate) fn data(&self, id: BufferId) -> DataRef<'_> {
        self.entries[id as usize]
            .buffer
            .as_ref()
            .expect("a buffer with views is not being written")
            .elements()
    }

    /// Bytes of the buffers in use and of those kept for reuse.
    pub(crate) fn bytes(&self) -> (usize, usize) {
        let kept = self.entries.iter().filter_map(|entry| entry.buffer.as_ref());
        let all: usize = kept.map(|buffer| capacity_bytes(&buffer.data)).sum();
        (self.used, all - self.used)
    }

    /// The most bytes of buffers that were in use at the same time, since the pool was made.
    pub(crate) fn peak(&self) -> usize {
        self.peak
    }

    /// Gives a buffer back to the pool.
    pub(crate) fn give(&mut self, Taken { id, buffer }: Taken) {
        self.entries[id as usize].buffer = Some(buffer);
        self.free(id);
    }

    /// Marks a buffer as free, and returns its bytes.
    fn free(&mut self, id: BufferId) -> usize {
        let entry = &self.entries[id as usize];
        let (data, class) = (&entry.buffer.as_ref().expect("nobody writes it").data, entry.class as usize);
        let classes = &mut self.free[data.dtype() as usize];
        if classes.len() <= class {
            classes.resize_with(class + 1, Vec::new);
        }
        classes[class].push(id);
        capacity_bytes(data)
    }
}

impl Buffer {
    #[inline(always)]
    fn elements(&self) -> DataRef<'_> {
        let within = self.start..self.start + self.len;
        match &self.data {
            Data::F32(v) => DataRef::F32(&v[within]),
            Data::F64(v) => DataRef::F64(&v[within]),
            Data::I64(v) => DataRef::I64(&v[within]),
            Data::Bool(v) => DataRef::Bool(&v[within]),
        }
    }
}

impl Taken {
    /// The elements to be written.
    #[inline]
    pub(crate) fn elements(&mut self) -> DataMut<'_> {
        let within = self.buffer.start..self.buffer.start + self.buffer.len;
        match &mut self.buffer.data {
            Data::F32(v) => DataMut::F32(&mut v[within]),
            Data::F64(v) => DataMut::F64(&mut v[within]),
            Data::I64(v) => DataMut::I64(&mut v[within]),
            Data::Bool(v) => DataMut::Bool(&mut v[within]),
        }
    }
}

/// Four size classes per factor of two: number and capacity of the smallest class that holds `len` elements.
fn size_class(len: usize) -> (usize, usize) {
    if len <= 8 {
        return (11, 8);
    }
    let bits = (usize::BITS - (len - 1).leading_zeros()) as usize;
    let step = 1usize << (bits - 3);
    let units = len.div_ceil(step); // 5 ..= 8
    (bits * 4 + units - 9, units * step)
}

fn capacity_bytes(data: &Data) -> usize {
    match data {
        Data::F32(v) => v.capacity() * 4,
        Data::F64(v) => v.capacity() * 8,
        Data::I64(v) => v.capacity() * 8,
        Data::Bool(v) => v.capacity(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_hold_what_they_promise_and_follow_each_other() {
        let mut last = (11, 8);
        for len in 1..5000 {
            let (class, capacity) = size_class(len);
            assert!(capacity >= len && (len <= 8 || capacity < len + len / 4 + 1), "{len}: {capacity}");
            assert!(
                class == last.0 || (class == last.0 + 1 && capacity > last.1),
                "{len}: {class} after {last:?}"
            );
            assert_eq!(size_class(capacity), (class, capacity));
            last = (class, capacity);
        }
    }

    #[test]
    fn a_buffer_is_freed_with_its_last_view_and_used_again() {
        let mut pool = Pool::default();
        let mut data = pool.take(DType::F64, 100).unwrap();
        let DataMut::F64(v) = data.elements() else { panic!() };
        v.fill(1.0);
        let start = v.as_ptr();
        let mut first = pool.keep(data, Strides::repeat(1, 1));
        let Source::Buffer(id, 0) = first.source else { panic!() };
        let DataRef::F64(elements) = pool.data(id) else { panic!() };
        assert!(elements.as_ptr().addr().is_multiple_of(LINE));
        assert_eq!(elements, &[1.0; 100][..]);
        let mut second = pool.share(first.source);
        pool.release(&mut first.source);
        assert_eq!(pool.bytes().1, 0);
        let in_use = pool.bytes().0;
        pool.release(&mut second);
        assert!(pool.bytes().1 >= 800);
        assert_eq!((pool.bytes().0, pool.peak()), (0, in_use));
        let mut again = pool.take(DType::F64, 97).unwrap();
        assert!(matches!(again.elements(), DataMut::F64(v) if v.as_ptr() == start && v.len() == 97));
    }
}
