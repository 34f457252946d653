//! xᵖ as IEEE 754 has it.

pub(in crate::math) mod single {
    use crate::math::{exp::double::exp, log::double::ln};

    /// In double precision, whose logarithm is accurate enough for every exponent.
    #[inline(always)]
    pub(in crate::math) fn powf(x: f32, p: f32) -> f32 {
        let a = x.abs();
        let size = exp(f64::from(p) * ln(f64::from(a))) as f32;
        let size = if a == 1.0 && !p.is_nan() { 1.0 } else { size };
        let whole = p.floor() == p;
        let odd = whole && (0.5 * p).floor() != 0.5 * p;
        let signed = if odd { size.copysign(x) } else { size };
        let defined = whole | (x >= 0.0) | (a > f32::MAX);
        let y = if defined { signed } else { f32::NAN };
        if p == 0.0 || x == 1.0 { 1.0 } else { y }
    }
}

pub(in crate::math) mod double {
    /// The standard library's: a logarithm with the extra bits that large exponents need costs more than it does.
    #[inline(always)]
    pub(in crate::math) fn powf(x: f64, p: f64) -> f64 {
        x.powf(p)
    }
}
