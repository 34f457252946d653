//! The inverses of the trigonometric functions. Single precision is computed in double.
//!
//! Source: the reductions of Cody and Waite (1980); the coefficients are our fits, and what divisions and roots round off is
//! carried along.

use super::pairs::{ordered_sum, sum};
use super::{abs, sqrt};
use crate::number::{Digits, Literal, Num, Size, choose, if_eq, if_gt};
use crate::table::Compare::{Eq, Gt, Lt};
use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};

/// What π/4 is more than its double; double precision is twice and four times as much off from π/2 and π.
const FRAC_PI_4_LOST: f64 = f64::from_bits(0x3c81a62633145c07);
/// tan(π/8) and tan(3π/8).
const EIGHTH: f64 = 0.41421356237309503;
const THREE_EIGHTHS: f64 = 2.414213562373095;

/// The angle of the point (x, y) in the upper half plane, x and y not both 0 and finite. `y` over `x` lies within π/8 of one of 0,
/// π/4, π/2, 3π/4 and π: the difference is the arc tangent of a quotient.
#[inline(always)]
fn angle<N: Digits>(y: Num<N>, x: Num<N>, negative: N::Mask, size: Size) -> Num<N> {
    let (steep, slanting) = (y.is(Gt, THREE_EIGHTHS * x), y.is(Gt, EIGHTH * x));
    let (minus, minus_lost) = sum(y, -x);
    let (plus, plus_lost) = sum(y, x);
    let none = 0.0.number(x);
    let n = choose(steep, -x, choose(slanting, minus, y));
    let d = choose(steep, y, choose(slanting, plus, x));
    let base = choose(steep, FRAC_PI_2, choose(slanting, FRAC_PI_4, none));
    let (n, base) = (choose(negative, -n, n), choose(negative, PI - base, base));
    match size {
        Size::Single => base + arc_tangent_single(n / d),
        Size::Double => {
            let between = !steep & slanting;
            let n_lost = choose(between, minus_lost, none);
            let n_lost = choose(negative, -n_lost, n_lost);
            let t = n / d;
            let rest = (-t).fused(d, n) + n_lost - t * choose(between, plus_lost, none);
            let (hi, lo) = ordered_sum(base, t);
            let lost = (FRAC_PI_4_LOST / FRAC_PI_4).number(base).mul_add(base, rest / d);
            hi + (lo + (t * (t * t)).mul_add(arc_tangent(t * t), lost))
        }
    }
}

/// (arctan t − t)/t³ in t², where |t| ≤ tan(π/8).
#[inline(always)]
fn arc_tangent<N: Digits>(z: Num<N>) -> Num<N> {
    horner!(z; -0.3333333333333333, 0.19999999999999804, -0.14285714285659823, 0.11111111105154961,
        -0.09090908753476708, 0.07692296374333317, -0.06666424873186771, 0.05878928853518491, -0.05230453207751896,
        0.045515883721944254, -0.03457043728986823, 0.01628561866875299)
}

/// arctan t to single precision.
#[inline(always)]
fn arc_tangent_single<N: Digits>(t: Num<N>) -> Num<N> {
    let z = t * t;
    let series = horner!(z; -0.33333333279251776, 0.19999977257643065, -0.1428415113724515, 0.11071363976887182,
        -0.08624668352419353, 0.05048118403619766);
    (t * z).mul_add(series, t)
}

#[inline(always)]
pub(crate) fn atan<N: Digits>(x: Num<N>) -> Num<N> {
    // Beyond 2⁶⁰ it is π/2 to the last bit.
    const FAR: f64 = (1u64 << 60) as f64;
    let a = abs(x);
    let a = if_gt(a, FAR, FAR, a);
    let y = match N::SIZE {
        Size::Single => Num::narrow(angle(a.widen(), 1.0.number(a.widen()), never(a.widen()), Size::Single)),
        Size::Double => angle(a, 1.0.number(a), never(a), Size::Double),
    };
    y.copysign(x)
}

#[inline(always)]
fn never<N: Digits>(x: Num<N>) -> N::Mask {
    x.is(Lt, f64::NEG_INFINITY)
}

#[inline(always)]
pub(crate) fn atan2<N: Digits>(y: Num<N>, x: Num<N>) -> Num<N> {
    match N::SIZE {
        Size::Single => Num::narrow(of_two(y.widen(), x.widen(), Size::Single)),
        Size::Double => of_two(y, x, Size::Double),
    }
}

#[inline(always)]
fn of_two<N: Digits>(y: Num<N>, x: Num<N>, size: Size) -> Num<N> {
    // Beyond these, sums overflow, or products lose digits to underflow.
    const LARGE: f64 = f64::from_bits((1023 + 1000) << 52);
    const SMALL: f64 = f64::from_bits((1023 - 900) << 52);
    const DOWN: f64 = f64::from_bits((1023 - 60) << 52);
    const UP: f64 = f64::from_bits((1023 + 120) << 52);
    let (a, b) = (abs(y), abs(x));
    let largest = if_gt(a, b, a, b);
    let scale = choose(largest.is(Gt, LARGE), DOWN, choose(largest.is(Lt, SMALL), UP, 1.0.number(x)));
    // Of infinities only the direction counts, and the origin is seen from the right.
    let infinite = |v: Num<N>| v.is(Eq, f64::INFINITY);
    let any = infinite(a) | infinite(b);
    let direction = |v: Num<N>| choose(any, choose(infinite(v), 1.0, v * 0.0), v * scale);
    let (up, right) = (direction(a), direction(b));
    let right = choose(a.is(Eq, 0.0) & b.is(Eq, 0.0), 1.0, right);
    let negative = 1.0.number(x).copysign(x).is(Lt, 0.0);
    angle(up, right, negative, size).copysign(y)
}

/// (arcsin s − s)/s³ in s², where |s| ≤ ½.
#[inline(always)]
fn arc_sine<N: Digits>(z: Num<N>, size: Size) -> Num<N> {
    match size {
        Size::Single => {
            horner!(z; 0.16666666686085643, 0.07499992404401838, 0.04464766388813485, 0.030269138728589183,
            0.023611817008891752, 0.010574415516912909, 0.030974540371355073)
        }
        Size::Double => {
            horner!(z; 0.16666666666666669, 0.07499999999998433, 0.04464285714635543, 0.030381944138531247,
            0.02237217294214989, 0.017352392720869973, 0.013971212973552933, 0.011479177415184906, 0.01032281435018578,
            0.005457506718640358, 0.01740087944269402, -0.014851887071247204, 0.028757851367421566)
        }
    }
}

/// Near 0, s = |x| and lost = 0; beyond ½, s + lost = √((1 − |x|)/2), and |x| is the cosine of twice the arc. Also whether it is
/// beyond, and s² · arcsin's series.
#[inline(always)]
fn arc<N: Digits>(a: Num<N>, size: Size) -> (N::Mask, Num<N>, Num<N>) {
    let beyond = a.is(Gt, 0.5);
    let half = 0.5 * (1.0 - a);
    let root = sqrt(half);
    let lost = (-root).fused(root, half) / if_eq(root, 0.0, 1.0, 2.0 * root);
    let s = choose(beyond, root, a);
    let z = choose(beyond, half, a * a);
    let lost = choose(beyond, lost, 0.0.number(a));
    (beyond, s, (s * z).mul_add(arc_sine(z, size), lost))
}

#[inline(always)]
pub(crate) fn asin<N: Digits>(x: Num<N>) -> Num<N> {
    match N::SIZE {
        Size::Single => Num::narrow(arcsine(x.widen(), Size::Single)),
        Size::Double => arcsine(x, Size::Double),
    }
}

#[inline(always)]
fn arcsine<N: Digits>(x: Num<N>, size: Size) -> Num<N> {
    let (beyond, s, rest) = arc(abs(x), size);
    let (far, lost) = ordered_sum(FRAC_PI_2.number(x), -2.0 * s);
    let far = far + (lost + (-2.0 * rest + 2.0 * FRAC_PI_4_LOST));
    choose(beyond, far, s + rest).copysign(x)
}

#[inline(always)]
pub(crate) fn acos<N: Digits>(x: Num<N>) -> Num<N> {
    match N::SIZE {
        Size::Single => Num::narrow(arccosine(x.widen(), Size::Single)),
        Size::Double => arccosine(x, Size::Double),
    }
}

/// π/2 − arcsin x near 0; beyond, twice the arc, or π less than that.
#[inline(always)]
fn arccosine<N: Digits>(x: Num<N>, size: Size) -> Num<N> {
    let (beyond, s, rest) = arc(abs(x), size);
    let negative = x.is(Lt, 0.0);
    let zero = 0.0.number(x);
    let base = choose(beyond, choose(negative, PI, zero), FRAC_PI_2.number(x));
    let factor = choose(beyond, 2.0, 1.0.number(x));
    let factor = choose(beyond, choose(negative, -factor, factor), choose(negative, factor, -factor));
    let (hi, lost) = ordered_sum(base, factor * s);
    let base_lost = (FRAC_PI_4_LOST / FRAC_PI_4) * base;
    hi + (lost + factor.mul_add(rest, base_lost))
}
