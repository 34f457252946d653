use super::*;
use crate::kernels::simd::tests::by_each_set;
use crate::tree;

/// What a reduction of rows gives by each instruction set.
fn reduced<T: Lane>(act: Act, x: &[T], row: usize) -> Vec<Vec<T>> {
    let rows = x.len() / row;
    // A few elements are read with the lanes that they are in.
    let mut x = x.to_vec();
    x.resize(x.len().next_multiple_of(LANES), T::default());
    let results = by_each_set(|| {
        let mut y = vec![T::default(); rows.next_multiple_of(LANES)];
        let table = [x.as_ptr().cast_mut(), y.as_mut_ptr()];
        let wiring = Wiring { x: [0; 3], y: 1, more: [1; 2], p: T::default() };
        let tiles = Tiles { table: table.as_ptr(), start: 0, n: rows.next_multiple_of(LANES), rows, row };
        // SAFETY: rows·row elements are read, and there is room for as many sums as there are rows.
        unsafe { of_act::<T>(act)(&wiring, &tiles) };
        y.truncate(rows);
        y
    });
    results.into_iter().map(|(_, y)| y).collect()
}

/// The largest element in one walk: lane by lane, then in halves.
fn largest_of_one_walk(row: &[f32]) -> f32 {
    let mut lanes = [row[0]; LANES];
    for (i, &x) in row.iter().enumerate() {
        let lane = &mut lanes[i % LANES];
        *lane = if x > *lane { x } else { *lane };
    }
    for half in [8, 4, 2, 1] {
        for i in 0..half {
            lanes[i] = if lanes[i + half] > lanes[i] { lanes[i + half] } else { lanes[i] };
        }
    }
    lanes[0]
}

/// Rows of every length up to several parts of several chunks, with equal numbers and zeros of both signs among them.
#[test]
fn the_largest_of_a_row_is_that_of_one_walk_and_nan_where_one_is() {
    for row in 1..300 {
        let number = |i: usize| {
            [-0.0, 0.0, -1.5, -0.0, -3.0][(i * i + i / 7) % 5] - (i / row % 2) as f32 * (i % 3) as f32
        };
        let x: Vec<f32> = (0..5 * row).map(number).collect();
        for given in reduced(Act::RowMax(0), &x, row) {
            let wanted = x.chunks(row).map(largest_of_one_walk).map(f32::to_bits);
            assert!(given.iter().map(|y| y.to_bits()).eq(wanted), "rows of {row}: {given:?}");
        }
        for at in [0, row / 4, row / 2, row - 1] {
            let mut x = x.clone();
            x[2 * row + at] = f32::NAN;
            for given in reduced(Act::RowMax(0), &x, row) {
                let are_nan = given.iter().map(|y| y.is_nan());
                assert!(
                    are_nan.eq([false, false, true, false, false]),
                    "rows of {row}, NaN at {at}: {given:?}"
                );
            }
        }
    }
}

#[test]
fn sums_of_any_number_of_rows_are_those_of_the_tree() {
    for rows in 1..10 {
        for row in (1..70).chain([255, 256, 1000, 1024, 1025, 2100]) {
            let x: Vec<f64> = (0..rows * row).map(|i| (i as f64 * 0.618).fract() * 1e3).collect();
            let wanted: Vec<f64> = x.chunks(row).map(tree::sum).collect();
            for given in reduced(Act::RowSum(0), &x, row) {
                assert_eq!(given, wanted, "{rows} rows of {row}");
            }
        }
    }
}
