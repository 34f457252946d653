//! xᵖ as IEEE 754 has it.

use super::{abs, exp, floor, largest, ln};
use crate::number::{Digits, LibraryOfTwo, Literal, Num, Size, choose};
use crate::table::Compare::{Eq, Ge, Gt, Ne};

#[inline(always)]
pub(crate) fn powf<N: Digits>(x: Num<N>, p: Num<N>) -> Num<N> {
    match N::SIZE {
        Size::Single => single(x, p),
        Size::Double => Num(x.0.library_of_two(LibraryOfTwo::Powf, p.0)),
    }
}

/// In double precision, whose logarithm is accurate enough for every exponent.
#[inline(always)]
fn single<N: Digits>(x: Num<N>, p: Num<N>) -> Num<N> {
    let a = abs(x);
    let size = Num::narrow(exp(p.widen() * ln(a.widen())));
    let size = choose(a.is(Eq, 1.0) & p.is(Eq, p), 1.0, size);
    let whole = floor(p).is(Eq, p);
    let odd = whole & floor(0.5 * p).is(Ne, 0.5 * p);
    let signed = choose(odd, size.copysign(x), size);
    let defined = whole | x.is(Ge, 0.0) | a.is(Gt, largest::<N>());
    let y = choose(defined, signed, f64::NAN.number(x));
    choose(p.is(Eq, 0.0) | x.is(Eq, 1.0), 1.0, y)
}
