//! Fast sums in unspecified order, for bounds and finiteness checks only.

use super::simd::widest;
use super::workers::Workers;
use crate::dtype::{DataRef, Float};

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

/// The largest |x|, infinite if one is NaN; 0 of none.
#[inline]
pub fn largest<T: Float>(numbers: &[T], workers: &Workers) -> f64 {
    if workers.threads() == 1 || numbers.len() <= ALONE {
        return largest_alone(numbers);
    }
    let size = numbers.len().div_ceil(PIECES).max(ALONE);
    let mut pieces = numbers.chunks(size);
    let mut pieces: [_; PIECES] = std::array::from_fn(|_| (pieces.next().unwrap_or_default(), 0.0));
    workers.each_of(&mut pieces, |(piece, most)| *most = largest_alone(piece));
    pieces.iter().fold(0.0, |most: f64, piece| most.max(piece.1))
}

/// Without its sign bit a number is the larger the larger its bits are, and NaN is above infinity.
#[inline]
fn largest_alone<T: Float>(numbers: &[T]) -> f64 {
    macro_rules! largest {
        ($numbers:ident $T:ident $Bits:ident) => {{
            let bits = |x: &$T| (x.to_bits() & !(1 << ($Bits::BITS - 1))) as $Bits;
            let (rows, rest) = $numbers.as_chunks::<LANES>();
            let most = rest.iter().map(bits).fold(0, $Bits::max);
            if rows.is_empty() {
                return f64::from($T::from_bits(most.min($T::INFINITY.to_bits() as $Bits) as _));
            }
            let lanes = widest(
                #[inline(always)]
                || {
                    let mut lanes = [0; LANES];
                    for row in rows {
                        for i in 0..LANES {
                            let x = bits(&row[i]);
                            lanes[i] = if x > lanes[i] { x } else { lanes[i] };
                        }
                    }
                    lanes
                },
            );
            let most = lanes.into_iter().fold(most, $Bits::max).min($T::INFINITY.to_bits() as $Bits);
            f64::from($T::from_bits(most as _))
        }};
    }
    match T::share(numbers) {
        DataRef::F32(numbers) => largest!(numbers f32 i32),
        DataRef::F64(numbers) => largest!(numbers f64 i64),
        _ => unreachable!("numbers are F32 or F64"),
    }
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
    fn the_largest_is_found_by_any_number_of_threads_and_nan_is_infinite() {
        for threads in [1, 3] {
            let workers = Workers::new(threads);
            assert_eq!(largest::<f64>(&[], &workers), 0.0);
            for n in [1, 31, 64, 200, 40_001] {
                for (at, x) in [(0, -7.5f32), (n / 2, 9.0), (n - 1, -1e30), (n / 3, f32::NEG_INFINITY)] {
                    let mut numbers = vec![-2.0f32; n];
                    numbers[at] = x;
                    let wide: Vec<f64> = numbers.iter().map(|&x| f64::from(x)).collect();
                    let want = f64::from(x.abs());
                    assert_eq!((largest(&numbers, &workers), largest(&wide, &workers)), (want, want));
                    numbers[n / 2] = f32::NAN;
                    assert_eq!(largest(&numbers, &workers), f64::INFINITY);
                }
            }
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
