//! Sine and cosine: x = n·π/2 + r with |r| ≤ π/4, by Cody and Waite's subtraction of π/2 in parts, which fused steps keep
//! exact for n up to 2⁴⁰. Single precision is computed in double.
//!
//! `sin_near` and `cos_near` are free of branches and right where [`NEAR`] says. `sin` and `cos` are right everywhere, and
//! the same to the last bit there: beyond they call the standard library, which reduces with as many bits of π as it
//! takes. A call keeps a loop from becoming SIMD code, so a loop should look at its block once, see
//! [`all_near`](super::all_near).

/// Where |x| is below this, three parts of π/2 are enough.
pub(super) const NEAR: f64 = 1.0e12;

const MAGIC: f64 = 6755399441055744.0;
/// π/2 = PI_1 + PI_2 + PI_3, to 160 bits.
const PI_1: f64 = f64::from_bits(0x3ff921fb54442d18);
const PI_2: f64 = f64::from_bits(0x3c91a62633145c07);
const PI_3: f64 = f64::from_bits(0xb91f1976b7ed8fbc);

/// n modulo 4, kept in the low bits, and r.
#[inline(always)]
fn quarter_turns(x: f64) -> (u64, f64) {
    let shifted = x.mul_add(std::f64::consts::FRAC_2_PI, MAGIC);
    (shifted.to_bits(), shifted - MAGIC)
}

/// Of sine and cosine the one that the quadrant asks for, with its sign.
#[inline(always)]
fn choose(quadrant: u64, sine: f64, cosine: f64) -> f64 {
    let value = if quadrant & 1 == 0 { sine } else { cosine };
    f64::from_bits(value.to_bits() ^ ((quadrant & 2) << 62))
}

/// The public functions of both modules, by their `sine_or_cosine`.
macro_rules! functions {
    ($t:ident) => {
        #[inline(always)]
        pub(in crate::math) fn sin_near(x: $t) -> $t {
            // Keeps the sign of zero and the last bit of subnormal numbers.
            if x.abs() < $t::EPSILON { x } else { sine_or_cosine(x, 0) }
        }

        #[inline(always)]
        pub(in crate::math) fn cos_near(x: $t) -> $t {
            sine_or_cosine(x, 1)
        }

        #[inline(always)]
        pub(in crate::math) fn is_near(x: $t) -> bool {
            x.abs() < NEAR as $t
        }

        #[inline(always)]
        pub(in crate::math) fn sin(x: $t) -> $t {
            if is_near(x) { sin_near(x) } else { x.sin() }
        }

        #[inline(always)]
        pub(in crate::math) fn cos(x: $t) -> $t {
            if is_near(x) { cos_near(x) } else { x.cos() }
        }
    };
}

pub(in crate::math) mod single {
    use super::*;

    #[inline(always)]
    fn sine_or_cosine(x: f32, shift: u64) -> f32 {
        let x = f64::from(x);
        let (quadrant, n) = quarter_turns(x);
        let r = (-n).mul_add(PI_2, (-n).mul_add(PI_1, x));
        let z = r * r;
        let sine = (r * z).mul_add(
            horner!(z; -0.16666666641230365, 0.00833332936677784, -0.00019839331687319324, 2.718297348535551e-06),
            r,
        );
        let cosine = (z * z).mul_add(
            horner!(z; 0.041666648190487196, -0.0013887422253614549, 2.4443921627482684e-05),
            (-0.5f64).mul_add(z, 1.0),
        );
        choose(quadrant.wrapping_add(shift), sine, cosine) as f32
    }

    functions! { f32 }
}

pub(in crate::math) mod double {
    use super::*;

    #[inline(always)]
    fn sine_or_cosine(x: f64, shift: u64) -> f64 {
        let (quadrant, n) = quarter_turns(x);
        // r and what its rounding lost, by Knuth's sum without a condition.
        let t = (-n).mul_add(PI_1, x);
        let p = n * PI_2;
        let r = t - p;
        let back = r - t;
        let lost = (t - (r - back)) - (p + back);
        let tail = lost - n.mul_add(PI_3, n.mul_add(PI_2, -p));
        let z = r * r;
        let sine = horner!(z; -0.16666666666666632, 0.008333333333322363, -0.00019841269829750898,
            2.755731367229896e-06, -2.505075527850326e-08, 1.589664750952756e-10);
        let sine = r + (r * z).mul_add(sine, (-0.5 * z).mul_add(tail, tail));
        let cosine = horner!(z; 0.0416666666666666, -0.0013888888888874444, 2.4801587289659346e-05,
            -2.755731439827649e-07, 2.0875728925954185e-09, -1.1359915229882867e-11);
        let half = 0.5 * z;
        let leading = 1.0 - half;
        let cosine = leading + (((1.0 - leading) - half) + (z * z).mul_add(cosine, -r * tail));
        choose(quadrant.wrapping_add(shift), sine, cosine)
    }

    functions! { f64 }
}
