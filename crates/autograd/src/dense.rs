//! Contiguous arrays for the oracle: plain vectors with a shape.

use crate::buffers::Strided;
use crate::call::Fill;
use crate::dtype::{Data, Element, Storable, each_dtype, with_type};
use crate::ir::Meta;
use crate::shape::Shape;

/// A tensor in row-major order.
#[derive(Clone, Debug)]
pub(crate) struct Dense {
    pub(crate) meta: Meta,
    pub(crate) data: Data,
}

impl Dense {
    /// The elements of a view, one by one unless they are contiguous.
    pub(crate) fn of(x: &Strided<'_>) -> Dense {
        let meta = Meta::new(Shape::from(x.shape), x.dtype());
        let as_they_lie =
            with_type!(x.dtype(), T => x.view::<T>().as_slice().map(|all| T::wrap(all.to_vec())));
        if let Some(data) = as_they_lie {
            return Dense { meta, data };
        }
        let mut offsets = vec![];
        for index in indices(x.shape) {
            let steps = index.iter().zip(x.strides).map(|(&i, &s)| i as isize * s).sum::<isize>();
            offsets.push(x.offset.wrapping_add_signed(steps));
        }
        let data = with_type!(x.dtype(), T => {
            let elements = T::slice(x.data);
            T::wrap(offsets.iter().map(|&p| elements[p]).collect())
        });
        Dense { meta, data }
    }

    /// The elements, in row-major order.
    pub(crate) fn slice<T: Element>(&self) -> &[T] {
        T::slice(self.data.borrow())
    }

    /// What it has at an index of its first axis.
    pub(crate) fn entry(&self, index: usize) -> Dense {
        let meta = Meta::new(self.meta.shape.without(&[0]), self.meta.dtype);
        let each = meta.shape.elements();
        Dense { data: self.data.borrow().part(index * each..(index + 1) * each).to_data(), meta }
    }

    /// Writes the elements at the given offsets, in the given order.
    pub(crate) fn gather(&self, offsets: impl Iterator<Item = usize>, y: Fill<'_>) {
        self.gather_all(&mut { offsets }, y);
    }

    fn gather_all(&self, offsets: &mut dyn Iterator<Item = usize>, y: Fill<'_>) {
        each_dtype!(Data, &self.data, v => y.write(offsets.map(|i| v[i])));
    }
}

/// The multi-index of each element of a shape, in row-major order.
pub(crate) fn indices(shape: &[usize]) -> impl Iterator<Item = Vec<usize>> + use<> {
    let shape = shape.to_vec();
    let n: usize = shape.iter().product();
    (0..n).map(move |mut offset| {
        let mut index = vec![0; shape.len()];
        for axis in (0..shape.len()).rev() {
            index[axis] = offset % shape[axis];
            offset /= shape[axis];
        }
        index
    })
}

/// The offset of a multi-index in row-major order.
pub(crate) fn offset(index: &[usize], shape: &[usize]) -> usize {
    index.iter().zip(shape).fold(0, |offset, (i, d)| offset * d + i)
}
