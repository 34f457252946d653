//! ln Γ and ψ on many numbers: where a block lies on the right of their poles, as nearly all do, in SIMD code; elsewhere one number at a time,
//! with the same bits.

use super::simd::widest;
use crate::dtype::Float;
use crate::math::special as math;
use crate::number::Num;

/// Numbers that are looked at together.
const BLOCK: usize = 64;

/// `out[i] = ln |Γ(x[i])|`.
pub(crate) fn ln_gamma<T: Float>(x: &[T], out: &mut [T]) {
    by_blocks(
        x,
        out,
        -0.5,
        #[inline(always)]
        |x| math::ln_gamma_right(Num(x)).0,
        math::ln_gamma,
    );
}

/// `out[i] = ψ(x[i])`.
pub(crate) fn digamma<T: Float>(x: &[T], out: &mut [T]) {
    by_blocks(
        x,
        out,
        0.0,
        #[inline(always)]
        |x| math::digamma_right(Num(x)).0,
        math::digamma,
    );
}

/// By `right` where all numbers of a block are above `bound`.
#[inline(always)]
fn by_blocks<T: Float>(x: &[T], out: &mut [T], bound: f64, right: impl Fn(f64) -> f64, any: fn(f64) -> f64) {
    widest(
        #[inline(always)]
        || {
            for (x, out) in x.chunks(BLOCK).zip(out.chunks_mut(BLOCK)) {
                let mut all_right = true;
                for x in x {
                    all_right &= x.to_f64() > bound;
                }
                if all_right {
                    for (y, x) in out.iter_mut().zip(x) {
                        *y = T::from_f64(right(x.to_f64()));
                    }
                } else {
                    for (y, x) in out.iter_mut().zip(x) {
                        *y = T::from_f64(any(x.to_f64()));
                    }
                }
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_the_bits_of_single_numbers() {
        let right = (1..2000).map(|i| f64::from(i) * 0.0137).chain((-300..300).map(|k| 10f64.powi(k)));
        let ends = [
            f64::MIN_POSITIVE,
            5e-324,
            f64::MAX,
            f64::INFINITY,
            2.5,
            7.5,
            8.0,
            10.0,
            f64::NAN,
            -0.0,
            0.0,
            -0.3,
        ];
        let all: Vec<f64> = right.chain(ends).chain((0..200).map(|i| f64::from(i) * -0.071)).collect();
        for (f, one) in
            [(ln_gamma as fn(&[f64], &mut [f64]), math::ln_gamma as fn(f64) -> f64), (digamma, math::digamma)]
        {
            let mut y = vec![0.0; all.len()];
            f(&all, &mut y);
            for (&x, y) in all.iter().zip(y) {
                assert_eq!(y.to_bits(), one(x).to_bits(), "at {x}: {y}, alone {}", one(x));
            }
        }
    }
}
