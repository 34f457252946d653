//! The functions of the table in a formula: how a book writes them, and what they are as numbers.

use super::{Expr, neg, power, product, quotient, sum, to_the};
use crate::number::{Num, Slope, UnaryRow};
use crate::rows::{VisitUnary, value_of};
use crate::table::{Binary, Unary};

/// f(x), as a book writes it.
pub(crate) fn called(f: Unary, x: Expr) -> Expr {
    match f {
        Unary::Neg => neg(x),
        Unary::Square => to_the(x, 2.0),
        Unary::Recip => quotient(Expr::ONE, x),
        Unary::Powf(p) => to_the(x, p),
        Unary::Exp => power(Expr::Op("e".into(), vec![]), x),
        Unary::Expm1 => sum([called(Unary::Exp, x), Expr::Number(-1.0)]),
        Unary::Exp2 => power(Expr::Number(2.0), x),
        Unary::Ln1p => called(Unary::Ln, sum([Expr::ONE, x])),
        f => Expr::Apply(f, Box::new(x)),
    }
}

/// The name of a function in formulas.
pub(crate) fn title(f: Unary) -> &'static str {
    match f {
        Unary::Sigmoid => "σ",
        Unary::NormalCdf => "Φ",
        f => f.name(),
    }
}

/// f(x) as a number.
pub(crate) fn value_at(f: Unary, x: f64) -> f64 {
    value_of(f, x)
}

/// f′(x) as a number.
pub(crate) fn slope_at(f: Unary, x: f64) -> f64 {
    struct At(f64, f64);
    impl VisitUnary for At {
        type Output = f64;
        fn row<F: UnaryRow>(self, p: f64) -> f64 {
            match F::slope(Num(self.0), Num(self.1), p) {
                Slope::Constant(c) => c,
                Slope::Varying(slope) => slope,
            }
        }
    }
    f.visit(At(x, value_at(f, x)))
}

/// f(a, b), as a book writes it.
pub(crate) fn of_two(f: Binary, a: Expr, b: Expr) -> Expr {
    match f {
        Binary::Add => sum([a, b]),
        Binary::Sub => sum([a, neg(b)]),
        Binary::Mul | Binary::StrongMul | Binary::AbsoluteMul => product([a, b]),
        Binary::Div => quotient(a, b),
        Binary::Pow => power(a, b),
        Binary::Maximum => Expr::Call("max", vec![a, b]),
        Binary::Minimum => Expr::Call("min", vec![a, b]),
        f => Expr::Call(f.name(), vec![a, b]),
    }
}

/// What a function stands for, where a page says it once: σ(x) = 1/(1 + e⁻ˣ).
pub(crate) fn definition(f: Unary, x: Expr) -> Option<Expr> {
    let e = |x: Expr| called(Unary::Exp, x);
    Some(match f {
        Unary::Sigmoid => quotient(Expr::ONE, sum([Expr::ONE, e(neg(x))])),
        Unary::Softplus => called(Unary::Ln, sum([Expr::ONE, e(x)])),
        Unary::Relu => Expr::Call("max", vec![Expr::ZERO, x]),
        Unary::Swish => product([x.clone(), called(Unary::Sigmoid, x)]),
        Unary::Gelu => product([x.clone(), called(Unary::NormalCdf, x)]),
        _ => return None,
    })
}

/// Where the derivative of a function jumps, and what it is there: said wherever the function is used.
pub(crate) fn has_kink(f: &str) -> Option<&'static str> {
    Some(match f {
        "relu" => "relu has a kink at 0, where its slope is taken as 0",
        "leaky_relu" => "leaky_relu has a kink at 0, where the slope for negative numbers is taken",
        "elu" => "elu has a kink at 0, where the slope for negative numbers is taken",
        "abs" => "|x| has a kink at 0, where its slope is taken as 0",
        "max" | "min" => "where two operands are equal, each is given half",
        "floor" | "ceil" | "sign" => "a step function has the slope 0 everywhere, also at its jumps",
        _ => return None,
    })
}
