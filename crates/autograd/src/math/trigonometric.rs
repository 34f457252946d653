//! Sine, cosine and tangent: x = n·π/2 + r with |r| ≤ π/4, by Cody and Waite's subtraction of π/2 in parts, which fused steps keep
//! exact for n up to 2⁴⁰. Single precision is computed in double.
//!
//! `sin_near` and its kin are free of branches and right where [`NEAR`] says. `sin` and its kin are right everywhere, and
//! the same to the last bit there: beyond they call a function that reduces with as many bits of π as it takes. A call keeps a loop from becoming SIMD code, so a loop should look at its block once, see [`all_near`].

use super::pairs::{ordered_sum, product, quotient, sum};
use super::{abs, epsilon, floor, largest, magic};
use crate::number::{Digits, Literal, Num, Size, choose, if_lt};
use crate::table::Compare::{Le, Lt};
use std::f64::consts::FRAC_2_PI;

/// Where |x| is below this, three parts of π/2 are enough.
const NEAR: f64 = 1.0e12;

/// 2⁵³.
const WHOLE: f64 = 9007199254740992.0;

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
pub(crate) fn sin_near<N: Digits>(x: Num<N>) -> Num<N> {
    // Keeps the sign of zero and the last bit of subnormal numbers.
    if_lt(abs(x), epsilon::<N>(), x, sine_or_cosine(x, 0))
}

#[inline(always)]
pub(crate) fn cos_near<N: Digits>(x: Num<N>) -> Num<N> {
    sine_or_cosine(x, 1)
}

#[inline(always)]
pub(crate) fn sin<N: Digits>(x: Num<N>) -> Num<N> {
    Num(N::either(
        is_near(x),
        #[inline(always)]
        || sin_near(x).0,
        #[inline(always)]
        || far_sine_or_cosine(x, 0).0,
    ))
}

#[inline(always)]
pub(crate) fn cos<N: Digits>(x: Num<N>) -> Num<N> {
    Num(N::either(
        is_near(x),
        #[inline(always)]
        || cos_near(x).0,
        #[inline(always)]
        || far_sine_or_cosine(x, 1).0,
    ))
}

#[inline(always)]
pub(crate) fn tan<N: Digits>(x: Num<N>) -> Num<N> {
    Num(N::either(
        is_near(x),
        #[inline(always)]
        || tan_near(x).0,
        #[inline(always)]
        || far_tangent(x).0,
    ))
}

#[inline(always)]
pub(crate) fn tan_near<N: Digits>(x: Num<N>) -> Num<N> {
    let y = match N::SIZE {
        Size::Single => Num::narrow(single_tangent(near_single(x.widen()))),
        Size::Double => double_tangent(near_double(x)),
    };
    // Keeps the sign of zero and the last bit of subnormal numbers.
    if_lt(abs(x), epsilon::<N>(), x, y)
}

/// The sine of x + shift·π/2.
#[inline(always)]
fn sine_or_cosine<N: Digits>(x: Num<N>, shift: u32) -> Num<N> {
    match N::SIZE {
        Size::Single => Num::narrow(single(near_single(x.widen()), shift)),
        Size::Double => double(near_double(x), shift),
    }
}

/// The same for any x, in all the digits of π that it takes.
#[inline(never)]
fn far_sine_or_cosine<N: Digits>(x: Num<N>, shift: u32) -> Num<N> {
    match N::SIZE {
        Size::Single => Num::narrow(single(far(x.widen()), shift)),
        Size::Double => double(far(x), shift),
    }
}

/// The tangent of any x.
#[inline(never)]
fn far_tangent<N: Digits>(x: Num<N>) -> Num<N> {
    match N::SIZE {
        Size::Single => Num::narrow(single_tangent(far(x.widen()))),
        Size::Double => double_tangent(far(x)),
    }
}

/// x = n·π/2 + r: n in the low bits of a number, r, and what its rounding lost.
struct Reduced<N> {
    n: Num<N>,
    r: Num<N>,
    tail: Num<N>,
}

/// n, in the low bits of a number, and as a number.
#[inline(always)]
fn quarter_turns<N: Digits>(x: Num<N>) -> (Num<N>, Num<N>) {
    let shifted = x.mul_add(FRAC_2_PI, magic::<N>());
    (shifted, shifted - magic::<N>())
}

/// To single precision, computed in double, where x is near.
#[inline(always)]
fn near_single<N: Digits>(x: Num<N>) -> Reduced<N> {
    let (shifted, n) = quarter_turns(x);
    let r = (-n).fused_within(PI_2, (-n).fused_within(PI_1, x));
    Reduced { n: shifted, r, tail: 0.0.number(x) }
}

/// To double precision, where x is near.
#[inline(always)]
fn near_double<N: Digits>(x: Num<N>) -> Reduced<N> {
    let (shifted, n) = quarter_turns(x);
    // r and what its rounding lost, by Knuth's sum without a condition.
    let t = (-n).fused_within(PI_1, x);
    let p = n * PI_2;
    let r = t - p;
    let back = r - t;
    let lost = (t - (r - back)) - (p + back);
    let tail = lost - n.fused_within(PI_3, n.fused_within(PI_2, -p));
    Reduced { n: shifted, r, tail }
}

/// In double precision, for |x| of at least 2³⁹; NaN for infinity. With x = ±M·2ᵉ for a whole number M below 2⁵⁴, only the digits
/// of 2ᵉ·2/π below 4 count: four times 53 of them leave at least 90 good ones where x comes as close to a multiple of π/2 as it can.
///
/// Source: Payne and Hanek 1983, "Radian reduction for trigonometric functions".
#[inline(always)]
fn far<N: Digits>(x: Num<N>) -> Reduced<N> {
    let a = abs(x);
    let (k, m) = a.0.exponent_and_rest();
    let whole = Num(m) * WHOLE;
    let [p0, p1, p2, p3] = [0, 1, 2, 3].map(|part| product(whole, Num(N::two_over_pi(k, part))));
    let turn = |quarters: Num<N>| quarters - 4.0 * rounded(0.25 * quarters);
    // Whole multiples of 2⁻⁵¹, not above 2 each: their sum is exact. The first can be too large for `rounded`.
    let first = p0.0 - 4.0 * floor(0.25 * p0.0);
    let (quarters, quarters_lost) = sum(turn(turn(first) + turn(p0.1)), turn(p1.0));
    let quarters = turn(quarters);
    let n = rounded(quarters);
    let (small, small_lost) = sum(p1.1, p2.0);
    let (small, lost) = sum(small, quarters_lost);
    let (f, f_lost) = sum(quarters - n, small);
    let (f, lost) = ordered_sum(f, f_lost + (lost + (small_lost + (p2.1 + p3.0))));
    // (f + lost)·π/2.
    let (r, r_lost) = product(f, PI_1.number(f));
    let tail = f.fused(PI_2, lost.fused(PI_1, r_lost));
    let (r, tail) = ordered_sum(r, tail);
    let r = choose(a.is(Le, largest::<N>()), r, f64::NAN.number(x));
    // For negative x all signs turn.
    let sign = 1.0.number(x).copysign(x);
    Reduced { n: sign.mul_add(n, magic::<N>()), r: r * sign, tail: tail * sign }
}

/// The nearest whole number.
#[inline(always)]
fn rounded<N: Digits>(x: Num<N>) -> Num<N> {
    (x + magic::<N>()) - magic::<N>()
}

/// Sine and cosine of r, computed in double.
#[inline(always)]
fn single_pair<N: Digits>(r: Num<N>) -> (Num<N>, Num<N>) {
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
    (sine, cosine)
}

#[inline(always)]
fn single<N: Digits>(x: Reduced<N>, shift: u32) -> Num<N> {
    let (sine, cosine) = single_pair(x.r);
    Num(x.n.0.by_quadrant(shift, sine.0, cosine.0))
}

#[inline(always)]
fn single_tangent<N: Digits>(x: Reduced<N>) -> Num<N> {
    let (sine, cosine) = single_pair(x.r);
    Num(x.n.0.by_quadrant(0, sine.0, cosine.0)) / Num(x.n.0.by_quadrant(1, sine.0, cosine.0))
}

/// Sine and cosine of r + tail: the leading term of each, and the rest.
#[inline(always)]
fn double_pair<N: Digits>(r: Num<N>, tail: Num<N>) -> ([Num<N>; 2], [Num<N>; 2]) {
    let z = r * r;
    let sine = horner!(z; -0.16666666666666632, 0.008333333333322363, -0.00019841269829750898,
        2.755731367229896e-06, -2.505075527850326e-08, 1.589664750952756e-10);
    let sine = (r * z).mul_add(sine, (-0.5 * z).mul_add(tail, tail));
    let cosine = horner!(z; 0.0416666666666666, -0.0013888888888874444, 2.4801587289659346e-05,
        -2.755731439827649e-07, 2.0875728925954185e-09, -1.1359915229882867e-11);
    let half = 0.5 * z;
    let leading = 1.0 - half;
    let cosine = ((1.0 - leading) - half) + (z * z).mul_add(cosine, -r * tail);
    ([r, sine], [leading, cosine])
}

#[inline(always)]
fn double<N: Digits>(x: Reduced<N>, shift: u32) -> Num<N> {
    let (sine, cosine) = double_pair(x.r, x.tail);
    Num(x.n.0.by_quadrant(shift, (sine[0] + sine[1]).0, (cosine[0] + cosine[1]).0))
}

/// The quotient of both, with what they round off.
#[inline(always)]
fn double_tangent<N: Digits>(x: Reduced<N>) -> Num<N> {
    let (sine, cosine) = double_pair(x.r, x.tail);
    let (sine, sine_lost) = ordered_sum(sine[0], sine[1]);
    let (cosine, cosine_lost) = ordered_sum(cosine[0], cosine[1]);
    let over = |shift: u32| {
        let of = |sine: Num<N>, cosine: Num<N>| Num(x.n.0.by_quadrant(shift, sine.0, cosine.0));
        (of(sine, cosine), of(sine_lost, cosine_lost))
    };
    let ((n, n_lost), (d, d_lost)) = (over(0), over(1));
    let (q, lost) = quotient(n, n_lost, d, d_lost);
    q + lost
}
