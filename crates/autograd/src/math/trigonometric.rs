//! Sine and cosine: x = n·π/2 + r with |r| ≤ π/4, by Cody and Waite's subtraction of π/2 in parts, which fused steps keep
//! exact for n up to 2⁴⁰. Single precision is computed in double.
//!
//! `sin_near` and `cos_near` are free of branches and right where [`NEAR`] says. `sin` and `cos` are right everywhere, and
//! the same to the last bit there: beyond they call the standard library, which reduces with as many bits of π as it
//! takes. A call keeps a loop from becoming SIMD code, so a loop should look at its block once, see [`all_near`].

use super::{abs, epsilon, magic};
use crate::number::{Digits, Library, Literal, Num, Size, if_lt};
use crate::table::Compare::Lt;
use std::f64::consts::FRAC_2_PI;

/// Where |x| is below this, three parts of π/2 are enough.
const NEAR: f64 = 1.0e12;

/// π/2 = PI_1 + PI_2 + PI_3, to 160 bits.
const PI_1: f64 = f64::from_bits(0x3ff921fb54442d18);
const PI_2: f64 = f64::from_bits(0x3c91a62633145c07);
const PI_3: f64 = f64::from_bits(0xb91f1976b7ed8fbc);

/// Whether a block may take `sin_near` and `cos_near` in the place of `sin` and `cos`: the bits are the same.
#[inline(always)]
pub(crate) fn all_near<T: Digits<Mask = bool>>(block: &[T]) -> bool {
    let mut near = true;
    for &x in block {
        near &= is_near(Num(x));
    }
    near
}

#[inline(always)]
fn is_near<N: Digits>(x: Num<N>) -> N::Mask {
    abs(x).is(Lt, NEAR)
}

#[inline(always)]
pub(crate) fn sin<N: Digits>(x: Num<N>) -> Num<N> {
    Num(N::either(
        is_near(x),
        #[inline(always)]
        || sin_near(x).0,
        #[inline(always)]
        || x.0.library(Library::Sin),
    ))
}

#[inline(always)]
pub(crate) fn cos<N: Digits>(x: Num<N>) -> Num<N> {
    Num(N::either(
        is_near(x),
        #[inline(always)]
        || cos_near(x).0,
        #[inline(always)]
        || x.0.library(Library::Cos),
    ))
}

#[inline(always)]
pub(crate) fn sin_near<N: Digits>(x: Num<N>) -> Num<N> {
    // Keeps the sign of zero and the last bit of subnormal numbers.
    if_lt(abs(x), epsilon::<N>(), x, sine_or_cosine(x, 0))
}

#[inline(always)]
pub(crate) fn cos_near<N: Digits>(x: Num<N>) -> Num<N> {
    sine_or_cosine(x, 1)
}

/// The sine of x + shift·π/2.
#[inline(always)]
fn sine_or_cosine<N: Digits>(x: Num<N>, shift: u32) -> Num<N> {
    match N::SIZE {
        Size::Single => Num::narrow(single(x.widen(), shift)),
        Size::Double => double(x, shift),
    }
}

/// n, in the low bits of a number, and as a number.
#[inline(always)]
fn quarter_turns<N: Digits>(x: Num<N>) -> (Num<N>, Num<N>) {
    let shifted = x.mul_add(FRAC_2_PI, magic::<N>());
    (shifted, shifted - magic::<N>())
}

/// To single precision, computed in double.
#[inline(always)]
fn single<N: Digits>(x: Num<N>, shift: u32) -> Num<N> {
    let (shifted, n) = quarter_turns(x);
    let r = (-n).mul_add(PI_2, (-n).mul_add(PI_1, x));
    let z = r * r;
    let sine = (r * z).mul_add(
        horner!(z; -0.16666666641230365, 0.00833332936677784, -0.00019839331687319324, 2.718297348535551e-06),
        r,
    );
    let cosine = (z * z).mul_add(
        horner!(z; 0.041666648190487196, -0.0013887422253614549, 2.4443921627482684e-05),
        // −½·z + 1
        (-0.5).number(z).mul_add(z, 1.0),
    );
    Num(shifted.0.by_quadrant(shift, sine.0, cosine.0))
}

/// To double precision.
#[inline(always)]
fn double<N: Digits>(x: Num<N>, shift: u32) -> Num<N> {
    let (shifted, n) = quarter_turns(x);
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
    Num(shifted.0.by_quadrant(shift, sine.0, cosine.0))
}
