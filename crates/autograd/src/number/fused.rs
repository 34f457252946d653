//! Multiply-adds on machines without an instruction for them.
//!
//! wasm32 has none, and the function that stands in for it takes longer than all else in a training step. So there a step that
//! may round twice does, and one that must round once is made of its parts. Source of the parts: Dekker 1971.

/// Whether a multiply-add is one instruction, or is to be computed as if it were. `--cfg unfused` is for tests.
pub(super) const FUSES: bool = !cfg!(any(target_arch = "wasm32", unfused));

/// x·a + b with one rounding, from operations that every machine has.
pub(super) trait MultiplyAdd {
    /// For all numbers.
    fn by_parts(self, a: Self, b: Self) -> Self;
    /// For factors below 2⁹⁹⁰, without a branch, so that a loop of it becomes SIMD code.
    fn by_parts_within(self, a: Self, b: Self) -> Self;
}

impl MultiplyAdd for f32 {
    /// The product is exact in double precision. The sum is rounded there first, which shows in one result of 2²⁹.
    #[inline(always)]
    fn by_parts(self, a: f32, b: f32) -> f32 {
        (f64::from(self) * f64::from(a) + f64::from(b)) as f32
    }
    #[inline(always)]
    fn by_parts_within(self, a: f32, b: f32) -> f32 {
        self.by_parts(a, b)
    }
}

impl MultiplyAdd for f64 {
    /// Exact where the result can be written without rounding, which is what a remainder asks for; else within a hair of half a
    /// unit in the last place. What is too large or too small to be split is left to the library.
    #[inline(always)]
    fn by_parts(self, a: f64, b: f64) -> f64 {
        const LARGE: f64 = 1e290;
        const SMALL: f64 = 1e-270;
        let fits = self.abs() < LARGE && a.abs() < LARGE && (SMALL..LARGE).contains(&(self * a).abs());
        if fits { self.by_parts_within(a, b) } else { self.mul_add(a, b) }
    }
    /// Of a product below 2⁻⁹⁰⁰ the last bits are lost.
    #[inline(always)]
    fn by_parts_within(self, a: f64, b: f64) -> f64 {
        let p = self * a;
        let ((x1, x2), (a1, a2)) = (halves(self), halves(a));
        let p_lost = ((x1 * a1 - p) + x1 * a2 + x2 * a1) + x2 * a2;
        let s = p + b;
        let back = s - p;
        let s_lost = (p - (s - back)) + (b - back);
        s + (s_lost + p_lost)
    }
}

/// Two numbers of 26 bits whose sum is x.
#[inline(always)]
fn halves(x: f64) -> (f64, f64) {
    const SPLIT: f64 = ((1u64 << 27) + 1) as f64;
    let shifted = SPLIT * x;
    let high = shifted - (shifted - x);
    (high, x - high)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of many sizes and both signs, the same in each run.
    fn numbers() -> impl Iterator<Item = f64> {
        let mut state = 1u64;
        std::iter::repeat_with(move || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let exponent = 1023 - 40 + (state >> 20) % 80;
            f64::from_bits(
                (state & (1 << 63)) | (exponent << 52) | (state.wrapping_mul(0x9E3779B97F4A7C15) >> 12),
            )
        })
    }

    #[test]
    fn what_a_product_lost_is_exact() {
        let mut numbers = numbers();
        for _ in 0..100_000 {
            let (x, a) = (numbers.next().unwrap(), numbers.next().unwrap());
            assert_eq!(x.by_parts(a, -(x * a)), x.mul_add(a, -(x * a)), "{x:e}·{a:e}");
            let (x, a) = (x as f32, a as f32);
            assert_eq!(x.by_parts(a, -(x * a)), x.mul_add(a, -(x * a)), "{x:e}·{a:e}");
        }
    }

    #[test]
    fn a_sum_is_rounded_as_if_once_or_to_its_neighbour() {
        let mut numbers = numbers();
        let mut differ = 0;
        for _ in 0..100_000 {
            let [x, a, b] = [(); 3].map(|()| numbers.next().unwrap());
            let (ours, true_one) = (x.by_parts(a, b), x.mul_add(a, b));
            let apart = ours.to_bits().abs_diff(true_one.to_bits());
            assert!(apart <= 1, "{x:e}·{a:e} + {b:e}: {ours:e}, not {true_one:e}");
            differ += apart;
        }
        assert!(differ < 10, "{differ}");
    }

    #[test]
    fn what_cannot_be_split_is_left_to_the_library() {
        for (x, a, b) in [
            (1e300, 1e-300, -1.0),
            (1e300, 0.5, -5e299),
            (1e200, 1e200, f64::NEG_INFINITY),
            (1e-200, 1e-200, 1.0),
            (0.0, 3.0, -0.0),
            (f64::NAN, 1.0, 1.0),
        ] {
            let (x, a): (f64, f64) = (x, a);
            assert_eq!(x.by_parts(a, b).to_bits(), x.mul_add(a, b).to_bits(), "{x:e}·{a:e} + {b:e}");
        }
    }
}
