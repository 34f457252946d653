//! Formulas in MathML Core, which browsers draw themselves.

use crate::lists::IntoList;
use crate::symbol::{Notation, Part, Sign, bracketed};
use crate::text::markup;

/// MathML: `<mi>A</mi><mo>−</mo><mi>Y</mi>`.
#[derive(Debug)]
pub(super) struct MathMl;

fn operator(sign: &str) -> String {
    format!("<mo>{sign}</mo>")
}

/// A parenthesis, which does not grow with what it holds.
fn fence(sign: &str) -> String {
    format!("<mo stretchy=\"false\">{sign}</mo>")
}

pub(super) fn row(inner: &str) -> String {
    format!("<mrow>{inner}</mrow>")
}

fn identifier(name: &str) -> String {
    format!("<mi>{}</mi>", markup(name))
}

impl Notation for MathMl {
    fn name(&self, base: &str, sub: &str, index: &str, entry: &[String]) -> String {
        let below = match (sub, index) {
            ("", "") => None,
            (sub, "") if sub.chars().all(|c| c.is_ascii_digit()) => Some(format!("<mn>{sub}</mn>")),
            (sub, "") => Some(identifier(sub)),
            ("", index) => Some(identifier(index)),
            (sub, index) => Some(row(&format!("{}<mo>,</mo>{}", identifier(sub), identifier(index)))),
        };
        let name = match below {
            Some(below) => format!("<msub>{}{below}</msub>", identifier(base)),
            None => identifier(base),
        };
        match entry.is_empty() {
            true => name,
            false => row(&format!("{name}<mtext>{}</mtext>", markup(&bracketed(entry)))),
        }
    }
    fn number(&self, text: &str) -> String {
        let power = text.split_once('e');
        let (mantissa, exponent) = power.map_or((text, None), |(m, e)| (m, Some(e)));
        let plain = match mantissa.strip_prefix('−') {
            Some(size) => row(&format!("{}<mn>{size}</mn>", operator("−"))),
            None => format!("<mn>{mantissa}</mn>"),
        };
        match exponent {
            Some(e) => row(&format!("{plain}{}<msup><mn>10</mn><mn>{e}</mn></msup>", operator("·"))),
            None => plain,
        }
    }
    fn equals(&self) -> String {
        operator("=")
    }
    fn half(&self) -> String {
        self.share(2)
    }
    fn share(&self, n: usize) -> String {
        format!("<mfrac><mn>1</mn><mn>{n}</mn></mfrac>")
    }
    fn joined(&self, a: &str, sign: Sign, b: &str) -> String {
        let sign = match sign {
            Sign::Plus => "+",
            Sign::Minus => "−",
            Sign::Times => "·",
            Sign::Beside => "\u{2062}", // invisible times
            Sign::Entrywise => "∘",
        };
        format!("{a}{}{b}", operator(sign))
    }
    fn negative(&self, a: &str) -> String {
        row(&format!("{}{a}", operator("−")))
    }
    fn quotient(&self, a: &Part, b: &Part) -> String {
        format!("<mfrac>{}{}</mfrac>", row(&a.bare), row(&b.bare))
    }
    fn power(&self, base: &str, exponent: &Part) -> String {
        format!("<msup>{}{}</msup>", row(base), row(&exponent.bare))
    }
    fn partial(&self, y: &str, x: &str) -> String {
        let d = operator("∂");
        format!("<mfrac>{}{}</mfrac>", row(&format!("{d}{y}")), row(&format!("{d}{x}")))
    }
    fn differential(&self, x: &str, e: &str) -> String {
        let d = operator("∂");
        format!("<mfrac>{d}{}</mfrac>{e}", row(&format!("{d}{x}")))
    }
    fn group(&self, inner: &str, brackets: bool) -> String {
        let [open, close] = if brackets { ["[", "]"] } else { ["(", ")"] };
        row(&format!("{}{inner}{}", fence(open), fence(close)))
    }
    fn call(&self, f: &str, arguments: &[Part], parameter: Option<&str>) -> String {
        match (f, arguments) {
            ("sqrt", [x]) => format!("<msqrt>{}</msqrt>", x.bare),
            ("cbrt", [x]) => format!("<mroot>{}<mn>3</mn></mroot>", row(&x.bare)),
            ("abs", [x]) => row(&format!("{}{}{}", fence("|"), x.bare, fence("|"))),
            (f, [x]) if crate::symbol::is_bare(f) && x.atom => {
                row(&format!("{}<mo>\u{2061}</mo>{}", identifier(f), x.bare))
            }
            (f, all) => {
                let all: Vec<&str> = all.iter().map(|x| &*x.bare).listed();
                let parameter = parameter.map(|p| format!("{}{p}", operator(";"))).unwrap_or_default();
                let inner = all.join(&operator(","));
                row(&format!(
                    "{}<mo>\u{2061}</mo>{}{inner}{parameter}{}",
                    identifier(f),
                    fence("("),
                    fence(")")
                ))
            }
        }
    }
    fn total(&self, index: &str, body: &str) -> String {
        match index.is_empty() {
            true => format!("{}{body}", operator("∑")),
            false => format!("<munder>{}{}</munder>{body}", operator("∑"), identifier(index)),
        }
    }
    fn transposed(&self, a: &str) -> String {
        format!("<msup>{}<mi>T</mi></msup>", row(a))
    }
    fn list(&self, items: &[String]) -> String {
        row(&format!("{}{}{}", fence("["), items.join(&operator(",")), fence("]")))
    }
    fn holds(&self, a: &str, relation: &str, b: &str) -> String {
        row(&format!("{}{a}{}{b}{}", fence("["), operator(&markup(relation)), fence("]")))
    }
    fn cases(&self, condition: &str, then: &str, otherwise: &str) -> String {
        let first = format!("{then}<mtext> where </mtext>{condition}");
        row(&format!("{}{first}<mtext>, else </mtext>{otherwise}{}", fence("("), fence(")")))
    }
}
