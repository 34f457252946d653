//! Numbers of every kind: what the table of functions and `math/` are written over.
//!
//! [`Number`] is what the derivatives need, which are themselves recorded: the four operations, comparisons, and every function
//! of the table by its row. `f32` and `f64` are such numbers, and so are variables of both tapes and dual numbers.
//! [`Digits`] adds what values are computed from: `f32` and `f64`, down to their bits. Neither has an `if` on a value: a
//! comparison gives a mask, and [`Number::select`] chooses by it. So the text of a function is an expression, and what only prints
//! is a number as well (the tests print the whole table).
//!
//! Formulas are written over [`Num`], which lends its operators to any number, with `f64` literals on either side.

mod float;
mod fused;
mod num;
mod two_over_pi;

pub use num::{Literal, Num};
pub(crate) use num::{choose, if_eq, if_ge, if_gt, if_le, if_lt};

use crate::table::{Binary, Compare, Unary};
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

/// A number of some kind: `f32`, `f64`, a variable of either tape, a dual number, bounds. Formulas are written over
/// [`Num`], functions of scalars over [`scalar::Real`](crate::scalar::Real). The trait is sealed: nobody else can implement
/// it.
pub trait Number:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    /// What a comparison gives.
    #[doc(hidden)]
    type Mask: Copy;

    /// Whether it computes at once and records nothing, so that a function gains from being compiled as a whole for fused
    /// multiply-adds. What is on a tape wants to know its caller instead.
    #[doc(hidden)]
    const PLAIN: bool = false;

    /// A number of the same kind; it takes what it lacks, such as the tape, from `self`.
    #[doc(hidden)]
    #[track_caller]
    fn literal(self, value: f64) -> Self;

    /// x ∘ c for a literal c.
    #[doc(hidden)]
    #[track_caller]
    #[inline(always)]
    fn and_literal(self, operator: Operator, c: f64) -> Self {
        operator.of(self, self.literal(c))
    }

    /// c ∘ x for a literal c.
    #[doc(hidden)]
    #[track_caller]
    #[inline(always)]
    fn after_literal(self, operator: Operator, c: f64) -> Self {
        operator.of(self.literal(c), self)
    }

    /// The truth of a comparison.
    #[doc(hidden)]
    #[track_caller]
    fn holds(self, relation: Compare, other: Self) -> Self::Mask;

    /// `then` where the mask is true, else `otherwise`; both are there already.
    #[doc(hidden)]
    #[track_caller]
    fn select(mask: Self::Mask, then: Self, otherwise: Self) -> Self;

    /// A function of the table, with its parameter where it has one.
    #[doc(hidden)]
    #[track_caller]
    fn apply<F: UnaryRow>(self, p: f64) -> Self;

    /// A function of two arguments.
    #[doc(hidden)]
    #[track_caller]
    fn apply_with<F: BinaryRow>(self, other: Self) -> Self;
}

/// The operations that literals take part in.
#[derive(Clone, Copy, Debug)]
pub enum Operator {
    Add,
    Sub,
    Mul,
    Div,
}

impl Operator {
    #[track_caller]
    #[inline(always)]
    pub(crate) fn of<A, B, C>(self, a: A, b: B) -> C
    where
        A: Add<B, Output = C> + Sub<B, Output = C> + Mul<B, Output = C> + Div<B, Output = C>,
    {
        match self {
            Operator::Add => a + b,
            Operator::Sub => a - b,
            Operator::Mul => a * b,
            Operator::Div => a / b,
        }
    }
}

/// The precision of a number: which coefficients it is computed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    Single,
    Double,
}

impl Size {
    #[inline(always)]
    pub(crate) const fn of<T: Copy>(self, single: T, double: T) -> T {
        match self {
            Size::Single => single,
            Size::Double => double,
        }
    }
}

/// Numbers that `math/` computes with: IEEE 754 in single or double precision, or something that stands for it.
///
/// A function that looks into the bits is a method with a name and a meaning, so that another implementor can say it in its own
/// way.
pub trait Digits:
    Number<Mask: BitAnd<Output = Self::Mask> + BitOr<Output = Self::Mask> + Not<Output = Self::Mask>>
{
    /// The precision.
    const SIZE: Size;
    /// The same in double precision.
    type Wide: Digits<Wide = Self::Wide>;
    /// An integer of the same width.
    type Whole: Copy;

    /// The same number in double precision.
    fn widen(self) -> Self::Wide;
    /// Rounds to this precision.
    fn narrow(wide: Self::Wide) -> Self;

    /// x·a + b, rounded once, on every machine.
    fn fused(self, a: Self, b: Self) -> Self;
    /// As [`fused`](Digits::fused), without a branch anywhere, for factors below 2⁹⁹⁰; of a product below 2⁻⁹⁰⁰ the last bits may
    /// be lost.
    fn fused_within(self, a: Self, b: Self) -> Self;
    /// x·a + b, rounded once where the machine has an instruction for it, else twice: see `fused.rs`.
    fn times_plus(self, a: Self, b: Self) -> Self;
    /// The size of x with the sign of another.
    fn signed_as(self, sign: Self) -> Self;
    /// |x|.
    fn absolute(self) -> Self;
    /// √x.
    fn root(self) -> Self;
    /// The largest whole number not above x.
    fn rounded_down(self) -> Self;
    /// The smallest whole number not below x.
    fn rounded_up(self) -> Self;

    /// 2ᵏ for x that holds k, in the form of an exponent with its bias, in its low bits.
    fn power_in_low_bits(self) -> Self;
    /// k and m with x = 2ᵏ·m and ½√2 ≤ m < √2, for x positive and normal.
    fn exponent_and_rest(self) -> (Self::Whole, Self);
    /// An integer below 2²² as a number.
    fn of_whole(k: Self::Whole) -> Self;
    /// Whether an integer is 0.
    fn is_zero(k: Self::Whole) -> Self::Mask;
    /// 2⁻ᵏ, for k not below the smallest exponent; 0 from the largest on.
    fn power_of_minus(k: Self::Whole) -> Self;
    /// For x that holds an integer n in its low bits, and q = n + shift: the sine where q is even, else the cosine, with the
    /// other sign where q/2 is odd.
    fn by_quadrant(self, shift: u32, sine: Self, cosine: Self) -> Self;

    /// One of two, of which only the one that is chosen is computed: for what is rare and costs much.
    fn either(mask: Self::Mask, then: impl FnOnce() -> Self, otherwise: impl FnOnce() -> Self) -> Self;
    /// For double precision: 2ᵏ⁻⁵³·2/π modulo 4 in parts, which begin with the bits of weight 2, 2⁻⁵², 2⁻¹⁰⁵ and 2⁻¹⁵⁸ and have
    /// 53 bits each.
    fn two_over_pi(k: Self::Whole, part: u32) -> Self;
}

/// A row of the table of functions of one argument.
pub trait UnaryRow: 'static {
    /// Whether [`near`](UnaryRow::near) is right, to the same bits, for a block where `math::all_near` holds.
    const GUARDED: bool;
    /// Whether cotangent × slope pays as a loop of its own.
    const ONE_PASS: bool;
    /// What a zero does to the product of the slope with a cotangent, and with a tangent.
    const ZEROS: [Zero; 2];
    /// Whether its loops are compiled for fewer instruction sets.
    const RARE: bool;

    /// The function by its name in lists.
    fn named(p: f64) -> Unary;
    /// The value column.
    fn value<N: Digits>(x: Num<N>, p: Num<N>) -> Num<N>;
    /// The value without a branch.
    fn near<N: Digits>(x: Num<N>, p: Num<N>) -> Num<N>;
    /// The derivative column, given y = f(x).
    #[track_caller]
    fn slope<N: Number>(x: Num<N>, y: Num<N>, p: f64) -> Slope<N>;
}

/// A row of the table of functions of two arguments.
pub trait BinaryRow: 'static {
    /// The function by its name in lists.
    const NAMED: Binary;
    /// For each argument: what a zero does to the product of its slope with a cotangent, and with a tangent.
    const ZEROS: [[Zero; 2]; 2];

    /// The value column.
    fn value<N: Digits>(a: Num<N>, b: Num<N>) -> Num<N>;
    /// Of the two derivatives, given y = f(a, b), those that are wanted.
    #[track_caller]
    fn slopes<N: Number>(a: Num<N>, b: Num<N>, y: Num<N>, wanted: [bool; 2]) -> [Option<Slope<N>>; 2];
}

/// What a zero does in the product of a derivative with a slope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zero {
    /// As IEEE 754 has it: 0·∞ is NaN.
    Plain,
    /// A derivative of 0 gives 0, whatever the slope is.
    OfDerivative,
    /// A slope of 0 gives 0, whatever the derivative is.
    OfSlope,
    /// Both.
    OfEither,
}

impl Zero {
    /// Those of a row by its marks: for a cotangent and for a tangent.
    pub(crate) const fn of(pole: bool, chooses: bool) -> [Zero; 2] {
        match (pole, chooses) {
            (true, _) => [Zero::OfDerivative; 2],
            // A cotangent is finite where the loss is; only a tangent can come from a pole.
            (false, true) => [Zero::Plain, Zero::OfSlope],
            (false, false) => [Zero::Plain; 2],
        }
    }
}

/// A derivative as a row gives it.
#[derive(Clone, Copy, Debug)]
pub enum Slope<N> {
    /// The same everywhere: sweeps hand 1 on as it is, and 0 not at all.
    Constant(f64),
    /// A number that depends on the arguments.
    Varying(N),
}

impl<N> From<f64> for Slope<N> {
    #[inline(always)]
    fn from(slope: f64) -> Slope<N> {
        Slope::Constant(slope)
    }
}
impl<N> From<Num<N>> for Slope<N> {
    #[inline(always)]
    fn from(slope: Num<N>) -> Slope<N> {
        Slope::Varying(slope.0)
    }
}

impl<N: Number> Slope<N> {
    /// g times the slope.
    #[track_caller]
    #[inline(always)]
    pub(crate) fn times(self, g: N) -> N {
        match self {
            Slope::Constant(c) => g.and_literal(Operator::Mul, c),
            Slope::Varying(slope) => g * slope,
        }
    }
}
