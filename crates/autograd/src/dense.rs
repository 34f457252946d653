//! Contiguous arrays for the oracle: plain vectors with a shape, addressed by counting.

use crate::dtype::{Data, each_dtype};
use crate::ir::Meta;

/// A tensor in row-major order.
#[derive(Clone, Debug)]
pub(crate) struct Dense {
    pub(crate) meta: Meta,
    pub(crate) data: Data,
}

impl Dense {
    /// The elements at the given places, in the order given.
    pub(crate) fn gather(&self, places: impl Iterator<Item = usize>) -> Data {
        each_dtype!(Data, &self.data, v => crate::dtype::Storable::wrap(places.map(|i| v[i]).collect()))
    }
}

/// The multi-index of each element of a shape, in row-major order.
pub(crate) fn indices(shape: &[usize]) -> impl Iterator<Item = Vec<usize>> + use<> {
    let shape = shape.to_vec();
    let n: usize = shape.iter().product();
    (0..n).map(move |mut place| {
        let mut index = vec![0; shape.len()];
        for axis in (0..shape.len()).rev() {
            index[axis] = place % shape[axis];
            place /= shape[axis];
        }
        index
    })
}

/// The place of a multi-index in row-major order.
pub(crate) fn place(index: &[usize], shape: &[usize]) -> usize {
    index.iter().zip(shape).fold(0, |place, (i, d)| place * d + i)
}
