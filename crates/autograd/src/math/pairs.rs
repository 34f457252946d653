//! Sums and products with what their rounding lost. Source: Dekker 1971; Knuth, The Art of Computer Programming, section 4.2.2.

use crate::number::{Digits, Num};

/// a + b, and what its rounding lost.
#[inline(always)]
pub(super) fn sum<N: Digits>(a: Num<N>, b: Num<N>) -> (Num<N>, Num<N>) {
    let s = a + b;
    let back = s - a;
    (s, (a - (s - back)) + (b - back))
}

/// a + b, and what its rounding lost, where a is 0 or |a| ≥ |b|.
#[inline(always)]
pub(super) fn ordered_sum<N: Digits>(a: Num<N>, b: Num<N>) -> (Num<N>, Num<N>) {
    let s = a + b;
    (s, (a - s) + b)
}

/// a·b, and what its rounding lost.
#[inline(always)]
pub(super) fn product<N: Digits>(a: Num<N>, b: Num<N>) -> (Num<N>, Num<N>) {
    let p = a * b;
    (p, a.fused(b, -p))
}

/// (n + n′)/(d + d′), and what its rounding lost, for small n′ and d′.
#[inline(always)]
pub(super) fn quotient<N: Digits>(n: Num<N>, n_tail: Num<N>, d: Num<N>, d_tail: Num<N>) -> (Num<N>, Num<N>) {
    let inverse = 1.0 / d;
    let q = n * inverse;
    let rest = (-q).mul_add(d_tail, (-q).fused(d, n) + n_tail);
    (q, rest * inverse)
}
