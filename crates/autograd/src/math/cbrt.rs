//! The cube root: x = 2³ᑫ·v with v between ½·√½ and 2·√2, a polynomial to 16 bits, and one step that leaves no more than the last
//! rounding.

use super::pairs::product;
use super::{abs, largest, magic, smallest_normal};
use crate::number::{Digits, Literal, Num, Size, choose};
use crate::table::Compare::{Eq, Gt, Le, Lt};

constants! {
    /// What makes subnormal numbers normal, and a third of its exponent.
    lift: 16777216.0, 18014398509481984.0;
    lift_third: 8.0, 18.0;
}

/// x^⅓ between √½ and √2. Our fit.
#[inline(always)]
fn rough<N: Digits>(x: Num<N>) -> Num<N> {
    horner!(x; 0.45368850939437955, 0.8967392149830209, -0.5237666939876867, 0.2093460512115113, -0.03600019208330247)
}

/// (1 − e)^(−⅓) = 1 + e·(⅓ + …).
#[inline(always)]
fn step<N: Digits>(e: Num<N>) -> Num<N> {
    match N::SIZE {
        Size::Single => horner!(e; 1.0 / 3.0, 2.0 / 9.0),
        Size::Double => horner!(e; 1.0 / 3.0, 2.0 / 9.0, 14.0 / 81.0, 35.0 / 243.0),
    }
}

#[inline(always)]
pub(crate) fn cbrt<N: Digits>(x: Num<N>) -> Num<N> {
    let a = abs(x);
    let subnormal = a.is(Lt, smallest_normal::<N>());
    let (k, m) = choose(subnormal, a * lift::<N>(), a).0.exponent_and_rest();
    let (k, m) = (Num(N::of_whole(k)), Num(m));
    let third = k.mul_add(1.0 / 3.0, magic::<N>()) - magic::<N>();
    let rest = (-3.0).number(k).mul_add(third, k);
    let (up, down) = (rest.is(Gt, 0.5), rest.is(Lt, -0.5));
    let v = m * choose(up, 2.0, choose(down, 0.5, 1.0.number(m)));
    // The cube roots of 2 and ½.
    let t = rough(m) * choose(up, 1.2599210498948732, choose(down, 0.7937005259840998, 1.0.number(m)));
    let (square, square_lost) = product(t, t);
    let (cube, cube_lost) = product(square, t);
    let e = ((v - cube) - square_lost.mul_add(t, cube_lost)) / v;
    let root = (t * e).mul_add(step(e), t);
    let third = third - choose(subnormal, lift_third::<N>(), 0.0.number(x));
    let power = Num((third + super::exp::magic_of::<N>(0.0)).0.power_in_low_bits());
    let ordinary = a.is(Le, largest::<N>()) & !a.is(Eq, 0.0);
    choose(ordinary, (root * power).copysign(x), x)
}
