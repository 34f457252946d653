//! The sum of all squares, roughly: for bounds.

use super::simd::widest;
use super::workers::Workers;
use crate::dtype::Float;

/// Partial sums that are added side by side.
const LANES: usize = 64;

/// So many numbers one thread adds alone; more are cut into so many pieces.
const ALONE: usize = 1 << 15;
const PIECES: usize = 16;

/// Σ x², in an order that nobody is told; infinite or NaN if one of the numbers is.
pub(crate) fn sum<T: Float>(numbers: &[T], workers: &Workers) -> T {
    if workers.threads() == 1 || numbers.len() <= ALONE {
        return sum_alone(numbers);
    }
    let size = numbers.len().div_ceil(PIECES);
    let mut pieces = numbers.chunks(size);
    let mut pieces: [_; PIECES] = std::array::from_fn(|_| (pieces.next().unwrap_or_default(), T::default()));
    workers.each_of(&mut pieces, |(piece, sum)| *sum = sum_alone(piece));
    pieces.iter().fold(T::default(), |sum, piece| sum + piece.1)
}

fn sum_alone<T: Float>(numbers: &[T]) -> T {
    let (rows, rest) = numbers.as_chunks::<LANES>();
    let lanes = widest(
        #[inline(always)]
        || {
            let mut lanes = [T::default(); LANES];
            for row in rows {
                for i in 0..LANES {
                    lanes[i] = lanes[i] + row[i] * row[i];
                }
            }
            lanes
        },
    );
    lanes
        .iter()
        .chain(rest)
        .enumerate()
        .fold(T::default(), |sum, (i, &x)| sum + if i < LANES { x } else { x * x })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_are_added_by_any_number_of_threads_and_what_is_not_finite_shows() {
        for threads in [1, 3] {
            let workers = Workers::new(threads);
            for n in [0, 1, 63, 64, 200, 40_001] {
                let mut numbers = vec![2.0f32; n];
                assert_eq!(sum(&numbers, &workers), 4.0 * n as f32);
                for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                    if let Some(last) = numbers.last_mut() {
                        *last = bad;
                        assert!(!sum(&numbers, &workers).is_finite(), "{bad} among {n}");
                    }
                }
            }
        }
    }
}
