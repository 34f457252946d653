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
pub(crate) fn sum<T: Float>(numbers: &[T], workers: &Workers, f: impl Fn(T) -> T + Sync) -> T {
    if workers.threads() == 1 || numbers.len() <= ALONE {
        return sum_alone(numbers, &f);
    }
    let size = numbers.len().div_ceil(PIECES).max(ALONE);
    let mut pieces = numbers.chunks(size);
    let mut pieces: [_; PIECES] = std::array::from_fn(|_| (pieces.next().unwrap_or_default(), T::default()));
    workers.each_of(&mut pieces, |(piece, sum)| *sum = sum_alone(piece, &f));
    pieces.iter().fold(T::default(), |sum, piece| sum + piece.1)
}

/// Σ x² in double precision. The order depends on the length alone, so that the bits are the same on every CPU.
pub(crate) fn squares<T: Float>(numbers: &[T]) -> f64 {
    let (rows, rest) = numbers.as_chunks::<16>();
    let mut lanes = widest(
        #[inline(always)]
        || {
            let mut lanes = [0.0; 16];
            for row in rows {
                for i in 0..16 {
                    let x = row[i].to_f64();
                    lanes[i] += x * x;
                }
            }
            lanes
        },
    );
    lanes.iter_mut().zip(rest).for_each(|(sum, x)| *sum += x.to_f64() * x.to_f64());
    let mut half = 8;
    while half > 0 {
        (0..half).for_each(|i| lanes[i] += lanes[i + half]);
        half /= 2;
    }
    lanes[0]
}

/// A bound of |x|, infinite if one is infinite or NaN: the root of the sum of squares, or the largest where that overflows.
#[inline]
pub fn bound<T: Float>(numbers: &[T], workers: &Workers) -> f64 {
    let squares = sum(
        numbers,
        workers,
        #[inline(always)]
        |x| x * x,
    );
    // Squares vanish below the second number, in either type.
    if squares.is_finite() { 1.01 * squares.to_f64().sqrt() + 1e-18 } else { largest(numbers) }
}

/// The largest |x|, infinite if one is NaN. x·0 is 0 for finite numbers and NaN for others, so the sum of these products tells
/// whether all are finite.
#[cold]
fn largest<T: Float>(numbers: &[T]) -> f64 {
    let zero = T::default();
    let (rows, rest) = numbers.as_chunks::<LANES>();
    let mut all = (zero, zero, zero);
    let mut add = |x: T| {
        all = (if x < all.0 { x } else { all.0 }, if x > all.1 { x } else { all.1 }, all.2 + x * zero);
    };
    rest.iter().for_each(|&x| add(x));
    if !rows.is_empty() {
        let (low, high, sums) = widest(
            #[inline(always)]
            || {
                let (mut low, mut high, mut sums) = ([zero; LANES], [zero; LANES], [zero; LANES]);
                for row in rows {
                    for i in 0..LANES {
                        let x = row[i];
                        low[i] = if x < low[i] { x } else { low[i] };
                        high[i] = if x > high[i] { x } else { high[i] };
                        sums[i] = sums[i] + x * zero;
                    }
                }
                // Halves are joined, which takes few steps, each for several lanes.
                let mut half = LANES / 2;
                while half > 0 {
                    for i in 0..half {
                        let (a, b, c) = (low[i + half], high[i + half], sums[i + half]);
                        low[i] = if a < low[i] { a } else { low[i] };
                        high[i] = if b > high[i] { b } else { high[i] };
                        sums[i] = sums[i] + c;
                    }
                    half /= 2;
                }
                (low[0], high[0], sums[0])
            },
        );
        [low, high, sums].into_iter().for_each(add);
    }
    let (low, high, sum) = all;
    if sum == zero { high.to_f64().max(-low.to_f64()) } else { f64::INFINITY }
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
    fn bounds_hold_and_show_what_is_not_finite_on_any_number_of_threads() {
        for threads in [1, 3] {
            let workers = Workers::new(threads);
            assert!(bound::<f64>(&[], &workers) < 1e-17);
            for n in [1, 31, 64, 200, 40_001] {
                for (at, x) in [(0, -7.5f32), (n / 2, 9.0), (n - 1, -1e30), (n / 3, f32::NEG_INFINITY)] {
                    let mut numbers = vec![-2.0f32; n];
                    numbers[at] = x;
                    let wide: Vec<f64> = numbers.iter().map(|&x| f64::from(x)).collect();
                    let least = f64::from(x.abs()).max(if n > 1 { 2.0 } else { 0.0 });
                    for got in [bound(&numbers, &workers), bound(&wide, &workers)] {
                        assert!(
                            got >= least
                                && (got <= 1.02 * (least + 2.0 * (n as f64).sqrt()) || x.is_infinite())
                        );
                        assert_eq!(got.is_finite(), x.is_finite());
                    }
                    numbers[n / 2] = f32::NAN;
                    assert_eq!(bound(&numbers, &workers), f64::INFINITY);
                }
            }
            assert!(bound(&[1e-30f32], &workers) >= 1e-30 && bound(&[1e200, -2e200], &workers) == 2e200);
        }
    }

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
