//! Dual numbers: forward mode, over any kind of real number.

use super::real::{Operand, Real};
use crate::number::{BinaryRow, Num, Number, Operator, UnaryRow};
use crate::rows;
use crate::table::Compare;
use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A value and its derivative in one direction: x + ẋ·ε with ε² = 0.
///
/// Both parts may be real numbers of any kind: `Dual<f64>` gives a derivative, `Dual<Dual<f64>>` a second one, and
/// `Dual<Var>` a product of a Hessian with a vector, since the tape can take the gradient of the tangent.
///
/// Source: Griewank & Walther, *Evaluating Derivatives*, 2008, section 3.1.
///
/// ```
/// use autograd::scalar::Dual;
/// let x = Dual::new(3.0, 1.0);
/// let y = 1.0 / x + x * x;
/// assert_eq!((y.value, y.tangent), (1.0 / 3.0 + 9.0, -1.0 / 9.0 + 6.0));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Dual<T> {
    /// x.
    pub value: T,
    /// ẋ, the derivative.
    pub tangent: T,
}

impl<T: Real> Dual<T> {
    /// A number with a derivative: 1 for the variable of interest, 0 for a constant.
    pub fn new(value: T, tangent: f64) -> Dual<T> {
        Dual { value, tangent: value.constant(tangent) }
    }
}

/// A tangent times what may be infinite: 0 if the tangent is.
#[track_caller]
#[inline(always)]
fn strong<T: Real>(tangent: T, x: T) -> T {
    tangent.apply_with::<rows::StrongMul>(x)
}

/// A tangent divided by what may be 0: 0 if the tangent is.
#[track_caller]
#[inline(always)]
fn over<T: Real>(tangent: T, x: T) -> T {
    let is_zero = tangent.holds(Compare::Eq, tangent.literal(0.0));
    T::select(is_zero, tangent, tangent / x)
}

/// The tangent of y = a/b, (ȧ − y·ḃ)/b.
#[track_caller]
#[inline(always)]
fn of_quotient<T: Real>(tangent: T, y: T, b: Dual<T>) -> T {
    over(tangent - strong(b.tangent, y), b.value)
}

/// Tangents of a ∘ b, of a ∘ number and of number ∘ b.
macro_rules! operators {
    ($($Trait:ident $method:ident: |$a:ident, $b:ident, $y:ident| $both:expr, $left:expr, $right:expr;)*) => {
        $(
            impl<T: Real> $Trait for Dual<T> {
                type Output = Dual<T>;
                #[track_caller]
                #[inline]
                fn $method(self, $b: Dual<T>) -> Dual<T> {
                    let $a = self;
                    let $y = $Trait::$method($a.value, $b.value);
                    Dual { value: $y, tangent: $both }
                }
            }
            impl<T: Real> $Trait<f64> for Dual<T> {
                type Output = Dual<T>;
                #[track_caller]
                #[inline]
                fn $method(self, $b: f64) -> Dual<T> {
                    let $a = self;
                    Dual { value: $Trait::$method($a.value, $b), tangent: $left }
                }
            }
            impl<T: Real> $Trait<Dual<T>> for f64 {
                type Output = Dual<T>;
                #[track_caller]
                #[inline]
                fn $method(self, $b: Dual<T>) -> Dual<T> {
                    let $a = self;
                    let $y = $Trait::$method($b.value.constant($a), $b.value);
                    Dual { value: $y, tangent: $right }
                }
            }
        )*
    };
}
operators! {
    Add add: |a, b, y| a.tangent + b.tangent, a.tangent, b.tangent;
    Sub sub: |a, b, y| a.tangent - b.tangent, a.tangent, -b.tangent;
    Mul mul: |a, b, y| a.tangent * b.value + a.value * b.tangent, a.tangent * b, b.tangent * a;
    Div div: |a, b, y| of_quotient(a.tangent, y, b), a.tangent / b, -over(strong(b.tangent, y), b.value);
}

impl<T: Real> Neg for Dual<T> {
    type Output = Dual<T>;
    #[track_caller]
    #[inline]
    fn neg(self) -> Dual<T> {
        Dual { value: -self.value, tangent: -self.tangent }
    }
}

/// Comparisons compare values.
impl<T: PartialEq> PartialEq for Dual<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}
impl<T: PartialOrd> PartialOrd for Dual<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<T: Real> Operand<Dual<T>> for Dual<T> {
    #[inline]
    fn like(self, _other: Dual<T>) -> Dual<T> {
        self
    }
}
impl<T: Real> Operand<Dual<T>> for f64 {
    #[track_caller]
    #[inline]
    fn like(self, other: Dual<T>) -> Dual<T> {
        Dual::new(other.value.constant(self), 0.0)
    }
}

/// The derivative column of the table, over any kind of real number.
impl<T: Real> Number for Dual<T> {
    type Mask = T::Mask;
    const PLAIN: bool = T::PLAIN;

    #[track_caller]
    #[inline]
    fn literal(self, value: f64) -> Self {
        Dual::new(self.value.literal(value), 0.0)
    }
    #[track_caller]
    #[inline(always)]
    fn and_literal(self, operator: Operator, c: f64) -> Self {
        operator.of(self, c)
    }
    #[track_caller]
    #[inline(always)]
    fn after_literal(self, operator: Operator, c: f64) -> Self {
        operator.of(c, self)
    }
    #[track_caller]
    #[inline]
    fn holds(self, relation: Compare, other: Self) -> T::Mask {
        self.value.holds(relation, other.value)
    }
    #[track_caller]
    #[inline]
    fn select(mask: T::Mask, then: Self, otherwise: Self) -> Self {
        Dual {
            value: T::select(mask, then.value, otherwise.value),
            tangent: T::select(mask, then.tangent, otherwise.tangent),
        }
    }
    #[track_caller]
    #[inline(always)]
    fn apply<F: UnaryRow>(self, p: f64) -> Self {
        let value = self.value.apply::<F>(p);
        let slope = F::slope(Num(self.value), Num(value), p);
        Dual { value, tangent: rows::times(F::ZEROS[1], slope, self.tangent) }
    }
    #[track_caller]
    #[inline(always)]
    fn apply_with<F: BinaryRow>(self, other: Self) -> Self {
        let value = self.value.apply_with::<F>(other.value);
        let slopes = F::slopes(Num(self.value), Num(other.value), Num(value), [true; 2]);
        let [Some(da), Some(db)] = slopes else { unreachable!("both slopes are wanted") };
        let [[_, of_a], [_, of_b]] = F::ZEROS;
        let a = rows::times(of_a, da, self.tangent);
        Dual { value, tangent: a + rows::times(of_b, db, other.tangent) }
    }
}

impl<T: Real> Real for Dual<T> {}
