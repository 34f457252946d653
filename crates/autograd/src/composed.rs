//! Functions that are formulas of the table's functions: activations of the literature, and functions of information theory.
//!
//! They have no kernels: a program fuses what a formula records into one pass, and a derivative of any order follows. A function
//! whose formula would lose digits has a row in the table instead.

use crate::number::{Literal, Num, Number, if_ge, if_gt, if_le, if_lt};
use crate::var::{Operand, Var};
use std::f64::consts::{LN_2, LN_10};

/// A function by one formula, for formulas of a user ([`Num`]) and for tensors.
macro_rules! composed {
    ($($(#[$doc:meta])* $name:ident($x:ident $(, $p:ident)*) at $at:literal ($($given:literal),*) = $value:literal; $formula:expr;)*) => {
        /// Functions that are formulas of the others.
        impl<N: Number> Num<N> {
            $($(#[$doc])*
            #[track_caller]
            #[inline(always)]
            pub fn $name(self $(, $p: f64)*) -> Num<N> {
                let $x = self;
                $formula
            })*
        }

        /// Functions that are formulas of the others, elementwise.
        impl<'t> Var<'t> {
            $($(#[$doc])*
            #[doc = concat!(
                "\n```\nlet tape = autograd::Tape::new();\n",
                "let y = tape.var(", stringify!($at), ").", stringify!($name), "(", stringify!($($given),*), ").item();\n",
                "assert!((y - ", stringify!($value), ").abs() < 1e-12);\n```"
            )]
            #[track_caller]
            pub fn $name(self $(, $p: f64)*) -> Var<'t> {
                Num(self).$name($($p),*).0
            })*
        }

        #[cfg(test)]
        mod each {
            use super::*;

            /// Every function at a variable, with its name.
            pub(super) fn at<'t>(x: Var<'t>) -> Vec<(&'static str, Var<'t>)> {
                vec![$((stringify!($name), x.$name($($given),*))),*]
            }
        }
    };
}

composed! {
    /// Scaled exponential linear unit, λ·(x where x > 0, else α·(eˣ − 1)), whose outputs keep mean 0 and variance 1.
    /// Slope at 0: λ·α, from the left. Source: Klambauer et al. 2017, equation 2.
    selu(x) at 0.7 () = 0.735490691148836; 1.0507009873554805 * if_gt(x, 0.0, x, 1.6732632423543772 * if_gt(x, 0.0, 0.0, x).exp_m1());
    /// Continuously differentiable exponential linear unit, x where x > 0, else α·(e^(x/α) − 1). Source: Barron 2017.
    celu(x, alpha) at 0.7 (1.5) = 0.7; if_gt(x, 0.0, x, alpha * (if_gt(x, 0.0, 0.0, x) / alpha).exp_m1());
    /// Mish, x·tanh(ln(1 + eˣ)). Source: Misra 2019.
mish(x) at 0.7 () = 0.561148377643852; {
        // From 800 on it is x, from −746 down 0: no NaN, so the limits at ±∞ are right, and those of the slope.
        let inner = if_lt(x, 800.0, if_gt(x, -746.0, x, 0.0), 0.0);
        if_lt(x, 800.0, inner * x.softplus().tanh(), x)
    };
    /// Softsign, x/(1 + |x|).
    softsign(x) at 0.7 () = 0.411764705882353; {
        // Far out ±(1 − 1/(1 + |x|)), whose derivatives do not cancel.
        let (a, inner) = (x.abs(), if_lt(x.abs(), 1.0, x, 0.0));
        if_lt(a, 1.0, inner / (1.0 + inner.abs()), x.sign() * (1.0 - 1.0 / (1.0 + a)))
    };
    /// x, kept between two bounds. Slope at a bound: 0.
    hardtanh(x, low, high) at 0.7 (-0.5, 0.5) = 0.5; if_le(x, low, low, if_ge(x, high, high, x));
    /// x between 0 and 6, else the nearer of them. Slope at 0 and at 6: 0. Source: Howard et al. 2017.
    relu6(x) at 0.7 () = 0.7; if_le(x, 0.0, 0.0, if_ge(x, 6.0, 6.0, x));
    /// A sigmoid of three lines: x/6 + ½ between −3 and 3, else 0 or 1. Slope at ±3: 0. Source: Howard et al. 2019.
    hard_sigmoid(x) at 0.7 () = 0.616666666666667; if_le(x, -3.0, 0.0, if_ge(x, 3.0, 1.0, x / 6.0 + 0.5));
    /// x·hard_sigmoid(x). Slope at −3: 0, at 3: 1. Source: Howard et al. 2019.
    hard_swish(x) at 0.7 () = 0.431666666666667; if_le(x, -3.0, 0.0, if_ge(x, 3.0, x, x * (x + 3.0) / 6.0));
    /// x − λ where x > λ, x + λ where x < −λ, else 0. Slope at ±λ: 0. Source: Donoho 1995.
    softshrink(x, lambda) at 0.7 (0.5) = 0.2; if_le(x.abs(), lambda, 0.0, if_gt(x, 0.0, x - lambda, x + lambda));
    /// x where |x| > λ, else 0. Slope at ±λ: 0.
    hardshrink(x, lambda) at 0.7 (0.5) = 0.7; if_le(x.abs(), lambda, 0.0, x);
    /// x where x > threshold, else a value. Slope at the threshold: 0.
    threshold(x, threshold, value) at 0.7 (0.3, -1.0) = 0.7; if_le(x, threshold, value, x);
    /// Squared rectified linear unit, x² where x > 0, else 0. Source: So et al. 2021.
    relu_squared(x) at 0.7 () = 0.49; x.relu().square();
    /// A GELU with one sigmoid, x·σ(1.702·x). Source: Hendrycks and Gimpel 2016.
    quick_gelu(x) at 0.7 () = 0.53689395172315; x * (1.702 * x).sigmoid();
    /// Squareplus, ½·(x + √(x² + b)). Source: Barron 2021.
    squareplus(x, b) at 0.7 (4.0) = 1.40948100502085; 0.5 * (x + (x * x + b).sqrt());
    /// A bell, e^(−x²).
    gaussian(x) at 0.7 () = 0.612626394184416; (-(x * x)).exp();
    /// (√(x² + 1) − 1)/2 + x.
    bent_identity(x) at 0.7 () = 0.810327780786685; ((x * x + 1.0).sqrt() - 1.0) / 2.0 + x;
    /// Snake, x + sin²(a·x)/a, for what is periodic. Source: Ziyin et al. 2020, equation 3.
    snake(x, a) at 0.7 (1.5) = 1.20161536819995; x + (a * x).sin().square() / a;
    /// Logarithm of the sigmoid, −ln(1 + e⁻ˣ), without overflow.
    log_sigmoid(x) at 0.7 () = -0.403186048885458; -(-x).softplus();
    /// Logarithm of the hyperbolic cosine, |x| + ln(1 + e^(−2|x|)) − ln 2, without overflow, and with all digits near 0.
    log_cosh(x) at 0.7 () = 0.227270229358506; {
        // Near 0 it is ½·ln(1 + sinh² x).
        let (a, inner) = (x.abs(), if_lt(x.abs(), 1.0, x, 0.0));
        if_lt(a, 1.0, 0.5 * inner.sinh().square().ln_1p(), a + (-2.0 * a).softplus() - LN_2)
    };
    /// Power of ten, 10ˣ.
    exp10(x) at 0.7 () = 5.01187233627272; (LN_10 * x).exp();
    /// Logarithm of the odds, ln(p/(1 − p)): the inverse of the sigmoid; −∞ at 0 and ∞ at 1. With all digits near ½.
    logit(x) at 0.7 () = 0.847297860387203; {
        let twice = 2.0 * x - 1.0;
        if_lt(twice.abs(), 0.5, 2.0 * if_lt(twice.abs(), 0.5, twice, 0.0).atanh(), x.ln() - (-x).ln_1p())
    };
    /// ln(1 − eˣ) for x < 0, with all digits near 0 and far out. Source: Mächler 2012, equation 7.
    log1mexp(x) at -0.7 () = -0.686341002808385; {
        let near = if_gt(x, -LN_2, x, -1.0);
        let far = if_gt(x, -LN_2, -1.0, x);
        if_gt(x, -LN_2, (-near.exp_m1()).ln(), (-far.exp()).ln_1p())
    };
    /// ln(eˣ − 1) for x > 0, without overflow: the inverse of softplus.
    log_expm1(x) at 0.7 () = 0.0136589971916148; x + (-(-x).exp_m1()).ln();
    /// Secant, 1/cos x.
    sec(x) at 0.7 () = 1.30745925973359; 1.0 / x.cos();
    /// Hyperbolic secant, 1/cosh x, without overflow.
    sech(x) at 0.7 () = 0.796705459992875; { let e = (-x.abs()).exp(); 2.0 * e / (1.0 + e * e) };
    /// cosh x − 1 with all digits near 0: 2·sinh²(x/2).
    cosh_m1(x) at 0.7 () = 0.255169005630943; 2.0 * (0.5 * x).sinh().square();
    /// Versine, 1 − cos x with all digits near 0: 2·sin²(x/2).
    versine(x) at 0.7 () = 0.235157812715512; 2.0 * (0.5 * x).sin().square();
    /// 2ˣ − 1 with all digits near 0.
    exp2_m1(x) at 0.7 () = 0.624504792712471; (LN_2 * x).exp_m1();
    /// √(1 + x) − 1 with all digits near 0: x/(√(1 + x) + 1).
    sqrt_1p_m1(x) at 0.7 () = 0.30384048104053; x / ((1.0 + x).sqrt() + 1.0);
    /// σ(x) − ½ with all digits near 0, also of its second derivative: ½·tanh(x/2).
    centred_sigmoid(x) at 0.7 () = 0.168187772168166; {
        let half = 0.5 * x;
        let inner = if_lt(x.abs(), 1.0, half, 0.0);
        0.5 * if_lt(x.abs(), 1.0, inner.sinh() / inner.cosh(), half.tanh())
    };
    /// The Gudermannian function, ∫ 1/cosh t dt over 0 ≤ t ≤ x: arctan(sinh x) near 0 and 2·arctan(tanh(x/2)) far out.
    gudermannian(x) at 0.7 () = 0.648972081783695; {
        let inner = if_lt(x.abs(), 1.0, x, 0.0);
        if_lt(x.abs(), 1.0, inner.sinh().atan(), 2.0 * (0.5 * x).tanh().atan())
    };
}

impl<N: Number> Num<N> {
    /// Entropy of a part, −x·ln x; 0 at 0 and −∞ below.
    #[track_caller]
    #[inline(always)]
    pub fn entr(self) -> Num<N> {
        let (x, bound) = (self, if_lt(self, 0.0, f64::NEG_INFINITY, self));
        if_gt(x, 0.0, -(x * if_gt(x, 0.0, x, 1.0).ln()), bound)
    }

    /// x·ln y, and 0 where x = 0, whatever y is.
    #[track_caller]
    #[inline(always)]
    pub fn xlogy(self, y: impl Literal<N>) -> Num<N> {
        self.strong_mul(y.number(self).ln())
    }

    /// x·ln(1 + y), and 0 where x = 0, whatever y is.
    #[track_caller]
    #[inline(always)]
    pub fn xlog1py(self, y: impl Literal<N>) -> Num<N> {
        self.strong_mul(y.number(self).ln_1p())
    }
}

impl<'t> Var<'t> {
    /// x·ln y, and 0 where x = 0, whatever y is. Shapes are broadcast.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let (x, y) = (tape.var([0.0, 2.0]), tape.var([0.0, 1.0]));
    /// assert_eq!(x.xlogy(y).to_vec::<f64>(), [0.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn xlogy(self, y: impl Operand<'t>) -> Var<'t> {
        self.strong_mul(y.like(self).ln())
    }

    /// x·ln(1 + y), and 0 where x = 0, whatever y is. Shapes are broadcast.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert_eq!(tape.var(0.0).xlog1py(tape.var(-1.0)).item(), 0.0);
    /// ```
    #[track_caller]
    pub fn xlog1py(self, y: impl Operand<'t>) -> Var<'t> {
        self.strong_mul(y.like(self).ln_1p())
    }

    /// ln(eᵃ − eᵇ) for a = `self` and b < a, without overflow, and with all digits where the two are near; −∞ where they are
    /// equal, NaN where b is larger. Shapes are broadcast.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let y = tape.var(1000.0).logsubexp(tape.var(999.0)).item();
    /// assert!((y - 1000.0 - (1.0 - (-1f64).exp()).ln()).abs() < 1e-12);
    /// ```
    #[track_caller]
    pub fn logsubexp(self, b: impl Operand<'t>) -> Var<'t> {
        self + (b.like(self) - self).log1mexp()
    }

    /// A term of a relative entropy, x·ln(x/y), and 0 where x = 0. Near x = y it has absolute accuracy. Shapes are broadcast.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let (p, q) = (tape.var([0.0, 1.0]), tape.var([0.5, 0.5]));
    /// assert_eq!(p.rel_entr(q).to_vec::<f64>(), [0.0, std::f64::consts::LN_2]);
    /// ```
    #[track_caller]
    pub fn rel_entr(self, y: impl Operand<'t>) -> Var<'t> {
        self.xlogy(self / y.like(self))
    }

    /// A term of the divergence of Kullback and Leibler for what is not normalised, x·ln(x/y) − x + y: never negative, and
    /// convex in both. Near x = y it has absolute accuracy. Shapes are broadcast.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert_eq!(tape.var([0.0, 1.0]).kl_terms(tape.var([0.5, 1.0])).to_vec::<f64>(), [0.5, 0.0]);
    /// ```
    #[track_caller]
    pub fn kl_terms(self, y: impl Operand<'t>) -> Var<'t> {
        let y = y.like(self);
        self.rel_entr(y) - self + y
    }

    /// x where x > 0, else slope·x, with a slope that may be learned: one number, or one for each channel in a shape that is
    /// broadcast. Slope at 0: that of the left. Source: He et al. 2015, equation 1.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let (x, slope) = (tape.var([2.0, -2.0]), tape.var(0.25));
    /// assert_eq!(x.prelu(slope).to_vec::<f64>(), [2.0, -0.5]);
    /// assert_eq!(x.prelu(slope).sum().grad([slope])[0].item(), -2.0);
    /// ```
    #[track_caller]
    pub fn prelu(self, slope: impl Operand<'t>) -> Var<'t> {
        self.gt(0.0).select(self, self * slope.like(self))
    }

    /// Gated linear unit: a·σ(b) for the halves a and b of an axis. Source: Dauphin et al. 2017.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert_eq!(tape.var([3.0, 0.0]).glu(0).to_vec::<f64>(), [1.5]);
    /// ```
    ///
    /// # Panics
    /// If the axis does not exist or has no even length.
    #[track_caller]
    pub fn glu(self, axis: isize) -> Var<'t> {
        let [a, b] = self.halves("glu", axis);
        a * b.sigmoid()
    }

    /// Half of an axis through a function, times the other half: f(a)·b. With `swish` it is SwiGLU, with `gelu` GEGLU, with `relu`
    /// ReGLU. Source: Shazeer 2020, equations 5 and 6.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([-1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.gated(0, |a| a.relu()).to_vec::<f64>(), [0.0, 8.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis does not exist or has no even length.
    #[track_caller]
    pub fn gated(self, axis: isize, f: impl FnOnce(Var<'t>) -> Var<'t>) -> Var<'t> {
        let [a, b] = self.halves("gated", axis);
        f(a) * b
    }

    #[track_caller]
    fn halves(self, op: &str, axis: isize) -> [Var<'t>; 2] {
        let at = self.axis(op, axis);
        let n = self.shape()[at as usize];
        if !n.is_multiple_of(2) {
            self.mistake(op, format!("axis {axis} has {n} elements"), "x")
                .rule("the axis has two halves")
                .raise();
        }
        [self.slice(axis, 0..n / 2), self.slice(axis, n / 2..n)]
    }

    /// max(0, x) and max(0, −x), one after the other along an axis. Source: Shang et al. 2016.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert_eq!(tape.var([1.0, -2.0]).crelu(0).to_vec::<f64>(), [1.0, 0.0, 0.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis does not exist.
    #[track_caller]
    pub fn crelu(self, axis: isize) -> Var<'t> {
        Var::concat(&[self.relu(), (-self).relu()], axis)
    }

    /// The largest of each group of neighbours along the last axis; equal ones share the derivative. Source: Goodfellow et al.
    /// 2013.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert_eq!(tape.var([1.0, 5.0, 4.0, 2.0]).maxout(2).to_vec::<f64>(), [5.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If the last axis is no multiple of `pieces`.
    #[track_caller]
    pub fn maxout(self, pieces: usize) -> Var<'t> {
        let shape = self.shape();
        let Some((&n, lead)) = shape.split_last().filter(|(n, _)| pieces > 0 && **n % pieces == 0) else {
            self.mistake("maxout", format!("groups of {pieces} along the last axis of {shape}"), "x")
                .rule("the last axis is a multiple of the size of a group")
                .raise()
        };
        self.reshape(&[lead, &[n / pieces, pieces]].concat()[..]).max_over(-1)
    }

    /// The softmax of −x along an axis: the smallest has the largest share.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert_eq!(tape.var([1.0, 1.0]).softmin(0).to_vec::<f64>(), [0.5, 0.5]);
    /// ```
    ///
    /// # Panics
    /// If the axis does not exist.
    #[track_caller]
    pub fn softmin(self, axis: isize) -> Var<'t> {
        (-self).softmax(axis)
    }
}

#[cfg(test)]
mod tests {
    use super::each;
    use crate::{DType, Params, Program, Tape};

    #[test]
    fn nan_stays_nan_and_derivatives_agree_with_differences() {
        let tape = Tape::new();
        for (name, y) in each::at(tape.var(f64::NAN)) {
            assert!(y.item().is_nan(), "{name}");
        }
        for at in [-4.3, -1.7, -0.4, 0.2, 0.45, 2.6, 6.9] {
            let (x, h) = (tape.var(at), 1e-6);
            let [up, down] = [at + h, at - h].map(|x| each::at(tape.var(x)));
            for (((name, y), (_, up)), (_, down)) in each::at(x).into_iter().zip(up).zip(down) {
                let slope = y.grad([x])[0].item();
                let difference = (up.item() - down.item()) / (2.0 * h);
                if difference.is_finite() {
                    let error = (slope - difference).abs() / slope.abs().max(1.0);
                    assert!(error < 1e-7, "{name} at {at}: {slope} and {difference}");
                }
            }
        }
    }

    #[test]
    fn a_program_gives_the_same_in_single_precision() {
        let params = Params::f32();
        let x = [-2.5f32, -0.3, 0.0, 0.4, 5.0];
        let program = Program::trace(&params, |t| {
            let x = t.input("x", [5]);
            t.outputs(each::at(x).into_iter().map(|(_, y)| y).collect::<Vec<_>>())
        });
        let program = program.expect("it can be planned");
        let mut state = program.state();
        let run = program.run(&mut state, &params, (&x,)).expect("it runs");
        let tape = Tape::new();
        for (i, (name, y)) in each::at(tape.constant(x)).into_iter().enumerate() {
            assert_eq!(y.dtype(), DType::F32);
            let planned: Vec<f32> = run.get::<f32>(i).iter().copied().collect();
            let same =
                planned.iter().zip(y.to_vec::<f32>()).all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan());
            assert!(same, "{name}: {planned:?} and {:?}", y.to_vec::<f32>());
        }
    }
}
