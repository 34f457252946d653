//! The functions of the table, on views. Contiguous operands go to the loops of [`super::loops`].

use super::elementwise::{map2, tiles};
use super::loops::{self, Lane};
use super::simd::widest;
use crate::Element;
use crate::ir::{Binary, Compare, Unary};
use crate::table::{cell, compare_table};
use crate::view::View;

/// `out[i] = f(x[i])`.
pub(crate) fn unary<T: Lane>(f: Unary, x: View<'_, T>, out: &mut [T]) {
    let p = f.parameter().unwrap_or(0.0);
    match x.as_slice() {
        Some(values) => loops::fill(T::unary(f), p, [values], out),
        None => loops::fill(T::unary(f), p, [&contiguous(x)], out),
    }
}

/// `out[i] = g[i]·f′(x[i])`, given y = f(x). Returns false and does nothing where there is no such loop, or where one of the
/// three is not contiguous.
pub(crate) fn pull_back<T: Lane>(f: Unary, [x, y, g]: [View<'_, T>; 3], out: &mut [T]) -> bool {
    let (Some(slope), Some(x), Some(y), Some(g)) = (T::slope(f), x.as_slice(), y.as_slice(), g.as_slice())
    else {
        return false;
    };
    loops::fill(slope, 0.0, [x, y, g], out);
    true
}

/// `out[i] = f(a[i], b[i])`.
pub(crate) fn binary<T: Lane>(f: Binary, a: View<'_, T>, b: View<'_, T>, out: &mut [T]) {
    let f = T::binary(f);
    match (a.as_slice(), b.as_slice()) {
        (Some(a), Some(b)) => loops::fill(f, 0.0, [a, b], out),
        _ => map2([a, b], out, |x, out| loops::fill(f, 0.0, x, out)),
    }
}

macro_rules! compare_loops {
    ($($(#[$doc:meta])* $Row:ident $name:ident |$a:ident, $b:ident| $columns:tt)*) => {
        /// `out[i] = a[i] ⋚ b[i]`.
        pub(crate) fn compare<T: Element + PartialOrd>(f: Compare, a: View<'_, T>, b: View<'_, T>, out: &mut [bool]) {
            let f: fn([&[T]; 2], &mut [bool]) = match f {
                $(Compare::$Row => |[a, b], out| widest(#[inline(always)] || {
                    for ((o, &$a), &$b) in out.iter_mut().zip(a).zip(b) {
                        *o = cell!(value $columns);
                    }
                }),)*
            };
            tiles([a, b], out, f);
        }
    };
}
compare_table!(compare_loops);

fn contiguous<T: Element>(x: View<'_, T>) -> Vec<T> {
    let mut values = vec![T::default(); x.shape.iter().product()];
    super::copy(x, &mut values);
    values
}
