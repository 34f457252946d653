//! The table of elementwise functions: one row each, read by several macros.
//!
//! ```text
//! /// What it is, its formula and its derivative: the documentation of the method.
//! Variant method(parameter) |x, y| { column: …; column: …; mark; … }
//! ```
//!
//! | column | of one argument | of two |
//! |---|---|---|
//! | `value` | y, of the functions of `math/` | likewise |
//! | `slope`, or `da` and `db` | the derivative, of the functions of this table | the two derivatives |
//! | `with` | – | what the two have in common, as statements before them |
//! | `test` | the interval in which tests sample | the interval of both |
//! | `near` | the value without a branch, in blocks that `math::all_near` finds near | – |
//! | `cheap` | one instruction, or a few: computed again where that saves a store | likewise |
//! | `one_pass` | `backward` computes cotangent × slope in one loop; pays where the slope takes several operations and none is a call | – |
//! | `rare` | compiled for fewer instruction sets: half the speed where vectors have 512 bits, for a third less to compile | – |
//! | `commutes` | – | f(a, b) = f(b, a) to the last bit |
//! | `chooses` | a slope of 0 means that the argument is not looked at: its tangent may be infinite | likewise |
//! | `pole` | the slope can be infinite or NaN at a finite argument: a zero cotangent times it is 0 | likewise |
//!
//! The columns stand in any order; [`cell!`] picks one by its name and [`marked!`] tells whether a mark is there, so that a new
//! column concerns this file and the reader that asks for it. Those of functions are expanded once, in `rows.rs`, over any kind
//! of number ([`Number`](crate::number::Number)), with all that they may name in scope. In them
//!
//! * `x` (or `a`, `b`) is the argument and `y` the value already computed;
//! * a number takes the type of what it meets: write `0.5 * x` for single precision too;
//! * a number as derivative means a constant slope: `1.0` passes the cotangent on, `0.0` contributes nothing;
//! * piecewise functions are written with `if_gt`, `if_lt`, … because a recorded program, and a printed one, has no `if`;
//! * derivatives are written so that they stay accurate in the tails: σ′ = σ(x)·σ(−x), not σ·(1 − σ).
//!
//! Adding a row adds the function everywhere: enum, method with its documentation, kernel, oracle, VJP, JVP, scalars, tests.

mod columns;
mod enums;

pub(crate) use columns::{cell, marked, unless_operator};
pub use enums::{Binary, Compare, Unary};

/// Functions of one argument.
macro_rules! unary_table {
    ($reader:ident) => {
        $reader! {
            /// Negation, −x.  y′ = −1
            Neg neg() |x, y| { value: -x; slope: -1.0; test: -3.0..3.0; cheap; }
            /// Exponential, eˣ.  y′ = y
            Exp exp() |x, y| { value: exp(x); slope: y; test: -3.0..3.0; pole; }
            /// Exponential minus one, eˣ − 1, without cancellation near 0.  y′ = eˣ
            Expm1 exp_m1() |x, y| { value: exp_m1(x); slope: exp(x); test: -3.0..3.0; pole; }
            /// Natural logarithm, ln x; −∞ at 0 and NaN below.  y′ = 1/x
            Ln ln() |x, y| { value: ln(x); slope: recip(x); test: 0.2..4.0; one_pass; pole; }
            /// Logarithm of one plus x, ln(1 + x), without cancellation near 0.  y′ = 1/(1 + x)
            Ln1p ln_1p() |x, y| { value: ln_1p(x); slope: recip(1.0 + x); test: -0.7..3.0; pole; }
            /// Square root, √x.  y′ = 1/(2y), ∞ at 0
            Sqrt sqrt() |x, y| { value: sqrt(x); slope: 0.5 * recip(y); test: 0.2..4.0; one_pass; pole; }
            /// Square, x².  y′ = 2x
            Square square() |x, y| { value: x * x; slope: 2.0 * x; test: -3.0..3.0; cheap; one_pass; }
            /// Reciprocal, 1/x.  y′ = −y²
            Recip recip() |x, y| { value: 1.0 / x; slope: -strong_mul(y, y); test: 0.3..3.0; one_pass; pole; }
            /// Power with a constant exponent, xᵖ, as IEEE 754 has it: 1 where p = 0, ∞ for (−∞)^½.  y′ = p·xᵖ⁻¹
            Powf powf(p) |x, y| { value: powf(x, p); slope: p * powf(x, lowered(p)); test: 0.3..3.0; pole; }
            /// Sine, sin x (x in radians).  y′ = cos x
            Sin sin() |x, y| { value: sin(x); near: sin_near(x); slope: cos(x); test: -6.0..6.0; }
            /// Cosine, cos x (x in radians).  y′ = −sin x
            Cos cos() |x, y| { value: cos(x); near: cos_near(x); slope: -sin(x); test: -6.0..6.0; }
            /// Inverse sine, arcsin x, in radians; NaN beyond ±1.  y′ = 1/√((1 − x)(1 + x)), ∞ at ±1
            Asin asin() |x, y| {
                value: asin(x);
                slope: recip(sqrt(one_minus_square(x)));
                test: -0.8..0.8;
                pole;
                rare;
            }
            /// Inverse cosine, arccos x, in radians; NaN beyond ±1.  y′ = −1/√((1 − x)(1 + x)), −∞ at ±1
            Acos acos() |x, y| {
                value: acos(x);
                slope: -recip(sqrt(one_minus_square(x)));
                test: -0.8..0.8;
                pole;
                rare;
            }
            /// Inverse tangent, arctan x, in radians.  y′ = 1/(1 + x²)
            Atan atan() |x, y| { value: atan(x); slope: recip(1.0 + x * x); test: -3.0..3.0; rare; }
            /// Largest whole number not above x.  y′ = 0, also at the jumps
            Floor floor() |x, y| { value: floor(x); slope: 0.0; test: 1.1..1.9; cheap; }
            /// Smallest whole number not below x.  y′ = 0, also at the jumps
            Ceil ceil() |x, y| { value: ceil(x); slope: 0.0; test: 1.1..1.9; cheap; }
            /// Absolute value, |x|.  y′ = sign x, 0 at 0
            Abs abs() |x, y| { value: abs(x); slope: sign(x); test: -3.0..3.0; cheap; }
            /// Sign of x: −1, 0 or 1.  y′ = 0
            Sign sign() |x, y| {
                value: if_gt(x, 0.0, 1.0, if_lt(x, 0.0, -1.0, x));
                slope: 0.0;
                test: -3.0..3.0;
                cheap;
            }
            /// Hyperbolic tangent, tanh x.  y′ = 1 − y² = 4·σ(2x)·σ(−2x)
            Tanh tanh() |x, y| {
                value: tanh(x);
                slope: {
                    let u = 2.0 * x;
                    4.0 * sigmoid(u) * sigmoid(-u)
                };
                test: -3.0..3.0;
                one_pass;
            }
            /// Logistic sigmoid, σ(x) = 1/(1 + e⁻ˣ), without overflow.  y′ = σ(x)·σ(−x)
            Sigmoid sigmoid() |x, y| { value: sigmoid(x); slope: y * sigmoid(-x); test: -4.0..4.0; one_pass; }
            /// Softplus, ln(1 + eˣ), without overflow.  y′ = σ(x)
            Softplus softplus() |x, y| {
                value: if_lt(x, 0.0, 0.0, x) + ln_1p(exp(-abs(x)));
                slope: sigmoid(x);
                test: -4.0..4.0;
                one_pass;
            }
            /// Rectified linear unit, max(0, x).  y′ = 1 where x > 0, else 0 (also at 0)
            Relu relu() |x, y| {
                value: if_lt(x, 0.0, 0.0, x);
                slope: if_gt(y, 0.0, 1.0, 0.0);
                test: -3.0..3.0;
                cheap;
                one_pass;
                chooses;
            }
            /// Leaky rectified linear unit: x where x > 0, else slope·x.  y′ = 1 where x > 0, else slope (also at 0)
            LeakyRelu leaky_relu(slope) |x, y| {
                value: if_gt(x, 0.0, x, slope * x);
                slope: if_gt(x, 0.0, 1.0, slope);
                test: -3.0..3.0;
                cheap;
            }
            /// Exponential linear unit: x where x > 0, else α·(eˣ − 1).  y′ = 1 where x > 0, else α·eˣ (also at 0).
            /// Source: Clevert et al. 2016, equation 15.
            Elu elu(alpha) |x, y| {
                value: if_gt(x, 0.0, x, alpha * exp_m1(x));
                slope: if_gt(x, 0.0, 1.0, alpha * exp(if_gt(x, 0.0, 0.0, x)));
                test: -3.0..3.0;
            }
            /// Swish, also called SiLU, x·σ(x).  y′ = σ(x)·(1 + x·σ(−x)).  Source: Ramachandran et al. 2017.
            Swish swish() |x, y| {
                value: times_share(x, sigmoid(x));
                slope: {
                    let w = if_lt(abs(x), 1e30, x, 0.0);
                    sigmoid(x) * (1.0 + w * sigmoid(-x))
                };
                test: -4.0..4.0;
                one_pass;
            }
            /// Error function, 2/√π·∫₀ˣ e^(−t²) dt.  y′ = 2/√π·e^(−x²)
            Erf erf() |x, y| {
                value: erf(x);
                slope: std::f64::consts::FRAC_2_SQRT_PI * exp(-(x * x));
                test: -3.0..3.0;
            }
            /// Distribution function of the standard normal, Φ(x) = ½·(1 + erf(x/√2)), accurate also where it is tiny.
            /// y′ = e^(−x²/2)/√(2π)
            NormalCdf normal_cdf() |x, y| {
                value: normal_cdf(x);
                slope: 0.3989422804014327 * exp(-0.5 * (x * x));
                test: -3.0..3.0;
            }
            /// Gaussian error linear unit, x·Φ(x).  y′ = Φ(x) + x·e^(−x²/2)/√(2π), with its limits 0 and 1 at
            /// ±∞.  Source: Hendrycks and Gimpel 2016.
            Gelu gelu() |x, y| {
                value: times_share(x, normal_cdf(x));
                slope: normal_cdf(x) + 0.3989422804014327 * if_lt(abs(x), 50.0, x, 0.0) * exp(-0.5 * (x * x));
                test: -3.0..3.0;
                one_pass;
            }
            /// Gaussian error linear unit as it is approximated with tanh, ½x·(1 + tanh u) = x·σ(2u) with
            /// u = √(2/π)·(x + 0.044715·x³).  y′ = σ(2u) + 2u′·x·σ(2u)·σ(−2u), with its limits 0 and 1 at ±∞.
            /// Source: Hendrycks and Gimpel 2016.
            GeluTanh gelu_tanh() |x, y| {
                value: times_share(x, sigmoid(x * (1.5957691216057308 + 0.07135481627260025 * (x * x))));
                slope: {
                    let u2 = x * (1.5957691216057308 + 0.07135481627260025 * (x * x));
                    let w = if_lt(abs(x), 50.0, x, 0.0);
                    let slope = 1.5957691216057308 + 0.21406444881780073 * (w * w);
                    sigmoid(u2) * (1.0 + w * slope * sigmoid(-u2))
                };
                test: -3.0..3.0;
                one_pass;
            }
            // Further elementary functions.
            /// Tangent, tan x (x in radians).  y′ = 1 + y²
            Tan tan() |x, y| { value: tan(x); near: tan_near(x); slope: 1.0 + y * y; test: -1.2..1.2; rare; }
            /// Hyperbolic sine, sinh x.  y′ = cosh x
            Sinh sinh() |x, y| { value: sinh(x); slope: cosh(x); test: -3.0..3.0; pole; rare; }
            /// Hyperbolic cosine, cosh x.  y′ = sinh x
            Cosh cosh() |x, y| { value: cosh(x); slope: sinh(x); test: -3.0..3.0; pole; rare; }
            /// Inverse hyperbolic sine, arsinh x.  y′ = 1/√(1 + x²), without overflow
            Asinh asinh() |x, y| { value: asinh(x); slope: recip(hypot(x, 1.0.number(x))); test: -3.0..3.0; rare; }
            /// Inverse hyperbolic cosine, arcosh x; NaN below 1.  y′ = 1/(√(x − 1)·√(x + 1)), ∞ at 1
            Acosh acosh() |x, y| { value: acosh(x); slope: recip(sqrt(x - 1.0) * sqrt(x + 1.0)); test: 1.3..4.0; pole; rare; }
            /// Inverse hyperbolic tangent, artanh x; ±∞ at ±1 and NaN beyond.  y′ = 1/((1 − x)(1 + x)), ∞ at ±1
            Atanh atanh() |x, y| { value: atanh(x); slope: recip(one_minus_square(x)); test: -0.8..0.8; pole; rare; }
            /// Cube root, ∛x, also of negative numbers.  y′ = 1/(3y²), ∞ at 0
            Cbrt cbrt() |x, y| { value: cbrt(x); slope: recip(3.0 * (y * y)); test: 0.2..4.0; pole; rare; }
            /// Power of two, 2ˣ, exact where x is a whole number.  y′ = y·ln 2
            Exp2 exp2() |x, y| { value: exp2(x); slope: std::f64::consts::LN_2 * y; test: -3.0..3.0; pole; }
            /// Logarithm to the base 2, log₂ x, exact for powers of two; −∞ at 0 and NaN below.  y′ = 1/(x·ln 2)
            Log2 log2() |x, y| { value: log2(x); slope: std::f64::consts::LOG2_E / x; test: 0.2..4.0; pole; }
            /// Logarithm to the base 10, log₁₀ x, exact for powers of ten; −∞ at 0 and NaN below.  y′ = 1/(x·ln 10)
            Log10 log10() |x, y| { value: log10(x); slope: std::f64::consts::LOG10_E / x; test: 0.2..4.0; pole; rare; }
        }
    };
}
pub(crate) use unary_table;

/// Functions of two arguments.
macro_rules! binary_table {
    ($reader:ident) => {
        $reader! {
            /// Sum, a + b.  ∂a = 1, ∂b = 1
            Add add |a, b, y| { value: a + b; da: 1.0; db: 1.0; test: -3.0..3.0; cheap; commutes; }
            /// Difference, a − b.  ∂a = 1, ∂b = −1
            Sub sub |a, b, y| { value: a - b; da: 1.0; db: -1.0; test: -3.0..3.0; cheap; }
            /// Product, a·b.  ∂a = b, ∂b = a
            Mul mul |a, b, y| { value: a * b; da: b; db: a; test: -3.0..3.0; cheap; commutes; }
            /// Product whose zero on the left is a strong one: a·b, and 0 where a = 0, also if b is infinite or NaN.
            /// ∂a = b, ∂b = a; where a = 0, ∂a = 0 if b is not finite.
            ///
            /// It multiplies a cotangent, on the left, by a slope that may be infinite or NaN: what nobody uses spoils no
            /// gradient. CppAD calls it `azmul`.
            StrongMul strong_mul |a, b, y| {
                value: if_eq(a, 0.0, a, a * b);
                da: if_eq(a, 0.0, if_lt(abs(b), f64::INFINITY, b, 0.0), b);
                db: a;
                test: -3.0..3.0;
                cheap;
                pole;
            }
            /// Product in which a zero on either side is a strong one: a·b, and 0 where a = 0 or b = 0. ∂a = b, ∂b = a; 0
            /// where the one is 0 and the other is not finite.
            ///
            /// It is what the derivative of `strong_mul` by its second factor takes.
            AbsoluteMul absolute_mul |a, b, y| {
                value: if_eq(a, 0.0, a, if_eq(b, 0.0, b, a * b));
                da: if_eq(a, 0.0, if_lt(abs(b), f64::INFINITY, b, 0.0), b);
                db: if_eq(b, 0.0, if_lt(abs(a), f64::INFINITY, a, 0.0), a);
                test: -3.0..3.0;
                cheap;
            }
            /// Quotient, a/b.  ∂a = 1/b, ∂b = −y/b
            Div div |a, b, y| { value: a / b; da: recip(b); db: -(y / b); test: 0.4..3.0; pole; }
            /// Larger of two, max(a, b); NaN where either is.  ∂ = 1 to the larger, ½ each where equal
            Maximum maximum |a, b, y| {
                value: if_gt(a, b, a, if_le(a, b, b, a + b));
                da: if_gt(a, b, 1.0, if_lt(a, b, 0.0, 0.5));
                db: if_gt(a, b, 0.0, if_lt(a, b, 1.0, 0.5));
                test: -3.0..3.0;
                cheap;
                chooses;
            }
            /// Smaller of two, min(a, b); NaN where either is.  ∂ = 1 to the smaller, ½ each where equal
            Minimum minimum |a, b, y| {
                value: if_lt(a, b, a, if_ge(a, b, b, a + b));
                da: if_lt(a, b, 1.0, if_gt(a, b, 0.0, 0.5));
                db: if_lt(a, b, 0.0, if_gt(a, b, 1.0, 0.5));
                test: -3.0..3.0;
                cheap;
                chooses;
            }
            /// Power with a variable exponent, aᵇ, as IEEE 754 has it: 1 where b = 0.  ∂a = b·aᵇ⁻¹, 0 where b = 0;
            /// ∂b = y·ln a, 0 where a = 0 and b ≥ 0, and NaN where a < 0
            Pow pow |a, b, y| {
                value: powf(a, b);
                da: strong_mul(b, pow(a, b - 1.0));
                db: strong_mul(if_eq(a, 0.0, if_ge(b, 0.0, 0.0, y), y), ln(a));
                test: 0.3..3.0;
                pole;
            }
            /// Angle of the point (b, a) from the first axis, in radians: arctan(a/b) in the right quadrant.
            /// ∂a = b/(a² + b²), ∂b = −a/(a² + b²), without overflow; both 0 in the origin
            Atan2 atan2 |a, b, y| {
                value: atan2(a, b);
                with: {
                    let h = hypot(a, b);
                    let h = if_eq(h, 0.0, 1.0, h);
                };
                da: b / h / h;
                db: -(a / h / h);
                test: 0.3..3.0;
            }
            /// Length of the hypotenuse, √(a² + b²), without overflow.  ∂a = a/y, ∂b = b/y; both NaN in the origin
            Hypot hypot |a, b, y| { value: hypot(a, b); da: a / y; db: b / y; test: 0.3..3.0; pole; }
            /// ln(eᵃ + eᵇ), without overflow.  ∂a = σ(a − b), ∂b = σ(b − a); ½ each where equal, also at infinities
            Logaddexp logaddexp |a, b, y| {
                value: if_gt(a, b, a, if_le(a, b, b, a + b)) + ln_1p(exp(if_gt(a, b, b - a, if_lt(a, b, a - b, 0.0))));
                // Equal infinities have no difference; finite numbers that are equal have one that varies.
                with: {
                    let d = if_lt(abs(a), f64::INFINITY, a - b, if_eq(a, b, 0.0, a - b));
                };
                da: sigmoid(d);
                db: sigmoid(-d);
                test: -3.0..3.0;
            }
        }
    };
}
pub(crate) use binary_table;

/// Comparisons: two numbers in, a truth value out; no derivative.
macro_rules! compare_table {
    ($reader:ident) => {
        $reader! {
            /// Elementwise a > b, as a mask.
            Gt gt |a, b| { value: a > b; }
            /// Elementwise a ≥ b, as a mask.
            Ge ge |a, b| { value: a >= b; }
            /// Elementwise a < b, as a mask.
            Lt lt |a, b| { value: a < b; }
            /// Elementwise a ≤ b, as a mask.
            Le le |a, b| { value: a <= b; }
            /// Elementwise a = b, as a mask.
            Eq eq |a, b| { value: a == b; }
            /// Elementwise a ≠ b, as a mask.
            Ne ne |a, b| { value: a != b; }
        }
    };
}
pub(crate) use compare_table;
