//! Formulas in LaTeX, with the packages `amsmath` and `amssymb`.

use crate::lists::IntoList;
use crate::symbol::{Notation, Part, Sign, bracketed, goes_below};

/// LaTeX: `\tfrac{1}{2} (A - Y)^{2}`.
#[derive(Debug)]
pub(super) struct Latex;

impl Notation for Latex {
    fn name(&self, base: &str, sub: &str, index: &str, entry: &[String]) -> String {
        let base = letter(base);
        let sub = match sub {
            sub if sub.chars().all(|c| c.is_ascii_digit()) => sub.to_owned(),
            sub => format!("\\mathrm{{{}}}", escaped(sub)),
        };
        let mut below: Vec<String> = [sub, index.to_owned()].into_iter().filter(|s| !s.is_empty()).listed();
        let entry = match goes_below(&below.concat(), entry) {
            true => {
                below.extend(entry.iter().cloned());
                String::new()
            }
            false => bracketed(entry),
        };
        let below = below.join(",");
        match below.chars().count() {
            0 => base + &entry,
            1 => format!("{base}_{below}{entry}"),
            _ => format!("{base}_{{{below}}}{entry}"),
        }
    }
    fn number(&self, text: &str) -> String {
        let text = text.replace('−', "-").replace('∞', "\\infty").replace("NaN", "\\mathrm{NaN}");
        match text.split_once('e') {
            Some((mantissa, exponent)) => format!("{mantissa} \\cdot 10^{{{exponent}}}"),
            None => text,
        }
    }
    fn equals(&self) -> String {
        " = ".to_owned()
    }
    fn half(&self) -> String {
        "\\tfrac{1}{2}".to_owned()
    }
    fn share(&self, n: usize) -> String {
        format!("\\tfrac{{1}}{{{n}}}")
    }
    fn joined(&self, a: &str, sign: Sign, b: &str) -> String {
        match sign {
            Sign::Plus => format!("{a} + {b}"),
            Sign::Minus => format!("{a} - {b}"),
            Sign::Times => format!("{a} \\cdot {b}"),
            Sign::Beside => format!("{a} {b}"),
            Sign::Entrywise => format!("{a} \\circ {b}"),
        }
    }
    fn negative(&self, a: &str) -> String {
        format!("-{a}")
    }
    fn quotient(&self, a: &Part, b: &Part) -> String {
        format!("\\frac{{{}}}{{{}}}", a.bare, b.bare)
    }
    fn power(&self, base: &str, exponent: &Part) -> String {
        format!("{base}^{{{}}}", exponent.bare)
    }
    fn partial(&self, y: &str, x: &str) -> String {
        format!("\\frac{{\\partial {y}}}{{\\partial {x}}}")
    }
    fn differential(&self, x: &str, e: &str) -> String {
        format!("\\frac{{\\partial}}{{\\partial {x}}} {e}")
    }
    fn group(&self, inner: &str, brackets: bool) -> String {
        if brackets { format!("\\left[ {inner} \\right]") } else { format!("({inner})") }
    }
    fn call(&self, f: &str, arguments: &[Part], parameter: Option<&str>) -> String {
        let name = match f {
            "σ" => "\\sigma".to_owned(),
            "Φ" => "\\Phi".to_owned(),
            "sin" | "cos" | "tan" | "sinh" | "cosh" | "tanh" | "ln" | "max" | "min" => format!("\\{f}"),
            f => format!("\\operatorname{{{}}}", escaped(f)),
        };
        match (f, arguments) {
            ("sqrt", [x]) => format!("\\sqrt{{{}}}", x.bare),
            ("cbrt", [x]) => format!("\\sqrt[3]{{{}}}", x.bare),
            ("abs", [x]) => format!("\\lvert {} \\rvert", x.bare),
            (f, [x]) if crate::symbol::is_bare(f) && x.atom => format!("{name} {}", x.bare),
            (_, all) => {
                let all: Vec<&str> = all.iter().map(|x| &*x.bare).listed();
                let parameter = parameter.map(|p| format!("; {p}")).unwrap_or_default();
                format!("{name}({}{parameter})", all.join(", "))
            }
        }
    }
    fn total(&self, index: &str, body: &str) -> String {
        match index.is_empty() {
            true => format!("\\sum {body}"),
            false => format!("\\sum_{{{index}}} {body}"),
        }
    }
    fn transposed(&self, a: &str) -> String {
        format!("{a}^{{\\top}}")
    }
    fn list(&self, items: &[String]) -> String {
        format!("[{}]", items.join(", "))
    }
    fn holds(&self, a: &str, relation: &str, b: &str) -> String {
        let relation = match relation {
            "≥" => "\\ge",
            "≤" => "\\le",
            "≠" => "\\ne",
            relation => relation,
        };
        format!("[{a} {relation} {b}]")
    }
    fn cases(&self, condition: &str, then: &str, otherwise: &str) -> String {
        format!("\\begin{{cases}} {then} & {condition} \\\\ {otherwise} & \\text{{else}} \\end{{cases}}")
    }
}

/// A name: one letter in italics, a word upright.
fn letter(base: &str) -> String {
    let mut all = base.chars();
    match (all.next(), all.next()) {
        (Some(c), None) if c.is_ascii_alphabetic() => c.to_string(),
        (Some(c), None) => match "αβγδεζηθκλμνξπρστφχψωΓΔΘΛΞΠΣΦΨΩ".find(c) {
            Some(_) => format!("\\{} ", greek(c)).trim_end().to_owned(),
            None => escaped(base),
        },
        _ if base.starts_with('[') => base.replace('×', " \\times "),
        _ => format!("\\mathrm{{{}}}", escaped(base)),
    }
}

fn greek(c: char) -> &'static str {
    const NAMES: [(char, &str); 33] = [
        ('α', "alpha"),
        ('β', "beta"),
        ('γ', "gamma"),
        ('δ', "delta"),
        ('ε', "varepsilon"),
        ('ζ', "zeta"),
        ('η', "eta"),
        ('θ', "theta"),
        ('κ', "kappa"),
        ('λ', "lambda"),
        ('μ', "mu"),
        ('ν', "nu"),
        ('ξ', "xi"),
        ('π', "pi"),
        ('ρ', "rho"),
        ('σ', "sigma"),
        ('τ', "tau"),
        ('φ', "varphi"),
        ('χ', "chi"),
        ('ψ', "psi"),
        ('ω', "omega"),
        ('Γ', "Gamma"),
        ('Δ', "Delta"),
        ('Θ', "Theta"),
        ('Λ', "Lambda"),
        ('Ξ', "Xi"),
        ('Π', "Pi"),
        ('Σ', "Sigma"),
        ('Φ', "Phi"),
        ('Ψ', "Psi"),
        ('Ω', "Omega"),
        ('∂', "partial"),
        ('∞', "infty"),
    ];
    NAMES.iter().find(|(letter, _)| *letter == c).map_or("mathrm{?}", |(_, name)| name)
}

/// Text in which nothing is a command.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\textbackslash{}"),
            '{' | '}' | '$' | '&' | '#' | '%' | '_' => out.extend(['\\', c]),
            '^' => out.push_str("\\^{}"),
            '~' => out.push_str("\\~{}"),
            'σ' => out.push_str("$\\sigma$"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
