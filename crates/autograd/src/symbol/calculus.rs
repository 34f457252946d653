//! Differentiation on paper, one rule a line: what a reader sees of a local derivative.

use super::{Expr, neg, power, product, quotient, slope, sum, title, to_the};
use crate::ir::NodeId;
use crate::lists::IntoList;

/// Whether a formula contains x.
fn depends(e: &Expr, x: NodeId) -> bool {
    e.has(&|part| *part == Expr::Value(x))
}

fn differential(x: NodeId, e: Expr) -> Expr {
    Expr::Differential(x, Box::new(e))
}

/// ∂e/∂x by the outermost rule, with what is left as a [`Differential`](Expr::Differential), and the names of the rules that
/// were used.
pub(crate) fn expand(e: &Expr, x: NodeId) -> (Expr, Vec<String>) {
    let named = |rule: &str| vec![rule.to_owned()];
    if *e == Expr::Value(x) {
        return (Expr::ONE, vec![]);
    }
    if !depends(e, x) {
        return (Expr::ZERO, vec![]);
    }
    match e {
        Expr::Neg(inner) => {
            let (inner, rules) = expand(inner, x);
            (Expr::Neg(Box::new(inner)), rules)
        }
        Expr::Sum(terms) => {
            let terms = terms.iter().map(|term| match term {
                Expr::Neg(inner) => Expr::Neg(Box::new(differential(x, (**inner).clone()))),
                term => differential(x, term.clone()),
            });
            (Expr::Sum(terms.listed()), named("sum rule"))
        }
        Expr::Product(factors) => of_product(factors, x),
        Expr::Quotient(a, b) if !depends(b, x) => {
            let (inner, rules) = expand(a, x);
            (Expr::Quotient(Box::new(inner), b.clone()), rules)
        }
        Expr::Quotient(a, b) => {
            let down = to_the((**b).clone(), 2.0);
            let minus = Expr::Neg(Box::new(flat([(**a).clone(), differential(x, (**b).clone())])));
            let up = match depends(a, x) {
                true => Expr::Sum(vec![flat([differential(x, (**a).clone()), (**b).clone()]), minus]),
                false => minus,
            };
            (Expr::Quotient(Box::new(up), Box::new(down)), named("quotient rule"))
        }
        Expr::Power(base, exponent) if !depends(exponent, x) => {
            let lower = match exponent.number() {
                Some(n) => Expr::Number(n - 1.0),
                None => sum([(**exponent).clone(), Expr::Number(-1.0)]),
            };
            let outer = [(**exponent).clone(), power((**base).clone(), lower)];
            chained(outer.to_vec(), base, x, "power rule")
        }
        Expr::Power(base, exponent) if **base == Expr::Op("e".into(), vec![]) => {
            chained(vec![e.clone()], exponent, x, "derivative of the exponential")
        }
        Expr::Apply(f, inner) => {
            let outer = slope(*f, inner, e);
            chained(vec![outer], inner, x, &format!("derivative of {}", title(*f)))
        }
        Expr::Matrix(a, b, _) if **a == Expr::Value(x) && !depends(b, x) => ((**b).clone(), vec![]),
        Expr::Matrix(a, b, _) if **b == Expr::Value(x) && !depends(a, x) => ((**a).clone(), vec![]),
        _ => (differential(x, e.clone()), vec![]),
    }
}

/// A product as it is written, with nothing multiplied out.
fn flat(factors: impl IntoIterator<Item = Expr>) -> Expr {
    let mut all = vec![];
    for factor in factors {
        match factor {
            Expr::Product(inner) => all.extend(inner),
            Expr::Number(1.0) => {}
            factor => all.push(factor),
        }
    }
    if all.len() == 1 { all.remove(0) } else { Expr::Product(all) }
}

/// The factors of an outer derivative, times the inner one where it is not 1.
fn chained(outer: Vec<Expr>, inner: &Expr, x: NodeId, rule: &str) -> (Expr, Vec<String>) {
    if *inner == Expr::Value(x) {
        return (flat(outer), vec![rule.to_owned()]);
    }
    let rules = vec![rule.to_owned(), "chain rule".to_owned()];
    (flat(outer.into_iter().chain([differential(x, inner.clone())])), rules)
}

fn of_product(factors: &[Expr], x: NodeId) -> (Expr, Vec<String>) {
    let varying: Vec<usize> = (0..factors.len()).filter(|&i| depends(&factors[i], x)).listed();
    if let [one] = varying[..] {
        let (inner, rules) = expand(&factors[one], x);
        let inner = if inner == Expr::ONE { Expr::Op("1".into(), vec![]) } else { inner };
        let all = factors.iter().enumerate().map(|(i, e)| if i == one { inner.clone() } else { e.clone() });
        return (flat(all.filter(|e| *e != Expr::Op("1".into(), vec![]))), rules);
    }
    let terms = varying.iter().map(|&i| {
        let all = factors.iter().enumerate();
        flat(all.map(|(k, e)| if k == i { differential(x, e.clone()) } else { e.clone() }))
    });
    (Expr::Sum(terms.listed()), vec!["product rule".to_owned()])
}

/// What is left of differentials is found, to the end where it is linear in x, else by one more rule. Zeros and ones that come
/// out of it are still there; numbers before them are multiplied.
pub(crate) fn finish(e: &Expr) -> (Expr, Vec<String>) {
    let mut rules = vec![];
    let done = substituted(e, &mut rules);
    (folded(&done), rules)
}

fn substituted(e: &Expr, rules: &mut Vec<String>) -> Expr {
    match e {
        Expr::Differential(x, inner) => {
            let (mut found, mut used) = expand(inner, *x);
            if is_linear(inner, *x) {
                // One, zero or a factor: nothing that a line of its own would explain.
                for _ in 0..32 {
                    if !found.has(&|part| matches!(part, Expr::Differential(..))) {
                        break;
                    }
                    found = substituted(&found, &mut vec![]);
                }
                (found, used) = (simplified(&found), vec![]);
            }
            rules.extend(used);
            match found {
                // Written once, and then gone: see `simplified`.
                Expr::Number(c) => Expr::Datum(c),
                found => found,
            }
        }
        e => e.map(&mut |part| substituted(part, rules)),
    }
}

fn is_linear(e: &Expr, x: NodeId) -> bool {
    match e {
        e if !depends(e, x) => true,
        Expr::Value(_) => true,
        Expr::Neg(e) => is_linear(e, x),
        Expr::Sum(terms) => terms.iter().all(|e| is_linear(e, x)),
        Expr::Product(all) => {
            all.iter().filter(|e| depends(e, x)).count() == 1 && all.iter().all(|e| is_linear(e, x))
        }
        Expr::Quotient(a, b) => !depends(b, x) && is_linear(a, x),
        Expr::Matrix(a, b, _) => {
            [a, b].iter().any(|e| ***e == Expr::Value(x)) && depends(a, x) != depends(b, x)
        }
        _ => false,
    }
}

/// Numbers of a product are multiplied; what was found last stays.
fn folded(e: &Expr) -> Expr {
    match e {
        Expr::Product(all) => {
            let number: f64 = all.iter().filter_map(Expr::number).product();
            let others = all.iter().filter(|e| e.number().is_none()).map(folded);
            let all: Vec<Expr> =
                (number != 1.0).then_some(Expr::Number(number)).into_iter().chain(others).listed();
            if all.len() == 1 { all[0].clone() } else { Expr::Product(all) }
        }
        e => e.map(&mut folded),
    }
}

/// Without zeros and ones, and with equal factors as powers.
pub(crate) fn simplified(e: &Expr) -> Expr {
    match e {
        Expr::Datum(c) => Expr::Number(*c),
        Expr::Neg(e) => neg(simplified(e)),
        Expr::Sum(all) => sum(all.iter().map(simplified)),
        Expr::Product(all) => product(all.iter().map(simplified)),
        Expr::Quotient(a, b) => quotient(simplified(a), simplified(b)),
        Expr::Power(a, b) => power(simplified(a), simplified(b)),
        e => e.map(&mut simplified),
    }
}
