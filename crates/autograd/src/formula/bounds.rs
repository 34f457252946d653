//! Intervals as numbers: they bound what a formula gives.

use crate::number::{BinaryRow, Number, UnaryRow};
use crate::table::{Binary, Compare, Unary};
use std::ops::{Add, Div, Mul, Neg, Sub};

/// All numbers from `least` to `greatest`: a formula over these gives bounds of its results, apart from rounding. Where it
/// does not know better, the bounds are infinite, so that "finite" can be relied on, and "infinite" has to be looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// No number is below.
    pub least: f64,
    /// No number is above.
    pub greatest: f64,
    /// Larger numbers count as infinite, also those on the way to a result.
    limit: f64,
}

impl Bounds {
    /// From one number to another, in a type whose largest finite number is `max`.
    #[inline]
    pub fn new(least: f64, greatest: f64, max: f64) -> Bounds {
        // Far more than what rounding adds.
        let limit = max / 16.0;
        let known = least >= -limit && greatest <= limit;
        let (least, greatest) = if known { (least, greatest) } else { (f64::NEG_INFINITY, f64::INFINITY) };
        Bounds { least, greatest, limit }
    }

    /// The same type.
    #[inline]
    fn like(self, least: f64, greatest: f64) -> Bounds {
        Bounds::new(least, greatest, self.limit * 16.0)
    }

    /// Anything.
    fn any(self) -> Bounds {
        self.like(f64::NEG_INFINITY, f64::INFINITY)
    }

    /// Whether every number in it is finite.
    #[inline]
    pub fn is_finite(self) -> bool {
        self.greatest < f64::INFINITY
    }

    /// All numbers of both, and those between.
    #[inline]
    pub fn and(self, other: Bounds) -> Bounds {
        let least = if self.least < other.least { self.least } else { other.least };
        let greatest = if self.greatest > other.greatest { self.greatest } else { other.greatest };
        Bounds { least, greatest, limit: self.limit }
    }

    /// The interval that holds all of four numbers; anything, if one of them is NaN.
    #[inline]
    fn around(self, corners: [f64; 4]) -> Bounds {
        let [a, b, c, d] = corners;
        if (a + b + c + d).is_nan() {
            return self.any();
        }
        // None is NaN, so plain comparisons do.
        let (less, more) =
            (|x: f64, y: f64| if x < y { x } else { y }, |x: f64, y: f64| if x > y { x } else { y });
        self.like(less(less(a, b), less(c, d)), more(more(a, b), more(c, d)))
    }

    /// A function that grows.
    #[inline]
    fn growing(self, f: impl Fn(f64) -> f64) -> Bounds {
        self.like(f(self.least), f(self.greatest))
    }
}

impl Add for Bounds {
    type Output = Bounds;
    #[inline]
    fn add(self, b: Bounds) -> Bounds {
        self.like(self.least + b.least, self.greatest + b.greatest)
    }
}
impl Sub for Bounds {
    type Output = Bounds;
    #[inline]
    fn sub(self, b: Bounds) -> Bounds {
        self.like(self.least - b.greatest, self.greatest - b.least)
    }
}
impl Mul for Bounds {
    type Output = Bounds;
    #[inline]
    fn mul(self, b: Bounds) -> Bounds {
        let (a, b) = ([self.least, self.greatest], [b.least, b.greatest]);
        self.around([a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1]])
    }
}
impl Div for Bounds {
    type Output = Bounds;
    #[inline]
    fn div(self, b: Bounds) -> Bounds {
        if b.least <= 0.0 && b.greatest >= 0.0 {
            return self.any();
        }
        let (a, b) = ([self.least, self.greatest], [b.least, b.greatest]);
        self.around([a[0] / b[0], a[0] / b[1], a[1] / b[0], a[1] / b[1]])
    }
}
impl Neg for Bounds {
    type Output = Bounds;
    #[inline]
    fn neg(self) -> Bounds {
        self.like(-self.greatest, -self.least)
    }
}

impl Number for Bounds {
    /// Whether it holds for all, for none, or for some.
    type Mask = Option<bool>;
    const PLAIN: bool = true;

    #[inline]
    fn literal(self, value: f64) -> Bounds {
        self.like(value, value)
    }

    fn holds(self, relation: Compare, other: Bounds) -> Option<bool> {
        // Unless the answer is the same at all corners it is open; equal numbers may lie within.
        let corners = [
            relation.holds(self.least, other.least),
            relation.holds(self.least, other.greatest),
            relation.holds(self.greatest, other.least),
            relation.holds(self.greatest, other.greatest),
        ];
        let one = self.least == self.greatest && other.least == other.greatest;
        let open =
            matches!(relation, Compare::Eq | Compare::Ne) && !one || !self.is_finite() || !other.is_finite();
        (!open && corners.iter().all(|&holds| holds == corners[0])).then_some(corners[0])
    }

    fn select(mask: Option<bool>, then: Bounds, otherwise: Bounds) -> Bounds {
        match mask {
            Some(true) => then,
            Some(false) => otherwise,
            None => then.and(otherwise),
        }
    }

    #[inline]
    fn apply<F: UnaryRow>(self, p: f64) -> Bounds {
        match F::named(p) {
            Unary::Neg => -self,
            Unary::Sqrt => self.growing(f64::sqrt),
            Unary::Square | Unary::Abs => {
                let (a, b) = (self.least.abs(), self.greatest.abs());
                let least = if self.least <= 0.0 && self.greatest >= 0.0 { 0.0 } else { a.min(b) };
                let sizes = self.like(least, a.max(b));
                if F::named(p) == Unary::Abs { sizes } else { sizes.growing(|x| x * x) }
            }
            Unary::Sign if self.is_finite() => self.growing(|x| if x == 0.0 { x } else { x.signum() }),
            Unary::Tanh if self.is_finite() => self.like(-1.0, 1.0),
            Unary::Sigmoid if self.is_finite() => self.like(0.0, 1.0),
            Unary::Relu => self.growing(|x| x.max(0.0)),
            Unary::Exp => self.growing(|x| x.exp()),
            Unary::Recip => self.like(1.0, 1.0) / self,
            _ => self.any(),
        }
    }

    #[inline]
    fn apply_with<F: BinaryRow>(self, b: Bounds) -> Bounds {
        match F::NAMED {
            // NaN of either is NaN of both.
            Binary::Maximum | Binary::Minimum if !self.is_finite() || !b.is_finite() => self.any(),
            Binary::Maximum => self.like(self.least.max(b.least), self.greatest.max(b.greatest)),
            Binary::Minimum => self.like(self.least.min(b.least), self.greatest.min(b.greatest)),
            _ => self.any(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Num;

    /// Results at many points within an interval lie within its bounds.
    fn holds(
        f: impl Fn(Num<Bounds>, Num<Bounds>) -> Num<Bounds>,
        g: impl Fn(Num<f64>, Num<f64>) -> Num<f64>,
    ) {
        let ends = [-3.0, -1.0, -0.5, 0.0, 0.25, 1.0, 2.0];
        for (i, &a) in ends.iter().enumerate() {
            for &b in &ends[i..] {
                for &c in &[-0.75, 0.5, 1.5] {
                    let (x, y) = (Bounds::new(a, b, f64::MAX), Bounds::new(c, c + 0.5, f64::MAX));
                    let bounds = f(Num::of(x), Num::of(y)).get();
                    for k in 0..=8 {
                        for l in 0..=4 {
                            let at = (a + (b - a) * f64::from(k) / 8.0, c + 0.5 * f64::from(l) / 4.0);
                            let value = g(Num::of(at.0), Num::of(at.1)).get();
                            let slack = 1e-12;
                            let inside = bounds.least - slack <= value && value <= bounds.greatest + slack;
                            assert!(inside || !bounds.is_finite(), "{value} at {at:?} is not in {bounds:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn what_a_formula_gives_lies_within_its_bounds() {
        holds(|x, y| x * y - x / y + 2.0, |x, y| x * y - x / y + 2.0);
        holds(|x, y| x.square() + y.abs(), |x, y| x.square() + y.abs());
        holds(|x, y| x.abs().sqrt() - y.sign(), |x, y| x.abs().sqrt() - y.sign());
        holds(|x, y| x.sign() * y.maximum(x), |x, y| x.sign() * y.maximum(x));
        holds(|x, y| x.minimum(y) + x.exp(), |x, y| x.minimum(y) + x.exp());
        holds(|x, y| x.if_gt(y, x, -y), |x, y| x.if_gt(y, x, -y));
        holds(|x, y| x.if_eq(y, 5.0, x.relu()), |x, y| x.if_eq(y, 5.0, x.relu()));
        holds(|x, y| -x.tanh() * y.sigmoid(), |x, y| -x.tanh() * y.sigmoid());
        holds(|x, y| x.square().recip() - y, |x, y| x.square().recip() - y);
    }

    #[test]
    fn what_may_be_infinite_or_nan_has_no_finite_size() {
        let x = Num::of(Bounds::new(-1e200, 1e200, f64::MAX));
        let finite = |x: Num<Bounds>| x.get().is_finite();
        assert!(finite(x) && finite(x * 1e100) && !finite(x * x) && !finite(x.square()));
        assert!(!finite(1.0 / x) && !finite(x.sqrt()) && !finite(x.ln()) && !finite(0.0 * (x * x)));
        assert!(finite((x * 1e-100).square().minimum(3.0) + 1.0) && !finite(x - x.square()));
        assert!(!finite(Num::of(Bounds::new(f64::NAN, 1.0, f64::MAX)) + 1.0));
        // What overflows on the way, in single precision.
        let x = Num::of(Bounds::new(0.0, 2e19, f64::from(f32::MAX)));
        assert!(finite(x * 1e10) && !finite(1e-20 * x.square()));
    }
}
