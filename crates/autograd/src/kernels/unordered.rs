//! Fast sums in unspecified order, for bounds and finiteness checks only.

use super::simd::widest;
use super::workers::Workers;
use crate::dtype::Float;

/// How many partial sums are added side by side.
const LANES: usize = 32;

/// One thread adds up to this many numbers alone. More are cut into at most [`PIECES`] pieces.
const ALONE: usize = 1 << 13;
const PIECES: usize = 64;

/// Σ f(x). The sum is infinite or NaN if one of the terms is. `f` has to be `#[inline(always)]`.
#[inline]
pub fn sum<T: Float>(numbers: &[T], workers: &Workers, f: impl Fn(T) -> T + Sync) -> T {
    if workers.threads() == 1 || numbers.len() <= ALONE {
        return sum_alone(numbers, &f);
    }
    let size = numbers.len().div_ceil(PIECES).max(ALONE);
    let mut pieces = numbers.chunks(size);
    let mut pieces: [_; PIECES] = std::array::from_fn(|_| (pieces.next().unwrap_or_default(), T::default()));
    workers.each_of(&mut pieces, |(piece, sum)| *sum = sum_alone(piece, &f));
    pieces.iter().fold(T::default(), |sum, piece| sum + piece.1)
}

#[inline]
fn sum_alone<T: Float>(numbers: &[T], f: &impl Fn(T) -> T) -> T {
    let (rows, rest) = numbers.as_chunks::<LANES>();
    if rows.is_empty() {
        return rest.iter().fold(T::default(), |sum, &x| sum + f(x));
    }
    // The rest is added outside of the closure, so that the sums stay in registers inside.
    let mut lanes = widest(
        #[inline(always)]
        || {
            let mut lanes = [T::default(); LANES];
            for row in rows {
                for i in 0..LANES {
                    lanes[i] = lanes[i] + f(row[i]);
                }
            }
            lanes
        },
    );
    lanes.iter_mut().zip(rest).for_each(|(sum, &x)| *sum = *sum + f(x));
    let mut half = LANES / 2;
    while half > 0 {
        (0..half).for_each(|i| lanes[i] = lanes[i] + lanes[i + half]);
        half /= 2;
    }
    lanes[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_added_by_any_number_of_threads_and_what_is_not_finite_shows() {
        for threads in [1, 3] {
            let workers = Workers::new(threads);
            for n in [0, 1, 63, 64, 200, 40_001] {
                let mut numbers = vec![2.0f32; n];
                let squares = |numbers: &[f32]| sum(numbers, &workers, |x| x * x);
                assert_eq!(squares(&numbers), 4.0 * n as f32);
                for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                    if let Some(last) = numbers.last_mut() {
                        *last = bad;
                        assert!(!squares(&numbers).is_finite(), "{bad} among {n}");
                        assert!(sum(&numbers, &workers, |x| x * 0.0).is_nan(), "{bad} among {n}");
                    }
                }
            }
        }
    }
}
