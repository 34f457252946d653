//! Functions as text: a number that computes nothing and writes down what it is asked, in expressions that C and CUDA share.
//!
//! So what is printed cannot differ from what is computed: the table and `math/` are read, not written again. Numbers are printed
//! as statements in the order in which they are asked for, the same one never twice.

use crate::math::{self, Logistic, logistic, special, tanh_and_logistic};
#[cfg(test)]
use crate::number::Slope;
use crate::number::{BinaryRow, Digits, Num, Number, Size, UnaryRow};
use crate::rows::{VisitBinary, VisitUnary};
use crate::table::{Binary, Compare, Unary};
use std::cell::RefCell;
use std::fmt;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

/// What may stand in a printed function beside operators: what IEEE 754 defines to the last bit, and the names of
/// `Digits`. In single precision each ends with `f`.
pub const CALLS: &[&str] = &[
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
    "inf",
    "nan",
];

/// The statements of a function of the table, of the arguments `x`, or `a` and `b`; the last one returns the value.
pub fn unary(f: Unary, double: bool) -> String {
    struct Row(bool);
    impl VisitUnary for Row {
        type Output = String;
        fn row<F: UnaryRow>(self, p: f64) -> String {
            if self.0 { of_unary::<F, true>(p) } else { of_unary::<F, false>(p) }
        }
    }
    f.visit(Row(double))
}

/// The same for a function of two arguments.
pub fn binary(f: Binary, double: bool) -> String {
    struct Row(bool);
    impl VisitBinary for Row {
        type Output = String;
        fn row<F: BinaryRow>(self) -> String {
            if self.0 { of_binary::<F, true>() } else { of_binary::<F, false>() }
        }
    }
    f.visit(Row(double))
}

/// The statements of eˣ where x ≤ 1, as attention takes it.
pub fn exp_falling(double: bool) -> String {
    fn of<const DOUBLE: bool>() -> String {
        let sheet = Sheet::default();
        let y = math::exp_falling(Text::<DOUBLE>::argument(&sheet, "x"));
        sheet.body(&[format!("return {};", y.0)])
    }
    if double { of::<true>() } else { of::<false>() }
}

/// The statements of ln Γ and ψ where they are free of branches, and of what they are made of, with their names.
pub fn gammas() -> [(&'static str, String); 4] {
    fn body<'s>(sheet: &'s Sheet, f: fn(Num<Text<'s, true>>) -> Num<Text<'s, true>>) -> String {
        let y = f(Text::argument(sheet, "x"));
        sheet.body(&[format!("return {};", y.0)])
    }
    let [near_2, rest, ln_gamma, digamma] = std::array::from_fn(|_| Sheet::default());
    [
        ("ln_gamma_near_2", body(&near_2, special::ln_gamma_near_2)),
        ("stirling_rest", body(&rest, special::stirling_rest)),
        ("ln_gamma_right", body(&ln_gamma, special::ln_gamma_right)),
        ("digamma_right", body(&digamma, special::digamma_right)),
    ]
}

/// The most coefficients of an update, or states.
const MOST: usize = 12;
const COEFFICIENTS: [&str; MOST] =
    ["c[0]", "c[1]", "c[2]", "c[3]", "c[4]", "c[5]", "c[6]", "c[7]", "c[8]", "c[9]", "c[10]", "c[11]"];
const STATES: [&str; MOST] =
    ["s[0]", "s[1]", "s[2]", "s[3]", "s[4]", "s[5]", "s[6]", "s[7]", "s[8]", "s[9]", "s[10]", "s[11]"];

/// The statements of an optimiser's update of one number: `f` is given the coefficients `c[…]`, then `p`, `g` and the states `s[…]`;
/// its results, the new number and the new states, are written to `*y` and `r[…]`. None if there are too many.
pub fn update<const DOUBLE: bool, const S: usize, const C: usize>(
    f: impl for<'s> FnOnce(
        [Num<Text<'s, DOUBLE>>; C],
        Num<Text<'s, DOUBLE>>,
        Num<Text<'s, DOUBLE>>,
        [Num<Text<'s, DOUBLE>>; S],
    ) -> (Num<Text<'s, DOUBLE>>, [Num<Text<'s, DOUBLE>>; S]),
) -> Option<String> {
    if S > MOST || C > MOST {
        return None;
    }
    let sheet = Sheet::default();
    let argument = |name| Text::<DOUBLE>::argument(&sheet, name);
    let c = std::array::from_fn(|i| argument(COEFFICIENTS[i]));
    let (y, states) = f(c, argument("p"), argument("g"), std::array::from_fn(|i| argument(STATES[i])));
    let states = states.iter().enumerate().map(|(i, r)| format!("r[{i}] = {};", r.0));
    let ends: Vec<String> = [format!("*y = {};", y.0)].into_iter().chain(states).collect();
    Some(sheet.body(&ends))
}

/// The statements that write σ(x) to `*y` and σ(−x) to `*minus`.
pub fn sigmoids(double: bool) -> String {
    fn of<const DOUBLE: bool>() -> String {
        let sheet = Sheet::default();
        let x = Text::<DOUBLE>::argument(&sheet, "x");
        let (p, m) = logistic(x).of(x);
        sheet.body(&[format!("*y = {};", p.0), format!("*minus = {};", m.0)])
    }
    if double { of::<true>() } else { of::<false>() }
}

/// The statements that write tanh x to `*y`, σ(2x) to `*plus` and σ(−2x) to `*minus`.
pub fn tanhs(double: bool) -> String {
    fn of<const DOUBLE: bool>() -> String {
        let sheet = Sheet::default();
        let x = Text::<DOUBLE>::argument(&sheet, "x");
        let (tanh, logistic) = tanh_and_logistic(x);
        let (p, m) = logistic.of(x);
        sheet.body(&[format!("*y = {};", tanh.0), format!("*plus = {};", p.0), format!("*minus = {};", m.0)])
    }
    if double { of::<true>() } else { of::<false>() }
}

/// The statements that write σ(x) to `*y` and its slope to `*slope`.
pub fn sigmoid_and_slope(double: bool) -> String {
    fn of<const DOUBLE: bool>() -> String {
        let sheet = Sheet::default();
        let x = Text::<DOUBLE>::argument(&sheet, "x");
        let (p, m) = logistic(x).of(x);
        sheet.body(&[format!("*y = {};", p.0), format!("*slope = {};", (p * m).0)])
    }
    if double { of::<true>() } else { of::<false>() }
}

/// The statements that write tanh x to `*y` and its slope to `*slope`.
pub fn tanh_and_slope(double: bool) -> String {
    fn of<const DOUBLE: bool>() -> String {
        let sheet = Sheet::default();
        let (tanh, Logistic { near_one, near_zero }) =
            tanh_and_logistic(Text::<DOUBLE>::argument(&sheet, "x"));
        let slope = 4.0 * near_one * near_zero;
        sheet.body(&[format!("*y = {};", tanh.0), format!("*slope = {};", slope.0)])
    }
    if double { of::<true>() } else { of::<false>() }
}

fn of_unary<F: UnaryRow, const DOUBLE: bool>(p: f64) -> String {
    let sheet = Sheet::default();
    let x = Text::<DOUBLE>::argument(&sheet, "x");
    let y = F::value(x, Num(x.0.literal(p)));
    sheet.body(&[format!("return {};", y.0)])
}

fn of_binary<F: BinaryRow, const DOUBLE: bool>() -> String {
    let sheet = Sheet::default();
    let [a, b] = ["a", "b"].map(|name| Text::<DOUBLE>::argument(&sheet, name));
    sheet.body(&[format!("return {};", F::value(a, b).0)])
}

/// The statements of a function.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    lines: RefCell<Vec<Line>>,
}

#[derive(Debug)]
enum Line {
    /// A result: its type and its expression.
    Is(&'static str, String),
    /// The results of a branch were asked for; it has ended, so nobody may use them any more.
    Past(&'static str, String),
    /// A branch on a mask begins, of which the result is the line of this number; its other side; its end. Each side hands back
    /// its value.
    If(&'static str, String),
    Else(usize, String),
    End(usize, String),
}

/// A name, a literal, or the result of a line.
#[derive(Clone, Copy, Debug)]
enum Term {
    Argument(&'static str),
    Literal(f64),
    Line(usize),
}

/// A number (or mask, or integer) in the text, in double or single precision.
#[derive(Clone, Copy, Debug)]
pub struct Text<'s, const DOUBLE: bool> {
    sheet: &'s Sheet,
    term: Term,
}

impl Sheet {
    fn line(&self, kind: &'static str, expression: String) -> Term {
        let mut lines = self.lines.borrow_mut();
        let same = |line: &Line| matches!(line, Line::Is(k, e) if *k == kind && *e == expression);
        let place = lines.iter().position(same).unwrap_or(lines.len());
        if place == lines.len() {
            lines.push(Line::Is(kind, expression));
        }
        Term::Line(place)
    }

    fn push(&self, line: Line) -> usize {
        let mut lines = self.lines.borrow_mut();
        lines.push(line);
        lines.len() - 1
    }

    /// What was asked for within a branch is not there behind it.
    fn close(&self, from: usize) {
        for line in &mut self.lines.borrow_mut()[from..] {
            if let Line::Is(kind, expression) = line {
                *line = Line::Past(kind, std::mem::take(expression));
            }
        }
    }

    /// The statements that the ends need, and the ends.
    fn body(&self, ends: &[String]) -> String {
        let lines = self.lines.borrow();
        let mut needed: Vec<usize> = ends.iter().flat_map(|end| named(end)).collect();
        let mut text: Vec<String> = ends.iter().rev().cloned().collect();
        // Whole branches are left out where nobody needs their result.
        let mut skipped: Option<usize> = None;
        for (i, line) in lines.iter().enumerate().rev() {
            match line {
                Line::End(branch, value) => {
                    if skipped.is_none() && !needed.contains(branch) {
                        skipped = Some(*branch);
                    }
                    if skipped.is_none() {
                        needed.extend(named(value));
                        text.push(format!("  t{branch} = {value};\n}}"));
                    }
                }
                Line::Else(branch, value) if skipped.is_none() => {
                    needed.extend(named(value));
                    text.push(format!("  t{branch} = {value};\n}} else {{"));
                }
                Line::If(kind, mask) => {
                    if skipped.is_none() {
                        needed.extend(named(mask));
                        text.push(format!("{kind} t{i};\nif ({mask}) {{"));
                    } else if skipped == Some(i) {
                        skipped = None;
                    }
                }
                Line::Is(kind, expression) | Line::Past(kind, expression)
                    if skipped.is_none() && needed.contains(&i) =>
                {
                    needed.extend(named(expression));
                    text.push(format!("{kind} t{i} = {expression};"));
                }
                _ => {}
            }
        }
        text.reverse();
        text.join("\n")
    }
}

/// The lines whose results a text names.
fn named(text: &str) -> Vec<usize> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter_map(|word| word.strip_prefix('t')?.parse().ok()).collect()
}

impl<'s, const DOUBLE: bool> Text<'s, DOUBLE> {
    const KIND: &'static str = if DOUBLE { "double" } else { "float" };
    const WHOLE: &'static str = if DOUBLE { "wg_long" } else { "int" };

    fn argument(sheet: &'s Sheet, name: &'static str) -> Num<Self> {
        Num(Text { sheet, term: Term::Argument(name) })
    }

    fn line(self, kind: &'static str, expression: String) -> Self {
        Text { term: self.sheet.line(kind, expression), ..self }
    }

    fn number(self, expression: String) -> Self {
        self.line(Self::KIND, expression)
    }

    /// A call; single precision has names of its own.
    fn call(self, f: &str, others: &[Self]) -> Self {
        let suffix = if DOUBLE { "" } else { "f" };
        let arguments: Vec<String> = [&[self], others].concat().iter().map(Self::to_string).collect();
        self.number(format!("wg_{f}{suffix}({})", arguments.join(", ")))
    }
}

impl<const DOUBLE: bool> fmt::Display for Text<'_, DOUBLE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.term {
            Term::Argument(name) => f.write_str(name),
            Term::Line(i) => write!(f, "t{i}"),
            Term::Literal(c) => f.write_str(&literal(c, DOUBLE)),
        }
    }
}

/// A number as C has it, with all its digits.
pub fn literal(c: f64, double: bool) -> String {
    let suffix = if double { "" } else { "f" };
    let digits = |c: f64| if double { format!("{c:?}") } else { format!("{:?}f", c as f32) };
    // Too large for single precision is infinite there.
    let c = if double { c } else { f64::from(c as f32) };
    match c {
        c if c.is_nan() => format!("wg_nan{suffix}()"),
        c if c.is_infinite() => format!("{}wg_inf{suffix}()", if c < 0.0 { "-" } else { "" }),
        c if c.is_sign_negative() => format!("({})", digits(c)),
        c => digits(c),
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

/// A mask: an integer, 1 or 0.
#[derive(Clone, Copy, Debug)]
pub struct Truth<'s>(Text<'s, false>);

impl BitAnd for Truth<'_> {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Truth(self.0.line("int", format!("{} & {}", self.0, other.0)))
    }
}
impl BitOr for Truth<'_> {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Truth(self.0.line("int", format!("{} | {}", self.0, other.0)))
    }
}
impl Not for Truth<'_> {
    type Output = Self;
    fn not(self) -> Self {
        Truth(self.0.line("int", format!("!{}", self.0)))
    }
}

/// The sign of a comparison in C.
pub fn sign(relation: Compare) -> &'static str {
    match relation {
        Compare::Gt => ">",
        Compare::Ge => ">=",
        Compare::Lt => "<",
        Compare::Le => "<=",
        Compare::Eq => "==",
        Compare::Ne => "!=",
    }
}

impl<'s, const DOUBLE: bool> Number for Text<'s, DOUBLE> {
    type Mask = Truth<'s>;

    fn literal(self, value: f64) -> Self {
        Text { term: Term::Literal(value), ..self }
    }
    fn holds(self, relation: Compare, other: Self) -> Truth<'s> {
        let truth = Text { sheet: self.sheet, term: self.term };
        Truth(truth.line("int", format!("{self} {} {other}", sign(relation))))
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
        let suffix = if DOUBLE { "" } else { "f" };
        let whole = self.line(Self::WHOLE, format!("wg_exponent{suffix}({self})"));
        (whole, self.call("rest", &[whole]))
    }
    fn of_whole(k: Self) -> Self {
        k.number(format!("({}) {k}", Self::KIND))
    }
    fn is_zero(k: Self) -> Truth<'s> {
        let truth = Text { sheet: k.sheet, term: k.term };
        Truth(truth.line("int", format!("{k} == 0")))
    }
    fn power_of_minus(k: Self) -> Self {
        k.call("power_of_minus", &[])
    }
    fn by_quadrant(self, shift: u32, sine: Self, cosine: Self) -> Self {
        let suffix = if DOUBLE { "" } else { "f" };
        self.number(format!("wg_by_quadrant{suffix}({self}, {shift}, {sine}, {cosine})"))
    }
    fn either(mask: Truth<'s>, then: impl FnOnce() -> Self, otherwise: impl FnOnce() -> Self) -> Self {
        let sheet = mask.0.sheet;
        let branch = sheet.push(Line::If(Self::KIND, mask.0.to_string()));
        let value = then();
        sheet.close(branch + 1);
        let middle = sheet.push(Line::Else(branch, value.to_string()));
        let value = otherwise();
        sheet.close(middle + 1);
        sheet.push(Line::End(branch, value.to_string()));
        Text { sheet, term: Term::Line(branch) }
    }
    fn two_over_pi(k: Self, part: u32) -> Self {
        let suffix = if DOUBLE { "" } else { "f" };
        k.number(format!("wg_two_over_pi{suffix}({k}, {part})"))
    }
}

#[cfg(test)]
mod tests;
