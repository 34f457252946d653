//! Pooled buffers: values are strided views of them, and what a view no longer needs is used again.

use crate::dtype::{DType, Data, DataRef, Element, with_type};
use crate::shape::Strides;
use crate::view::View;

/// Place of a buffer in its pool.
pub(crate) type BufferId = u32;

/// Where the elements of a value are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Source {
    /// Released, or never computed.
    Nowhere,
    /// One number, stored in the node itself; with strides of 0 it fills any shape.
    Number(Number),
    /// A buffer of the pool.
    Buffer(BufferId),
    /// The slab of parameters that the tape reads.
    Parameters,
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
    fn only(data: &Data) -> Number {
        match data {
            Data::F32(v) => Number::F32(v[0]),
            Data::F64(v) => Number::F64(v[0]),
            Data::I64(v) => Number::I64(v[0]),
            Data::Bool(v) => Number::Bool(v[0]),
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

/// A strided view: element (i₀, i₁, …) is at `offset + Σ iₖ·strides[k]` of the source.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) source: Source,
    pub(crate) offset: usize,
    pub(crate) strides: Strides,
}

impl Value {
    /// No value: of a node that is only traced.
    pub(crate) fn nowhere() -> Value {
        Value { source: Source::Nowhere, offset: 0, strides: Strides::new() }
    }

    /// A parameter, which begins there in the slab.
    pub(crate) fn parameter(offset: usize, strides: Strides) -> Value {
        Value { source: Source::Parameters, offset, strides }
    }

    pub(crate) fn number(x: Number, rank: usize) -> Value {
        Value { source: Source::Number(x), offset: 0, strides: Strides::repeat(0, rank) }
    }
}

/// A value with its elements at hand: what kernels are given.
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

    /// The element at a place of the source, as `f64`.
    pub(crate) fn number(&self, place: usize) -> f64 {
        match self.data {
            DataRef::F32(v) => f64::from(v[place]),
            DataRef::F64(v) => v[place],
            DataRef::I64(v) => v[place] as f64,
            DataRef::Bool(v) => f64::from(v[place]),
        }
    }
}

/// Buffers in use, counted by the views that share them, and free ones by dtype and size class.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    slots: Vec<Slot>,
    vacant: Vec<BufferId>,
    free: [Vec<Vec<Data>>; 4],
    /// Bytes of the buffers in use, now and when there were most.
    used: usize,
    peak: usize,
}

#[derive(Debug)]
struct Slot {
    data: Data,
    views: u32,
}

impl Pool {
    /// An empty vector with room for `len` elements.
    pub(crate) fn take(&mut self, dtype: DType, len: usize) -> Data {
        let (class, capacity) = size_class(len);
        let reused = self.free[dtype as usize].get_mut(class).and_then(Vec::pop);
        reused.unwrap_or_else(
            || with_type!(dtype, T => <T as crate::dtype::Storable>::wrap(Vec::with_capacity(capacity))),
        )
    }

    /// Keeps computed elements as a value: a scalar as a number in the node, all else as a buffer with one view.
    pub(crate) fn keep(&mut self, data: Data, strides: Strides) -> Value {
        Value { source: self.hold(data, strides.is_empty()), offset: 0, strides }
    }

    /// As [`keep`](Pool::keep), without a layout.
    #[inline]
    pub(crate) fn hold(&mut self, data: Data, is_scalar: bool) -> Source {
        if is_scalar {
            let number = Number::only(&data);
            self.give(data);
            return Source::Number(number);
        }
        self.used += capacity_bytes(&data);
        self.peak = self.peak.max(self.used);
        let slot = Slot { data, views: 1 };
        let id = match self.vacant.pop() {
            Some(id) => {
                self.slots[id as usize] = slot;
                id
            }
            None => {
                self.slots.push(slot);
                u32::try_from(self.slots.len() - 1).expect("fewer buffers than nodes")
            }
        };
        Source::Buffer(id)
    }

    /// One more view of the same source.
    pub(crate) fn share(&mut self, source: Source) -> Source {
        if let Source::Buffer(id) = source {
            self.slots[id as usize].views += 1;
        }
        source
    }

    /// One view less; the last one frees the buffer.
    pub(crate) fn release(&mut self, value: &mut Value) {
        if let Source::Buffer(id) = std::mem::replace(&mut value.source, Source::Nowhere) {
            let slot = &mut self.slots[id as usize];
            slot.views -= 1;
            if slot.views == 0 {
                let dtype = slot.data.dtype();
                let data = std::mem::replace(&mut slot.data, Data::empty(dtype));
                self.vacant.push(id);
                self.used -= capacity_bytes(&data);
                self.give(data);
            }
        }
    }

    /// Frees every buffer; no view may be left.
    pub(crate) fn release_all(&mut self) {
        self.vacant.clear();
        self.used = 0;
        let mut slots = std::mem::take(&mut self.slots);
        for slot in slots.drain(..).filter(|slot| slot.views > 0) {
            self.give(slot.data);
        }
        self.slots = slots;
    }

    pub(crate) fn data(&self, id: BufferId) -> DataRef<'_> {
        self.slots[id as usize].data.borrow()
    }

    /// Bytes of the buffers in use and of those kept for reuse.
    pub(crate) fn bytes(&self) -> (usize, usize) {
        let free = self.free.iter().flatten().flatten().map(capacity_bytes).sum();
        (self.used, free)
    }

    /// Bytes of the buffers that were in use when there were most of them, since the pool was made.
    pub(crate) fn peak(&self) -> usize {
        self.peak
    }

    fn give(&mut self, mut data: Data) {
        let capacity = crate::dtype::each_dtype!(Data, &mut data, v => {
            v.clear();
            v.capacity()
        });
        // A buffer whose capacity is no class's (an allocator may round up) belongs to the class below.
        let (mut class, full) = size_class(capacity);
        if full > capacity {
            class -= 1;
        }
        let classes = &mut self.free[data.dtype() as usize];
        if classes.len() <= class {
            classes.resize_with(class + 1, Vec::new);
        }
        classes[class].push(data);
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
        let mut data = pool.take(DType::F64, 100);
        let Data::F64(v) = &mut data else { panic!() };
        v.resize(100, 1.0);
        let place = v.as_ptr();
        let mut first = pool.keep(data, Strides::repeat(1, 1));
        let mut second = Value { source: pool.share(first.source), ..first.clone() };
        pool.release(&mut first);
        assert_eq!(pool.bytes().1, 0);
        let in_use = pool.bytes().0;
        pool.release(&mut second);
        assert!(pool.bytes().1 >= 800);
        assert_eq!((pool.bytes().0, pool.peak()), (0, in_use));
        let Data::F64(again) = pool.take(DType::F64, 97) else { panic!() };
        assert!(again.is_empty() && again.as_ptr() == place);
    }
}
