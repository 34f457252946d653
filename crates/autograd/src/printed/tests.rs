//! Every row can be printed: no function looks at a value in a way of Rust's own.

use super::*;
use crate::table::{binary_table, unary_table};

/// The derivative of a row.
struct OfSlope(bool);

impl VisitUnary for OfSlope {
    type Output = String;
    fn row<F: UnaryRow>(self, p: f64) -> String {
        if self.0 { slope_of::<F, true>(p) } else { slope_of::<F, false>(p) }
    }
}
impl VisitBinary for OfSlope {
    type Output = String;
    fn row<F: BinaryRow>(self) -> String {
        if self.0 { slopes_of::<F, true>() } else { slopes_of::<F, false>() }
    }
}

fn slope_of<F: UnaryRow, const DOUBLE: bool>(p: f64) -> String {
    let sheet = Sheet::default();
    let [x, y] = ["x", "y"].map(|name| Text::<DOUBLE>::argument(&sheet, name));
    sheet.body(&[format!("return {};", derivative(F::slope(x, y, p), x))])
}

fn slopes_of<F: BinaryRow, const DOUBLE: bool>() -> String {
    let sheet = Sheet::default();
    let [a, b, y] = ["a", "b", "y"].map(|name| Text::<DOUBLE>::argument(&sheet, name));
    let slopes = F::slopes(a, b, y, [true; 2]).map(|slope| derivative(slope.expect("it is wanted"), a));
    sheet.body(&[format!("return {};", slopes.join(", "))])
}

/// A derivative, which may be a literal.
fn derivative<const DOUBLE: bool>(slope: Slope<Text<'_, DOUBLE>>, like: Num<Text<'_, DOUBLE>>) -> String {
    match slope {
        Slope::Constant(c) => like.0.literal(c).to_string(),
        Slope::Varying(slope) => slope.to_string(),
    }
}

fn value_and_slope(f: Unary, double: bool) -> [String; 2] {
    [unary(f, double), f.visit(OfSlope(double))]
}

#[test]
fn rows_are_printed_as_they_stand_in_the_table() {
    assert_eq!(
        value_and_slope(Unary::Square, true),
        ["double t0 = x * x;\nreturn t0;", "double t0 = 2.0 * x;\nreturn t0;"]
    );
    assert_eq!(
        value_and_slope(Unary::Relu, false),
        [
            "int t0 = x < 0.0f;\nfloat t1 = t0 ? 0.0f : x;\nreturn t1;",
            "int t0 = y > 0.0f;\nfloat t1 = t0 ? 1.0f : 0.0f;\nreturn t1;"
        ]
    );
    assert_eq!(
        value_and_slope(Unary::LeakyRelu(0.1), false),
        [
            "float t0 = 0.1f * x;\nint t1 = x > 0.0f;\nfloat t2 = t1 ? x : t0;\nreturn t2;",
            "int t0 = x > 0.0f;\nfloat t1 = t0 ? 1.0f : 0.1f;\nreturn t1;"
        ]
    );
    assert_eq!(value_and_slope(Unary::Neg, true)[1], "return (-1.0);");
    // What both derivatives have in common is there once.
    assert_eq!(Binary::Atan2.visit(OfSlope(true)).matches("sqrt(").count(), 1);
}

#[test]
fn what_is_rare_is_a_branch() {
    let text = unary(Unary::Sin, false);
    assert_eq!((text.matches("if (").count(), text.matches("} else {").count()), (1, 1), "{text}");
    let (before, after) = text.split_once("} else {").unwrap();
    assert!(!before.contains("two_over_pi") ^ !after.contains("two_over_pi"), "{text}");
}

#[test]
fn literals_are_those_of_c() {
    let both = |c: f64| [literal(c, true), literal(c, false)];
    assert_eq!(both(0.1), ["0.1", "0.1f"]);
    assert_eq!(both(-1.0), ["(-1.0)", "(-1.0f)"]);
    assert_eq!(both(1e300), ["1e300", "wg_inff()"]);
    assert_eq!(both(f64::NEG_INFINITY), ["-wg_inf()", "-wg_inff()"]);
    assert_eq!(both(f64::NAN), ["wg_nan()", "wg_nanf()"]);
}

#[test]
fn pairs_are_written_to_their_places() {
    for double in [false, true] {
        for (text, places) in [
            (sigmoids(double), vec!["*y = ", "*minus = "]),
            (tanhs(double), vec!["*y = ", "*plus = ", "*minus = "]),
            (sigmoid_and_slope(double), vec!["*y = ", "*slope = "]),
            (tanh_and_slope(double), vec!["*y = ", "*slope = "]),
        ] {
            assert!(places.iter().all(|place| text.matches(place).count() == 1), "{text}");
        }
    }
}

/// What is wrong with a printed function: results that are read before their line, calls of the system's functions.
fn faults(text: &str) -> Vec<String> {
    let (mut defined, mut faults) = (vec![], vec![]);
    for line in text.lines() {
        // A variable that a branch sets is declared before.
        let is_declared = ["float t", "double t"].iter().any(|kind| line.starts_with(kind));
        let (left, right) =
            line.split_once(" = ").unwrap_or(if is_declared { (line, "") } else { ("", line) });
        // The word before a parenthesis, if there is one, is called.
        let call = right.split_once('(').map_or("", |(before, _)| before);
        let call = call.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or("");
        if !call.is_empty()
            && !CALLS.iter().any(|&known| call == format!("wg_{known}") || call == format!("wg_{known}f"))
        {
            faults.push(format!("{call} in `{line}`"));
        }
        faults.extend(
            named(right).iter().filter(|t| !defined.contains(*t)).map(|t| format!("t{t} in `{line}`")),
        );
        defined.extend(named(left));
    }
    faults
}

macro_rules! unary_functions {
    ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?) |$x:ident, $y:ident| $columns:tt)*) => {
        const UNARY: &[Unary] = &[$(Unary::$Row $(({ let $p = 1.7; $p }))?),*];
    };
}
unary_table!(unary_functions);
macro_rules! binary_functions {
    ($($(#[$doc:meta])* $Row:ident $name:ident |$a:ident, $b:ident, $y:ident| $columns:tt)*) => {
        const BINARY: &[Binary] = &[$(Binary::$Row),*];
    };
}
binary_table!(binary_functions);

#[test]
fn every_row_can_be_printed() {
    let mut printed = 0;
    let mut check = |name: &str, texts: Vec<String>| {
        for text in texts {
            assert!(faults(&text).is_empty(), "{name}: {:?} of\n{text}", faults(&text));
            printed += 1;
        }
    };
    for double in [false, true] {
        for f in UNARY {
            check(f.name(), value_and_slope(*f, double).to_vec());
        }
        for f in BINARY {
            check(f.name(), vec![binary(*f, double), f.visit(OfSlope(double))]);
        }
    }
    assert_eq!(printed, 4 * (UNARY.len() + BINARY.len()));
    // The check can fail.
    assert_eq!(faults("float t0 = t1 * x;\nreturn x;"), ["t1 in `float t0 = t1 * x;`"]);
    assert_eq!(faults("float t0 = sinf(x);\nreturn t0;"), ["sinf in `float t0 = sinf(x);`"]);
}
