//! Elements that do not lie one after the other.

use autograd::Data;

/// The elements of a strided view, row-major. All places that it reads must be there.
pub(crate) fn strided(data: &Data, first: usize, shape: &[usize], strides: &[usize]) -> Data {
    match data {
        Data::F32(v) => Data::F32(places(first, shape, strides).map(|i| v[i]).collect()),
        Data::F64(v) => Data::F64(places(first, shape, strides).map(|i| v[i]).collect()),
        Data::I64(v) => Data::I64(places(first, shape, strides).map(|i| v[i]).collect()),
        Data::Bool(v) => Data::Bool(places(first, shape, strides).map(|i| v[i]).collect()),
    }
}

/// The place of each element, counted like an odometer.
fn places(first: usize, shape: &[usize], strides: &[usize]) -> impl Iterator<Item = usize> {
    let mut index = vec![0; shape.len()];
    let mut at = first;
    (0..shape.iter().product()).map(move |_| {
        let here = at;
        for (axis, i) in index.iter_mut().enumerate().rev() {
            *i += 1;
            at += strides[axis];
            if *i < shape[axis] {
                break;
            }
            at -= strides[axis] * shape[axis];
            *i = 0;
        }
        here
    })
}

/// Row-major strides.
pub(crate) fn row_major(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis].max(1);
    }
    strides
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_are_read_in_row_major_order() {
        let data = Data::I64((0..12).collect());
        let read = |first, shape: &[usize], strides: &[usize]| match strided(&data, first, shape, strides) {
            Data::I64(v) => v,
            other => panic!("{other:?}"),
        };
        assert_eq!(read(0, &[2, 3], &row_major(&[2, 3])), [0, 1, 2, 3, 4, 5]);
        assert_eq!(read(0, &[3, 2], &[1, 3]), [0, 3, 1, 4, 2, 5]);
        assert_eq!(read(1, &[2, 2, 2], &[6, 0, 2]), [1, 3, 1, 3, 7, 9, 7, 9]);
        assert_eq!(read(5, &[], &[]), [5]);
        assert_eq!(read(5, &[2, 0], &[1, 1]), [0i64; 0]);
    }
}
