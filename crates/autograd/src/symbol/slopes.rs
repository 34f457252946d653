//! The derivatives of functions in a formula: those of the table's column, or in the form of a textbook where the column has one
//! that is more accurate than readable. The tests compare the two.

use super::functions::{called, title};
use super::number::{Sheet, Symbol};
use super::{Expr, cases, neg, power, product, quotient, sum, to_the};
use crate::number::{BinaryRow, Num, Number, Slope, UnaryRow};
use crate::rows::{self, VisitBinary, VisitUnary};
use crate::table::{Binary, Compare, Unary};

/// The longest derivative that is written out, beside its argument.
const LONG: usize = 16;

/// f′ at x, given y = f(x).
pub(crate) fn slope(f: Unary, x: &Expr, y: &Expr) -> Expr {
    struct At<'s>(Num<Symbol<'s>>, Num<Symbol<'s>>);
    impl<'s> VisitUnary for At<'s> {
        type Output = Slope<Symbol<'s>>;
        fn row<F: UnaryRow>(self, p: f64) -> Slope<Symbol<'s>> {
            F::slope(self.0, self.1, p)
        }
    }
    let sheet = Sheet::default();
    let [a, b] = [x, y].map(|e| Num(sheet.symbol(e.clone())));
    match textbook(f, a, b) {
        Some(slope) => slope.0.formula(),
        None => match f {
            Unary::Relu => Expr::Holds(Compare::Gt, Box::new(x.clone()), Box::new(Expr::ZERO)),
            Unary::Powf(p) => product([Expr::Number(p), to_the(x.clone(), p - 1.0)]),
            f => match written(f.visit(At(a, b))) {
                // Too long to be read: by its name.
                long if long.size() > LONG + 4 * x.size() => {
                    Expr::Op(format!("{}′", title(f)), vec![x.clone()])
                }
                slope => slope,
            },
        },
    }
}

fn written(slope: Slope<Symbol<'_>>) -> Expr {
    match slope {
        Slope::Constant(c) => Expr::Number(c),
        Slope::Varying(slope) => slope.formula(),
    }
}

/// The derivatives by both arguments, given y = f(a, b).
pub(crate) fn slopes_of_two(f: Binary, a: &Expr, b: &Expr, y: &Expr) -> [Expr; 2] {
    struct At<'s>([Num<Symbol<'s>>; 3]);
    impl<'s> VisitBinary for At<'s> {
        type Output = [Option<Slope<Symbol<'s>>>; 2];
        fn row<F: BinaryRow>(self) -> Self::Output {
            let [a, b, y] = self.0;
            F::slopes(a, b, y, [true; 2])
        }
    }
    let sheet = Sheet::default();
    let larger = |relation, otherwise: f64| {
        let holds = |relation| Expr::Holds(relation, Box::new(a.clone()), Box::new(b.clone()));
        cases(holds(Compare::Eq), Expr::Number(otherwise), holds(relation))
    };
    match f {
        Binary::StrongMul | Binary::AbsoluteMul => [b.clone(), a.clone()],
        Binary::Maximum => [larger(Compare::Gt, 0.5), larger(Compare::Lt, 0.5)],
        Binary::Minimum => [larger(Compare::Lt, 0.5), larger(Compare::Gt, 0.5)],
        Binary::Div => [quotient(Expr::ONE, b.clone()), neg(quotient(y.clone(), b.clone()))],
        Binary::Pow => [
            product([b.clone(), power(a.clone(), sum([b.clone(), Expr::Number(-1.0)]))]),
            product([y.clone(), called(Unary::Ln, a.clone())]),
        ],
        f => {
            let slopes = f.visit(At([a, b, y].map(|e| Num(sheet.symbol(e.clone())))));
            slopes.map(|slope| slope.map_or(Expr::ZERO, written))
        }
    }
}

/// A derivative as textbooks have it, over any kind of number: the tests evaluate what a page prints.
pub(super) fn textbook<N: Number>(f: Unary, x: Num<N>, y: Num<N>) -> Option<Num<N>> {
    let square = |x: Num<N>| Num(x.0.apply::<rows::Square>(0.0));
    let sigmoid = |x: Num<N>| Num(x.0.apply::<rows::Sigmoid>(0.0));
    let root = |x: Num<N>| Num(x.0.apply::<rows::Sqrt>(0.0));
    Some(match f {
        Unary::Sigmoid => y * (1.0 - y),
        Unary::Tanh => 1.0 - square(y),
        Unary::Sqrt => 1.0 / (2.0 * y),
        Unary::Recip => -(1.0 / square(x)),
        Unary::Ln => 1.0 / x,
        Unary::Ln1p => 1.0 / (1.0 + x),
        Unary::Asin => 1.0 / root(1.0 - square(x)),
        Unary::Acos => -(1.0 / root(1.0 - square(x))),
        Unary::Atan => 1.0 / (1.0 + square(x)),
        Unary::Tan => 1.0 + square(y),
        Unary::Asinh => 1.0 / root(1.0 + square(x)),
        Unary::Acosh => 1.0 / root(square(x) - 1.0),
        Unary::Atanh => 1.0 / (1.0 - square(x)),
        Unary::Cbrt => 1.0 / (3.0 * square(y)),
        Unary::Gelu => {
            let density = Num((-0.5 * square(x)).0.apply::<rows::Exp>(0.0));
            Num(x.0.apply::<rows::NormalCdf>(0.0)) + 0.3989422804014327 * x * density
        }
        Unary::Swish => {
            let s = sigmoid(x);
            s + y * (1.0 - s)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::unary_ops;
    use crate::{Tape, ndarray::Array1};

    /// f′ of the table at a variable.
    struct Column<'t>(crate::Var<'t>, crate::Var<'t>);
    impl<'t> VisitUnary for Column<'t> {
        type Output = crate::Var<'t>;
        fn row<F: UnaryRow>(self, p: f64) -> crate::Var<'t> {
            match F::slope(Num(self.0), Num(self.1), p) {
                Slope::Constant(c) => self.0.full_like(c),
                Slope::Varying(slope) => slope,
            }
        }
    }

    #[test]
    fn textbook_forms_are_the_columns_of_the_table() {
        let mut compared = 0;
        for (f, domain) in unary_ops() {
            let tape = Tape::new();
            let x = tape.var(Array1::linspace(domain.start, domain.end, 41));
            let y = crate::record::record(f, &[x]);
            let Some(book) = textbook(f, Num(x), Num(y)) else { continue };
            let column = f.visit(Column(x, y));
            let error = ((book.0 - column) / column.abs().maximum(1e-3)).abs().max().item();
            assert!(error < 1e-13, "{}: {error:e}", f.name());
            compared += 1;
        }
        assert_eq!(compared, 16);
    }

    /// A control: another form is noticed.
    #[test]
    fn a_wrong_form_would_be_noticed() {
        let tape = Tape::new();
        let x = tape.var([0.5]);
        let wrong = textbook(Unary::Tanh, Num(x), Num(x)).expect("it has one").0;
        assert!((wrong - Unary::Tanh.visit(Column(x, x.tanh()))).item().abs() > 1e-3);
    }
}
