//! Special functions: members of families that have an op, and formulas of them.

use super::Var;
use crate::ir::{Family, Special};
use crate::record::record;
use std::f64::consts::SQRT_2;

/// A method for a member of a family: the function, an example, and the family.
macro_rules! special {
    ($($(#[$doc:meta])* $name:ident($($order:ident)?) at $at:literal ($($given:literal)?) = $value:literal; $Family:ident $first:expr;)*) => {
        /// Special functions, elementwise, for `F32` and `F64`: computed in double precision. Any other dtype panics.
        /// Their errors are a few units of the last place of double precision, where nothing else is said.
        impl<'t> Var<'t> {
            $($(#[$doc])*
            #[doc = concat!(
                "\n```\nlet tape = autograd::Tape::new();\n",
                "let y = tape.var(", stringify!($at), ").", stringify!($name), "(", $(stringify!($given),)? ").item();\n",
                "assert!((y - ", stringify!($value), ").abs() < 1e-12);\n```"
            )]
            #[track_caller]
            pub fn $name(self $(, $order: u32)?) -> Var<'t> {
                record(Special { family: Family::$Family, order: $first }, &[self])
            })*
        }
    };
}

special! {
    /// Logarithm of the size of the gamma function, ln |Γ(x)|; ∞ at 0, −1, −2, …  y′ = ψ(x). Relative accuracy also near its
    /// zeros 1 and 2; below 0, near its zeros, absolute accuracy. Source: NIST Digital Library of Mathematical Functions, 5.2.
    ln_gamma() at 0.7 () = 0.260867246531667; LnGamma 0;
    /// The digamma function, ψ(x) = Γ′(x)/Γ(x); NaN at −1, −2, …  y′ = ψ′(x). Near its zeros absolute accuracy.
    digamma() at 0.7 () = -1.22002355369793; LnGamma 1;
    /// The trigamma function, ψ′(x); ∞ at 0, −1, −2, …  y′ = ψ″(x).
    trigamma() at 0.7 () = 2.83404915669461; LnGamma 2;
    /// The n-th derivative of the digamma function, ψ⁽ⁿ⁾(x); at 0, −1, −2, … it is ∞ for odd n and else NaN.  y′ = ψ⁽ⁿ⁺¹⁾(x).
    polygamma(n) at 0.7 (2) = -6.43499287419092; LnGamma n.saturating_add(1);
    /// The gamma function, Γ(x) = ∫ t^(x − 1)·e⁻ᵗ dt over t > 0; NaN at −1, −2, …, ±∞ at ±0.  y′ = y·ψ(x).
    gamma() at 0.7 () = 1.29805533264756; Gamma 0;
    /// Complementary error function, 1 − erf x, accurate also where it is tiny.  y′ = −2/√π·e^(−x²).
    erfc() at 0.7 () = 0.322198806162582; Erfc 0;
    /// Scaled complementary error function, e^(x²)·erfc x.  y′ = 2x·y − 2/√π, accurate far out at any order.
    erfcx() at 0.7 () = 0.525930337349441; Erfcx 0;
    /// Inverse of the error function; ±∞ at ±1 and NaN beyond.  y′ = ½·√π·e^(y²).
    erfinv() at 0.7 () = 0.732869077959217; Erfinv 0;
    /// Inverse of the distribution function of the standard normal, Φ⁻¹(x), also called probit; −∞ at 0, ∞ at 1, and NaN beyond.
    /// y′ = √(2π)·e^(y²/2).
    normal_quantile() at 0.7 () = 0.524400512708041; NormalQuantile 0;
    /// Bessel function of the first kind, Jₙ(x).  y′ = ½·(Jₙ₋₁(x) − Jₙ₊₁(x)), −J₁(x) for n = 0. Absolute accuracy.
    bessel_j(n) at 0.7 (0) = 0.881200888607405; BesselJ n;
    /// Modified Bessel function of the first kind, Iₙ(x).  y′ = ½·(Iₙ₋₁(x) + Iₙ₊₁(x)), I₁(x) for n = 0.
    bessel_i(n) at 0.7 (0) = 1.12630301830681; BesselI n;
    /// Scaled modified Bessel function, e^(−|x|)·I₀(x), accurate far out at any order. It has a kink at 0, where its odd
    /// derivatives are 0.
    bessel_i0e() at 0.7 () = 0.559305526507068; I0e 0;
    /// Scaled modified Bessel function, e^(−|x|)·I₁(x), accurate far out at any order.
    bessel_i1e() at 0.7 () = 0.184669982762747; I1e 0;
    /// Normalised cardinal sine, sin(πx)/(πx), and 1 at 0, with all digits near 0 at any order.
    sinc() at 0.7 () = 0.367883010571774; Sinc 0;
    /// Hyperbolic cardinal sine, sinh x/x, and 1 at 0, with all digits near 0 at any order.
    sinhc() at 0.7 () = 1.08369100262791; Sinhc 0;
    /// (eˣ − 1)/x, and 1 at 0: the first of the φ functions of exponential integrators, with all digits near 0 at any order.
    /// Source: Hochbruck and Ostermann 2010, equation 2.10.
    phi1() at 0.7 () = 1.44821815352925; Phi1 0;
    /// x − tanh x, with all digits near 0.  y′ = tanh² x.
    tanhshrink() at 0.7 () = 0.0956322228828365; TanhShrink 0;
    /// Entropy of a part, −x·ln x; 0 at 0 and −∞ below.  y′ = −ln x − 1: ∞ at 0 and NaN below.
    entr() at 0.7 () = 0.249672460757113; Entropy 0;
}

impl<'t> Var<'t> {
    /// Logarithm of the distribution function of the standard normal, ln Φ(x), accurate in both tails.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([-40.0, 0.0]);
    /// let y = x.ln_normal_cdf().to_vec::<f64>();
    /// assert!((y[0] + 804.608442013754).abs() < 1e-12 && (y[1] + std::f64::consts::LN_2).abs() < 1e-15);
    /// ```
    #[track_caller]
    pub fn ln_normal_cdf(self) -> Var<'t> {
        let x = self;
        // Each side on arguments that suit it, so that the other adds 0 to a derivative.
        let (above, below) = (x.gt(0.0), x.le(0.0));
        let up = (-(-above.select(x, 0.0)).normal_cdf()).ln_1p();
        let u = below.select(x, 0.0);
        // Beyond the bound the square alone counts, and at infinity the rest has no slope.
        let down = (0.5 * (u.maximum(-1e18) * (-1.0 / SQRT_2)).erfcx()).ln() - 0.5 * u.square();
        above.select(up, below.select(down, x))
    }

    /// The Bernoulli function x/(eˣ − 1), and 1 at 0, with all digits near 0 at any order: in the flux of Scharfetter and Gummel
    /// (1969).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([0.0, 1.0]);
    /// let y = x.bernoulli_function();
    /// assert!((y.sum().item() - 1.0 - 1.0 / (1f64.exp() - 1.0)).abs() < 1e-15);
    /// assert_eq!(y.sum().grad([x])[0].index(0, 0).item(), -0.5);
    /// ```
    #[track_caller]
    pub fn bernoulli_function(self) -> Var<'t> {
        // B(x) = e⁻ˣ/φ(−x) for x > 0, where nothing overflows, and B(x) = −x + B(−x) for the rest.
        let above = self.gt(0.0);
        let size = above.select(self, -self);
        let y = (-size).exp() / (-size).phi1();
        above.select(y, y + size)
    }

    /// The Langevin function coth x − 1/x, and 0 at 0, with all digits near 0. Source: Langevin 1905.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([0.0, 1e-20, 2.0]);
    /// let y = x.langevin();
    /// assert!((y - tape.constant([0.0, 1e-20 / 3.0, 0.53731472072755])).abs().max().item() < 1e-14);
    /// assert!((y.sum().grad([x])[0].index(0, 0).item() - 1.0 / 3.0).abs() < 1e-15);
    /// ```
    #[track_caller]
    pub fn langevin(self) -> Var<'t> {
        let near = self.abs().lt(1.5);
        let x = near.select(self, 0.0);
        let inner = x * (record(Special { family: Family::Sinhc, order: 1 }, &[x]) / x.sinhc());
        let x = near.select(2.0, self);
        let e = (-2.0 * x.abs()).exp();
        let outer = x.sign() * (1.0 + 2.0 * (e / (1.0 - e))) - x.recip();
        near.select(inner, outer)
    }

    /// ln Γ(x + d) − ln Γ(x) for a number d, without the loss of digits where x is large. Near poles of either, absolute accuracy.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var(1e10);
    /// assert!((x.ln_gamma_ratio(1.0).item() - 1e10f64.ln()).abs() < 1e-14);
    /// ```
    #[track_caller]
    pub fn ln_gamma_ratio(self, d: f64) -> Var<'t> {
        self.ln_gamma_step(self.full_like(d))
    }

    /// ln Γ(x + d) − ln Γ(x): far out by Stirling's formula, with x·ln(1 + d/x) for the difference of large numbers.
    #[track_caller]
    fn ln_gamma_step(self, d: Var<'t>) -> Var<'t> {
        let sum = self + d;
        let far = self.minimum(sum).ge(20.0);
        let (x, end) = (far.select(self, 1.0), far.select(sum, 1.0));
        let (d, near) = (far.select(d, 0.0), [far.select(1.0, self), far.select(1.0, sum)]);
        let rest = |x: Var<'t>| {
            // Σ B₂ₖ/(2k·(2k − 1)·x²ᵏ⁻¹), k = 1 to 6: the next term is below 1e-19 from 20 on.
            let w = x.square().recip();
            let terms = [-691.0 / 360360.0, 1.0 / 1188.0, -1.0 / 1680.0, 1.0 / 1260.0, -1.0 / 360.0];
            (1.0 / 12.0 + terms.into_iter().fold(w * 0.0, |sum, c| w * (sum + c))) / x
        };
        let stirling = (end - 0.5) * (d / x).ln_1p() + d * (x.ln() - 1.0) + (rest(end) - rest(x));
        far.select(stirling, near[1].ln_gamma() - near[0].ln_gamma())
    }

    /// Logarithm of the beta function, ln B(a, b) = ln Γ(a) + ln Γ(b) − ln Γ(a + b), without the loss of digits where one
    /// of them is large. Shapes are broadcast.
    ///
    /// # Panics
    /// If shapes clash or dtypes differ.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let (a, b) = (tape.var(2.0), tape.var(3.0));
    /// assert!((a.ln_beta(b).item() + 12f64.ln()).abs() < 1e-15);
    /// assert!((tape.var(1e10).ln_beta(1.0).item() + 1e10f64.ln()).abs() < 1e-14);
    /// ```
    #[track_caller]
    pub fn ln_beta(self, b: impl super::Operand<'t>) -> Var<'t> {
        let (a, b) = Var::broadcast_pair("ln_beta", self, b.like(self));
        let order = a.gt(b);
        let (large, small) = (order.select(a, b), order.select(b, a));
        small.ln_gamma() - large.ln_gamma_step(small)
    }
}
