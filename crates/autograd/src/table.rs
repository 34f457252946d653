//! The table of elementwise functions: one row each, read by several macros.
//!
//! A row gives the name, the value, the derivative and the interval in which tests sample. The same text is
//! expanded for `f32` and `f64` (the kernels and the oracle take the value) and for [`Var`](crate::Var) (the
//! derivative, which is itself recorded and so has derivatives of its own). In a row
//!
//! * `x` (or `a`, `b`) is the argument and `y` the value already computed;
//! * a number as derivative means a constant slope: `1.0` passes the cotangent on, `0.0` contributes nothing;
//! * piecewise functions are written with `if_gt`, `if_lt`, … because a recorded program has no `if`;
//! * derivatives are written so that they stay accurate in the tails: σ′ = σ(x)·σ(−x), not σ·(1 − σ).
//!
//! Adding a row adds the function everywhere: enum, method with its documentation, kernel, oracle, VJP, JVP, tests.

/// Functions of one argument. `row name(parameters): |x, y| value, derivative, test interval;`
macro_rules! unary_table {
    ($reader:ident) => {
        $reader! {
            /// Negation, −x.  y′ = −1
            Neg neg(): |x, y| -x, -1.0, -3.0..3.0;
            /// Exponential, eˣ.  y′ = y
            Exp exp(): |x, y| exp(x), y, -3.0..3.0;
            /// Exponential minus one, eˣ − 1, without cancellation near 0.  y′ = eˣ
            Expm1 exp_m1(): |x, y| exp_m1(x), exp(x), -3.0..3.0;
            /// Natural logarithm, ln x; −∞ at 0 and NaN below.  y′ = 1/x
            Ln ln(): |x, y| ln(x), recip(x), 0.2..4.0;
            /// Logarithm of one plus x, ln(1 + x), without cancellation near 0.  y′ = 1/(1 + x)
            Ln1p ln_1p(): |x, y| ln_1p(x), recip(1.0 + x), -0.7..3.0;
            /// Square root, √x.  y′ = 1/(2y), ∞ at 0
            Sqrt sqrt(): |x, y| sqrt(x), 0.5 * recip(y), 0.2..4.0;
            /// Square, x².  y′ = 2x
            Square square(): |x, y| x * x, 2.0 * x, -3.0..3.0;
            /// Reciprocal, 1/x.  y′ = −y²
            Recip recip(): |x, y| 1.0 / x, -(y * y), 0.3..3.0;
            /// Power with a constant exponent, xᵖ, as IEEE 754 has it: 1 where p = 0, ∞ for (−∞)^½.  y′ = p·xᵖ⁻¹
            Powf powf(p): |x, y| powf(x, p), p * powf(x, lowered(p)), 0.3..3.0;
            /// Sine, sin x (x in radians).  y′ = cos x
            Sin sin(): |x, y| sin(x), cos(x), -6.0..6.0;
            /// Cosine, cos x (x in radians).  y′ = −sin x
            Cos cos(): |x, y| cos(x), -sin(x), -6.0..6.0;
            /// Inverse sine, arcsin x, in radians; NaN beyond ±1.  y′ = 1/√((1 − x)(1 + x)), ∞ at ±1
            Asin asin(): |x, y| asin(x), recip(sqrt((1.0 - x) * (1.0 + x))), -0.8..0.8;
            /// Inverse cosine, arccos x, in radians; NaN beyond ±1.  y′ = −1/√((1 − x)(1 + x)), −∞ at ±1
            Acos acos(): |x, y| acos(x), -recip(sqrt((1.0 - x) * (1.0 + x))), -0.8..0.8;
            /// Inverse tangent, arctan x, in radians.  y′ = 1/(1 + x²)
            Atan atan(): |x, y| atan(x), recip(1.0 + x * x), -3.0..3.0;
            /// Largest whole number not above x.  y′ = 0, also at the jumps
            Floor floor(): |x, y| floor(x), 0.0, 1.1..1.9;
            /// Smallest whole number not below x.  y′ = 0, also at the jumps
            Ceil ceil(): |x, y| ceil(x), 0.0, 1.1..1.9;
            /// Absolute value, |x|.  y′ = sign x, 0 at 0
            Abs abs(): |x, y| abs(x), sign(x), -3.0..3.0;
            /// Sign of x: −1, 0 or 1.  y′ = 0
            Sign sign(): |x, y| if_gt(x, 0.0, 1.0, if_lt(x, 0.0, -1.0, x)), 0.0, -3.0..3.0;
            /// Hyperbolic tangent, tanh x.  y′ = 1 − y² = 4·σ(2x)·σ(−2x)
            Tanh tanh(): |x, y| tanh(x), {
                let u = 2.0 * x;
                4.0 * sigmoid(u) * sigmoid(-u)
            }, -3.0..3.0;
            /// Logistic sigmoid, σ(x) = 1/(1 + e⁻ˣ), without overflow.  y′ = σ(x)·σ(−x)
            Sigmoid sigmoid(): |x, y| sigmoid(x), y * sigmoid(-x), -4.0..4.0;
            /// Softplus, ln(1 + eˣ), without overflow.  y′ = σ(x)
            Softplus softplus(): |x, y| if_lt(x, 0.0, 0.0, x) + ln_1p(exp(-abs(x))), sigmoid(x), -4.0..4.0;
            /// Rectified linear unit, max(0, x).  y′ = 1 where x > 0, else 0 (also at 0)
            Relu relu(): |x, y| if_lt(x, 0.0, 0.0, x), if_gt(y, 0.0, 1.0, 0.0), -3.0..3.0;
            /// Leaky rectified linear unit: x where x > 0, else slope·x.  y′ = 1 where x > 0, else slope (also at 0)
            LeakyRelu leaky_relu(slope): |x, y| if_gt(x, 0.0, x, slope * x), if_gt(x, 0.0, 1.0, slope), -3.0..3.0;
            /// Exponential linear unit: x where x > 0, else α·(eˣ − 1).  y′ = 1 where x > 0, else α·eˣ (also at 0).
            /// Source: Clevert et al. 2016, equation 15.
            Elu elu(alpha): |x, y| if_gt(x, 0.0, x, alpha * exp_m1(x)),
                if_gt(x, 0.0, 1.0, alpha * exp(if_gt(x, 0.0, 0.0, x))), -3.0..3.0;
            /// Swish, also called SiLU, x·σ(x).  y′ = σ(x)·(1 + x·σ(−x)).  Source: Ramachandran et al. 2017.
            Swish swish(): |x, y| x * sigmoid(x), sigmoid(x) * (1.0 + x * sigmoid(-x)), -4.0..4.0;
            /// Error function, 2/√π·∫₀ˣ e^(−t²) dt.  y′ = 2/√π·e^(−x²)
            Erf erf(): |x, y| erf(x), std::f64::consts::FRAC_2_SQRT_PI * exp(-(x * x)), -3.0..3.0;
            /// Distribution function of the standard normal, Φ(x) = ½·(1 + erf(x/√2)), accurate also where it is tiny.
            /// y′ = e^(−x²/2)/√(2π)
            NormalCdf normal_cdf(): |x, y| normal_cdf(x), 0.3989422804014327 * exp(-0.5 * (x * x)), -3.0..3.0;
            /// Gaussian error linear unit, x·Φ(x); NaN at −∞.  y′ = Φ(x) + x·e^(−x²/2)/√(2π), with its limits 0 and 1 at
            /// ±∞.  Source: Hendrycks and Gimpel 2016.
            Gelu gelu(): |x, y| x * normal_cdf(x),
                normal_cdf(x) + 0.3989422804014327 * if_lt(abs(x), 50.0, x, 0.0) * exp(-0.5 * (x * x)), -3.0..3.0;
            /// Gaussian error linear unit as it is approximated with tanh, ½x·(1 + tanh u) = x·σ(2u) with
            /// u = √(2/π)·(x + 0.044715·x³); NaN at −∞.  y′ = σ(2u) + 2u′·x·σ(2u)·σ(−2u), with its limits 0 and 1 at ±∞.
            /// Source: Hendrycks and Gimpel 2016.
            GeluTanh gelu_tanh(): |x, y| x * sigmoid(gelu_exponent(x)), {
                let u2 = x * (1.5957691216057308 + 0.07135481627260025 * (x * x));
                let w = if_lt(abs(x), 50.0, x, 0.0);
                let slope = 1.5957691216057308 + 0.21406444881780073 * (w * w);
                sigmoid(u2) * (1.0 + w * slope * sigmoid(-u2))
            }, -3.0..3.0;
        }
    };
}
pub(crate) use unary_table;

/// The exponent of the derivative of xᵖ, but 0 where p = 0: the derivative is 0 there, also at x = 0.
#[inline(always)]
pub(crate) fn lowered(p: f64) -> f64 {
    if p == 0.0 { 0.0 } else { p - 1.0 }
}

/// Functions of two arguments. `row name: |a, b, y| value, ∂y/∂a, ∂y/∂b, test interval of both;`
macro_rules! binary_table {
    ($reader:ident) => {
        $reader! {
            /// Sum, a + b.  ∂a = 1, ∂b = 1
            Add add: |a, b, y| a + b, 1.0, 1.0, -3.0..3.0;
            /// Difference, a − b.  ∂a = 1, ∂b = −1
            Sub sub: |a, b, y| a - b, 1.0, -1.0, -3.0..3.0;
            /// Product, a·b.  ∂a = b, ∂b = a
            Mul mul: |a, b, y| a * b, b, a, -3.0..3.0;
            /// Quotient, a/b.  ∂a = 1/b, ∂b = −y/b
            Div div: |a, b, y| a / b, recip(b), -(y / b), 0.4..3.0;
            /// Larger of two, max(a, b); NaN where either is.  ∂ = 1 to the larger, ½ each where equal
            Maximum maximum: |a, b, y| if_gt(a, b, a, if_le(a, b, b, a + b)),
                if_gt(a, b, 1.0, if_lt(a, b, 0.0, 0.5)), if_gt(a, b, 0.0, if_lt(a, b, 1.0, 0.5)), -3.0..3.0;
            /// Smaller of two, min(a, b); NaN where either is.  ∂ = 1 to the smaller, ½ each where equal
            Minimum minimum: |a, b, y| if_lt(a, b, a, if_ge(a, b, b, a + b)),
                if_lt(a, b, 1.0, if_gt(a, b, 0.0, 0.5)), if_lt(a, b, 0.0, if_gt(a, b, 1.0, 0.5)), -3.0..3.0;
            /// Power with a variable exponent, aᵇ, as IEEE 754 has it: 1 where b = 0.  ∂a = b·aᵇ⁻¹, 0 where b = 0;
            /// ∂b = y·ln a, 0 where a = 0 and b ≥ 0, and NaN where a < 0
            Pow pow: |a, b, y| powf(a, b), b * pow(a, if_eq(b, 0.0, b, b - 1.0)),
                y * ln(if_ge(b, 0.0, if_eq(a, 0.0, 1.0, a), a)), 0.3..3.0;
            /// Angle of the point (b, a) from the first axis, in radians: arctan(a/b) in the right quadrant.
            /// ∂a = b/(a² + b²), ∂b = −a/(a² + b²), without overflow; both 0 in the origin
            Atan2 atan2: |a, b, y| atan2(a, b), {
                let h = hypot(a, b);
                let h = if_eq(h, 0.0, 1.0, h);
                b / h / h
            }, {
                let h = hypot(a, b);
                let h = if_eq(h, 0.0, 1.0, h);
                -(a / h / h)
            }, 0.3..3.0;
            /// Length of the hypotenuse, √(a² + b²), without overflow.  ∂a = a/y, ∂b = b/y; both NaN in the origin
            Hypot hypot: |a, b, y| hypot(a, b), a / y, b / y, 0.3..3.0;
            /// ln(eᵃ + eᵇ), without overflow.  ∂a = σ(a − b), ∂b = σ(b − a); ½ each where equal, also at infinities
            Logaddexp logaddexp: |a, b, y| if_gt(a, b, a, if_le(a, b, b, a + b))
                + ln_1p(exp(if_gt(a, b, b - a, if_lt(a, b, a - b, 0.0)))),
                sigmoid(if_eq(a, b, 0.0, a - b)), sigmoid(if_eq(a, b, 0.0, b - a)), -3.0..3.0;
        }
    };
}
pub(crate) use binary_table;

/// Comparisons: two numbers in, a truth value out; no derivative.
macro_rules! compare_table {
    ($reader:ident) => {
        $reader! {
            /// Elementwise a > b, as a mask.
            Gt gt: |a, b| a > b;
            /// Elementwise a ≥ b, as a mask.
            Ge ge: |a, b| a >= b;
            /// Elementwise a < b, as a mask.
            Lt lt: |a, b| a < b;
            /// Elementwise a ≤ b, as a mask.
            Le le: |a, b| a <= b;
            /// Elementwise a = b, as a mask.
            Eq eq: |a, b| a == b;
            /// Elementwise a ≠ b, as a mask.
            Ne ne: |a, b| a != b;
        }
    };
}
pub(crate) use compare_table;
