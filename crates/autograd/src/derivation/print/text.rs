//! Formulas in one line of Unicode.

use crate::lists::IntoList;
use crate::symbol::{Notation, Part, Sign, bracketed, goes_below, is_bare};

/// Plain text: `½·(A − Y)²`.
#[derive(Debug)]
pub(super) struct Plain;

impl Notation for Plain {
    fn name(&self, base: &str, sub: &str, index: &str, entry: &[String]) -> String {
        let digits = sub.chars().all(|c| c.is_ascii_digit());
        let sub = if digits { lowered(sub) } else { format!("_{sub}") };
        let entry = if goes_below(&sub, entry) { lowered(&entry.concat()) } else { bracketed(entry) };
        format!("{base}{sub}{}{entry}", lowered(index))
    }
    fn number(&self, text: &str) -> String {
        text.to_owned()
    }
    fn equals(&self) -> String {
        " = ".to_owned()
    }
    fn half(&self) -> String {
        "½".to_owned()
    }
    fn share(&self, n: usize) -> String {
        format!("1/{n}")
    }
    fn joined(&self, a: &str, sign: Sign, b: &str) -> String {
        match sign {
            Sign::Plus => format!("{a} + {b}"),
            Sign::Minus => format!("{a} − {b}"),
            Sign::Times | Sign::Beside => format!("{a}·{b}"),
            Sign::Entrywise => format!("{a}∘{b}"),
        }
    }
    fn negative(&self, a: &str) -> String {
        format!("−{a}")
    }
    fn quotient(&self, a: &Part, b: &Part) -> String {
        format!("{}/{}", a.safe, b.safe)
    }
    fn power(&self, base: &str, exponent: &Part) -> String {
        let raised = |c: char| "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().nth(c.to_digit(10)? as usize).or(Some(c));
        let minus = |c: char| if c == '−' { Some('⁻') } else { raised(c) };
        match exponent.bare.chars().map(minus).collect::<Option<String>>() {
            Some(raised) => format!("{base}{raised}"),
            None if exponent.atom => format!("{base}^{}", exponent.bare),
            None => format!("{base}^({})", exponent.bare),
        }
    }
    fn partial(&self, y: &str, x: &str) -> String {
        format!("∂{y}/∂{x}")
    }
    fn differential(&self, x: &str, e: &str) -> String {
        format!("∂/∂{x} {e}")
    }
    fn group(&self, inner: &str, brackets: bool) -> String {
        if brackets { format!("[{inner}]") } else { format!("({inner})") }
    }
    fn call(&self, f: &str, arguments: &[Part], parameter: Option<&str>) -> String {
        match (f, arguments) {
            ("sqrt", [x]) if x.atom => format!("√{}", x.bare),
            ("sqrt", [x]) => format!("√({})", x.bare),
            ("cbrt", [x]) => format!("∛({})", x.bare),
            ("abs", [x]) => format!("|{}|", x.bare),
            (f, [x]) if is_bare(f) && x.atom => format!("{f} {}", x.bare),
            (f, all) => {
                let all: Vec<&str> = all.iter().map(|x| &*x.bare).listed();
                let parameter = parameter.map(|p| format!("; {p}")).unwrap_or_default();
                format!("{f}({}{parameter})", all.join(", "))
            }
        }
    }
    fn total(&self, index: &str, body: &str) -> String {
        format!("Σ{} {body}", lowered(index))
    }
    fn transposed(&self, a: &str) -> String {
        format!("{a}ᵀ")
    }
    fn list(&self, items: &[String]) -> String {
        format!("[{}]", items.join(", "))
    }
    fn holds(&self, a: &str, relation: &str, b: &str) -> String {
        format!("[{a} {relation} {b}]")
    }
    fn cases(&self, condition: &str, then: &str, otherwise: &str) -> String {
        format!("({then} where {condition}, else {otherwise})")
    }
}

/// Digits and letters of an index, below the line.
fn lowered(text: &str) -> String {
    let below = |c: char| match c {
        '0'..='9' => "₀₁₂₃₄₅₆₇₈₉".chars().nth(c as usize - '0' as usize).unwrap_or(c),
        'i' => 'ᵢ',
        'j' => 'ⱼ',
        'k' => 'ₖ',
        'l' => 'ₗ',
        'm' => 'ₘ',
        'n' => 'ₙ',
        c => c,
    };
    text.chars().map(below).collect()
}
