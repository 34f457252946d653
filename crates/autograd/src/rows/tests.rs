//! The table printed: a number that computes nothing and writes down what it is asked, as C would have it. That every row can be
//! printed shows that no function looks at a value in a way of Rust's own.

use super::{VisitBinary, VisitUnary};
use crate::number::{BinaryRow, Digits, Num, Number, Size, Slope, UnaryRow};
use crate::table::{Binary, Compare, Unary, binary_table, unary_table};
use std::cell::RefCell;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

/// The lines of a function: a type and an expression each, the same one never twice.
#[derive(Default)]
struct Sheet {
    lines: RefCell<Vec<(&'static str, String)>>,
}

/// A name, a literal, or the result of a line.
#[derive(Clone, Copy)]
enum Term {
    Argument(&'static str),
    Literal(f64),
    Line(usize),
}

/// A number (or mask, or integer) in the text, in double or single precision.
#[derive(Clone, Copy)]
struct Text<'s, const DOUBLE: bool> {
    sheet: &'s Sheet,
    term: Term,
}

impl Sheet {
    fn line(&self, kind: &'static str, expression: String) -> Term {
        let mut lines = self.lines.borrow_mut();
        let place = lines.iter().position(|line| *line == (kind, expression.clone())).unwrap_or(lines.len());
        if place == lines.len() {
            lines.push((kind, expression));
        }
        Term::Line(place)
    }

    /// The lines that the result needs, and what is handed back.
    fn body(&self, result: impl std::fmt::Display) -> String {
        let mut text = vec![format!("return {result};")];
        let mut needed = lines_named(&text[0]);
        for (i, (kind, expression)) in self.lines.borrow().iter().enumerate().rev() {
            if needed.contains(&i) {
                needed.extend(lines_named(expression));
                text.push(format!("{kind} t{i} = {expression};"));
            }
        }
        text.reverse();
        text.join("\n")
    }
}

/// The lines whose results a text names.
fn lines_named(text: &str) -> Vec<usize> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter_map(|word| word.strip_prefix('t')?.parse().ok()).collect()
}

impl<'s, const DOUBLE: bool> Text<'s, DOUBLE> {
    fn argument(sheet: &'s Sheet, name: &'static str) -> Num<Self> {
        Num(Text { sheet, term: Term::Argument(name) })
    }

    fn line(self, kind: &'static str, expression: String) -> Self {
        Text { term: self.sheet.line(kind, expression), ..self }
    }

    fn number(self, expression: String) -> Self {
        self.line(if DOUBLE { "double" } else { "float" }, expression)
    }

    /// A call; C has names of its own for single precision.
    fn call(self, f: &str, others: &[Self]) -> Self {
        let suffix = if DOUBLE { "" } else { "f" };
        let arguments: Vec<String> = [&[self], others].concat().iter().map(Self::to_string).collect();
        self.number(format!("{f}{suffix}({})", arguments.join(", ")))
    }
}

impl<const DOUBLE: bool> std::fmt::Display for Text<'_, DOUBLE> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.term {
            Term::Argument(name) => f.write_str(name),
            Term::Line(i) => write!(f, "t{i}"),
            Term::Literal(c) if c.is_nan() => f.write_str("NAN"),
            Term::Literal(c) if c.is_infinite() => {
                f.write_str(if c < 0.0 { "-INFINITY" } else { "INFINITY" })
            }
            Term::Literal(c) if DOUBLE => write!(f, "{c:?}"),
            Term::Literal(c) => write!(f, "{:?}f", c as f32),
        }
    }
}

macro_rules! infix {
    ($($Trait:ident $method:ident $sign:literal;)*) => {
        $(impl<const DOUBLE: bool> $Trait for Text<'_, DOUBLE> {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                self.number(format!("{self} {} {other}", $sign))
            }
        })*
    };
}
infix! { Add add "+"; Sub sub "-"; Mul mul "*"; Div div "/"; }

impl<const DOUBLE: bool> Neg for Text<'_, DOUBLE> {
    type Output = Self;
    fn neg(self) -> Self {
        self.number(format!("-{self}"))
    }
}

/// A mask.
#[derive(Clone, Copy)]
struct Truth<'s>(Text<'s, false>);

impl BitAnd for Truth<'_> {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Truth(self.0.line("bool", format!("{} && {}", self.0, other.0)))
    }
}
impl BitOr for Truth<'_> {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Truth(self.0.line("bool", format!("{} || {}", self.0, other.0)))
    }
}
impl Not for Truth<'_> {
    type Output = Self;
    fn not(self) -> Self {
        Truth(self.0.line("bool", format!("!{}", self.0)))
    }
}

impl<'s, const DOUBLE: bool> Number for Text<'s, DOUBLE> {
    type Mask = Truth<'s>;

    fn literal(self, value: f64) -> Self {
        Text { term: Term::Literal(value), ..self }
    }
    fn holds(self, relation: Compare, other: Self) -> Truth<'s> {
        let sign = match relation {
            Compare::Gt => ">",
            Compare::Ge => ">=",
            Compare::Lt => "<",
            Compare::Le => "<=",
            Compare::Eq => "==",
            Compare::Ne => "!=",
        };
        let truth = Text { sheet: self.sheet, term: self.term };
        Truth(truth.line("bool", format!("{self} {sign} {other}")))
    }
    fn select(mask: Truth<'s>, then: Self, otherwise: Self) -> Self {
        then.number(format!("{} ? {then} : {otherwise}", mask.0))
    }
    fn apply<F: UnaryRow>(self, p: f64) -> Self {
        F::value(Num(self), Num(self.literal(p))).0
    }
    fn apply_with<F: BinaryRow>(self, other: Self) -> Self {
        F::value(Num(self), Num(other)).0
    }
}

impl<'s, const DOUBLE: bool> Digits for Text<'s, DOUBLE> {
    const SIZE: Size = if DOUBLE { Size::Double } else { Size::Single };
    type Wide = Text<'s, true>;
    type Whole = Self;

    fn widen(self) -> Text<'s, true> {
        Text { sheet: self.sheet, term: self.sheet.line("double", format!("(double) {self}")) }
    }
    fn narrow(wide: Text<'s, true>) -> Self {
        let narrow: Self = Text { sheet: wide.sheet, term: wide.term };
        if DOUBLE { narrow } else { narrow.line("float", format!("(float) {wide}")) }
    }
    fn fused(self, a: Self, b: Self) -> Self {
        self.call("fma", &[a, b])
    }
    fn fused_within(self, a: Self, b: Self) -> Self {
        self.fused(a, b)
    }
    fn times_plus(self, a: Self, b: Self) -> Self {
        self.fused(a, b)
    }
    fn signed_as(self, sign: Self) -> Self {
        self.call("copysign", &[sign])
    }
    fn absolute(self) -> Self {
        self.call("fabs", &[])
    }
    fn root(self) -> Self {
        self.call("sqrt", &[])
    }
    fn rounded_down(self) -> Self {
        self.call("floor", &[])
    }
    fn rounded_up(self) -> Self {
        self.call("ceil", &[])
    }
    fn power_in_low_bits(self) -> Self {
        self.call("power_in_low_bits", &[])
    }
    fn exponent_and_rest(self) -> (Self, Self) {
        let whole = self.call("exponent", &[]);
        (whole, self.call("rest", &[]))
    }
    fn of_whole(k: Self) -> Self {
        k
    }
    fn is_zero(k: Self) -> Truth<'s> {
        k.holds(Compare::Eq, k.literal(0.0))
    }
    fn power_of_minus(k: Self) -> Self {
        k.call("power_of_minus", &[])
    }
    fn by_quadrant(self, shift: u32, sine: Self, cosine: Self) -> Self {
        self.call("by_quadrant", &[self.literal(f64::from(shift)), sine, cosine])
    }
    fn either(mask: Truth<'s>, then: impl FnOnce() -> Self, otherwise: impl FnOnce() -> Self) -> Self {
        let then = then();
        Self::select(mask, then, otherwise())
    }
    fn two_over_pi(k: Self, part: u32) -> Self {
        k.call("two_over_pi", &[k.literal(f64::from(part))])
    }
}

/// A derivative, which may be a literal.
fn derivative<const DOUBLE: bool>(slope: Slope<Text<'_, DOUBLE>>, like: Num<Text<'_, DOUBLE>>) -> String {
    match slope {
        Slope::Constant(c) => like.0.literal(c).to_string(),
        Slope::Varying(slope) => slope.to_string(),
    }
}

/// Prints value and derivatives of a row.
struct Printed<const DOUBLE: bool>;

impl<const DOUBLE: bool> VisitUnary for Printed<DOUBLE> {
    type Output = Vec<String>;
    fn row<F: UnaryRow>(self, p: f64) -> Vec<String> {
        let sheet = Sheet::default();
        let [x, parameter] = ["x", "p"].map(|name| Text::<DOUBLE>::argument(&sheet, name));
        let value = sheet.body(F::value(x, parameter).0);
        let sheet = Sheet::default();
        let [x, y] = ["x", "y"].map(|name| Text::<DOUBLE>::argument(&sheet, name));
        let slope = derivative(F::slope(x, y, p), x);
        vec![value, sheet.body(slope)]
    }
}

impl<const DOUBLE: bool> VisitBinary for Printed<DOUBLE> {
    type Output = Vec<String>;
    fn row<F: BinaryRow>(self) -> Vec<String> {
        let sheet = Sheet::default();
        let [a, b] = ["a", "b"].map(|name| Text::<DOUBLE>::argument(&sheet, name));
        let value = sheet.body(F::value(a, b).0);
        let sheet = Sheet::default();
        let [a, b, y] = ["a", "b", "y"].map(|name| Text::<DOUBLE>::argument(&sheet, name));
        let slopes = F::slopes(a, b, y, [true; 2]).map(|slope| derivative(slope.expect("it is wanted"), a));
        vec![value, sheet.body(slopes.join(", "))]
    }
}

#[test]
fn rows_are_printed_as_they_stand_in_the_table() {
    assert_eq!(
        Unary::Square.visit(Printed::<true>),
        ["double t0 = x * x;\nreturn t0;", "double t0 = 2.0 * x;\nreturn t0;"]
    );
    assert_eq!(
        Unary::Relu.visit(Printed::<false>),
        [
            "bool t0 = x < 0.0f;\nfloat t1 = t0 ? 0.0f : x;\nreturn t1;",
            "bool t0 = y > 0.0f;\nfloat t1 = t0 ? 1.0f : 0.0f;\nreturn t1;"
        ]
    );
    assert_eq!(
        Unary::LeakyRelu(0.1).visit(Printed::<false>),
        [
            "float t0 = p * x;\nbool t1 = x > 0.0f;\nfloat t2 = t1 ? x : t0;\nreturn t2;",
            "bool t0 = x > 0.0f;\nfloat t1 = t0 ? 1.0f : 0.1f;\nreturn t1;"
        ]
    );
    assert_eq!(Unary::Neg.visit(Printed::<true>)[1], "return -1.0;");
    // What both derivatives have in common is there once.
    let [_, slopes] = &Binary::Atan2.visit(Printed::<true>)[..] else { panic!("value and derivatives") };
    assert_eq!(slopes.matches("sqrt(").count(), 1);
}

/// What a printed function may call: what IEEE 754 defines to the last bit, and the names of `Digits`.
const CALLS: &[&str] = &[
    "fma",
    "fabs",
    "sqrt",
    "floor",
    "ceil",
    "copysign",
    "power_in_low_bits",
    "exponent",
    "rest",
    "power_of_minus",
    "by_quadrant",
    "two_over_pi",
];

/// What is wrong with a printed function: results that are read before their line, calls of the system's functions.
fn faults(text: &str) -> Vec<String> {
    let (mut defined, mut faults) = (vec![], vec![]);
    for line in text.lines() {
        let (left, right) = line.split_once(" = ").unwrap_or(("", line));
        if let Some((call, _)) = right.split_once('(').filter(|(call, _)| !call.is_empty())
            && !CALLS.iter().any(|&known| call == known || call == format!("{known}f"))
        {
            faults.push(format!("{call} in `{line}`"));
        }
        faults.extend(
            lines_named(right).iter().filter(|t| !defined.contains(*t)).map(|t| format!("t{t} in `{line}`")),
        );
        defined.extend(lines_named(left));
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
    for f in UNARY {
        check(f.name(), f.visit(Printed::<false>));
        check(f.name(), f.visit(Printed::<true>));
    }
    for f in BINARY {
        check(f.name(), f.visit(Printed::<false>));
        check(f.name(), f.visit(Printed::<true>));
    }
    assert_eq!(printed, 4 * (UNARY.len() + BINARY.len()));
    // The check can fail.
    assert_eq!(faults("float t0 = t1 * x;\nreturn x;"), ["t1 in `float t0 = t1 * x;`"]);
    assert_eq!(faults("float t0 = sinf(x);\nreturn t0;"), ["sinf in `float t0 = sinf(x);`"]);
}
