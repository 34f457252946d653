//! Walks several strided views of one shape together, row by row.

use smallvec::SmallVec;

/// Calls `row(length, starts, steps)` for each innermost row, in row-major order of the elements. Axes that can be merged in
/// every view are walked as one axis, so contiguous views are a single row. The walk is compiled once for each `K`; what is to
/// be compiled for an instruction set is within `row`.
pub(crate) fn rows<const K: usize>(
    shape: &[usize],
    strides: [&[isize]; K],
    offsets: [usize; K],
    row: &mut dyn FnMut(usize, [usize; K], [isize; K]),
) {
    if shape.contains(&0) {
        return;
    }
    let axes = merge(shape, strides);
    let Some(((length, steps), outer)) = axes.split_last() else {
        return row(1, offsets, [0; K]);
    };
    let mut index: SmallVec<[usize; 8]> = SmallVec::from_elem(0, outer.len());
    let mut starts = offsets;
    loop {
        row(*length, starts, *steps);
        let mut axis = outer.len();
        loop {
            if axis == 0 {
                return;
            }
            axis -= 1;
            let (length, steps) = &outer[axis];
            index[axis] += 1;
            let back = if index[axis] < *length { 1 } else { 1 - *length as isize };
            for k in 0..K {
                starts[k] = starts[k].wrapping_add_signed(steps[k] * back);
            }
            if index[axis] < *length {
                break;
            }
            index[axis] = 0;
        }
    }
}

/// The fewest axes that give the same walk: the length of each, and its step in each view.
fn merge<const K: usize>(shape: &[usize], strides: [&[isize]; K]) -> SmallVec<[(usize, [isize; K]); 8]> {
    let mut axes: SmallVec<[(usize, [isize; K]); 8]> = SmallVec::new();
    for (axis, &length) in shape.iter().enumerate().filter(|(_, d)| **d != 1) {
        let steps: [isize; K] = std::array::from_fn(|k| strides[k][axis]);
        match axes.last_mut() {
            Some((outer, outer_steps)) if (0..K).all(|k| outer_steps[k] == steps[k] * length as isize) => {
                *outer *= length;
                *outer_steps = steps;
            }
            _ => axes.push((length, steps)),
        }
    }
    axes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(shape: &[usize], strides: &[isize]) -> (usize, Vec<usize>) {
        let (mut calls, mut indices) = (0, vec![]);
        rows(shape, [strides], [5], &mut |n, [start], [step]| {
            calls += 1;
            indices.extend((0..n).map(|i| start.wrapping_add_signed(i as isize * step)));
        });
        (calls, indices)
    }

    #[test]
    fn contiguous_axes_are_one_row() {
        assert_eq!(walk(&[2, 1, 3], &[3, 9, 1]), (1, (5..11).collect()));
        assert_eq!(walk(&[], &[]), (1, vec![5]));
        assert_eq!(walk(&[2, 0], &[0, 1]), (0, vec![]));
        assert_eq!(walk(&[3, 2], &[0, 0]), (1, vec![5; 6]));
    }

    #[test]
    fn transposes_and_broadcasts_are_walked_in_order_of_the_shape() {
        assert_eq!(walk(&[3, 2], &[1, 3]).1, [5, 8, 6, 9, 7, 10]);
        assert_eq!(walk(&[2, 2, 2], &[0, 4, 1]).1, [5, 6, 9, 10, 5, 6, 9, 10]);
    }
}
